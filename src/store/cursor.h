/* A cursor: how far one destination has been sent, and what became of it. One small file a destination, cursors/<16 hex of SHA-256(url)>:
 * two lines of text written in turn, each with a sequence number and CRC; the valid one with the higher sequence counts. Written in place,
 * so that progress can be stored on a full disk. */
#ifndef SPANHOOK_STORE_CURSOR_H
#define SPANHOOK_STORE_CURSOR_H

#include "store/archive.h"

struct cursor {
    struct archive_position position;
    uint64_t sent;      /* spans taken */
    uint64_t rejected;  /* spans refused for good */
    uint64_t dropped;   /* spans removed unsent by the archive's bound */
    uint64_t failures;  /* failed attempts since the last success */
    uint64_t last_success; /* ns since 1970; 0 never */
    uint64_t not_before;   /* ns since 1970: no attempt until then; 0: none waits. Slots written before it existed read as 0 */
    uint64_t retry_after;  /* the same moment where the destination asked for it; 0: it did not */
    char reason[256];   /* why the last attempt failed, one line; "" after a success. Kept beside the slots, for status; may be lost */
    uint64_t sequence;  /* private to the file format */
};

struct cursor_file {
    int folder;
    char name[17];
    char url[1024]; /* as stored beside the slots, for status */
};

/* Names the file for a destination. */
void cursor_name(struct cursor_file *file, int cursors_folder, const char *url);
/* A missing or damaged cursor is the zero cursor: everything is sent again (equal ids), nothing is lost. */
void cursor_load(const struct cursor_file *file, struct cursor *cursor);
/* Stores the next slot. False: not stored (the old slots stand). */
bool cursor_store(const struct cursor_file *file, struct cursor *cursor);
/* All destinations there are cursors for; *files is malloc'd, the caller frees it. */
bool cursor_list(int cursors_folder, struct cursor_file **files, size_t *count);

#endif
