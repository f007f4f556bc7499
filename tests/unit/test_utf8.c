#include "check.h"

#include "base/utf8.h"

TEST(decodes_the_borders_of_table_3_7)
{
    static const struct {
        struct slice text;
        uint32_t code_point;
    } cases[] = {
        {{"\x00", 1}, 0},
        {{"\x7f", 1}, 0x7f},
        {{"\xc2\x80", 2}, 0x80},
        {{"\xdf\xbf", 2}, 0x7ff},
        {{"\xe0\xa0\x80", 3}, 0x800},
        {{"\xec\xbf\xbf", 3}, 0xcfff},
        {{"\xed\x9f\xbf", 3}, 0xd7ff},
        {{"\xee\x80\x80", 3}, 0xe000},
        {{"\xef\xbf\xbf", 3}, 0xffff},
        {{"\xf0\x90\x80\x80", 4}, 0x10000},
        {{"\xf3\xbf\xbf\xbf", 4}, 0xfffff},
        {{"\xf4\x8f\xbf\xbf", 4}, 0x10ffff},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t code_point = 1;
        CHECK_EQ_INT(utf8_decode(cases[i].text, &code_point), cases[i].text.length);
        CHECK_EQ_INT(code_point, cases[i].code_point);
        CHECK_EQ_INT(utf8_malformed(cases[i].text), 0);
        CHECK(!utf8_is_partial(cases[i].text));
    }
}

/* How many U+FFFD each malformed text is worth: one for each maximal part. */
TEST(malformed_parts_are_maximal)
{
    static const struct {
        struct slice text;
        size_t replaced;
    } cases[] = {
        {{"\x80", 1}, 1},                 /* continuation alone */
        {{"\xc0\x80", 2}, 2},             /* overlong */
        {{"\xc1\xbf", 2}, 2},
        {{"\xe0\x80\x80", 3}, 3},
        {{"\xe0\x9f\xbf", 3}, 3},
        {{"\xf0\x8f\xbf\xbf", 4}, 4},
        {{"\xed\xa0\x80", 3}, 3},         /* surrogate */
        {{"\xed\xbf\xbf", 3}, 3},
        {{"\xf4\x90\x80\x80", 4}, 4},     /* above U+10FFFF */
        {{"\xf5\x80\x80\x80", 4}, 4},
        {{"\xff\xfe", 2}, 2},
        {{"\xc2", 1}, 1},                 /* cut off */
        {{"\xe2\x82", 2}, 1},
        {{"\xf0\x9f\x98", 3}, 1},
        {{"\xf0\x9f", 2}, 1},
        {{"\xe2\x82\xe2\x82\xac", 5}, 1}, /* and then a whole one */
        {{"\xf1\x80\x80\xe1\x80\xc2", 6}, 3}, /* the example of Unicode, table 3-8 */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer out;
        buffer_init(&out, 100);
        CHECK_EQ_INT(utf8_decode(cases[i].text, NULL), 0);
        CHECK_EQ_INT(utf8_append_repaired(&out, cases[i].text), cases[i].replaced);
        size_t marks = 0, at = 0;
        while (slice_find(buffer_slice(&out), SLICE("\xef\xbf\xbd"), at, &at)) {
            marks++;
            at++;
        }
        CHECK_EQ_INT(marks, cases[i].replaced);
        buffer_free(&out);
    }
}

TEST(repair_keeps_the_rest)
{
    struct buffer out;
    buffer_init(&out, 100);
    CHECK_EQ_INT(utf8_append_repaired(&out, SLICE("a\xff\xc3\xa9\xe2\x82z")), 2);
    CHECK_EQ_TEXT(buffer_slice(&out), "a\xef\xbf\xbd\xc3\xa9\xef\xbf\xbdz");
    buffer_clear(&out);
    CHECK_EQ_INT(utf8_append_repaired(&out, SLICE("")), 0);
    CHECK_EQ_INT(out.length, 0);
    buffer_free(&out);
}

TEST(partial_sequences)
{
    CHECK(utf8_is_partial(SLICE("\xc2")));
    CHECK(utf8_is_partial(SLICE("\xe2\x82")));
    CHECK(utf8_is_partial(SLICE("\xf0\x9f\x98")));
    CHECK(!utf8_is_partial(SLICE("")));
    CHECK(!utf8_is_partial(SLICE("\x80")));
    CHECK(!utf8_is_partial(SLICE("\xff")));
    CHECK(!utf8_is_partial(SLICE("\xed\xa0")));
    CHECK(!utf8_is_partial(SLICE("\xe2\x82z")));
    CHECK(!utf8_is_partial(SLICE("a")));
}

TEST(runs)
{
    size_t parts = 9;
    CHECK_EQ_INT(utf8_multibyte_run(SLICE("\xc3\xa9\xe2\x82\xac" "a\xc3\xa9")), 5);
    CHECK_EQ_INT(utf8_multibyte_run(SLICE("\xc3\xa9\xe2\x82")), 2);
    CHECK_EQ_INT(utf8_multibyte_run(SLICE("a")), 0);
    CHECK_EQ_INT(utf8_malformed_run(SLICE("\xff\xe2\x82\xff" "a\xff"), 100, &parts), 4);
    CHECK_EQ_INT(parts, 3);
    CHECK_EQ_INT(utf8_malformed_run(SLICE("\xff\xff\xff"), 2, &parts), 2);
    CHECK_EQ_INT(parts, 2);
    CHECK_EQ_INT(utf8_malformed_run(SLICE("\xff\xe2\x82"), 9, &parts), 1);
    CHECK_EQ_INT(parts, 1);
    CHECK_EQ_INT(utf8_malformed_run(SLICE("\xc3\xa9"), 9, &parts), 0);
}

TEST(every_scalar_value_goes_round)
{
    char storage[4];
    for (uint32_t c = 0; c <= 0x110001; c++) {
        struct buffer out;
        uint32_t back = 0;
        const bool scalar = c <= 0x10ffff && !(c >= 0xd800 && c <= 0xdfff);
        buffer_init_fixed(&out, storage, sizeof storage);
        utf8_append(&out, c);
        const size_t length = utf8_decode(buffer_slice(&out), &back);
        if (length == 0 || length != out.length || back != (scalar ? c : UTF8_REPLACEMENT)) {
            CHECK_EQ_INT(back, c);
            return;
        }
    }
}

TEST(prefix_and_count_go_by_characters)
{
    const struct slice text = SLICE("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xff\xffz");
    CHECK_EQ_INT(utf8_count(text), 7);
    CHECK_EQ_INT(utf8_prefix(text, 0).length, 0);
    CHECK_EQ_INT(utf8_prefix(text, 2).length, 3);
    CHECK_EQ_INT(utf8_prefix(text, 4).length, 10);
    CHECK_EQ_INT(utf8_prefix(text, 5).length, 11);
    CHECK_EQ_INT(utf8_prefix(text, 99).length, text.length);
    CHECK_EQ_INT(utf8_count(SLICE("\xe2\x82")), 2);
    CHECK_EQ_INT(utf8_count(SLICE("")), 0);
}

static const struct check_test tests[] = {
    CASE(decodes_the_borders_of_table_3_7), CASE(malformed_parts_are_maximal),   CASE(repair_keeps_the_rest),
    CASE(partial_sequences),                CASE(runs),                          CASE(every_scalar_value_goes_round),
    CASE(prefix_and_count_go_by_characters),
};
CHECK_MAIN(tests)
