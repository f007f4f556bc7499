#include "check.h"

TEST(empty_slices_need_no_storage)
{
    const struct slice none = slice_of(NULL);
    CHECK_EQ_INT(none.length, 0);
    CHECK(slice_equal(none, SLICE("")));
    CHECK(slice_equal_ignoring_case(none, SLICE("")));
    CHECK(slice_starts_with(SLICE("a"), none));
    CHECK(slice_ends_with(none, none));
    CHECK_EQ_INT(slice_trim(none).length, 0);
    CHECK_EQ_INT(slice_part(none, 0, 5).length, 0);
}

TEST(equality_is_of_bytes)
{
    CHECK(slice_equal(SLICE("a\0b"), SLICE("a\0b")));
    CHECK(!slice_equal(SLICE("a\0b"), SLICE("a\0c")));
    CHECK(!slice_equal(SLICE("ab"), SLICE("abc")));
    CHECK(slice_equal_ignoring_case(SLICE("PostToolUse"), SLICE("postTOOLuse")));
    CHECK(!slice_equal_ignoring_case(SLICE("@"), SLICE("`")));
    CHECK(!slice_equal_ignoring_case(SLICE("\xc3\x84"), SLICE("\xc3\xa4")));
    CHECK(!slice_equal_ignoring_case(SLICE("a"), SLICE("ab")));
}

TEST(prefixes_and_suffixes)
{
    CHECK(slice_starts_with(SLICE("tool.x"), SLICE("tool.")));
    CHECK(!slice_starts_with(SLICE("too"), SLICE("tool.")));
    CHECK(slice_ends_with(SLICE("a/SKILL.md"), SLICE("/SKILL.md")));
    CHECK(!slice_ends_with(SLICE("md"), SLICE(".md")));
    CHECK(slice_ends_with(SLICE("abc"), SLICE("")));
}

TEST(find)
{
    const struct slice text = SLICE("abcabcab");
    size_t at = 99;
    CHECK(slice_find(text, SLICE("abc"), 0, &at));
    CHECK_EQ_INT(at, 0);
    CHECK(slice_find(text, SLICE("abc"), 1, &at));
    CHECK_EQ_INT(at, 3);
    CHECK(!slice_find(text, SLICE("abc"), 4, &at));
    CHECK_EQ_INT(at, 3);
    CHECK(slice_find(text, SLICE("b"), 5, &at));
    CHECK_EQ_INT(at, 7);
    CHECK(slice_find(text, SLICE(""), 8, &at));
    CHECK_EQ_INT(at, 8);
    CHECK(!slice_find(text, SLICE(""), 9, &at));
    CHECK(!slice_find(text, SLICE("a"), 9, &at));
    CHECK(!slice_find(SLICE("ab"), SLICE("abc"), 0, &at));
    CHECK(!slice_find(text, SLICE("a"), SIZE_MAX, &at));
    CHECK(slice_find(SLICE("aaab"), SLICE("aab"), 0, &at));
    CHECK_EQ_INT(at, 1);
}

TEST(parts_are_clipped)
{
    CHECK_EQ_TEXT(slice_part(SLICE("abcdef"), 2, 3), "cde");
    CHECK_EQ_TEXT(slice_part(SLICE("abcdef"), 4, SIZE_MAX), "ef");
    CHECK_EQ_TEXT(slice_part(SLICE("abcdef"), 6, 1), "");
    CHECK_EQ_TEXT(slice_part(SLICE("abcdef"), SIZE_MAX, SIZE_MAX), "");
}

TEST(trim)
{
    CHECK_EQ_TEXT(slice_trim(SLICE(" \t\r\n a b \n\t\r ")), "a b");
    CHECK_EQ_TEXT(slice_trim(SLICE(" \n ")), "");
    CHECK_EQ_TEXT(slice_trim(SLICE("\v a")), "\v a");
}

TEST(decimal_numbers)
{
    uint64_t value = 7;
    CHECK(slice_to_u64(SLICE("0"), &value) && value == 0);
    CHECK(slice_to_u64(SLICE("0018446744073709551615"), &value) && value == UINT64_MAX);
    value = 7;
    CHECK(!slice_to_u64(SLICE("18446744073709551616"), &value));
    CHECK(!slice_to_u64(SLICE("99999999999999999999"), &value));
    CHECK(!slice_to_u64(SLICE(""), &value));
    CHECK(!slice_to_u64(SLICE("-1"), &value));
    CHECK(!slice_to_u64(SLICE("+1"), &value));
    CHECK(!slice_to_u64(SLICE("1 "), &value));
    CHECK(!slice_to_u64(SLICE("0x1"), &value));
    CHECK_EQ_INT(value, 7);
}

TEST(hexadecimal_numbers)
{
    uint64_t value = 7;
    CHECK(slice_hex_to_u64(SLICE("fFfFfFfFfFfFfFfF"), &value) && value == UINT64_MAX);
    CHECK(slice_hex_to_u64(SLICE("0aB"), &value) && value == 0xab);
    value = 7;
    CHECK(!slice_hex_to_u64(SLICE(""), &value));
    CHECK(!slice_hex_to_u64(SLICE("00000000000000000"), &value));
    CHECK(!slice_hex_to_u64(SLICE("0x1"), &value));
    CHECK(!slice_hex_to_u64(SLICE("g"), &value));
    CHECK(!slice_hex_to_u64(SLICE("@"), &value));
    CHECK_EQ_INT(value, 7);
}

TEST(base_names)
{
    CHECK_EQ_TEXT(slice_base_name(SLICE("/a/b")), "b");
    CHECK_EQ_TEXT(slice_base_name(SLICE("b")), "b");
    CHECK_EQ_TEXT(slice_base_name(SLICE("b/")), "");
    CHECK_EQ_TEXT(slice_base_name(SLICE("")), "");
}

static const struct check_test tests[] = {
    CASE(empty_slices_need_no_storage), CASE(equality_is_of_bytes), CASE(prefixes_and_suffixes), CASE(find),
    CASE(parts_are_clipped),            CASE(trim),                 CASE(decimal_numbers),       CASE(hexadecimal_numbers),
    CASE(base_names),
};
CHECK_MAIN(tests)
