/* Spans made of a fold's state. What they borrow lives until the fold changes. Private to the fold. */
#ifndef SPANHOOK_TRACE_FOLD_SPAN_H
#define SPANHOOK_TRACE_FOLD_SPAN_H

#include "trace/fold_state.h"

/* Takes session id, agent and resource from the op that begins a trace. False if memory is short. */
bool fold_set_identity(struct fold *fold, const struct op *op);

/* The root from its start to `end`, with the counts so far. */
void fold_make_root_span(struct fold *fold, uint64_t end, struct span *span);
/* A call that ended by `end`, or (end NULL) one that is closed at `time` with `outcome`. */
void fold_make_call_span(struct fold *fold, const struct fold_call *call, const struct op *end, uint64_t time, const char *outcome,
                         struct span *span);
/* A request that ended by `response`, or (NULL) one that is closed at `time` with `outcome`. */
void fold_make_request_span(struct fold *fold, const struct fold_request *request, const struct op *response, uint64_t time,
                            const char *outcome, struct span *span);
/* An end that no open call belongs to: it happened, but nobody knows since when. */
void fold_make_point_call_span(struct fold *fold, const struct op *end, struct span *span);
/* A prompt, a stop, or another event. */
void fold_make_point_span(struct fold *fold, const struct op *op, struct span *span);

#endif
