#include "otlp/otlp_json.h"

#include "base/json_write.h"
#include "base/utf8.h"
#include "base/version.h"
#include "trace/names.h"

#include <inttypes.h>
#include <string.h>

#define TOKENS_ON_STACK 1024 /* a span of our own has about 200, and 24 more for each event */
#define TOKENS_MAX (1024 * 1024)
#define GROWTH 3 /* U+FFFD takes three bytes where malformed UTF-8 had one */

/* ---- encoding --------------------------------------------------------------------------------------------------------------- */

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

/* Member "attributes", without a comma before it; nothing if there are none. */
static void write_items(struct buffer *out, const struct attribute *items, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        buffer_append_text(out, i ? ",{\"key\":" : "\"attributes\":[{\"key\":");
        json_write_string(out, items[i].key);
        buffer_append_text(out, ",\"value\":");
        write_value(out, &items[i]);
        buffer_append_byte(out, '}');
    }
    if (count)
        buffer_append_byte(out, ']');
}

/* Members "attributes" and "droppedAttributesCount", the first without a comma before it. True if there was any. */
static bool write_attributes(struct buffer *out, const struct attribute_list *list)
{
    write_items(out, list->items, list->count);
    if (list->dropped)
        buffer_append_format(out, "%s\"droppedAttributesCount\":%u", list->count ? "," : "", list->dropped);
    return list->count || list->dropped;
}

static void write_events(struct buffer *out, const struct span *span)
{
    for (unsigned i = 0; i < span->event_count; i++) {
        const struct span_event *event = &span->events[i];
        buffer_append_format(out, "%s{\"timeUnixNano\":\"%" PRIu64 "\",\"name\":", i ? "," : ",\"events\":[", event->time);
        json_write_string(out, event->name);
        if (event->attribute_count)
            buffer_append_byte(out, ',');
        write_items(out, event->attributes, event->attribute_count);
        buffer_append_byte(out, '}');
    }
    if (span->event_count)
        buffer_append_byte(out, ']');
    if (span->dropped_events)
        buffer_append_format(out, ",\"droppedEventsCount\":%u", span->dropped_events);
}

static void write_links(struct buffer *out, const struct span *span)
{
    for (unsigned i = 0; i < span->link_count; i++)
        buffer_append_format(out, "%s{\"traceId\":\"%s\",\"spanId\":\"%s\"}", i ? "," : ",\"links\":[", span->links[i].trace_id,
                             span->links[i].span_id);
    if (span->link_count)
        buffer_append_byte(out, ']');
}

static void write_status(struct buffer *out, const struct span *span)
{
    if (span->status == SPAN_STATUS_UNSET && span->status_message.length == 0)
        return;
    buffer_append_text(out, ",\"status\":{");
    if (span->status_message.length) {
        buffer_append_text(out, "\"message\":");
        json_write_string(out, span->status_message);
    }
    if (span->status != SPAN_STATUS_UNSET)
        buffer_append_format(out, "%s\"code\":%d", span->status_message.length ? "," : "", (int)span->status);
    buffer_append_byte(out, '}');
}

static void write_span(struct buffer *out, const struct span *span)
{
    buffer_append_format(out, "{\"traceId\":\"%s\",\"spanId\":\"%s\"", span->trace_id, span->span_id);
    if (span->parent_id[0])
        buffer_append_format(out, ",\"parentSpanId\":\"%s\"", span->parent_id);
    buffer_append_text(out, ",\"name\":");
    json_write_string(out, span->name);
    if (span->kind != SPAN_KIND_UNSPECIFIED)
        buffer_append_format(out, ",\"kind\":%d", (int)span->kind);
    buffer_append_format(out, ",\"startTimeUnixNano\":\"%" PRIu64 "\",\"endTimeUnixNano\":\"%" PRIu64 "\"", span->start, span->end);
    if (span->attributes.count || span->attributes.dropped) {
        buffer_append_byte(out, ',');
        write_attributes(out, &span->attributes);
    }
    write_events(out, span);
    write_links(out, span);
    write_status(out, span);
    buffer_append_byte(out, '}');
}

bool otlp_json_encode_span(struct buffer *out, const struct resource *resource, const struct span *span)
{
    buffer_append_text(out, "{\"resourceSpans\":[{\"resource\":{");
    write_attributes(out, &resource->attributes);
    buffer_append_text(out, "},\"scopeSpans\":[{\"scope\":{\"name\":\"" NAME_SCOPE "\",\"version\":\"" SPANHOOK_VERSION "\"},\"spans\":[");
    write_span(out, span);
    buffer_append_text(out, "]}]}]}");
    return !out->failed;
}

/* ---- decoding --------------------------------------------------------------------------------------------------------------- */

/* What a span's events and links are read into. Too large to be cleared for each line, so that nothing in it is set before it is used. */
struct room {
    struct span_event events[OTLP_JSON_EVENTS_MAX];
    struct attribute attributes[OTLP_JSON_EVENT_ATTRIBUTES_MAX]; /* of all events, one after the other */
    unsigned attribute_count;
    struct attribute_list event; /* those of the event at hand */
    struct span_link links[OTLP_JSON_LINKS_MAX];
};

struct decoding {
    struct json document;
    struct buffer *text; /* has room for all of it, so that it does not move */
    span_sink *sink;
    void *context;
    unsigned skipped;
    struct resource resource;
    struct span span;
    struct room *room;
};

static struct slice since(const struct buffer *text, size_t start)
{
    return (struct slice){text->data + start, text->length - start};
}

static struct slice read_string(const struct decoding *decoding, int value)
{
    const size_t start = decoding->text->length;
    if (!json_append_string(&decoding->document, value, decoding->text))
        return (struct slice){NULL, 0};
    return since(decoding->text, start);
}

/* The AnyValue as it stands, for what has no place in a scalar: arrays, maps, bytes, the empty value. */
static struct slice read_json_text(const struct decoding *decoding, int value)
{
    const size_t start = decoding->text->length;
    utf8_append_repaired(decoding->text, json_raw(&decoding->document, value));
    return since(decoding->text, start);
}

static bool read_scalar(const struct decoding *decoding, int value, struct attribute *attribute)
{
    const struct json *document = &decoding->document;
    int inner;

    inner = json_get(document, value, "stringValue");
    if (json_type(document, inner) == JSON_STRING) {
        attribute->type = ATTRIBUTE_STRING;
        attribute->value.string = read_string(decoding, inner);
        return true;
    }
    if (json_integer(document, json_get(document, value, "intValue"), &attribute->value.integer)) {
        attribute->type = ATTRIBUTE_INTEGER;
        return true;
    }
    if (json_double(document, json_get(document, value, "doubleValue"), &attribute->value.number)) {
        attribute->type = ATTRIBUTE_DOUBLE;
        return true;
    }
    inner = json_get(document, value, "boolValue");
    if (json_type(document, inner) == JSON_TRUE || json_type(document, inner) == JSON_FALSE) {
        attribute->type = ATTRIBUTE_BOOLEAN;
        attribute->value.boolean = json_type(document, inner) == JSON_TRUE;
        return true;
    }
    return false;
}

static unsigned read_count(const struct json *document, int value)
{
    uint64_t count = 0;
    json_unsigned(document, value, &count);
    return count > UINT32_MAX / 2 ? UINT32_MAX / 2 : (unsigned)count;
}

/* Only the member "attributes": what is dropped did not fit here. */
static void read_items(const struct decoding *decoding, int owner, struct attribute_list *list)
{
    const struct json *document = &decoding->document;
    const int items = json_get(document, owner, "attributes");

    list->count = list->dropped = 0;
    if (json_type(document, items) == JSON_ARRAY) {
        for (int item = json_first(document, items); item != JSON_NONE; item = json_next(document, item)) {
            const int key = json_get(document, item, "key"), value = json_get(document, item, "value");
            struct attribute attribute;
            if (json_type(document, key) != JSON_STRING)
                continue;
            attribute.key = read_string(decoding, key);
            if (!read_scalar(decoding, value, &attribute)) {
                attribute.type = ATTRIBUTE_STRING;
                attribute.value.string = read_json_text(decoding, value);
            }
            attribute_set(list, &attribute);
        }
    }
}

static void read_attributes(const struct decoding *decoding, int owner, struct attribute_list *list)
{
    read_items(decoding, owner, list);
    list->dropped += read_count(&decoding->document, json_get(&decoding->document, owner, "droppedAttributesCount"));
}

enum id_result { ID_GIVEN, ID_EMPTY, ID_MALFORMED };

/* An id of only zeros is how some senders write none. */
static enum id_result read_id(const struct json *document, int value, size_t digits, char *id)
{
    char storage[TRACE_ID_HEX];
    struct buffer text;
    bool zero = true;

    id[0] = '\0';
    if (json_type(document, value) == JSON_MISSING || json_type(document, value) == JSON_NULL)
        return ID_EMPTY;
    buffer_init_fixed(&text, storage, sizeof storage);
    if (!json_append_string(document, value, &text))
        return ID_MALFORMED;
    if (text.length == 0)
        return ID_EMPTY;
    if (text.length != digits)
        return ID_MALFORMED;
    for (size_t i = 0; i < digits; i++) {
        char digit = storage[i];
        if (digit >= 'A' && digit <= 'F')
            digit = (char)(digit - 'A' + 'a');
        if (!(digit >= '0' && digit <= '9') && !(digit >= 'a' && digit <= 'f')) {
            id[0] = '\0';
            return ID_MALFORMED;
        }
        zero &= digit == '0';
        id[i] = digit;
    }
    id[zero ? 0 : digits] = '\0';
    return zero ? ID_EMPTY : ID_GIVEN;
}

static bool read_event(struct decoding *decoding, int object)
{
    const struct json *document = &decoding->document;
    struct room *room = decoding->room;

    if (json_type(document, object) != JSON_OBJECT || decoding->span.event_count == OTLP_JSON_EVENTS_MAX)
        return false;
    read_items(decoding, object, &room->event);
    if (room->event.dropped || room->event.count > OTLP_JSON_EVENT_ATTRIBUTES_MAX - room->attribute_count)
        return false;
    struct attribute *attributes = room->attributes + room->attribute_count;
    if (room->event.count)
        memcpy(attributes, room->event.items, room->event.count * sizeof *attributes);
    struct span_event *event = &room->events[decoding->span.event_count];
    *event = (struct span_event){.attributes = attributes, .attribute_count = room->event.count};
    json_unsigned(document, json_get(document, object, "timeUnixNano"), &event->time);
    event->name = read_string(decoding, json_get(document, object, "name"));
    room->attribute_count += room->event.count;
    decoding->span.event_count++;
    return true;
}

static void read_events(struct decoding *decoding, int object)
{
    const struct json *document = &decoding->document;
    const int events = json_get(document, object, "events");

    decoding->span.events = decoding->room->events;
    decoding->span.event_count = decoding->room->attribute_count = 0;
    decoding->span.dropped_events = read_count(document, json_get(document, object, "droppedEventsCount"));
    if (json_type(document, events) == JSON_ARRAY)
        for (int item = json_first(document, events); item != JSON_NONE; item = json_next(document, item))
            decoding->span.dropped_events += !read_event(decoding, item);
}

static void read_links(struct decoding *decoding, int object)
{
    const struct json *document = &decoding->document;
    const int links = json_get(document, object, "links");
    struct span *span = &decoding->span;

    span->links = decoding->room->links;
    span->link_count = 0;
    if (json_type(document, links) != JSON_ARRAY)
        return;
    for (int item = json_first(document, links); item != JSON_NONE && span->link_count < OTLP_JSON_LINKS_MAX;
         item = json_next(document, item)) {
        struct span_link *link = &decoding->room->links[span->link_count];
        span->link_count += read_id(document, json_get(document, item, "traceId"), TRACE_ID_HEX, link->trace_id) == ID_GIVEN &&
                            read_id(document, json_get(document, item, "spanId"), SPAN_ID_HEX, link->span_id) == ID_GIVEN;
    }
}

static bool decode_span(struct decoding *decoding, int object)
{
    const struct json *document = &decoding->document;
    struct span *span = &decoding->span;
    int64_t number;

    if (read_id(document, json_get(document, object, "traceId"), TRACE_ID_HEX, span->trace_id) != ID_GIVEN ||
        read_id(document, json_get(document, object, "spanId"), SPAN_ID_HEX, span->span_id) != ID_GIVEN ||
        read_id(document, json_get(document, object, "parentSpanId"), SPAN_ID_HEX, span->parent_id) == ID_MALFORMED) {
        decoding->skipped++;
        return true;
    }
    span->name = read_string(decoding, json_get(document, object, "name"));
    span->kind = SPAN_KIND_UNSPECIFIED;
    if (json_integer(document, json_get(document, object, "kind"), &number) && number >= 0 && number <= SPAN_KIND_CONSUMER)
        span->kind = (enum span_kind)number;
    span->start = span->end = 0;
    json_unsigned(document, json_get(document, object, "startTimeUnixNano"), &span->start);
    json_unsigned(document, json_get(document, object, "endTimeUnixNano"), &span->end);
    if (span->end < span->start)
        span->end = span->start;
    const int status = json_get(document, object, "status");
    span->status = SPAN_STATUS_UNSET;
    if (json_integer(document, json_get(document, status, "code"), &number) && number >= 0 && number <= SPAN_STATUS_ERROR)
        span->status = (enum span_status)number;
    span->status_message = read_string(decoding, json_get(document, status, "message"));
    span->open = false;
    read_attributes(decoding, object, &span->attributes);
    read_events(decoding, object);
    read_links(decoding, object);
    return decoding->sink(decoding->context, &decoding->resource, span);
}

/* The elements of an array member go through `each`; an absent or null member is an empty one, anything else is no OTLP. */
static bool for_each(struct decoding *decoding, int object, const char *name, bool (*each)(struct decoding *, int))
{
    const struct json *document = &decoding->document;
    const int array = json_get(document, object, name);
    const enum json_type type = json_type(document, array);

    if (type == JSON_MISSING || type == JSON_NULL)
        return true;
    if (type != JSON_ARRAY)
        return false;
    for (int item = json_first(document, array); item != JSON_NONE; item = json_next(document, item))
        if (json_type(document, item) != JSON_OBJECT || !each(decoding, item))
            return false;
    return true;
}

static bool decode_scope_spans(struct decoding *decoding, int object)
{
    return for_each(decoding, object, "spans", decode_span);
}

static bool decode_resource_spans(struct decoding *decoding, int object)
{
    read_attributes(decoding, json_get(&decoding->document, object, "resource"), &decoding->resource.attributes);
    return for_each(decoding, object, "scopeSpans", decode_scope_spans);
}

bool otlp_json_decode(struct slice line, struct buffer *text, span_sink *sink, void *context, unsigned *skipped)
{
    struct room room;
    struct decoding decoding = {.text = text, .sink = sink, .context = context, .room = &room};
    jsmntok_t tokens[TOKENS_ON_STACK];
    struct json allocated = {.count = 0};
    bool decoded = false;

    if (json_parse(&decoding.document, line, tokens, TOKENS_ON_STACK) || json_parse_allocating(&allocated, line, TOKENS_MAX)) {
        if (allocated.count)
            decoding.document = allocated;
        decoded = json_type(&decoding.document, 0) == JSON_OBJECT && line.length <= SIZE_MAX / GROWTH &&
                  buffer_reserve(text, GROWTH * line.length) &&
                  for_each(&decoding, 0, "resourceSpans", decode_resource_spans) && !text->failed;
    }
    json_release(&allocated);
    if (skipped)
        *skipped = decoding.skipped;
    return decoded;
}
