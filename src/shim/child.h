/* The server: the process that the shim stands before. */
#ifndef SPANHOOK_SHIM_CHILD_H
#define SPANHOOK_SHIM_CHILD_H

#include "base/error.h"

#include <signal.h>
#include <sys/types.h>

enum { CHILD_NOT_FOUND = 127, CHILD_NOT_RUN = 126 }; /* exit codes, as those of a shell */

struct child {
    pid_t pid;
    bool own_group; /* it leads a process group; not where the standard input is a terminal, which it would lose */
    int in, out;    /* our ends of its standard input and output: close-on-exec, not blocking */
};

/* What the server finds as if we were not there. */
struct child_signals {
    sigset_t mask;
    struct sigaction child; /* of SIGCHLD */
};

/* Starts `arguments` (NULL-terminated), found by PATH, with pipes for its standard input and output and all else as ours. It gets SIGTERM
 * when we die (Linux). A program that cannot be run says so on the standard error and ends with one of the codes above. False: no process
 * could be made. The signals that the shim catches must be blocked before; the child gets `signals`. */
bool child_start(struct child *child, char *const *arguments, const struct child_signals *signals, struct error *error);
/* To the whole group, or to the process alone where it has none of its own. */
void child_signal(const struct child *child, int signal_number);
/* Whether anything of its group is left. */
bool child_group_lives(const struct child *child);

#endif
