#include "trace/ids.h"

#include "check.h"

TEST(trace_id_is_epoch_then_session_hash)
{
    char id[TRACE_ID_HEX + 1];
    trace_id_make(0x66a1b2c3, SLICE("abc"), id);
    /* SHA-256("abc") begins ba7816bf 8f01cfea 414140de (FIPS 180-4, appendix B.1) */
    CHECK_EQ_TEXT(slice_of(id), "66a1b2c3ba7816bf8f01cfea414140de");
}

TEST(new_ids_differ_and_are_valid)
{
    char a[SPAN_ID_HEX + 1], b[SPAN_ID_HEX + 1];
    CHECK(span_id_new(1, a));
    CHECK(span_id_new(1, b));
    CHECK(id_valid(slice_of(a), SPAN_ID_HEX));
    CHECK(!slice_equal(slice_of(a), slice_of(b)));
}

TEST(derived_ids_are_stable_and_differ_by_purpose)
{
    char a[SPAN_ID_HEX + 1], b[SPAN_ID_HEX + 1], c[SPAN_ID_HEX + 1];
    span_id_derive("00000000000000ff", 1, a);
    span_id_derive("00000000000000ff", 1, b);
    span_id_derive("00000000000000ff", 2, c);
    CHECK_EQ_TEXT(slice_of(a), b);
    CHECK(!slice_equal(slice_of(a), slice_of(c)));
    CHECK(!slice_equal(slice_of(a), SLICE("00000000000000ff")));
    CHECK(id_valid(slice_of(a), SPAN_ID_HEX));
}

TEST(validity)
{
    CHECK(id_valid(SLICE("00000000000000ff"), 16));
    CHECK(!id_valid(SLICE("0000000000000000"), 16));
    CHECK(!id_valid(SLICE("00000000000000FF"), 16));
    CHECK(!id_valid(SLICE("00000000000000f"), 16));
    CHECK(!id_valid(SLICE("00000000000000g0"), 16));
}

static const struct check_test tests[] = {CASE(trace_id_is_epoch_then_session_hash), CASE(new_ids_differ_and_are_valid),
                                          CASE(derived_ids_are_stable_and_differ_by_purpose), CASE(validity)};
CHECK_MAIN(tests)
