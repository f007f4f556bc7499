#include "check.h"

#include "base/clock.h"

#include <stdlib.h>
#include <time.h>

TEST(clocks_go_forward)
{
    const uint64_t now = clock_realtime(), boot = clock_since_boot();
    CHECK(now > UINT64_C(1700000000) * NANOSECONDS_PER_SECOND);
    CHECK(boot > 0);
    clock_sleep_milliseconds(15);
    const uint64_t slept = clock_since_boot() - boot;
    CHECK(slept >= 15 * NANOSECONDS_PER_MILLISECOND);
    CHECK(slept < 10 * NANOSECONDS_PER_SECOND);
    CHECK(clock_realtime() > now);
}

TEST(known_dates)
{
    CHECK_EQ_INT(clock_utc_date(0), 19700101);
    CHECK_EQ_INT(clock_utc_date(UINT64_C(951782399) * NANOSECONDS_PER_SECOND + 999999999), 20000228);
    CHECK_EQ_INT(clock_utc_date(UINT64_C(951782400) * NANOSECONDS_PER_SECOND), 20000229);
    CHECK_EQ_INT(clock_utc_date(UINT64_C(1735689599) * NANOSECONDS_PER_SECOND), 20241231);
    CHECK_EQ_INT(clock_utc_date(UINT64_C(1735689600) * NANOSECONDS_PER_SECOND), 20250101);
    CHECK_EQ_INT(clock_utc_date(UINT64_MAX), 25540721);
}

TEST(every_day_agrees_with_the_c_library)
{
    for (uint64_t day = 0; day < 213000; day += 17) {
        const time_t seconds = (time_t)(day * 86400);
        struct tm utc;
        CHECK(gmtime_r(&seconds, &utc) != NULL);
        const int expected = (utc.tm_year + 1900) * 10000 + (utc.tm_mon + 1) * 100 + utc.tm_mday;
        CHECK_EQ_INT(clock_utc_date(day * 86400 * NANOSECONDS_PER_SECOND), expected);
    }
}

TEST(formats)
{
    const uint64_t moment = UINT64_C(1709210096) * NANOSECONDS_PER_SECOND + 987654321; /* 2024-02-29 12:34:56 */
    char date[11], utc[21], local[20];
    clock_format_date(20240229, date);
    CHECK_EQ_TEXT(slice_of(date), "2024-02-29");
    clock_format_utc(moment, utc);
    CHECK_EQ_TEXT(slice_of(utc), "2024-02-29T12:34:56Z");
    setenv("TZ", "IST-5:30", 1);
    tzset();
    clock_format_local(moment, local);
    CHECK_EQ_TEXT(slice_of(local), "2024-02-29 18:04:56");
    clock_format_local(0, local);
    CHECK_EQ_TEXT(slice_of(local), "1970-01-01 05:30:00");
}

static const struct check_test tests[] = {CASE(clocks_go_forward), CASE(known_dates), CASE(every_day_agrees_with_the_c_library),
                                          CASE(formats)};
CHECK_MAIN(tests)
