#include "store/frame.h"
#include "store/oplog.h"
#include "store/state.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_HEX 32
#define PIECE (256 * 1024)
#define WINDOW_MAX (4 * 1024 * 1024) /* more than two of the largest frames */

static bool is_hex(struct slice text)
{
    for (size_t i = 0; i < text.length; i++)
        if (!((text.data[i] >= '0' && text.data[i] <= '9') || (text.data[i] >= 'a' && text.data[i] <= 'f')))
            return false;
    return text.length > 0;
}

/* <key>.log or p-<key>-<16 hex>.log */
static bool is_log_name(struct slice name, struct oplog_entry *entry)
{
    entry->private_file = slice_starts_with(name, SLICE("p-"));
    const struct slice key = slice_part(name, entry->private_file ? 2 : 0, KEY_HEX);
    const struct slice rest = slice_part(name, (entry->private_file ? 2 : 0) + KEY_HEX, name.length);
    if (key.length != KEY_HEX || !is_hex(key) || name.length >= sizeof entry->name || !slice_ends_with(rest, SLICE(".log")))
        return false;
    if (entry->private_file ? rest.length != 21 || rest.data[0] != '-' || !is_hex(slice_part(rest, 1, 16)) : rest.length != 4)
        return false;
    memcpy(entry->key, key.data, KEY_HEX);
    entry->key[KEY_HEX] = '\0';
    memcpy(entry->name, name.data, name.length);
    entry->name[name.length] = '\0';
    return true;
}

static int by_age(const void *left, const void *right)
{
    const struct oplog_entry *a = left, *b = right;
    if (a->modified != b->modified)
        return a->modified < b->modified ? -1 : 1;
    return strcmp(a->name, b->name);
}

bool oplog_list(int ops_folder, struct oplog_entry **entries, size_t *count, struct error *error)
{
    size_t capacity = 0;
    struct oplog_entry entry;
    struct stat status;
    const struct dirent *item;

    *entries = NULL;
    *count = 0;
    const int folder = openat(ops_folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = folder >= 0 ? fdopendir(folder) : NULL;
    if (!listing) {
        if (folder >= 0)
            close(folder);
        return error_set_errno(error, "cannot list the op logs");
    }
    bool listed = true;
    while (listed && (item = readdir(listing))) {
        if (!is_log_name(slice_of(item->d_name), &entry) || fstatat(ops_folder, item->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(status.st_mode))
            continue;
        if (*count == capacity) {
            capacity = capacity ? 2 * capacity : 32;
            struct oplog_entry *larger = realloc(*entries, capacity * sizeof *larger);
            if (!larger) {
                listed = error_set(error, "no memory to list the op logs");
                break;
            }
            *entries = larger;
        }
        entry.size = (uint64_t)status.st_size;
        entry.modified = (uint64_t)status.st_mtim.tv_sec * 1000000000U + (uint64_t)status.st_mtim.tv_nsec;
        (*entries)[(*count)++] = entry;
    }
    closedir(listing);
    if (!listed) {
        free(*entries);
        *entries = NULL;
        *count = 0;
    } else if (*count) {
        qsort(*entries, *count, sizeof **entries, by_age);
    }
    return listed;
}

/* Takes the records out of the window; *taken is how much of it is done with. */
static bool take_records(const struct buffer *window, uint64_t window_start, oplog_visitor *visitor, void *context, struct counters *counters,
                         size_t *taken, bool *stopped)
{
    *taken = 0;
    for (;;) {
        struct slice payload;
        size_t next;
        switch (frame_next(buffer_slice(window), *taken, &payload, &next)) {
        case FRAME_RECORD:
            if (!visitor(context, payload, window_start + next)) {
                *stopped = true;
                return false;
            }
            break;
        case FRAME_BAD:
            counters_add(counters, COUNTER_FRAME_BAD, 1);
            break;
        case FRAME_UNKNOWN:
            counters_add(counters, COUNTER_FRAME_UNKNOWN, 1);
            break;
        case FRAME_PARTIAL:
            *taken = next;
            return true;
        }
        *taken = next;
    }
}

bool oplog_read(int ops_folder, const char *name, uint64_t *offset, oplog_visitor *visitor, void *context, struct counters *counters,
                struct error *error)
{
    struct buffer window;
    bool done = true, stopped = false;
    const int file = state_open_file(ops_folder, name, O_RDONLY);

    if (file < 0)
        return errno == ENOENT ? true : error_set_errno(error, "cannot read op log %s", name);
    buffer_init(&window, WINDOW_MAX);
    for (;;) {
        size_t taken;
        if (!buffer_reserve(&window, PIECE)) {
            /* A frame is never that large: what fills the window is no frame. */
            done = error_set(error, "op log %s: no memory, or damage over more than %d bytes", name, WINDOW_MAX);
            break;
        }
        const ssize_t length = pread(file, window.data + window.length, PIECE, (off_t)(*offset + window.length));
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0) {
            done = error_set_errno(error, "cannot read op log %s", name);
            break;
        }
        if (length == 0)
            break;
        window.length += (size_t)length;
        done = take_records(&window, *offset, visitor, context, counters, &taken, &stopped);
        *offset += taken;
        buffer_consume(&window, taken);
        if (!done) {
            if (stopped && error && !error->text[0])
                error_set(error, "op log %s: stopped", name);
            break;
        }
    }
    buffer_free(&window);
    close(file);
    return done;
}
