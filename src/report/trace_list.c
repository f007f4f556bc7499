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
    arena_init(&list->text, TRACE_LIST_TEXT_MAX);
}

void trace_list_free(struct trace_list *list)
{
    free(list->items);
    id_map_free(&list->traces);
    id_map_free(&list->spans);
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

static void count_span(struct trace_summary *summary, const struct span *span)
{
    const bool skill = attribute_find(&span->attributes, NAME_SKILL_NAME) || has_prefix(span->name, NAME_SPAN_SKILL_PREFIX);
    const bool tool = skill || has_prefix(span->name, NAME_SPAN_TOOL_PREFIX) ||
                      slice_equal(attribute_string(&span->attributes, NAME_OPERATION), SLICE("execute_tool"));
    summary->turns += slice_equal(span->name, SLICE(NAME_SPAN_PROMPT));
    summary->tools += tool;
    summary->skills += skill;
    summary->errors += span->status == SPAN_STATUS_ERROR;
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
    if (!id_map_put(&list->spans, (uint64_t)(summary - list->items), id_part(span->span_id, 0), 0, &added))
        return false;
    if (added)
        count_span(summary, span);
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
