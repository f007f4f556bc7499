/* A trace as a waterfall of bars on one time axis, for a terminal. */
#ifndef SPANHOOK_REPORT_WATERFALL_H
#define SPANHOOK_REPORT_WATERFALL_H

#include "base/buffer.h"
#include "report/terminal.h"
#include "report/trace.h"
#include "report/trace_list.h"

/* Takes the next piece of output, which is valid only during the call. False ends the writing. */
typedef bool text_sink(void *context, struct slice text);

/* Writes a heading, a line for each span and what there is to explain below, no line wider than the terminal.
 * `summary` is that of the trace. False if memory is short or the sink said so. */
bool waterfall_write(const struct trace *trace, const struct trace_summary *summary, const struct terminal *terminal, text_sink *sink,
                     void *context);

/* "2 turns, 9 tools, 1 skill, 1 error" */
void waterfall_counts(const struct trace_summary *summary, struct buffer *out);

#endif
