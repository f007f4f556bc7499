#include "trace/fold_calls.h"

#include "trace/fold_span.h"
#include "trace/names.h"

#include <stdlib.h>

static void call_free(struct fold_call *call)
{
    op_kept_free(&call->start);
    op_kept_free(&call->end);
    free(call);
}

void fold_calls_free(struct fold *fold)
{
    while (fold->oldest) {
        struct fold_call *next = fold->oldest->next;
        call_free(fold->oldest);
        fold->oldest = next;
    }
}

struct fold_call *fold_open_call(struct fold *fold, const struct op *start)
{
    struct fold_call *call = calloc(1, sizeof *call);
    if (!call || !op_keep(start, &call->start)) {
        free(call);
        return NULL;
    }
    call->turn = fold->turn;
    call->sequence = ++fold->starts;
    call->previous = fold->newest;
    if (fold->newest)
        fold->newest->next = call;
    else
        fold->oldest = call;
    fold->newest = call;
    fold->open_count++;
    return call;
}

static void call_unlink(struct fold *fold, struct fold_call *call)
{
    if (call->previous)
        call->previous->next = call->next;
    else
        fold->oldest = call->next;
    if (call->next)
        call->next->previous = call->previous;
    else
        fold->newest = call->previous;
    fold->open_count--;
    fold->waiting -= call->waits;
}

static void count_call(struct fold *fold, const struct fold_call *call)
{
    fold->tool_calls++;
    fold->turn_tool_calls++;
    fold->skill_loads += call->start.op.skill.length > 0;
}

bool fold_close_call(struct fold *fold, struct fold_call *call, const struct op *end, uint64_t time, const char *outcome, span_sink *sink,
                     void *context)
{
    struct span span;
    call_unlink(fold, call);
    fold_make_call_span(fold, call, end || !call->waits ? end : &call->end.op, time, outcome, &span);
    if (!call->waits)
        count_call(fold, call);
    fold->errors += span.status == SPAN_STATUS_ERROR;
    const bool taken = sink(context, &fold->resource, &span);
    call_free(call);
    return taken;
}

bool fold_close_calls(struct fold *fold, uint64_t time, const char *outcome, span_sink *sink, void *context)
{
    bool taken = true;
    for (struct fold_call *call = fold->oldest, *next; call; call = next) {
        next = call->next;
        if (!call->waits)
            taken &= fold_close_call(fold, call, NULL, time, outcome, sink, context);
    }
    return taken;
}

struct fold_call *fold_find_call(const struct fold *fold, const struct op *end)
{
    if (end->call_id.length)
        for (struct fold_call *call = fold->oldest; call; call = call->next)
            if (!call->waits && slice_equal(call->start.op.call_id, end->call_id))
                return call;
    for (struct fold_call *call = fold->oldest; call; call = call->next) {
        const struct op *start = &call->start.op;
        if (call->waits || !slice_equal(start->tool, end->tool) || (start->call_id.length && end->call_id.length))
            continue;
        if (end->input_key == 0 || start->input_key == end->input_key)
            return call;
    }
    return NULL;
}

/* ---- waiting ---------------------------------------------------------------------------------------------------------------- */

/* The shim writes its ops after the bytes have gone on, and on a busy machine later than the hook that comes after them. */
bool fold_call_waits(struct fold *fold, struct fold_call *call, const struct op *end)
{
    if (!fold->requests_seen || call->carried.ended || !attribute_find(&call->start.op.attributes, NAME_MCP_SERVER) ||
        !op_keep(end, &call->end))
        return false;
    call->waits = true;
    fold->waiting++;
    count_call(fold, call); /* the turn may end before it does */
    return true;
}

bool fold_settle_waiting(struct fold *fold, const struct op *op, span_sink *sink, void *context)
{
    const bool last_chance = op->kind == OP_SESSION || op->kind == OP_PROMPT || op->kind == OP_IDLE || op->kind == OP_SETTLE;
    bool taken = true;
    if (fold->waiting == 0)
        return true;
    for (struct fold_call *call = fold->oldest, *next; call; call = next) {
        next = call->next;
        if (call->waits && (last_chance || (op->time > call->end.op.time && op->time - call->end.op.time > FOLD_WAIT)))
            taken &= fold_close_call(fold, call, NULL, call->end.op.time, NULL, sink, context);
    }
    return taken;
}
