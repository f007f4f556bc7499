/* What a waterfall says of one span beside its bar. Private to the waterfall. */
#ifndef SPANHOOK_REPORT_WATERFALL_SPAN_H
#define SPANHOOK_REPORT_WATERFALL_SPAN_H

#include "report/style.h"
#include "report/trace.h"

enum span_interval {
    INTERVAL_MEASURED,
    INTERVAL_POINT,     /* a moment; there is no duration to show */
    INTERVAL_BATCH,     /* an upper bound: only the hooks of a whole batch were timed */
    INTERVAL_UNFINISHED, /* nobody saw the end: it was closed when something else happened */
    INTERVAL_OPEN       /* still running */
};
enum span_interval waterfall_interval(const struct trace_span *span);

enum style waterfall_name_style(const struct trace_span *span);
enum style waterfall_bar_style(const struct trace_span *span);

/* "≤1.2s"; "" for a point. `text` is cleared. */
void waterfall_duration(const struct trace_span *span, bool unicode, struct buffer *text);
/* "✗ exit 1", "no result", "turn 5.2s", …; "" mostly. At most `columns` columns; `text` is cleared. */
enum style waterfall_remark(const struct trace_span *span, size_t columns, bool unicode, struct buffer *text);

#endif
