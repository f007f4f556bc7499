#include "shim/scan_value.h"

#include "trace/input_key.h"

#include <string.h>

struct scan_level *scan_level(struct scan *scan)
{
    return &scan->levels[scan->depth - 1];
}

enum scan_context scan_context(const struct scan *scan)
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
    message->no_arguments = true;
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

void scan_begin_line(struct scan *scan)
{
    scan->in_line = true;
    scan->is_batch = scan->last_was_return = false;
    scan->line_size = 0;
    begin_message(scan);
}

void scan_foreign(struct scan *scan)
{
    scan->state = SCAN_IN_FOREIGN;
    scan->message.kind = MCP_FOREIGN;
    scan->complete = false;
    scan->digesting = scan->digest_cut = false;
}

/* ---- containers ------------------------------------------------------------------------------------------------------------- */

void scan_enter(struct scan *scan, enum scan_context as)
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

void scan_open_container(struct scan *scan, bool object)
{
    const enum scan_context here = scan_context(scan);
    if (here == SCAN_IN_BATCH && object) {
        begin_message(scan);
        scan->element_start = scan->line_size;
        scan_enter(scan, SCAN_IN_MESSAGE);
        return;
    }
    if (object && scan->path && scan->path->within != SCAN_NOWHERE && scan->depth < SCAN_LEVELS_MAX) {
        scan_enter(scan, scan->path->within);
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
void scan_leave(struct scan *scan)
{
    const enum scan_context left = scan_context(scan);
    scan->depth--;
    scan->state = scan->depth ? SCAN_BEHIND_VALUE : SCAN_AT_END;
    if (left == SCAN_IN_MESSAGE)
        end_message(scan);
}

/* ---- values ----------------------------------------------------------------------------------------------------------------- */

void scan_begin_key(struct scan *scan)
{
    scan->key_length = 0;
    scan->key_cut = scan->in_escape = false;
    scan->state = SCAN_IN_KEY;
}

/* What the message has is known from its keys; what they hold may be anything. */
void scan_end_key(struct scan *scan)
{
    const enum scan_context here = scan_context(scan);
    scan_level(scan)->empty = false;
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

void scan_begin_value(struct scan *scan, bool quoted)
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

void scan_digest_bytes(struct scan *scan, struct slice bytes)
{
    if (!scan->digesting)
        return;
    json_digest_feed(&scan->digest, slice_part(bytes, 0, SCAN_ARGUMENTS_MAX - scan->arguments_size));
    if (bytes.length > SCAN_ARGUMENTS_MAX - scan->arguments_size)
        scan->digest_cut = true;
    scan->digesting = !scan->digest_cut;
    if (scan->digesting)
        scan->arguments_size += bytes.length;
}

void scan_keep_bytes(struct scan *scan, struct slice bytes)
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
void scan_end_value(struct scan *scan)
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
        if (path->digest == MCP_DIGEST_ARGUMENTS)
            message->no_arguments = scan->digesting && scan->digest.empty;
        else if (scan->digest_cut)
            value = scan->digest.scalar | 1; /* of as much as was looked at */
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
    scan->digesting = scan->digest_cut = false;
    scan->path = NULL;
    scan->state = SCAN_BEHIND_VALUE;
}
