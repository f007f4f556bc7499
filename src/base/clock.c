#include "base/clock.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>

static uint64_t read_clock(clockid_t id)
{
    struct timespec now;
    if (clock_gettime(id, &now) != 0 || now.tv_sec < 0)
        return 0;
    return (uint64_t)now.tv_sec * NANOSECONDS_PER_SECOND + (uint64_t)now.tv_nsec;
}

uint64_t clock_realtime(void)
{
    return read_clock(CLOCK_REALTIME);
}

uint64_t clock_since_boot(void)
{
#ifdef CLOCK_BOOTTIME
    return read_clock(CLOCK_BOOTTIME);
#else
    return read_clock(CLOCK_MONOTONIC);
#endif
}

void clock_sleep_milliseconds(unsigned milliseconds)
{
    struct timespec left = {.tv_sec = (time_t)(milliseconds / 1000), .tv_nsec = (long)(milliseconds % 1000) * 1000000L};
    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        continue;
}

/* The calendar repeats every 400 years; counting from March puts the leap day at the end of the year. */
uint32_t clock_utc_date(uint64_t realtime)
{
    const uint64_t days = realtime / NANOSECONDS_PER_SECOND / 86400 + 719468; /* since 0000-03-01 */
    const uint64_t era = days / 146097, day_of_era = days % 146097;
    const uint64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const uint64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const uint64_t month_from_march = (5 * day_of_year + 2) / 153;
    const uint64_t day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    const uint64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    const uint64_t year = era * 400 + year_of_era + (month <= 2 ? 1 : 0);
    return (uint32_t)(year * 10000 + month * 100 + day);
}

static void put_digits(char *text, size_t count, uint64_t value)
{
    while (count > 0) {
        text[--count] = (char)('0' + value % 10);
        value /= 10;
    }
}

void clock_format_date(uint32_t date, char text[static 11])
{
    put_digits(text, 4, date / 10000);
    text[4] = '-';
    put_digits(text + 5, 2, date / 100 % 100);
    text[7] = '-';
    put_digits(text + 8, 2, date % 100);
    text[10] = '\0';
}

/* "HH:MM:SS", no terminator. */
static void put_time(char *text, uint64_t hour, uint64_t minute, uint64_t second)
{
    put_digits(text, 2, hour);
    text[2] = ':';
    put_digits(text + 3, 2, minute);
    text[5] = ':';
    put_digits(text + 6, 2, second);
}

void clock_format_utc(uint64_t realtime, char text[static 21])
{
    const uint64_t second_of_day = realtime / NANOSECONDS_PER_SECOND % 86400;
    clock_format_date(clock_utc_date(realtime), text);
    text[10] = 'T';
    put_time(text + 11, second_of_day / 3600, second_of_day / 60 % 60, second_of_day % 60);
    text[19] = 'Z';
    text[20] = '\0';
}

void clock_format_local(uint64_t realtime, char text[static 20])
{
    const time_t seconds = (time_t)(realtime / NANOSECONDS_PER_SECOND);
    struct tm local;
    if (!localtime_r(&seconds, &local)) {
        char utc[21];
        clock_format_utc(realtime, utc);
        for (size_t i = 0; i < 19; i++)
            text[i] = utc[i];
    } else {
        clock_format_date((uint32_t)(local.tm_year + 1900) * 10000 + (uint32_t)(local.tm_mon + 1) * 100 + (uint32_t)local.tm_mday, text);
        put_time(text + 11, (uint64_t)local.tm_hour, (uint64_t)local.tm_min, (uint64_t)local.tm_sec);
    }
    text[10] = ' ';
    text[19] = '\0';
}
