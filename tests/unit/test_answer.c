#include "check.h"

#include "export/answer.h"

static struct answer answer;

static enum answer_action classify(unsigned status, const char *type, struct slice body)
{
    const struct answer_received received = {.status = status, .content_type = slice_of(type), .body = body};
    answer_classify(&received, &answer);
    return answer.action;
}

static enum answer_action json(unsigned status, const char *body)
{
    return classify(status, "application/json", slice_of(body));
}

static enum answer_action cut(unsigned status, const char *type, const char *body)
{
    const struct answer_received received = {
        .ending = ANSWER_CUT, .status = status, .content_type = slice_of(type), .body = slice_of(body)};
    answer_classify(&received, &answer);
    return answer.action;
}

TEST(takes_what_receivers_answer)
{
    CHECK_EQ_INT(json(200, "{}"), ANSWER_TAKEN);
    CHECK_EQ_INT(json(200, ""), ANSWER_TAKEN);
    CHECK_EQ_INT(json(202, " {\"unknown\":[1,{}]}\r\n"), ANSWER_TAKEN);
    CHECK_EQ_INT(json(200, "{\"partialSuccess\":{}}"), ANSWER_TAKEN);
    CHECK_EQ_INT(classify(200, "", SLICE("")), ANSWER_TAKEN);
    CHECK_EQ_INT(classify(204, "", SLICE("")), ANSWER_TAKEN);
    CHECK_EQ_INT(classify(200, "application/x-protobuf", SLICE("")), ANSWER_TAKEN);
    CHECK_EQ_INT(classify(200, "application/x-protobuf", SLICE("\x0a\0")), ANSWER_TAKEN);
    CHECK_EQ_INT(classify(200, "text/html", SLICE("")), ANSWER_TAKEN);
    CHECK_EQ_INT(classify(200, "text/plain", SLICE("")), ANSWER_TAKEN);
    CHECK_EQ_INT(classify(200, "text/plain", SLICE("ok")), ANSWER_TAKEN);
    CHECK_EQ_INT(classify(200, "", SLICE("OK")), ANSWER_TAKEN);
    CHECK_EQ_INT(classify(200, "", SLICE("{}")), ANSWER_TAKEN);
    CHECK_EQ_TEXT(slice_of(answer.text), "");
    CHECK_EQ_INT(answer.rejected, 0);
}

TEST(P02_knows_another_program_on_that_port)
{
    CHECK_EQ_INT(classify(200, "text/html", SLICE("<html><body>Hello</body></html>")), ANSWER_MISDIRECTED);
    CHECK_EQ_TEXT(slice_of(answer.text), "answered 200, but not as an OTLP receiver does: text/html");
    CHECK_EQ_INT(classify(200, "text/html", SLICE("ok")), ANSWER_MISDIRECTED);
    CHECK_EQ_INT(classify(200, "text/plain", SLICE("<html>")), ANSWER_MISDIRECTED);
    CHECK_EQ_INT(classify(200, "", SLICE("\r\n <!doctype html>")), ANSWER_MISDIRECTED);
    CHECK_EQ_INT(classify(200, "application/xhtml+xml", SLICE("\xef\xbb\xbf<?xml?>")), ANSWER_MISDIRECTED);
    CHECK_EQ_INT(classify(200, "application/x-protobuf", SLICE("<html>")), ANSWER_MISDIRECTED);
    static const char *const bodies[] = {"<html>", "[]", "null", "true", "1", "\"ok\"", "{", "{}{}", "{\"a\"}", "{} x", "\xef\xbb\xbf{}"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        CHECK_EQ_INT(json(200, bodies[i]), ANSWER_MISDIRECTED);
    CHECK_EQ_INT(classify(200, "application/json", SLICE("{}\0")), ANSWER_MISDIRECTED);
}

TEST(takes_no_coded_body_for_read)
{
    const struct answer_received received = {
        .status = 200, .content_type = SLICE("application/json"), .encoded = true, .body = SLICE("\x1f\x8b")};
    answer_classify(&received, &answer);
    CHECK_EQ_INT(answer.action, ANSWER_MISDIRECTED);
    const struct answer_received readable = {
        .status = 200, .content_type = SLICE("application/json"), .encoded = true, .body = SLICE("{}")};
    answer_classify(&readable, &answer);
    CHECK_EQ_INT(answer.action, ANSWER_MISDIRECTED);
}

TEST(P09_counts_what_a_partial_success_rejects)
{
    CHECK_EQ_INT(json(200, "{\"partialSuccess\":{\"rejectedSpans\":\"3\",\"errorMessage\":\"bad span\"}}"), ANSWER_TAKEN);
    CHECK_EQ_INT(answer.rejected, 3);
    CHECK_EQ_TEXT(slice_of(answer.text), "bad span");
    CHECK_EQ_INT(json(200, "{\"partialSuccess\":{\"rejectedSpans\":3}}"), ANSWER_TAKEN);
    CHECK_EQ_INT(answer.rejected, 3);
    CHECK_EQ_INT(json(200, "{\"partialSuccess\":{\"errorMessage\":\"a warning\"}}"), ANSWER_TAKEN);
    CHECK_EQ_INT(answer.rejected, 0);
    CHECK_EQ_TEXT(slice_of(answer.text), "a warning");
    static const char *const odd[] = {
        "{\"partialSuccess\":{\"rejectedSpans\":-1}}", "{\"partialSuccess\":{\"rejectedSpans\":[3]}}", "{\"partialSuccess\":3}",
        "{\"partialSuccess\":{\"rejectedSpans\":\"99999999999999999999999\"}}", "{\"partialSuccess\":{\"errorMessage\":7}}",
    };
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        CHECK_EQ_INT(json(200, odd[i]), ANSWER_TAKEN);
        CHECK_EQ_INT(answer.rejected, 0);
    }
}

TEST(sorts_statuses)
{
    static const struct {
        unsigned status;
        enum answer_action action;
    } cases[] = {
        {300, ANSWER_MISDIRECTED}, {301, ANSWER_MISDIRECTED}, {302, ANSWER_MISDIRECTED}, {304, ANSWER_MISDIRECTED},
        {308, ANSWER_MISDIRECTED},
        {400, ANSWER_REFUSED},     {401, ANSWER_MISDIRECTED}, {403, ANSWER_MISDIRECTED}, {404, ANSWER_MISDIRECTED},
        {405, ANSWER_MISDIRECTED},
        {407, ANSWER_MISDIRECTED}, {408, ANSWER_MISDIRECTED}, {413, ANSWER_REFUSED},     {415, ANSWER_MISDIRECTED}, {422, ANSWER_REFUSED},
        {429, ANSWER_LATER},       {499, ANSWER_REFUSED},     {500, ANSWER_REFUSED},     {501, ANSWER_REFUSED},     {502, ANSWER_LATER},
        {503, ANSWER_LATER},       {504, ANSWER_LATER},       {505, ANSWER_REFUSED},     {599, ANSWER_REFUSED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_EQ_INT(classify(cases[i].status, "", SLICE("")), cases[i].action);
        CHECK(slice_starts_with(slice_of(answer.text), SLICE("answered ")));
        CHECK(!slice_ends_with(slice_of(answer.text), SLICE(" ")));
        /* what a refusal's body says or claims changes nothing */
        CHECK_EQ_INT(json(cases[i].status, "{\"partialSuccess\":{\"rejectedSpans\":3}}"), cases[i].action);
        CHECK_EQ_INT(answer.rejected, 0);
    }
}

TEST(tells_what_the_peer_said)
{
    CHECK_EQ_INT(json(400, "{\"code\":3,\"message\":\"bad \\\"span\\\"\"}"), ANSWER_REFUSED);
    CHECK_EQ_TEXT(slice_of(answer.text), "answered 400 Bad Request: bad \"span\"");
    classify(415, "text/plain", SLICE("415 unsupported media type\r\n"));
    CHECK_EQ_TEXT(slice_of(answer.text), "answered 415 Unsupported Media Type: 415 unsupported media type");
    classify(404, "text/html", SLICE("<html>"));
    CHECK_EQ_TEXT(slice_of(answer.text), "answered 404 Not Found");
    json(418, "[\"teapot\"]");
    CHECK_EQ_TEXT(slice_of(answer.text), "answered 418");
}

TEST(makes_what_the_peer_said_harmless)
{
    json(400, "{\"message\":\"a\\u001b[2Jb\\u0007\\nc\\u009bd\\u202ee\\u2028f\"}");
    CHECK_EQ_TEXT(slice_of(answer.text), "answered 400 Bad Request: a [2Jb  c d e f");
    classify(400, "text/plain", SLICE("\x1b]0;x\x07\xff\xc3\xa9"));
    CHECK_EQ_TEXT(slice_of(answer.text), "answered 400 Bad Request: ]0;x  \xc3\xa9");
}

TEST(cuts_a_long_message_between_characters)
{
    static const unsigned char owl[] = {0xf0, 0x9f, 0xa6, 0x89};
    char text[2000];
    for (size_t i = 0; i + 4 <= sizeof text; i += 4)
        memcpy(text + i, owl, sizeof owl);
    classify(400, "text/plain", (struct slice){text, sizeof text});
    const size_t prefix = strlen("answered 400 Bad Request: ");
    CHECK(strlen(answer.text) < sizeof answer.text);
    CHECK_EQ_INT((strlen(answer.text) - prefix) % 4, 0);
    memset(text, 'a', sizeof text);
    classify(400, "text/plain", (struct slice){text, sizeof text});
    CHECK_EQ_INT(strlen(answer.text), prefix + ANSWER_MESSAGE_MAX);
}

TEST(repeats_no_secret)
{
    classify(403, "text/plain", SLICE("no access with AKIAIOSFODNN7ABCDEFG here"));
    CHECK(strstr(answer.text, "AKIAIOSFODNN7ABCDEFG") == NULL);
    CHECK(strstr(answer.text, "no access") != NULL);
}

TEST(P04_counts_a_body_that_never_ends_by_its_status)
{
    CHECK_EQ_INT(cut(200, "application/json", "{\"partialSucc"), ANSWER_TAKEN);
    CHECK_EQ_INT(cut(200, "application/json", ""), ANSWER_TAKEN);
    CHECK_EQ_INT(cut(200, "application/json", "<html>"), ANSWER_MISDIRECTED);
    CHECK_EQ_INT(cut(200, "", ""), ANSWER_MISDIRECTED);
    CHECK_EQ_INT(cut(200, "text/html", ""), ANSWER_MISDIRECTED);
    CHECK_EQ_INT(cut(400, "text/plain", ""), ANSWER_REFUSED);
    CHECK_EQ_INT(cut(500, "text/plain", ""), ANSWER_LATER);
    CHECK_EQ_INT(cut(503, "text/plain", ""), ANSWER_LATER);
    const struct answer_received longer = {
        .status = 200, .content_type = SLICE("application/json"), .body = SLICE("{\"a\":"), .body_cut = true};
    answer_classify(&longer, &answer);
    CHECK_EQ_INT(answer.action, ANSWER_TAKEN);
}

TEST(P03_keeps_what_was_not_answered)
{
    const struct answer_received received = {
        .ending = ANSWER_NONE, .status = 200, .content_type = SLICE("application/json"), .body = SLICE("{}")};
    answer_classify(&received, &answer);
    CHECK_EQ_INT(answer.action, ANSWER_LATER);
    CHECK_EQ_TEXT(slice_of(answer.text), "");
}

static const struct check_test tests[] = {
    CASE(takes_what_receivers_answer),
    CASE(P02_knows_another_program_on_that_port),
    CASE(takes_no_coded_body_for_read),
    CASE(P09_counts_what_a_partial_success_rejects),
    CASE(sorts_statuses),
    CASE(tells_what_the_peer_said),
    CASE(makes_what_the_peer_said_harmless),
    CASE(cuts_a_long_message_between_characters),
    CASE(repeats_no_secret),
    CASE(P04_counts_a_body_that_never_ends_by_its_status),
    CASE(P03_keeps_what_was_not_answered),
};
CHECK_MAIN(tests)
