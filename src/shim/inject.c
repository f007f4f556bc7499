#include "shim/inject.h"

#include "trace/ids.h"
#include "trace/traceparent.h"

#include <string.h>

/* What one step may add: held bytes, a splice, the rest. */
#define PARTS_PER_STEP 6

void inject_init(struct inject *inject, enum mcp_direction direction, bool splice, struct inject_client client)
{
    memset(inject, 0, sizeof *inject);
    scan_init(&inject->scan, direction);
    inject->scan.stops = splice;
    inject->client = client;
}

/* ---- output ----------------------------------------------------------------------------------------------------------------- */

static void emit(struct inject_output *out, struct slice bytes)
{
    if (bytes.length == 0)
        return;
    out->length += bytes.length;
    if (out->count) {
        struct slice *last = &out->parts[out->count - 1];
        if (last->data + last->length == bytes.data) {
            last->length += bytes.length;
            return;
        }
    }
    out->parts[out->count++] = bytes;
}

static void emit_copy(struct inject_output *out, const char *text, size_t length)
{
    char *copy = out->texts[out->texts_used++];
    memcpy(copy, text, length);
    emit(out, (struct slice){copy, length});
}

/* ---- the splice ------------------------------------------------------------------------------------------------------------- */

static void give_span_id(struct mcp_message *message)
{
    if (!message->span_id[0])
        span_id_new(message->begun_since_boot, message->span_id);
}

/* The requests of MCP, all revisions. An id that is still to come, behind large arguments, is not waited for with these. */
static bool is_known_request(struct slice method)
{
    static const char *const methods[] = {"tools/call", "tools/list", "initialize", "ping", "prompts/get", "prompts/list", "resources/read",
                                          "resources/list", "resources/templates/list", "resources/subscribe", "resources/unsubscribe",
                                          "completion/complete", "logging/setLevel", "tasks/get", "tasks/result", "tasks/list",
                                          "tasks/cancel", "tasks/update", "server/discover", "subscriptions/listen"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (slice_equal(method, slice_of(methods[i])))
            return true;
    return false;
}

enum judgement { IS_REQUEST, IS_LIKELY, IS_UNKNOWN, IS_NONE };

static enum judgement judge(const struct scan *scan)
{
    const struct slice method = mcp_message_raw(&scan->message, MCP_TEXT_METHOD);
    if (scan->is_answer || (scan->has_method && slice_starts_with(method, SLICE("notifications/"))))
        return IS_NONE;
    if (scan->has_method && scan->has_id)
        return IS_REQUEST;
    return scan->has_method && is_known_request(method) ? IS_LIKELY : IS_UNKNOWN;
}

/* Puts the ids into the place for them in the splice. False: the server is told nothing. */
static bool settle_splice(struct inject *inject)
{
    struct mcp_message *message = &inject->scan.message;
    char trace_id[TRACE_ID_HEX + 1];
    give_span_id(message);
    if (inject->drop == 0) {
        char *traceparent = strstr(inject->insert, "00-");
        if (!traceparent || !inject->client.trace(inject->client.context, message, trace_id))
            return false;
        memcpy(traceparent + 3, trace_id, TRACE_ID_HEX);
        memcpy(traceparent + TRACEPARENT_SPAN_ID_AT, message->span_id, SPAN_ID_HEX);
        memcpy(message->trace_id, trace_id, sizeof message->trace_id);
    } else {
        memcpy(inject->insert + 1 + TRACEPARENT_SPAN_ID_AT, message->span_id, SPAN_ID_HEX);
    }
    return true;
}

/* The splice with blank ids. */
static void write_splice(struct inject *inject, bool in_params)
{
    static const char no_trace[] = "00000000000000000000000000000000", no_span[] = "0000000000000000";
    struct buffer text;
    buffer_init_fixed(&text, inject->insert, sizeof inject->insert);
    if (!inject->scan.container_empty)
        buffer_append_byte(&text, ',');
    buffer_append_text(&text, in_params ? "\"_meta\":{\"traceparent\":\"" : "\"traceparent\":\"");
    traceparent_append(&text, no_trace, no_span);
    buffer_append_text(&text, in_params ? "\"}" : "\"");
    inject->insert_length = text.length;
    inject->drop = 0;
    buffer_text(&text); /* terminated for strstr; there is room */
}

/* ---- holding back ----------------------------------------------------------------------------------------------------------- */

static struct slice carried(const struct inject *inject)
{
    return (struct slice){inject->carried[inject->carried_in], inject->carried_length};
}

static void begin_hold(struct inject *inject, bool measuring)
{
    inject->holding = true;
    inject->measuring = measuring;
    inject->carried_length = 0;
}

/* Lets go of what is held: the carried bytes and `here`, with the splice in its place or as they came. */
static void release(struct inject *inject, bool spliced, struct slice here, struct inject_output *out)
{
    struct slice before = carried(inject);
    if (spliced) {
        emit_copy(out, inject->insert, inject->insert_length);
        const size_t of_carried = inject->drop < before.length ? inject->drop : before.length;
        before = slice_part(before, of_carried, before.length);
        here = slice_part(here, inject->drop - of_carried, here.length);
    }
    emit(out, before);
    emit(out, here);
    inject->holding = inject->measuring = false;
    inject->carried_length = 0;
}

/* Keeps `here` for the next piece. */
static void carry(struct inject *inject, struct slice here)
{
    const struct slice before = carried(inject);
    char *into = inject->carried[1 - inject->carried_in];
    memcpy(into, before.data, before.length);
    memcpy(into + before.length, here.data, here.length);
    inject->carried_in = 1 - inject->carried_in;
    inject->carried_length = before.length + here.length;
}

/* ---- messages --------------------------------------------------------------------------------------------------------------- */

static void tell(struct inject *inject)
{
    struct mcp_message *message = &inject->scan.message;
    char trace_id[TRACE_ID_HEX + 1], parent_id[SPAN_ID_HEX + 1];
    /* The messages of a batch have been told of one by one; an empty line is none. */
    if (message->kind == MCP_FOREIGN && (inject->scan.is_batch || message->size == 0))
        return;
    if (message->kind == MCP_REQUEST) {
        give_span_id(message);
        if (message->texts[MCP_TEXT_TRACEPARENT].quoted && !message->texts[MCP_TEXT_TRACEPARENT].cut &&
            traceparent_parse(mcp_message_raw(message, MCP_TEXT_TRACEPARENT), trace_id, parent_id)) {
            memcpy(message->trace_id, trace_id, sizeof trace_id);
            memcpy(message->parent_id, parent_id, sizeof parent_id);
        }
    }
    inject->client.message(inject->client.context, message);
}

/* A traceparent has come in whole: `held` is it, in quotes. */
static void judge_traceparent(struct inject *inject, struct slice held_here)
{
    char trace_id[TRACE_ID_HEX + 1], parent_id[SPAN_ID_HEX + 1];
    const struct slice before = carried(inject);
    const struct slice raw = mcp_message_raw(&inject->scan.message, MCP_TEXT_TRACEPARENT);
    inject->measuring = false;
    inject->drop = before.length + held_here.length;
    inject->insert_length = 0;
    if (inject->drop != raw.length + 2 || inject->drop > sizeof inject->insert || !traceparent_parse(raw, trace_id, parent_id)) {
        inject->drop = 0;
        return;
    }
    inject->insert[0] = '"';
    memcpy(inject->insert + 1, raw.data, raw.length);
    inject->insert[raw.length + 1] = '"';
    inject->insert_length = inject->drop;
}

/* Whether what is held can be let go of, and how. */
static bool resolve(struct inject *inject, enum scan_result result, size_t held, bool *spliced)
{
    *spliced = false;
    if (inject->measuring)
        return held > INJECT_TEXT_MAX || result == SCAN_LINE;
    if (inject->insert_length == 0)
        return true;
    if (result == SCAN_LINE) {
        *spliced = inject->scan.message.kind == MCP_REQUEST && judge(&inject->scan) == IS_REQUEST && settle_splice(inject);
        return true;
    }
    if (held <= INJECT_HOLD_MAX)
        return judge(&inject->scan) == IS_NONE;
    const enum judgement judgement = judge(&inject->scan);
    *spliced = (judgement == IS_REQUEST || judgement == IS_LIKELY) && settle_splice(inject);
    return true;
}

/* At the end of a container where a splice may go. */
static bool wants_splice(const struct inject *inject, enum scan_result result)
{
    const struct scan *scan = &inject->scan;
    if ((result != SCAN_META_END && result != SCAN_PARAMS_END) || scan->is_answer || scan->key_escaped)
        return false;
    return result == SCAN_META_END ? !scan->has_traceparent : !scan->has_meta;
}

/* How much may be scanned next: what is held back is judged at the same byte however the text is cut. */
static size_t may_take(const struct inject *inject, size_t held_here)
{
    const size_t most = inject->measuring ? INJECT_TEXT_MAX : INJECT_HOLD_MAX, held = inject->carried_length + held_here;
    if (!inject->holding)
        return SIZE_MAX;
    return held > most ? 1 : most + 1 - held;
}

size_t inject_feed(struct inject *inject, struct slice text, struct inject_output *out)
{
    size_t at = 0, from = 0; /* bytes before `from` have gone out */
    bool spliced;
    out->count = out->texts_used = 0;
    out->length = 0;
    while (at < text.length && out->count < INJECT_PARTS_MAX - PARTS_PER_STEP) {
        size_t taken;
        const enum scan_result result = scan_feed(&inject->scan, slice_part(text, at, may_take(inject, at - from)), &taken);
        at += taken;
        if (inject->holding) {
            const struct slice here = slice_part(text, from, at - from);
            if (result == SCAN_TRACEPARENT_END && inject->measuring)
                judge_traceparent(inject, here);
            /* Another place for a splice: the first one is given up. */
            const bool again = result == SCAN_TRACEPARENT_BEGIN || wants_splice(inject, result);
            if (resolve(inject, result, inject->carried_length + here.length, &spliced) || again) {
                release(inject, spliced, here, out);
                from = at;
            }
        }
        if (wants_splice(inject, result)) {
            emit(out, slice_part(text, from, at - from));
            from = at;
            begin_hold(inject, false);
            write_splice(inject, result == SCAN_PARAMS_END);
            if (resolve(inject, result, 0, &spliced))
                release(inject, spliced, slice_part(text, at, 0), out);
        } else if (result == SCAN_TRACEPARENT_BEGIN) {
            emit(out, slice_part(text, from, at - from));
            from = at;
            begin_hold(inject, true);
        } else if (result == SCAN_LINE || result == SCAN_ELEMENT) {
            tell(inject);
        }
    }
    if (inject->holding)
        carry(inject, slice_part(text, from, at - from));
    else
        emit(out, slice_part(text, from, at - from));
    return at;
}

void inject_end(struct inject *inject, struct inject_output *out)
{
    out->count = out->texts_used = 0;
    out->length = 0;
    if (scan_end(&inject->scan))
        tell(inject);
    if (inject->holding)
        release(inject, false, (struct slice){NULL, 0}, out);
}
