#include "shim/inject.h"

#include "trace/traceparent.h"
#include "check.h"

#include <stdlib.h>

#define TRACE "0123456789abcdef0123456789abcdef"
#define INBOUND "00-12345678901234567890123456789012-1234567890123456-01"

struct seen {
    struct buffer output;
    struct mcp_message messages[8];
    unsigned count;
    bool no_trace;
};

static bool give_trace(void *context, const struct mcp_message *message, char trace_id[static TRACE_ID_HEX + 1])
{
    const struct seen *seen = context;
    CHECK(message->texts[MCP_TEXT_METHOD].length > 0);
    memcpy(trace_id, TRACE, TRACE_ID_HEX + 1);
    return !seen->no_trace;
}

static void take_message(void *context, struct mcp_message *message)
{
    struct seen *seen = context;
    if (seen->count < 8)
        seen->messages[seen->count] = *message;
    seen->count++;
}

static void take_output(struct seen *seen, const struct inject_output *out)
{
    size_t length = 0;
    for (unsigned i = 0; i < out->count; i++) {
        buffer_append_slice(&seen->output, out->parts[i]);
        length += out->parts[i].length;
    }
    CHECK_EQ_INT(length, out->length);
}

/* Each piece lies in an allocation of its own that is overwritten as soon as its output has been taken. */
static void play(struct seen *seen, struct slice text, size_t size, bool splice)
{
    static struct inject inject;
    static struct inject_output out;
    inject_init(&inject, MCP_TO_SERVER, splice, (struct inject_client){give_trace, take_message, seen});
    buffer_init(&seen->output, 1 << 20);
    seen->count = 0;
    for (size_t from = 0; from < text.length; from += size) {
        const struct slice piece = slice_part(text, from, size);
        char *copy = malloc(piece.length);
        if (!copy)
            abort();
        memcpy(copy, piece.data, piece.length);
        for (size_t taken = 0; taken < piece.length;) {
            taken += inject_feed(&inject, (struct slice){copy + taken, piece.length - taken}, &out);
            take_output(seen, &out);
        }
        free(copy);
    }
    inject_end(&inject, &out);
    take_output(seen, &out);
}

/* `expected` has @ where the span id of the first message stands; at every split the same. */
static void expect(const char *text, const char *expected)
{
    const struct slice whole = slice_of(text);
    for (size_t size = 1; size <= whole.length + 1; size++) {
        struct seen seen = {.no_trace = false};
        struct buffer wanted;
        play(&seen, whole, size, true);
        buffer_init(&wanted, 1 << 20);
        for (const char *c = expected; *c; c++) {
            if (*c == '@')
                buffer_append_text(&wanted, seen.messages[0].span_id);
            else
                buffer_append_byte(&wanted, *c);
        }
        CHECK_EQ_TEXT(buffer_slice(&seen.output), wanted.length ? buffer_text(&wanted) : "");
        buffer_free(&seen.output);
        buffer_free(&wanted);
        play(&seen, whole, size, false);
        CHECK_EQ_TEXT(buffer_slice(&seen.output), text);
        buffer_free(&seen.output);
    }
}

static void expect_untouched(const char *text)
{
    expect(text, text);
}

TEST(splices_into_meta)
{
    expect("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"_meta\":{\"progressToken\":1},\"name\":\"x\"}}\n",
           "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"_meta\":{\"progressToken\":1,\"traceparent\":\"00-" TRACE
           "-@-01\"},\"name\":\"x\"}}\n");
    expect("{\"method\":\"ping\",\"params\":{\"name\":\"x\",\"_meta\":{ } },\"id\":\"a\"}\r\n",
           "{\"method\":\"ping\",\"params\":{\"name\":\"x\",\"_meta\":{ \"traceparent\":\"00-" TRACE "-@-01\"} },\"id\":\"a\"}\r\n");
}

TEST(splices_into_params)
{
    expect("{\"id\":12345678901234567890,\"method\":\"tools/call\",\"params\":{\"name\":\"x\","
           "\"arguments\":{\"_meta\":{},\"a\":[\"}\\\"\"]}}}\n",
           "{\"id\":12345678901234567890,\"method\":\"tools/call\",\"params\":{\"name\":\"x\","
           "\"arguments\":{\"_meta\":{},\"a\":[\"}\\\"\"]},\"_meta\":{\"traceparent\":\"00-" TRACE "-@-01\"}}}\n");
    expect("{\"id\":1,\"method\":\"x\",\"params\":{}}\n",
           "{\"id\":1,\"method\":\"x\",\"params\":{\"_meta\":{\"traceparent\":\"00-" TRACE "-@-01\"}}}\n");
}

TEST(waits_for_the_method)
{
    expect("{\"params\":{\"a\":1},\"id\":1,\"method\":\"x\"}\n",
           "{\"params\":{\"a\":1,\"_meta\":{\"traceparent\":\"00-" TRACE "-@-01\"}},\"id\":1,\"method\":\"x\"}\n");
    expect("{\"params\":{\"_meta\":{\"a\":1},\"b\":2},\"id\":1,\"method\":\"x\"}\n",
           "{\"params\":{\"_meta\":{\"a\":1,\"traceparent\":\"00-" TRACE "-@-01\"},\"b\":2},\"id\":1,\"method\":\"x\"}\n");
    expect("{\"params\":{\"_meta\":{\"traceparent\":\"" INBOUND "\"}},\"method\":\"x\",\"id\":1}\n",
           "{\"params\":{\"_meta\":{\"traceparent\":\"00-12345678901234567890123456789012-@-01\"}},\"method\":\"x\",\"id\":1}\n");
    expect_untouched("{\"params\":{\"a\":1},\"method\":\"notifications/x\"}\n");
    expect_untouched("{\"method\":\"vendor/event\",\"params\":{\"a\":1}}\n");
    expect_untouched("{\"params\":{\"a\":1},\"id\":1,\"result\":{}}\n");
    expect_untouched("{\"params\":{\"a\":1},\"id\":1}\n");
    expect_untouched("{\"params\":{\"a\":1},\"id\":1");
}

TEST(replaces_the_span_id)
{
    expect("{\"id\":1,\"method\":\"x\",\"params\":{\"_meta\":{\"traceparent\":\"" INBOUND "\",\"tracestate\":\"a=b\"}}}\n",
           "{\"id\":1,\"method\":\"x\",\"params\":{\"_meta\":{\"traceparent\":\"00-12345678901234567890123456789012-@-01\","
           "\"tracestate\":\"a=b\"}}}\n");
    struct seen seen = {.no_trace = true};
    play(&seen, SLICE("{\"id\":1,\"method\":\"x\",\"params\":{\"_meta\":{\"traceparent\":\"" INBOUND "\"}}}\n"), 7, true);
    CHECK_EQ_TEXT(slice_of(seen.messages[0].trace_id), "12345678901234567890123456789012");
    CHECK_EQ_TEXT(slice_of(seen.messages[0].parent_id), "1234567890123456");
    buffer_free(&seen.output);
}

TEST(leaves_alone)
{
    expect_untouched("{\"id\":1,\"method\":\"x\"}\n");
    expect_untouched("{\"id\":1,\"method\":\"x\",\"params\":[1]}\n");
    expect_untouched("{\"id\":1,\"method\":\"x\",\"params\":{\"_meta\":null}}\n");
    expect_untouched("{\"id\":1,\"method\":\"x\",\"params\":{\"_met\\u0061\":{}}}\n");
    expect_untouched("{\"id\":1,\"method\":\"x\",\"params\":{\"_meta\":{\"trace\\u0070arent\":\"\"}}}\n");
    expect_untouched("{\"id\":1,\"method\":\"x\",\"params\":{\"_meta\":{\"traceparent\":\"00-bad\"}}}\n");
    expect_untouched("{\"id\":1,\"method\":\"x\",\"params\":{\"_meta\":{"
                     "\"traceparent\":\"00-12345678901234567890123456789012-123456789012345\\u0036-01\"}}}\n");
    expect_untouched("{\"id\":1,\"method\":\"x\",\"params\":{\"_meta\":{\"traceparent\":5}}}\n");
    expect_untouched("{\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":1,\"_meta\":{}}}\n");
    expect_untouched("{\"id\":1,\"result\":{\"_meta\":{}}}\n");
    expect_untouched("[{\"id\":1,\"method\":\"x\",\"params\":{\"_meta\":{}}}]\n");
    expect_untouched("params {\"id\":1,\"method\":\"x\",\"params\":{}}\n");
    expect_untouched("\n\r\n  \n{}\n[]\n{\"a\":1}{\n\"\\\n\xff\xfe\n");
}

TEST(gives_up_holding)
{
    static char text[3 * INJECT_HOLD_MAX];
    struct seen seen = {.no_trace = false};
    struct buffer line;
    buffer_init_fixed(&line, text, sizeof text);
    buffer_append_text(&line, "{\"params\":{},\"pad\":\"");
    while (line.length < 2 * INJECT_HOLD_MAX)
        buffer_append_byte(&line, 'x');
    buffer_append_text(&line, "\",\"method\":\"x\",\"id\":1}\n");
    for (size_t size = 1; size < 5000; size += 631) {
        play(&seen, buffer_slice(&line), size, true);
        CHECK(slice_equal(buffer_slice(&seen.output), buffer_slice(&line)));
        CHECK_EQ_INT(seen.count, 1);
        CHECK_EQ_TEXT(slice_of(seen.messages[0].trace_id), "");
        buffer_free(&seen.output);
    }
}

TEST(does_not_wait_for_an_id_behind_large_arguments)
{
    static char text[3 * INJECT_HOLD_MAX];
    struct buffer line;
    size_t at;
    for (unsigned known = 0; known < 2; known++) {
        buffer_init_fixed(&line, text, sizeof text);
        buffer_append_text(&line, known ? "{\"method\":\"tools/call\"" : "{\"method\":\"vendor/thing\"");
        buffer_append_text(&line, ",\"params\":{\"_meta\":{\"a\":1},\"arguments\":{\"text\":\"");
        while (line.length < 2 * INJECT_HOLD_MAX)
            buffer_append_byte(&line, 'x');
        buffer_append_text(&line, "\"}},\"id\":1}\n");
        for (size_t size = 1; size < 9000; size += 1123) {
            struct seen seen = {.no_trace = false};
            play(&seen, buffer_slice(&line), size, true);
            const bool spliced = slice_find(buffer_slice(&seen.output), SLICE("{\"a\":1,\"traceparent\":\"00-" TRACE), 0, &at);
            CHECK(spliced == (known == 1));
            buffer_free(&seen.output);
        }
    }
}

TEST(tells_nothing_without_a_trace)
{
    struct seen seen = {.no_trace = true};
    const struct slice text = SLICE("{\"id\":1,\"method\":\"x\",\"params\":{\"_meta\":{}}}\n");
    play(&seen, text, 5, true);
    CHECK(slice_equal(buffer_slice(&seen.output), text));
    CHECK_EQ_TEXT(slice_of(seen.messages[0].trace_id), "");
    CHECK(seen.messages[0].span_id[0] != '\0');
    buffer_free(&seen.output);
}

TEST(many_messages_in_one_piece)
{
    struct buffer text;
    struct seen seen = {.no_trace = false};
    buffer_init(&text, 1 << 20);
    for (unsigned i = 0; i < 500; i++)
        buffer_append_format(&text, "{\"id\":%u,\"method\":\"tools/call\",\"params\":{\"_meta\":{}}}\n", i);
    play(&seen, buffer_slice(&text), text.length, true);
    CHECK_EQ_INT(seen.count, 500);
    CHECK_EQ_INT(seen.output.length, text.length + 500 * (sizeof "\"traceparent\":\"\"" - 1 + TRACEPARENT_SIZE));
    buffer_free(&seen.output);
    buffer_free(&text);
}

static const struct check_test tests[] = {CASE(splices_into_meta), CASE(splices_into_params), CASE(waits_for_the_method),
                                          CASE(replaces_the_span_id), CASE(leaves_alone),
                                          CASE(gives_up_holding), CASE(does_not_wait_for_an_id_behind_large_arguments),
                                          CASE(tells_nothing_without_a_trace), CASE(many_messages_in_one_piece)};
CHECK_MAIN(tests)
