#include "net/deadline.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>

int deadline_poll(int descriptor, short events, deadline until)
{
    struct pollfd entry = {.fd = descriptor, .events = events};
    for (;;) {
        const uint64_t now = clock_since_boot();
        /* rounded up: a wait of less than a millisecond must not become a busy loop */
        const uint64_t left = now >= until ? 0 : (until - now - 1) / NANOSECONDS_PER_MILLISECOND + 1;
        const int ready = poll(&entry, 1, left > INT_MAX ? INT_MAX : (int)left);
        if (ready > 0)
            return entry.revents;
        if (ready < 0 && errno != EINTR)
            return -1;
        if (ready == 0 && clock_since_boot() >= until)
            return 0;
    }
}
