#include "agents/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define ANCESTORS_MAX 16

static const char *const shells[] = {"sh", "bash", "dash", "zsh", "fish", "ksh", "mksh", "ash",
                                     "busybox", "tcsh", "csh", "pwsh", "env", "timeout", "nice"};

static bool is_shell(struct slice name)
{
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
        if (slice_equal(name, slice_of(shells[i])))
            return true;
    return false;
}

static struct slice read_small(const char *path, char *storage, size_t size)
{
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t length = -1;
    if (file >= 0) {
        length = read(file, storage, size);
        close(file);
    }
    return (struct slice){storage, length > 0 ? (size_t)length : 0};
}

/* Field `number` (counted from 0 after the command name) of /proc/PID/stat; proc(5): state, ppid, …, starttime is the 20th. */
static bool stat_field(struct slice fields, unsigned number, uint64_t *value)
{
    size_t at = 0;
    for (; number > 0; number--) {
        if (!slice_find(fields, SLICE(" "), at, &at))
            return false;
        at++;
    }
    size_t end;
    if (!slice_find(fields, SLICE(" "), at, &end))
        end = fields.length;
    return slice_to_u64(slice_part(fields, at, end - at), value);
}

void agent_process_identity(struct buffer *out)
{
    char path[64], storage[1024], boot[64];
    uint64_t pid = (uint64_t)getppid(), started = 0;

    for (unsigned i = 0; i < ANCESTORS_MAX; i++) {
        uint64_t parent = 0, start = 0;
        size_t open_bracket, close_bracket = 0, next;
        snprintf(path, sizeof path, "/proc/%llu/stat", (unsigned long long)pid);
        const struct slice stat = read_small(path, storage, sizeof storage);
        if (!slice_find(stat, SLICE("("), 0, &open_bracket))
            break;
        /* The name may hold brackets itself: the last one ends it. */
        for (size_t at = open_bracket; slice_find(stat, SLICE(")"), at, &next); at = next + 1)
            close_bracket = next;
        if (close_bracket <= open_bracket)
            break;
        const struct slice name = slice_part(stat, open_bracket + 1, close_bracket - open_bracket - 1);
        const struct slice fields = slice_part(stat, close_bracket + 2, stat.length);
        if (!stat_field(fields, 1, &parent) || !stat_field(fields, 19, &start))
            break;
        started = start;
        if (!is_shell(name) || parent <= 1)
            break;
        pid = parent;
    }
    const struct slice boot_id = slice_part(read_small("/proc/sys/kernel/random/boot_id", boot, sizeof boot), 0, 8);
    buffer_append_text(out, "pid-");
    buffer_append_u64(out, pid);
    buffer_append_byte(out, '-');
    buffer_append_u64(out, started ? started : (uint64_t)getsid(0));
    if (boot_id.length) {
        buffer_append_byte(out, '-');
        buffer_append_slice(out, boot_id);
    }
}
