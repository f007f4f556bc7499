#include "trace/fold.h"

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

static void call_free(struct fold_call *call)
{
    free(call->text);
    free(call);
}

void fold_free(struct fold *fold)
{
    if (!fold)
        return;
    while (fold->oldest) {
        struct fold_call *next = fold->oldest->next;
        call_free(fold->oldest);
        fold->oldest = next;
    }
    buffer_free(&fold->identity);
    free(fold);
}

/* ---- open calls ------------------------------------------------------------------------------------------------------------- */

/* One block for all strings of an op that outlive the record: the call keeps a copy of the op whose slices point into it. */
static struct fold_call *call_new(const struct op *op)
{
    struct fold_call *call = calloc(1, sizeof *call);
    size_t size = op->tool.length + op->call_id.length + op->skill.length + 1;
    for (unsigned i = 0; i < op->attributes.count; i++) {
        size += op->attributes.items[i].key.length;
        if (op->attributes.items[i].type == ATTRIBUTE_STRING)
            size += op->attributes.items[i].value.string.length;
    }
    if (!call || !(call->text = malloc(size))) {
        free(call);
        return NULL;
    }
    struct buffer text;
    buffer_init_fixed(&text, call->text, size);
    call->start = *op;
    struct slice *parts[3 + 2 * ATTRIBUTES_MAX] = {&call->start.tool, &call->start.call_id, &call->start.skill};
    size_t count = 3;
    for (unsigned i = 0; i < op->attributes.count; i++) {
        parts[count++] = &call->start.attributes.items[i].key;
        if (op->attributes.items[i].type == ATTRIBUTE_STRING)
            parts[count++] = &call->start.attributes.items[i].value.string;
    }
    for (size_t i = 0; i < count; i++) {
        const size_t at = text.length;
        buffer_append_slice(&text, *parts[i]);
        *parts[i] = (struct slice){call->text + at, parts[i]->length};
    }
    /* These belong to the session and are kept there. */
    call->start.session_id = call->start.agent = call->start.event = (struct slice){NULL, 0};
    call->start.service_name = call->start.resource_attributes = (struct slice){NULL, 0};
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
}

/* Ends one open call. `end` is NULL when no end came; `time` is then where it ends and `outcome` what is said of it. */
static bool call_close(struct fold *fold, struct fold_call *call, const struct op *end, uint64_t time, const char *outcome,
                       span_sink *sink, void *context)
{
    struct span span;
    call_unlink(fold, call);
    fold_make_call_span(fold, call, end, time, outcome, &span);
    fold->tool_calls++;
    fold->turn_tool_calls++;
    fold->skill_loads += call->start.skill.length > 0;
    fold->errors += span.status == SPAN_STATUS_ERROR;
    const bool taken = sink(context, &fold->resource, &span);
    call_free(call);
    return taken;
}

static bool close_all(struct fold *fold, uint64_t time, const char *outcome, span_sink *sink, void *context)
{
    bool taken = true;
    while (fold->oldest)
        taken &= call_close(fold, fold->oldest, NULL, time, outcome, sink, context);
    return taken;
}

static struct fold_call *find_call(const struct fold *fold, const struct op *end)
{
    if (end->call_id.length)
        for (struct fold_call *call = fold->oldest; call; call = call->next)
            if (slice_equal(call->start.call_id, end->call_id))
                return call;
    for (struct fold_call *call = fold->oldest; call; call = call->next) {
        if (!slice_equal(call->start.tool, end->tool) || (call->start.call_id.length && end->call_id.length))
            continue;
        if (end->input_key == 0 || call->start.input_key == end->input_key)
            return call;
    }
    return NULL;
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
    if (!fold_set_identity(fold, op))
        return false;
    trace_id_make(epoch, fold->session_id, fold->trace_id);
    span_id_derive(op->id, PURPOSE_ROOT, fold->root_id);
    return fold->options.root_once || emit_root(fold, sink, context);
}

static bool apply_start(struct fold *fold, const struct op *op, span_sink *sink, void *context)
{
    bool taken = true;
    if (fold->open_count == FOLD_OPEN_MAX)
        taken = call_close(fold, fold->oldest, NULL, op->time, OUTCOME_NO_RESULT, sink, context);
    struct fold_call *call = call_new(op);
    if (!call)
        return false;
    call->turn = fold->turn;
    call->sequence = ++fold->starts;
    /* Kiro runs all pre hooks of a batch before its first tool: starts without an end between them are one batch. */
    if (!fold->batch_may_grow)
        fold->batch++;
    call->batch = fold->batch;
    if (fold->newest && fold->newest->batch == call->batch)
        fold->newest->in_batch = call->in_batch = true;
    fold->batch_may_grow = true;

    call->previous = fold->newest;
    if (fold->newest)
        fold->newest->next = call;
    else
        fold->oldest = call;
    fold->newest = call;
    fold->open_count++;
    return taken;
}

static bool apply_end(struct fold *fold, const struct op *op, span_sink *sink, void *context)
{
    struct span span;
    struct fold_call *call = find_call(fold, op);
    fold->batch_may_grow = false;
    if (call) {
        /* One that began later is over already: this end was held back until the whole batch was. */
        if (fold->latest_ended > call->sequence)
            call->in_batch = true;
        else
            fold->latest_ended = call->sequence;
        return call_close(fold, call, op, op->time, NULL, sink, context);
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
    const bool taken = close_all(fold, op->time, OUTCOME_INTERRUPTED, sink, context);
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
    bool taken = close_all(fold, op->time, OUTCOME_NO_RESULT, sink, context);
    fold->batch_may_grow = false;
    fold_make_point_span(fold, op, &span);
    fold->turn_open = false;
    taken &= sink(context, &fold->resource, &span);
    return taken & (fold->options.root_once || emit_root(fold, sink, context));
}

bool fold_apply(struct fold *fold, const struct op *op, span_sink *sink, void *context)
{
    struct span span;
    bool taken = true;

    if (op->kind == OP_IDLE) {
        /* One that a newer op has overtaken was meant for the quiet before it. */
        if (!fold->in_trace || !fold->wants_idle || op->time < fold->last_time)
            return true;
        if (fold->oldest)
            fold->last_time = op->time; /* the root ends no earlier than what ends here */
        taken = close_all(fold, op->time, OUTCOME_NO_RESULT, sink, context);
        fold->wants_idle = false;
        return taken & settle_root(fold, sink, context);
    }
    if (op->kind == OP_SESSION && fold->in_trace) {
        taken = close_all(fold, op->time, OUTCOME_INTERRUPTED, sink, context);
        taken &= settle_root(fold, sink, context);
        fold->in_trace = false;
    }
    if (!fold->in_trace)
        taken &= begin_trace(fold, op, sink, context);
    else
        fold->root_changed = true;
    fold->wants_idle = true;
    if (op->time > fold->last_time)
        fold->last_time = op->time;

    switch (op->kind) {
    case OP_SESSION:
    case OP_IDLE:
        return taken;
    case OP_PROMPT:
        return taken & apply_prompt(fold, op, sink, context);
    case OP_START:
        return taken & apply_start(fold, op, sink, context);
    case OP_END:
        return taken & apply_end(fold, op, sink, context);
    case OP_STOP:
        return taken & apply_stop(fold, op, sink, context);
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
    if (fold->wants_idle && (fold->turn_open || fold->open_count)) {
        fold_make_root_span(fold, now, &span);
        span.open = true;
        taken = sink(context, &fold->resource, &span);
    } else if (fold->root_changed) {
        fold_make_root_span(fold, fold->last_time, &span);
        taken = sink(context, &fold->resource, &span);
    }
    for (struct fold_call *call = fold->oldest; call && taken; call = call->next) {
        fold_make_call_span(fold, call, NULL, now, OUTCOME_OPEN, &span);
        span.open = true;
        taken = sink(context, &fold->resource, &span);
    }
    return taken;
}

uint64_t fold_last_time(const struct fold *fold)
{
    return fold->last_time;
}

unsigned fold_open_count(const struct fold *fold)
{
    return fold->open_count;
}

bool fold_wants_idle(const struct fold *fold)
{
    return fold->in_trace && fold->wants_idle;
}

struct slice fold_session_id(const struct fold *fold)
{
    return fold->session_id;
}
