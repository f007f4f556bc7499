/* What the forwarder tells the recorder: a ring of events in memory that both processes share. One writes, one reads; writing is a copy and
 * no system call, so that recording costs the messages next to nothing, and what was written survives the writer's death. */
#ifndef SPANHOOK_SHIM_RING_H
#define SPANHOOK_SHIM_RING_H

#include "shim/message.h"

#include <stdatomic.h>

#define RING_SIZE 262144 /* bytes; a power of two */

enum ring_event_type {
    RING_MESSAGE,
    RING_CLIENT_CLOSED, /* the client has closed the server's input */
    RING_SERVER_EXITED, /* `status` as of waitpid */
    RING_END            /* the forwarder has nothing more to tell */
};

struct ring_event {
    uint32_t type; /* enum ring_event_type */
    int32_t status;
    uint64_t time, since_boot;
    struct mcp_message message; /* last, and written only as far as it is used */
};

/* Lies in memory that is shared. */
struct ring {
    _Atomic uint32_t written, taken; /* bytes, modulo 2^32 */
    _Atomic uint32_t asleep;         /* the reader waits at the doorbell */
    _Atomic uint32_t dropped;        /* events that found no room */
    _Atomic uint32_t foreign;        /* lines that were no messages */
    /* The other way: the trace that servers are to be told of. */
    _Atomic uint32_t told; /* odd while it is being written; 0: nothing has been told yet */
    bool settled;          /* it will hold; else it is the best guess */
    char trace_id[TRACE_ID_HEX + 1];
    char bytes[RING_SIZE];
};

/* NULL if there is no shared memory to be had. It is kept across fork, and goes with the processes. */
struct ring *ring_new(void);

/* Writer. False: no room; nothing is written, nothing counted. */
bool ring_put(struct ring *ring, const struct ring_event *event);
/* Whether the reader must be woken; true once per sleep. */
bool ring_must_wake(struct ring *ring);

/* Reader. False: nothing there. */
bool ring_get(struct ring *ring, struct ring_event *event);
/* Says that the reader is going to sleep. False: something has come meanwhile. */
bool ring_sleep(struct ring *ring);

void ring_tell_trace(struct ring *ring, const char *trace_id, bool settled);
/* False: nothing has been told yet. */
bool ring_told_trace(const struct ring *ring, char trace_id[static TRACE_ID_HEX + 1], bool *settled);

#endif
