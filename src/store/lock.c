#include "store/lock.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "store/file.h"
#include "store/state.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#define LOCK_NAME "relay.lock"
#define NUDGE_NAME "nudge"
#define RETRY_MILLISECONDS 5
#define FRESH_TIME NANOSECONDS_PER_SECOND

static int lock_now(int descriptor, int kind)
{
    int result;
    do
        result = flock(descriptor, kind | LOCK_NB);
    while (result != 0 && errno == EINTR);
    return result;
}

/* A holder that is done leaves the file empty; one that died leaves its pid. */
static bool is_fresh(const struct stat *status)
{
    const uint64_t now = clock_realtime(), modified = file_modified(status);
    return status->st_size > 0 && (now > modified ? now - modified : modified - now) < FRESH_TIME;
}

enum lock_state relay_lock_look(int ops_folder)
{
    struct stat status;
    enum lock_state state = LOCK_UNKNOWN;

    const int descriptor = state_open_file_with_status(ops_folder, LOCK_NAME, O_RDWR | O_CREAT, &status);
    if (descriptor < 0)
        return LOCK_UNKNOWN;
    if (lock_now(descriptor, LOCK_SH) == 0)
        state = is_fresh(&status) ? LOCK_FRESH : LOCK_FREE;
    else if (errno == EWOULDBLOCK)
        state = LOCK_HELD;
    close(descriptor);
    return state;
}

/* The pid is for people; that the file is written marks when the relay began. */
static void mark_holder(int descriptor)
{
    char storage[24];
    struct buffer text;
    buffer_init_fixed(&text, storage, sizeof storage);
    buffer_append_i64(&text, getpid());
    buffer_append_byte(&text, '\n');
    if (file_write_at(descriptor, text.data, text.length, 0))
        (void)!ftruncate(descriptor, (off_t)text.length);
}

/* One try. -1: not ours. A lock on a file that has lost its name would not keep anybody out. */
static int try_to_take(int ops_folder, bool *hopeless)
{
    struct stat status, named;
    const int descriptor = state_open_file_with_status(ops_folder, LOCK_NAME, O_RDWR | O_CREAT, &status);
    *hopeless = descriptor < 0;
    if (descriptor < 0)
        return -1;
    if (lock_now(descriptor, LOCK_EX) == 0) {
        if (fstatat(ops_folder, LOCK_NAME, &named, AT_SYMLINK_NOFOLLOW) == 0 && file_is_same(&status, &named)) {
            mark_holder(descriptor);
            return descriptor;
        }
    } else {
        *hopeless = errno != EWOULDBLOCK;
    }
    close(descriptor);
    return -1;
}

int relay_lock_take(int ops_folder, unsigned patience_milliseconds)
{
    const uint64_t deadline = clock_since_boot() + patience_milliseconds * NANOSECONDS_PER_MILLISECOND;
    for (;;) {
        bool hopeless;
        const int descriptor = try_to_take(ops_folder, &hopeless);
        if (descriptor >= 0 || hopeless || clock_since_boot() >= deadline)
            return descriptor;
        clock_sleep_milliseconds(RETRY_MILLISECONDS);
    }
}

void relay_lock_release(int lock)
{
    if (lock < 0)
        return;
    (void)!ftruncate(lock, 0);
    close(lock);
}

bool relay_nudge(int ops_folder)
{
    const int descriptor = state_open_file(ops_folder, NUDGE_NAME, O_WRONLY | O_CREAT);
    if (descriptor < 0)
        return false;
    close(descriptor);
    return true;
}

bool relay_nudged(int ops_folder)
{
    return unlinkat(ops_folder, NUDGE_NAME, 0) == 0;
}
