#include "store/archive.h"
#include "store/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE (64 * 1024)

struct line_reader {
    int file;
    uint64_t offset;    /* of window's first byte */
    struct buffer window;
    bool skipping;      /* in a line that is too long */
    bool ended;
};

/* Reads more into the window; false at the end of the file or on an error (errno then). */
static bool read_more(struct line_reader *reader)
{
    if (!buffer_reserve(&reader->window, PIECE)) {
        errno = ENOMEM;
        return false;
    }
    for (;;) {
        const ssize_t length =
            pread(reader->file, reader->window.data + reader->window.length, PIECE, (off_t)(reader->offset + reader->window.length));
        if (length < 0 && errno == EINTR)
            continue;
        if (length <= 0) {
            reader->ended = length == 0;
            return false;
        }
        reader->window.length += (size_t)length;
        return true;
    }
}

static void drop(struct line_reader *reader, size_t count)
{
    buffer_consume(&reader->window, count);
    reader->offset += count;
}

/* The next whole line, newline included, or false when there is none (yet). It stays in the window. */
static bool next_line(struct line_reader *reader, struct slice *line)
{
    size_t searched = 0;
    for (;;) {
        const char *end = reader->window.length > searched
                              ? memchr(reader->window.data + searched, '\n', reader->window.length - searched)
                              : NULL;
        if (end) {
            const size_t length = (size_t)(end - reader->window.data) + 1;
            if (!reader->skipping && length <= ARCHIVE_LINE_MAX) {
                *line = (struct slice){reader->window.data, length};
                return true;
            }
            reader->skipping = false;
            drop(reader, length);
            searched = 0;
            continue;
        }
        if (reader->window.length > ARCHIVE_LINE_MAX) {
            /* Thrown away as it comes; but the place stays before it until its end is seen. */
            reader->skipping = true;
            drop(reader, reader->window.length);
        }
        searched = reader->window.length;
        if (!read_more(reader))
            return false;
    }
}

/* Lines of one file from position->offset on. True with the position at the file's last whole line, or where a maximum was met (*full). */
static bool read_file(int folder, const struct archive_file *file, struct archive_position *position, struct buffer *lines,
                      size_t maximum_lines, size_t maximum_bytes, size_t *count, bool *full, struct error *error)
{
    struct line_reader reader = {.offset = position->offset};
    struct slice line;

    reader.file = state_open_file(folder, file->name, O_RDONLY);
    if (reader.file < 0)
        return errno == ENOENT ? true : error_set_errno(error, "cannot read archive file %s", file->name);
    buffer_init(&reader.window, ARCHIVE_LINE_MAX + 2 * PIECE);
    bool done = true;
    while (!*full && next_line(&reader, &line)) {
        if (*count > 0 && lines->length + line.length > maximum_bytes) {
            *full = true;
            break;
        }
        buffer_append_slice(lines, line);
        if (lines->failed) {
            done = error_set(error, "no memory to read the archive");
            break;
        }
        drop(&reader, line.length);
        position->offset = reader.offset;
        *full = ++*count >= maximum_lines;
    }
    if (done && !*full && !reader.ended)
        done = error_set_errno(error, "cannot read archive file %s", file->name);
    buffer_free(&reader.window);
    close(reader.file);
    return done;
}

bool archive_read(int traces_folder, struct archive_position *position, struct buffer *lines, size_t maximum_lines, size_t maximum_bytes,
                  size_t *count, struct error *error)
{
    struct archive_file *files;
    size_t file_count;
    bool full = false, done = true;

    *count = 0;
    if (!archive_list(traces_folder, &files, &file_count, error))
        return false;
    for (size_t i = 0; i < file_count && done && !full; i++) {
        const struct archive_position start = {files[i].date, files[i].part, 0};
        const bool same = start.date == position->date && start.part == position->part;
        if (!same && archive_position_compare(start, *position) < 0)
            continue;
        if (!same)
            *position = start;
        if (position->offset < files[i].size)
            done = read_file(traces_folder, &files[i], position, lines, maximum_lines, maximum_bytes, count, &full, error);
    }
    free(files);
    return done;
}
