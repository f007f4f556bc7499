#include "export/retry.h"

#include "base/clock.h"

unsigned retry_backoff(unsigned failures, uint64_t random)
{
    unsigned window = RETRY_WINDOW_FIRST;
    while (failures > 1 && window < RETRY_WINDOW_MAX) {
        window *= 2;
        failures--;
    }
    if (window > RETRY_WINDOW_MAX)
        window = RETRY_WINDOW_MAX;
    return RETRY_SHORTEST + (unsigned)(random % (window - RETRY_SHORTEST + 1));
}

/* ---- HTTP dates ---- */

struct date {
    unsigned year, month, day, hour, minute, second;
};

/* Reads on through a text; every reader leaves `good` false once something does not fit. */
struct reader {
    struct slice rest;
    bool good;
};

static const char *const short_days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const long_days[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};
static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

static bool accept(struct reader *reader, const char *text)
{
    const struct slice wanted = slice_of(text);
    if (!reader->good || !slice_starts_with(reader->rest, wanted))
        return false;
    reader->rest = slice_part(reader->rest, wanted.length, reader->rest.length);
    return true;
}

static void expect(struct reader *reader, const char *text)
{
    reader->good = accept(reader, text);
}

/* 1 for the first name. Names are case-sensitive in HTTP dates. */
static unsigned one_of(struct reader *reader, const char *const *names, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (accept(reader, names[i]))
            return i + 1;
    reader->good = false;
    return 0;
}

static unsigned digits(struct reader *reader, size_t count)
{
    uint64_t value = 0;
    const struct slice text = slice_part(reader->rest, 0, count);
    reader->good = reader->good && text.length == count && slice_to_u64(text, &value);
    reader->rest = slice_part(reader->rest, count, reader->rest.length);
    return (unsigned)value;
}

static void time_of_day(struct reader *reader, struct date *date)
{
    date->hour = digits(reader, 2);
    expect(reader, ":");
    date->minute = digits(reader, 2);
    expect(reader, ":");
    date->second = digits(reader, 2);
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool read_imf_fixdate(struct slice value, struct date *date)
{
    struct reader reader = {value, true};
    one_of(&reader, short_days, 7);
    expect(&reader, ", ");
    date->day = digits(&reader, 2);
    expect(&reader, " ");
    date->month = one_of(&reader, months, 12);
    expect(&reader, " ");
    date->year = digits(&reader, 4);
    expect(&reader, " ");
    time_of_day(&reader, date);
    expect(&reader, " GMT");
    return reader.good && reader.rest.length == 0;
}

/* "Sunday, 06-Nov-94 08:49:37 GMT"; a year more than 50 years ahead means the last century's. */
static bool read_rfc850(struct slice value, unsigned year_now, struct date *date)
{
    struct reader reader = {value, true};
    one_of(&reader, long_days, 7);
    expect(&reader, ", ");
    date->day = digits(&reader, 2);
    expect(&reader, "-");
    date->month = one_of(&reader, months, 12);
    expect(&reader, "-");
    date->year = year_now - year_now % 100 + digits(&reader, 2);
    if (date->year > year_now + 50)
        date->year -= 100;
    expect(&reader, " ");
    time_of_day(&reader, date);
    expect(&reader, " GMT");
    return reader.good && reader.rest.length == 0;
}

/* "Sun Nov  6 08:49:37 1994" */
static bool read_asctime(struct slice value, struct date *date)
{
    struct reader reader = {value, true};
    one_of(&reader, short_days, 7);
    expect(&reader, " ");
    date->month = one_of(&reader, months, 12);
    expect(&reader, " ");
    date->day = accept(&reader, " ") ? digits(&reader, 1) : digits(&reader, 2);
    expect(&reader, " ");
    time_of_day(&reader, date);
    expect(&reader, " ");
    date->year = digits(&reader, 4);
    return reader.good && reader.rest.length == 0;
}

static bool is_leap(unsigned year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_of_month(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Seconds since 1970, 0 for dates before; a leap second counts as the next one. */
static bool seconds_of(const struct date *date, uint64_t *seconds)
{
    if (date->month < 1 || date->month > 12 || date->day < 1 || date->day > days_of_month(date->year, date->month) || date->hour > 23 ||
        date->minute > 59 || date->second > 60)
        return false;
    uint64_t days = date->day - 1;
    for (unsigned year = 1970; year < date->year; year++)
        days += is_leap(year) ? 366 : 365;
    for (unsigned month = 1; month < date->month; month++)
        days += days_of_month(date->year, month);
    *seconds = date->year < 1970 ? 0 : ((days * 24 + date->hour) * 60 + date->minute) * 60 + date->second;
    return true;
}

static bool all_digits(struct slice text)
{
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    return text.length > 0;
}

static unsigned capped(uint64_t seconds)
{
    return seconds >= RETRY_AFTER_MAX / 1000 ? RETRY_AFTER_MAX : (unsigned)seconds * 1000;
}

bool retry_after_parse(struct slice value, uint64_t now, unsigned *milliseconds)
{
    const unsigned year_now = clock_utc_date(now) / 10000;
    struct date date;
    uint64_t seconds;
    if (all_digits(value)) {
        *milliseconds = slice_to_u64(value, &seconds) ? capped(seconds) : RETRY_AFTER_MAX;
        return true;
    }
    if (!read_imf_fixdate(value, &date) && !read_rfc850(value, year_now, &date) && !read_asctime(value, &date))
        return false;
    if (!seconds_of(&date, &seconds))
        return false;
    const uint64_t now_seconds = now / NANOSECONDS_PER_SECOND;
    *milliseconds = seconds > now_seconds ? capped(seconds - now_seconds) : 0;
    return true;
}
