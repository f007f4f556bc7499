/* JSON-RPC lines: whatever comes and however it is cut, every byte goes on, changed by nothing but a splice; the messages seen are the same
 * at every cut; and of a line that is valid JSON the scanner sees what a full parser sees, before and after the splice. The first byte of
 * the input chooses the size of the pieces, the rest is what passes. */
#include "base/json.h"
#include "fuzz/fuzz.h"
#include "shim/inject.h"
#include "trace/input_key.h"
#include "trace/traceparent.h"

#include <stdlib.h>
#include <string.h>

#define TRACE "0123456789abcdef0123456789abcdef"
#define MESSAGES_MAX 64
#define TOKENS_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    struct buffer output;
    struct mcp_message messages[MESSAGES_MAX];
    unsigned count;
};

static bool give_trace(void *context, const struct mcp_message *message, char trace_id[static TRACE_ID_HEX + 1])
{
    (void)context, (void)message;
    memcpy(trace_id, TRACE, TRACE_ID_HEX + 1);
    return true;
}

static void take_message(void *context, struct mcp_message *message)
{
    struct seen *seen = context;
    if (message->kind != MCP_FOREIGN && seen->count < MESSAGES_MAX)
        seen->messages[seen->count++] = *message;
}

static void play(struct seen *seen, struct slice text, size_t size, bool splice)
{
    static struct inject inject;
    static struct inject_output out;
    inject_init(&inject, MCP_TO_SERVER, splice, (struct inject_client){give_trace, take_message, seen});
    buffer_clear(&seen->output);
    seen->count = 0;
    for (size_t at = 0; at < text.length;) {
        const size_t taken = inject_feed(&inject, slice_part(text, at, size), &out);
        if (taken > size || (taken == 0 && out.count == 0))
            abort();
        at += taken;
        for (unsigned i = 0; i < out.count; i++)
            buffer_append_slice(&seen->output, out.parts[i]);
    }
    inject_end(&inject, &out);
    for (unsigned i = 0; i < out.count; i++)
        buffer_append_slice(&seen->output, out.parts[i]);
}

static bool same_message(const struct mcp_message *a, const struct mcp_message *b)
{
    if (a->kind != b->kind || a->size != b->size || a->failed != b->failed || a->tool_error != b->tool_error ||
        a->in_batch != b->in_batch || memcmp(a->digests, b->digests, sizeof a->digests) != 0 || strcmp(a->parent_id, b->parent_id) != 0)
        return false;
    for (unsigned i = 0; i < MCP_TEXTS; i++)
        if (!slice_equal(mcp_message_raw(a, (enum mcp_text)i), mcp_message_raw(b, (enum mcp_text)i)))
            return false;
    return true;
}

/* ---- the oracle ------------------------------------------------------------------------------------------------------------- */

/* Values of names that stand twice, or are written with escapes, are matters of taste: such lines are not judged. */
static bool is_plain(const struct json *document, int value)
{
    const enum json_type type = json_type(document, value);
    if (type != JSON_OBJECT && type != JSON_ARRAY)
        return true;
    for (int item = json_first(document, value); item != JSON_NONE; item = json_next(document, item)) {
        if (type == JSON_OBJECT) {
            const struct slice key = json_raw(document, item);
            if (memchr(key.data, '\\', key.length))
                return false;
            for (int other = json_first(document, value); other != item; other = json_next(document, other))
                if (slice_equal(json_raw(document, other), key))
                    return false;
        }
        if (!is_plain(document, type == JSON_OBJECT ? json_member_value(document, item) : item))
            return false;
    }
    return true;
}

static struct slice inner(struct slice raw)
{
    return raw.length && raw.data[0] == '"' ? slice_part(raw, 1, raw.length - 2) : raw;
}

static void check_text(const struct json *document, int value, const struct mcp_message *message, enum mcp_text which)
{
    const enum json_type type = json_type(document, value);
    const struct slice got = mcp_message_raw(message, which);
    const bool scalar = type != JSON_MISSING && type != JSON_OBJECT && type != JSON_ARRAY;
    const struct slice expected = scalar ? inner(json_raw(document, value)) : (struct slice){NULL, 0};
    if (!slice_equal(got, message->texts[which].cut ? slice_part(expected, 0, got.length) : expected))
        abort();
}

static void check_message(const struct json *document, int value, const struct mcp_message *message)
{
    const int params = json_get(document, value, "params"), result = json_get(document, value, "result");
    const enum json_type id = json_type(document, json_get(document, value, "id"));
    const bool has_id = id == JSON_STRING || id == JSON_NUMBER;
    const bool has_method = json_type(document, json_get(document, value, "method")) == JSON_STRING;
    const bool answer = result != JSON_NONE || json_get(document, value, "error") != JSON_NONE;
    const enum mcp_kind kind = has_method ? (has_id ? MCP_REQUEST : MCP_NOTIFICATION) : answer ? MCP_RESPONSE : MCP_FOREIGN;
    if (message->kind != kind || (has_id != (message->digests[MCP_DIGEST_ID] != 0)))
        abort();
    check_text(document, json_get(document, value, "method"), message, MCP_TEXT_METHOD);
    check_text(document, json_get(document, value, "id"), message, MCP_TEXT_ID);
    check_text(document, json_get(document, params, "name"), message, MCP_TEXT_NAME);
    check_text(document, json_get(document, json_get(document, value, "error"), "code"), message, MCP_TEXT_ERROR_CODE);
    check_text(document, json_get(document, json_get(document, params, "_meta"), "traceparent"), message, MCP_TEXT_TRACEPARENT);
    if (message->tool_error != (json_type(document, json_get(document, result, "isError")) == JSON_TRUE))
        abort();
    const int arguments = json_get(document, params, "arguments");
    const struct slice raw = json_raw(document, arguments);
    if (arguments != JSON_NONE && raw.length < SCAN_ARGUMENTS_MAX) {
        static struct json_digest digest;
        input_key_begin(&digest);
        json_digest_feed(&digest, raw);
        if (message->digests[MCP_DIGEST_ARGUMENTS] != input_key_end(&digest))
            abort();
    }
}

/* A line with a splice in it is the same but for that, to a parser. */
static void check_splice(const struct json *before, const struct json *after, const struct mcp_message *message)
{
    char trace_id[TRACE_ID_HEX + 1], span_id[SPAN_ID_HEX + 1];
    const int params = json_get(after, 0, "params"), meta = json_get(after, params, "_meta");
    const struct slice traceparent = inner(json_raw(after, json_get(after, meta, "traceparent")));
    if (message->kind != MCP_REQUEST &&
        !(message->kind == MCP_NOTIFICATION && !slice_starts_with(mcp_message_raw(message, MCP_TEXT_METHOD), SLICE("notifications/"))))
        abort();
    if (!is_plain(after, 0) || !traceparent_parse(traceparent, trace_id, span_id))
        abort();
    if (message->kind == MCP_REQUEST && strcmp(span_id, message->span_id) != 0)
        abort();
    const int meta_before = json_get(before, json_get(before, 0, "params"), "_meta");
    const size_t added = json_get(before, meta_before, "traceparent") == JSON_NONE;
    if (meta_before == JSON_NONE ? json_size(after, params) != json_size(before, json_get(before, 0, "params")) + 1
                                 : json_size(after, meta) != json_size(before, meta_before) + added)
        abort();
}

static void judge_line(struct slice line)
{
    static struct seen seen;
    static jsmntok_t tokens[TOKENS_MAX], spliced_tokens[TOKENS_MAX];
    static bool ready;
    struct json document, spliced;
    if (!ready)
        buffer_init(&seen.output, 1 << 22);
    ready = true;
    /* A newline ends a message even where JSON would allow it. */
    if (!json_parse(&document, line, tokens, TOKENS_MAX) || json_type(&document, 0) != JSON_OBJECT || !is_plain(&document, 0))
        return;
    play(&seen, line, line.length, true);
    if (seen.count == 0) {
        if (json_type(&document, json_get(&document, 0, "method")) == JSON_STRING || json_get(&document, 0, "result") != JSON_NONE)
            abort();
        return;
    }
    if (seen.count != 1)
        abort();
    check_message(&document, 0, &seen.messages[0]);
    if (slice_equal(buffer_slice(&seen.output), line))
        return;
    if (!json_parse(&spliced, buffer_slice(&seen.output), spliced_tokens, TOKENS_MAX))
        abort();
    check_splice(&document, &spliced, &seen.messages[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct seen whole, pieces;
    static bool ready;
    if (!ready) {
        buffer_init(&whole.output, 1 << 22);
        buffer_init(&pieces.output, 1 << 22);
        ready = true;
    }
    if (size < 1)
        return 0;
    const struct slice input = {(const char *)data + 1, size - 1};
    const size_t piece = (size_t)data[0] + 1;
    play(&whole, input, input.length + 1, false);
    if (!slice_equal(buffer_slice(&whole.output), input))
        abort();
    play(&pieces, input, piece, false);
    if (!slice_equal(buffer_slice(&pieces.output), input) || pieces.count != whole.count)
        abort();
    for (unsigned i = 0; i < whole.count; i++)
        if (!same_message(&whole.messages[i], &pieces.messages[i]))
            abort();
    play(&whole, input, input.length + 1, true);
    play(&pieces, input, piece, true);
    if (whole.output.length != pieces.output.length || whole.count != pieces.count)
        abort();
    for (size_t at = 0, end; at < input.length; at = end + 1) {
        if (!slice_find(input, SLICE("\n"), at, &end))
            end = input.length;
        judge_line(slice_part(input, at, end - at));
    }
    return 0;
}
