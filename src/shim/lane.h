/* One direction: bytes from one descriptor to another through the scanner, never more in hand than one buffer. */
#ifndef SPANHOOK_SHIM_LANE_H
#define SPANHOOK_SHIM_LANE_H

#include "shim/inject.h"

#define LANE_BUFFER_SIZE ((size_t)64 * 1024)
#define LANE_PIPE_SIZE 262144 /* of its pipes, from the first large piece on, where the system lets us choose (Linux) */

/* How the receiving descriptor is written to without waiting for it. */
enum lane_way {
    LANE_NOT_BLOCKING, /* it does not block */
    LANE_SOCKET,       /* call by call */
    LANE_SMALL         /* a pipe that others may share: what poll says there is room for (PIPE_BUF) */
};

struct lane {
    int from, to;     /* -1: closed */
    enum lane_way way;
    bool ended;       /* no more comes in */
    bool broken;      /* nobody reads any more */
    bool widened;     /* its pipes have been made larger, or could not be */
    uint64_t moved;   /* bytes that have come in */
    struct inject inject;
    struct inject_output output;
    unsigned part;       /* of the output, to be written next, */
    size_t part_written; /* and how much of it has been */
    size_t filled, fed;  /* of the buffer */
    char buffer[LANE_BUFFER_SIZE];
};

/* `to` and `from` are closed by the lane: `to` when all has been passed on, `from` when nobody reads any more. */
void lane_init(struct lane *lane, int from, int to, enum lane_way way);
/* The same for a descriptor that this process was given: finds a way, and may put another descriptor in its place. */
void lane_init_given(struct lane *lane, int from, int to);

/* Whether it waits to write, and not to read. */
bool lane_is_full(const struct lane *lane);
/* Moves what can be moved: called when its descriptor is ready. `now`: ns since 1970 and since boot. */
void lane_move(struct lane *lane, uint64_t now, uint64_t since_boot);
/* All that came in is out, and no more comes; or nobody reads it. */
bool lane_is_done(const struct lane *lane);

#endif
