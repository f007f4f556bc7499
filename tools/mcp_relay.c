/* The floor that `make bench-mcp` measures the shim against: starts a command and copies bytes both ways between its own stdin and stdout
 * and the command's, as two `cat` would, and does nothing else.
 *
 *   mcp_relay [--poll] [ARGUMENT…] -- COMMAND [ARGUMENT…]
 *
 * One process a direction, with calls that block; with --poll one process for both. Other arguments before the -- are passed over, so that
 * it can be measured in the shim's place. Exits as the command does, or with 128 + its signal. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIECE 65536

static void die(const char *what)
{
    fprintf(stderr, "mcp_relay: %s: %s\n", what, strerror(errno));
    exit(1);
}

static pid_t fork_or_die(void)
{
    const pid_t process = fork();
    if (process < 0)
        die("fork");
    return process;
}

/* -- one process a direction ---------------------------------------------------------------------------------------------------------- */

static void copy(int from, int to)
{
    static char piece[PIECE];
    ssize_t count;

    while ((count = read(from, piece, sizeof piece)) > 0) {
        for (ssize_t done = 0; done < count;) {
            const ssize_t more = write(to, piece + done, (size_t)(count - done));
            if (more < 0)
                return;
            done += more;
        }
    }
}

static void relay_with_two(int to_command, int from_command)
{
    const pid_t other = fork_or_die();
    if (other == 0) {
        close(from_command);
        close(STDOUT_FILENO);
        copy(STDIN_FILENO, to_command);
        _exit(0);
    }
    close(to_command);
    close(STDIN_FILENO);
    copy(from_command, STDOUT_FILENO);
    kill(other, SIGTERM);
    while (waitpid(other, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* -- one process for both ------------------------------------------------------------------------------------------------------------- */

/* What was read of a direction and is not written yet; from is -1 after the end. */
struct direction {
    int from, to;
    size_t begin, end;
    char piece[PIECE];
};

static void finish(struct direction *direction)
{
    direction->from = -1;
    close(direction->to);
}

/* Writes what there is; whether all of it went. */
static bool drain(struct direction *direction)
{
    const ssize_t count = write(direction->to, direction->piece + direction->begin, direction->end - direction->begin);
    if (count < 0 && errno != EAGAIN)
        finish(direction);
    direction->begin += count > 0 ? (size_t)count : 0;
    return direction->begin == direction->end;
}

static void step(struct direction *direction)
{
    if (direction->begin == direction->end) {
        const ssize_t count = read(direction->from, direction->piece, PIECE);
        if (count < 0 && errno == EAGAIN)
            return;
        if (count <= 0) {
            finish(direction);
            return;
        }
        direction->begin = 0;
        direction->end = (size_t)count;
    }
    drain(direction);
}

static void relay_with_one(int to_command, int from_command)
{
    static struct direction up, down;

    up.from = STDIN_FILENO;
    up.to = to_command;
    down.from = from_command;
    down.to = STDOUT_FILENO;
    /* Stdin and stdout are shared with whoever started us, so only the command's ends may be changed. */
    if (fcntl(to_command, F_SETFL, O_NONBLOCK) != 0 || fcntl(from_command, F_SETFL, O_NONBLOCK) != 0)
        die("fcntl");
    while (down.from >= 0) {
        const bool up_full = up.begin != up.end, down_full = down.begin != down.end;
        struct pollfd watched[2] = {{up_full && up.from >= 0 ? up.to : up.from, up_full ? POLLOUT : POLLIN, 0},
                                    {down_full ? down.to : down.from, down_full ? POLLOUT : POLLIN, 0}};
        if (poll(watched, 2, -1) < 0)
            die("poll");
        if (watched[0].revents)
            step(&up);
        if (watched[1].revents)
            step(&down);
    }
}

int main(int argc, char **argv)
{
    int in[2], out[2], status, command = 1;
    bool with_one = false;

    for (; command < argc && strcmp(argv[command], "--") != 0; command++)
        with_one = with_one || strcmp(argv[command], "--poll") == 0;
    if (++command >= argc) {
        fprintf(stderr, "usage: mcp_relay [--poll] -- COMMAND [ARGUMENT...]\n");
        return 2;
    }
    if (pipe(in) != 0 || pipe(out) != 0)
        die("pipe");
    const pid_t child = fork_or_die();
    if (child == 0) {
        if (dup2(in[0], STDIN_FILENO) < 0 || dup2(out[1], STDOUT_FILENO) < 0)
            die("dup2");
        close(in[0]);
        close(in[1]);
        close(out[0]);
        close(out[1]);
        execvp(argv[command], &argv[command]);
        die(argv[command]);
    }
    close(in[0]);
    close(out[1]);
    signal(SIGPIPE, SIG_IGN);
    if (with_one)
        relay_with_one(in[1], out[0]);
    else
        relay_with_two(in[1], out[0]);
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            die("waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
