/* Times programs as an agent runs hooks: stdin, stdout and stderr are pipes, the payload is written, stdin closed, both outputs are read to
 * their end and the process is reaped; the clock runs from before the start until all of that is done.
 *
 *   spawn RUNS PAYLOADS -- PROGRAM [ARGUMENT…] [-- PROGRAM [ARGUMENT…]]
 *
 * PAYLOADS holds one payload a line, used in turn. With two programs every run starts both on the same payload, one after the other, and
 * their order changes from run to run, so that whatever else the machine does meets both alike. Prints one line a run:
 * for each program  nanoseconds minor-faults max-rss-KiB exit-status bytes-printed. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROGRAMS_MAX 2
#define PIECE 65536

extern char **environ;

/* Where a payload stands in the file. It is not kept in memory: a started program's max-rss begins at what its parent's was. */
struct payload {
    off_t offset;
    size_t length;
};

/* Our ends of a program's three pipes; -1 once closed. */
struct ends {
    int in, out, error;
};

struct measure {
    uint64_t nanoseconds;
    long minor_faults, max_rss;
    int status;
    size_t printed;
};

static void die(const char *what)
{
    fprintf(stderr, "spawn: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * UINT64_C(1000000000) + (uint64_t)time.tv_nsec;
}

static void make_pipe(int ends[2])
{
    if (pipe(ends) != 0 || fcntl(ends[0], F_SETFD, FD_CLOEXEC) != 0 || fcntl(ends[1], F_SETFD, FD_CLOEXEC) != 0)
        die("pipe");
}

static char piece[PIECE];

/* Brings the piece of the payload that begins at `from` into `piece`; its length. */
static size_t load(int file, struct payload payload, size_t from)
{
    const size_t rest = payload.length - from, wanted = rest < PIECE ? rest : PIECE;
    if (pread(file, piece, wanted, payload.offset + (off_t)from) != (ssize_t)wanted)
        die("payload");
    return wanted;
}

static void end(int *descriptor)
{
    close(*descriptor);
    *descriptor = -1;
}

/* Writes the payload, whose first piece is loaded, and reads both outputs until they end. */
static size_t converse(struct ends ends, int file, struct payload payload)
{
    size_t piece_start = 0, piece_length = payload.length < PIECE ? payload.length : PIECE, written = 0, printed = 0;
    char ignored[4096];

    if (fcntl(ends.in, F_SETFL, O_NONBLOCK) != 0)
        die("fcntl");
    while (ends.in >= 0 || ends.out >= 0 || ends.error >= 0) {
        if (ends.in >= 0) {
            const ssize_t count = write(ends.in, piece + (written - piece_start), piece_start + piece_length - written);
            if (count > 0)
                written += (size_t)count;
            if (written == payload.length || (count < 0 && errno != EAGAIN)) {
                end(&ends.in);
            } else if (written == piece_start + piece_length) {
                piece_start = written;
                piece_length = load(file, payload, written);
                continue;
            }
        }
        struct pollfd watched[3] = {{ends.in, POLLOUT, 0}, {ends.out, POLLIN, 0}, {ends.error, POLLIN, 0}};
        if (poll(watched, 3, -1) < 0)
            die("poll");
        for (int i = 1; i < 3; i++) {
            if (watched[i].fd < 0 || !watched[i].revents)
                continue;
            const ssize_t count = read(watched[i].fd, ignored, sizeof ignored);
            if (count > 0)
                printed += (size_t)count;
            else
                end(i == 1 ? &ends.out : &ends.error);
        }
    }
    return printed;
}

static struct measure run(char *const *arguments, int file, struct payload payload)
{
    int in[2], out[2], error[2];
    posix_spawn_file_actions_t actions;
    struct measure measure = {0};
    struct rusage usage;
    pid_t child;

    make_pipe(in);
    make_pipe(out);
    make_pipe(error);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    posix_spawn_file_actions_adddup2(&actions, error[1], 2);

    load(file, payload, 0);
    const uint64_t start = now();
    errno = posix_spawn(&child, arguments[0], &actions, NULL, arguments, environ);
    if (errno)
        die(arguments[0]);
    close(in[0]);
    close(out[1]);
    close(error[1]);
    measure.printed = converse((struct ends){in[1], out[0], error[0]}, file, payload);
    while (wait4(child, &measure.status, 0, &usage) < 0)
        if (errno != EINTR)
            die("wait4");
    measure.nanoseconds = now() - start;

    posix_spawn_file_actions_destroy(&actions);
    measure.minor_faults = usage.ru_minflt;
    measure.max_rss = usage.ru_maxrss;
    return measure;
}

/* Finds the lines of the file. */
static struct payload *find_payloads(int file, size_t *count)
{
    struct payload *payloads = NULL;
    off_t offset = 0, line = 0;
    ssize_t length;

    *count = 0;
    while ((length = pread(file, piece, PIECE, offset)) > 0) {
        for (ssize_t i = 0; i < length; i++) {
            if (piece[i] != '\n')
                continue;
            struct payload *more = realloc(payloads, (*count + 1) * sizeof *payloads);
            if (!more)
                die("memory");
            payloads = more;
            payloads[(*count)++] = (struct payload){line, (size_t)(offset + i - line)};
            line = offset + i + 1;
        }
        offset += length;
    }
    if (*count == 0) {
        fprintf(stderr, "spawn: the file holds no payload\n");
        exit(1);
    }
    return payloads;
}

int main(int argc, char **argv)
{
    char **programs[PROGRAMS_MAX];
    unsigned program_count = 0;
    size_t payload_count;

    signal(SIGPIPE, SIG_IGN);
    for (int i = 3; i < argc; i++) {
        if (strcmp(argv[i], "--") != 0)
            continue;
        if (program_count == PROGRAMS_MAX || i + 1 == argc)
            break;
        argv[i] = NULL;
        programs[program_count++] = &argv[i + 1];
    }
    if (program_count == 0) {
        fprintf(stderr, "usage: spawn RUNS PAYLOADS -- PROGRAM [ARGUMENT...] [-- PROGRAM [ARGUMENT...]]\n");
        return 2;
    }
    const unsigned long runs = strtoul(argv[1], NULL, 10);
    const int file = open(argv[2], O_RDONLY | O_CLOEXEC);
    if (file < 0)
        die(argv[2]);
    struct payload *payloads = find_payloads(file, &payload_count);

    for (unsigned long i = 0; i < runs; i++) {
        struct measure measures[PROGRAMS_MAX];
        for (unsigned k = 0; k < program_count; k++) {
            const unsigned which = (k + (unsigned)i) % program_count;
            measures[which] = run(programs[which], file, payloads[i % payload_count]);
        }
        for (unsigned k = 0; k < program_count; k++)
            printf("%s%llu %ld %ld %d %zu", k ? " " : "", (unsigned long long)measures[k].nanoseconds, measures[k].minor_faults,
                   measures[k].max_rss, measures[k].status, measures[k].printed);
        putchar('\n');
    }
    free(payloads);
    close(file);
    return 0;
}
