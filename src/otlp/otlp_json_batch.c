#include "otlp/otlp_json.h"

#include "base/utf8.h"

#define TOKENS_ON_STACK 1024
#define TOKENS_MAX (1024 * 1024)

static const struct slice opening = {"{\"resourceSpans\":[", 18}, closing = {"]}]}]}", 6};

void otlp_json_batch_begin(struct otlp_json_batch *batch, struct buffer *body)
{
    *batch = (struct otlp_json_batch){.body = body};
    buffer_append_slice(body, opening);
}

/* The array that is the last member of the object, which has that name and before it (if `before` is given) exactly one other. */
static int last_array(const struct json *document, int object, const char *before, const char *name)
{
    int key = json_first(document, object);
    if (before && !json_string_equals(document, key, before))
        return JSON_NONE;
    if (before)
        key = json_next(document, key);
    const int array = json_member_value(document, key);
    if (!json_string_equals(document, key, name) || json_next(document, key) != JSON_NONE || json_type(document, array) != JSON_ARRAY)
        return JSON_NONE;
    return array;
}

static int only_element(const struct json *document, int array)
{
    return json_size(document, array) == 1 ? json_first(document, array) : JSON_NONE;
}

/* Whether the line is built as otlp_json_encode_span builds it: *prefix reaches to the bracket of "spans", *spans is what that holds. */
static bool in_own_form(const struct json *document, struct slice line, struct slice *prefix, struct slice *spans)
{
    const int resource_spans = only_element(document, last_array(document, 0, NULL, "resourceSpans"));
    const int scope_spans = only_element(document, last_array(document, resource_spans, "resource", "scopeSpans"));
    const int array = last_array(document, scope_spans, "scope", "spans");

    if (array == JSON_NONE || !slice_starts_with(line, opening) || !slice_ends_with(line, closing))
        return false;
    const struct slice raw = json_raw(document, array);
    const size_t start = (size_t)(raw.data - line.data) + 1;
    *prefix = slice_part(line, 0, start);
    *spans = slice_trim(slice_part(line, start, raw.length - 2));
    return true;
}

static void close_open(struct otlp_json_batch *batch)
{
    if (batch->open)
        buffer_append_text(batch->body, "]}]}");
    batch->open = false;
}

static void append_element(struct otlp_json_batch *batch, struct slice text)
{
    if (batch->body->length && batch->body->data[batch->body->length - 1] == '}')
        buffer_append_byte(batch->body, ',');
    utf8_append_repaired(batch->body, text);
}

static void add_own(struct otlp_json_batch *batch, struct slice prefix, struct slice spans)
{
    if (spans.length == 0)
        return;
    if (!batch->open || !slice_equal(batch->prefix, prefix)) {
        close_open(batch);
        append_element(batch, slice_part(prefix, opening.length, prefix.length));
        batch->open = true;
        batch->prefix = prefix;
    }
    append_element(batch, spans);
}

static bool add_foreign(struct otlp_json_batch *batch, const struct json *document)
{
    const int array = json_get(document, 0, "resourceSpans");
    const enum json_type type = json_type(document, array);

    if (json_type(document, 0) != JSON_OBJECT || (type != JSON_ARRAY && type != JSON_MISSING && type != JSON_NULL))
        return false;
    if (json_size(document, array) == 0)
        return true;
    const struct slice raw = json_raw(document, array);
    close_open(batch);
    append_element(batch, slice_trim(slice_part(raw, 1, raw.length - 2)));
    return true;
}

bool otlp_json_batch_add(struct otlp_json_batch *batch, struct slice line)
{
    jsmntok_t tokens[TOKENS_ON_STACK];
    struct json document, allocated = {.count = 0};
    struct slice prefix, spans;
    bool added = false;

    line = slice_trim(line);
    if (json_parse(&document, line, tokens, TOKENS_ON_STACK) || json_parse_allocating(&allocated, line, TOKENS_MAX)) {
        if (allocated.count)
            document = allocated;
        if (in_own_form(&document, line, &prefix, &spans)) {
            add_own(batch, prefix, spans);
            added = true;
        } else {
            added = add_foreign(batch, &document);
        }
    }
    json_release(&allocated);
    batch->lines += added;
    return added && !batch->body->failed;
}

bool otlp_json_batch_end(struct otlp_json_batch *batch)
{
    close_open(batch);
    buffer_append_text(batch->body, "]}");
    return !batch->body->failed;
}
