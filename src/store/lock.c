#include "store/lock.h"

#include "base/clock.h"
#include "store/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_NAME "relay.lock"
#define NUDGE_NAME "nudge"
#define RETRY_MS 5
#define FRESH NANOSECONDS_PER_SECOND

enum lock_state relay_lock_look(int ops_folder)
{
    struct stat status;
    enum lock_state found = LOCK_UNKNOWN;
    const int file = openat(ops_folder, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
    if (file < 0)
        return LOCK_UNKNOWN;
    if (flock(file, LOCK_SH | LOCK_NB) != 0) {
        found = errno == EWOULDBLOCK ? LOCK_HELD : LOCK_UNKNOWN;
    } else if (fstat(file, &status) == 0) {
        const uint64_t now = clock_realtime();
        const uint64_t started = (uint64_t)status.st_mtim.tv_sec * NANOSECONDS_PER_SECOND + (uint64_t)status.st_mtim.tv_nsec;
        found = status.st_size > 0 && now >= started && now - started < FRESH ? LOCK_FRESH : LOCK_FREE;
    }
    close(file);
    return found;
}

/* Informational, and its time tells hooks that a relay was started just now. */
static void sign(int file)
{
    char text[24];
    const int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (length > 0 && ftruncate(file, 0) == 0 && pwrite(file, text, (size_t)length, 0) < 0)
        return;
}

int relay_lock_take(int ops_folder, unsigned patience_milliseconds)
{
    const int file = state_open_file(ops_folder, LOCK_NAME, O_RDWR | O_CREAT);
    if (file < 0)
        return -1;
    for (unsigned waited = 0;; waited += RETRY_MS) {
        if (flock(file, LOCK_EX | LOCK_NB) == 0) {
            sign(file);
            return file;
        }
        if ((errno != EWOULDBLOCK && errno != EINTR) || waited >= patience_milliseconds)
            break;
        clock_sleep_milliseconds(RETRY_MS);
    }
    close(file);
    return -1;
}

bool relay_nudge(int ops_folder)
{
    const int file = state_open_file(ops_folder, NUDGE_NAME, O_WRONLY | O_CREAT);
    if (file >= 0)
        close(file);
    return file >= 0;
}

bool relay_nudged(int ops_folder)
{
    return unlinkat(ops_folder, NUDGE_NAME, 0) == 0;
}
