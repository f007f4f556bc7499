#include "base/buffer.h"
#include "base/crc32c.h"
#include "store/file.h"
#include "store/frame.h"
#include "store/oplog.h"
#include "store/oplog_name.h"
#include "store/slots.h"
#include "store/state.h"

#include <fcntl.h>
#include <unistd.h>

/* Which log a position is of. Inodes are used again, so the beginning counts as well: it holds the CRC of the first record. */
struct identity {
    uint64_t inode, beginning, size;
};

static bool identify(int ops_folder, const char *key, struct identity *identity)
{
    char name[OPLOG_NAME_MAX], beginning[FRAME_HEADER_SIZE];
    struct stat status;

    oplog_name(key, ".log", name);
    const int descriptor = state_open_file_with_status(ops_folder, name, O_RDONLY, &status);
    if (descriptor < 0)
        return false;
    const ssize_t count = file_read_at(descriptor, beginning, sizeof beginning, 0);
    close(descriptor);
    if (count < 0)
        return false;
    *identity = (struct identity){status.st_ino, crc32c(beginning, (size_t)count), (uint64_t)status.st_size};
    return true;
}

/* The file's slots, as far as they are there. */
static struct slice read_slots(int descriptor, char storage[static SLOTS_SIZE])
{
    const ssize_t count = file_read_at(descriptor, storage, SLOTS_SIZE, 0);
    return (struct slice){storage, count < 0 ? 0 : (size_t)count};
}

uint64_t oplog_position_read(int ops_folder, const char *key)
{
    char name[OPLOG_NAME_MAX], storage[SLOTS_SIZE];
    struct identity identity;
    uint64_t inode, beginning, position;

    oplog_name(key, ".pos", name);
    const int descriptor = state_open_file(ops_folder, name, O_RDONLY);
    if (descriptor < 0)
        return 0;
    struct slice text = slots_find(read_slots(descriptor, storage)).text;
    close(descriptor);
    const bool found = slot_take_number(&text, &inode) && slot_take_number(&text, &beginning) && slot_take_number(&text, &position) &&
                       identify(ops_folder, key, &identity) && identity.inode == inode && identity.beginning == beginning &&
                       position <= identity.size;
    return found ? position : 0;
}

bool oplog_position_write(int ops_folder, const char *key, uint64_t position)
{
    char name[OPLOG_NAME_MAX], storage[SLOTS_SIZE], line[SLOT_TEXT_MAX];
    struct identity identity;
    struct buffer text;

    if (!identify(ops_folder, key, &identity))
        return false;
    oplog_name(key, ".pos", name);
    const int descriptor = state_open_file(ops_folder, name, O_RDWR | O_CREAT);
    if (descriptor < 0)
        return false;
    buffer_init_fixed(&text, line, sizeof line);
    buffer_append_u64(&text, identity.inode);
    buffer_append_byte(&text, ' ');
    buffer_append_u64(&text, identity.beginning);
    buffer_append_byte(&text, ' ');
    buffer_append_u64(&text, position);
    const bool written = slots_write(descriptor, slots_find(read_slots(descriptor, storage)).sequence + 1, buffer_slice(&text));
    close(descriptor);
    return written;
}

void oplog_position_delete(int ops_folder, const char *key)
{
    char name[OPLOG_NAME_MAX];
    oplog_name(key, ".pos", name);
    unlinkat(ops_folder, name, 0);
}
