#include "shim/scan.h"

#include "base/json_grammar.h"
#include "trace/input_key.h"

#include <string.h>

void scan_init(struct scan *scan, enum mcp_direction direction)
{
    memset(scan, 0, sizeof *scan);
    scan->message.direction = direction;
    scan->state = SCAN_AT_START;
}

static struct scan_level *level(struct scan *scan)
{
    return &scan->levels[scan->depth - 1];
}

static enum scan_context context(const struct scan *scan)
{
    return scan->depth ? scan->levels[scan->depth - 1].context : SCAN_IN_LINE;
}

/* ---- messages --------------------------------------------------------------------------------------------------------------- */

static void begin_message(struct scan *scan)
{
    struct mcp_message *message = &scan->message;
    message->kind = MCP_FOREIGN;
    message->in_batch = scan->is_batch;
    message->failed = message->tool_error = false;
    message->begun = scan->time;
    message->begun_since_boot = scan->since_boot;
    message->span_id[0] = message->trace_id[0] = message->parent_id[0] = '\0';
    memset(message->digests, 0, sizeof message->digests);
    memset(message->texts, 0, sizeof message->texts);
    scan->has_method = scan->is_answer = scan->has_meta = scan->has_traceparent = scan->has_id = scan->complete = false;
}

static void end_message(struct scan *scan)
{
    struct mcp_message *message = &scan->message;
    message->time = scan->time;
    message->since_boot = scan->since_boot;
    message->tool_error = !message->texts[MCP_TEXT_IS_ERROR].quoted &&
                          slice_equal(mcp_message_raw(message, MCP_TEXT_IS_ERROR), SLICE("true"));
    if (scan->has_method)
        message->kind = scan->has_id ? MCP_REQUEST : MCP_NOTIFICATION;
    else if (scan->is_answer)
        message->kind = MCP_RESPONSE;
    scan->complete = message->kind != MCP_FOREIGN;
}

static void begin_line(struct scan *scan)
{
    scan->in_line = true;
    scan->is_batch = scan->last_was_return = false;
    scan->line_size = 0;
    begin_message(scan);
}

static void foreign(struct scan *scan)
{
    scan->state = SCAN_IN_FOREIGN;
    scan->message.kind = MCP_FOREIGN;
    scan->complete = false;
    scan->digesting = false;
}

/* ---- containers ------------------------------------------------------------------------------------------------------------- */

static void enter(struct scan *scan, enum scan_context as)
{
    scan->levels[scan->depth++] = (struct scan_level){.context = as, .empty = true};
    scan->state = as == SCAN_IN_BATCH ? SCAN_AT_VALUE : SCAN_AT_KEY;
    scan->path = NULL;
    /* Of members that stand twice the last one counts. */
    if (as == SCAN_IN_PARAMS)
        scan->has_meta = false;
    if (as == SCAN_IN_PARAMS || as == SCAN_IN_META)
        scan->has_traceparent = false;
}

static void pass_over(struct scan *scan)
{
    skip_begin_container(&scan->skip);
    scan->state = SCAN_IN_CONTAINER;
}

static void open_container(struct scan *scan, bool object)
{
    const enum scan_context here = context(scan);
    if (here == SCAN_IN_BATCH && object) {
        begin_message(scan);
        scan->element_start = scan->line_size;
        enter(scan, SCAN_IN_MESSAGE);
        return;
    }
    if (object && scan->path && scan->path->within != SCAN_NOWHERE && scan->depth < SCAN_LEVELS_MAX) {
        enter(scan, scan->path->within);
        return;
    }
    if (scan->path && scan->path->text != MCP_TEXT_NONE)
        scan->message.texts[scan->path->text] = (struct mcp_text_value){.length = 0};
    if (scan->path && scan->path->digest == MCP_DIGEST_ARGUMENTS) {
        input_key_begin(&scan->digest);
        scan->digesting = true;
        scan->arguments_size = 0;
    }
    pass_over(scan);
}

/* Behind the last byte of a container that was entered. */
static void leave(struct scan *scan)
{
    const enum scan_context left = context(scan);
    scan->depth--;
    scan->state = scan->depth ? SCAN_BEHIND_VALUE : SCAN_AT_END;
    if (left == SCAN_IN_MESSAGE)
        end_message(scan);
}

/* ---- values ----------------------------------------------------------------------------------------------------------------- */

static void begin_key(struct scan *scan)
{
    scan->key_length = 0;
    scan->key_cut = scan->in_escape = false;
    scan->state = SCAN_IN_KEY;
}

/* What the message has is known from its keys; what they hold may be anything. */
static void end_key(struct scan *scan)
{
    const enum scan_context here = context(scan);
    level(scan)->empty = false;
    scan->path = scan->key_cut ? NULL : scan_path_find(here, (struct slice){scan->key, scan->key_length});
    scan->state = SCAN_AT_COLON;
    if (!scan->path)
        return;
    const enum scan_context within = scan->path->within;
    if (within == SCAN_IN_RESULT || within == SCAN_IN_ERROR) {
        scan->is_answer = true;
        scan->message.failed = within == SCAN_IN_ERROR;
    }
    scan->has_meta |= within == SCAN_IN_META;
    scan->has_traceparent |= scan->path->text == MCP_TEXT_TRACEPARENT;
}

static void begin_value(struct scan *scan, bool quoted)
{
    const struct scan_path *path = scan->path;
    scan->in_escape = false;
    if (!path)
        return;
    if (path->text != MCP_TEXT_NONE)
        scan->message.texts[path->text] = (struct mcp_text_value){.quoted = quoted};
    if (path->digest != MCP_DIGEST_NONE) {
        if (path->digest == MCP_DIGEST_ARGUMENTS)
            input_key_begin(&scan->digest);
        else
            json_digest_begin(&scan->digest, NULL, 0);
        scan->digesting = true;
        scan->arguments_size = 0;
    }
}

static void digest_bytes(struct scan *scan, struct slice bytes)
{
    if (!scan->digesting)
        return;
    scan->arguments_size += bytes.length;
    if (scan->arguments_size > SCAN_ARGUMENTS_MAX)
        scan->digesting = false;
    else
        json_digest_feed(&scan->digest, bytes);
}

static void keep_bytes(struct scan *scan, struct slice bytes)
{
    if (!scan->path || scan->path->text == MCP_TEXT_NONE)
        return;
    struct mcp_text_value *value = &scan->message.texts[scan->path->text];
    size_t maximum;
    char *storage = mcp_message_storage(&scan->message, scan->path->text, &maximum);
    const size_t room = maximum - value->length, length = bytes.length < room ? bytes.length : room;
    memcpy(storage + value->length, bytes.data, length);
    value->length = (uint16_t)(value->length + length);
    value->cut |= length < bytes.length;
}

/* Behind the last byte of a value that was not entered. */
static void end_value(struct scan *scan)
{
    const struct scan_path *path = scan->path;
    struct mcp_message *message = &scan->message;
    if (path && path->digest != MCP_DIGEST_NONE) {
        uint64_t value = 0;
        if (scan->digesting && path->digest == MCP_DIGEST_ARGUMENTS) {
            value = input_key_end(&scan->digest);
        } else if (scan->digesting) {
            json_digest_end(&scan->digest);
            value = scan->digest.value;
        }
        message->digests[path->digest] = value;
    }
    if (path && path->text == MCP_TEXT_ID) {
        const struct slice id = mcp_message_raw(message, MCP_TEXT_ID);
        scan->has_id = message->texts[MCP_TEXT_ID].quoted || (id.length && (id.data[0] == '-' || (id.data[0] >= '0' && id.data[0] <= '9')));
        if (!scan->has_id)
            message->digests[MCP_DIGEST_ID] = 0;
    }
    if (path && path->text == MCP_TEXT_METHOD)
        scan->has_method = message->texts[MCP_TEXT_METHOD].quoted;
    scan->digesting = false;
    scan->path = NULL;
    scan->state = SCAN_BEHIND_VALUE;
}

/* ---- bytes ------------------------------------------------------------------------------------------------------------------ */

static bool is_literal(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '+' || c == '.';
}

/* Length of the part that is in the string, up to its closing quote. */
static size_t string_run(struct scan *scan, struct slice text, bool *closed)
{
    size_t length = 0;
    *closed = false;
    for (; length < text.length && text.data[length] != '\n'; length++) {
        if (scan->in_escape) {
            scan->in_escape = false;
        } else if (text.data[length] == '\\') {
            scan->in_escape = true;
        } else if (text.data[length] == '"') {
            *closed = true;
            break;
        }
    }
    return length;
}

static size_t take_key(struct scan *scan, struct slice text)
{
    bool closed;
    const size_t length = string_run(scan, text, &closed), room = SCAN_KEY_MAX - scan->key_length;
    if (memchr(text.data, '\\', length))
        level(scan)->escaped = true;
    memcpy(scan->key + scan->key_length, text.data, length < room ? length : room);
    scan->key_length += (unsigned)(length < room ? length : room);
    scan->key_cut |= length > room;
    if (closed)
        end_key(scan);
    return length + closed;
}

static size_t take_string(struct scan *scan, struct slice text)
{
    bool closed = false;
    size_t length;
    if (scan->path) {
        length = string_run(scan, text, &closed);
        keep_bytes(scan, slice_part(text, 0, length));
        digest_bytes(scan, slice_part(text, 0, length + closed));
        length += closed;
    } else {
        closed = skip_feed(&scan->skip, text, &length) == SKIP_DONE;
    }
    if (closed)
        end_value(scan);
    return length;
}

static size_t take_literal(struct scan *scan, struct slice text)
{
    size_t length = 0;
    while (length < text.length && is_literal(text.data[length]))
        length++;
    keep_bytes(scan, slice_part(text, 0, length));
    digest_bytes(scan, slice_part(text, 0, length));
    if (length < text.length)
        end_value(scan);
    return length;
}

static size_t take_container(struct scan *scan, struct slice text)
{
    size_t length;
    const enum skip_result result = skip_feed(&scan->skip, text, &length);
    digest_bytes(scan, slice_part(text, 0, length));
    if (result == SKIP_DONE)
        end_value(scan);
    return length;
}

static size_t take_foreign(struct slice text)
{
    const char *newline = memchr(text.data, '\n', text.length);
    return newline ? (size_t)(newline - text.data) : text.length;
}

static void take_value(struct scan *scan, char c)
{
    if (c == '{' || c == '[') {
        open_container(scan, c == '{');
        if (scan->state == SCAN_IN_CONTAINER)
            digest_bytes(scan, (struct slice){&c, 1});
    } else if (c == '"') {
        begin_value(scan, true);
        digest_bytes(scan, (struct slice){&c, 1});
        skip_begin_string(&scan->skip);
        scan->state = SCAN_IN_STRING;
    } else if (c == ']' && context(scan) == SCAN_IN_BATCH && level(scan)->empty) {
        leave(scan);
    } else {
        foreign(scan);
    }
}

static void take_mark(struct scan *scan, char c)
{
    const bool in_array = context(scan) == SCAN_IN_BATCH;
    switch (scan->state) {
    case SCAN_AT_START:
        if (c == '{')
            enter(scan, SCAN_IN_MESSAGE);
        else if (c == '[')
            enter(scan, SCAN_IN_BATCH);
        else
            foreign(scan);
        scan->is_batch = c == '[';
        return;
    case SCAN_AT_KEY:
        if (c == '"')
            begin_key(scan);
        else if (c == '}' && level(scan)->empty)
            leave(scan);
        else
            foreign(scan);
        return;
    case SCAN_AT_COLON:
        scan->state = SCAN_AT_VALUE;
        if (c != ':')
            foreign(scan);
        return;
    case SCAN_AT_VALUE:
        take_value(scan, c);
        return;
    case SCAN_BEHIND_VALUE:
        level(scan)->empty = false;
        if (c == ',')
            scan->state = in_array ? SCAN_AT_VALUE : SCAN_AT_KEY;
        else if (c == (in_array ? ']' : '}'))
            leave(scan);
        else
            foreign(scan);
        return;
    default:
        foreign(scan);
        return;
    }
}

/* ---- stops ------------------------------------------------------------------------------------------------------------------ */

/* Whether the caller is to be told before this byte is taken. */
static bool stop_before(struct scan *scan, char c, enum scan_result *result)
{
    if ((c != '}' && c != '"') || !scan->stops || scan->stopped || scan->is_batch)
        return false;
    const enum scan_context here = context(scan);
    if (c == '}' && (here == SCAN_IN_META || here == SCAN_IN_PARAMS) &&
        (scan->state == SCAN_BEHIND_VALUE || (scan->state == SCAN_AT_KEY && level(scan)->empty))) {
        *result = here == SCAN_IN_META ? SCAN_META_END : SCAN_PARAMS_END;
        scan->container_empty = level(scan)->empty;
        scan->key_escaped = level(scan)->escaped;
    } else if (c == '"' && scan->state == SCAN_AT_VALUE && scan->path && scan->path->text == MCP_TEXT_TRACEPARENT) {
        *result = SCAN_TRACEPARENT_BEGIN;
    } else {
        return false;
    }
    scan->stopped = true;
    return true;
}

/* One step: at least one byte, unless the caller is to be told first or a line ends. */
static size_t step(struct scan *scan, struct slice text)
{
    const char c = text.data[0];
    switch (scan->state) {
    case SCAN_IN_KEY:
        return take_key(scan, text);
    case SCAN_IN_STRING:
        return take_string(scan, text);
    case SCAN_IN_LITERAL:
        return take_literal(scan, text);
    case SCAN_IN_CONTAINER:
        return take_container(scan, text);
    case SCAN_IN_FOREIGN:
        return take_foreign(text);
    default:
        break;
    }
    if (json_is_white(c))
        return 1;
    if (scan->state == SCAN_AT_VALUE && is_literal(c)) {
        begin_value(scan, false);
        scan->state = SCAN_IN_LITERAL;
        return take_literal(scan, text);
    }
    take_mark(scan, c);
    return 1;
}

static void end_line(struct scan *scan)
{
    if (scan->state != SCAN_AT_END)
        foreign(scan);
    if (scan->is_batch)
        scan->message.kind = MCP_FOREIGN; /* its messages have been told of */
    scan->message.size = scan->line_size - (scan->last_was_return ? 1 : 0);
    scan->in_line = false;
    scan->depth = 0;
    scan->state = SCAN_AT_START;
    scan->path = NULL;
    scan->stopped = false;
}

/* Whether something is to be told after a step. */
static bool tell(struct scan *scan, enum scan_state state, unsigned depth, const struct scan_path *path, enum scan_result *result)
{
    scan->stopped = false;
    if (scan->state != SCAN_BEHIND_VALUE)
        return false;
    if (scan->is_batch && depth == 2 && scan->depth == 1 && scan->complete) {
        scan->message.size = scan->line_size - scan->element_start;
        scan->complete = false;
        *result = SCAN_ELEMENT;
        return true;
    }
    if (scan->stops && state == SCAN_IN_STRING && path && path->text == MCP_TEXT_TRACEPARENT) {
        *result = SCAN_TRACEPARENT_END;
        return true;
    }
    return false;
}

enum scan_result scan_feed(struct scan *scan, struct slice text, size_t *taken)
{
    enum scan_result result;
    size_t at = 0;
    while (at < text.length) {
        const struct slice rest = {text.data + at, text.length - at};
        if (!scan->in_line)
            begin_line(scan);
        if (rest.data[0] == '\n') {
            end_line(scan);
            *taken = at + 1;
            return SCAN_LINE;
        }
        if (stop_before(scan, rest.data[0], &result)) {
            *taken = at;
            return result;
        }
        const enum scan_state state = scan->state;
        const struct scan_path *path = scan->path;
        const unsigned depth = scan->depth;
        const size_t length = step(scan, rest);
        at += length;
        scan->line_size += length;
        if (length)
            scan->last_was_return = rest.data[length - 1] == '\r';
        if (tell(scan, state, depth, path, &result)) {
            *taken = at;
            return result;
        }
    }
    *taken = at;
    return SCAN_MORE;
}

bool scan_end(struct scan *scan)
{
    if (!scan->in_line)
        return false;
    end_line(scan);
    return true;
}
