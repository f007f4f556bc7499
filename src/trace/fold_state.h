/* What a fold knows between two ops. Private to the fold's own files. */
#ifndef SPANHOOK_TRACE_FOLD_STATE_H
#define SPANHOOK_TRACE_FOLD_STATE_H

#include "base/clock.h"
#include "trace/fold.h"
#include "trace/op_keep.h"

/* Session id, agent, service name and decoded resource attributes, each at its longest. */
#define FOLD_IDENTITY_MAX (OP_SESSION_ID_MAX + 2 * OP_AGENT_MAX + OP_TOOL_NAME_MAX + 64 + 3 * OP_RESOURCE_ATTRIBUTES_MAX)
#define FOLD_NAME_MAX 1024            /* bytes of a span's name */

#define OUTCOME_NO_RESULT "no_result"
#define OUTCOME_INTERRUPTED "interrupted"
#define OUTCOME_OPEN "open"

/* A request that passes through the MCP shim. */
struct fold_request {
    struct fold_request *previous, *next; /* in the order of their starts */
    struct op_kept start;
    char trace_id[TRACE_ID_HEX + 1];
    char parent_id[SPAN_ID_HEX + 1];
    char call_id[SPAN_ID_HEX + 1]; /* the span of the hook's call that it carries; "": none */
    unsigned turn;
};

/* What the request that carries a call tells of it. */
struct fold_carried {
    char request_id[SPAN_ID_HEX + 1]; /* of the latest: one that asks for input is sent once more */
    bool begun, ended;
    uint64_t start, start_since_boot, end, end_since_boot;
    enum op_result result;
    char error_type[32];
};

struct fold_call {
    struct fold_call *previous, *next; /* in the order of their starts */
    struct op_kept start;
    struct op_kept end;  /* .op is valid if `waits` */
    bool waits;          /* its end has come, but its request may still tell how long it took */
    struct fold_carried carried;
    uint64_t sequence; /* counts starts */
    uint64_t batch;    /* starts without an end between them share it */
    unsigned turn;
    bool in_batch;  /* the batch has more than this one: the interval is an upper bound */
};

struct fold {
    struct fold_options options;

    /* the trace */
    bool in_trace;
    bool only_requests; /* all that it has so far has passed through the MCP shim */
    bool root_changed;  /* something happened since the root was emitted last */
    bool wants_idle;
    unsigned traces;
    uint32_t epoch;     /* second in the trace id */
    uint64_t root_start, last_time;
    char trace_id[TRACE_ID_HEX + 1];
    char root_id[SPAN_ID_HEX + 1];
    unsigned tool_calls, skill_loads, errors;

    /* whose it is; strings live in `identity` */
    struct buffer identity;
    struct slice session_id, agent;
    struct resource resource;

    /* the turn */
    unsigned turn, turn_tool_calls;
    bool turn_open;
    uint64_t turn_start, turn_start_since_boot;

    /* open calls */
    struct fold_call *oldest, *newest;
    unsigned open_count;
    uint64_t starts, batch;
    uint64_t latest_ended; /* the highest sequence of a call that an end came for */
    bool batch_may_grow; /* the newest op about a call was a start */
    unsigned waiting;      /* calls that wait */

    /* open requests */
    bool requests_seen;    /* any, of any trace: there is a shim */
    struct fold_request *oldest_request, *newest_request;
    unsigned request_count;
    struct span_event events[OP_PROGRESS_MAX]; /* of the span being made */
    struct attribute event_attributes[2 * OP_PROGRESS_MAX];
    struct span_link link;

    char name[FOLD_NAME_MAX]; /* of the span being made */
};

#endif
