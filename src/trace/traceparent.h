/* The W3C Trace Context header (Trace Context level 2, section 3.2). */
#ifndef SPANHOOK_TRACE_TRACEPARENT_H
#define SPANHOOK_TRACE_TRACEPARENT_H

#include "base/buffer.h"
#include "trace/span.h"

#define TRACEPARENT_SIZE 55       /* bytes of one of version 00 */
#define TRACEPARENT_SPAN_ID_AT 36 /* where its span id stands */

/* Reads one: version 00 in exactly its form, a higher version by its first 55 characters, if nothing or a '-' follows. Only lower-case
 * hex, no blanks around it, ids that are not zero. False leaves both alone. */
bool traceparent_parse(struct slice text, char trace_id[static TRACE_ID_HEX + 1], char span_id[static SPAN_ID_HEX + 1]);
/* Appends one of version 00, sampled. */
void traceparent_append(struct buffer *out, const char *trace_id, const char *span_id);

#endif
