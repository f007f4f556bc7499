/* Spans to and from OTLP/JSON (opentelemetry-proto 1.11, docs/specification.md, "JSON Protobuf Encoding"). */
#ifndef SPANHOOK_OTLP_OTLP_JSON_H
#define SPANHOOK_OTLP_OTLP_JSON_H

#include "base/json.h"
#include "trace/span.h"

/* What is read of one span's events and links. */
#define OTLP_JSON_EVENTS_MAX 128
#define OTLP_JSON_EVENT_ATTRIBUTES_MAX 1024 /* of all of them together; ATTRIBUTES_MAX of one */
#define OTLP_JSON_LINKS_MAX 32

/* Appends one TracesData with this one span, without newline:
 * {"resourceSpans":[{"resource":…,"scopeSpans":[{"scope":…,"spans":[…]}]}]}. The members always stand in this order, so that
 * lines of equal resource share a prefix up to "spans":[ . False if the buffer failed. */
bool otlp_json_encode_span(struct buffer *out, const struct resource *resource, const struct span *span);

/* Reads any TracesData/ExportTraceServiceRequest and hands every span to the sink. Ids are read in any case and given lower-case;
 * attributes that are no scalars are given as the JSON text of their AnyValue. What a span borrows lives in `text` until that is cleared or
 * decoded into again; it takes up to three times the line. Spans whose ids are malformed are skipped and counted in *skipped (may be NULL).
 * An event that is malformed or over a bound above is left out whole and counted in dropped_events; such a link is left out.
 * False if `line` is no such JSON or the sink said so. */
bool otlp_json_decode(struct slice line, struct buffer *text, span_sink *sink, void *context, unsigned *skipped);

/* One archive line or several become one request body: spans of lines that share their resource are put together. Append-only use:
 * begin, add for each line, end. A line in a foreign form is added as its own resourceSpans elements. */
struct otlp_json_batch {
    struct buffer *body;
    struct slice prefix; /* of the line added last; points into that caller's line, which must stay until the end */
    bool open;
    unsigned lines;
};
void otlp_json_batch_begin(struct otlp_json_batch *batch, struct buffer *body);
bool otlp_json_batch_add(struct otlp_json_batch *batch, struct slice line);
bool otlp_json_batch_end(struct otlp_json_batch *batch);

#endif
