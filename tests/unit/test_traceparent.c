#include "trace/traceparent.h"

#include "check.h"

TEST(reads_what_is_one)
{
    static const char *const good[] = {"00-12345678901234567890123456789012-1234567890123456-01",
                                       "00-12345678901234567890123456789012-1234567890123456-ff",
                                       "01-12345678901234567890123456789012-1234567890123456-00",
                                       "cc-12345678901234567890123456789012-1234567890123456-01-what-the-future-will-be-like"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char trace_id[33], span_id[17];
        CHECK(traceparent_parse(slice_of(good[i]), trace_id, span_id));
        CHECK_EQ_TEXT(slice_of(trace_id), "12345678901234567890123456789012");
        CHECK_EQ_TEXT(slice_of(span_id), "1234567890123456");
    }
}

TEST(refuses_what_is_none)
{
    static const char *const bad[] = {
        "", "00", "00-12345678901234567890123456789012-1234567890123456-0", "00-12345678901234567890123456789012-1234567890123456-01-",
        "00-12345678901234567890123456789012-1234567890123456-011", "ff-12345678901234567890123456789012-1234567890123456-01",
        "0x-12345678901234567890123456789012-1234567890123456-01", "00-1234567890123456789012345678901x-1234567890123456-01",
        "00-12345678901234567890123456789012-123456789012345X-01", "00-12345678901234567890123456789012-1234567890123456-0.",
        "00-00000000000000000000000000000000-1234567890123456-01", "00-12345678901234567890123456789012-0000000000000000-01",
        "00_12345678901234567890123456789012-1234567890123456-01", "00-12345678901234567890123456789012_1234567890123456-01",
        "00-12345678901234567890123456789012-1234567890123456_01", "00-ABCDEF78901234567890123456789012-1234567890123456-01",
        " 00-12345678901234567890123456789012-1234567890123456-01", "01-12345678901234567890123456789012-1234567890123456-01x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char trace_id[33] = "t", span_id[17] = "s";
        CHECK(!traceparent_parse(slice_of(bad[i]), trace_id, span_id));
        CHECK(trace_id[0] == 't' && span_id[0] == 's');
    }
}

TEST(writes_what_it_reads)
{
    char storage[TRACEPARENT_SIZE], trace_id[33], span_id[17];
    struct buffer out;
    buffer_init_fixed(&out, storage, sizeof storage);
    traceparent_append(&out, "0123456789abcdef0123456789abcdef", "fedcba9876543210");
    CHECK_EQ_TEXT(buffer_slice(&out), "00-0123456789abcdef0123456789abcdef-fedcba9876543210-01");
    CHECK(traceparent_parse(buffer_slice(&out), trace_id, span_id));
}

static const struct check_test tests[] = {CASE(reads_what_is_one), CASE(refuses_what_is_none), CASE(writes_what_it_reads)};
CHECK_MAIN(tests)
