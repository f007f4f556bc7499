#include "shim/scan.h"

#include "base/json_grammar.h"
#include "shim/scan_value.h"

#include <string.h>

void scan_init(struct scan *scan, enum mcp_direction direction)
{
    memset(scan, 0, sizeof *scan);
    scan->message.direction = direction;
    scan->state = SCAN_AT_START;
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
        scan_level(scan)->escaped = true;
    memcpy(scan->key + scan->key_length, text.data, length < room ? length : room);
    scan->key_length += (unsigned)(length < room ? length : room);
    scan->key_cut |= length > room;
    if (closed)
        scan_end_key(scan);
    return length + closed;
}

static size_t take_string(struct scan *scan, struct slice text)
{
    bool closed = false;
    size_t length;
    if (scan->path) {
        length = string_run(scan, text, &closed);
        scan_keep_bytes(scan, slice_part(text, 0, length));
        scan_digest_bytes(scan, slice_part(text, 0, length + closed));
        length += closed;
    } else {
        closed = skip_feed(&scan->skip, text, &length) == SKIP_DONE;
    }
    if (closed)
        scan_end_value(scan);
    return length;
}

static size_t take_literal(struct scan *scan, struct slice text)
{
    size_t length = 0;
    while (length < text.length && is_literal(text.data[length]))
        length++;
    scan_keep_bytes(scan, slice_part(text, 0, length));
    scan_digest_bytes(scan, slice_part(text, 0, length));
    if (length < text.length)
        scan_end_value(scan);
    return length;
}

static size_t take_container(struct scan *scan, struct slice text)
{
    size_t length;
    const enum skip_result result = skip_feed(&scan->skip, text, &length);
    scan_digest_bytes(scan, slice_part(text, 0, length));
    if (result == SKIP_DONE)
        scan_end_value(scan);
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
        scan_open_container(scan, c == '{');
        if (scan->state == SCAN_IN_CONTAINER)
            scan_digest_bytes(scan, (struct slice){&c, 1});
    } else if (c == '"') {
        scan_begin_value(scan, true);
        scan_digest_bytes(scan, (struct slice){&c, 1});
        skip_begin_string(&scan->skip);
        scan->state = SCAN_IN_STRING;
    } else if (c == ']' && scan_context(scan) == SCAN_IN_BATCH && scan_level(scan)->empty) {
        scan_leave(scan);
    } else {
        scan_foreign(scan);
    }
}

static void take_mark(struct scan *scan, char c)
{
    const bool in_array = scan_context(scan) == SCAN_IN_BATCH;
    switch (scan->state) {
    case SCAN_AT_START:
        if (c == '{')
            scan_enter(scan, SCAN_IN_MESSAGE);
        else if (c == '[')
            scan_enter(scan, SCAN_IN_BATCH);
        else
            scan_foreign(scan);
        scan->is_batch = c == '[';
        return;
    case SCAN_AT_KEY:
        if (c == '"')
            scan_begin_key(scan);
        else if (c == '}' && scan_level(scan)->empty)
            scan_leave(scan);
        else
            scan_foreign(scan);
        return;
    case SCAN_AT_COLON:
        scan->state = SCAN_AT_VALUE;
        if (c != ':')
            scan_foreign(scan);
        return;
    case SCAN_AT_VALUE:
        take_value(scan, c);
        return;
    case SCAN_BEHIND_VALUE:
        scan_level(scan)->empty = false;
        if (c == ',')
            scan->state = in_array ? SCAN_AT_VALUE : SCAN_AT_KEY;
        else if (c == (in_array ? ']' : '}'))
            scan_leave(scan);
        else
            scan_foreign(scan);
        return;
    default:
        scan_foreign(scan);
        return;
    }
}

/* ---- stops ------------------------------------------------------------------------------------------------------------------ */

/* Whether the caller is to be told before this byte is taken. */
static bool stop_before(struct scan *scan, char c, enum scan_result *result)
{
    if ((c != '}' && c != '"') || !scan->stops || scan->stopped || scan->is_batch)
        return false;
    const enum scan_context here = scan_context(scan);
    if (c == '}' && (here == SCAN_IN_META || here == SCAN_IN_PARAMS) &&
        (scan->state == SCAN_BEHIND_VALUE || (scan->state == SCAN_AT_KEY && scan_level(scan)->empty))) {
        *result = here == SCAN_IN_META ? SCAN_META_END : SCAN_PARAMS_END;
        scan->container_empty = scan_level(scan)->empty;
        scan->key_escaped = scan_level(scan)->escaped;
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
        scan_begin_value(scan, false);
        scan->state = SCAN_IN_LITERAL;
        return take_literal(scan, text);
    }
    take_mark(scan, c);
    return 1;
}

static void end_line(struct scan *scan)
{
    if (scan->state != SCAN_AT_END)
        scan_foreign(scan);
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
            scan_begin_line(scan);
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
