#include "check.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/json_scan.h"

#include <stdlib.h>

static struct json_scan scan;
static struct buffer copy;

/* Each piece lies alone in memory of its own, as with a reader that reuses its buffer; a read past it traps. */
static enum json_scan_result feed(struct slice piece)
{
    char *alone = malloc(piece.length ? piece.length : 1);
    if (!alone)
        abort();
    if (piece.length > 0)
        memcpy(alone, piece.data, piece.length);
    const enum json_scan_result result = json_scan_feed(&scan, (struct slice){alone, piece.length});
    free(alone);
    return result;
}

/* The result for `text` fed in pieces of `size`, with a copy. */
static enum json_scan_result scan_pieces(struct slice text, size_t size)
{
    buffer_free(&copy);
    buffer_init(&copy, JSON_SCAN_COPY_MAX);
    json_scan_init(&scan, &copy);
    for (size_t from = 0; from < text.length; from += size)
        feed(slice_part(text, from, size));
    return json_scan_end(&scan);
}

static struct slice copy_of(struct slice text)
{
    return scan_pieces(text, SIZE_MAX / 2) == JSON_SCAN_DONE ? buffer_slice(&copy) : SLICE("refused");
}

static struct slice copy_of_text(const char *text)
{
    return copy_of(slice_of(text));
}

/* Text made of a prefix, `count` times a unit, and a suffix; the caller releases it. */
static struct slice repeated(const char *prefix, const char *unit, size_t count, const char *suffix)
{
    struct buffer text;
    buffer_init(&text, 16 * 1024 * 1024);
    buffer_append_text(&text, prefix);
    for (size_t i = 0; i < count; i++)
        buffer_append_text(&text, unit);
    buffer_append_text(&text, suffix);
    if (text.failed)
        abort();
    return buffer_slice(&text);
}

static void release(struct slice text)
{
    free((char *)text.data);
}

#define TEXT(literal) {literal, sizeof(literal) - 1}

static const struct slice valid[] = {
    TEXT("{}"),
    TEXT(" \t\r\n[ ] \n"),
    TEXT("null"),
    TEXT("true"),
    TEXT("false"),
    TEXT("\"\""),
    TEXT("0"),
    TEXT("-0"),
    TEXT("-0.0e-0"),
    TEXT("1E+2"),
    TEXT("10.25e7"),
    TEXT("1 "),
    TEXT("[1,2,[3],{\"a\":{}}]"),
    TEXT("{\"a\":1,\"a\":2}"),
    TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\ude00\""),
    TEXT("\"\x7f\xc3\xa9\xf0\x9f\x98\x80\""),
    TEXT("\"\\u0000\""),
    TEXT("[\"\xff\",\"\\ud800\"]"),
};

/* reliability.md 2.5: what jsmn takes even in strict mode, and more. */
static const struct slice invalid[] = {
    TEXT(""),
    TEXT(" "),
    TEXT("{\"a\"}"),
    TEXT("{\"a\":}"),
    TEXT("{\"a\" \"b\"}"),
    TEXT("{\"a\"::::1}"),
    TEXT("{}{}"),
    TEXT("{},"),
    TEXT(":{}"),
    TEXT("[1,]"),
    TEXT("[,1]"),
    TEXT("[1 2]"),
    TEXT("{\"a\":1,}"),
    TEXT("{,}"),
    TEXT("{1:2}"),
    TEXT("{a:1}"),
    TEXT("{'a':1}"),
    TEXT("{[]:1}"),
    TEXT("[}"),
    TEXT("{]"),
    TEXT("]"),
    TEXT("["),
    TEXT("{\"a\":1"),
    TEXT("[1"),
    TEXT("\""),
    TEXT("\"\\\""),
    TEXT("\"\\"),
    TEXT("\"\\u12"),
    TEXT("\"\\x\""),
    TEXT("\"\\u00g0\""),
    TEXT("\"\\U0000\""),
    TEXT("tru"),
    TEXT("nul"),
    TEXT("[tru]"),
    TEXT("truee"),
    TEXT("True"),
    TEXT("-"),
    TEXT("[-]"),
    TEXT("01"),
    TEXT("-01"),
    TEXT("1e"),
    TEXT("[1e]"),
    TEXT("1e+"),
    TEXT("1."),
    TEXT(".5"),
    TEXT("+1"),
    TEXT("1.2.3"),
    TEXT("1abc"),
    TEXT("0x10"),
    TEXT("1e5.5"),
    TEXT("NaN"),
    TEXT("Infinity"),
    TEXT("\"a\nb\""),
    TEXT("\"a\tb\""),
    TEXT("\"\x1f\""),
    TEXT("\"a\0b\""),
    TEXT("{}\0"),
    TEXT("{\"a\":1}\0{\"b\":2}"),
    TEXT("\xef\xbb\xbf{}"),
    TEXT("\xff"),
    TEXT("[1]garbage"),
    TEXT("{}garbage"),
    TEXT("/**/{}"),
    TEXT("[1]//"),
    TEXT("\v1"),
    TEXT("\xc2\xa0[]"),
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

TEST(takes_what_is_json)
{
    for (size_t i = 0; i < COUNT(valid); i++) {
        for (size_t size = 1; size <= valid[i].length; size++)
            CHECK_EQ_INT(scan_pieces(valid[i], size), JSON_SCAN_DONE);
        CHECK(json_valid(valid[i]));
        CHECK(!scan.truncated);
        CHECK_EQ_INT(scan.bytes, valid[i].length);
    }
}

TEST(refuses_what_is_not)
{
    for (size_t i = 0; i < COUNT(invalid); i++) {
        for (size_t size = 1; size <= invalid[i].length + 1; size++) {
            if (scan_pieces(invalid[i], size) != JSON_SCAN_BAD)
                CHECK_EQ_TEXT(invalid[i], "refused");
        }
        CHECK(!json_valid(invalid[i]));
    }
}

/* Whatever stands in a string, at each place of the eight bytes that are looked at together. */
TEST(every_byte_in_every_place)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        for (size_t place = 1; place < 18; place++) {
            char text[] = "\"abcdefghijklmnopq\"";
            text[place] = (char)byte;
            const bool valid_here = byte >= 0x20 && byte != '"' && (byte != '\\' || strchr("bfn", text[place + 1]));
            if (json_valid((struct slice){text, sizeof text - 1}) != valid_here)
                CHECK_EQ_INT(byte, 256);
        }
    }
}

TEST(says_when_a_value_is_complete)
{
    json_scan_init(&scan, NULL);
    CHECK_EQ_INT(json_scan_feed(&scan, SLICE("")), JSON_SCAN_MORE);
    CHECK_EQ_INT(json_scan_feed(&scan, SLICE(" {\"a\":1")), JSON_SCAN_MORE);
    CHECK_EQ_INT(json_scan_feed(&scan, SLICE("}")), JSON_SCAN_DONE);
    CHECK_EQ_INT(json_scan_feed(&scan, SLICE(" \n")), JSON_SCAN_DONE);
    CHECK_EQ_INT(scan.bytes, 10);
    CHECK_EQ_INT(json_scan_feed(&scan, SLICE(" x ")), JSON_SCAN_BAD);
    CHECK_EQ_INT(scan.bytes, 11);
    CHECK_EQ_INT(json_scan_feed(&scan, SLICE(" ")), JSON_SCAN_BAD);
    CHECK_EQ_INT(json_scan_end(&scan), JSON_SCAN_BAD);
    CHECK_EQ_INT(scan.bytes, 11);

    json_scan_init(&scan, NULL);
    CHECK_EQ_INT(json_scan_feed(&scan, SLICE("12")), JSON_SCAN_MORE);
    CHECK_EQ_INT(json_scan_feed(&scan, SLICE("3")), JSON_SCAN_MORE);
    CHECK_EQ_INT(json_scan_end(&scan), JSON_SCAN_DONE);

    json_scan_init(&scan, NULL);
    CHECK_EQ_INT(json_scan_feed(&scan, SLICE("[1.5.")), JSON_SCAN_BAD);
    CHECK_EQ_INT(scan.bytes, 4);
}

TEST(depth_is_bounded)
{
    const struct slice brackets = repeated("", "[", 1 << 20, ""), objects = repeated("", "{\"a\":", 1000, "");
    const uint64_t start = clock_since_boot();
    json_scan_init(&scan, NULL);
    CHECK_EQ_INT(json_scan_feed(&scan, brackets), JSON_SCAN_TOO_DEEP);
    CHECK(clock_since_boot() - start < 20 * NANOSECONDS_PER_MILLISECOND);
    CHECK_EQ_INT(scan.bytes, JSON_DEPTH_MAX);
    CHECK_EQ_INT(json_scan_end(&scan), JSON_SCAN_TOO_DEEP);
    CHECK_EQ_INT(scan_pieces(objects, 7), JSON_SCAN_TOO_DEEP);
    release(brackets);
    release(objects);

    const struct slice open = repeated("", "[", JSON_DEPTH_MAX, ""), close = repeated("", "]", JSON_DEPTH_MAX, "");
    json_scan_init(&scan, NULL);
    CHECK_EQ_INT(json_scan_feed(&scan, open), JSON_SCAN_MORE);
    CHECK_EQ_INT(json_scan_feed(&scan, close), JSON_SCAN_DONE);
    release(open);
    release(close);
}

TEST(the_copy_is_compact)
{
    CHECK_EQ_TEXT(copy_of_text(" { \"a\" : [ 1 , -2.5e+3 , true , false , null ] , \"b\" : { } , \"c\" : [ ] } "),
                  "{\"a\":[1,-2.5e+3,true,false,null],\"b\":{},\"c\":[]}");
    CHECK_EQ_TEXT(copy_of_text(" 42 "), "42");
    CHECK_EQ_TEXT(copy_of_text("42"), "42");
    CHECK_EQ_TEXT(copy_of_text("\" a \""), "\" a \"");
    CHECK(!scan.truncated);
}

TEST(the_copy_is_appended)
{
    struct buffer out;
    buffer_init(&out, 100);
    buffer_append_text(&out, "before:");
    json_scan_init(&scan, &out);
    CHECK_EQ_INT(json_scan_feed(&scan, SLICE("[ 1 ]")), JSON_SCAN_DONE);
    CHECK_EQ_TEXT(buffer_slice(&out), "before:[1]");
    buffer_free(&out);
}

TEST(malformed_text_is_mended_and_counted)
{
    static const struct {
        const char *text, *copy;
        unsigned replaced;
    } cases[] = {
        {"\"a\xff" "b\"", "\"a\xef\xbf\xbd" "b\"", 1},
        {"\"\xe2\x82\"", "\"\xef\xbf\xbd\"", 1},
        {"\"\xe2\x82\xe2\x82\xac\"", "\"\xef\xbf\xbd\xe2\x82\xac\"", 1},
        {"\"\xed\xa0\x80\"", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", 3},
        {"\"\xc0\xaf\\n\"", "\"\xef\xbf\xbd\xef\xbf\xbd\\n\"", 2},
        {"\"\xf0\x9f\x98\\n\"", "\"\xef\xbf\xbd\\n\"", 1},
        {"\"\\ud83d\\uDE00\"", "\"\\ud83d\\uDE00\"", 0},
        {"\"\\uD83dx\"", "\"\xef\xbf\xbdx\"", 1},
        {"\"\\ud83d\"", "\"\xef\xbf\xbd\"", 1},
        {"\"\\ude00\"", "\"\xef\xbf\xbd\"", 1},
        {"\"\\ude00\\ud83d\"", "\"\xef\xbf\xbd\xef\xbf\xbd\"", 2},
        {"\"\\ud83d\\ud83d\\ude00\"", "\"\xef\xbf\xbd\\ud83d\\ude00\"", 1},
        {"\"\\ud83d\\n\"", "\"\xef\xbf\xbd\\n\"", 1},
        {"\"\\ud83d\\u0041\"", "\"\xef\xbf\xbd\\u0041\"", 1},
        {"\"\\ud83d\xff\"", "\"\xef\xbf\xbd\xef\xbf\xbd\"", 2},
        {"{\"\\ud83d\":\"\xff\"}", "{\"\xef\xbf\xbd\":\"\xef\xbf\xbd\"}", 2},
        {"\"\\u00Fe\\u0000\\u001B\"", "\"\\u00Fe\\u0000\\u001B\"", 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct slice text = slice_of(cases[i].text);
        for (size_t size = 1; size <= text.length; size++) {
            CHECK_EQ_INT(scan_pieces(text, size), JSON_SCAN_DONE);
            CHECK_EQ_TEXT(buffer_slice(&copy), cases[i].copy);
            CHECK_EQ_INT(scan.replaced, cases[i].replaced);
        }
    }
    const struct slice many = repeated("\"", "\xff", 100000, "\"");
    CHECK_EQ_INT(scan_pieces(many, 999), JSON_SCAN_DONE);
    CHECK_EQ_INT(scan.replaced, 100000);
    release(many);
}

static const char *mark(uint64_t bytes, uint64_t hash)
{
    static char text[80];
    snprintf(text, sizeof text, "\xe2\x80\xa6" "cut %" PRIu64 " bytes, %016" PRIx64, bytes, hash);
    return text;
}

TEST(long_strings_keep_their_ends)
{
    const size_t most = JSON_SCAN_HEAD_MAX + JSON_SCAN_TAIL_MAX;
    const struct slice fits = repeated("\"", "a", most, "\""), longer = repeated("\"", "a", most + 1, "\"");
    CHECK(slice_equal(copy_of(fits), fits));
    CHECK(!scan.truncated);
    const struct slice cut = copy_of(longer), said = slice_of(mark(1, fnv1a(FNV1A_START, SLICE("a"))));
    CHECK(scan.truncated);
    CHECK_EQ_INT(cut.length, 2 + most + said.length + 3);
    CHECK(slice_equal(slice_part(cut, 1 + JSON_SCAN_HEAD_MAX, said.length), said));
    CHECK(slice_equal(slice_part(cut, 1 + JSON_SCAN_HEAD_MAX + said.length, 3), SLICE("\xe2\x80\xa6")));
    CHECK(json_valid(cut));
    release(fits);
    release(longer);
}

TEST(a_cut_tells_inputs_apart)
{
    struct slice text = repeated("\"", "abcdefgh", 10000, "\"");
    char *middle = (char *)text.data + 40000;
    char first[JSON_SCAN_HEAD_MAX + JSON_SCAN_TAIL_MAX + 200];
    const struct slice a = copy_of(text);
    const size_t length = a.length;
    CHECK(length < sizeof first);
    memcpy(first, a.data, length < sizeof first ? length : 0);
    *middle = 'X';
    const struct slice b = copy_of(text);
    CHECK_EQ_INT(b.length, length);
    CHECK(memcmp(first, b.data, length) != 0);
    release(text);
}

/* The copy does not depend on the pieces, and no cut falls inside a character, an escape or a pair. */
static void check_cuts(const char *prefix, const char *unit, size_t piece)
{
    const size_t each = strlen(unit);
    const struct slice text = repeated(prefix, unit, 40000 / each, "\"");
    const struct slice whole = copy_of(text);
    struct buffer kept;
    size_t at;
    buffer_init(&kept, JSON_SCAN_COPY_MAX);
    buffer_append_slice(&kept, whole);
    CHECK(scan.truncated && scan.replaced == 0);
    CHECK(json_valid(buffer_slice(&kept)));
    CHECK_EQ_INT(scan_pieces(text, piece), JSON_SCAN_DONE);
    CHECK(slice_equal(buffer_slice(&copy), buffer_slice(&kept)));
    CHECK(scan.replaced == 0);
    /* scanned again it is found well-formed: half a pair or half a character would be replaced */
    CHECK_EQ_INT(scan_pieces(buffer_slice(&kept), 4096), JSON_SCAN_DONE);
    CHECK(scan.replaced == 0);
    CHECK(slice_find(buffer_slice(&kept), SLICE("\xe2\x80\xa6" "cut "), 0, &at));
    const size_t head = at - 1, prefix_length = strlen(prefix) - 1;
    CHECK(head <= JSON_SCAN_HEAD_MAX && head > JSON_SCAN_HEAD_MAX - 12);
    CHECK_EQ_INT((head - prefix_length) % each, 0);
    size_t end;
    CHECK(slice_find(buffer_slice(&kept), SLICE("\xe2\x80\xa6"), at + 1, &end));
    const size_t tail = kept.length - 1 - (end + 3);
    CHECK(tail <= JSON_SCAN_TAIL_MAX && tail > JSON_SCAN_TAIL_MAX - 12);
    CHECK_EQ_INT(tail % each, 0);
    buffer_free(&kept);
    release(text);
}

TEST(cuts_fall_between_characters)
{
    static const char *const prefixes[] = {"\"", "\"x", "\"xy", "\"xyz", "\"xyzxyzx"};
    static const char *const units[] = {"\\n", "\\\\", "\\u00e9", "\\ud83d\\ude00", "\\uD83D\\uDE00",
                                        "\xe4\xb8\xad", "\xf0\x9f\x98\x80", "\xc3\xa9"};
    for (size_t i = 0; i < COUNT(prefixes); i++) {
        for (size_t j = 0; j < COUNT(units); j++) {
            check_cuts(prefixes[i], units[j], 1);
            check_cuts(prefixes[i], units[j], 777);
            check_cuts(prefixes[i], units[j], 5000);
        }
    }
}

TEST(a_full_member_is_cut_in_every_open_container)
{
    const struct slice text = repeated("{\"a\":{\"b\":[[", "\"0123456789\",", 10000, "1],2],\"c\":3},\"d\":4}");
    const struct slice result = copy_of(text);
    CHECK_EQ_INT(json_scan_end(&scan), JSON_SCAN_DONE);
    CHECK(scan.truncated);
    CHECK(json_valid(result));
    CHECK(slice_starts_with(result, SLICE("{\"a\":{\"b\":[[\"0123456789\",\"0123456789\",")));
    char ending[400];
    /* 4096 elements are b, the inner array and 4094 strings */
    const struct slice rest = slice_part(text, 12 + 13 * 4094, (10000 - 4094) * 13 + 1);
    const int length = snprintf(ending, sizeof ending, ",\"%s\"]", mark(rest.length, fnv1a(FNV1A_START, rest)));
    const int next = snprintf(ending + length, sizeof ending - (size_t)length, ",\"%s\"]", mark(1, fnv1a(FNV1A_START, SLICE("2"))));
    snprintf(ending + length + next, sizeof ending - (size_t)(length + next), ",\"\xe2\x80\xa6\":\"%s\"},\"d\":4}",
             mark(5, fnv1a(FNV1A_START, SLICE("\"c\":3"))));
    CHECK(slice_ends_with(result, slice_of(ending)));
    CHECK_EQ_INT(json_scan_member_size(&scan, "a"), text.length - 5 - 7);
    CHECK_EQ_INT(json_scan_member_size(&scan, "d"), 1);

    struct buffer kept;
    buffer_init(&kept, JSON_SCAN_COPY_MAX);
    buffer_append_slice(&kept, result);
    for (size_t size = 1; size < 100; size += 7) {
        CHECK_EQ_INT(scan_pieces(text, size), JSON_SCAN_DONE);
        CHECK(slice_equal(buffer_slice(&copy), buffer_slice(&kept)));
    }
    buffer_free(&kept);
    release(text);
}

TEST(a_member_of_many_bytes_is_cut)
{
    const struct slice text = repeated("{\"a\":[\"x\"", ",\"01234567890123456789012345678901234567890123456789\"", 2000, "],\"b\":[1]}");
    const struct slice result = copy_of(text);
    CHECK(scan.truncated && json_valid(result));
    CHECK(result.length > JSON_SCAN_MEMBER_BYTES && result.length < JSON_SCAN_MEMBER_BYTES + 200);
    CHECK(slice_ends_with(result, SLICE("\"],\"b\":[1]}")));
    release(text);
}

TEST(objects_and_root_arrays_have_budgets_too)
{
    const struct slice object = repeated("{\"a\":{", "\"k\":1,", 5000, "\"z\":2}}"), array = repeated("[0", ",1", 100000, "]");
    struct slice result = copy_of(object);
    CHECK(scan.truncated && json_valid(result));
    CHECK(slice_ends_with(result, SLICE("\"}}")));
    CHECK(slice_find(result, SLICE(",\"\xe2\x80\xa6\":\"\xe2\x80\xa6" "cut "), 0, &(size_t){0}));
    result = copy_of(array);
    CHECK(scan.truncated && json_valid(result));
    CHECK_EQ_INT(result.length, 2 * JSON_SCAN_MEMBER_ELEMENTS + 2 + strlen(mark(100000, 0)) + 2);
    release(object);
    release(array);
}

/* The rest that is left out may begin with a container's first element: no comma before its mark. */
TEST(a_cut_before_the_first_element)
{
    const struct slice text = repeated("{\"a\":[", "[],", JSON_SCAN_MEMBER_ELEMENTS - 1, "[[7]]]}");
    const struct slice result = copy_of(text);
    char ending[100];
    snprintf(ending, sizeof ending, "[],[\"%s\"]]}", mark(3, fnv1a(FNV1A_START, SLICE("[7]"))));
    CHECK(slice_ends_with(result, slice_of(ending)));
    CHECK(json_valid(result));
    release(text);
}

TEST(long_numbers_become_marks)
{
    const struct slice fits = repeated("", "1", JSON_COPY_NUMBER_MAX, ""), longer = repeated("", "1", JSON_COPY_NUMBER_MAX + 1, "");
    char expected[100];
    snprintf(expected, sizeof expected, "\"%s\"", mark(longer.length, fnv1a(FNV1A_START, longer)));
    for (size_t size = 1; size < 3000; size += 499) {
        CHECK_EQ_INT(scan_pieces(fits, size), JSON_SCAN_DONE);
        CHECK(slice_equal(buffer_slice(&copy), fits) && !scan.truncated);
        CHECK_EQ_INT(scan_pieces(longer, size), JSON_SCAN_DONE);
        CHECK_EQ_TEXT(buffer_slice(&copy), expected);
        CHECK(scan.truncated);
    }
    release(fits);
    release(longer);
}

TEST(members_have_sizes)
{
    const struct slice text = SLICE(" { \"prompt\" : \"h\\u00e9llo\" , \"n\":12 ,\"o\" : { \"n\" : [ 1 , 2 ] } , "
                                    "\"tool\\u005fname\":\"x\",\"n\": -1.5e3 , \"\":1,\"a\\u0000b\":1,"
                                    "\"12345678901234567890123456789012\":1234,\"123456789012345678901234567890123\":7}");
    for (size_t size = 1; size <= text.length; size++) {
        CHECK_EQ_INT(scan_pieces(text, size), JSON_SCAN_DONE);
        CHECK_EQ_INT(scan.member_count, 9);
        CHECK_EQ_INT(json_scan_member_size(&scan, "prompt"), 12);
        CHECK_EQ_INT(json_scan_member_size(&scan, "n"), 6);
        CHECK_EQ_INT(json_scan_member_size(&scan, "o"), 19);
        CHECK_EQ_INT(json_scan_member_size(&scan, "tool_name"), 3);
        CHECK_EQ_INT(json_scan_member_size(&scan, "12345678901234567890123456789012"), 4);
        CHECK_EQ_INT(json_scan_member_size(&scan, "123456789012345678901234567890123"), 0);
        CHECK_EQ_INT(json_scan_member_size(&scan, "a"), 0);
        CHECK_EQ_INT(json_scan_member_size(&scan, ""), 0);
        CHECK_EQ_INT(json_scan_member_size(&scan, "absent"), 0);
    }
}

TEST(members_are_bounded)
{
    struct slice text = repeated("{\"z\":1", ",\"a\":1", JSON_SCAN_MEMBERS_MAX - 1, "}");
    CHECK_EQ_INT(scan_pieces(text, 5), JSON_SCAN_DONE);
    CHECK_EQ_INT(scan.member_count, JSON_SCAN_MEMBERS_MAX);
    release(text);
    text = repeated("{\"z\":1", ",\"a\":1", JSON_SCAN_MEMBERS_MAX, "}");
    CHECK_EQ_INT(scan_pieces(text, 5), JSON_SCAN_TOO_MANY);
    CHECK(json_valid(text));
    release(text);
    text = repeated("[{\"z\":1", ",\"a\":1", JSON_SCAN_MEMBERS_MAX, "}]"); /* not top-level */
    CHECK_EQ_INT(scan_pieces(text, 5), JSON_SCAN_DONE);
    CHECK_EQ_INT(scan.member_count, 0);
    release(text);
}

TEST(the_copy_is_bounded)
{
    struct slice text = repeated("{\"a\":1", ",\"b\":[\"0123456789012345678901234567890123456789\"]", 60, "}");
    struct buffer small;
    buffer_init(&small, 100);
    json_scan_init(&scan, &small);
    json_scan_feed(&scan, text);
    CHECK_EQ_INT(json_scan_end(&scan), JSON_SCAN_TOO_MANY);
    CHECK(small.length <= 100);
    buffer_free(&small);
    release(text);

    char member[18000];
    memset(member, 'x', sizeof member - 1);
    member[sizeof member - 1] = '\0';
    memcpy(member, ",\"k\":\"", 6);
    member[sizeof member - 2] = '"';
    text = repeated("{\"a\":1", member, 40, "}");
    struct buffer large;
    buffer_init(&large, 4 * JSON_SCAN_COPY_MAX);
    json_scan_init(&scan, &large);
    json_scan_feed(&scan, text);
    CHECK_EQ_INT(json_scan_end(&scan), JSON_SCAN_TOO_MANY);
    CHECK(large.length <= JSON_SCAN_COPY_MAX);
    buffer_free(&large);
    release(text);
}

/* What fails first wins, however the text is cut. */
TEST(a_full_copy_comes_before_a_later_fault)
{
    const struct slice text = SLICE("[\"0123456789\",\"0123456789\"x");
    for (size_t size = 1; size <= text.length; size++) {
        struct buffer small;
        buffer_init(&small, 15);
        json_scan_init(&scan, &small);
        for (size_t from = 0; from < text.length; from += size)
            json_scan_feed(&scan, slice_part(text, from, size));
        CHECK_EQ_INT(json_scan_end(&scan), JSON_SCAN_TOO_MANY);
        buffer_free(&small);
    }
}

TEST(the_scanner_is_small)
{
    CHECK(sizeof(struct json_scan) < 8192);
}

/* Plain text, escapes and every sort of malformed text mixed at random, cut at random: the same copy as in one piece. */
TEST(random_pieces_change_nothing)
{
    static const char *const units[] = {"a", "bcdefghijklmnop", "\\n", "\\\\", "\\u0041", "\\ud83d\\ude00", "\\uD83D", "\\uDE00",
                                        "\xc3\xa9", "\xe4\xb8\xad", "\xf0\x9f\x98\x80", "\xff", "\xe4\xb8", "\xed\xa0\x80",
                                        "\xf0\x9f\x98", "\",\"", "\\\""};
    uint32_t seed = 1;
    struct buffer text, kept;
    buffer_init(&text, 1 << 20);
    buffer_init(&kept, JSON_SCAN_COPY_MAX);
    for (int round = 0; round < 60; round++) {
        buffer_clear(&text);
        buffer_append_text(&text, "[\"");
        while (text.length < (round % 3 == 0 ? 300u : 30000u)) {
            seed = seed * 1664525 + 1013904223;
            const uint32_t unit = (seed >> 16) % COUNT(units);
            if (unit != 15 || round % 2 == 0)
                buffer_append_text(&text, units[unit]);
        }
        buffer_append_text(&text, "\"]");
        buffer_clear(&kept);
        buffer_append_slice(&kept, copy_of(buffer_slice(&text)));
        const uint64_t replaced = scan.replaced;
        CHECK(json_valid(buffer_slice(&kept)));
        buffer_clear(&copy);
        json_scan_init(&scan, &copy);
        for (size_t from = 0; from < text.length;) {
            seed = seed * 1664525 + 1013904223;
            const size_t size = 1 + (seed >> 16) % (round % 5 == 0 ? 4000 : 9);
            feed(slice_part(buffer_slice(&text), from, size));
            from += size;
        }
        CHECK_EQ_INT(json_scan_end(&scan), JSON_SCAN_DONE);
        CHECK(slice_equal(buffer_slice(&copy), buffer_slice(&kept)));
        CHECK(scan.replaced == replaced);
    }
    buffer_free(&text);
    buffer_free(&kept);
}

TEST(fifty_mebibytes_take_little_memory)
{
    static char piece[65536];
    memset(piece, 'x', sizeof piece);
    buffer_clear(&copy);
    json_scan_init(&scan, &copy);
    json_scan_feed(&scan, SLICE("{\"tool_response\":\""));
    for (int i = 0; i < 800; i++)
        json_scan_feed(&scan, (struct slice){piece, sizeof piece});
    CHECK_EQ_INT(json_scan_feed(&scan, SLICE("\"}")), JSON_SCAN_DONE);
    CHECK_EQ_INT(json_scan_member_size(&scan, "tool_response"), 50 * 1024 * 1024 + 2);
    CHECK(copy.length < 20000);
    buffer_free(&copy);
}

static const struct check_test tests[] = {
    CASE(takes_what_is_json),
    CASE(refuses_what_is_not),
    CASE(every_byte_in_every_place),
    CASE(says_when_a_value_is_complete),
    CASE(depth_is_bounded),
    CASE(the_copy_is_compact),
    CASE(the_copy_is_appended),
    CASE(malformed_text_is_mended_and_counted),
    CASE(long_strings_keep_their_ends),
    CASE(a_cut_tells_inputs_apart),
    CASE(cuts_fall_between_characters),
    CASE(a_full_member_is_cut_in_every_open_container),
    CASE(a_member_of_many_bytes_is_cut),
    CASE(objects_and_root_arrays_have_budgets_too),
    CASE(a_cut_before_the_first_element),
    CASE(long_numbers_become_marks),
    CASE(members_have_sizes),
    CASE(members_are_bounded),
    CASE(the_copy_is_bounded),
    CASE(a_full_copy_comes_before_a_later_fault),
    CASE(the_scanner_is_small),
    CASE(random_pieces_change_nothing),
    CASE(fifty_mebibytes_take_little_memory),
};
CHECK_MAIN(tests)
