/* Op logs: one append-only file a session, ops/<session key>.log.
 *
 * Writer: open, shared lock without waiting, check that the name still leads to the open file, one write, close. Nothing is read, renamed
 * or rewritten, so that any number of hooks may append at once. When the log is locked for deletion and stays so, the record goes to a
 * private file (ops/p-<key>-<random>.log) that the relay takes over.
 * Deleter: exclusive lock, check again that everything is archived, unlink. */
#ifndef SPANHOOK_STORE_OPLOG_H
#define SPANHOOK_STORE_OPLOG_H

#include "base/buffer.h"
#include "base/error.h"
#include "store/counters.h"

#include <sys/types.h>

#define OPLOG_SIZE_MAX (64 * 1024 * 1024)        /* bytes of one session's log; beyond, ops are dropped and counted */
#define OPLOG_TOTAL_MAX (256ULL * 1024 * 1024)   /* bytes of all logs; beyond, the relay deletes the oldest archived ones */
#define OPLOG_KEEP_SECONDS (24 * 3600)           /* an archived log of a session that has been quiet so long is deleted */

/* Appends one record to the log of session `key` (32 hex digits). True once write() has returned for all of it. On false *lost says
 * which counter the loss belongs to; the caller counts. Never blocks on a lock, never waits for a disk flush. */
bool oplog_append(int ops_folder, const char *key, struct slice payload, enum counter *lost);

/* The same to a file of that name, whose deletion, should it be under way, costs the record. */
bool oplog_append_to(int ops_folder, const char *name, struct slice payload, enum counter *lost);

/* Several records in a row: the log stays open and locked between them, for OPLOG_STREAM_RECORDS at most, and is to be let go of as soon as
 * there is nothing to append. Each record is a write of its own, as above. Zero-initialised; a key is 32 hex digits and a zero. */
#define OPLOG_STREAM_RECORDS 64
struct oplog_stream {
    bool open;
    int descriptor;
    char key[33];
    unsigned left; /* records until it is looked at anew */
    uint64_t size;
};
bool oplog_stream_append(struct oplog_stream *stream, int ops_folder, const char *key, struct slice payload, enum counter *lost);
void oplog_stream_end(struct oplog_stream *stream);

struct oplog_entry {
    char key[33];
    bool private_file;  /* p-… : see above */
    char name[80];      /* file name below ops/ */
    uint64_t size;
    uint64_t modified;  /* ns since 1970 */
};
/* Lists the logs, oldest first. *entries is malloc'd, the caller frees it. Foreign files are ignored. */
bool oplog_list(int ops_folder, struct oplog_entry **entries, size_t *count, struct error *error);

/* Called for each record. `end` is the offset behind it. A record of a later version comes with an empty payload, so that its log can be
 * kept. False stops. */
typedef bool oplog_visitor(void *context, struct slice payload, uint64_t end);

/* Reads the records of a log from *offset on, in bounded memory, and moves *offset behind the last one that the visitor took. Damaged
 * frames are skipped and counted (counters may be NULL), once: not again where they lie before the log's stored position. What may be the
 * beginning of a record that is being written is left for the next time; when a lock shows that nobody writes, it is damage, and *offset
 * moves to the end of the log. A missing file is success without records. False: could not be read, or the visitor stopped. */
bool oplog_read(int ops_folder, const char *name, uint64_t *offset, oplog_visitor *visitor, void *context, struct counters *counters,
                struct error *error);

/* Deletes a log if nobody is writing and it is exactly `archived` bytes long. True if it is gone. Where the file system has no locks,
 * nothing is deleted. */
bool oplog_delete(int ops_folder, const char *name, uint64_t archived);

/* Removes what crashes have left: temporary files older than an hour, positions of logs that are gone, and agent logs (store/agent_log.h)
 * older than a day. For the holder of the relay
 * lock. */
void oplog_clean(int ops_folder, uint64_t now);

/* How far a log has been archived (ops/<key>.pos): two slots written in turn, so that a torn write leaves the older one. 0 if
 * there is none, it is damaged, beyond the log's end, or of another log that had this name, which costs duplicates with equal ids and
 * nothing else. */
uint64_t oplog_position_read(int ops_folder, const char *key);
bool oplog_position_write(int ops_folder, const char *key, uint64_t position);
void oplog_position_delete(int ops_folder, const char *key);

#endif
