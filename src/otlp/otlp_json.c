#include "otlp/otlp_json.h"

#include "base/json_write.h"
#include "base/version.h"
#include "trace/names.h"

/* ---- writing ---------------------------------------------------------------------------------------------------------------- */

static void write_u64_string(struct buffer *out, uint64_t value)
{
    buffer_append_byte(out, '"');
    buffer_append_u64(out, value);
    buffer_append_byte(out, '"');
}

static void write_value(struct buffer *out, const struct attribute *attribute)
{
    switch (attribute->type) {
    case ATTRIBUTE_STRING:
        buffer_append_text(out, "{\"stringValue\":");
        json_write_string(out, attribute->value.string);
        break;
    case ATTRIBUTE_INTEGER:
        buffer_append_text(out, "{\"intValue\":\"");
        buffer_append_i64(out, attribute->value.integer);
        buffer_append_byte(out, '"');
        break;
    case ATTRIBUTE_DOUBLE:
        buffer_append_text(out, "{\"doubleValue\":");
        json_write_double(out, attribute->value.number);
        break;
    case ATTRIBUTE_BOOLEAN:
        buffer_append_text(out, "{\"boolValue\":");
        json_write_bool(out, attribute->value.boolean);
        break;
    }
    buffer_append_byte(out, '}');
}

static void write_attributes(struct buffer *out, const struct attribute_list *list)
{
    buffer_append_text(out, "\"attributes\":[");
    for (unsigned i = 0; i < list->count; i++) {
        buffer_append_text(out, i ? ",{\"key\":" : "{\"key\":");
        json_write_string(out, list->items[i].key);
        buffer_append_text(out, ",\"value\":");
        write_value(out, &list->items[i]);
        buffer_append_byte(out, '}');
    }
    buffer_append_byte(out, ']');
    if (list->dropped) {
        buffer_append_text(out, ",\"droppedAttributesCount\":");
        buffer_append_u64(out, list->dropped);
    }
}

static void write_span(struct buffer *out, const struct span *span)
{
    buffer_append_format(out, "{\"traceId\":\"%s\",\"spanId\":\"%s\"", span->trace_id, span->span_id);
    if (span->parent_id[0])
        buffer_append_format(out, ",\"parentSpanId\":\"%s\"", span->parent_id);
    buffer_append_text(out, ",\"name\":");
    json_write_string(out, span->name);
    buffer_append_format(out, ",\"kind\":%d,\"startTimeUnixNano\":", (int)span->kind);
    write_u64_string(out, span->start);
    buffer_append_text(out, ",\"endTimeUnixNano\":");
    write_u64_string(out, span->end);
    buffer_append_byte(out, ',');
    write_attributes(out, &span->attributes);
    buffer_append_text(out, ",\"status\":{");
    if (span->status_message.length) {
        buffer_append_text(out, "\"message\":");
        json_write_string(out, span->status_message);
    }
    if (span->status != SPAN_STATUS_UNSET)
        buffer_append_format(out, "%s\"code\":%d", span->status_message.length ? "," : "", (int)span->status);
    buffer_append_text(out, "}}");
}

#define SPANS_START "\"spans\":["
static const struct slice line_start = {"{\"resourceSpans\":[", 18};
static const struct slice line_end = {"]}]}]}", 6};

bool otlp_json_encode_span(struct buffer *out, const struct resource *resource, const struct span *span)
{
    buffer_append_slice(out, line_start);
    buffer_append_text(out, "{\"resource\":{");
    write_attributes(out, &resource->attributes);
    buffer_append_text(out, "},\"scopeSpans\":[{\"scope\":{\"name\":\"" NAME_SCOPE "\",\"version\":\"" SPANHOOK_VERSION "\"}," SPANS_START);
    write_span(out, span);
    buffer_append_slice(out, line_end);
    return !out->failed;
}

/* ---- several lines as one request ------------------------------------------------------------------------------------------- */

/* Cuts a line of our own form into what stands before its spans and the spans; false for any other form. The mark cannot occur in a string
 * before: its quotes would be escaped there. */
static bool split_line(struct slice line, struct slice *prefix, struct slice *spans)
{
    static const struct slice mark = {SPANS_START, sizeof SPANS_START - 1};
    size_t at;
    if (!slice_starts_with(line, line_start) || !slice_ends_with(line, line_end) || !slice_find(line, mark, 0, &at))
        return false;
    const size_t start = at + mark.length;
    if (start > line.length - line_end.length)
        return false;
    *prefix = slice_part(line, line_start.length, start - line_start.length);
    *spans = slice_part(line, start, line.length - line_end.length - start);
    /* Ours have one resource and one scope: no second list of spans may follow. */
    return !slice_find(*spans, SLICE("\"scopeSpans\":["), 0, &at) && !slice_find(*spans, mark, 0, &at);
}

/* The elements of resourceSpans of any other line, as they stand. */
static bool inner_elements(struct slice line, struct slice *elements)
{
    struct json document;
    bool found = false;
    if (!json_parse_allocating(&document, line, 1U << 20))
        return false;
    const int list = json_get(&document, 0, "resourceSpans");
    if (json_type(&document, list) == JSON_ARRAY) {
        const struct slice raw = json_raw(&document, list);
        *elements = slice_trim(slice_part(raw, 1, raw.length - 2));
        found = true;
    }
    json_release(&document);
    return found;
}

static void close_spans(struct otlp_json_batch *batch)
{
    if (batch->open)
        buffer_append_text(batch->body, "]}]}");
    batch->open = false;
}

void otlp_json_batch_begin(struct otlp_json_batch *batch, struct buffer *body)
{
    *batch = (struct otlp_json_batch){.body = body};
    buffer_append_slice(body, line_start);
}

bool otlp_json_batch_add(struct otlp_json_batch *batch, struct slice line)
{
    struct slice prefix, content;
    const struct slice text = slice_trim(line);

    if (split_line(text, &prefix, &content)) {
        if (batch->open && slice_equal(prefix, batch->prefix)) {
            buffer_append_byte(batch->body, ',');
        } else {
            close_spans(batch);
            if (batch->lines)
                buffer_append_byte(batch->body, ',');
            buffer_append_slice(batch->body, prefix);
            batch->prefix = prefix;
            batch->open = true;
        }
    } else if (inner_elements(text, &content)) {
        if (content.length == 0)
            return true;
        close_spans(batch);
        if (batch->lines)
            buffer_append_byte(batch->body, ',');
    } else {
        return false;
    }
    buffer_append_slice(batch->body, content);
    batch->lines++;
    return !batch->body->failed;
}

bool otlp_json_batch_end(struct otlp_json_batch *batch)
{
    close_spans(batch);
    buffer_append_text(batch->body, "]}");
    return !batch->body->failed;
}
