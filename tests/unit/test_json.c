#include "check.h"

#include "base/clock.h"
#include "base/json.h"

#include <math.h>
#include <stdlib.h>

enum { TOKENS = 200 };
static jsmntok_t tokens[TOKENS];
static struct json document;

static bool parse(const char *text)
{
    return json_parse(&document, slice_of(text), tokens, TOKENS);
}

/* The decoded string at `value`. */
static struct slice string_of(int value)
{
    static char storage[1000];
    static struct buffer out;
    buffer_init_fixed(&out, storage, sizeof storage);
    return json_append_string(&document, value, &out) ? buffer_slice(&out) : SLICE("no string");
}

static struct slice decoded(const char *text)
{
    return parse(text) ? string_of(0) : SLICE("refused");
}

TEST(every_root)
{
    static const struct {
        const char *text;
        enum json_type type;
    } cases[] = {
        {" {} ", JSON_OBJECT}, {"[]", JSON_ARRAY}, {"\"\"", JSON_STRING}, {"0", JSON_NUMBER},
        {" -1.5e3\n", JSON_NUMBER}, {"true", JSON_TRUE}, {" false", JSON_FALSE}, {"null ", JSON_NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json heap;
        CHECK(parse(cases[i].text));
        CHECK_EQ_INT(json_type(&document, 0), cases[i].type);
        CHECK(slice_equal(json_raw(&document, 0), slice_trim(slice_of(cases[i].text))));
        CHECK(json_parse_allocating(&heap, slice_of(cases[i].text), 1));
        CHECK_EQ_INT(json_type(&heap, 0), cases[i].type);
        json_release(&heap);
        CHECK_EQ_INT(json_type(&heap, 0), JSON_MISSING);
    }
}

/* What jsmn by itself takes. */
TEST(refuses_what_jsmn_would_take)
{
    static const char *const cases[] = {
        "",       " ",       "{\"a\"}", "{\"a\":}", "{\"a\" \"b\"}", "{\"a\"::::1}", "{}{}",   "{},",       ":{}",
        "[1,]",   "[,1]",    "[1 2]",   "[tru]",    "[nul]",         "[-]",          "[01]",   "[1e]",      "[1.2.3]",
        "[1abc]", "[\"\n\"]", "1 2",     "[1]]",     "[[1]",          "{\"a\":{}",    "\"a\"b", "{\"a\":1\"b\":2}",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json heap;
        CHECK(!parse(cases[i]));
        CHECK_EQ_INT(json_type(&document, 0), JSON_MISSING);
        CHECK_EQ_INT(document.count, 0);
        CHECK(!json_parse_allocating(&heap, slice_of(cases[i]), 1000));
        json_release(&heap);
    }
    CHECK(!json_parse(&document, SLICE("{}\0"), tokens, TOKENS));
    CHECK(!json_parse(&document, SLICE("[1,\0 2]"), tokens, TOKENS));
}

TEST(token_capacity)
{
    struct json heap;
    CHECK(json_parse(&document, SLICE("[1,[2],{\"a\":3}]"), tokens, 7));
    CHECK(!json_parse(&document, SLICE("[1,[2],{\"a\":3}]"), tokens, 6));
    CHECK_EQ_INT(json_first(&document, 0), JSON_NONE);
    CHECK(!json_parse(&document, SLICE("1"), tokens, 0));
    CHECK(json_parse_allocating(&heap, SLICE("[1,[2],{\"a\":3}]"), 7));
    CHECK_EQ_INT(heap.count, 7);
    json_release(&heap);
    CHECK(!json_parse_allocating(&heap, SLICE("[1,[2],{\"a\":3}]"), 6));
    json_release(&heap);
}

TEST(members)
{
    CHECK(parse("{\"a\":1,\"b\":{\"c\":[true,{\"d\":\"x\"}]},\"a\":2,\"\\u0061\\n\":3,\"\":4,\"c.d\":5}"));
    int64_t number = 0;
    CHECK(json_integer(&document, json_get(&document, 0, "a"), &number) && number == 2);
    CHECK(json_integer(&document, json_get(&document, 0, "a\n"), &number) && number == 3);
    CHECK(json_integer(&document, json_get(&document, 0, ""), &number) && number == 4);
    CHECK(json_integer(&document, json_get(&document, 0, "c.d"), &number) && number == 5);
    CHECK_EQ_INT(json_type(&document, json_find(&document, 0, "b.c")), JSON_ARRAY);
    CHECK_EQ_INT(json_find(&document, 0, "b"), json_get(&document, 0, "b"));
    CHECK_EQ_INT(json_find(&document, 0, "b.c.d"), JSON_NONE);
    CHECK_EQ_INT(json_find(&document, 0, "b."), JSON_NONE);
    CHECK_EQ_INT(json_get(&document, 0, "d"), JSON_NONE);
    CHECK_EQ_INT(json_get(&document, JSON_NONE, "a"), JSON_NONE);
    CHECK_EQ_INT(json_get(&document, json_find(&document, 0, "b.c"), "a"), JSON_NONE);
    CHECK_EQ_INT(json_size(&document, 0), 6);
    CHECK_EQ_TEXT(json_raw(&document, json_find(&document, 0, "b.c")), "[true,{\"d\":\"x\"}]");
}

TEST(iteration)
{
    CHECK(parse("[1,[2,[3]],{\"a\":{\"b\":[]},\"c\":4},\"e\"]"));
    static const enum json_type types[] = {JSON_NUMBER, JSON_ARRAY, JSON_OBJECT, JSON_STRING};
    size_t count = 0;
    for (int i = json_first(&document, 0); i != JSON_NONE; i = json_next(&document, i)) {
        if (count < 4)
            CHECK_EQ_INT(json_type(&document, i), types[count]);
        count++;
    }
    CHECK_EQ_INT(count, 4);
    CHECK_EQ_INT(json_size(&document, 0), 4);
    const int object = json_next(&document, json_next(&document, json_first(&document, 0)));
    int key = json_first(&document, object);
    CHECK(json_string_equals(&document, key, "a"));
    CHECK_EQ_TEXT(json_raw(&document, json_member_value(&document, key)), "{\"b\":[]}");
    CHECK_EQ_INT(json_next(&document, json_member_value(&document, key)), JSON_NONE);
    key = json_next(&document, key);
    CHECK(json_string_equals(&document, key, "c"));
    CHECK_EQ_TEXT(json_raw(&document, json_member_value(&document, key)), "4");
    CHECK_EQ_INT(json_next(&document, key), JSON_NONE);
    CHECK_EQ_INT(json_next(&document, 0), JSON_NONE);
    CHECK_EQ_INT(json_member_value(&document, 0), JSON_NONE);
    CHECK_EQ_INT(json_member_value(&document, json_first(&document, 0)), JSON_NONE);
    CHECK(parse("[\"a\",\"b\"]"));
    CHECK_EQ_INT(json_member_value(&document, 1), JSON_NONE); /* a string, but no key */
    CHECK(parse("{}"));
    CHECK_EQ_INT(json_first(&document, 0), JSON_NONE);
}

TEST(any_index_is_safe)
{
    static const int indices[] = {JSON_NONE, -2, INT32_MIN, INT32_MAX, 3};
    CHECK(parse("{\"a\":1}"));
    for (size_t i = 0; i < sizeof indices / sizeof *indices; i++) {
        const int at = indices[i];
        int64_t integer;
        uint64_t magnitude;
        double real;
        struct buffer out;
        buffer_init(&out, 10);
        CHECK_EQ_INT(json_type(&document, at), JSON_MISSING);
        CHECK_EQ_INT(json_first(&document, at), JSON_NONE);
        CHECK_EQ_INT(json_next(&document, at), JSON_NONE);
        CHECK_EQ_INT(json_member_value(&document, at), JSON_NONE);
        CHECK_EQ_INT(json_get(&document, at, "a"), JSON_NONE);
        CHECK_EQ_INT(json_size(&document, at), 0);
        CHECK_EQ_INT(json_raw(&document, at).length, 0);
        CHECK(!json_append_string(&document, at, &out));
        CHECK(!json_string_equals(&document, at, ""));
        CHECK(!json_integer(&document, at, &integer));
        CHECK(!json_unsigned(&document, at, &magnitude));
        CHECK(!json_double(&document, at, &real));
    }
}

TEST(strings_are_decoded)
{
    CHECK_EQ_TEXT(decoded("\"\""), "");
    CHECK_EQ_TEXT(decoded("\"a\\\"\\\\\\/\\b\\f\\n\\r\\tz\""), "a\"\\/\b\f\n\r\tz");
    CHECK_EQ_TEXT(decoded("\"\\u00e9\\u20AC\\ud83d\\uDE00\""), "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    CHECK_EQ_TEXT(decoded("\"\\ud83dx\\ude00\""), "\xef\xbf\xbdx\xef\xbf\xbd");
    CHECK_EQ_TEXT(decoded("\"\\ud83d\\ud83d\\ude00\""), "\xef\xbf\xbd\xf0\x9f\x98\x80");
    CHECK_EQ_TEXT(decoded("\"\\ud83d\\n\""), "\xef\xbf\xbd\n");
    CHECK_EQ_TEXT(decoded("\"\\ud83d\""), "\xef\xbf\xbd");
    CHECK_EQ_TEXT(decoded("\"a\xff\xe2\x82\\n\""), "a\xef\xbf\xbd\xef\xbf\xbd\n");
    CHECK(slice_equal(decoded("\"a\\u0000b\""), SLICE("a\0b")));
    CHECK_EQ_TEXT(decoded("12"), "no string");
    CHECK_EQ_TEXT(decoded("[\"a\"]"), "no string");

    struct buffer small;
    char storage[3];
    buffer_init_fixed(&small, storage, sizeof storage);
    CHECK(parse("\"abc\\n\""));
    CHECK(!json_append_string(&document, 0, &small));
}

TEST(strings_compare_decoded)
{
    CHECK(parse("\"a\\u00e9\\n\\ud83d\\ude00\xff\""));
    CHECK(json_string_equals(&document, 0, "a\xc3\xa9\n\xf0\x9f\x98\x80\xef\xbf\xbd"));
    CHECK(!json_string_equals(&document, 0, "a\xc3\xa9\n\xf0\x9f\x98\x80"));
    CHECK(!json_string_equals(&document, 0, "a\xc3\xa9\n\xf0\x9f\x98\x80\xef\xbf\xbdx"));
    CHECK(!json_string_equals(&document, 0, ""));
    CHECK(parse("\"\""));
    CHECK(json_string_equals(&document, 0, ""));
    CHECK(!json_string_equals(&document, 0, "a"));
    CHECK(parse("\"a\\u0000\""));
    CHECK(!json_string_equals(&document, 0, "a"));
    CHECK(json_string_equals_slice(&document, 0, SLICE("a\0")));
    CHECK(parse("1"));
    CHECK(!json_string_equals(&document, 0, "1"));
}

TEST(integers)
{
    static const struct {
        const char *text;
        bool fits_signed, fits_unsigned;
        int64_t value;
    } cases[] = {
        {"0", true, true, 0},
        {"-0", true, true, 0},
        {"7", true, true, 7},
        {"-7", true, false, -7},
        {"7.0", true, true, 7},
        {"7.000", true, true, 7},
        {"70e-1", true, true, 7},
        {"0.7e1", true, true, 7},
        {"1.5e3", true, true, 1500},
        {"100000e-5", true, true, 1},
        {"0e99999999999999999999", true, true, 0},
        {"0.000e-5", true, true, 0},
        {"1000000000000000000000e-21", true, true, 1},
        {"7.5", false, false, 0},
        {"7e-1", false, false, 0},
        {"0.0001", false, false, 0},
        {"1e99999999999999999999", false, false, 0},
        {"1e-99999999999999999999", false, false, 0},
        {"9223372036854775807", true, true, INT64_MAX},
        {"-9223372036854775808", true, false, INT64_MIN},
        {"-9223372036854775809", false, false, 0},
        {"18446744073709551616", false, false, 0},
        {"1e20", false, false, 0},
        {"\"123\"", true, true, 123},
        {"\"-123\"", true, false, -123},
        {"\"+123\"", true, true, 123},
        {"\"\\u0031\"", true, true, 1},
        {"\"\"", false, false, 0},
        {"\"-\"", false, false, 0},
        {"\"--1\"", false, false, 0},
        {"\" 1\"", false, false, 0},
        {"\"1.0\"", false, false, 0},
        {"\"1e3\"", false, false, 0},
        {"\"0x10\"", false, false, 0},
        {"true", false, false, 0},
        {"null", false, false, 0},
        {"[1]", false, false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t integer = 99;
        uint64_t magnitude = 99;
        CHECK(parse(cases[i].text));
        const bool is_signed = json_integer(&document, 0, &integer), is_unsigned = json_unsigned(&document, 0, &magnitude);
        if (is_signed != cases[i].fits_signed || is_unsigned != cases[i].fits_unsigned)
            CHECK_EQ_TEXT(slice_of(cases[i].text), "read otherwise");
        CHECK_EQ_INT(integer, cases[i].fits_signed ? cases[i].value : 99);
        CHECK_EQ_INT(magnitude, cases[i].fits_unsigned ? cases[i].value : 99);
    }
    uint64_t magnitude = 0;
    int64_t integer = 99;
    CHECK(parse("18446744073709551615") && json_unsigned(&document, 0, &magnitude) && magnitude == UINT64_MAX);
    CHECK(!json_integer(&document, 0, &integer));
    CHECK(parse("\"18446744073709551615\"") && json_unsigned(&document, 0, &magnitude) && magnitude == UINT64_MAX);
    CHECK(!json_integer(&document, 0, &integer) && integer == 99);
}

/* Tells 0 from -0, and compares for real. */
static uint64_t bits_of(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static bool double_is(const char *text, double expected)
{
    double value = 0;
    return parse(text) && json_double(&document, 0, &value) && bits_of(value) == bits_of(expected);
}

TEST(doubles)
{
    double value = 99;
    CHECK(double_is("0", 0.0));
    CHECK(double_is("-0", -0.0));
    CHECK(double_is("[1]", 1) == false);
    CHECK(double_is("1.5e3", 1500));
    CHECK(double_is("0.1", 0.1));
    CHECK(double_is("5e-324", 5e-324));
    CHECK(double_is("1e-999", 0));
    CHECK(double_is("\"-2.5\"", -2.5));
    CHECK(double_is("\"Infinity\"", (double)INFINITY));
    CHECK(double_is("\"-Infinity\"", -(double)INFINITY));
    CHECK(parse("\"NaN\"") && json_double(&document, 0, &value) && isnan(value));
    static const char *const refused[] = {"1e999",  "\"inf\"",  "\"nan\"",        "\"0x1p3\"", "\"\"", "\" 1\"",
                                          "\"1 \"", "\"01\"", "\"1\\u0000\"", "true",      "{}"};
    value = 99;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        CHECK(parse(refused[i]) && !json_double(&document, 0, &value));
    CHECK(value > 98);
    CHECK(parse("[1.25,2]") && json_double(&document, 1, &value) && value > 1.24 && value < 1.26);
}

/* reliability.md 2.5: minutes with jsmn's other options. */
TEST(large_documents_take_linear_time)
{
    static const struct {
        const char *before, *unit, *after;
        size_t count;
    } cases[] = {
        {"[", "{},", "{}]", 100000},
        {"{", "\"k\":0,", "\"z\":1}", 100000},
        {"[", "{\"key\":\"a\",\"value\":{\"intValue\":\"1\"}},", "0]", 30000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buffer text;
        struct json heap;
        buffer_init(&text, 8 * 1024 * 1024);
        buffer_append_text(&text, cases[i].before);
        for (size_t k = 0; k < cases[i].count; k++)
            buffer_append_text(&text, cases[i].unit);
        buffer_append_text(&text, cases[i].after);
        const uint64_t start = clock_since_boot();
        CHECK(json_parse_allocating(&heap, buffer_slice(&text), 1 << 20));
        size_t seen = 0;
        for (int item = json_first(&heap, 0); item != JSON_NONE; item = json_next(&heap, item))
            seen++;
        CHECK_EQ_INT(seen, cases[i].count + 1);
        CHECK_EQ_INT(json_size(&heap, 0), cases[i].count + 1);
        if (json_type(&heap, 0) == JSON_OBJECT)
            CHECK_EQ_TEXT(json_raw(&heap, json_get(&heap, 0, "z")), "1");
        CHECK(clock_since_boot() - start < NANOSECONDS_PER_SECOND);
        json_release(&heap);
        buffer_free(&text);
    }
}

static const struct check_test tests[] = {
    CASE(every_root),         CASE(refuses_what_jsmn_would_take), CASE(token_capacity), CASE(members),
    CASE(iteration),          CASE(any_index_is_safe),            CASE(strings_are_decoded),
    CASE(strings_compare_decoded), CASE(integers),                CASE(doubles),        CASE(large_documents_take_linear_time),
};
CHECK_MAIN(tests)
