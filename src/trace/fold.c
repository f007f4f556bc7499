#include "trace/fold.h"

#include "trace/fold_calls.h"
#include "trace/fold_requests.h"
#include "trace/fold_span.h"
#include "trace/ids.h"
#include "trace/names.h"

#include <stdlib.h>
#include <string.h>

enum { PURPOSE_ROOT = 1 };

struct fold *fold_new(struct fold_options options)
{
    struct fold *fold = calloc(1, sizeof *fold);
    if (fold) {
        fold->options = options;
        buffer_init(&fold->identity, FOLD_IDENTITY_MAX);
    }
    return fold;
}

void fold_free(struct fold *fold)
{
    if (!fold)
        return;
    fold_calls_free(fold);
    fold_requests_free(fold);
    buffer_free(&fold->identity);
    free(fold);
}

/* ---- what each op does ------------------------------------------------------------------------------------------------------ */

static bool emit_root(struct fold *fold, span_sink *sink, void *context)
{
    struct span span;
    fold_make_root_span(fold, fold->last_time, &span);
    fold->root_changed = false;
    return sink(context, &fold->resource, &span);
}

/* Nothing more is expected: with root_once this is the moment of the root, else it is sent again if it has grown since. */
static bool settle_root(struct fold *fold, span_sink *sink, void *context)
{
    return !fold->root_changed || emit_root(fold, sink, context);
}

static bool begin_trace(struct fold *fold, const struct op *op, span_sink *sink, void *context)
{
    const uint64_t second = op->time / NANOSECONDS_PER_SECOND;
    uint32_t epoch = second > UINT32_MAX ? UINT32_MAX : (uint32_t)second;

    /* Two starts within one second, or a clock set back, must not share a trace id. */
    if (fold->traces > 0 && epoch <= fold->epoch)
        epoch = fold->epoch + 1;
    fold->epoch = epoch;
    fold->traces++;
    fold->in_trace = true;
    fold->root_changed = true;
    fold->root_start = op->time;
    fold->last_time = op->time;
    fold->turn = fold->turn_tool_calls = 0;
    fold->tool_calls = fold->skill_loads = fold->errors = 0;
    fold->turn_open = false;
    fold->batch_may_grow = false;
    fold->only_requests = op->kind == OP_REQUEST;
    if (!fold_set_identity(fold, op))
        return false;
    trace_id_make(epoch, fold->session_id, fold->trace_id);
    /* The server has been told of it already. */
    if (op->kind == OP_REQUEST && op->trace.length == TRACE_ID_HEX && op->parent.length == 0)
        memcpy(fold->trace_id, op->trace.data, TRACE_ID_HEX);
    span_id_derive(op->id, PURPOSE_ROOT, fold->root_id);
    return fold->options.root_once || emit_root(fold, sink, context);
}

/* The agent's hooks come to a trace that its servers have begun: from now on it is theirs. */
static bool join_trace(struct fold *fold, const struct op *op, span_sink *sink, void *context)
{
    fold->only_requests = false;
    fold->root_changed = true;
    return fold_set_identity(fold, op) && (fold->options.root_once || emit_root(fold, sink, context));
}

static bool apply_start(struct fold *fold, const struct op *op, span_sink *sink, void *context)
{
    bool taken = true;
    if (fold->open_count == FOLD_OPEN_MAX)
        taken = fold_close_call(fold, fold->oldest, NULL, op->time, OUTCOME_NO_RESULT, sink, context);
    struct fold_call *call = fold_open_call(fold, op);
    if (!call)
        return false;
    /* Kiro runs all pre hooks of a batch before its first tool: starts without an end between them are one batch. */
    if (!fold->batch_may_grow)
        fold->batch++;
    call->batch = fold->batch;
    if (call->previous && call->previous->batch == call->batch)
        call->previous->in_batch = call->in_batch = true;
    fold->batch_may_grow = true;
    return taken;
}

static bool apply_end(struct fold *fold, const struct op *op, span_sink *sink, void *context)
{
    struct span span;
    struct fold_call *call = fold_find_call(fold, op);
    fold->batch_may_grow = false;
    if (call) {
        /* One that began later is over already: this end was held back until the whole batch was. */
        if (fold->latest_ended > call->sequence)
            call->in_batch = true;
        else
            fold->latest_ended = call->sequence;
        if (fold_call_waits(fold, call, op))
            return true;
        return fold_close_call(fold, call, op, op->time, NULL, sink, context);
    }
    fold_make_point_call_span(fold, op, &span);
    fold->tool_calls++;
    fold->turn_tool_calls++;
    fold->skill_loads += op->skill.length > 0;
    fold->errors += span.status == SPAN_STATUS_ERROR;
    return sink(context, &fold->resource, &span);
}

static bool apply_prompt(struct fold *fold, const struct op *op, span_sink *sink, void *context)
{
    struct span span;
    const bool taken = fold_close_calls(fold, op->time, OUTCOME_INTERRUPTED, sink, context);
    fold->turn++;
    fold->turn_open = true;
    fold->turn_start = op->time;
    fold->turn_start_since_boot = op->since_boot;
    fold->turn_tool_calls = 0;
    fold->batch_may_grow = false;
    fold_make_point_span(fold, op, &span);
    return taken & sink(context, &fold->resource, &span);
}

static bool apply_stop(struct fold *fold, const struct op *op, span_sink *sink, void *context)
{
    struct span span;
    bool taken = fold_close_calls(fold, op->time, OUTCOME_NO_RESULT, sink, context);
    fold->batch_may_grow = false;
    fold_make_point_span(fold, op, &span);
    fold->turn_open = false;
    taken &= sink(context, &fold->resource, &span);
    return taken & (fold->options.root_once || emit_root(fold, sink, context));
}

bool fold_apply(struct fold *fold, const struct op *op, span_sink *sink, void *context)
{
    const bool by_shim = op->kind == OP_REQUEST || op->kind == OP_RESPONSE;
    struct span span;
    bool taken = true;

    if (op->kind == OP_RESPONSE && !fold_find_request(fold, op))
        return true; /* it has been closed already, or its beginning is not in this log */
    taken = fold_settle_waiting(fold, op, sink, context);
    if (op->kind == OP_SETTLE)
        return taken;
    if (op->kind == OP_IDLE) {
        /* One that a newer op has overtaken was meant for the quiet before it. */
        if (!fold->in_trace || !fold->wants_idle || op->time < fold->last_time)
            return taken;
        if (fold->oldest || fold->oldest_request)
            fold->last_time = op->time; /* the root ends no earlier than what ends here */
        taken &= fold_close_requests(fold, op->time, sink, context);
        taken &= fold_close_calls(fold, op->time, OUTCOME_NO_RESULT, sink, context);
        fold->wants_idle = false;
        return taken & settle_root(fold, sink, context);
    }
    if (op->kind == OP_SESSION && fold->in_trace && !fold->only_requests) {
        taken &= fold_close_calls(fold, op->time, OUTCOME_INTERRUPTED, sink, context);
        taken &= settle_root(fold, sink, context);
        fold->in_trace = false;
    }
    if (!fold->in_trace)
        taken &= begin_trace(fold, op, sink, context);
    else if (fold->only_requests && !by_shim)
        taken &= join_trace(fold, op, sink, context);
    else
        fold->root_changed = true;
    fold->wants_idle = true;
    if (op->time > fold->last_time)
        fold->last_time = op->time;

    switch (op->kind) {
    case OP_SESSION:
    case OP_IDLE:
    case OP_SETTLE:
        return taken;
    case OP_PROMPT:
        return taken & apply_prompt(fold, op, sink, context);
    case OP_START:
        return taken & apply_start(fold, op, sink, context);
    case OP_END:
        return taken & apply_end(fold, op, sink, context);
    case OP_STOP:
        return taken & apply_stop(fold, op, sink, context);
    case OP_REQUEST:
        return taken & fold_apply_request(fold, op, sink, context);
    case OP_RESPONSE:
        return taken & fold_apply_response(fold, op, sink, context);
    case OP_POINT:
        fold_make_point_span(fold, op, &span);
        return taken & sink(context, &fold->resource, &span);
    }
    return taken;
}

/* ---- what others may know --------------------------------------------------------------------------------------------------- */

bool fold_open_spans(struct fold *fold, uint64_t now, span_sink *sink, void *context)
{
    struct span span;
    bool taken = true;
    if (!fold->in_trace)
        return true;
    if (fold->wants_idle && (fold->turn_open || fold->open_count || fold->request_count)) {
        fold_make_root_span(fold, now, &span);
        span.open = true;
        taken = sink(context, &fold->resource, &span);
    } else if (fold->root_changed) {
        fold_make_root_span(fold, fold->last_time, &span);
        taken = sink(context, &fold->resource, &span);
    }
    for (struct fold_call *call = fold->oldest; call && taken; call = call->next) {
        fold_make_call_span(fold, call, call->waits ? &call->end.op : NULL, now, OUTCOME_OPEN, &span);
        span.open = !call->waits;
        taken = sink(context, &fold->resource, &span);
    }
    for (struct fold_request *request = fold->oldest_request; request && taken; request = request->next) {
        fold_make_request_span(fold, request, NULL, now, OUTCOME_OPEN, &span);
        span.open = true;
        taken = sink(context, &fold->resource, &span);
    }
    return taken;
}

uint64_t fold_last_time(const struct fold *fold)
{
    return fold->last_time;
}

const char *fold_trace_id(const struct fold *fold)
{
    return fold->in_trace ? fold->trace_id : "";
}

unsigned fold_open_count(const struct fold *fold)
{
    return fold->open_count;
}

bool fold_wants_settle(const struct fold *fold)
{
    return fold->waiting > 0;
}

bool fold_wants_idle(const struct fold *fold)
{
    return fold->in_trace && fold->wants_idle;
}

struct slice fold_session_id(const struct fold *fold)
{
    return fold->session_id;
}
