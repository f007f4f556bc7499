#include "verbs/relay_start.h"

#include "base/io.h"
#include "store/lock.h"
#include "verbs/verb.h"

#include <signal.h>
#include <unistd.h>

extern char **environ;

static void become_relay(void)
{
    static char program[] = "spanhook", verb[] = "relay";
    char *arguments[] = {program, verb, NULL};
    sigset_t none;

    if (fork() != 0) /* the leader of a process group cannot begin a session */
        _exit(0);
    setsid();
    /* The agent waits for the end of its pipes, which this process has inherited: nothing of them may stay open. */
    io_leave_standard();
    io_close_from(3);
    /* Another folder would keep its file system from being unmounted. */
    if (chdir("/") != 0)
        _exit(0);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve("/proc/self/exe", arguments, environ);
    /* No /proc, or the binary is gone: this process has all the code it needs. */
    _exit(verb_relay.run(&verb_relay, 1, arguments + 1));
}

void relay_start_if_none(int ops_folder)
{
    if (relay_lock_look(ops_folder) != LOCK_FREE)
        return;
    const pid_t child = fork();
    if (child == 0)
        become_relay();
    /* Some agents kill the hook's process group as soon as the hook has ended: the child must be out of it by then. */
    if (child > 0)
        setpgid(child, child);
}
