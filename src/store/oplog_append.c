#include "store/file.h"
#include "store/frame.h"
#include "store/oplog.h"
#include "store/oplog_name.h"
#include "store/state.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define LOCK_TRIES 3

static enum counter loss_of(int why)
{
    return why == ENOSPC || why == EDQUOT || why == EFBIG ? COUNTER_DROPPED_SPACE : COUNTER_DROPPED_IO;
}

/* One write() a record: what is cut short is never continued, because another writer may have come in between. The whole once more begins
 * with a newline and so ends the torn part. */
static bool write_record(int descriptor, struct slice record, enum counter *lost)
{
    for (int try = 0; try < 2; try++) {
        ssize_t count;
        do
            count = write(descriptor, record.data, record.length);
        while (count < 0 && errno == EINTR);
        if (count == (ssize_t)record.length)
            return true;
        if (count < 0) {
            *lost = loss_of(errno);
            return false;
        }
    }
    *lost = COUNTER_DROPPED_SPACE;
    return false;
}

enum outcome { OUTCOME_WRITTEN, OUTCOME_LOST, OUTCOME_BUSY };

/* WRITTEN: it is open and may be written to. BUSY: the log is being deleted. The lock holds off the deleter, and the name must still lead
 * to what was opened, or a record would go into a file that nobody can see any more. */
static enum outcome open_log(int ops_folder, const char *name, int *opened, uint64_t *size, enum counter *lost)
{
    struct stat status, named;
    int locked;

    const int descriptor = state_open_file_with_status(ops_folder, name, O_WRONLY | O_APPEND | O_CREAT, &status);
    if (descriptor < 0) {
        *lost = loss_of(errno);
        return errno == ENOENT ? OUTCOME_BUSY : OUTCOME_LOST;
    }
    if (status.st_size >= OPLOG_SIZE_MAX) {
        *lost = COUNTER_DROPPED_LOG_QUOTA;
        close(descriptor);
        return OUTCOME_LOST;
    }
    do
        locked = flock(descriptor, LOCK_SH | LOCK_NB);
    while (locked != 0 && errno == EINTR);
    /* A file system without locks is written without them. */
    const bool may_write = locked == 0 || errno != EWOULDBLOCK;
    if (may_write && fstatat(ops_folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && file_is_same(&status, &named)) {
        *opened = descriptor;
        *size = (uint64_t)status.st_size;
        return OUTCOME_WRITTEN;
    }
    close(descriptor);
    return OUTCOME_BUSY;
}

static enum outcome append_to_log(int ops_folder, const char *name, struct slice record, enum counter *lost)
{
    int descriptor;
    uint64_t size;
    enum outcome outcome = open_log(ops_folder, name, &descriptor, &size, lost);
    if (outcome != OUTCOME_WRITTEN)
        return outcome;
    outcome = write_record(descriptor, record, lost) ? OUTCOME_WRITTEN : OUTCOME_LOST;
    close(descriptor);
    return outcome;
}

/* Complete before it has its name, so that no reader sees a part of it. */
static bool write_private_file(int ops_folder, const char *key, struct slice record, enum counter *lost)
{
    char temporary[FILE_TEMPORARY_MAX], what[OPLOG_NAME_MAX], name[OPLOG_NAME_MAX];
    bool done = false;

    const int descriptor = file_create_temporary(ops_folder, key, temporary);
    if (descriptor < 0) {
        *lost = loss_of(errno);
        return false;
    }
    if (write_record(descriptor, record, lost)) {
        /* t-<key>-<digits> becomes p-<key>-<digits>.log */
        memcpy(what, temporary, sizeof temporary);
        what[0] = 'p';
        oplog_name(what, ".log", name);
        done = file_rename_to_new(ops_folder, temporary, name);
        if (!done)
            *lost = loss_of(errno);
    }
    close(descriptor);
    if (!done)
        unlinkat(ops_folder, temporary, 0);
    return done;
}

/* Not on the stack: pages that are not needed are never touched. */
static char frame_storage[FRAME_SIZE_MAX];

static bool make_frame(struct slice payload, struct buffer *record, enum counter *lost)
{
    *lost = payload.length > FRAME_PAYLOAD_MAX ? COUNTER_DROPPED_SIZE : COUNTER_DROPPED_IO;
    buffer_init_fixed(record, frame_storage, sizeof frame_storage);
    return payload.length <= FRAME_PAYLOAD_MAX && frame_append(record, payload);
}

static enum outcome try_to_append(int ops_folder, const char *name, struct slice record, enum counter *lost)
{
    enum outcome outcome = OUTCOME_BUSY;
    for (int try = 0; try < LOCK_TRIES && outcome == OUTCOME_BUSY; try++)
        outcome = append_to_log(ops_folder, name, record, lost);
    return outcome;
}

bool oplog_append(int ops_folder, const char *key, struct slice payload, enum counter *lost)
{
    char name[OPLOG_NAME_MAX];
    struct buffer record;

    if (!make_frame(payload, &record, lost))
        return false;
    oplog_name(key, ".log", name);
    const enum outcome outcome = try_to_append(ops_folder, name, buffer_slice(&record), lost);
    return outcome == OUTCOME_BUSY ? write_private_file(ops_folder, key, buffer_slice(&record), lost) : outcome == OUTCOME_WRITTEN;
}

bool oplog_append_to(int ops_folder, const char *name, struct slice payload, enum counter *lost)
{
    struct buffer record;
    return make_frame(payload, &record, lost) && try_to_append(ops_folder, name, buffer_slice(&record), lost) == OUTCOME_WRITTEN;
}

bool oplog_stream_append(struct oplog_stream *stream, int ops_folder, const char *key, struct slice payload, enum counter *lost)
{
    char name[OPLOG_NAME_MAX];
    struct buffer record;

    if (stream->open && (memcmp(stream->key, key, sizeof stream->key) != 0 || stream->left == 0 || stream->size >= OPLOG_SIZE_MAX))
        oplog_stream_end(stream);
    if (!make_frame(payload, &record, lost))
        return false;
    if (!stream->open) {
        oplog_name(key, ".log", name);
        if (open_log(ops_folder, name, &stream->descriptor, &stream->size, lost) != OUTCOME_WRITTEN)
            return oplog_append(ops_folder, key, payload, lost); /* which tries harder */
        stream->open = true;
        stream->left = OPLOG_STREAM_RECORDS;
        memcpy(stream->key, key, sizeof stream->key);
    }
    stream->left--;
    stream->size += record.length;
    return write_record(stream->descriptor, buffer_slice(&record), lost);
}

void oplog_stream_end(struct oplog_stream *stream)
{
    if (stream->open)
        close(stream->descriptor);
    stream->open = false;
}
