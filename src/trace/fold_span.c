#include "trace/fold_span.h"

#include "base/version.h"
#include "trace/names.h"
#include "trace/resource_attributes.h"

#include <string.h>

#define CLOCK_TOLERANCE NANOSECONDS_PER_SECOND

static struct slice keep(struct buffer *identity, struct slice text)
{
    const size_t at = identity->length;
    buffer_append_slice(identity, text);
    return identity->failed ? (struct slice){NULL, 0} : (struct slice){identity->data + at, text.length};
}

bool fold_set_identity(struct fold *fold, const struct op *op)
{
    struct attribute_list *attributes = &fold->resource.attributes;
    struct slice service;

    buffer_clear(&fold->identity);
    /* All of what the parts below can take, at once: slices into it must not move. */
    if (!buffer_reserve(&fold->identity, FOLD_IDENTITY_MAX))
        return false;
    fold->session_id = keep(&fold->identity, slice_part(op->session_id, 0, OP_SESSION_ID_MAX));
    fold->agent = keep(&fold->identity, op->agent.length ? slice_part(op->agent, 0, OP_AGENT_MAX) : SLICE("agent"));
    service = keep(&fold->identity, op->service_name.length ? slice_part(op->service_name, 0, OP_TOOL_NAME_MAX) : fold->agent);
    if (op->service_name.length == 0) {
        buffer_append_text(&fold->identity, "-agent");
        service.length += sizeof "-agent" - 1;
    }
    *attributes = (struct attribute_list){.count = 0};
    /* What is longer is discarded whole, as every other error in it. */
    if (op->resource_attributes.length <= OP_RESOURCE_ATTRIBUTES_MAX)
        resource_attributes_parse(op->resource_attributes, attributes, &fold->identity);
    if (op->service_name.length || !attribute_find(attributes, NAME_SERVICE_NAME))
        attribute_set_string(attributes, NAME_SERVICE_NAME, service);
    attribute_set_string(attributes, NAME_SESSION_ID, fold->session_id);
    attribute_set_string(attributes, NAME_TELEMETRY_DISTRO_NAME, SLICE("spanhook"));
    attribute_set_string(attributes, NAME_TELEMETRY_DISTRO_VERSION, SLICE(SPANHOOK_VERSION));
    return !fold->identity.failed;
}

/* ---- names ------------------------------------------------------------------------------------------------------------------ */

static struct slice join_name(struct fold *fold, const char *first, struct slice second, struct slice third)
{
    struct buffer name;
    buffer_init_fixed(&name, fold->name, FOLD_NAME_MAX);
    buffer_append_text(&name, first);
    buffer_append_slice(&name, slice_part(second, 0, FOLD_NAME_MAX / 3));
    if (third.length) {
        buffer_append_byte(&name, ' ');
        buffer_append_slice(&name, slice_part(third, 0, FOLD_NAME_MAX / 3));
    }
    return buffer_slice(&name);
}

static struct slice call_name(struct fold *fold, struct slice tool, struct slice skill)
{
    const struct slice none = {NULL, 0};
    if (fold->options.names_semconv)
        return join_name(fold, NAME_SPAN_EXECUTE_TOOL " ", tool, skill);
    return skill.length ? join_name(fold, NAME_SPAN_SKILL_PREFIX, skill, none) : join_name(fold, NAME_SPAN_TOOL_PREFIX, tool, none);
}

/* ---- common parts ----------------------------------------------------------------------------------------------------------- */

static void begin(struct fold *fold, const char *id, const char *parent, uint64_t start, struct span *span)
{
    span->kind = SPAN_KIND_INTERNAL;
    span->status = SPAN_STATUS_UNSET;
    span->status_message = (struct slice){NULL, 0};
    span->open = false;
    span->attributes.count = span->attributes.dropped = 0;
    span->events = NULL;
    span->links = NULL;
    span->event_count = span->dropped_events = span->link_count = 0;
    memcpy(span->trace_id, fold->trace_id, sizeof span->trace_id);
    memcpy(span->span_id, id, sizeof span->span_id);
    memcpy(span->parent_id, parent, SPAN_ID_HEX + 1);
    span->start = span->end = start;
    attribute_set_string(&span->attributes, NAME_SESSION_ID, fold->session_id);
    attribute_set_string(&span->attributes, NAME_CONVERSATION_ID, fold->session_id);
}

static void add_all(struct attribute_list *list, const struct attribute_list *more)
{
    for (unsigned i = 0; i < more->count; i++)
        attribute_set(list, &more->items[i]);
}

static double milliseconds(uint64_t nanoseconds)
{
    const uint64_t microseconds = nanoseconds / 1000;
    return (double)microseconds / 1000.0;
}

/* The time between two ops. The clock since boot measures it truly even when somebody sets the wall clock; it is of no use across a reboot,
 * where it runs backwards. */
static uint64_t elapsed(uint64_t from, uint64_t from_since_boot, uint64_t to, uint64_t to_since_boot, bool *suspect)
{
    const uint64_t wall = to > from ? to - from : 0;
    *suspect = to < from;
    if (from_since_boot == 0 || to_since_boot < from_since_boot)
        return wall;
    const uint64_t steady = to_since_boot - from_since_boot;
    *suspect |= (steady > wall ? steady - wall : wall - steady) > CLOCK_TOLERANCE;
    return steady;
}

static void add_call_attributes(struct slice tool, struct slice call_id, struct slice skill, struct span *span)
{
    attribute_set_string(&span->attributes, NAME_TOOL_NAME, tool);
    attribute_set_string(&span->attributes, NAME_OPERATION, SLICE("execute_tool"));
    if (!attribute_find(&span->attributes, NAME_GEN_AI_TOOL_NAME))
        attribute_set_string(&span->attributes, NAME_GEN_AI_TOOL_NAME, tool);
    if (call_id.length)
        attribute_set_string(&span->attributes, NAME_GEN_AI_TOOL_CALL_ID, call_id);
    if (skill.length)
        attribute_set_string(&span->attributes, NAME_SKILL_NAME, skill);
}

static void set_result(enum op_result result, struct span *span)
{
    static const struct slice success[] = {
        [OP_RESULT_UNKNOWN] = {"unknown", 7}, [OP_RESULT_SUCCESS] = {"true", 4}, [OP_RESULT_FAILURE] = {"false", 5}};
    attribute_set_string(&span->attributes, NAME_TOOL_SUCCESS, success[result]);
    if (result == OP_RESULT_FAILURE) {
        span->status = SPAN_STATUS_ERROR;
        if (!attribute_find(&span->attributes, NAME_ERROR_TYPE))
            attribute_set_string(&span->attributes, NAME_ERROR_TYPE, SLICE("_OTHER"));
    }
}

static void set_turn(unsigned turn, struct span *span)
{
    if (turn)
        attribute_set_integer(&span->attributes, NAME_TURN, turn);
}

/* ---- the spans -------------------------------------------------------------------------------------------------------------- */

void fold_make_root_span(struct fold *fold, uint64_t end, struct span *span)
{
    begin(fold, fold->root_id, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", fold->root_start, span);
    if (end > span->start)
        span->end = end;
    span->name = fold->options.names_semconv ? join_name(fold, NAME_SPAN_INVOKE_AGENT " ", fold->agent, (struct slice){NULL, 0})
                                             : SLICE(NAME_SPAN_SESSION);
    attribute_set_string(&span->attributes, NAME_OPERATION, SLICE("invoke_agent"));
    attribute_set_string(&span->attributes, NAME_AGENT_NAME, fold->agent);
    attribute_set_integer(&span->attributes, NAME_TURNS, fold->turn);
    attribute_set_integer(&span->attributes, NAME_TOOL_CALLS, fold->tool_calls);
    attribute_set_integer(&span->attributes, NAME_SKILL_LOADS, fold->skill_loads);
    attribute_set_integer(&span->attributes, NAME_ERRORS, fold->errors);
}

static void set_duration(uint64_t duration, struct slice source, struct span *span)
{
    span->end = duration > UINT64_MAX - span->start ? UINT64_MAX : span->start + duration;
    attribute_set_double(&span->attributes, NAME_DURATION_MS, milliseconds(duration));
    attribute_set_string(&span->attributes, NAME_DURATION_SOURCE, source);
}

/* The request that carried the call has seen it begin and end: that is the truth, and what the hooks saw stands beside it. */
static void set_carried_duration(const struct fold_carried *carried, bool *suspect, struct span *span)
{
    const struct attribute *by_hook = attribute_find(&span->attributes, NAME_DURATION_MS);
    if (by_hook)
        attribute_set_double(&span->attributes, NAME_HOOK_DURATION_MS, by_hook->value.number);
    span->start = carried->start;
    set_duration(elapsed(carried->start, carried->start_since_boot, carried->end, carried->end_since_boot, suspect), SLICE("mcp_shim"),
                 span);
}

/* A failure that either of them tells is one: an agent takes a result that says "error" for a result. */
static void set_joint_result(const struct op *end, const struct fold_carried *carried, struct span *span)
{
    const enum op_result by_hook = end ? end->result : OP_RESULT_UNKNOWN, by_request = carried->ended ? carried->result : OP_RESULT_UNKNOWN;
    if (by_hook == OP_RESULT_FAILURE || by_request == OP_RESULT_UNKNOWN) {
        set_result(by_hook, span);
        return;
    }
    if (by_request == OP_RESULT_FAILURE && carried->error_type[0])
        attribute_set_string(&span->attributes, NAME_ERROR_TYPE, slice_of(carried->error_type));
    set_result(by_request, span);
}

void fold_make_call_span(struct fold *fold, const struct fold_call *call, const struct op *end, uint64_t time, const char *outcome,
                         struct span *span)
{
    const struct op *start = &call->start.op;
    const struct fold_carried *carried = &call->carried;
    bool suspect = time < start->time;

    begin(fold, start->id, fold->root_id, start->time, span);
    add_all(&span->attributes, &start->attributes);
    if (end) {
        add_all(&span->attributes, &end->attributes);
        set_duration(elapsed(start->time, start->since_boot, end->time, end->since_boot, &suspect),
                     call->in_batch ? SLICE("hook_batch") : SLICE("hook"), span);
    }
    if (carried->ended)
        set_carried_duration(carried, &suspect, span);
    if (end || carried->ended) {
        set_joint_result(end, carried, span);
    } else {
        if (time > start->time)
            span->end = time;
        attribute_set_string(&span->attributes, NAME_OUTCOME, slice_of(outcome));
        set_result(OP_RESULT_UNKNOWN, span);
    }
    add_call_attributes(start->tool, start->call_id, start->skill, span);
    set_turn(call->turn, span);
    if (suspect)
        attribute_set_boolean(&span->attributes, NAME_CLOCK_SUSPECT, true);
    span->name = call_name(fold, start->tool, start->skill);
}

/* ---- requests --------------------------------------------------------------------------------------------------------------- */

static void add_progress(struct fold *fold, const struct op *response, struct span *span)
{
    unsigned used = 0;
    for (unsigned i = 0; i < response->progress_count; i++) {
        const struct op_progress *progress = &response->progress[i];
        struct attribute *attributes = &fold->event_attributes[used];
        fold->events[i] = (struct span_event){.time = progress->time, .name = SLICE(NAME_EVENT_PROGRESS), .attributes = attributes,
                                              .attribute_count = progress->has_total ? 2 : 1};
        attributes[0] = (struct attribute){.key = SLICE(NAME_PROGRESS), .type = ATTRIBUTE_DOUBLE, .value.number = progress->progress};
        attributes[1] = (struct attribute){.key = SLICE(NAME_PROGRESS_TOTAL), .type = ATTRIBUTE_DOUBLE, .value.number = progress->total};
        used += fold->events[i].attribute_count;
    }
    span->events = fold->events;
    span->event_count = response->progress_count;
    span->dropped_events = response->progress_dropped;
}

static void add_link(struct fold *fold, const struct fold_request *request, struct span *span)
{
    const struct slice link = request->start.op.link;
    if (link.length != SPAN_ID_HEX)
        return;
    memcpy(fold->link.trace_id, request->trace_id, sizeof fold->link.trace_id);
    memcpy(fold->link.span_id, link.data, SPAN_ID_HEX);
    fold->link.span_id[SPAN_ID_HEX] = '\0';
    span->links = &fold->link;
    span->link_count = 1;
}

void fold_make_request_span(struct fold *fold, const struct fold_request *request, const struct op *response, uint64_t time,
                            const char *outcome, struct span *span)
{
    const struct op *start = &request->start.op;
    const bool is_call = slice_equal(start->event, SLICE("tools/call"));
    bool suspect = time < start->time;

    begin(fold, start->id, request->parent_id, start->time, span);
    memcpy(span->trace_id, request->trace_id, sizeof span->trace_id);
    span->kind = start->serves ? SPAN_KIND_SERVER : SPAN_KIND_CLIENT;
    attribute_set_string(&span->attributes, NAME_MCP_METHOD, start->event);
    if (start->tool.length)
        attribute_set_string(&span->attributes, is_call ? NAME_GEN_AI_TOOL_NAME : NAME_PROMPT_NAME, start->tool);
    if (is_call)
        attribute_set_string(&span->attributes, NAME_OPERATION, SLICE("execute_tool"));
    if (start->call_id.length)
        attribute_set_string(&span->attributes, NAME_REQUEST_ID, start->call_id);
    attribute_set_string(&span->attributes, NAME_TRANSPORT, SLICE("pipe"));
    add_all(&span->attributes, &start->attributes);
    if (response) {
        add_all(&span->attributes, &response->attributes);
        set_duration(elapsed(start->time, start->since_boot, response->time, response->since_boot, &suspect), SLICE("mcp_shim"), span);
        if (response->result == OP_RESULT_FAILURE)
            span->status = SPAN_STATUS_ERROR;
        span->status_message = response->message;
        add_progress(fold, response, span);
    } else {
        if (time > start->time)
            span->end = time;
        attribute_set_string(&span->attributes, NAME_OUTCOME, slice_of(outcome));
    }
    add_link(fold, request, span);
    set_turn(request->turn, span);
    if (suspect)
        attribute_set_boolean(&span->attributes, NAME_CLOCK_SUSPECT, true);
    span->name = join_name(fold, "", start->event, start->tool);
}

void fold_make_point_call_span(struct fold *fold, const struct op *end, struct span *span)
{
    begin(fold, end->id, fold->root_id, end->time, span);
    add_all(&span->attributes, &end->attributes);
    set_result(end->result, span);
    add_call_attributes(end->tool, end->call_id, end->skill, span);
    attribute_set_string(&span->attributes, NAME_OUTCOME, SLICE("no_start"));
    set_turn(fold->turn, span);
    span->name = call_name(fold, end->tool, end->skill);
}

void fold_make_point_span(struct fold *fold, const struct op *op, struct span *span)
{
    begin(fold, op->id, fold->root_id, op->time, span);
    add_all(&span->attributes, &op->attributes);
    set_turn(fold->turn, span);
    switch (op->kind) {
    case OP_PROMPT:
        span->name = SLICE(NAME_SPAN_PROMPT);
        break;
    case OP_STOP:
        span->name = SLICE(NAME_SPAN_TURN);
        attribute_set_integer(&span->attributes, NAME_TURN_TOOL_CALLS, fold->turn_tool_calls);
        if (fold->turn_open) {
            bool suspect;
            const uint64_t duration = elapsed(fold->turn_start, fold->turn_start_since_boot, op->time, op->since_boot, &suspect);
            attribute_set_double(&span->attributes, NAME_TURN_DURATION_MS, milliseconds(duration));
        }
        break;
    default:
        attribute_set_string(&span->attributes, NAME_EVENT, op->event);
        span->name = join_name(fold, NAME_SPAN_EVENT_PREFIX, op->event.length ? op->event : SLICE("unknown"), (struct slice){NULL, 0});
        break;
    }
}
