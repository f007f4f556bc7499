#include "report/duration.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>

#define MINUTE 60
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static uint64_t rounded(uint64_t nanoseconds, uint64_t unit)
{
    return nanoseconds / unit + (nanoseconds % unit >= unit - unit / 2 ? 1 : 0);
}

/* Each limit is where rounding would reach the next unit: 999.6 ms is 1.0 s, and never 1000 ms. */
void duration_format(uint64_t nanoseconds, bool unicode, char text[static DURATION_TEXT_SIZE])
{
    const uint64_t microseconds = rounded(nanoseconds, 1000), milliseconds = rounded(nanoseconds, NANOSECONDS_PER_MILLISECOND);
    const uint64_t milliseconds_tenths = rounded(nanoseconds, NANOSECONDS_PER_MILLISECOND / 10);
    const uint64_t tenths = rounded(nanoseconds, NANOSECONDS_PER_SECOND / 10), seconds = rounded(nanoseconds, NANOSECONDS_PER_SECOND);
    const uint64_t minutes = rounded(nanoseconds, MINUTE * NANOSECONDS_PER_SECOND);
    const uint64_t hours = rounded(nanoseconds, HOUR * NANOSECONDS_PER_SECOND);

    if (microseconds == 0)
        (void)snprintf(text, DURATION_TEXT_SIZE, "0s");
    else if (microseconds < 1000)
        (void)snprintf(text, DURATION_TEXT_SIZE, "%" PRIu64 "%s", microseconds, unicode ? "µs" : "us");
    else if (milliseconds_tenths < 100)
        (void)snprintf(text, DURATION_TEXT_SIZE, "%" PRIu64 ".%" PRIu64 "ms", milliseconds_tenths / 10, milliseconds_tenths % 10);
    else if (milliseconds < 1000)
        (void)snprintf(text, DURATION_TEXT_SIZE, "%" PRIu64 "ms", milliseconds);
    else if (tenths < MINUTE * 10)
        (void)snprintf(text, DURATION_TEXT_SIZE, "%" PRIu64 ".%" PRIu64 "s", tenths / 10, tenths % 10);
    else if (seconds < HOUR)
        (void)snprintf(text, DURATION_TEXT_SIZE, "%" PRIu64 "m %02" PRIu64 "s", seconds / MINUTE, seconds % MINUTE);
    else if (minutes < DAY / MINUTE)
        (void)snprintf(text, DURATION_TEXT_SIZE, "%" PRIu64 "h %02" PRIu64 "m", minutes / 60, minutes % 60);
    else
        (void)snprintf(text, DURATION_TEXT_SIZE, "%" PRIu64 "d %02" PRIu64 "h", hours / 24, hours % 24);
}
