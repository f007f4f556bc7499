#include "export/rejected.h"

#include "base/clock.h"
#include "store/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NUMBER_DIGITS = 8, NAME_SIZE = 32, NOTE_SIZE = 1024 };

#define FILE_ENDING ".jsonl"
#define REASONS_NAME "reasons.log"

struct overview {
    uint64_t total;          /* bytes of all files */
    uint64_t oldest, newest; /* numbers; 0: there is none */
    uint64_t newest_size;
};

static bool number_of(const char *name, uint64_t *number)
{
    const struct slice text = slice_of(name);
    return text.length == NUMBER_DIGITS + sizeof FILE_ENDING - 1 && slice_ends_with(text, SLICE(FILE_ENDING)) &&
           slice_to_u64(slice_part(text, 0, NUMBER_DIGITS), number) && *number > 0;
}

static void name_of(uint64_t number, char name[static NAME_SIZE])
{
    snprintf(name, NAME_SIZE, "%0*llu" FILE_ENDING, NUMBER_DIGITS, (unsigned long long)number);
}

static bool look(int folder, struct overview *overview)
{
    memset(overview, 0, sizeof *overview);
    const int descriptor = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *entries = descriptor >= 0 ? fdopendir(descriptor) : NULL;
    if (!entries) {
        if (descriptor >= 0)
            close(descriptor);
        return false;
    }
    for (const struct dirent *entry = readdir(entries); entry; entry = readdir(entries)) {
        struct stat status;
        uint64_t number;
        if (!number_of(entry->d_name, &number) || fstatat(folder, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0 || status.st_size < 0)
            continue;
        overview->total += (uint64_t)status.st_size;
        if (overview->oldest == 0 || number < overview->oldest)
            overview->oldest = number;
        if (number >= overview->newest) {
            overview->newest = number;
            overview->newest_size = (uint64_t)status.st_size;
        }
    }
    closedir(entries);
    return true;
}

/* Removes the oldest files until `extra` more bytes fit. Looks again each time: it is rare, and right whatever stands there. */
static bool make_room(int folder, uint64_t extra, uint64_t limit, struct overview *overview)
{
    char name[NAME_SIZE];
    for (;;) {
        if (!look(folder, overview))
            return false;
        if (overview->oldest == 0 || overview->total + extra <= limit)
            return true;
        name_of(overview->oldest, name);
        if (unlinkat(folder, name, 0) < 0)
            return false;
    }
}

/* All of it or nothing: half a line would spoil the next one. */
static bool append_file(int folder, const char *name, int flags, struct slice data)
{
    struct stat status;
    const int descriptor = state_open_file(folder, name, O_WRONLY | O_APPEND | O_CREAT | flags);
    if (descriptor < 0)
        return false;
    ssize_t written = -1;
    if (fstat(descriptor, &status) == 0) {
        do
            written = write(descriptor, data.data, data.length);
        while (written < 0 && errno == EINTR);
        if (written > 0 && (size_t)written < data.length && ftruncate(descriptor, status.st_size) < 0)
            written = -1;
    }
    close(descriptor);
    return written >= 0 && (size_t)written == data.length;
}

bool rejected_note(int rejected_folder, const char *text)
{
    char time[21], line[NOTE_SIZE];
    struct stat status;
    clock_format_utc(clock_realtime(), time);
    const int length = snprintf(line, sizeof line, "%s %s\n", time, text);
    if (length < 0)
        return false;
    if ((size_t)length >= sizeof line)
        line[sizeof line - 2] = '\n';
    const bool full = fstatat(rejected_folder, REASONS_NAME, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_size > REJECTED_REASONS_BYTES;
    return append_file(rejected_folder, REASONS_NAME, full ? O_TRUNC : 0, slice_of(line));
}

bool rejected_keep(int rejected_folder, struct slice lines, uint64_t limit, const char *reason)
{
    struct overview overview;
    char name[NAME_SIZE], note[NOTE_SIZE];
    bool kept = false;
    name[0] = '\0';
    if (lines.length <= limit && make_room(rejected_folder, lines.length, limit, &overview)) {
        const bool closed = overview.newest == 0 || overview.newest_size + lines.length > REJECTED_FILE_BYTES;
        name_of(overview.newest + (closed ? 1 : 0), name);
        kept = append_file(rejected_folder, name, 0, lines);
    }
    snprintf(note, sizeof note, "%s: %s", kept ? name : "(not kept)", reason);
    rejected_note(rejected_folder, note);
    return kept;
}
