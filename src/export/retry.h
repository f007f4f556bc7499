/* When to try again. Pure: the random number and the time of day are given. */
#ifndef SPANHOOK_EXPORT_RETRY_H
#define SPANHOOK_EXPORT_RETRY_H

#include "base/slice.h"

#define RETRY_WINDOW_FIRST 1000       /* ms */
#define RETRY_WINDOW_MAX 60000        /* ms */
#define RETRY_SHORTEST 100            /* ms; what the jitter leaves at least */
#define RETRY_AFTER_MAX (5 * 60 * 1000) /* ms; a longer Retry-After counts as this */

/* Milliseconds to wait after failure number `failures` (1 for the first) in a row: evenly spread over a window that doubles from
 * RETRY_WINDOW_FIRST to RETRY_WINDOW_MAX ("full jitter"), never less than RETRY_SHORTEST. `random`: any 64 random bits. */
unsigned retry_backoff(unsigned failures, uint64_t random);

/* The value of a Retry-After header (RFC 9110, 10.2.3): seconds, or a date in one of the three forms of 5.6.7, taken from `now` (ns since
 * 1970 UTC). *milliseconds is 0 for a moment that has passed and RETRY_AFTER_MAX at most. False, and nothing set, for anything else. */
bool retry_after_parse(struct slice value, uint64_t now, unsigned *milliseconds);

#endif
