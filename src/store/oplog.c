#include "store/oplog.h"

#include "store/frame.h"
#include "store/state.h"
#include "trace/ids.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_HEX 32
#define ATTEMPTS 3

static char record_storage[FRAME_HEADER_SIZE + FRAME_PAYLOAD_MAX + 1];

static enum counter reason_of(int error)
{
    return error == ENOSPC || error == EDQUOT || error == EFBIG ? COUNTER_DROPPED_SPACE : COUNTER_DROPPED_IO;
}

/* True once all of the record is written. A short write is never continued: the whole record goes once more, and its leading newline cuts
 * off the torn part. */
static bool write_record(int file, struct slice record)
{
    for (int attempt = 0; attempt < 2;) {
        const ssize_t written = write(file, record.data, record.length);
        if (written == (ssize_t)record.length)
            return true;
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        errno = ENOSPC;
        attempt++;
    }
    return false;
}

enum opening { OPENED, BUSY, FULL, FAILED };

/* Opens a log for one record under a shared lock, and makes sure that it is still the file of that name: it may have been deleted between
 * open and lock. */
static enum opening open_log(int ops_folder, const char *name, int *log)
{
    struct stat opened, named;
    const int file = state_open_file(ops_folder, name, O_WRONLY | O_APPEND | O_CREAT);

    *log = -1;
    if (file < 0)
        return FAILED;
    enum opening result = OPENED;
    /* A file system without flock has no deleter that could lock either. */
    if (flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        result = BUSY;
    else if (fstat(file, &opened) != 0 || fstatat(ops_folder, name, &named, AT_SYMLINK_NOFOLLOW) != 0 || opened.st_dev != named.st_dev ||
             opened.st_ino != named.st_ino)
        result = BUSY;
    else if (opened.st_size >= OPLOG_SIZE_MAX)
        result = FULL;
    if (result == OPENED)
        *log = file;
    else
        close(file);
    return result;
}

/* The log is being deleted and stays locked: a file of its own, complete from the moment that it has its name. */
static bool append_private(int ops_folder, const char *key, struct slice record, enum counter *lost)
{
    char id[SPAN_ID_HEX + 1], temporary[64], name[64];
    span_id_new((uint64_t)getpid(), id);
    snprintf(temporary, sizeof temporary, "t-%s-%s.log", key, id);
    snprintf(name, sizeof name, "p-%s-%s.log", key, id);
    const int file = state_open_file(ops_folder, temporary, O_WRONLY | O_APPEND | O_CREAT | O_EXCL);
    if (file < 0) {
        *lost = reason_of(errno);
        return false;
    }
    bool written = write_record(file, record);
    if (written)
        written = renameat(ops_folder, temporary, ops_folder, name) == 0;
    if (!written) {
        *lost = reason_of(errno);
        unlinkat(ops_folder, temporary, 0);
    }
    close(file);
    return written;
}

bool oplog_append(int ops_folder, const char *key, struct slice payload, enum counter *lost)
{
    struct buffer record;
    char name[48];
    int log = -1;

    buffer_init_fixed(&record, record_storage, sizeof record_storage);
    if (!frame_append(&record, payload)) {
        *lost = COUNTER_DROPPED_SIZE;
        return false;
    }
    snprintf(name, sizeof name, "%s.log", key);
    enum opening opening = BUSY;
    for (int attempt = 0; attempt < ATTEMPTS && opening == BUSY; attempt++)
        opening = open_log(ops_folder, name, &log);
    if (opening == BUSY)
        return append_private(ops_folder, key, buffer_slice(&record), lost);
    if (opening != OPENED) {
        *lost = opening == FULL ? COUNTER_DROPPED_LOG_QUOTA : reason_of(errno);
        return false;
    }
    const bool written = write_record(log, buffer_slice(&record));
    if (!written)
        *lost = reason_of(errno);
    close(log);
    return written;
}

bool oplog_delete(int ops_folder, const char *name, uint64_t archived)
{
    struct stat opened, named;
    const int file = state_open_file(ops_folder, name, O_RDWR);
    bool deleted = false;

    if (file < 0)
        return errno == ENOENT;
    if (flock(file, LOCK_EX | LOCK_NB) == 0 && fstat(file, &opened) == 0 &&
        fstatat(ops_folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 && opened.st_dev == named.st_dev && opened.st_ino == named.st_ino &&
        (uint64_t)opened.st_size == archived)
        deleted = unlinkat(ops_folder, name, 0) == 0;
    close(file);
    return deleted;
}
