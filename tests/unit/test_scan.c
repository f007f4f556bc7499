#include "shim/scan.h"

#include "check.h"

static struct scan scan;
static struct mcp_message found[8];
static unsigned found_count, lines, foreign_lines;

static void note(enum scan_result result)
{
    if (result == SCAN_LINE) {
        lines++;
        foreign_lines += scan.message.kind == MCP_FOREIGN && !scan.is_batch;
    }
    if ((result == SCAN_LINE || result == SCAN_ELEMENT) && scan.message.kind != MCP_FOREIGN && found_count < 8)
        found[found_count++] = scan.message;
}

static void play(struct slice text, size_t size)
{
    scan_init(&scan, MCP_TO_SERVER);
    found_count = lines = foreign_lines = 0;
    scan.time = 1000;
    for (size_t from = 0; from < text.length;) {
        size_t taken;
        note(scan_feed(&scan, slice_part(text, from, size), &taken));
        from += taken;
        scan.time++;
    }
    if (scan_end(&scan))
        note(SCAN_LINE);
}

static struct slice text_of(unsigned message, enum mcp_text text)
{
    return mcp_message_raw(&found[message], text);
}

TEST(sees_a_request)
{
    const struct slice line = SLICE(" {\"jsonrpc\":\"2.0\",\"id\":\"a\\\"b\",\"method\":\"tools/call\","
                                    "\"params\":{\"name\":\"search\",\"arguments\":{\"id\":9,\"q\":\"x\"},"
                                    "\"_meta\":{\"progressToken\":5,\"io.modelcontextprotocol/protocolVersion\":\"2026-07-28\"},"
                                    "\"requestState\":\"s\"}} \r\n");
    for (size_t size = 1; size <= line.length; size++) {
        play(line, size);
        CHECK_EQ_INT(found_count, 1);
        CHECK_EQ_INT(found[0].kind, MCP_REQUEST);
        CHECK_EQ_TEXT(text_of(0, MCP_TEXT_ID), "a\\\"b");
        CHECK_EQ_TEXT(text_of(0, MCP_TEXT_METHOD), "tools/call");
        CHECK_EQ_TEXT(text_of(0, MCP_TEXT_NAME), "search");
        CHECK_EQ_TEXT(text_of(0, MCP_TEXT_PROTOCOL_VERSION), "2026-07-28");
        CHECK(found[0].digests[MCP_DIGEST_ID] && found[0].digests[MCP_DIGEST_TOKEN] && found[0].digests[MCP_DIGEST_STATE]);
        CHECK(found[0].digests[MCP_DIGEST_ARGUMENTS] && !found[0].digests[MCP_DIGEST_TARGET]);
        CHECK_EQ_INT(found[0].size, line.length - 2);
        CHECK_EQ_INT(found[0].begun, 1000);
    }
}

TEST(sees_answers)
{
    play(SLICE("{\"id\":1,\"result\":{\"isError\":true,\"resultType\":\"input_required\",\"content\":[{\"isError\":false}]}}\n"
               "{\"id\":2,\"error\":{\"code\":-32601,\"message\":\"no \\u0041\",\"data\":{\"code\":5}}}\n{\"result\":null,\"id\":3}\n"
               "{\"id\":null,\"error\":{}}\n"), 1000);
    CHECK_EQ_INT(found_count, 4);
    CHECK(found[0].kind == MCP_RESPONSE && found[0].tool_error && !found[0].failed);
    CHECK_EQ_TEXT(text_of(0, MCP_TEXT_RESULT_TYPE), "input_required");
    CHECK(found[1].kind == MCP_RESPONSE && found[1].failed && !found[1].tool_error);
    CHECK_EQ_TEXT(text_of(1, MCP_TEXT_ERROR_CODE), "-32601");
    char storage[64];
    struct buffer decoded;
    buffer_init_fixed(&decoded, storage, sizeof storage);
    mcp_message_append_text(&found[1], MCP_TEXT_ERROR_MESSAGE, &decoded);
    CHECK_EQ_TEXT(buffer_slice(&decoded), "no A");
    CHECK(found[2].kind == MCP_RESPONSE && found[2].digests[MCP_DIGEST_ID]);
    CHECK(found[3].kind == MCP_RESPONSE && !found[3].digests[MCP_DIGEST_ID]);
}

TEST(tells_ids_apart)
{
    play(SLICE("{\"id\":1,\"method\":\"a\"}\n{\"id\":\"1\",\"method\":\"a\"}\n"
               "{\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":1}}\n"
               "{\"id\":\"\\u0031\",\"method\":\"a\"}\n{\"id\":null,\"method\":\"a\"}\n"
               "{\"id\":[1],\"method\":\"a\"}\n{\"id\":true,\"method\":\"a\"}\n"), 1000);
    CHECK_EQ_INT(found_count, 7);
    CHECK(found[0].digests[MCP_DIGEST_ID] != found[1].digests[MCP_DIGEST_ID]);
    CHECK(found[2].digests[MCP_DIGEST_TARGET] == found[0].digests[MCP_DIGEST_ID]);
    CHECK_EQ_INT(found[2].kind, MCP_NOTIFICATION);
    CHECK(found[3].digests[MCP_DIGEST_ID] == found[1].digests[MCP_DIGEST_ID]);
    for (unsigned i = 4; i < 7; i++)
        CHECK(found[i].kind == MCP_NOTIFICATION && found[i].digests[MCP_DIGEST_ID] == 0);
}

TEST(sees_batches)
{
    const struct slice line = SLICE("[{\"id\":1,\"method\":\"a\"}, 7, [{\"id\":5,\"method\":\"z\"}], "
                                    "{\"method\":\"notifications/b\",\"params\":{}} ,{\"id\":2,\"result\":{}}]\n"
                                    "[]\n{\"id\":3,\"method\":\"c\"}\n");
    for (size_t size = 1; size <= line.length; size++) {
        play(line, size);
        CHECK_EQ_INT(lines, 3);
        CHECK_EQ_INT(foreign_lines, 0);
        CHECK_EQ_INT(found_count, 4);
        CHECK(found[0].kind == MCP_REQUEST && found[1].kind == MCP_NOTIFICATION);
        CHECK(found[2].kind == MCP_RESPONSE && found[3].kind == MCP_REQUEST);
        CHECK(found[0].in_batch && found[2].in_batch && !found[3].in_batch);
        CHECK_EQ_INT(found[0].size, sizeof "{\"id\":1,\"method\":\"a\"}" - 1);
        CHECK_EQ_TEXT(text_of(3, MCP_TEXT_METHOD), "c");
    }
}

TEST(passes_over_foreign_lines)
{
    static const char *const bad[] = {"hello", "{\"id\":1,\"method\":\"a\"", "{\"id\":1,\"method\":\"a\"}}", "{\"id\":1 \"method\":\"a\"}",
                                      "{id:1}", "{\"id\":1,}", "[{\"id\":1,\"method\":\"a\"},]x", "\"text\"", "1",
                                      "{\"id\":1,\"method\":\"a", "{\"a\":[}", "\\", "[1,]", "{\"a\":{]\"b", ""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct buffer text;
        buffer_init(&text, 4096);
        buffer_append_text(&text, bad[i]);
        buffer_append_text(&text, "\n{\"id\":7,\"method\":\"after\"}\n");
        for (size_t size = 1; size < text.length; size++) {
            play(buffer_slice(&text), size);
            CHECK_EQ_INT(lines, 2);
            CHECK(found_count > 0);
            CHECK_EQ_TEXT(text_of(found_count - 1, MCP_TEXT_METHOD), "after");
            CHECK(found_count == 1 || bad[i][0] == '[');
        }
        buffer_free(&text);
    }
}

TEST(the_last_of_equal_names_counts)
{
    play(SLICE("{\"id\":1,\"id\":\"x\",\"method\":\"a\",\"method\":\"b\",\"params\":{\"name\":\"n\",\"name\":\"m\"}}\n"
               "{\"id\":1,\"id\":{},\"method\":\"a\"}\n"), 1000);
    CHECK_EQ_TEXT(text_of(0, MCP_TEXT_ID), "x");
    CHECK_EQ_TEXT(text_of(0, MCP_TEXT_METHOD), "b");
    CHECK_EQ_TEXT(text_of(0, MCP_TEXT_NAME), "m");
    CHECK_EQ_INT(found[1].kind, MCP_NOTIFICATION);
}

TEST(cuts_long_texts)
{
    struct buffer text, decoded;
    buffer_init(&text, 1 << 20);
    buffer_init(&decoded, 1 << 20);
    for (unsigned shift = 0; shift < 14; shift++) {
        buffer_clear(&text);
        buffer_append_text(&text, "{\"id\":\"");
        for (unsigned i = 0; i < 90000; i++)
            buffer_append_byte(&text, 'i');
        buffer_append_text(&text, "\",\"error\":{\"message\":\"");
        for (unsigned i = 0; i < shift; i++)
            buffer_append_byte(&text, 'x');
        for (unsigned i = 0; i < 200; i++)
            buffer_append_text(&text, "\\\\\\u00e9\\ud83d\\ude00\xc3\xa9");
        buffer_append_text(&text, "\"}}\n");
        play(buffer_slice(&text), 777);
        CHECK_EQ_INT(found_count, 1);
        CHECK(found[0].texts[MCP_TEXT_ID].cut && found[0].texts[MCP_TEXT_ID].length == 96);
        buffer_clear(&decoded);
        mcp_message_append_text(&found[0], MCP_TEXT_ERROR_MESSAGE, &decoded);
        size_t at;
        CHECK(decoded.length > 200 && !slice_find(buffer_slice(&decoded), SLICE("\\u"), 0, &at));
        CHECK(!slice_find(buffer_slice(&decoded), SLICE("\xef\xbf\xbd\\"), 0, &at));
    }
    buffer_free(&text);
    buffer_free(&decoded);
}

static const struct check_test tests[] = {CASE(sees_a_request), CASE(sees_answers), CASE(tells_ids_apart), CASE(sees_batches),
                                          CASE(passes_over_foreign_lines), CASE(the_last_of_equal_names_counts), CASE(cuts_long_texts)};
CHECK_MAIN(tests)
