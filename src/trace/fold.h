/* The fold: a session's ops in, spans out. Pure: no clock, no files, no network; the same ops in the same order always give the same
 * spans, so a fold can be run again from the start at any time.
 *
 * Pairing: an end takes the open call with its call id, else the oldest open call of the same tool and input key, else (empty input) the
 * oldest open call of that tool; an end without a start becomes a point span. What is still open at the next prompt or session start was
 * interrupted; at a stop or after idling it has no result.
 *
 * Requests seen by the MCP shim are spans of their own. One that carries a call which a hook has told of too becomes the call's child and
 * gives it its true start, end and, where no hook tells one, result; they find each other by server, tool and time, and by the input's
 * key among several. A call whose end comes before its request's waits for that: for FOLD_WAIT of
 * the ops' time, to the next prompt, or until an OP_SETTLE. */
#ifndef SPANHOOK_TRACE_FOLD_H
#define SPANHOOK_TRACE_FOLD_H

#include "trace/op.h"

#define FOLD_OPEN_MAX 4096               /* open calls of one session; beyond, the oldest ends without a result */
#define FOLD_REQUESTS_MAX 4096           /* the same of requests */
#define FOLD_WAIT (1000 * UINT64_C(1000000)) /* ns */
#define FOLD_IDLE_DEFAULT_SECONDS 1800

struct fold_options {
    bool root_once;     /* emit the root only when its trace is over, not at the start and at each stop */
    bool names_semconv; /* span names of the GenAI conventions */
};

struct fold;

/* NULL when there is no memory. */
struct fold *fold_new(struct fold_options options);
void fold_free(struct fold *fold);

/* Takes the next op and emits the spans that it finishes. False if memory is short or the sink said so. */
bool fold_apply(struct fold *fold, const struct op *op, span_sink *sink, void *context);

/* Emits what is not finished as of `now`: the session itself (marked open while a turn runs, else where the root that was
 * sent last is out of date) and every open call (marked open). Changes nothing that shows. */
bool fold_open_spans(struct fold *fold, uint64_t now, span_sink *sink, void *context);

/* ns of the newest op; 0 before the first. */
uint64_t fold_last_time(const struct fold *fold);
/* The trace that is being written: 32 hex digits, "" before the first op. */
const char *fold_trace_id(const struct fold *fold);
unsigned fold_open_count(const struct fold *fold);
/* True while a call waits for its request: the relay owes an OP_SETTLE soon. */
bool fold_wants_settle(const struct fold *fold);
/* True while a trace has begun that no OP_IDLE has closed since its last op: the relay owes it one after the idle time. */
bool fold_wants_idle(const struct fold *fold);
/* The session's id; empty before the first op. Valid until the next fold_apply. */
struct slice fold_session_id(const struct fold *fold);

#endif
