/* The spans of one trace, each once and as it was sent last, and the order in which a tree of them is drawn. */
#ifndef SPANHOOK_REPORT_TRACE_H
#define SPANHOOK_REPORT_TRACE_H

#include "base/error.h"
#include "report/arena.h"
#include "report/id_map.h"
#include "store/state.h"
#include "trace/span.h"

#define TRACE_SPANS_MAX 200000
#define TRACE_MEMORY_MAX (256UL * 1024 * 1024) /* for their texts, attributes, events and links */
#define TRACE_DEPTH_MAX 24                     /* deeper spans are drawn at this depth */

/* Attributes without the room that an attribute_list keeps for more. */
struct trace_attributes {
    const struct attribute *items;
    unsigned count, dropped;
};

/* As in struct span. */
struct trace_happenings {
    const struct span_event *events;
    const struct span_link *links;
    unsigned event_count, dropped_events, link_count;
};

struct trace_span {
    uint64_t id, parent; /* 0: none */
    uint64_t start, end; /* ns */
    struct slice name, status_message;
    struct trace_attributes attributes;
    const struct trace_attributes *resource;
    const struct trace_happenings *happenings; /* NULL for most spans: no events, no links */
    enum span_kind kind;
    enum span_status status;
    bool open;
    uint32_t parent_index; /* TRACE_NO_SPAN for what stands at the top */
    uint32_t first_child, next_sibling;
};
#define TRACE_NO_SPAN UINT32_MAX

/* A line of the tree. */
struct trace_row {
    uint32_t span; /* index */
    uint16_t depth;
    bool last;     /* of its siblings */
};

struct trace {
    char id[TRACE_ID_HEX + 1];
    struct trace_span *spans;
    struct trace_row *rows; /* count of them, after trace_arrange */
    size_t count;
    bool incomplete; /* there was more than the bounds above allow */
    /* private */
    size_t capacity;
    struct id_map index;
    struct arena memory;
    const struct trace_attributes *last_resource;
    size_t from_logs; /* spans that the op logs had: the archive's state of them is older */
};

/* `id`: 32 lower-case hex digits. */
void trace_init(struct trace *trace, const char *id);
void trace_free(struct trace *trace);
/* A span_sink whose context is the trace. Spans of other traces are passed over; a span that came before is replaced. False if memory is
 * short. */
bool trace_add(void *trace, const struct resource *resource, const struct span *span);
/* Makes the rows: parents before children, siblings by start, end, arrival. A span whose parent is not there stands at the top; so does the
 * earliest one of a circle. False if memory is short. */
bool trace_arrange(struct trace *trace);

/* Loads and arranges what there is of the trace as of `now`. `session_id` may be empty (then no op log is looked at). False also
 * where the session's log is bad. */
bool trace_load(struct trace *trace, const struct state *state, struct slice session_id, uint64_t now, struct error *error);

/* As attribute_find, attribute_string and attribute_integer. */
const struct attribute *trace_attribute(const struct trace_span *span, const char *key);
struct slice trace_string(const struct trace_span *span, const char *key);
/* Whether spanhook.outcome says that nobody saw the end: the span was closed when something else happened, and its end is that moment. */
bool outcome_is_unfinished(struct slice outcome);
/* Whether a span of that kind and mcp.method.name is a request as it went between an MCP client and a server. The agent's call that led to
 * it is a span of its own, of kind INTERNAL. */
bool is_mcp_request(enum span_kind kind, struct slice mcp_method);
/* The span as a producer would hand it over, to be encoded. It borrows from the trace. */
void trace_restore(const struct trace *trace, const struct trace_span *kept, struct resource *resource, struct span *span);

#endif
