#include "report/trace.h"

#include "report/source.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void trace_init(struct trace *trace, const char *id)
{
    *trace = (struct trace){.spans = NULL};
    memcpy(trace->id, id, TRACE_ID_HEX);
    id_map_init(&trace->index);
    arena_init(&trace->memory, TRACE_MEMORY_MAX);
}

void trace_free(struct trace *trace)
{
    free(trace->spans);
    free(trace->rows);
    id_map_free(&trace->index);
    arena_free(&trace->memory);
    *trace = (struct trace){.spans = NULL};
}

/* ---- keeping ---------------------------------------------------------------------------------------------------------------- */

static bool copy_items(struct arena *memory, const struct attribute *from, unsigned count, const struct attribute **copy)
{
    *copy = NULL;
    if (count == 0)
        return true;
    struct attribute *items = arena_take(memory, count * sizeof *items);
    if (!items)
        return false;
    for (unsigned i = 0; i < count; i++) {
        items[i] = from[i];
        if (!arena_copy(memory, from[i].key, &items[i].key) ||
            (items[i].type == ATTRIBUTE_STRING && !arena_copy(memory, from[i].value.string, &items[i].value.string)))
            return false;
    }
    *copy = items;
    return true;
}

static bool copy_attributes(struct arena *memory, const struct attribute_list *list, struct trace_attributes *copy)
{
    copy->count = list->count;
    copy->dropped = list->dropped;
    return copy_items(memory, list->items, list->count, &copy->items);
}

static bool copy_events(struct arena *memory, const struct span *span, struct trace_happenings *copy)
{
    if (span->event_count == 0)
        return true;
    struct span_event *events = arena_take(memory, span->event_count * sizeof *events);
    if (!events)
        return false;
    for (unsigned i = 0; i < span->event_count; i++) {
        events[i] = span->events[i];
        if (!arena_copy(memory, span->events[i].name, &events[i].name) ||
            !copy_items(memory, span->events[i].attributes, events[i].attribute_count, &events[i].attributes))
            return false;
    }
    copy->events = events;
    copy->event_count = span->event_count;
    return true;
}

static bool copy_links(struct arena *memory, const struct span *span, struct trace_happenings *copy)
{
    if (span->link_count == 0)
        return true;
    struct span_link *links = arena_take(memory, span->link_count * sizeof *links);
    if (!links)
        return false;
    memcpy(links, span->links, span->link_count * sizeof *links);
    copy->links = links;
    copy->link_count = span->link_count;
    return true;
}

static bool copy_happenings(struct arena *memory, const struct span *span, const struct trace_happenings **copy)
{
    *copy = NULL;
    if (span->event_count == 0 && span->dropped_events == 0 && span->link_count == 0)
        return true;
    struct trace_happenings *happenings = arena_take(memory, sizeof *happenings);
    if (!happenings)
        return false;
    *happenings = (struct trace_happenings){.dropped_events = span->dropped_events};
    *copy = happenings;
    return copy_events(memory, span, happenings) && copy_links(memory, span, happenings);
}

static bool same_value(const struct attribute *a, const struct attribute *b)
{
    if (a->type != b->type || !slice_equal(a->key, b->key))
        return false;
    switch (a->type) {
    case ATTRIBUTE_STRING:
        return slice_equal(a->value.string, b->value.string);
    case ATTRIBUTE_INTEGER:
        return a->value.integer == b->value.integer;
    case ATTRIBUTE_BOOLEAN:
        return a->value.boolean == b->value.boolean;
    case ATTRIBUTE_DOUBLE:
        return false; /* none of ours has one, and comparing them is a subject of its own */
    }
    return false;
}

/* Spans that come one after the other mostly have the same resource; it is then kept once. */
static const struct trace_attributes *keep_resource(struct trace *trace, const struct attribute_list *list)
{
    const struct trace_attributes *last = trace->last_resource;
    bool same = last && last->count == list->count && last->dropped == list->dropped;
    for (unsigned i = 0; same && i < list->count; i++)
        same = same_value(&last->items[i], &list->items[i]);
    if (same)
        return last;
    struct trace_attributes *copy = arena_take(&trace->memory, sizeof *copy);
    if (!copy || !copy_attributes(&trace->memory, list, copy))
        return NULL;
    trace->last_resource = copy;
    return copy;
}

static uint64_t number_of(const char *id)
{
    uint64_t number = 0;
    slice_hex_to_u64(slice_of(id), &number);
    return number;
}

static bool keep(struct trace *trace, const struct resource *resource, const struct span *span, struct trace_span *kept)
{
    *kept = (struct trace_span){.id = number_of(span->span_id),
                                .parent = number_of(span->parent_id),
                                .start = span->start,
                                .end = span->end,
                                .kind = span->kind,
                                .status = span->status,
                                .open = span->open};
    kept->resource = keep_resource(trace, &resource->attributes);
    return kept->resource && arena_copy(&trace->memory, span->name, &kept->name) &&
           arena_copy(&trace->memory, span->status_message, &kept->status_message) &&
           copy_attributes(&trace->memory, &span->attributes, &kept->attributes) &&
           copy_happenings(&trace->memory, span, &kept->happenings);
}

static bool grow(struct trace *trace)
{
    const size_t capacity = trace->capacity ? 2 * trace->capacity : 64;
    struct trace_span *larger = realloc(trace->spans, capacity * sizeof *larger);
    if (!larger)
        return false;
    trace->spans = larger;
    trace->capacity = capacity;
    return true;
}

bool trace_add(void *context, const struct resource *resource, const struct span *span)
{
    struct trace *trace = context;
    struct trace_span kept;

    if (memcmp(span->trace_id, trace->id, TRACE_ID_HEX) != 0)
        return true;
    const uint32_t *known = id_map_find(&trace->index, 0, number_of(span->span_id));
    if (known && *known < trace->from_logs)
        return true;
    if ((!known && trace->count == TRACE_SPANS_MAX) || !keep(trace, resource, span, &kept)) {
        trace->incomplete = true;
        return true;
    }
    if (known) {
        trace->spans[*known] = kept;
        return true;
    }
    if ((trace->count == trace->capacity && !grow(trace)) || !id_map_put(&trace->index, 0, kept.id, (uint32_t)trace->count, NULL))
        return false;
    trace->spans[trace->count++] = kept;
    return true;
}

bool trace_load(struct trace *trace, const struct state *state, struct slice session_id, uint64_t now, struct error *error)
{
    char key[SESSION_KEY_HEX + 1];
    session_key(session_id, key);
    if (session_id.length && !source_logs(state, key, now, trace_add, trace, NULL, error))
        return false;
    trace->from_logs = trace->count;
    const struct source_lines wanted = {.containing = slice_of(trace->id)};
    if (!source_archive(state, wanted, trace_add, trace, error))
        return false;
    return trace_arrange(trace) || error_set(error, "no memory to arrange %zu spans", trace->count);
}

/* ---- looking at spans ------------------------------------------------------------------------------------------------------- */

const struct attribute *trace_attribute(const struct trace_span *span, const char *key)
{
    const struct slice wanted = slice_of(key);
    for (unsigned i = 0; i < span->attributes.count; i++)
        if (slice_equal(span->attributes.items[i].key, wanted))
            return &span->attributes.items[i];
    return NULL;
}

struct slice trace_string(const struct trace_span *span, const char *key)
{
    const struct attribute *found = trace_attribute(span, key);
    return found && found->type == ATTRIBUTE_STRING ? found->value.string : (struct slice){NULL, 0};
}

bool outcome_is_unfinished(struct slice outcome)
{
    return slice_equal(outcome, SLICE("no_result")) || slice_equal(outcome, SLICE("interrupted"));
}

bool is_mcp_request(enum span_kind kind, struct slice mcp_method)
{
    return mcp_method.length && (kind == SPAN_KIND_CLIENT || kind == SPAN_KIND_SERVER);
}

static void restore_attributes(const struct trace_attributes *kept, struct attribute_list *list)
{
    list->count = kept->count;
    list->dropped = kept->dropped;
    if (kept->count)
        memcpy(list->items, kept->items, kept->count * sizeof *kept->items);
}

static void restore_happenings(const struct trace_happenings *kept, struct span *span)
{
    static const struct trace_happenings none;
    kept = kept ? kept : &none;
    span->events = kept->events;
    span->event_count = kept->event_count;
    span->dropped_events = kept->dropped_events;
    span->links = kept->links;
    span->link_count = kept->link_count;
}

void trace_restore(const struct trace *trace, const struct trace_span *kept, struct resource *resource, struct span *span)
{
    memcpy(span->trace_id, trace->id, sizeof span->trace_id);
    (void)snprintf(span->span_id, sizeof span->span_id, "%016" PRIx64, kept->id);
    if (kept->parent)
        (void)snprintf(span->parent_id, sizeof span->parent_id, "%016" PRIx64, kept->parent);
    else
        span->parent_id[0] = '\0';
    span->name = kept->name;
    span->kind = kept->kind;
    span->start = kept->start;
    span->end = kept->end;
    span->status = kept->status;
    span->status_message = kept->status_message;
    span->open = kept->open;
    restore_happenings(kept->happenings, span);
    restore_attributes(&kept->attributes, &span->attributes);
    restore_attributes(kept->resource, &resource->attributes);
}
