#include "otlp/otlp_json.h"
#include "trace/ids.h"

#include <string.h>

#define TOKENS_MAX (1U << 22)

struct decoding {
    const struct json *document;
    struct buffer *text;
    unsigned skipped;
};

static struct slice read_string(struct decoding *decoding, int value)
{
    const size_t at = decoding->text->length;
    if (!json_append_string(decoding->document, value, decoding->text))
        return (struct slice){NULL, 0};
    return (struct slice){decoding->text->data + at, decoding->text->length - at};
}

/* Hex of exactly `digits`, any case, into lower case. */
static bool read_id(struct decoding *decoding, int value, size_t digits, char *id)
{
    char lower[TRACE_ID_HEX + 1];
    const size_t at = decoding->text->length;
    const struct slice given = read_string(decoding, value);

    decoding->text->length = at;
    if (given.length != digits)
        return false;
    for (size_t i = 0; i < digits; i++)
        lower[i] = given.data[i] >= 'A' && given.data[i] <= 'F' ? (char)(given.data[i] - 'A' + 'a') : given.data[i];
    lower[digits] = '\0';
    if (!id_valid((struct slice){lower, digits}, digits))
        return false;
    memcpy(id, lower, digits + 1);
    return true;
}

static void read_value(struct decoding *decoding, int any, struct attribute *attribute)
{
    const struct json *document = decoding->document;
    const int text = json_get(document, any, "stringValue"), integer = json_get(document, any, "intValue"),
              number = json_get(document, any, "doubleValue"), boolean = json_get(document, any, "boolValue");

    if (json_type(document, text) == JSON_STRING) {
        attribute->type = ATTRIBUTE_STRING;
        attribute->value.string = read_string(decoding, text);
    } else if (json_integer(document, integer, &attribute->value.integer)) {
        attribute->type = ATTRIBUTE_INTEGER;
    } else if (json_double(document, number, &attribute->value.number)) {
        attribute->type = ATTRIBUTE_DOUBLE;
    } else if (json_type(document, boolean) == JSON_TRUE || json_type(document, boolean) == JSON_FALSE) {
        attribute->type = ATTRIBUTE_BOOLEAN;
        attribute->value.boolean = json_type(document, boolean) == JSON_TRUE;
    } else {
        /* Lists, maps and bytes: shown as they stand. */
        const struct slice raw = json_raw(document, any);
        const size_t at = decoding->text->length;
        buffer_append_slice(decoding->text, raw);
        attribute->type = ATTRIBUTE_STRING;
        attribute->value.string = (struct slice){decoding->text->data + at, decoding->text->length - at};
    }
}

static void read_attributes(struct decoding *decoding, int list, struct attribute_list *attributes)
{
    const struct json *document = decoding->document;
    attributes->count = attributes->dropped = 0;
    if (json_type(document, list) != JSON_ARRAY)
        return;
    for (int item = json_first(document, list); item != JSON_NONE; item = json_next(document, item)) {
        struct attribute attribute = {.key = read_string(decoding, json_get(document, item, "key"))};
        if (attribute.key.length == 0)
            continue;
        read_value(decoding, json_get(document, item, "value"), &attribute);
        attribute_set(attributes, &attribute);
    }
}

static bool read_span(struct decoding *decoding, int object, struct span *span)
{
    const struct json *document = decoding->document;
    const int status = json_get(document, object, "status");
    int64_t number = 0;
    uint64_t dropped = 0;

    memset(span, 0, sizeof *span);
    if (!read_id(decoding, json_get(document, object, "traceId"), TRACE_ID_HEX, span->trace_id) ||
        !read_id(decoding, json_get(document, object, "spanId"), SPAN_ID_HEX, span->span_id))
        return false;
    read_id(decoding, json_get(document, object, "parentSpanId"), SPAN_ID_HEX, span->parent_id);
    span->name = read_string(decoding, json_get(document, object, "name"));
    if (json_integer(document, json_get(document, object, "kind"), &number) && number >= 0 && number <= SPAN_KIND_CONSUMER)
        span->kind = (enum span_kind)number;
    json_unsigned(document, json_get(document, object, "startTimeUnixNano"), &span->start);
    json_unsigned(document, json_get(document, object, "endTimeUnixNano"), &span->end);
    if (span->end < span->start)
        span->end = span->start;
    if (json_integer(document, json_get(document, status, "code"), &number) && number >= 0 && number <= SPAN_STATUS_ERROR)
        span->status = (enum span_status)number;
    span->status_message = read_string(decoding, json_get(document, status, "message"));
    read_attributes(decoding, json_get(document, object, "attributes"), &span->attributes);
    if (json_unsigned(document, json_get(document, object, "droppedAttributesCount"), &dropped) && dropped <= UINT32_MAX)
        span->attributes.dropped += (unsigned)dropped;
    return true;
}

static bool read_spans(struct decoding *decoding, int list, const struct resource *resource, span_sink *sink, void *context)
{
    const struct json *document = decoding->document;
    struct span span;
    if (json_type(document, list) != JSON_ARRAY)
        return true;
    for (int item = json_first(document, list); item != JSON_NONE; item = json_next(document, item)) {
        if (!read_span(decoding, item, &span))
            decoding->skipped++;
        else if (!sink(context, resource, &span))
            return false;
    }
    return true;
}

bool otlp_json_decode(struct slice line, struct buffer *text, span_sink *sink, void *context, unsigned *skipped)
{
    struct json document;
    struct decoding decoding = {.document = &document, .text = text};
    struct resource resource;
    bool decoded = true;

    /* Strings must not move while they are made; decoding at most trebles a text. */
    if (line.length > SIZE_MAX / 4 || !json_parse_allocating(&document, line, TOKENS_MAX))
        return false;
    const int resources = json_get(&document, 0, "resourceSpans");
    decoded = json_type(&document, resources) == JSON_ARRAY && buffer_reserve(text, 3 * line.length);
    for (int item = json_first(&document, resources); decoded && item != JSON_NONE; item = json_next(&document, item)) {
        const int scopes = json_get(&document, item, "scopeSpans");
        read_attributes(&decoding, json_get(&document, json_get(&document, item, "resource"), "attributes"), &resource.attributes);
        if (json_type(&document, scopes) != JSON_ARRAY)
            continue;
        for (int scope = json_first(&document, scopes); decoded && scope != JSON_NONE; scope = json_next(&document, scope))
            decoded = read_spans(&decoding, json_get(&document, scope, "spans"), &resource, sink, context);
    }
    if (skipped)
        *skipped = decoding.skipped;
    json_release(&document);
    return decoded && !text->failed;
}
