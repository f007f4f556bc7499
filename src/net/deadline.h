/* Deadlines: moments on clock_since_boot(), so that neither a changed clock nor a suspended machine stretches a wait. */
#ifndef SPANHOOK_NET_DEADLINE_H
#define SPANHOOK_NET_DEADLINE_H

#include "base/clock.h"

#include <stdbool.h>

typedef uint64_t deadline;

static inline deadline deadline_after(unsigned milliseconds)
{
    return clock_since_boot() + (uint64_t)milliseconds * NANOSECONDS_PER_MILLISECOND;
}

static inline deadline deadline_earlier(deadline a, deadline b)
{
    return a < b ? a : b;
}

/* Waits until one of `events` (poll.h), an error or a hang-up; 0: the deadline has passed; -1 with errno. Signals do not end the wait. */
int deadline_poll(int descriptor, short events, deadline until);

#endif
