#include "base/clock.h"
#include "store/archive_files.h"

#include <stdlib.h>
#include <unistd.h>

/* ---- reading ------------------------------------------------------------------------------------------------------------------- */

struct request {
    struct buffer *lines;
    size_t maximum_lines, maximum_bytes; /* left */
    size_t count;
    bool full;
};

/* At least one line comes, whatever its size. */
static bool take_line(struct request *request, struct slice line, struct error *error)
{
    if (request->count > 0 && line.length > request->maximum_bytes) {
        request->full = true;
        return true;
    }
    if (!buffer_reserve(request->lines, line.length)) {
        /* What was taken before stays good. */
        request->full = true;
        request->lines->failed = false;
        return request->count > 0 || error_set(error, "no memory for a line of the archive");
    }
    buffer_append_slice(request->lines, line);
    request->count++;
    request->maximum_bytes -= line.length < request->maximum_bytes ? line.length : request->maximum_bytes;
    request->full = request->count >= request->maximum_lines || request->maximum_bytes == 0;
    return true;
}

static bool read_file(int traces_folder, const struct archive_file *file, struct archive_position *position, struct request *request,
                      struct error *error)
{
    struct archive_lines lines;
    struct slice line;
    uint64_t offset;
    bool read = true;

    if (!archive_file_from(file, *position, &offset))
        return true;
    if (!archive_lines_open(&lines, traces_folder, file->name, offset, error)) {
        archive_lines_close(&lines);
        return false;
    }
    *position = (struct archive_position){file->date, file->part, archive_lines_offset(&lines)};
    while (read && !request->full) {
        const enum archive_line next = archive_lines_next(&lines, &line);
        if (next == ARCHIVE_LINE_ERROR)
            read = error_set_errno(error, "cannot read the archive file %s", file->name);
        if (next != ARCHIVE_LINE)
            break;
        const size_t count = request->count;
        read = take_line(request, line, error);
        if (request->count > count)
            position->offset = archive_lines_offset(&lines);
    }
    archive_lines_close(&lines);
    return read;
}

bool archive_read(int traces_folder, struct archive_position *position, struct buffer *lines, size_t maximum_lines, size_t maximum_bytes,
                  size_t *count, struct error *error)
{
    struct request request = {.lines = lines, .maximum_lines = maximum_lines, .maximum_bytes = maximum_bytes, .full = maximum_lines == 0};
    struct archive_file *files;
    size_t files_count;

    *count = 0;
    if (!archive_list(traces_folder, &files, &files_count, error))
        return false;
    bool read = true;
    for (size_t i = 0; read && !request.full && i < files_count; i++)
        read = read_file(traces_folder, &files[i], position, &request, error);
    free(files);
    *count = request.count;
    return read;
}

/* ---- counting ------------------------------------------------------------------------------------------------------------------ */

static bool count_file(int traces_folder, const struct archive_file *file, struct archive_position position, uint64_t *bytes,
                       uint64_t *count, struct error *error)
{
    struct archive_lines lines;
    struct slice line;
    uint64_t offset;
    enum archive_line next = ARCHIVE_LINE_END;

    if (!archive_file_from(file, position, &offset))
        return true;
    const bool opened = archive_lines_open(&lines, traces_folder, file->name, offset, error);
    while (opened && (next = archive_lines_next(&lines, &line)) == ARCHIVE_LINE) {
        *bytes += line.length;
        (*count)++;
    }
    if (next == ARCHIVE_LINE_ERROR)
        error_set_errno(error, "cannot read the archive file %s", file->name);
    archive_lines_close(&lines);
    return opened && next == ARCHIVE_LINE_END;
}

bool archive_pending(int traces_folder, struct archive_position position, uint64_t *bytes, uint64_t *lines, struct error *error)
{
    struct archive_file *files;
    size_t count;

    *bytes = *lines = 0;
    if (!archive_list(traces_folder, &files, &count, error))
        return false;
    bool counted = true;
    for (size_t i = 0; counted && i < count; i++)
        counted = count_file(traces_folder, &files[i], position, bytes, lines, error);
    free(files);
    return counted;
}

/* ---- bounds -------------------------------------------------------------------------------------------------------------------- */

/* The start of a day as ns since 1970: 0 before that, the last one that can be told after it. The inverse of clock_utc_date. */
static uint64_t day_start(uint32_t date)
{
    uint64_t low = 0, high = UINT64_MAX / NANOSECONDS_PER_SECOND / 86400;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (clock_utc_date(middle * 86400 * NANOSECONDS_PER_SECOND) < date)
            low = middle + 1;
        else
            high = middle;
    }
    return low * 86400 * NANOSECONDS_PER_SECOND;
}

/* The oldest day that is kept; 0: all are. See archive_prune. */
static uint32_t oldest_date(const struct archive_file *files, size_t count, uint64_t now, unsigned keep_days)
{
    const uint64_t span = keep_days * 86400 * NANOSECONDS_PER_SECOND;
    size_t second = count;
    while (second > 0 && files[second - 1].date == files[count - 1].date)
        second--;
    if (second == 0)
        return 0;
    const uint64_t confirmed = day_start(files[second - 1].date), from = confirmed < now ? confirmed : now;
    return from > span ? clock_utc_date(from - span) : 0;
}

bool archive_prune(int traces_folder, uint64_t now, uint64_t total_max, unsigned keep_days, struct archive_position unsent_from,
                   uint64_t *removed_files, uint64_t *unsent_lines, struct error *error)
{
    struct archive_file *files;
    size_t count;
    uint64_t total = 0;

    if (!archive_list(traces_folder, &files, &count, error))
        return false;
    const uint32_t oldest = oldest_date(files, count, now, keep_days);
    for (size_t i = 0; i < count; i++)
        total += files[i].size;
    for (size_t i = 0; i + 1 < count && (total > total_max || files[i].date < oldest); i++) {
        uint64_t bytes = 0, unsent = 0;
        /* Counted first, but what cannot be read is removed all the same: the bound holds. */
        count_file(traces_folder, &files[i], unsent_from, &bytes, &unsent, NULL);
        total -= files[i].size;
        if (unlinkat(traces_folder, files[i].name, 0) == 0) {
            (*removed_files)++;
            *unsent_lines += unsent;
        }
    }
    free(files);
    return true;
}
