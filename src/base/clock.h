/* Clocks, in nanoseconds. */
#ifndef SPANHOOK_BASE_CLOCK_H
#define SPANHOOK_BASE_CLOCK_H

#include <stdint.h>

#define NANOSECONDS_PER_SECOND UINT64_C(1000000000)
#define NANOSECONDS_PER_MILLISECOND UINT64_C(1000000)

/* Since 1970 UTC; 0 if the clock stands before that. */
uint64_t clock_realtime(void);
/* Since boot, running through suspend where the system can tell (CLOCK_BOOTTIME, elsewhere CLOCK_MONOTONIC). */
uint64_t clock_since_boot(void);
void clock_sleep_milliseconds(unsigned milliseconds);

/* UTC calendar date of a realtime value as the number YYYYMMDD (proleptic Gregorian). */
uint32_t clock_utc_date(uint64_t realtime);
/* "YYYY-MM-DD" + NUL. */
void clock_format_date(uint32_t date, char text[static 11]);
/* Local time "YYYY-MM-DD HH:MM:SS" + NUL, for people. */
void clock_format_local(uint64_t realtime, char text[static 20]);
/* UTC "YYYY-MM-DDTHH:MM:SSZ" + NUL, for machines. */
void clock_format_utc(uint64_t realtime, char text[static 21]);

#endif
