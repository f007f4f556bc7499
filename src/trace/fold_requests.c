#include "trace/fold_requests.h"

#include "trace/fold_calls.h"
#include "trace/fold_span.h"
#include "trace/names.h"

#include <stdlib.h>
#include <string.h>

static void request_free(struct fold_request *request)
{
    op_kept_free(&request->start);
    free(request);
}

void fold_requests_free(struct fold *fold)
{
    while (fold->oldest_request) {
        struct fold_request *next = fold->oldest_request->next;
        request_free(fold->oldest_request);
        fold->oldest_request = next;
    }
}

struct fold_request *fold_find_request(const struct fold *fold, const struct op *response)
{
    for (struct fold_request *request = fold->oldest_request; request; request = request->next)
        if (memcmp(request->start.op.id, response->id, SPAN_ID_HEX) == 0)
            return request;
    return NULL;
}

static void request_unlink(struct fold *fold, struct fold_request *request)
{
    if (request->previous)
        request->previous->next = request->next;
    else
        fold->oldest_request = request->next;
    if (request->next)
        request->next->previous = request->previous;
    else
        fold->newest_request = request->previous;
    fold->request_count--;
}

/* ---- which call it carries -------------------------------------------------------------------------------------------------- */

static bool is_same_part(struct slice given, struct slice name)
{
    for (size_t i = 0; i < name.length; i++) {
        const char c = name.data[i];
        const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
        if (given.data[i] != c && (plain || given.data[i] != '_'))
            return false;
    }
    return true;
}

bool fold_tool_is(struct slice hook_name, struct slice server, struct slice tool)
{
    static const struct name_form {
        struct slice prefix, separator;
    } forms[] = {{{"@", 1}, {"/", 1}}, {{"mcp__", 5}, {"__", 2}}, {{"mcp_", 4}, {"_", 1}}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const struct slice prefix = forms[i].prefix, separator = forms[i].separator;
        const size_t rest = separator.length + tool.length;
        if (!slice_starts_with(hook_name, prefix) || hook_name.length < prefix.length + server.length + rest)
            continue;
        if (server.length && hook_name.length != prefix.length + server.length + rest)
            continue;
        if (is_same_part(slice_part(hook_name, prefix.length, hook_name.length), server) &&
            slice_equal(slice_part(hook_name, hook_name.length - rest, separator.length), separator) &&
            is_same_part(slice_part(hook_name, hook_name.length - tool.length, tool.length), tool))
            return true;
    }
    return false;
}

/* The oldest open call of the tool whose input is the same; where none is, the oldest at all: agents may change what they pass on. */
static struct fold_call *find_carried(const struct fold *fold, const struct op *op)
{
    const struct slice server = attribute_string(&op->attributes, NAME_MCP_SERVER);
    struct fold_call *oldest = NULL;
    if (op->serves || !slice_equal(op->event, SLICE("tools/call")))
        return NULL;
    for (struct fold_call *call = fold->oldest; call; call = call->next) {
        const struct op *start = &call->start.op;
        if (op->link.length && slice_equal(slice_of(call->carried.request_id), op->link))
            return call;
        if (call->carried.begun || start->time > op->time || !fold_tool_is(start->tool, server, op->tool))
            continue;
        if (op->input_key && start->input_key == op->input_key)
            return call;
        if (!oldest)
            oldest = call;
    }
    return oldest;
}

static struct fold_call *find_by_id(const struct fold *fold, const char *id)
{
    for (struct fold_call *call = fold->oldest; call && id[0]; call = call->next)
        if (memcmp(call->start.op.id, id, SPAN_ID_HEX) == 0)
            return call;
    return NULL;
}

/* ---- ops -------------------------------------------------------------------------------------------------------------------- */

/* Ends one and frees it; `response` NULL: none came. */
static bool close_request(struct fold *fold, struct fold_request *request, const struct op *response, uint64_t time, const char *outcome,
                          span_sink *sink, void *context)
{
    struct span span;
    request_unlink(fold, request);
    fold_make_request_span(fold, request, response, time, outcome, &span);
    /* What a hook has told of is counted there. */
    if (!request->call_id[0] && !request->start.op.serves) {
        const bool is_call = slice_equal(request->start.op.event, SLICE("tools/call"));
        fold->tool_calls += is_call;
        fold->turn_tool_calls += is_call;
        fold->errors += span.status == SPAN_STATUS_ERROR;
    }
    const bool taken = sink(context, &fold->resource, &span);
    request_free(request);
    return taken;
}

bool fold_close_requests(struct fold *fold, uint64_t time, span_sink *sink, void *context)
{
    bool taken = true;
    while (fold->oldest_request)
        taken &= close_request(fold, fold->oldest_request, NULL, time, OUTCOME_NO_RESULT, sink, context);
    return taken;
}

/* What the server asks of the client while it answers one request belongs to that. */
static const char *parent_of_served(const struct fold *fold, const struct fold_request *served)
{
    const struct fold_request *only = NULL;
    for (const struct fold_request *request = fold->oldest_request; request; request = request->next) {
        if (request->start.op.serves || memcmp(request->trace_id, served->trace_id, TRACE_ID_HEX) != 0)
            continue;
        if (only)
            return NULL;
        only = request;
    }
    return only ? only->start.op.id : NULL;
}

static void find_parent(const struct fold *fold, struct fold_request *request, const struct fold_call *call)
{
    const struct op *start = &request->start.op;
    const char *parent = NULL;
    memcpy(request->trace_id, start->trace.length == TRACE_ID_HEX ? start->trace.data : fold->trace_id, TRACE_ID_HEX);
    if (start->parent.length == SPAN_ID_HEX) {
        memcpy(request->parent_id, start->parent.data, SPAN_ID_HEX);
        return;
    }
    if (start->serves)
        parent = parent_of_served(fold, request);
    if (!parent && memcmp(request->trace_id, fold->trace_id, TRACE_ID_HEX) == 0)
        parent = call ? call->start.op.id : fold->root_id;
    if (parent)
        memcpy(request->parent_id, parent, SPAN_ID_HEX);
}

bool fold_apply_request(struct fold *fold, const struct op *op, span_sink *sink, void *context)
{
    bool taken = true;
    fold->requests_seen = true;
    if (fold_find_request(fold, op))
        return true; /* written twice */
    if (fold->request_count == FOLD_REQUESTS_MAX)
        taken = close_request(fold, fold->oldest_request, NULL, op->time, OUTCOME_NO_RESULT, sink, context);
    struct fold_request *request = calloc(1, sizeof *request);
    if (!request || !op_keep(op, &request->start)) {
        free(request);
        return false;
    }
    struct fold_call *call = find_carried(fold, op);
    if (call) {
        struct fold_carried *carried = &call->carried;
        if (!carried->begun)
            *carried = (struct fold_carried){.begun = true, .start = op->time, .start_since_boot = op->since_boot};
        carried->ended = false;
        memcpy(carried->request_id, op->id, SPAN_ID_HEX + 1);
        memcpy(request->call_id, call->start.op.id, SPAN_ID_HEX);
    }
    request->turn = call ? call->turn : fold->turn;
    find_parent(fold, request, call);
    request->previous = fold->newest_request;
    if (fold->newest_request)
        fold->newest_request->next = request;
    else
        fold->oldest_request = request;
    fold->newest_request = request;
    fold->request_count++;
    return taken;
}

bool fold_apply_response(struct fold *fold, const struct op *op, span_sink *sink, void *context)
{
    struct fold_request *request = fold_find_request(fold, op);
    struct fold_call *call = request ? find_by_id(fold, request->call_id) : NULL;
    bool taken = true;
    if (!request)
        return true;
    if (call) {
        struct buffer type;
        call->carried.ended = true;
        call->carried.end = op->time;
        call->carried.end_since_boot = op->since_boot;
        call->carried.result = op->result;
        buffer_init_fixed(&type, call->carried.error_type, sizeof call->carried.error_type);
        buffer_append_slice(&type, attribute_string(&op->attributes, NAME_ERROR_TYPE));
        if (!buffer_text(&type))
            call->carried.error_type[0] = '\0';
    }
    taken = close_request(fold, request, op, op->time, NULL, sink, context);
    if (call && call->waits)
        taken &= fold_close_call(fold, call, NULL, op->time, NULL, sink, context);
    return taken;
}
