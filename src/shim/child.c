#include "shim/child.h"

#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

static _Noreturn void become(char *const *arguments, const struct child_signals *signals, const int in[2], const int out[2],
                             bool own_group, pid_t parent)
{
    struct error why;
    if (own_group)
        setpgid(0, 0);
#ifdef __linux__
    /* Who dies between the two calls leaves us with another parent. */
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() != parent)
        _exit(CHILD_NOT_RUN);
#else
    (void)parent;
#endif
    dup2(in[0], STDIN_FILENO);
    dup2(out[1], STDOUT_FILENO);
    sigaction(SIGCHLD, &signals->child, NULL);
    sigprocmask(SIG_SETMASK, &signals->mask, NULL);
    execvp(arguments[0], arguments);
    const int reason = errno;
    error_set_errno(&why, "cannot run %.200s", arguments[0]);
    (void)fprintf(stderr, "spanhook mcp: %s\n", why.text);
    (void)fflush(stderr);
    _exit(reason == ENOENT || reason == ENOTDIR ? CHILD_NOT_FOUND : CHILD_NOT_RUN);
}

bool child_start(struct child *child, char *const *arguments, const struct child_signals *signals, struct error *error)
{
    int in[2], out[2];
    const pid_t parent = getpid();
    child->own_group = !isatty(STDIN_FILENO);
    if (!io_pipe(in))
        return error_set_errno(error, "cannot make a pipe");
    if (!io_pipe(out)) {
        error_set_errno(error, "cannot make a pipe");
        close(in[0]);
        close(in[1]);
        return false;
    }
    child->pid = fork();
    if (child->pid == 0)
        become(arguments, signals, in, out, child->own_group, parent);
    const int why = errno;
    if (child->pid > 0 && child->own_group)
        setpgid(child->pid, child->pid); /* both do it: neither knows who comes first */
    close(in[0]);
    close(out[1]);
    child->in = in[1];
    child->out = out[0];
    if (child->pid < 0) {
        close(child->in);
        close(child->out);
        errno = why;
        return error_set_errno(error, "cannot start a process");
    }
    /* These ends are ours alone; the server's ends stay as programs expect them. */
    fcntl(child->in, F_SETFL, O_WRONLY | O_NONBLOCK);
    fcntl(child->out, F_SETFL, O_RDONLY | O_NONBLOCK);
    return true;
}

void child_signal(const struct child *child, int signal_number)
{
    kill(child->own_group ? -child->pid : child->pid, signal_number);
}

bool child_group_lives(const struct child *child)
{
    return child->own_group && (kill(-child->pid, 0) == 0 || errno == EPERM);
}
