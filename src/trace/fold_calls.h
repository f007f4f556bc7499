/* The open calls of a fold: what hooks have told the start of. Private to the fold. */
#ifndef SPANHOOK_TRACE_FOLD_CALLS_H
#define SPANHOOK_TRACE_FOLD_CALLS_H

#include "trace/fold_state.h"

/* The newest open call; NULL without memory. */
struct fold_call *fold_open_call(struct fold *fold, const struct op *start);
/* The open call that an end belongs to, or NULL. */
struct fold_call *fold_find_call(const struct fold *fold, const struct op *end);
/* Ends one and frees it. `end` is NULL when no end came; `time` is then where it ends and `outcome` what is said of it, unless its request
 * knows better. */
bool fold_close_call(struct fold *fold, struct fold_call *call, const struct op *end, uint64_t time, const char *outcome, span_sink *sink,
                     void *context);
/* All but those that wait. */
bool fold_close_calls(struct fold *fold, uint64_t time, const char *outcome, span_sink *sink, void *context);

/* Whether the end must wait for the call's request; it is then kept. */
bool fold_call_waits(struct fold *fold, struct fold_call *call, const struct op *end);
/* Closes the calls that have waited long enough as of this op. */
bool fold_settle_waiting(struct fold *fold, const struct op *op, span_sink *sink, void *context);

void fold_calls_free(struct fold *fold);

#endif
