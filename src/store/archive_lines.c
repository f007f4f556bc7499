#include "store/archive_files.h"
#include "store/file.h"
#include "store/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE (128 * 1024)

/* Every place that was ever handed out lies behind a newline. */
static bool is_line_start(int descriptor, uint64_t offset)
{
    char before;
    return offset > 0 && file_read_at(descriptor, &before, 1, offset - 1) == 1 && before == '\n';
}

bool archive_lines_open(struct archive_lines *lines, int traces_folder, const char *name, uint64_t offset, struct error *error)
{
    *lines = (struct archive_lines){.capacity = ARCHIVE_LINE_MAX + 1};
    lines->descriptor = state_open_file(traces_folder, name, O_RDONLY);
    if (lines->descriptor < 0)
        return errno == ENOENT || error_set_errno(error, "cannot open the archive file %s", name);
    lines->window = malloc(lines->capacity);
    if (!lines->window)
        return error_set(error, "no memory to read the archive");
    lines->offset = is_line_start(lines->descriptor, offset) ? offset : 0;
    return true;
}

void archive_lines_close(struct archive_lines *lines)
{
    free(lines->window);
    if (lines->descriptor >= 0)
        close(lines->descriptor);
    *lines = (struct archive_lines){.descriptor = -1};
}

uint64_t archive_lines_offset(const struct archive_lines *lines)
{
    return lines->offset + lines->from;
}

/* Reads on. False at the end of the file (errno 0) or on an error. */
static bool fill(struct archive_lines *lines)
{
    if (lines->from > 0) {
        memmove(lines->window, lines->window + lines->from, lines->length - lines->from);
        lines->offset += lines->from;
        lines->length -= lines->from;
        lines->from = 0;
    }
    const size_t room = lines->capacity - lines->length, piece = room < PIECE ? room : PIECE;
    errno = 0;
    const ssize_t count = file_read_at(lines->descriptor, lines->window + lines->length, piece, lines->offset + lines->length);
    if (count <= 0)
        return false;
    errno = 0;
    lines->length += (size_t)count;
    return true;
}

/* The next newline's position in the window, reading on as far as needed. */
static bool find_newline(struct archive_lines *lines, size_t *position)
{
    size_t searched = lines->from;
    for (;;) {
        if (slice_find((struct slice){lines->window, lines->length}, SLICE("\n"), searched, position))
            return true;
        if (lines->length - lines->from == lines->capacity) {
            lines->passing = true;
            lines->from = lines->length;
        }
        searched = lines->length - lines->from;
        if (!fill(lines))
            return false;
        if (lines->passing)
            searched = 0;
    }
}

enum archive_line archive_lines_next(struct archive_lines *lines, struct slice *line)
{
    size_t newline;

    if (lines->descriptor < 0)
        return ARCHIVE_LINE_END;
    while (find_newline(lines, &newline)) {
        *line = (struct slice){lines->window + lines->from, newline + 1 - lines->from};
        const bool passed = lines->passing || line->length == 1;
        lines->from = newline + 1;
        lines->passing = false;
        if (!passed)
            return ARCHIVE_LINE;
    }
    return errno ? ARCHIVE_LINE_ERROR : ARCHIVE_LINE_END;
}
