/* The recorder: a process beside the shim's that turns what passes into ops. The forwarder copies each message's summary into a ring that
 * both share and goes on; nothing that recording meets, a full disk or a folder that hangs, reaches the bytes under way. In a session of
 * its own and without the agent's pipes, the recorder survives a SIGKILL of the forwarder and even of its process group: it writes what
 * is in the ring, closes the requests that are open, and ends what is left of the server. */
#ifndef SPANHOOK_SHIM_RECORDER_H
#define SPANHOOK_SHIM_RECORDER_H

#include "shim/child.h"
#include "shim/ring.h"
#include "shim/session.h"

#define RECORDER_PAUSE_MS 2        /* between two looks at a ring that keeps filling */
#define RECORDER_UNSETTLED_MS 3000 /* that hooks have to tell of their session before the first ops are written without them */
#define RECORDER_ORPHANS_MS 2000   /* from SIGTERM to SIGKILL, for what is left of the server */
#define RECORDER_FULL_MS 100       /* that the forwarder waits for room in the ring, in all, before it drops; */
#define RECORDER_EVENTS_PER_MS 10  /* so many that find room let it wait for another ms */
#define RECORDER_FIRST_TRACE_MS 20 /* that the forwarder waits, once, to be told of the first trace */
#define RECORDER_LAST_MS 200       /* that the forwarder waits for the recorder's end */

struct recorder_options {
    bool off;              /* nothing is recorded: the process only sees to the server's end */
    struct slice server;   /* the name of the server, may be empty */
    const char *state;     /* the state folder; NULL: the usual one */
    struct session_options session;
    void (*start_relay)(int ops_folder); /* if none runs; for sessions without hooks, which would start one */
};

/* The forwarder's side. */
struct recorder {
    const struct recorder_options *options;
    const struct child *child;
    struct ring *ring; /* NULL: nothing is recorded */
    pid_t pid;
    int doorbell;
    bool gone, gave_up_waiting;
    unsigned patience, earned; /* ms that may still be waited for room; events that have found some */
    struct ring_event event;
};

/* Forks the recorder. False: there is none, nothing is recorded, and nobody is there should we be killed. `child` is the server; its pipes
 * are not kept. Options and child must outlive it. */
bool recorder_start(struct recorder *recorder, const struct recorder_options *options, const struct child *child);
/* A child of ours has ended: if it was the recorder, another process takes its second task, and nothing is recorded any more. */
void recorder_look(struct recorder *recorder);
/* The trace to tell the server of with this request, of which the method is known. False: none. */
bool recorder_trace(struct recorder *recorder, const struct mcp_message *message, char trace_id[static TRACE_ID_HEX + 1]);
/* These three hand on what has happened; true: recorder_wake is to be called once the bytes are on their way. */
bool recorder_take(struct recorder *recorder, const struct mcp_message *message);
bool recorder_client_closed(struct recorder *recorder, uint64_t time, uint64_t since_boot);
bool recorder_server_exited(struct recorder *recorder, int status, uint64_t time, uint64_t since_boot);
void recorder_wake(struct recorder *recorder);
/* Nothing more comes: waits a little for the recorder to finish, which it does in any case. */
void recorder_end(struct recorder *recorder);

/* The recorder's side: runs to the end of the forwarder. `ring` may be NULL: then it only sees to the server. `doorbell` is readable when
 * the ring was filled, and at its end. */
void recorder_run(struct ring *ring, int doorbell, const struct recorder_options *options, const struct child *child);

#endif
