/* Both ends of an MCP connection for `make bench-mcp`, doing as little as they can.
 *
 *   mcp_peer serve SHAPE SIZE
 *       a server: answers each line with one of SIZE bytes, whose text begins with the length of the request
 *   mcp_peer time [--hold] ROUNDS BLOCK SHAPE SIZE + COMMAND [ARGUMENT…] [+ COMMAND [ARGUMENT…]]…
 *       a client: starts each command and asks each ROUNDS times in requests of SIZE bytes, one after the other, never two at once. They
 *       take turns of BLOCK rounds, so that whatever else the machine does meets all alike. Prints a line each of
 *         pid PID…              of the commands
 *         round NANOSECONDS…    from before the request is written until the answer is read, of each round
 *         seen LENGTH…          the length of the last request, as the server saw it
 *         end STATUS MAX-RSS NANOSECONDS…   three numbers a command: its wait status, KiB, and from the end of its input to its own;
 *                               with --hold not before stdin ends
 *   mcp_peer start RUNS + COMMAND [ARGUMENT…] [+ COMMAND [ARGUMENT…]]…
 *       starts each command RUNS times in turn; prints a line a run of the nanoseconds from there to what the command prints as its clock
 *   mcp_peer clock
 *       a command for that: prints the clock and ends
 *
 * SHAPE is text, one long string, or dense, an array of small objects. A SIZE counts the line's end. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROGRAMS_MAX 8
#define PIECE 65536
#define HEAD_MAX 256
#define UNIT 32

extern char **environ;

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "mcp_peer: %s: %s\n", what, strerror(errno));
    exit(1);
}

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "mcp_peer: %s\n", what);
    exit(1);
}

static uint64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * UINT64_C(1000000000) + (uint64_t)time.tv_nsec;
}

/* -- messages ------------------------------------------------------------------------------------------------------------------------- */

/* A message is its head, as many of the unit of UNIT bytes as fit, blanks, which do no harm there, and its tail. */
struct shape {
    const char *name, *unit;
    const char *request_head, *request_tail;
    const char *answer_head, *answer_tail;
};

#define REQUEST_HEAD "{\"jsonrpc\":\"2.0\",\"id\":%lu,\"method\":\"tools/call\",\"params\":{\"name\":\"echo\",\"arguments\":{%s"
#define ANSWER_HEAD "{\"jsonrpc\":\"2.0\",\"id\":%lu,\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"%zu bytes%s"

static const struct shape shapes[] = {
    {"text", "compiling a file of the module\\n", "\"text\":\"", "\"}}}\n", ": ", "\"}],\"isError\":false}}\n"},
    {"dense", "{\"id\":1,\"ok\":true},{\"at\":2.5e1},", "\"rows\":[", "0]}}}\n", "\"}],\"structuredContent\":{\"rows\":[",
     "0]},\"isError\":false}}\n"},
};

static const struct shape *find_shape(const char *name)
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (strcmp(shapes[i].name, name) == 0)
            return &shapes[i];
    fail("a shape is text or dense");
}

/* Nothing but units: what large messages are made of, without a copy. */
static char units[PIECE];

static void fill_units(const struct shape *shape)
{
    for (size_t length = 0; length < sizeof units; length += UNIT)
        memcpy(units + length, shape->unit, UNIT);
}

static void write_all(int to, const char *bytes, size_t length)
{
    while (length > 0) {
        const ssize_t count = write(to, bytes, length);
        if (count < 0)
            die("write");
        bytes += count;
        length -= (size_t)count;
    }
}

/* A message ready to be sent: what is in `piece` first, then `middle` bytes of units, then what is in `last`. */
struct message {
    char piece[PIECE + HEAD_MAX], last[PIECE + HEAD_MAX];
    size_t piece_length, middle, last_length;
};

/* Units, blanks and the tail. */
static size_t put_end(char *into, size_t body, const char *tail)
{
    const size_t whole = body - body % UNIT, tail_length = strlen(tail);
    memcpy(into, units, whole);
    memset(into + whole, ' ', body - whole);
    memcpy(into + body, tail, tail_length + 1);
    return body + tail_length;
}

/* Completes a message whose head is in its piece. */
static void complete(struct message *message, size_t head_length, const char *tail, size_t size)
{
    const size_t ends = head_length + strlen(tail), body = size > ends ? size - ends : 0;
    message->middle = message->last_length = 0;
    if (size <= PIECE) {
        message->piece_length = head_length + put_end(message->piece + head_length, body, tail);
        return;
    }
    const size_t space = PIECE - head_length, room = space < body ? space : body, first = room - room % UNIT, rest = body - first;
    memcpy(message->piece + head_length, units, first);
    message->piece_length = head_length + first;
    message->middle = rest - rest % sizeof units;
    message->last_length = put_end(message->last, rest - message->middle, tail);
}

static void send(int to, const struct message *message)
{
    write_all(to, message->piece, message->piece_length);
    for (size_t sent = 0; sent < message->middle; sent += sizeof units)
        write_all(to, units, sizeof units);
    write_all(to, message->last, message->last_length);
}

/* A line that was received: how it begins, as a string, and its length. */
struct line {
    char head[HEAD_MAX];
    size_t length;
};

/* False at the end of the input. As nobody sends before the answer is there, a line's end is also the end of what can be read. */
static bool receive(int from, struct line *line)
{
    static char piece[PIECE];
    ssize_t count;

    line->length = 0;
    do {
        count = read(from, piece, sizeof piece);
        if (count <= 0)
            return false;
        if (line->length < HEAD_MAX - 1) {
            const size_t room = HEAD_MAX - 1 - line->length, taken = (size_t)count < room ? (size_t)count : room;
            memcpy(line->head + line->length, piece, taken);
            line->head[line->length + taken] = '\0';
        }
        line->length += (size_t)count;
    } while (piece[count - 1] != '\n');
    return true;
}

static unsigned long number_after(const struct line *line, const char *key)
{
    const char *found = strstr(line->head, key);
    if (!found)
        fail("a message without its number");
    return strtoul(found + strlen(key), NULL, 10);
}

static int serve(const struct shape *shape, size_t size)
{
    static struct message answer;
    struct line line;

    fill_units(shape);
    while (receive(STDIN_FILENO, &line)) {
        const int length = snprintf(answer.piece, HEAD_MAX, ANSWER_HEAD, number_after(&line, "\"id\":"), line.length, shape->answer_head);
        complete(&answer, (size_t)length, shape->answer_tail, size);
        send(STDOUT_FILENO, &answer);
    }
    return 0;
}

/* -- programs ------------------------------------------------------------------------------------------------------------------------- */

struct program {
    char **arguments;
    pid_t pid;
    int in, out;
    size_t seen;
};

static void make_pipe(int ends[2])
{
    if (pipe(ends) != 0 || fcntl(ends[0], F_SETFD, FD_CLOEXEC) != 0 || fcntl(ends[1], F_SETFD, FD_CLOEXEC) != 0)
        die("pipe");
}

static void start(struct program *program)
{
    posix_spawn_file_actions_t actions;
    int in[2], out[2];

    make_pipe(in);
    make_pipe(out);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    errno = posix_spawnp(&program->pid, program->arguments[0], &actions, NULL, program->arguments, environ);
    if (errno)
        die(program->arguments[0]);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    program->in = in[1];
    program->out = out[0];
}

/* Closes its pipes and waits for it; returns its wait status. */
static int end(const struct program *program, long *max_rss)
{
    struct rusage usage;
    int status;

    close(program->in);
    close(program->out);
    while (wait4(program->pid, &status, 0, &usage) < 0)
        if (errno != EINTR)
            die("wait4");
    *max_rss = usage.ru_maxrss;
    return status;
}

/* Splits the arguments at each + and ends each part with NULL. */
static unsigned find_programs(int argc, char **argv, struct program *programs)
{
    unsigned count = 0;
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "+") != 0)
            continue;
        if (i + 1 == argc || count == PROGRAMS_MAX)
            fail("a + without a command, or too many");
        argv[i] = NULL;
        programs[count++].arguments = &argv[i + 1];
    }
    return count;
}

/* -- a client ------------------------------------------------------------------------------------------------------------------------- */

static uint64_t ask(struct program *program, const struct shape *shape, size_t size)
{
    static struct message request;
    static unsigned long id = 1000000;
    struct line answer;

    const int length = snprintf(request.piece, HEAD_MAX, REQUEST_HEAD, ++id, shape->request_head);
    complete(&request, (size_t)length, shape->request_tail, size);
    const uint64_t begun = now();
    send(program->in, &request);
    if (!receive(program->out, &answer))
        fail("a command ended instead of answering");
    const uint64_t took = now() - begun;

    if (number_after(&answer, "\"id\":") != id)
        fail("an answer to another request");
    program->seen = number_after(&answer, "\"text\":\"");
    return took;
}

static void print_rounds(const uint64_t *took, unsigned long rounds, unsigned program_count)
{
    for (unsigned long round = 0; round < rounds; round++) {
        printf("round");
        for (unsigned k = 0; k < program_count; k++)
            printf(" %llu", (unsigned long long)*took++);
        putchar('\n');
    }
}

static void time_rounds(struct program *programs, unsigned program_count, unsigned long rounds, unsigned long block,
                        const struct shape *shape, size_t size)
{
    uint64_t *took = calloc(rounds * program_count, sizeof *took);
    if (!took)
        die("memory");

    fill_units(shape);
    for (unsigned k = 0; k < program_count; k++)
        start(&programs[k]);
    for (unsigned long from = 0; from < rounds; from += block) {
        const unsigned long to = from + block < rounds ? from + block : rounds;
        for (unsigned k = 0; k < program_count; k++) {
            const unsigned which = (unsigned)((k + from / block) % program_count);
            for (unsigned long round = from; round < to; round++)
                took[round * program_count + which] = ask(&programs[which], shape, size);
        }
    }

    printf("pid");
    for (unsigned k = 0; k < program_count; k++)
        printf(" %ld", (long)programs[k].pid);
    putchar('\n');
    print_rounds(took, rounds, program_count);
    printf("seen");
    for (unsigned k = 0; k < program_count; k++)
        printf(" %zu", programs[k].seen);
    putchar('\n');
    fflush(stdout);
    free(took);
}

static void end_rounds(struct program *programs, unsigned program_count, bool hold)
{
    char ignored;

    while (hold && read(STDIN_FILENO, &ignored, 1) > 0)
        ;
    printf("end");
    for (unsigned k = 0; k < program_count; k++) {
        long max_rss;
        const uint64_t begun = now();
        const int status = end(&programs[k], &max_rss);
        printf(" %d %ld %llu", status, max_rss, (unsigned long long)(now() - begun));
    }
    putchar('\n');
}

static int time_starts(struct program *programs, unsigned program_count, unsigned long runs)
{
    uint64_t took[PROGRAMS_MAX];
    char clock[32];
    long max_rss;

    for (unsigned long i = 0; i < runs; i++) {
        for (unsigned k = 0; k < program_count; k++) {
            const unsigned which = (unsigned)((k + i) % program_count);
            const uint64_t begun = now();
            start(&programs[which]);
            const ssize_t count = read(programs[which].out, clock, sizeof clock - 1);
            if (count <= 0)
                fail("a command printed no clock");
            clock[count] = '\0';
            took[which] = strtoull(clock, NULL, 10) - begun;
            end(&programs[which], &max_rss);
        }
        for (unsigned k = 0; k < program_count; k++)
            printf("%s%llu", k ? " " : "", (unsigned long long)took[k]);
        putchar('\n');
    }
    return 0;
}

static int print_clock(void)
{
    const uint64_t time = now();
    printf("%llu\n", (unsigned long long)time);
    return 0;
}

int main(int argc, char **argv)
{
    struct program programs[PROGRAMS_MAX];
    const char *role = argc > 1 ? argv[1] : "";
    const unsigned program_count = find_programs(argc, argv, programs);
    const bool hold = argc > 2 && argv[2] && strcmp(argv[2], "--hold") == 0;
    char **given = argv + 2 + hold;
    int given_count = 0;

    while (given + given_count < argv + argc && given[given_count])
        given_count++;
    signal(SIGPIPE, SIG_IGN);
    if (strcmp(role, "clock") == 0)
        return print_clock();
    if (strcmp(role, "serve") == 0 && given_count == 2)
        return serve(find_shape(given[0]), strtoul(given[1], NULL, 10));
    if (strcmp(role, "start") == 0 && given_count == 1 && program_count > 0)
        return time_starts(programs, program_count, strtoul(given[0], NULL, 10));
    if (strcmp(role, "time") == 0 && given_count == 4 && program_count > 0) {
        const unsigned long rounds = strtoul(given[0], NULL, 10), block = strtoul(given[1], NULL, 10);
        if (rounds == 0 || block == 0)
            fail("no rounds");
        time_rounds(programs, program_count, rounds, block, find_shape(given[2]), strtoul(given[3], NULL, 10));
        end_rounds(programs, program_count, hold);
        return 0;
    }
    fprintf(stderr, "usage: mcp_peer serve SHAPE SIZE | time [--hold] ROUNDS BLOCK SHAPE SIZE + COMMAND... |\n"
                    "       mcp_peer start RUNS + COMMAND... | clock\n");
    return 2;
}
