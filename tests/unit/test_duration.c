#include "report/duration.h"

#include "check.h"

static void check_duration(uint64_t nanoseconds, const char *expected)
{
    char text[DURATION_TEXT_SIZE];
    duration_format(nanoseconds, true, text);
    CHECK_EQ_TEXT(slice_of(text), expected);
}

#define US UINT64_C(1000)
#define MS (1000 * US)
#define S (1000 * MS)

TEST(units)
{
    check_duration(0, "0s");
    check_duration(850 * US, "850µs");
    check_duration(1234 * US, "1.2ms");
    check_duration(12 * MS, "12ms");
    check_duration(1200 * MS, "1.2s");
    check_duration(12400 * MS, "12.4s");
    check_duration(125 * S, "2m 05s");
    check_duration(3725 * S, "1h 02m");
    check_duration(3 * 86400 * S + 4 * 3600 * S, "3d 04h");
}

TEST(rounding_reaches_the_next_unit)
{
    check_duration(499, "0s");
    check_duration(500, "1µs");
    check_duration(999499, "999µs");
    check_duration(999500, "1.0ms");
    check_duration(9949 * US, "9.9ms");
    check_duration(9950 * US, "10ms");
    check_duration(999499 * US, "999ms");
    check_duration(999500 * US, "1.0s");
    check_duration(59949 * MS, "59.9s");
    check_duration(59950 * MS, "1m 00s");
    check_duration(3599499 * MS, "59m 59s");
    check_duration(3599500 * MS, "1h 00m");
    check_duration(86369 * S, "23h 59m");
    check_duration(86370 * S, "1d 00h");
}

TEST(extremes)
{
    char text[DURATION_TEXT_SIZE];
    check_duration(UINT64_MAX, "213504d 00h");
    duration_format(850 * US, false, text);
    CHECK_EQ_TEXT(slice_of(text), "850us");
}

static const struct check_test tests[] = {CASE(units), CASE(rounding_reaches_the_next_unit), CASE(extremes)};
CHECK_MAIN(tests)
