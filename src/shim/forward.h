/* The shim's own loop: bytes both ways between the agent and the server, signals to the server, and an end that leaves nothing behind. */
#ifndef SPANHOOK_SHIM_FORWARD_H
#define SPANHOOK_SHIM_FORWARD_H

#include "shim/child.h"
#include "shim/inspect.h"
#include "shim/recorder.h"

/* How long is waited, in ms. */
#define FORWARD_QUIET_MS 5000       /* for a server that has lost its client and has nothing to answer, before it gets SIGTERM */
#define FORWARD_BUSY_MS 60000       /* the same while requests are open; from its last output on */
#define FORWARD_DESERTED_MS 1000    /* the same, and the next, where the agent is gone */
#define FORWARD_KILL_MS 5000        /* from a SIGTERM or SIGHUP on, before SIGKILL */
#define FORWARD_DRAIN_MS 500        /* for more output after the server's end: something else may hold its pipe, */
#define FORWARD_DRAIN_MOST_MS 3000  /* and go on writing to it */

struct forward_options {
    bool inject;
    bool inspect;
    pid_t agent; /* our parent at the start */
};

/* Blocks what the loop catches; *before is for the server. To be called before it is started. */
void forward_block_signals(struct child_signals *before);
/* Runs to the end of the server and returns its exit code, or 128 + its signal. `recorder` may be NULL. */
int forward_run(const struct forward_options *options, struct child *child, struct recorder *recorder);

#endif
