#include "report/trace.h"

#include <stdlib.h>

struct place {
    uint64_t start, end;
    uint32_t span; /* index: the order of arrival */
};

static int by_time(const void *a, const void *b)
{
    const struct place *first = a, *second = b;
    if (first->start != second->start)
        return first->start < second->start ? -1 : 1;
    if (first->end != second->end)
        return first->end < second->end ? -1 : 1;
    return first->span < second->span ? -1 : first->span > second->span;
}

/* Rows of everything below `top`, which is at depth 0, without recursion: the parent links lead back up. */
static void walk(struct trace *trace, uint32_t top, bool *seen, size_t *filled)
{
    uint32_t at = top;
    unsigned depth = 0;
    for (;;) {
        const struct trace_span *span = &trace->spans[at];
        const bool last = at == top || span->next_sibling == TRACE_NO_SPAN;
        trace->rows[(*filled)++] = (struct trace_row){at, (uint16_t)(depth < TRACE_DEPTH_MAX ? depth : TRACE_DEPTH_MAX), last};
        seen[at] = true;
        if (span->first_child != TRACE_NO_SPAN) {
            at = span->first_child;
            depth++;
            continue;
        }
        while (at != top && trace->spans[at].next_sibling == TRACE_NO_SPAN) {
            at = trace->spans[at].parent_index;
            depth--;
        }
        if (at == top)
            return;
        at = trace->spans[at].next_sibling;
    }
}

/* Links every span to its parent, siblings in the given order. */
static void link_children(struct trace *trace, const struct place *order)
{
    for (size_t i = 0; i < trace->count; i++) {
        struct trace_span *span = &trace->spans[i];
        const uint32_t *parent = span->parent ? id_map_find(&trace->index, 0, span->parent) : NULL;
        span->parent_index = parent && *parent != i ? *parent : TRACE_NO_SPAN;
        span->first_child = span->next_sibling = TRACE_NO_SPAN;
    }
    for (size_t i = trace->count; i > 0; i--) {
        struct trace_span *span = &trace->spans[order[i - 1].span];
        if (span->parent_index == TRACE_NO_SPAN)
            continue;
        struct trace_span *parent = &trace->spans[span->parent_index];
        span->next_sibling = parent->first_child;
        parent->first_child = order[i - 1].span;
    }
}

/* Takes a span out of the circle that it is in: it stands at the top from now on. */
static void cut_out(struct trace *trace, uint32_t at)
{
    struct trace_span *span = &trace->spans[at];
    uint32_t *link = &trace->spans[span->parent_index].first_child;
    while (*link != at)
        link = &trace->spans[*link].next_sibling;
    *link = span->next_sibling;
    span->parent_index = span->next_sibling = TRACE_NO_SPAN;
}

bool trace_arrange(struct trace *trace)
{
    size_t filled = 0;
    if (trace->count == 0)
        return true;
    struct place *order = malloc(trace->count * sizeof *order);
    bool *seen = calloc(trace->count, sizeof *seen);
    free(trace->rows);
    trace->rows = malloc(trace->count * sizeof *trace->rows);
    if (order && seen && trace->rows) {
        for (size_t i = 0; i < trace->count; i++)
            order[i] = (struct place){trace->spans[i].start, trace->spans[i].end, (uint32_t)i};
        qsort(order, trace->count, sizeof *order, by_time);
        link_children(trace, order);
        for (size_t i = 0; i < trace->count; i++)
            if (trace->spans[order[i].span].parent_index == TRACE_NO_SPAN)
                walk(trace, order[i].span, seen, &filled);
        for (size_t i = 0; i < trace->count; i++) {
            const uint32_t at = order[i].span;
            if (seen[at])
                continue;
            cut_out(trace, at);
            walk(trace, at, seen, &filled);
        }
    }
    free(order);
    free(seen);
    return filled == trace->count;
}
