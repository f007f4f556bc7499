#include "trace/traceparent.h"

#include "trace/ids.h"

#include <string.h>

static bool is_hex(struct slice text)
{
    for (size_t i = 0; i < text.length; i++)
        if (!((text.data[i] >= '0' && text.data[i] <= '9') || (text.data[i] >= 'a' && text.data[i] <= 'f')))
            return false;
    return true;
}

bool traceparent_parse(struct slice text, char trace_id[static TRACE_ID_HEX + 1], char span_id[static SPAN_ID_HEX + 1])
{
    const struct slice version = slice_part(text, 0, 2), flags = slice_part(text, 53, 2);
    const struct slice trace = slice_part(text, 3, TRACE_ID_HEX), span = slice_part(text, TRACEPARENT_SPAN_ID_AT, SPAN_ID_HEX);
    if (text.length < TRACEPARENT_SIZE || text.data[2] != '-' || text.data[35] != '-' || text.data[52] != '-')
        return false;
    if (!is_hex(version) || !is_hex(flags) || slice_equal(version, SLICE("ff")))
        return false;
    if (text.length > TRACEPARENT_SIZE && (slice_equal(version, SLICE("00")) || text.data[TRACEPARENT_SIZE] != '-'))
        return false;
    if (!id_valid(trace, TRACE_ID_HEX) || !id_valid(span, SPAN_ID_HEX))
        return false;
    memcpy(trace_id, trace.data, TRACE_ID_HEX);
    trace_id[TRACE_ID_HEX] = '\0';
    memcpy(span_id, span.data, SPAN_ID_HEX);
    span_id[SPAN_ID_HEX] = '\0';
    return true;
}

void traceparent_append(struct buffer *out, const char *trace_id, const char *span_id)
{
    buffer_append_text(out, "00-");
    buffer_append_text(out, trace_id);
    buffer_append_byte(out, '-');
    buffer_append_text(out, span_id);
    buffer_append_text(out, "-01");
}
