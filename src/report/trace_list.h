/* What was recorded, one entry a trace (a session has a further one for each time its agent was started anew). */
#ifndef SPANHOOK_REPORT_TRACE_LIST_H
#define SPANHOOK_REPORT_TRACE_LIST_H

#include "base/error.h"
#include "report/arena.h"
#include "report/id_map.h"
#include "report/source.h"
#include "store/state.h"
#include "trace/span.h"

#define TRACE_LIST_TRACES_MAX 100000
#define TRACE_LIST_SPANS_MAX 1000000 /* different spans that are counted */
#define TRACE_LIST_TEXT_MAX (64UL * 1024 * 1024)

struct trace_summary {
    char id[TRACE_ID_HEX + 1];
    struct slice session_id; /* "" where no span names one */
    struct slice prompt;     /* preview of the first one; "" if there is none */
    uint64_t start, end;     /* ns: of all its spans, but for ends that nobody saw */
    uint64_t prompt_time;
    /* Prompts; tool calls, those included that read a skill; calls that read a skill; spans with an error. The MCP request that a tool
     * call led to is the same call, and its error the same error, if both have one. */
    unsigned turns, tools, skills, errors;
    bool live;   /* something is still running */
    bool rooted; /* there is a span without a parent */
};

struct trace_list {
    struct trace_summary *items;
    size_t count;
    bool incomplete; /* there was more than the bounds above allow */
    struct source_skipped skipped; /* by the last trace_list_load */
    /* private */
    size_t capacity;
    struct id_map traces, spans;
    struct id_map early_calls, early_failures; /* how many MCP calls came before a span with the id of their parent, and failed ones */
    struct arena text;
};

void trace_list_init(struct trace_list *list);
void trace_list_free(struct trace_list *list);
/* A span_sink whose context is the list. A span that came before counts once. False if memory is short. */
bool trace_list_add(void *list, const struct resource *resource, const struct span *span);
/* Newest start first; to be called after the last span. */
void trace_list_sort(struct trace_list *list);

/* How much of the archive is read; zero: all of it. */
struct trace_list_scope {
    size_t newest;           /* days back until so many of the newest traces are complete; older ones may then be missing */
    struct slice containing; /* the traces whose ids or session ids contain this text are complete, others may be missing or not */
};
/* Adds what there is as of `now` and sorts. Of sessions whose log is bad some or all may be missing: see `skipped`. */
bool trace_list_load(struct trace_list *list, const struct state *state, uint64_t now, struct trace_list_scope scope, struct error *error);

enum trace_match { TRACE_MATCH_NONE, TRACE_MATCH_ONE, TRACE_MATCH_SEVERAL };
/* Which trace `wanted` means: a whole session id, else the beginning of a session id or trace id. Of several traces of one session the
 * newest is meant (the list is sorted); fits of several sessions are SEVERAL. *by_trace_id: the id of the trace was what fitted. */
enum trace_match trace_list_match(const struct trace_list *list, struct slice wanted, size_t *index, bool *by_trace_id);
/* Whether trace_list_match would have taken that entry into account. */
bool trace_summary_fits(const struct trace_summary *summary, struct slice wanted);

/* How many bytes of session ids (trace ids) it takes to tell all entries of the list apart: at least 8, at most 20. */
size_t trace_list_session_digits(const struct trace_list *list);
size_t trace_list_trace_digits(const struct trace_list *list);

#endif
