#include "shim/record.h"

#include "base/json.h"
#include "store/counters.h"
#include "store/oplog.h"

#include <string.h>

/* ---- ops -------------------------------------------------------------------------------------------------------------------- */

static void append(struct record *record, struct op *op, uint32_t number)
{
    static char storage[OP_SIZE_MAX];
    struct buffer encoded;
    enum counter lost = COUNTER_DROPPED_SIZE;
    if (!record_open_state(record) || number >= record->sessions.count)
        return;
    const struct session *session = &record->sessions.items[number];
    op->session_id = slice_of(session->id);
    op->agent = slice_of(session->agent);
    buffer_init_fixed(&encoded, storage, sizeof storage);
    if (op_encode(op, &encoded) &&
        oplog_stream_append(&record->stream, record_ops_folder(record), session->key, buffer_slice(&encoded), &lost))
        return;
    record->state_is_bad |= lost == COUNTER_DROPPED_IO;
    counter_add(record_ops_folder(record), lost, 1);
}

void record_end_request(struct record *record, struct pending_request *request, enum request_end end, uint64_t time, uint64_t since_boot)
{
    static struct op op;
    request_end_op(request, end, record->status, time, since_boot, &op);
    append(record, &op, request->session);
    pending_remove(&record->pending, request);
}

/* ---- messages --------------------------------------------------------------------------------------------------------------- */

static void note_version(struct record *record, const struct mcp_message *message)
{
    struct buffer version;
    /* A request of the older revisions says only what its sender would like. */
    if (message->texts[MCP_TEXT_PROTOCOL_VERSION].length == 0 || mcp_message_is(message, "initialize"))
        return;
    buffer_init_fixed(&version, record->version, sizeof record->version);
    mcp_message_append_text(message, MCP_TEXT_PROTOCOL_VERSION, &version);
    if (!buffer_text(&version))
        record->version[0] = '\0';
}

static const char *find_state(const struct record *record, uint64_t digest)
{
    for (unsigned i = 0; digest && i < RECORD_STATES_MAX; i++)
        if (record->states[i].digest == digest)
            return record->states[i].span_id;
    return NULL;
}

static void remember_state(struct record *record, uint64_t digest, const char *span_id)
{
    record->states[record->state_next].digest = digest;
    memcpy(record->states[record->state_next].span_id, span_id, SPAN_ID_HEX + 1);
    record->state_next = (record->state_next + 1) % RECORD_STATES_MAX;
}

/* A request belongs to the session that a hook told of last before it came. The forwarder may not have known of that yet: then the server's
 * own spans are in another trace, and the request is where it belongs. */
static uint32_t find_session(struct record *record, const struct mcp_message *message, bool *told_wrongly)
{
    const struct sessions *sessions = &record->sessions;
    if (!record_open_state(record))
        return SESSION_NONE;
    record_look_for_news(record);
    const uint32_t told = message->parent_id[0] ? SESSION_NONE : sessions_of_trace(sessions, message->trace_id);
    const uint32_t then = sessions_at(sessions, message->begun);
    if (then == SESSION_NONE)
        return told == SESSION_NONE ? sessions->current : told;
    *told_wrongly = told != SESSION_NONE && told != then;
    return then;
}

static void take_request(struct record *record, const struct mcp_message *message)
{
    static char storage[REQUEST_OP_TEXT_SIZE];
    static struct op op;
    struct buffer text;
    bool told_wrongly = false;
    const uint32_t session = find_session(record, message, &told_wrongly);
    if (record->pending.count == PENDING_MAX)
        record_end_request(record, &record->pending.items[0], REQUEST_NO_RESULT, message->begun, message->begun_since_boot);
    const struct pending_request *added = pending_add(&record->pending, message, session);
    buffer_init_fixed(&text, storage, sizeof storage);
    note_version(record, message);
    request_op(message, record->options->server, slice_of(record->version), &op, &text);
    if (told_wrongly)
        op.trace = (struct slice){NULL, 0};
    /* The first op of a session makes its trace: the one that servers are told of. */
    const bool first = session != SESSION_NONE && !sessions_has_begun(&record->sessions, session);
    if (first && op.trace.length == 0)
        op.trace = slice_of(record->sessions.items[session].trace_id);
    const char *link = find_state(record, message->digests[MCP_DIGEST_STATE]);
    if (link)
        op.link = slice_of(link);
    if (added)
        append(record, &op, session);
    if (first)
        record_refresh(record);
}

static void take_response(struct record *record, const struct mcp_message *message)
{
    static char storage[REQUEST_OP_TEXT_SIZE];
    static struct op op;
    struct buffer text;
    const enum mcp_direction asked = message->direction == MCP_TO_CLIENT ? MCP_TO_SERVER : MCP_TO_CLIENT;
    struct pending_request *request = pending_find(&record->pending, asked, message->digests[MCP_DIGEST_ID]);

    note_version(record, message);
    if (!request)
        return;
    buffer_init_fixed(&text, storage, sizeof storage);
    response_op(message, request, &op, &text);
    if (message->digests[MCP_DIGEST_STATE])
        remember_state(record, message->digests[MCP_DIGEST_STATE], request->span_id);
    append(record, &op, request->session);
    pending_remove(&record->pending, request);
}

static bool read_number(const struct mcp_message *message, enum mcp_text which, double *number)
{
    jsmntok_t token;
    struct json document;
    return !message->texts[which].cut && json_parse(&document, mcp_message_raw(message, which), &token, 1) &&
           json_double(&document, 0, number);
}

static void take_progress(struct record *record, const struct mcp_message *message)
{
    const enum mcp_direction asked = message->direction == MCP_TO_CLIENT ? MCP_TO_SERVER : MCP_TO_CLIENT;
    struct pending_request *request = pending_find_token(&record->pending, asked, message->digests[MCP_DIGEST_TOKEN]);
    struct op_progress progress = {.time = message->time};
    if (!request || !read_number(message, MCP_TEXT_PROGRESS, &progress.progress))
        return;
    progress.has_total = read_number(message, MCP_TEXT_TOTAL, &progress.total);
    pending_note_progress(request, &progress);
}

static void take_notification(struct record *record, const struct mcp_message *message)
{
    struct pending_request *request = NULL;
    enum request_end end = REQUEST_CANCELLED;
    if (mcp_message_is(message, "notifications/progress")) {
        take_progress(record, message);
        return;
    }
    if (mcp_message_is(message, "notifications/cancelled")) {
        /* Who asked cancels; a server of 2026-07-28 may also end a subscription so. */
        request = pending_find(&record->pending, message->direction, message->digests[MCP_DIGEST_TARGET]);
        if (!request && message->direction == MCP_TO_CLIENT) {
            request = pending_find(&record->pending, MCP_TO_SERVER, message->digests[MCP_DIGEST_TARGET]);
            request = request && request->subscribes ? request : NULL;
        }
    } else if (message->direction == MCP_TO_CLIENT) {
        request = pending_find_subscription(&record->pending, message->digests[MCP_DIGEST_SUBSCRIPTION]);
        end = REQUEST_ACKNOWLEDGED;
    }
    if (request)
        record_end_request(record, request, end, message->time, message->since_boot);
}

void record_take_message(struct record *record, const struct mcp_message *message)
{
    if (message->kind == MCP_REQUEST)
        take_request(record, message);
    else if (message->kind == MCP_RESPONSE)
        take_response(record, message);
    else
        take_notification(record, message);
}
