/* What the archive's writer and readers share: the names of its files, and their whole lines. */
#ifndef SPANHOOK_STORE_ARCHIVE_FILES_H
#define SPANHOOK_STORE_ARCHIVE_FILES_H

#include "store/archive.h"

#define ARCHIVE_NAME_MAX sizeof(((struct archive_file *)NULL)->name)

void archive_file_name(uint32_t date, uint32_t part, char name[static ARCHIVE_NAME_MAX]);

/* The lines of one file, read in pieces. */
struct archive_lines {
    int descriptor;
    char *window;
    size_t capacity, length; /* what is read lies in [from, length) */
    size_t from;
    uint64_t offset; /* of the window in the file */
    bool passing;    /* in the middle of a line that is too long */
};

/* Begins at `offset`; at 0 where `offset` is no beginning of a line of this file: then it belongs to a file that had the name before. A
 * file that cannot be opened any more counts as empty. False with a reason. archive_lines_close() in any case. */
bool archive_lines_open(struct archive_lines *lines, int traces_folder, const char *name, uint64_t offset, struct error *error);
void archive_lines_close(struct archive_lines *lines);

enum archive_line { ARCHIVE_LINE, ARCHIVE_LINE_END, ARCHIVE_LINE_ERROR };
/* The next whole line with its '\n', valid until the next call. Empty lines and those above ARCHIVE_LINE_MAX are passed over, an end
 * without '\n' is not there yet. ERROR leaves errno. */
enum archive_line archive_lines_next(struct archive_lines *lines, struct slice *line);
/* Behind the last line, or what was passed over. */
uint64_t archive_lines_offset(const struct archive_lines *lines);

/* Where reading from `position` begins in the file: its offset or 0; false if the file lies before it as a whole. */
bool archive_file_from(const struct archive_file *file, struct archive_position position, uint64_t *offset);

#endif
