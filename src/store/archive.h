/* The archive: finished spans as OTLP JSON lines, traces/YYYY-MM-DD.jsonl (UTC day of writing). A day that passes ARCHIVE_FILE_MAX goes on
 * in YYYY-MM-DD.1.jsonl and so on. Only the holder of the relay lock writes. Lines are complete or absent: a torn tail is cut off
 * before the next write, and readers see whole lines only. Files are never renamed; they are removed oldest first.
 *
 * A clock that was wrong costs no spans. New lines never go before the newest file, because cursors stand behind what they have sent:
 * what a clock in 2099 has begun is gone on with. And an age is not believed of the clock alone, see archive_prune. */
#ifndef SPANHOOK_STORE_ARCHIVE_H
#define SPANHOOK_STORE_ARCHIVE_H

#include "base/buffer.h"
#include "base/error.h"

#define ARCHIVE_FILE_MAX (64ULL * 1024 * 1024)
#define ARCHIVE_TOTAL_MAX (256ULL * 1024 * 1024)
#define ARCHIVE_KEEP_DAYS 30
#define ARCHIVE_AHEAD_DAYS 2 /* time zones and small corrections lie within */
#define ARCHIVE_LINE_MAX (1024 * 1024) /* a longer line is skipped by readers */

/* A place in the archive. Places are ordered: date, part, offset. */
struct archive_position {
    uint32_t date;   /* YYYYMMDD; 0: before everything */
    uint32_t part;   /* 0 for YYYY-MM-DD.jsonl */
    uint64_t offset; /* bytes */
};
int archive_position_compare(struct archive_position a, struct archive_position b);

struct archive_file {
    uint32_t date;
    uint32_t part;
    uint64_t size;
    char name[40];
};
/* The files, oldest first; *files is malloc'd, the caller frees it. */
bool archive_list(int traces_folder, struct archive_file **files, size_t *count, struct error *error);
/* Whether the file's day lies more than ARCHIVE_AHEAD_DAYS after `now`: the clock was wrong when it was begun, or is wrong now. */
bool archive_is_ahead(const struct archive_file *file, uint64_t now);

struct archive; /* the writer */
struct archive *archive_open(int traces_folder, struct error *error);
void archive_close(struct archive *archive);
/* Appends whole lines (each ends in '\n'; one write). `now` chooses the day, but never one before the newest file's. All or
 * nothing: on failure the file is as long as before. */
bool archive_append(struct archive *archive, struct slice lines, uint64_t now, struct error *error);

/* Reads the next whole lines at or after *position into `lines` (appended, '\n' included), at most `maximum_lines` and about
 * `maximum_bytes`, and moves *position behind them, over file borders too. Lines above ARCHIVE_LINE_MAX are passed over. A position in a
 * removed file goes on with the next file. True with *count 0: nothing more. */
bool archive_read(int traces_folder, struct archive_position *position, struct buffer *lines, size_t maximum_lines, size_t maximum_bytes,
                  size_t *count, struct error *error);

/* Bytes and lines from `position` to the end. */
bool archive_pending(int traces_folder, struct archive_position position, uint64_t *bytes, uint64_t *lines, struct error *error);

/* Removes the oldest files while the whole passes `total_max` bytes or a file is older than `keep_days` (the newest is always kept). For
 * each removed file that `unsent_from` lies before or in, *unsent_lines grows by its unsent lines.
 * Age is counted back from the second newest day that has a file, or from `now` where that is earlier: on one day with a wrong clock,
 * whether it has a file of its own or not, nothing is removed for its age that would not have been before. */
bool archive_prune(int traces_folder, uint64_t now, uint64_t total_max, unsigned keep_days, struct archive_position unsent_from,
                   uint64_t *removed_files, uint64_t *unsent_lines, struct error *error);

#endif
