#include "base/json_digest.h"

#include "base/hash.h"
#include "check.h"

static uint64_t digest_in_pieces(struct slice text, size_t size)
{
    struct json_digest digest;
    json_digest_begin(&digest, NULL, 0);
    for (size_t from = 0; from < text.length; from += size)
        json_digest_feed(&digest, slice_part(text, from, size));
    json_digest_end(&digest);
    return digest.value;
}

static uint64_t digest_of(const char *text)
{
    return digest_in_pieces(slice_of(text), SIZE_MAX / 2);
}

TEST(does_not_depend_on_how_it_is_written)
{
    CHECK(digest_of("{\"a\":1,\"b\":[true,null,\"x\"]}") == digest_of(" { \"b\" : [ true , null , \"\\u0078\" ] ,\n\"a\" : 1 } "));
    CHECK(digest_of("{\"a\":null,\"b\":2}") == digest_of("{\"b\":2}"));
    CHECK(digest_of("\"\\n\\t\\\\\\/\\\"\"") == digest_of("\"\\u000a\\u0009\\u005c/\\u0022\""));
    CHECK(digest_of("\"\xf0\x9f\x98\x80\"") == digest_of("\"\\ud83d\\ude00\""));
    CHECK(digest_of("\"\\ud83d\"") == digest_of("\"\xef\xbf\xbd\""));
    CHECK(digest_of("\"\\ud83dx\\ude00\"") == digest_of("\"\xef\xbf\xbdx\xef\xbf\xbd\""));
}

TEST(tells_values_apart)
{
    static const char *const values[] = {
        "1", "\"1\"", "[1]", "[[1]]", "{\"1\":1}", "true", "false", "null", "[null]", "[]", "{}", "[{}]", "[[]]", "\"\"", "[1,2]", "[2,1]",
        "[12]", "[\"a\",\"b\"]", "[\"ab\"]", "{\"a\":\"b\"}", "{\"b\":\"a\"}", "{\"a\":{\"b\":1}}", "{\"a\":1,\"b\":1}",
        "{\"a\":[1,{\"b\":2}]}", "{\"a\":[1,{\"b\":3}]}", "1.0", "\"\\u0000\""};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        for (size_t j = 0; j < i; j++)
            CHECK(digest_of(values[i]) != digest_of(values[j]));
}

TEST(does_not_depend_on_the_pieces)
{
    const struct slice text = SLICE("{\"text\":\"a\\u00e9\\ud83d\\ude00\\\\\",\"n\":[-1.5e3,0,{\"deep\":[[\"\\\"\"]]}],"
                                    "\"t\":true,\"e\":{}}");
    const uint64_t whole = digest_in_pieces(text, text.length);
    for (size_t size = 1; size < text.length; size++)
        CHECK(digest_in_pieces(text, size) == whole);
}

TEST(counts_members)
{
    static const struct slice names[] = {{"timeout", 7}};
    static const struct {
        const char *text;
        unsigned members;
        bool empty;
    } cases[] = {{"{}", 0, true},       {"[]", 1, true},  {"null", 1, true},   {"\"\"", 1, true}, {"{\"timeout\":1}", 0, false},
                 {"{\"a\":null}", 0, false}, {"[null]", 1, false}, {"7", 1, false}, {"{\"a\":{\"timeout\":1},\"b\":2}", 2, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_digest digest;
        json_digest_begin(&digest, names, 1);
        json_digest_feed(&digest, slice_of(cases[i].text));
        json_digest_end(&digest);
        CHECK_EQ_INT(digest.members, cases[i].members);
        CHECK(digest.empty == cases[i].empty);
    }
}

TEST(gives_up_on_depth_and_survives_garbage)
{
    struct json_digest digest;
    json_digest_begin(&digest, NULL, 0);
    for (int i = 0; i < 300; i++)
        json_digest_feed(&digest, SLICE("["));
    CHECK(digest.deep);
    static const char *const garbage[] = {"}]", "\"\\u12", "{\"a\" \"b\" \"c\"", ",,::", "{]}[", "\\", "nul", "\"\\ud83d\\"};
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++)
        digest_of(garbage[i]);
}

static const struct check_test tests[] = {CASE(does_not_depend_on_how_it_is_written), CASE(tells_values_apart),
                                          CASE(does_not_depend_on_the_pieces), CASE(counts_members),
                                          CASE(gives_up_on_depth_and_survives_garbage)};
CHECK_MAIN(tests)
