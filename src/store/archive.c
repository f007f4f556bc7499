#include "store/archive.h"

#include "base/clock.h"
#include "store/archive_name.h"
#include "store/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define TAIL_PIECE 4096

struct archive {
    int folder;
    int file; /* -1: none open */
    uint32_t date, part;
    uint64_t size; /* of the open file, whole lines only */
};

/* What a writer that died left behind its last newline is cut off, before anything is written after it. */
static bool cut_torn_tail(int file, uint64_t *size)
{
    char piece[TAIL_PIECE];
    struct stat status;

    if (fstat(file, &status) != 0)
        return false;
    uint64_t end = (uint64_t)status.st_size;
    while (end > 0) {
        const size_t length = end < sizeof piece ? (size_t)end : sizeof piece;
        const ssize_t got = pread(file, piece, length, (off_t)(end - length));
        if (got != (ssize_t)length)
            return false;
        size_t kept = length;
        while (kept > 0 && piece[kept - 1] != '\n')
            kept--;
        end -= length - kept;
        if (kept > 0)
            break;
    }
    *size = end;
    return end == (uint64_t)status.st_size || ftruncate(file, (off_t)end) == 0;
}

static bool open_file(struct archive *archive, uint32_t date, uint32_t part, struct error *error)
{
    char name[ARCHIVE_NAME_MAX];
    archive_name(date, part, name);
    const int file = state_open_file(archive->folder, name, O_RDWR | O_APPEND | O_CREAT);
    if (file < 0)
        return error_set_errno(error, "cannot open archive file %s", name);
    uint64_t size;
    if (!cut_torn_tail(file, &size)) {
        close(file);
        return error_set_errno(error, "cannot mend archive file %s", name);
    }
    if (archive->file >= 0)
        close(archive->file);
    archive->file = file;
    archive->date = date;
    archive->part = part;
    archive->size = size;
    return true;
}

struct archive *archive_open(int traces_folder, struct error *error)
{
    struct archive_file *files;
    size_t count;
    struct archive *archive;

    if (!archive_list(traces_folder, &files, &count, error))
        return NULL;
    archive = malloc(sizeof *archive);
    if (!archive) {
        error_set(error, "no memory for the archive");
    } else {
        *archive = (struct archive){.folder = traces_folder, .file = -1};
        if (count > 0 && !open_file(archive, files[count - 1].date, files[count - 1].part, error)) {
            free(archive);
            archive = NULL;
        }
    }
    free(files);
    return archive;
}

void archive_close(struct archive *archive)
{
    if (!archive)
        return;
    if (archive->file >= 0)
        close(archive->file);
    free(archive);
}

/* Somebody may have removed the file under us; a name is never written again after that. */
static bool still_there(const struct archive *archive)
{
    struct stat status;
    return archive->file >= 0 && fstat(archive->file, &status) == 0 && status.st_nlink > 0;
}

static bool open_for(struct archive *archive, size_t length, uint64_t now, struct error *error)
{
    const uint32_t today = clock_utc_date(now);
    uint32_t date = archive->date, part = archive->part;

    if (today > date) {
        date = today;
        part = 0;
    } else if (archive->size > 0 && archive->size + length > ARCHIVE_FILE_MAX) {
        part++;
    } else if (archive->file >= 0 && !still_there(archive)) {
        part++;
    }
    return (date == archive->date && part == archive->part && archive->file >= 0) || open_file(archive, date, part, error);
}

bool archive_append(struct archive *archive, struct slice lines, uint64_t now, struct error *error)
{
    if (lines.length == 0)
        return true;
    if (!open_for(archive, lines.length, now, error))
        return false;
    for (;;) {
        const ssize_t written = write(archive->file, lines.data, lines.length);
        if (written == (ssize_t)lines.length) {
            archive->size += lines.length;
            return true;
        }
        if (written < 0 && errno == EINTR)
            continue;
        if (written >= 0)
            errno = ENOSPC;
        break;
    }
    error_set_errno(error, "cannot write to the archive");
    if (ftruncate(archive->file, (off_t)archive->size) != 0) {
        /* The next open mends it. */
        close(archive->file);
        archive->file = -1;
    }
    return false;
}
