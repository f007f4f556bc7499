#include "agents/kiro.h"

#include "agents/event.h"
#include "agents/tool_input.h"
#include "agents/tool_result.h"
#include "base/process.h"
#include "base/utf8.h"
#include "trace/input_key.h"
#include "trace/names.h"
#include "trace/redact.h"
#include "trace/session_id.h"

#include <stdlib.h>

static struct slice since(const struct buffer *text, size_t at)
{
    return (struct slice){text->data + at, text->length - at};
}

/* The start of a text within `limit` bytes, never half a character. */
static struct slice whole_characters(struct slice text, size_t limit)
{
    if (text.length <= limit)
        return text;
    while (limit > 0 && ((unsigned char)text.data[limit] & 0xc0) == 0x80)
        limit--;
    return slice_part(text, 0, limit);
}

/* The decoded string of a member, cut to whole characters within `limit` bytes; empty where it is absent or no string. */
static struct slice member_text(const struct json *payload, int object, const char *name, size_t limit, struct buffer *text)
{
    const size_t at = text->length;
    const int value = json_get(payload, object, name);
    if (json_type(payload, value) != JSON_STRING || !json_append_string(payload, value, text))
        return (struct slice){NULL, 0};
    return whole_characters(since(text, at), limit);
}

struct slice kiro_agent_name(const struct kiro_options *options)
{
    const struct slice name = options->agent;
    for (size_t i = 0; i < name.length; i++)
        if (!((name.data[i] >= 'a' && name.data[i] <= 'z') || (name.data[i] >= '0' && name.data[i] <= '9') || name.data[i] == '-'))
            return SLICE("kiro");
    return name.length > 0 && name.length <= OP_AGENT_MAX ? name : SLICE("kiro");
}

struct slice kiro_fallback_session(struct buffer *text)
{
    const struct slice id = slice_of(getenv("KIRO_SESSION_ID"));
    const size_t at = text->length;
    if (id.length)
        return session_id_append(text, id);
    process_agent_identity(text);
    return since(text, at);
}

static bool is_upper(struct slice text)
{
    return text.length > 0 && text.data[0] >= 'A' && text.data[0] <= 'Z';
}

static struct slice dialect_of(struct slice event, struct slice session_id)
{
    if (is_upper(event) || slice_starts_with(session_id, SLICE("sess_")))
        return SLICE("kiro.v3");
    return session_id.length ? SLICE("kiro.v2") : SLICE("kiro.v1");
}

/* ---- the parts of an op ----------------------------------------------------------------------------------------------------- */

static void add_prompt(struct slice prompt, uint64_t size, const struct kiro_options *options, struct op *op, struct buffer *text)
{
    attribute_set_integer(&op->attributes, NAME_PROMPT_LENGTH, (int64_t)(size > JSON_SCAN_HEAD_MAX ? size : utf8_count(prompt)));
    if (options->prompt_chars && prompt.length) {
        const size_t at = text->length;
        redact_preview(text, prompt, options->prompt_chars);
        attribute_set_string(&op->attributes, NAME_PROMPT_PREVIEW, since(text, at));
    }
}

static void add_tool(const struct json *payload, int input, struct op *op, struct buffer *text)
{
    struct slice server, tool, resource;

    op->input_key = tool_input_key(payload, input);
    /* An empty input at the end of a call says "whichever is open"; at its start it is an input like any other. */
    if (op->kind == OP_START && op->input_key == 0)
        op->input_key = INPUT_KEY_NOTHING;
    if (tool_mcp_name(op->tool, &server, &tool)) {
        attribute_set_string(&op->attributes, NAME_MCP_METHOD, SLICE("tools/call"));
        attribute_set_string(&op->attributes, NAME_MCP_SERVER, server);
        attribute_set_string(&op->attributes, NAME_GEN_AI_TOOL_NAME, tool);
    }
    if (slice_equal(op->tool, SLICE("disclose_context"))) {
        op->skill = member_text(payload, input, "name", OP_TOOL_NAME_MAX, text);
    } else if (tool_input_skill(payload, input, text, &op->skill, &resource)) {
        op->skill = slice_part(op->skill, 0, OP_TOOL_NAME_MAX);
        if (resource.length)
            attribute_set_string(&op->attributes, NAME_SKILL_RESOURCE, slice_part(resource, 0, OP_TOOL_NAME_MAX));
    }
}

static void add_result(const struct tool_result *result, struct op *op)
{
    op->result = result->result;
    if (result->has_exit_code)
        attribute_set_integer(&op->attributes, NAME_EXIT_CODE, result->exit_code);
    if (result->result == OP_RESULT_FAILURE)
        attribute_set_string(&op->attributes, NAME_ERROR_TYPE, result->error_type);
}

static void add_size(struct op *op, const char *name, uint64_t size)
{
    if (size)
        attribute_set_integer(&op->attributes, name, size > INT64_MAX ? INT64_MAX : (int64_t)size);
}

/* ---- payloads --------------------------------------------------------------------------------------------------------------- */

static struct slice event_of(const struct json *payload, const struct kiro_options *options, struct buffer *text)
{
    struct slice event = member_text(payload, 0, "hook_event_name", OP_TOOL_NAME_MAX, text);
    if (event.length == 0)
        event = member_text(payload, 0, "hookEventName", OP_TOOL_NAME_MAX, text);
    return event.length ? event : options->event;
}

static struct slice session_of(const struct json *payload, struct buffer *text)
{
    const struct slice id = member_text(payload, 0, "session_id", SIZE_MAX, text);
    return id.length > OP_SESSION_ID_MAX ? session_id_append(text, id) : id;
}

bool kiro_op(const struct json *payload, const struct json_scan *sizes, const struct kiro_options *options, struct op *op,
             struct buffer *text)
{
    const struct slice own_session = session_of(payload, text);
    const int input = json_get(payload, 0, "tool_input");
    struct tool_result result;
    size_t at;

    op->agent = kiro_agent_name(options);
    op->event = event_of(payload, options, text);
    op->kind = event_kind(op->event);
    const struct slice dialect = dialect_of(op->event, own_session);
    /* v3 still runs the hooks of agent files, and those of the hooks file as well: the latter are the ones that count. */
    if (options->origin == KIRO_FROM_AGENT_FILE && slice_equal(dialect, SLICE("kiro.v3")))
        return false;
    op->session_id = own_session.length ? own_session : kiro_fallback_session(text);
    attribute_set_string(&op->attributes, NAME_DIALECT, dialect);
    if (sizes->truncated)
        attribute_set_boolean(&op->attributes, NAME_TRUNCATED, true);

    switch (op->kind) {
    case OP_PROMPT:
        add_prompt(member_text(payload, 0, "prompt", SIZE_MAX, text), json_scan_member_size(sizes, "prompt"), options, op, text);
        break;
    case OP_START:
    case OP_END:
        op->tool = member_text(payload, 0, "tool_name", OP_TOOL_NAME_MAX, text);
        if (op->tool.length == 0)
            op->tool = SLICE("unknown");
        op->call_id = member_text(payload, 0, "tool_use_id", OP_TOOL_NAME_MAX, text);
        add_tool(payload, input, op, text);
        if (op->kind == OP_START || op->input_key)
            add_size(op, NAME_INPUT_SIZE, json_scan_member_size(sizes, "tool_input"));
        if (op->kind == OP_END) {
            tool_result_of_kiro(payload, json_get(payload, 0, "tool_response"), text, &result);
            add_result(&result, op);
            add_size(op, NAME_OUTPUT_SIZE, json_scan_member_size(sizes, "tool_response"));
        }
        break;
    case OP_STOP:
        at = text->length;
        if (json_append_string(payload, json_get(payload, 0, "assistant_response"), text)) {
            const uint64_t size = json_scan_member_size(sizes, "assistant_response");
            attribute_set_integer(&op->attributes, NAME_RESPONSE_LENGTH,
                                  (int64_t)(size > JSON_SCAN_HEAD_MAX ? size - 2 : text->length - at));
        }
        break;
    default:
        break;
    }
    return true;
}

bool kiro_op_of_user_prompt(const struct json *payload, const struct json_scan *sizes, const struct kiro_options *options, struct op *op,
                            struct buffer *text)
{
    const int name = json_get(payload, 0, "toolName");
    const enum json_type success = json_type(payload, json_get(payload, 0, "toolSuccess"));
    struct tool_result result;

    if (json_type(payload, name) != JSON_STRING)
        return false;
    op->agent = kiro_agent_name(options);
    op->session_id = kiro_fallback_session(text);
    attribute_set_string(&op->attributes, NAME_DIALECT, SLICE("kiro.ide-0.12"));
    op->tool = member_text(payload, 0, "toolName", OP_TOOL_NAME_MAX, text);
    add_tool(payload, json_get(payload, 0, "toolArgs"), op, text);
    add_size(op, NAME_INPUT_SIZE, json_scan_member_size(sizes, "toolArgs"));

    /* It names no event: one that tells a result is the end of its call. */
    const bool ended = success != JSON_MISSING || json_get(payload, 0, "toolResult") != JSON_NONE;
    op->event = options->event.length ? options->event : ended ? SLICE("postToolUse") : SLICE("preToolUse");
    op->kind = event_kind(op->event);
    if (op->kind == OP_END) {
        tool_result_of_kiro(payload, json_get(payload, 0, "toolResult"), text, &result);
        if (success == JSON_FALSE && result.result != OP_RESULT_FAILURE)
            result = (struct tool_result){.result = OP_RESULT_FAILURE, .error_type = SLICE("tool_error")};
        else if (success == JSON_TRUE && result.result == OP_RESULT_UNKNOWN)
            result.result = OP_RESULT_SUCCESS;
        add_result(&result, op);
        add_size(op, NAME_OUTPUT_SIZE, json_scan_member_size(sizes, "toolResult"));
    }
    return true;
}

bool kiro_op_of_prompt_text(struct slice prompt, const struct kiro_options *options, struct op *op, struct buffer *text)
{
    if (options->event.length == 0)
        return false;
    op->agent = kiro_agent_name(options);
    op->session_id = kiro_fallback_session(text);
    op->event = options->event;
    op->kind = event_kind(op->event);
    attribute_set_string(&op->attributes, NAME_DIALECT, SLICE("kiro.ide-0.12"));
    if (op->kind == OP_PROMPT)
        add_prompt(prompt, prompt.length, options, op, text);
    else if (op->kind == OP_START || op->kind == OP_END)
        op->tool = SLICE("unknown");
    return true;
}
