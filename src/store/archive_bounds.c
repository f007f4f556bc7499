#include "base/clock.h"
#include "store/archive.h"
#include "store/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define PIECE (64 * 1024)

static bool count_lines(int folder, const struct archive_file *file, uint64_t from, uint64_t *lines, struct error *error)
{
    char piece[PIECE];
    const int descriptor = state_open_file(folder, file->name, O_RDONLY);

    if (descriptor < 0)
        return errno == ENOENT ? true : error_set_errno(error, "cannot read archive file %s", file->name);
    bool done = true;
    for (;;) {
        const ssize_t length = pread(descriptor, piece, sizeof piece, (off_t)from);
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            done = error_set_errno(error, "cannot read archive file %s", file->name);
        if (length <= 0)
            break;
        for (ssize_t i = 0; i < length; i++)
            *lines += piece[i] == '\n';
        from += (uint64_t)length;
    }
    close(descriptor);
    return done;
}

/* Where in a file what has not been sent begins. */
static uint64_t unsent_offset(const struct archive_file *file, struct archive_position position)
{
    const struct archive_position start = {file->date, file->part, 0}, end = {file->date, file->part, file->size};
    if (archive_position_compare(position, start) <= 0)
        return 0;
    return archive_position_compare(position, end) < 0 ? position.offset : file->size;
}

bool archive_pending(int traces_folder, struct archive_position position, uint64_t *bytes, uint64_t *lines, struct error *error)
{
    struct archive_file *files;
    size_t count;
    bool done = true;

    *bytes = *lines = 0;
    if (!archive_list(traces_folder, &files, &count, error))
        return false;
    for (size_t i = 0; i < count && done; i++) {
        const uint64_t from = unsent_offset(&files[i], position);
        *bytes += files[i].size - from;
        if (from < files[i].size)
            done = count_lines(traces_folder, &files[i], from, lines, error);
    }
    free(files);
    return done;
}

static bool is_too_old(uint32_t date, uint64_t now, unsigned keep_days)
{
    const uint64_t age = keep_days * UINT64_C(86400) * NANOSECONDS_PER_SECOND;
    return now > age && date < clock_utc_date(now - age);
}

bool archive_prune(int traces_folder, uint64_t now, uint64_t total_max, unsigned keep_days, struct archive_position unsent_from,
                   uint64_t *removed_files, uint64_t *unsent_lines, struct error *error)
{
    struct archive_file *files;
    size_t count;
    uint64_t total = 0;
    bool done = true;

    *removed_files = *unsent_lines = 0;
    if (!archive_list(traces_folder, &files, &count, error))
        return false;
    for (size_t i = 0; i < count; i++)
        total += files[i].size;
    /* The newest file is being written and stays. */
    for (size_t i = 0; i + 1 < count && done; i++) {
        uint64_t lines = 0;
        const uint64_t from = unsent_offset(&files[i], unsent_from);
        if (total <= total_max && !is_too_old(files[i].date, now, keep_days))
            break;
        if (from < files[i].size && !count_lines(traces_folder, &files[i], from, &lines, NULL))
            lines = 0;
        if (unlinkat(traces_folder, files[i].name, 0) != 0) {
            done = error_set_errno(error, "cannot remove archive file %s", files[i].name);
            break;
        }
        total -= files[i].size;
        *unsent_lines += lines;
        ++*removed_files;
    }
    free(files);
    return done;
}
