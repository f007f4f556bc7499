#include "store/oplog.h"
#include "store/slots.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* "<bytes> <inode of the log>": a log that was deleted and begun again under the same name is another one. */
struct position {
    uint64_t bytes, inode, sequence;
};

static bool log_inode(int ops_folder, const char *key, uint64_t *inode)
{
    char name[48];
    struct stat status;
    snprintf(name, sizeof name, "%s.log", key);
    if (fstatat(ops_folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return false;
    *inode = (uint64_t)status.st_ino;
    return true;
}

static void file_name(const char *key, char name[static 48])
{
    snprintf(name, 48, "%s.pos", key);
}

static struct position load(int ops_folder, const char *key)
{
    struct position position = {0, 0, 0};
    char name[48], text[SLOT_TEXT_MAX];
    size_t blank;

    file_name(key, name);
    if (!slots_read(ops_folder, name, text, &position.sequence))
        return position;
    const struct slice value = slice_of(text);
    if (!slice_find(value, SLICE(" "), 0, &blank) || !slice_to_u64(slice_part(value, 0, blank), &position.bytes) ||
        !slice_to_u64(slice_part(value, blank + 1, value.length), &position.inode))
        position.bytes = position.inode = 0;
    return position;
}

uint64_t oplog_position_read(int ops_folder, const char *key)
{
    uint64_t inode;
    const struct position position = load(ops_folder, key);
    return log_inode(ops_folder, key, &inode) && inode == position.inode ? position.bytes : 0;
}

bool oplog_position_write(int ops_folder, const char *key, uint64_t bytes)
{
    struct position position = load(ops_folder, key);
    char name[48], text[SLOT_TEXT_MAX];
    uint64_t inode;

    if (!log_inode(ops_folder, key, &inode))
        return false;
    file_name(key, name);
    snprintf(text, sizeof text, "%" PRIu64 " %" PRIu64, bytes, inode);
    return slots_write(ops_folder, name, text, &position.sequence, NULL);
}

void oplog_position_delete(int ops_folder, const char *key)
{
    char name[48];
    file_name(key, name);
    unlinkat(ops_folder, name, 0);
}
