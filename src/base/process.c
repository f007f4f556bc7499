#include "base/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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

#define TICK UINT64_C(10000000) /* ns: USER_HZ is 100 wherever Linux runs */

struct process {
    uint64_t parent, started;
    bool shell;
};

static bool look_at(uint64_t pid, struct process *process)
{
    char path[64], storage[1024];
    size_t open_bracket, close_bracket = 0, next;
    snprintf(path, sizeof path, "/proc/%llu/stat", (unsigned long long)pid);
    const struct slice stat = read_small(path, storage, sizeof storage);
    if (!slice_find(stat, SLICE("("), 0, &open_bracket))
        return false;
    /* The name may hold brackets itself: the last one ends it. */
    for (size_t at = open_bracket; slice_find(stat, SLICE(")"), at, &next); at = next + 1)
        close_bracket = next;
    if (close_bracket <= open_bracket)
        return false;
    const struct slice fields = slice_part(stat, close_bracket + 2, stat.length);
    process->shell = is_shell(slice_part(stat, open_bracket + 1, close_bracket - open_bracket - 1));
    return stat_field(fields, 1, &process->parent) && stat_field(fields, 19, &process->started);
}

static struct slice read_boot_id(char storage[static 64])
{
    return slice_part(read_small("/proc/sys/kernel/random/boot_id", storage, 64), 0, 8);
}

static void write_identity(struct buffer *out, uint64_t pid, uint64_t started, struct slice boot_id)
{
    buffer_append_text(out, "pid-");
    buffer_append_u64(out, pid);
    buffer_append_byte(out, '-');
    buffer_append_u64(out, started);
    if (boot_id.length) {
        buffer_append_byte(out, '-');
        buffer_append_slice(out, boot_id);
    }
}

/* Asked for twice by a hook whose payload names no session: the second time it costs no look into /proc. */
void process_agent_identity(struct buffer *out)
{
    static char kept[PROCESS_IDENTITY_MAX];
    static size_t kept_length;
    const size_t at = out->length;
    char boot[64];
    if (kept_length) {
        buffer_append(out, kept, kept_length);
        return;
    }
    uint64_t pid = (uint64_t)getppid(), started = 0;

    for (unsigned i = 0; i < PROCESS_ANCESTORS_MAX; i++) {
        struct process process;
        if (!look_at(pid, &process))
            break;
        started = process.started;
        if (!process.shell || process.parent <= 1)
            break;
        pid = process.parent;
    }
    write_identity(out, pid, started ? started : (uint64_t)getsid(0), read_boot_id(boot));
    if (!out->failed && out->length - at <= sizeof kept) {
        kept_length = out->length - at;
        memcpy(kept, out->data + at, kept_length);
    }
}

size_t process_ancestors(pid_t from, struct process_ancestor ancestors[static PROCESS_ANCESTORS_MAX])
{
    char boot[64];
    size_t count = 0;
    const struct slice boot_id = read_boot_id(boot);
    for (uint64_t pid = (uint64_t)from; (pid > 1 || count == 0) && count < PROCESS_ANCESTORS_MAX;) {
        struct process process;
        struct buffer text;
        if (!look_at(pid, &process))
            break;
        struct process_ancestor *ancestor = &ancestors[count];
        buffer_init_fixed(&text, ancestor->identity, sizeof ancestor->identity);
        write_identity(&text, pid, process.started, boot_id);
        ancestor->shell = process.shell;
        ancestor->started = process.started * TICK;
        if (!buffer_text(&text))
            break;
        count++;
        pid = process.parent;
    }
    return count;
}
