#include "check.h"

#include "base/clock.h"
#include "export/retry.h"

/* Sun, 06 Nov 1994 08:49:37 GMT */
#define NOVEMBER_1994 UINT64_C(784111777)
/* Sun, 01 Mar 2026 00:00:00 GMT */
#define MARCH_2026 UINT64_C(1772323200)

static long long after(const char *value, uint64_t now_seconds)
{
    unsigned milliseconds = 0;
    return retry_after_parse(slice_of(value), now_seconds * NANOSECONDS_PER_SECOND, &milliseconds) ? (long long)milliseconds : -1;
}

TEST(window_doubles_from_one_second_to_sixty)
{
    static const unsigned windows[] = {1000, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
    for (unsigned failures = 0; failures < sizeof windows / sizeof windows[0]; failures++) {
        const unsigned span = windows[failures] - RETRY_SHORTEST;
        CHECK_EQ_INT(retry_backoff(failures, 0), RETRY_SHORTEST);
        CHECK_EQ_INT(retry_backoff(failures, span), windows[failures]);
        CHECK_EQ_INT(retry_backoff(failures, (uint64_t)span + 1), RETRY_SHORTEST);
    }
    CHECK_EQ_INT(retry_backoff(UINT32_MAX, 59900), 60000);
    CHECK(retry_backoff(UINT32_MAX, UINT64_MAX) <= RETRY_WINDOW_MAX);
}

TEST(reads_seconds)
{
    CHECK_EQ_INT(after("0", MARCH_2026), 0);
    CHECK_EQ_INT(after("30", MARCH_2026), 30000);
    CHECK_EQ_INT(after("030", MARCH_2026), 30000);
    CHECK_EQ_INT(after("299", MARCH_2026), 299000);
    CHECK_EQ_INT(after("300", MARCH_2026), RETRY_AFTER_MAX);
    CHECK_EQ_INT(after("999999999", MARCH_2026), RETRY_AFTER_MAX);
    CHECK_EQ_INT(after("99999999999999999999999999", MARCH_2026), RETRY_AFTER_MAX);
}

TEST(reads_all_three_forms_of_a_date)
{
    CHECK_EQ_INT(after("Sun, 06 Nov 1994 08:49:37 GMT", NOVEMBER_1994 - 37), 37000);
    CHECK_EQ_INT(after("Sunday, 06-Nov-94 08:49:37 GMT", NOVEMBER_1994 - 37), 37000);
    CHECK_EQ_INT(after("Sun Nov  6 08:49:37 1994", NOVEMBER_1994 - 37), 37000);
    CHECK_EQ_INT(after("Thu Nov 10 08:49:37 1994", NOVEMBER_1994 + UINT64_C(345600) - 5), 5000);
    CHECK_EQ_INT(after("Sun, 01 Mar 2026 00:00:10 GMT", MARCH_2026), 10000);
    /* the day before is the 28th: 2026 is no leap year, 2000 and 2024 were */
    CHECK_EQ_INT(after("Sat, 28 Feb 2026 23:59:59 GMT", MARCH_2026 - 11), 10000);
    CHECK_EQ_INT(after("Thu, 29 Feb 2024 00:00:01 GMT", UINT64_C(1709164800)), 1000);
    CHECK_EQ_INT(after("Tue, 29 Feb 2000 00:00:01 GMT", UINT64_C(951782400)), 1000);
    CHECK_EQ_INT(after("Sun, 01 Mar 2026 23:59:60 GMT", MARCH_2026 + 86399), 1000);
}

TEST(caps_dates_and_passes_over_the_past)
{
    CHECK_EQ_INT(after("Fri, 31 Dec 9999 23:59:59 GMT", MARCH_2026), RETRY_AFTER_MAX);
    CHECK_EQ_INT(after("Sun, 06 Nov 1994 08:49:37 GMT", MARCH_2026), 0);
    CHECK_EQ_INT(after("Sun, 06 Nov 0001 08:49:37 GMT", MARCH_2026), 0);
    CHECK_EQ_INT(after("Sun, 06 Nov 1994 08:49:37 GMT", NOVEMBER_1994), 0);
}

TEST(two_digit_years_lie_within_fifty_years_ahead)
{
    CHECK_EQ_INT(after("Sunday, 01-Mar-26 00:00:01 GMT", MARCH_2026), 1000);
    CHECK_EQ_INT(after("Sunday, 01-Mar-76 00:00:01 GMT", MARCH_2026), RETRY_AFTER_MAX);
    CHECK_EQ_INT(after("Sunday, 01-Mar-77 00:00:01 GMT", MARCH_2026), 0);
    CHECK_EQ_INT(after("Sunday, 01-Mar-99 00:00:01 GMT", MARCH_2026), 0);
}

TEST(ignores_garbage)
{
    static const char *const cases[] = {
        "", " ", "soon", "-1", "+5", "1.5", "5 ", " 5", "5s", "0x10", "1e3", "Sun", "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ", "sun, 06 nov 1994 08:49:37 gmt", "Xxx, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Xxx 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT", "Sun, 29 Feb 2026 08:49:37 GMT",
        "Mon, 29 Feb 2100 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT", "Sunday, 06-Nov-1994 08:49:37 GMT", "Sun Nov 6 08:49:37 1994", "Sun Nov  6 08:49:37 94",
        "2026-03-01T00:00:00Z",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_EQ_INT(after(cases[i], MARCH_2026), -1);
        if (after(cases[i], MARCH_2026) != -1)
            printf("taken: \"%s\"\n", cases[i]);
    }
    unsigned milliseconds = 7;
    CHECK(!retry_after_parse(SLICE("5\0"), MARCH_2026, &milliseconds));
    CHECK_EQ_INT(milliseconds, 7);
}

static const struct check_test tests[] = {
    CASE(window_doubles_from_one_second_to_sixty),
    CASE(reads_seconds),
    CASE(reads_all_three_forms_of_a_date),
    CASE(caps_dates_and_passes_over_the_past),
    CASE(two_digit_years_lie_within_fifty_years_ahead),
    CASE(ignores_garbage),
};
CHECK_MAIN(tests)
