/* Durations for people: "0s", "850µs", "1.2ms", "12ms", "1.2s", "2m 05s", "1h 02m", "3d 04h". */
#ifndef SPANHOOK_REPORT_DURATION_H
#define SPANHOOK_REPORT_DURATION_H

#include <stdbool.h>
#include <stdint.h>

#define DURATION_TEXT_SIZE 24

/* Rounded half up to what is shown. `unicode`: "µs", else "us". */
void duration_format(uint64_t nanoseconds, bool unicode, char text[static DURATION_TEXT_SIZE]);

#endif
