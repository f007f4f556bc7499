#include "base/clock.h"
#include "store/agent_log.h"
#include "store/file.h"
#include "store/oplog.h"
#include "store/oplog_name.h"
#include "store/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define LEFTOVER_AGE (3600 * NANOSECONDS_PER_SECOND)
#define AGENT_LOG_AGE (OPLOG_KEEP_SECONDS * NANOSECONDS_PER_SECOND)

static int compare_entries(const void *a, const void *b)
{
    const struct oplog_entry *left = a, *right = b;
    if (left->modified != right->modified)
        return left->modified < right->modified ? -1 : 1;
    return strcmp(left->name, right->name);
}

/* Room for one more; NULL without memory. */
static struct oplog_entry *add_entry(struct oplog_entry **entries, size_t *count, size_t *capacity)
{
    if (*count == *capacity) {
        const size_t larger = *capacity ? 2 * *capacity : 64;
        struct oplog_entry *moved = larger > SIZE_MAX / sizeof *moved ? NULL : realloc(*entries, larger * sizeof *moved);
        if (!moved)
            return NULL;
        *entries = moved;
        *capacity = larger;
    }
    struct oplog_entry *entry = &(*entries)[(*count)++];
    memset(entry, 0, sizeof *entry);
    return entry;
}

bool oplog_list(int ops_folder, struct oplog_entry **entries, size_t *count, struct error *error)
{
    struct oplog_entry *found = NULL;
    size_t used = 0, capacity = 0;
    const struct dirent *item;
    bool listed = true;

    *entries = NULL;
    *count = 0;
    DIR *listing = file_list(ops_folder);
    if (!listing)
        return error_set_errno(error, "cannot list the op logs");
    while (listed && (item = readdir(listing))) {
        char key[OPLOG_KEY_SIZE + 1];
        bool private_file;
        struct stat status;
        if (!oplog_name_parse(item->d_name, key, &private_file) || !file_is_ours(ops_folder, item->d_name, &status))
            continue;
        struct oplog_entry *entry = add_entry(&found, &used, &capacity);
        if (!entry) {
            listed = error_set(error, "no memory to list the op logs");
            break;
        }
        memcpy(entry->key, key, sizeof entry->key);
        memcpy(entry->name, item->d_name, strlen(item->d_name)); /* a name that parses is short */
        entry->private_file = private_file;
        entry->size = (uint64_t)status.st_size;
        entry->modified = file_modified(&status);
    }
    closedir(listing);
    if (!listed) {
        free(found);
        return false;
    }
    if (used)
        qsort(found, used, sizeof *found, compare_entries);
    *entries = found;
    *count = used;
    return true;
}

bool oplog_delete(int ops_folder, const char *name, uint64_t archived)
{
    struct stat status, named;
    bool gone = false;

    const int descriptor = state_open_file(ops_folder, name, O_RDONLY);
    if (descriptor < 0)
        return errno == ENOENT;
    /* The size under the lock: a writer that was there before has been waited for by nobody. */
    if (flock(descriptor, LOCK_EX | LOCK_NB) == 0 && fstat(descriptor, &status) == 0 && (uint64_t)status.st_size == archived &&
        fstatat(ops_folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && file_is_same(&status, &named))
        gone = unlinkat(ops_folder, name, 0) == 0;
    close(descriptor);
    return gone;
}

static bool is_leftover(int ops_folder, const char *name, uint64_t now)
{
    char key[OPLOG_KEY_SIZE + 1], log[OPLOG_NAME_MAX];
    struct stat status;

    if (oplog_name_parse_position(name, key)) {
        oplog_name(key, ".log", log);
        return fstatat(ops_folder, log, &status, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT;
    }
    /* An agent that has run no hook for a day: should it still live, the next one writes it anew. */
    if (agent_log_is_name(name))
        return file_is_ours(ops_folder, name, &status) && now > AGENT_LOG_AGE && file_modified(&status) < now - AGENT_LOG_AGE;
    /* Not by file_is_ours: one that was linked to its new name, but not yet removed, has two links. */
    return slice_starts_with(slice_of(name), SLICE(FILE_TEMPORARY_PREFIX)) &&
           fstatat(ops_folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode) && file_is_mine(&status) &&
           now > LEFTOVER_AGE && file_modified(&status) < now - LEFTOVER_AGE;
}

void oplog_clean(int ops_folder, uint64_t now)
{
    const struct dirent *item;
    DIR *listing = file_list(ops_folder);
    if (!listing)
        return;
    while ((item = readdir(listing)))
        if (is_leftover(ops_folder, item->d_name, now))
            unlinkat(ops_folder, item->d_name, 0);
    closedir(listing);
}
