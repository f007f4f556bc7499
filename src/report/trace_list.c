#include "report/trace_list.h"

#include "report/trace.h"
#include "trace/names.h"

#include <stdlib.h>
#include <string.h>

#define DIGITS_MIN 8
#define DIGITS_MAX 20

void trace_list_init(struct trace_list *list)
{
    *list = (struct trace_list){.items = NULL};
    id_map_init(&list->traces);
    id_map_init(&list->spans);
    id_map_init(&list->early_calls);
    id_map_init(&list->early_failures);
    arena_init(&list->text, TRACE_LIST_TEXT_MAX);
}

void trace_list_free(struct trace_list *list)
{
    free(list->items);
    id_map_free(&list->traces);
    id_map_free(&list->spans);
    id_map_free(&list->early_calls);
    id_map_free(&list->early_failures);
    arena_free(&list->text);
    trace_list_init(list);
}

/* ---- adding ----------------------------------------------------------------------------------------------------------------- */

static uint64_t id_part(const char *id, size_t from)
{
    uint64_t value = 0;
    slice_hex_to_u64(slice_part(slice_of(id), from, SPAN_ID_HEX), &value);
    return value;
}

static struct slice session_of(const struct resource *resource, const struct span *span)
{
    struct slice session = attribute_string(&span->attributes, NAME_SESSION_ID);
    if (session.length == 0)
        session = attribute_string(&resource->attributes, NAME_SESSION_ID);
    if (session.length == 0)
        session = attribute_string(&span->attributes, NAME_CONVERSATION_ID);
    return session;
}

static bool grow(struct trace_list *list)
{
    const size_t capacity = list->capacity ? 2 * list->capacity : 64;
    struct trace_summary *larger = realloc(list->items, capacity * sizeof *larger);
    if (!larger)
        return false;
    list->items = larger;
    list->capacity = capacity;
    return true;
}

/* The entry of that trace; NULL with `incomplete` set, or without when memory is short. */
static struct trace_summary *summary_of(struct trace_list *list, const struct span *span)
{
    const uint64_t high = id_part(span->trace_id, 0), low = id_part(span->trace_id, SPAN_ID_HEX);
    const uint32_t *known = id_map_find(&list->traces, high, low);
    if (known)
        return &list->items[*known];
    if (list->count == TRACE_LIST_TRACES_MAX) {
        list->incomplete = true;
        return NULL;
    }
    if ((list->count == list->capacity && !grow(list)) || !id_map_put(&list->traces, high, low, (uint32_t)list->count, NULL))
        return NULL;
    struct trace_summary *summary = &list->items[list->count++];
    *summary = (struct trace_summary){.start = span->start, .end = span->start};
    memcpy(summary->id, span->trace_id, sizeof summary->id);
    return summary;
}

static bool has_prefix(struct slice name, const char *prefix)
{
    return slice_starts_with(name, slice_of(prefix));
}

/* What the list remembers of a span that it has counted. */
#define COUNTED_TOOL 1U
#define COUNTED_ERROR 2U

static bool count_one_more(struct id_map *map, uint64_t trace, uint64_t span)
{
    uint32_t *number = id_map_put(map, trace, span, 0, NULL);
    if (number)
        ++*number;
    return number != NULL;
}

/* MCP calls below a tool call that comes only now were counted as calls of their own. */
static void take_back_early(struct trace_list *list, struct trace_summary *summary, uint64_t trace, uint64_t id, bool failed)
{
    const uint32_t *calls = id_map_find(&list->early_calls, trace, id), *failures = id_map_find(&list->early_failures, trace, id);
    summary->tools -= calls ? *calls : 0;
    summary->errors -= failures && failed ? *failures : 0;
}

/* `counted` is what the list is to remember. False if memory is short. */
static bool count_span(struct trace_list *list, struct trace_summary *summary, const struct span *span, uint32_t *counted)
{
    const uint64_t trace = (uint64_t)(summary - list->items), parent_id = id_part(span->parent_id, 0);
    const bool failed = span->status == SPAN_STATUS_ERROR;
    /* The name of a request is its method, which anyone may name as they like. */
    const bool request = is_mcp_request(span->kind, attribute_string(&span->attributes, NAME_MCP_METHOD));
    const bool skill = !request && (attribute_find(&span->attributes, NAME_SKILL_NAME) || has_prefix(span->name, NAME_SPAN_SKILL_PREFIX));
    const bool tool = skill || (!request && has_prefix(span->name, NAME_SPAN_TOOL_PREFIX)) ||
                      slice_equal(attribute_string(&span->attributes, NAME_OPERATION), SLICE("execute_tool"));
    const uint32_t *parent = request && tool ? id_map_find(&list->spans, trace, parent_id) : NULL;
    const bool again = parent && (*parent & COUNTED_TOOL);

    summary->turns += !request && slice_equal(span->name, SLICE(NAME_SPAN_PROMPT));
    summary->tools += tool && !again;
    summary->skills += skill;
    summary->errors += failed && !(again && (*parent & COUNTED_ERROR));
    *counted = (tool ? COUNTED_TOOL : 0) | (failed ? COUNTED_ERROR : 0);
    if (tool)
        take_back_early(list, summary, trace, id_part(span->span_id, 0), failed);
    if (!request || !tool || parent || parent_id == 0)
        return true;
    return count_one_more(&list->early_calls, trace, parent_id) && (!failed || count_one_more(&list->early_failures, trace, parent_id));
}

static bool keep_prompt(struct trace_list *list, struct trace_summary *summary, const struct span *span)
{
    const struct slice preview = attribute_string(&span->attributes, NAME_PROMPT_PREVIEW);
    if (preview.length == 0 || (summary->prompt.length && summary->prompt_time <= span->start))
        return true;
    summary->prompt_time = span->start;
    return arena_copy(&list->text, preview, &summary->prompt);
}

bool trace_list_add(void *context, const struct resource *resource, const struct span *span)
{
    struct trace_list *list = context;
    bool added = false;
    struct trace_summary *summary = summary_of(list, span);

    if (!summary)
        return list->incomplete;
    if (span->start < summary->start)
        summary->start = span->start;
    const uint64_t end = outcome_is_unfinished(attribute_string(&span->attributes, NAME_OUTCOME)) ? span->start : span->end;
    if (end > summary->end)
        summary->end = end;
    summary->live |= span->open;
    summary->rooted |= span->parent_id[0] == '\0';
    if (list->spans.count >= TRACE_LIST_SPANS_MAX) {
        list->incomplete = true;
        return true;
    }
    uint32_t *counted = id_map_put(&list->spans, (uint64_t)(summary - list->items), id_part(span->span_id, 0), 0, &added);
    if (!counted || (added && !count_span(list, summary, span, counted)))
        return false;
    if ((summary->session_id.length == 0 && !arena_copy(&list->text, session_of(resource, span), &summary->session_id)) ||
        (added && !keep_prompt(list, summary, span)))
        list->incomplete = true;
    return true;
}

static int newest_first(const void *a, const void *b)
{
    const struct trace_summary *first = a, *second = b;
    if (first->start != second->start)
        return first->start > second->start ? -1 : 1;
    return strcmp(second->id, first->id);
}

void trace_list_sort(struct trace_list *list)
{
    if (list->count)
        qsort(list->items, list->count, sizeof *list->items, newest_first);
}

/* ---- finding ---------------------------------------------------------------------------------------------------------------- */

static bool fits_trace_id(const struct trace_summary *summary, struct slice wanted)
{
    return wanted.length > 0 && wanted.length <= TRACE_ID_HEX &&
           slice_equal_ignoring_case(slice_part(slice_of(summary->id), 0, wanted.length), wanted);
}

bool trace_summary_fits(const struct trace_summary *summary, struct slice wanted)
{
    return (wanted.length > 0 && slice_starts_with(summary->session_id, wanted)) || fits_trace_id(summary, wanted);
}

enum trace_match trace_list_match(const struct trace_list *list, struct slice wanted, size_t *index, bool *by_trace_id)
{
    enum trace_match match = TRACE_MATCH_NONE;
    for (size_t i = 0; i < list->count; i++) {
        if (wanted.length > 0 && slice_equal(list->items[i].session_id, wanted)) {
            *index = i;
            *by_trace_id = false;
            return TRACE_MATCH_ONE;
        }
    }
    for (size_t i = 0; i < list->count; i++) {
        const struct trace_summary *summary = &list->items[i];
        if (!trace_summary_fits(summary, wanted))
            continue;
        if (match == TRACE_MATCH_NONE) {
            match = TRACE_MATCH_ONE;
            *index = i;
            *by_trace_id = !slice_starts_with(summary->session_id, wanted);
        } else if (summary->session_id.length == 0 || !slice_equal(summary->session_id, list->items[*index].session_id)) {
            return TRACE_MATCH_SEVERAL;
        }
    }
    return match;
}

/* ---- telling apart ---------------------------------------------------------------------------------------------------------- */

static int by_bytes(const void *a, const void *b)
{
    const struct slice *first = a, *second = b;
    const size_t common = first->length < second->length ? first->length : second->length;
    const int order = common ? memcmp(first->data, second->data, common) : 0;
    return order ? order : (first->length > second->length) - (first->length < second->length);
}

/* In sorted order only neighbours have to be compared. */
static size_t digits_to_tell_apart(struct slice *ids, size_t count)
{
    size_t digits = DIGITS_MIN;
    qsort(ids, count, sizeof *ids, by_bytes);
    for (size_t i = 1; i < count; i++) {
        size_t common = 0;
        if (slice_equal(ids[i - 1], ids[i]))
            continue;
        while (common < ids[i].length && common < ids[i - 1].length && ids[i].data[common] == ids[i - 1].data[common])
            common++;
        if (common + 1 > digits)
            digits = common + 1;
    }
    return digits < DIGITS_MAX ? digits : DIGITS_MAX;
}

static size_t digits_of(const struct trace_list *list, bool sessions)
{
    struct slice *ids = list->count ? malloc(list->count * sizeof *ids) : NULL;
    if (!ids)
        return DIGITS_MIN;
    for (size_t i = 0; i < list->count; i++)
        ids[i] = sessions ? list->items[i].session_id : slice_of(list->items[i].id);
    const size_t digits = digits_to_tell_apart(ids, list->count);
    free(ids);
    return digits;
}

size_t trace_list_session_digits(const struct trace_list *list)
{
    return digits_of(list, true);
}

size_t trace_list_trace_digits(const struct trace_list *list)
{
    return digits_of(list, false);
}
