#include "base/clock.h"
#include "store/archive_files.h"
#include "store/file.h"
#include "store/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define PIECE (64 * 1024)
#define NAME_TRIES 1000 /* parts whose names are taken by something that is not ours */

struct archive {
    int folder;
    uint32_t date, part; /* of the newest file; 0: there is none */
    bool exists;
};

/* Cuts off what stands behind the last newline. *size is the file's length before and after. */
static bool cut_torn_tail(int descriptor, uint64_t *size)
{
    char piece[PIECE];
    uint64_t end = *size, keep = 0;

    while (end > 0 && keep == 0) {
        /* Nearly always the last byte is the newline. */
        const size_t length = end == *size ? 1 : end < PIECE ? (size_t)end : PIECE;
        if (file_read_at(descriptor, piece, length, end - length) != (ssize_t)length)
            return false;
        for (size_t i = length; i > 0 && keep == 0; i--)
            if (piece[i - 1] == '\n')
                keep = end - length + i;
        end -= length;
    }
    if (keep == *size)
        return true;
    if (ftruncate(descriptor, (off_t)keep) != 0)
        return false;
    *size = keep;
    return true;
}

static int open_newest(const struct archive *archive, int flags, uint64_t *size)
{
    char name[ARCHIVE_NAME_MAX];
    struct stat status;

    archive_file_name(archive->date, archive->part, name);
    const int descriptor = state_open_file_with_status(archive->folder, name, O_RDWR | flags, &status);
    if (descriptor < 0)
        return -1;
    *size = (uint64_t)status.st_size;
    if (cut_torn_tail(descriptor, size))
        return descriptor;
    const int why = errno;
    close(descriptor);
    errno = why;
    return -1;
}

struct archive *archive_open(int traces_folder, struct error *error)
{
    struct archive_file *files;
    uint64_t size;
    size_t count;

    if (!archive_list(traces_folder, &files, &count, error))
        return NULL;
    struct archive *archive = calloc(1, sizeof *archive);
    if (!archive) {
        error_set(error, "no memory to open the archive");
    } else {
        archive->folder = traces_folder;
        if (count > 0) {
            archive->date = files[count - 1].date;
            archive->part = files[count - 1].part;
            archive->exists = true;
            /* Should that fail now, the first append tries again. */
            const int descriptor = open_newest(archive, 0, &size);
            if (descriptor >= 0)
                close(descriptor);
        }
    }
    free(files);
    return archive;
}

void archive_close(struct archive *archive)
{
    free(archive);
}

static void begin_part(struct archive *archive)
{
    archive->part++;
    archive->exists = false;
}

/* What is in the way of a name, be it gone or not ours, is left alone: a name that readers have a place in is never used again. */
static bool is_in_the_way(int why)
{
    return why == ENOENT || why == EEXIST || why == ELOOP || why == EPERM || why == EISDIR || why == ENXIO || why == EACCES;
}

/* The file to append `more` bytes to. -1 with errno. */
static int open_for(struct archive *archive, size_t more, uint64_t *size)
{
    for (int try = 0; try < NAME_TRIES; try++) {
        const int descriptor = open_newest(archive, archive->exists ? 0 : O_CREAT | O_EXCL, size);
        if (descriptor < 0 && !is_in_the_way(errno))
            return -1;
        if (descriptor >= 0) {
            archive->exists = true;
            if (*size == 0 || *size + more <= ARCHIVE_FILE_MAX)
                return descriptor;
            close(descriptor);
        }
        begin_part(archive);
    }
    return -1;
}

bool archive_append(struct archive *archive, struct slice lines, uint64_t now, struct error *error)
{
    const uint32_t today = clock_utc_date(now);
    const struct archive before = *archive;
    uint64_t size;

    if (lines.length == 0)
        return true;
    if (lines.data[lines.length - 1] != '\n')
        return error_set(error, "a line for the archive does not end");
    if (today > archive->date) {
        archive->date = today;
        archive->part = 0;
        archive->exists = false;
    }
    const int descriptor = open_for(archive, lines.length, &size);
    if (descriptor < 0) {
        const int why = errno;
        *archive = before;
        errno = why;
        return error_set_errno(error, "cannot open the archive");
    }
    const bool written = file_write_at(descriptor, lines.data, lines.length, size);
    if (!written) {
        error_set_errno(error, "cannot write to the archive");
        /* Should that fail as well, the next append finds the tail. */
        (void)!ftruncate(descriptor, (off_t)size);
    }
    close(descriptor);
    return written;
}
