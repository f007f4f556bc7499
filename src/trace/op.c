#include "trace/op.h"

#include "base/hash.h"
#include "base/json_write.h"
#include "trace/ids.h"

#include <string.h>

static const char *const kind_names[] = {
    [OP_SESSION] = "session", [OP_PROMPT] = "prompt", [OP_START] = "start", [OP_END] = "end",
    [OP_STOP] = "stop",       [OP_POINT] = "point",   [OP_IDLE] = "idle",
    [OP_REQUEST] = "request", [OP_RESPONSE] = "response", [OP_SETTLE] = "settle",
};
static const char *const result_names[] = {
    [OP_RESULT_UNKNOWN] = "", [OP_RESULT_SUCCESS] = "success", [OP_RESULT_FAILURE] = "failure",
};

/* The hook's path: no printf, whose machinery costs more than all the rest. */
static void write_name(struct buffer *out, const char *name)
{
    buffer_append_text(out, ",\"");
    buffer_append_text(out, name);
    buffer_append_text(out, "\":");
}

static void write_key(struct buffer *out, uint64_t key)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(key >> (56 - 8 * i));
    write_name(out, "key");
    buffer_append_byte(out, '"');
    buffer_append_hex(out, bytes, sizeof bytes);
    buffer_append_byte(out, '"');
}

static void write_text(struct buffer *out, const char *name, struct slice value)
{
    if (value.length == 0)
        return;
    write_name(out, name);
    json_write_string(out, value);
}

static void write_attributes(struct buffer *out, const struct attribute_list *list)
{
    buffer_append_text(out, ",\"a\":{");
    for (unsigned i = 0; i < list->count; i++) {
        const struct attribute *attribute = &list->items[i];
        if (i)
            buffer_append_byte(out, ',');
        json_write_string(out, attribute->key);
        buffer_append_byte(out, ':');
        switch (attribute->type) {
        case ATTRIBUTE_STRING:
            json_write_string(out, attribute->value.string);
            break;
        case ATTRIBUTE_INTEGER:
            buffer_append_i64(out, attribute->value.integer);
            break;
        case ATTRIBUTE_DOUBLE:
            json_write_double(out, attribute->value.number);
            break;
        case ATTRIBUTE_BOOLEAN:
            json_write_bool(out, attribute->value.boolean);
            break;
        }
    }
    buffer_append_byte(out, '}');
}

/* What only requests and responses have. */
static void write_request(struct buffer *out, const struct op *op)
{
    write_text(out, "trace", op->trace);
    write_text(out, "parent", op->parent);
    write_text(out, "link", op->link);
    write_text(out, "message", op->message);
    if (op->serves)
        buffer_append_text(out, ",\"serves\":true");
    for (unsigned i = 0; i < op->progress_count; i++) {
        const struct op_progress *progress = &op->progress[i];
        buffer_append_text(out, i ? ",[" : ",\"progress\":[[");
        buffer_append_u64(out, progress->time);
        buffer_append_byte(out, ',');
        json_write_double(out, progress->progress);
        if (progress->has_total) {
            buffer_append_byte(out, ',');
            json_write_double(out, progress->total);
        }
        buffer_append_byte(out, ']');
    }
    if (op->progress_count)
        buffer_append_byte(out, ']');
    if (op->progress_dropped) {
        buffer_append_text(out, ",\"dropped\":");
        buffer_append_u64(out, op->progress_dropped);
    }
}

bool op_encode(const struct op *op, struct buffer *out)
{
    buffer_append_text(out, "{\"v\":1,\"op\":\"");
    buffer_append_text(out, kind_names[op->kind]);
    buffer_append_text(out, "\",\"id\":\"");
    buffer_append_text(out, op->id);
    buffer_append_text(out, "\",\"t\":");
    buffer_append_u64(out, op->time);
    buffer_append_text(out, ",\"m\":");
    buffer_append_u64(out, op->since_boot);
    write_text(out, "s", op->session_id);
    write_text(out, "agent", op->agent);
    write_text(out, "event", op->event);
    write_text(out, "tool", op->tool);
    write_text(out, "call", op->call_id);
    if (op->input_key)
        write_key(out, op->input_key);
    write_text(out, "result", slice_of(result_names[op->result]));
    write_text(out, "skill", op->skill);
    write_text(out, "service", op->service_name);
    write_text(out, "attributes", op->resource_attributes);
    if (op->kind == OP_REQUEST || op->kind == OP_RESPONSE)
        write_request(out, op);
    if (op->attributes.count)
        write_attributes(out, &op->attributes);
    buffer_append_byte(out, '}');
    return !out->failed;
}

static struct slice read_text(const struct json *document, int value, struct buffer *text)
{
    const size_t start = text->length;
    if (!json_append_string(document, value, text))
        return (struct slice){NULL, 0};
    return (struct slice){text->data + start, text->length - start};
}

static bool read_name(const struct json *document, int value, const char *const *names, size_t count, unsigned *found)
{
    for (size_t i = 0; i < count; i++) {
        if (json_string_equals(document, value, names[i])) {
            *found = (unsigned)i;
            return true;
        }
    }
    return false;
}

static void read_attributes(const struct json *document, int object, struct attribute_list *list, struct buffer *text)
{
    for (int key = json_first(document, object); key != JSON_NONE; key = json_next(document, key)) {
        const int value = json_member_value(document, key);
        struct attribute attribute = {.key = read_text(document, key, text)};
        switch (json_type(document, value)) {
        case JSON_STRING:
            attribute.type = ATTRIBUTE_STRING;
            attribute.value.string = read_text(document, value, text);
            break;
        case JSON_TRUE:
        case JSON_FALSE:
            attribute.type = ATTRIBUTE_BOOLEAN;
            attribute.value.boolean = json_type(document, value) == JSON_TRUE;
            break;
        case JSON_NUMBER:
            if (json_integer(document, value, &attribute.value.integer)) {
                attribute.type = ATTRIBUTE_INTEGER;
            } else {
                attribute.type = ATTRIBUTE_DOUBLE;
                if (!json_double(document, value, &attribute.value.number))
                    continue;
            }
            break;
        default:
            continue;
        }
        attribute_set(list, &attribute);
    }
}

static void read_progress(const struct json *document, int list, struct op *op)
{
    for (int item = json_first(document, list); item != JSON_NONE; item = json_next(document, item)) {
        if (op->progress_count == OP_PROGRESS_MAX)
            return;
        struct op_progress *progress = &op->progress[op->progress_count];
        const int time = json_first(document, item), value = json_next(document, time);
        if (!json_unsigned(document, time, &progress->time) || !json_double(document, value, &progress->progress))
            continue;
        progress->has_total = json_double(document, json_next(document, value), &progress->total);
        op->progress_count++;
    }
}

static struct slice read_id(const struct json *document, int value, size_t digits, struct buffer *text)
{
    const struct slice id = read_text(document, value, text);
    return id.data && id_valid(id, digits) ? id : (struct slice){NULL, 0};
}

static void read_request(const struct json *document, struct op *op, struct buffer *text)
{
    uint64_t dropped = 0;
    op->trace = read_id(document, json_get(document, 0, "trace"), TRACE_ID_HEX, text);
    op->parent = read_id(document, json_get(document, 0, "parent"), SPAN_ID_HEX, text);
    op->link = read_id(document, json_get(document, 0, "link"), SPAN_ID_HEX, text);
    op->message = read_text(document, json_get(document, 0, "message"), text);
    op->serves = json_type(document, json_get(document, 0, "serves")) == JSON_TRUE;
    read_progress(document, json_get(document, 0, "progress"), op);
    json_unsigned(document, json_get(document, 0, "dropped"), &dropped);
    op->progress_dropped = dropped > UINT32_MAX ? UINT32_MAX : (unsigned)dropped;
}

bool op_decode(struct slice json, struct op *op, struct buffer *text, jsmntok_t *tokens)
{
    struct json document;
    unsigned kind, result = OP_RESULT_UNKNOWN;
    uint64_t version = 0;

    memset(op, 0, sizeof *op);
    /* Slices point into `text`, so it must not move while they are made; decoding at most trebles a text (U+FFFD for one byte). */
    if (json.length > OP_SIZE_MAX || !buffer_reserve(text, 3 * json.length) || !json_parse(&document, json, tokens, OP_TOKENS_MAX))
        return false;
    if (!json_unsigned(&document, json_get(&document, 0, "v"), &version) || version != 1 ||
        !read_name(&document, json_get(&document, 0, "op"), kind_names, sizeof kind_names / sizeof *kind_names, &kind))
        return false;
    op->kind = (enum op_kind)kind;

    const struct slice id = read_text(&document, json_get(&document, 0, "id"), text);
    if (!id.data || !id_valid(id, SPAN_ID_HEX))
        return false;
    memcpy(op->id, id.data, SPAN_ID_HEX);
    if (!json_unsigned(&document, json_get(&document, 0, "t"), &op->time))
        return false;
    json_unsigned(&document, json_get(&document, 0, "m"), &op->since_boot);
    op->session_id = read_text(&document, json_get(&document, 0, "s"), text);
    op->agent = read_text(&document, json_get(&document, 0, "agent"), text);
    op->event = read_text(&document, json_get(&document, 0, "event"), text);
    op->tool = read_text(&document, json_get(&document, 0, "tool"), text);
    op->call_id = read_text(&document, json_get(&document, 0, "call"), text);
    slice_hex_to_u64(read_text(&document, json_get(&document, 0, "key"), text), &op->input_key);
    if (read_name(&document, json_get(&document, 0, "result"), result_names, sizeof result_names / sizeof *result_names, &result))
        op->result = (enum op_result)result;
    op->skill = read_text(&document, json_get(&document, 0, "skill"), text);
    op->service_name = read_text(&document, json_get(&document, 0, "service"), text);
    op->resource_attributes = read_text(&document, json_get(&document, 0, "attributes"), text);
    if (op->kind == OP_REQUEST || op->kind == OP_RESPONSE)
        read_request(&document, op, text);
    read_attributes(&document, json_get(&document, 0, "a"), &op->attributes, text);
    return !text->failed;
}

void session_key(struct slice session_id, char key[static SESSION_KEY_HEX + 1])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[SHA256_SIZE];
    hash_sha256(session_id, digest);
    for (unsigned i = 0; i < SESSION_KEY_HEX / 2; i++) {
        key[2 * i] = digits[digest[i] >> 4];
        key[2 * i + 1] = digits[digest[i] & 0xf];
    }
    key[SESSION_KEY_HEX] = '\0';
}
