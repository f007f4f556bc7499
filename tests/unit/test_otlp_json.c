#include "otlp/otlp_json.h"

#include "base/io.h"
#include "base/version.h"

#include "check.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>

/* ---- encoding --------------------------------------------------------------------------------------------------------------- */

#define HEAD(resource)                                                                                                             \
    "{\"resourceSpans\":[{\"resource\":{" resource "},\"scopeSpans\":[{\"scope\":{\"name\":\"spanhook\",\"version\":\"" SPANHOOK_VERSION \
    "\"},\"spans\":["
#define TAIL "]}]}]}"
#define IDS "{\"traceId\":\"5b8efff798038103d269b633813fc60c\",\"spanId\":\"eee19b7ec3c1b174\""
#define TIMES "\"startTimeUnixNano\":\"1544712660000000000\",\"endTimeUnixNano\":\"18446744073709551615\""

static struct span plain_span(void)
{
    return (struct span){.trace_id = "5b8efff798038103d269b633813fc60c",
                         .span_id = "eee19b7ec3c1b174",
                         .name = SLICE("session"),
                         .kind = SPAN_KIND_INTERNAL,
                         .start = UINT64_C(1544712660000000000),
                         .end = UINT64_MAX};
}

TEST(encodes_what_is_there_and_nothing_else)
{
    const struct resource resource = {.attributes.count = 0};
    struct span span = plain_span();
    struct buffer out;
    buffer_init(&out, 65536);
    CHECK(otlp_json_encode_span(&out, &resource, &span));
    CHECK_EQ_TEXT(buffer_slice(&out), HEAD("") IDS ",\"name\":\"session\",\"kind\":1," TIMES "}" TAIL);
    buffer_free(&out);
}

TEST(encodes_every_member)
{
    struct resource resource = {.attributes.count = 0};
    struct span span = plain_span();
    struct buffer out;
    memcpy(span.parent_id, "eee19b7ec3c1b173", SPAN_ID_HEX);
    span.status = SPAN_STATUS_ERROR;
    span.status_message = SLICE("a \"b\"\n");
    attribute_set_string(&resource.attributes, "service.name", SLICE("kiro-agent"));
    attribute_set_string(&span.attributes, "s", SLICE("\xff€"));
    attribute_set_integer(&span.attributes, "i", INT64_MIN);
    attribute_set_double(&span.attributes, "d", 0.5);
    attribute_set_double(&span.attributes, "n", (double)NAN);
    attribute_set_boolean(&span.attributes, "b", false);
    span.attributes.dropped = 3;
    buffer_init(&out, 65536);
    CHECK(otlp_json_encode_span(&out, &resource, &span));
    CHECK_EQ_TEXT(buffer_slice(&out),
                  HEAD("\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"kiro-agent\"}}]") IDS
                  ",\"parentSpanId\":\"eee19b7ec3c1b173\",\"name\":\"session\",\"kind\":1," TIMES
                  ",\"attributes\":[{\"key\":\"s\",\"value\":{\"stringValue\":\"\xef\xbf\xbd€\"}},"
                  "{\"key\":\"i\",\"value\":{\"intValue\":\"-9223372036854775808\"}},{\"key\":\"d\",\"value\":{\"doubleValue\":0.5}},"
                  "{\"key\":\"n\",\"value\":{\"doubleValue\":\"NaN\"}},{\"key\":\"b\",\"value\":{\"boolValue\":false}}],"
                  "\"droppedAttributesCount\":3,\"status\":{\"message\":\"a \\\"b\\\"\\n\",\"code\":2}}" TAIL);
    buffer_free(&out);
}

static const struct attribute progress[] = {
    {.key = {"done", 4}, .type = ATTRIBUTE_DOUBLE, .value.number = 0.5},
    {.key = {"of", 2}, .type = ATTRIBUTE_STRING, .value.string = {"\xff\n", 2}},
};
static const struct span_event two_events[] = {
    {.time = UINT64_MAX, .name = {"progress", 8}, .attributes = progress, .attribute_count = 2},
    {.time = 0, .name = {"\"\033", 2}},
};
static const struct span_link two_links[] = {
    {"5b8efff798038103d269b633813fc60d", "eee19b7ec3c1b175"},
    {"5b8efff798038103d269b633813fc60e", "eee19b7ec3c1b176"},
};

TEST(encodes_events_and_links)
{
    const struct resource resource = {.attributes.count = 0};
    struct span span = plain_span();
    struct buffer out;
    span.events = two_events;
    span.event_count = 2;
    span.dropped_events = 7;
    span.links = two_links;
    span.link_count = 2;
    span.status = SPAN_STATUS_ERROR;
    buffer_init(&out, 65536);
    CHECK(otlp_json_encode_span(&out, &resource, &span));
    CHECK_EQ_TEXT(buffer_slice(&out),
                  HEAD("") IDS ",\"name\":\"session\",\"kind\":1," TIMES
                  ",\"events\":[{\"timeUnixNano\":\"18446744073709551615\",\"name\":\"progress\",\"attributes\":["
                  "{\"key\":\"done\",\"value\":{\"doubleValue\":0.5}},{\"key\":\"of\",\"value\":{\"stringValue\":\"\xef\xbf\xbd\\n\"}}]},"
                  "{\"timeUnixNano\":\"0\",\"name\":\"\\\"\\u001b\"}],\"droppedEventsCount\":7,"
                  "\"links\":[{\"traceId\":\"5b8efff798038103d269b633813fc60d\",\"spanId\":\"eee19b7ec3c1b175\"},"
                  "{\"traceId\":\"5b8efff798038103d269b633813fc60e\",\"spanId\":\"eee19b7ec3c1b176\"}],\"status\":{\"code\":2}}" TAIL);
    buffer_clear(&out);
    span.event_count = span.link_count = 0; /* more than could be kept, and nothing else */
    span.status = SPAN_STATUS_UNSET;
    CHECK(otlp_json_encode_span(&out, &resource, &span));
    CHECK_EQ_TEXT(buffer_slice(&out), HEAD("") IDS ",\"name\":\"session\",\"kind\":1," TIMES ",\"droppedEventsCount\":7}" TAIL);
    buffer_free(&out);
}

TEST(encoding_says_when_it_does_not_fit)
{
    const struct resource resource = {.attributes.count = 0};
    struct span span = plain_span();
    char storage[100];
    struct buffer out;
    buffer_init_fixed(&out, storage, sizeof storage);
    CHECK(!otlp_json_encode_span(&out, &resource, &span));
}

/* ---- decoding --------------------------------------------------------------------------------------------------------------- */

static struct {
    struct resource resource;
    struct span span; /* the last */
    struct span_event events[OTLP_JSON_EVENTS_MAX];
    struct attribute attributes[OTLP_JSON_EVENT_ATTRIBUTES_MAX];
    struct span_link links[OTLP_JSON_LINKS_MAX];
    unsigned count;
    unsigned stop_at;
} got;

/* Events and links are there only during the call. */
static void copy_events_and_links(const struct span *span)
{
    unsigned used = 0;
    CHECK(span->event_count <= OTLP_JSON_EVENTS_MAX && span->link_count <= OTLP_JSON_LINKS_MAX);
    for (unsigned i = 0; i < span->event_count; i++) {
        got.events[i] = span->events[i];
        CHECK(span->events[i].attribute_count <= OTLP_JSON_EVENT_ATTRIBUTES_MAX - used);
        got.events[i].attributes = &got.attributes[used];
        for (unsigned k = 0; k < span->events[i].attribute_count; k++)
            got.attributes[used++] = span->events[i].attributes[k];
    }
    for (unsigned i = 0; i < span->link_count; i++)
        got.links[i] = span->links[i];
    got.span.events = got.events;
    got.span.links = got.links;
}

static bool take(void *context, const struct resource *resource, const struct span *span)
{
    (void)context;
    got.resource = *resource;
    got.span = *span;
    copy_events_and_links(span);
    return ++got.count != got.stop_at;
}

static struct buffer text;
static unsigned skipped;

static bool decode(struct slice line)
{
    got.count = 0;
    buffer_clear(&text);
    return otlp_json_decode(line, &text, take, NULL, &skipped);
}

static bool decode_text(const char *line)
{
    return decode(slice_of(line));
}

#define ONE(members) "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{" members "}]}]}]}"
#define GOOD_IDS "\"traceId\":\"5b8efff798038103d269b633813fc60c\",\"spanId\":\"eee19b7ec3c1b174\""

TEST(what_was_encoded_is_decoded)
{
    struct resource resource = {.attributes.count = 0};
    struct span span = plain_span();
    struct buffer out, again;
    memcpy(span.parent_id, "eee19b7ec3c1b173", SPAN_ID_HEX);
    span.status = SPAN_STATUS_ERROR;
    span.status_message = SLICE("why");
    attribute_set_string(&resource.attributes, "r", SLICE("1"));
    attribute_set_string(&span.attributes, "s", SLICE("a\"€\x01"));
    attribute_set_integer(&span.attributes, "i", INT64_MAX);
    attribute_set_double(&span.attributes, "d", -1.25e-7);
    attribute_set_double(&span.attributes, "inf", -(double)INFINITY);
    attribute_set_boolean(&span.attributes, "b", true);
    span.attributes.dropped = 2;
    span.events = two_events;
    span.event_count = 2;
    span.dropped_events = 3;
    span.links = two_links;
    span.link_count = 2;
    buffer_init(&out, 65536);
    buffer_init(&again, 65536);
    CHECK(otlp_json_encode_span(&out, &resource, &span));
    CHECK(decode(buffer_slice(&out)));
    CHECK_EQ_INT(got.count, 1);
    CHECK_EQ_INT(skipped, 0);
    CHECK(otlp_json_encode_span(&again, &got.resource, &got.span));
    CHECK(slice_equal(buffer_slice(&again), buffer_slice(&out)));
    buffer_free(&out);
    buffer_free(&again);
}

TEST(ids)
{
    CHECK(decode_text(ONE("\"traceId\":\"5B8EFFF798038103D269B633813FC60C\",\"spanId\":\"EEE19B7EC3C1B174\",\"parentSpanId\":\"\"")));
    CHECK_EQ_INT(got.count, 1);
    CHECK_EQ_TEXT(slice_of(got.span.trace_id), "5b8efff798038103d269b633813fc60c");
    CHECK_EQ_TEXT(slice_of(got.span.span_id), "eee19b7ec3c1b174");
    CHECK_EQ_TEXT(slice_of(got.span.parent_id), "");
    static const char *const malformed[] = {
        ONE("\"traceId\":\"\",\"spanId\":\"\""),
        ONE("\"spanId\":\"eee19b7ec3c1b174\""),
        ONE("\"traceId\":\"5b8efff798038103d269b633813fc60c\""),
        ONE("\"traceId\":\"5b8efff798038103d269b633813fc60\",\"spanId\":\"eee19b7ec3c1b174\""),
        ONE("\"traceId\":\"5b8efff798038103d269b633813fc60c00\",\"spanId\":\"eee19b7ec3c1b174\""),
        ONE("\"traceId\":\"5b8efff798038103d269b633813fc60g\",\"spanId\":\"eee19b7ec3c1b174\""),
        ONE("\"traceId\":\"00000000000000000000000000000000\",\"spanId\":\"eee19b7ec3c1b174\""),
        ONE("\"traceId\":7,\"spanId\":\"eee19b7ec3c1b174\""),
        ONE(GOOD_IDS ",\"parentSpanId\":\"xyz\""),
    };
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        CHECK(decode_text(malformed[i]));
        CHECK_EQ_INT(got.count, 0);
        CHECK_EQ_INT(skipped, 1);
    }
    CHECK(decode_text(ONE(GOOD_IDS ",\"parentSpanId\":\"0000000000000000\"")));
    CHECK_EQ_TEXT(slice_of(got.span.parent_id), "");
}

TEST(numbers_and_defaults)
{
    CHECK(decode_text(ONE(GOOD_IDS ",\"startTimeUnixNano\":5,\"endTimeUnixNano\":\"18446744073709551615\",\"kind\":3")));
    CHECK(got.span.start == 5 && got.span.end == UINT64_MAX && got.span.kind == SPAN_KIND_CLIENT);
    CHECK(decode_text(ONE(GOOD_IDS ",\"startTimeUnixNano\":\"9\",\"endTimeUnixNano\":\"4\",\"kind\":\"SPAN_KIND_SERVER\"")));
    CHECK(got.span.start == 9 && got.span.end == 9 && got.span.kind == SPAN_KIND_UNSPECIFIED);
    CHECK(decode_text(ONE(GOOD_IDS ",\"status\":{},\"kind\":99,\"name\":null,\"attributes\":null,\"unknown\":[{\"x\":1}]")));
    CHECK(got.span.status == SPAN_STATUS_UNSET && got.span.kind == SPAN_KIND_UNSPECIFIED && got.span.name.length == 0);
    CHECK(got.span.attributes.count == 0 && got.span.start == 0 && !got.span.open);
}

TEST(attribute_values)
{
    CHECK(decode_text(ONE(GOOD_IDS ",\"droppedAttributesCount\":4,\"attributes\":["
                                   "{\"key\":\"i\",\"value\":{\"intValue\":\"-1\"}},{\"key\":\"j\",\"value\":{\"intValue\":7}},"
                                   "{\"key\":\"d\",\"value\":{\"doubleValue\":2}},{\"key\":\"n\",\"value\":{\"doubleValue\":\"NaN\"}},"
                                   "{\"key\":\"a\",\"value\":{\"arrayValue\":{\"values\":[{\"intValue\":\"7\"},{}]}}},"
                                   "{\"key\":\"y\",\"value\":{\"bytesValue\":\"AP8=\"}},{\"key\":\"e\",\"value\":{}},"
                                   "{\"key\":\"s\",\"value\":{\"stringValue\":\"\\u20ac\\ud83d\\ude00\"}},{\"value\":{}},7]")));
    const struct attribute_list *list = &got.span.attributes;
    CHECK_EQ_INT(attribute_integer(list, "i", 0), -1);
    CHECK_EQ_INT(attribute_integer(list, "j", 0), 7);
    CHECK(attribute_find(list, "d")->type == ATTRIBUTE_DOUBLE && attribute_find(list, "d")->value.number > 1.9);
    CHECK(isnan(attribute_find(list, "n")->value.number));
    CHECK_EQ_TEXT(attribute_string(list, "a"), "{\"arrayValue\":{\"values\":[{\"intValue\":\"7\"},{}]}}");
    CHECK_EQ_TEXT(attribute_string(list, "y"), "{\"bytesValue\":\"AP8=\"}");
    CHECK_EQ_TEXT(attribute_string(list, "e"), "{}");
    CHECK_EQ_TEXT(attribute_string(list, "s"), "€😀");
    CHECK_EQ_INT(list->count, 8);
    CHECK_EQ_INT(list->dropped, 4);
}

TEST(more_attributes_than_are_kept)
{
    struct buffer line;
    buffer_init(&line, 65536);
    buffer_append_text(&line, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{" GOOD_IDS ",\"attributes\":[");
    for (int i = 0; i < 300; i++)
        buffer_append_format(&line, "%s{\"key\":\"k%d\",\"value\":{\"boolValue\":true}}", i ? "," : "", i);
    buffer_append_text(&line, "]}]}]}]}");
    CHECK(decode(buffer_slice(&line))); /* more tokens than the stack has room for, too */
    CHECK_EQ_INT(got.span.attributes.count, ATTRIBUTES_MAX);
    CHECK_EQ_INT(got.span.attributes.dropped, 300 - ATTRIBUTES_MAX);
    buffer_free(&line);
}

TEST(events_and_links_in_any_form)
{
    CHECK(decode_text(ONE(GOOD_IDS ",\"droppedEventsCount\":2,\"events\":[{\"timeUnixNano\":7,\"name\":\"\\u20ac\","
                                   "\"droppedAttributesCount\":1,\"attributes\":[{\"key\":\"a\",\"value\":{\"intValue\":\"1\"}},"
                                   "{\"key\":\"a\",\"value\":{\"intValue\":2}},7,{\"key\":\"m\",\"value\":{\"arrayValue\":{}}}]},"
                                   "{},{\"name\":7,\"timeUnixNano\":\"-1\",\"attributes\":{}}],"
                                   "\"links\":[{\"traceId\":\"5B8EFFF798038103D269B633813FC60D\","
                                   "\"spanId\":\"EEE19B7EC3C1B175\",\"flags\":1,\"attributes\":[{\"key\":\"x\",\"value\":{}}]}]")));
    CHECK(got.span.event_count == 3 && got.span.dropped_events == 2);
    CHECK(got.events[0].time == 7 && got.events[0].attribute_count == 2);
    CHECK_EQ_TEXT(got.events[0].name, "€");
    CHECK_EQ_INT(got.events[0].attributes[0].value.integer, 2);
    CHECK_EQ_TEXT(got.events[0].attributes[1].value.string, "{\"arrayValue\":{}}");
    for (unsigned i = 1; i < 3; i++)
        CHECK(got.events[i].time == 0 && got.events[i].name.length == 0 && got.events[i].attribute_count == 0);
    CHECK_EQ_INT(got.span.link_count, 1);
    CHECK_EQ_TEXT(slice_of(got.links[0].trace_id), "5b8efff798038103d269b633813fc60d");
    CHECK_EQ_TEXT(slice_of(got.links[0].span_id), "eee19b7ec3c1b175");
}

TEST(malformed_events_and_links)
{
    static const char *const nothing[] = {
        ONE(GOOD_IDS ",\"events\":null,\"links\":null"),
        ONE(GOOD_IDS ",\"events\":{\"name\":\"x\"},\"links\":{\"traceId\":\"x\"}"),
        ONE(GOOD_IDS ",\"events\":\"x\",\"links\":7,\"droppedEventsCount\":\"x\""),
        ONE(GOOD_IDS ",\"links\":[7,null,{},[],{\"traceId\":\"5b8efff798038103d269b633813fc60d\"},{\"spanId\":\"eee19b7ec3c1b175\"},"
                     "{\"traceId\":\"5b8efff798038103d269b633813fc60g\",\"spanId\":\"eee19b7ec3c1b175\"},"
                     "{\"traceId\":\"5b8efff798038103d269b633813fc60d\",\"spanId\":\"eee19b7ec3c1b1750\"},"
                     "{\"traceId\":\"00000000000000000000000000000000\",\"spanId\":\"eee19b7ec3c1b175\"}]"),
    };
    for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
        CHECK(decode_text(nothing[i]));
        CHECK(got.count == 1 && got.span.event_count == 0 && got.span.dropped_events == 0 && got.span.link_count == 0);
    }
    CHECK(decode_text(ONE(GOOD_IDS ",\"events\":[7,null,{\"name\":\"x\"},[]],\"droppedEventsCount\":99999999999")));
    CHECK(got.span.event_count == 1 && got.span.dropped_events == UINT32_MAX / 2 + 3);
    CHECK_EQ_TEXT(got.events[0].name, "x");
    CHECK(decode_text("{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{" GOOD_IDS ",\"events\":[{}],\"links\":[{" GOOD_IDS "}]},"
                      "{" GOOD_IDS "}]}]}]}"));
    CHECK(got.count == 2 && got.span.event_count == 0 && got.span.link_count == 0); /* those of the first do not stay */
}

static void append_event(struct buffer *line, const char *separator, int attributes)
{
    buffer_append_format(line, "%s{\"name\":\"%d\",\"attributes\":[", separator, attributes);
    for (int i = 0; i < attributes; i++)
        buffer_append_format(line, "%s{\"key\":\"k%d\",\"value\":{\"stringValue\":\"v%d\"}}", i ? "," : "", i, i);
    buffer_append_text(line, "]}");
}

/* Events of so many attributes each; what is kept of them is whole. */
static void check_events(int events, int attributes, unsigned kept)
{
    struct buffer line;
    buffer_init(&line, 4UL * 1024 * 1024);
    buffer_append_text(&line, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{" GOOD_IDS ",\"events\":[");
    for (int i = 0; i < events; i++)
        append_event(&line, i ? "," : "", attributes);
    buffer_append_text(&line, "]}]}]}]}");
    CHECK(decode(buffer_slice(&line)));
    CHECK_EQ_INT(got.span.event_count, kept);
    CHECK_EQ_INT(got.span.dropped_events, (unsigned)events - kept);
    for (unsigned i = 0; i < got.span.event_count; i++) {
        CHECK_EQ_INT(got.events[i].attribute_count, (unsigned)attributes);
        if (attributes > 1)
            CHECK_EQ_TEXT(got.events[i].attributes[1].value.string, "v1");
    }
    buffer_free(&line);
}

TEST(more_events_and_links_than_are_kept)
{
    struct buffer line;
    check_events(OTLP_JSON_EVENTS_MAX, 0, OTLP_JSON_EVENTS_MAX);
    check_events(OTLP_JSON_EVENTS_MAX + 5, 2, OTLP_JSON_EVENTS_MAX);
    check_events(OTLP_JSON_EVENTS_MAX + 5, 8, OTLP_JSON_EVENTS_MAX);
    check_events(OTLP_JSON_EVENTS_MAX, 9, OTLP_JSON_EVENT_ATTRIBUTES_MAX / 9);
    check_events(100, ATTRIBUTES_MAX, OTLP_JSON_EVENT_ATTRIBUTES_MAX / ATTRIBUTES_MAX);
    check_events(3, ATTRIBUTES_MAX + 1, 0);
    buffer_init(&line, 65536);
    buffer_append_text(&line, "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{" GOOD_IDS ",\"links\":[{\"traceId\":\"bad\"}");
    for (int i = 0; i < OTLP_JSON_LINKS_MAX + 8; i++)
        buffer_append_format(&line, ",{\"traceId\":\"5b8efff798038103d269b633813fc60c\",\"spanId\":\"%016x\"}", i + 1);
    buffer_append_text(&line, "]}]}]}]}");
    CHECK(decode(buffer_slice(&line)));
    CHECK_EQ_INT(got.span.link_count, OTLP_JSON_LINKS_MAX);
    CHECK_EQ_TEXT(slice_of(got.links[OTLP_JSON_LINKS_MAX - 1].span_id), "0000000000000020");
    buffer_free(&line);
}

TEST(what_is_no_traces_data)
{
    static const char no_value[] = ONE("\"traceId\":");
    static const char *const bad[] = {"", "7", "[]", "{", "{\"resourceSpans\":7}", "{\"resourceSpans\":[7]}",
                                      "{\"resourceSpans\":[{\"scopeSpans\":{}}]}", no_value, "{\"resourceSpans\":[]}x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK(!decode_text(bad[i]));
    CHECK(decode_text("{}") && got.count == 0);
    CHECK(decode_text("{\"resourceSpans\":null}") && got.count == 0);
    CHECK(decode_text("{\"resourceLogs\":[{}]}") && got.count == 0);
}

TEST(the_sink_may_stop)
{
    const char two[] = "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[{" GOOD_IDS "},{" GOOD_IDS "}]}]}]}";
    got.stop_at = 1;
    CHECK(!decode_text(two));
    CHECK_EQ_INT(got.count, 1);
    got.stop_at = 0;
    CHECK(decode_text(two));
    CHECK_EQ_INT(got.count, 2);
}

/* ---- the official examples -------------------------------------------------------------------------------------------------- */

static bool read_vector(const char *name, struct buffer *content)
{
    char path[512];
    const char *shared = getenv("SPANHOOK_SHARED");
    snprintf(path, sizeof path, "%s/vectors/otlp/%s", shared ? shared : "../shared", name);
    buffer_init(content, 1024UL * 1024);
    if (io_read_file(AT_FDCWD, path, content, NULL))
        return true;
    printf("skipped: vector %s is not here\n", name);
    buffer_free(content);
    return false;
}

TEST(vector_trace)
{
    struct buffer line;
    if (!read_vector("trace.json", &line))
        return;
    CHECK(decode(buffer_slice(&line)));
    CHECK_EQ_INT(got.count, 1);
    CHECK_EQ_TEXT(slice_of(got.span.trace_id), "5b8efff798038103d269b633813fc60c");
    CHECK_EQ_TEXT(slice_of(got.span.parent_id), "eee19b7ec3c1b173");
    CHECK_EQ_TEXT(got.span.name, "I'm a server span");
    CHECK(got.span.kind == SPAN_KIND_SERVER && got.span.start == UINT64_C(1544712660000000000));
    CHECK_EQ_TEXT(attribute_string(&got.resource.attributes, "service.name"), "my.service");
    CHECK_EQ_TEXT(attribute_string(&got.span.attributes, "my.span.attr"), "some value");
    buffer_free(&line);
}

TEST(vector_span_all_fields)
{
    struct buffer line;
    if (!read_vector("span-all-fields.json", &line))
        return;
    CHECK(decode(buffer_slice(&line)));
    const struct attribute_list *list = &got.span.attributes;
    CHECK_EQ_INT(attribute_integer(list, "n.neg", 0), -1);
    CHECK_EQ_INT(attribute_integer(list, "n.big", 0), INT64_C(9007199254740993));
    CHECK(attribute_find(list, "b")->type == ATTRIBUTE_BOOLEAN && !attribute_find(list, "b")->value.boolean);
    CHECK_EQ_TEXT(attribute_string(list, "bytes"), "{\"bytesValue\":\"AP8=\"}");
    CHECK_EQ_TEXT(attribute_string(list, "map"), "{\"kvlistValue\":{\"values\":[{\"key\":\"k\",\"value\":{\"stringValue\":\"\"}}]}}");
    CHECK_EQ_TEXT(got.span.status_message, "boom");
    CHECK_EQ_INT(got.span.status, SPAN_STATUS_ERROR);
    CHECK(got.span.event_count == 1 && got.events[0].time == UINT64_C(1544712660500000000));
    CHECK_EQ_TEXT(got.events[0].name, "exception");
    CHECK_EQ_INT(got.span.link_count, 1);
    CHECK_EQ_TEXT(slice_of(got.links[0].span_id), "eee19b7ec3c1b175");
    buffer_free(&line);
}

TEST(vectors_of_other_signals_have_no_spans)
{
    static const char *const names[] = {"logs.json", "metrics.json", "events.json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct buffer line;
        if (!read_vector(names[i], &line))
            continue;
        CHECK(decode(buffer_slice(&line)) && got.count == 0);
        buffer_free(&line);
    }
}

/* ---- batches ---------------------------------------------------------------------------------------------------------------- */

#define A1 HEAD("") "{\"name\":\"a1\"}" TAIL
#define A2 HEAD("") "{\"name\":\"a2\"}" TAIL
#define B1 HEAD("\"attributes\":[]") "{\"name\":\"b1\"}" TAIL

/* The body made of the lines; those that are refused are counted. */
static void check_batch(const char *const *lines, size_t count, const char *expected, unsigned expected_refused)
{
    struct otlp_json_batch batch;
    struct buffer body;
    unsigned refused = 0;
    buffer_init(&body, 65536);
    otlp_json_batch_begin(&batch, &body);
    for (size_t i = 0; i < count; i++)
        refused += !otlp_json_batch_add(&batch, slice_of(lines[i]));
    CHECK(otlp_json_batch_end(&batch));
    CHECK_EQ_TEXT(buffer_slice(&body), expected);
    CHECK_EQ_INT(refused, expected_refused);
    CHECK_EQ_INT(batch.lines, count - refused);
    buffer_free(&body);
}
#define BATCH(expected, refused, ...)                                                                                               \
    check_batch((const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), expected, refused)

#define SPANS "{\"resourceSpans\":["
#define INNER(resource)                                                                                                            \
    "{\"resource\":{" resource "},\"scopeSpans\":[{\"scope\":{\"name\":\"spanhook\",\"version\":\"" SPANHOOK_VERSION "\"},\"spans\":["
#define A1_ELEMENT INNER("") "{\"name\":\"a1\"}]}]}"
#define A2_ELEMENT INNER("") "{\"name\":\"a2\"}]}]}"
#define B1_ELEMENT INNER("\"attributes\":[]") "{\"name\":\"b1\"}]}]}"

TEST(batch_of_equal_resources)
{
    check_batch(NULL, 0, SPANS "]}", 0);
    BATCH(A1, 0, A1);
    BATCH(HEAD("") "{\"name\":\"a1\"},{\"name\":\"a2\"}" TAIL, 0, A1, A2 "\n");
    BATCH(SPANS A1_ELEMENT "," B1_ELEMENT "," A2_ELEMENT "]}", 0, A1, B1, A2);
}

TEST(batch_of_foreign_lines)
{
#define FOREIGN_ELEMENTS "{\"scopeSpans\":[{\"spans\":[{\"name\":\"f\"}]}]} , {}"
    static const char foreign[] = "{ \"resourceSpans\" : [ " FOREIGN_ELEMENTS " ] }";
    /* Their ends look like ours, but what follows the spans is not the end of the array. */
#define ALIKE_ELEMENTS INNER("") "{\"name\":\"x\"}]}]},{\"y\":[{\"z\":[1]}]}"
#define TWO_SCOPES_ELEMENT INNER("") "{\"name\":\"x\"}]},{\"scope\":{},\"spans\":[1]}]}"
    BATCH(SPANS A1_ELEMENT "," FOREIGN_ELEMENTS "," A2_ELEMENT "]}", 0, A1, foreign, A2);
    BATCH(SPANS ALIKE_ELEMENTS "," A1_ELEMENT "]}", 0, SPANS ALIKE_ELEMENTS "]}", A1);
    BATCH(SPANS TWO_SCOPES_ELEMENT "," A1_ELEMENT "]}", 0, SPANS TWO_SCOPES_ELEMENT "]}", A1);
    BATCH(A1, 0, "{}", A1, SPANS "]}", HEAD("") TAIL);
}

TEST(batch_refuses_what_is_no_traces_data)
{
    BATCH(HEAD("") "{\"name\":\"a1\"},{\"name\":\"a2\"}" TAIL, 4, A1, "", "{\"resourceSpans\":7}", HEAD("") "{" TAIL, "[]", A2);
    BATCH(HEAD("") "{\"name\":\"\xef\xbf\xbd\"}" TAIL, 0, HEAD("") "{\"name\":\"\xff\"}" TAIL);
}

static void set_up(void)
{
    buffer_init(&text, 4UL * 1024 * 1024);
}

static void clean_up(void)
{
    buffer_free(&text);
}

static const struct check_test tests[] = {
    {"set_up", set_up},
    CASE(encodes_what_is_there_and_nothing_else),
    CASE(encodes_every_member),
    CASE(encodes_events_and_links),
    CASE(encoding_says_when_it_does_not_fit),
    CASE(what_was_encoded_is_decoded),
    CASE(ids),
    CASE(numbers_and_defaults),
    CASE(attribute_values),
    CASE(more_attributes_than_are_kept),
    CASE(events_and_links_in_any_form),
    CASE(malformed_events_and_links),
    CASE(more_events_and_links_than_are_kept),
    CASE(what_is_no_traces_data),
    CASE(the_sink_may_stop),
    CASE(vector_trace),
    CASE(vector_span_all_fields),
    CASE(vectors_of_other_signals_have_no_spans),
    CASE(batch_of_equal_resources),
    CASE(batch_of_foreign_lines),
    CASE(batch_refuses_what_is_no_traces_data),
    {"clean_up", clean_up},
};
CHECK_MAIN(tests)
