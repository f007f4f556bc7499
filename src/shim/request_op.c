#include "shim/request_op.h"

#include "trace/input_key.h"
#include "trace/names.h"
#include "trace/redact.h"

#include <string.h>
#include <sys/wait.h>

static struct slice decoded(const struct mcp_message *message, enum mcp_text which, struct buffer *text)
{
    const size_t at = text->length;
    mcp_message_append_text(message, which, text);
    return (struct slice){text->data + at, text->length - at};
}

static void add_text(const struct mcp_message *message, enum mcp_text which, const char *name, struct op *op, struct buffer *text)
{
    const struct slice value = decoded(message, which, text);
    if (value.length)
        attribute_set_string(&op->attributes, name, value);
}

static void add_size(struct op *op, const char *name, uint64_t size)
{
    attribute_set_integer(&op->attributes, name, size > INT64_MAX ? INT64_MAX : (int64_t)size);
}

/* Of a URI what names the resource: without query and fragment, where signatures and keys stand; of data: what kind it is; of one that was
 * cut no half of a word, which redaction would not know. */
static struct slice public_part(struct slice uri, bool cut)
{
    size_t end;
    if (slice_starts_with(uri, SLICE("data:"))) {
        for (end = 0; end < uri.length && uri.data[end] != ',' && uri.data[end] != ';'; end++)
            continue;
        return slice_part(uri, 0, end);
    }
    for (end = 0; end < uri.length && uri.data[end] != '?' && uri.data[end] != '#'; end++)
        continue;
    if (cut && end == uri.length)
        while (end > 0 && uri.data[end - 1] != '/')
            end--;
    return slice_part(uri, 0, end);
}

void request_op(const struct mcp_message *request, struct slice server, struct slice version, struct op *op, struct buffer *text)
{
    memset(op, 0, sizeof *op);
    op->kind = OP_REQUEST;
    memcpy(op->id, request->span_id, sizeof op->id);
    op->time = request->begun;
    op->since_boot = request->begun_since_boot;
    op->serves = request->direction == MCP_TO_CLIENT;
    op->event = decoded(request, MCP_TEXT_METHOD, text);
    op->call_id = decoded(request, MCP_TEXT_ID, text);
    if (mcp_message_is(request, "tools/call") || mcp_message_is(request, "prompts/get"))
        op->tool = decoded(request, MCP_TEXT_NAME, text);
    /* As the hook has it of an empty input; arguments without a key are too large for one. */
    if (mcp_message_is(request, "tools/call"))
        op->input_key = request->no_arguments ? INPUT_KEY_NOTHING : request->digests[MCP_DIGEST_ARGUMENTS];
    op->trace = slice_of(request->trace_id);
    op->parent = slice_of(request->parent_id);
    if (server.length)
        attribute_set_string(&op->attributes, NAME_MCP_SERVER, server);
    if (version.length)
        attribute_set_string(&op->attributes, NAME_MCP_PROTOCOL_VERSION, version);
    if (request->texts[MCP_TEXT_URI].length) {
        const struct slice uri = public_part(decoded(request, MCP_TEXT_URI, text), request->texts[MCP_TEXT_URI].cut);
        const size_t at = text->length;
        redact_append(text, uri);
        attribute_set_string(&op->attributes, NAME_MCP_RESOURCE_URI, (struct slice){text->data + at, text->length - at});
    }
    const struct slice jsonrpc = mcp_message_raw(request, MCP_TEXT_JSONRPC);
    if (jsonrpc.length && !slice_equal(jsonrpc, SLICE("2.0")))
        add_text(request, MCP_TEXT_JSONRPC, NAME_JSONRPC_VERSION, op, text);
    add_size(op, NAME_REQUEST_SIZE, request->size);
}

/* What every end has. */
static void begin_end(const struct pending_request *request, uint64_t time, uint64_t since_boot,
                    struct op *op)
{
    memset(op, 0, sizeof *op);
    op->kind = OP_RESPONSE;
    memcpy(op->id, request->span_id, sizeof op->id);
    op->time = time;
    op->since_boot = since_boot;
    if (request->progress) {
        memcpy(op->progress, request->progress->items, request->progress->count * sizeof *op->progress);
        op->progress_count = request->progress->count;
        op->progress_dropped = request->progress->dropped;
    }
}

void response_op(const struct mcp_message *response, const struct pending_request *request, struct op *op, struct buffer *text)
{
    begin_end(request, response->time, response->since_boot, op);
    op->result = response->failed || response->tool_error ? OP_RESULT_FAILURE : OP_RESULT_SUCCESS;
    if (response->failed) {
        const struct slice code = decoded(response, MCP_TEXT_ERROR_CODE, text);
        if (code.length)
            attribute_set_string(&op->attributes, NAME_STATUS_CODE, code);
        attribute_set_string(&op->attributes, NAME_ERROR_TYPE, code.length ? code : SLICE("_OTHER"));
        const struct slice said = decoded(response, MCP_TEXT_ERROR_MESSAGE, text);
        const size_t at = text->length;
        redact_preview(text, said, REQUEST_OP_ERROR_CHARACTERS);
        op->message = (struct slice){text->data + at, text->length - at};
    } else if (response->tool_error) {
        attribute_set_string(&op->attributes, NAME_ERROR_TYPE, SLICE("tool_error"));
    }
    add_text(response, MCP_TEXT_PROTOCOL_VERSION, NAME_MCP_PROTOCOL_VERSION, op, text);
    const struct slice type = mcp_message_raw(response, MCP_TEXT_RESULT_TYPE);
    if (type.length && !slice_equal(type, SLICE("complete")))
        add_text(response, MCP_TEXT_RESULT_TYPE, NAME_MCP_RESULT_TYPE, op, text);
    add_size(op, NAME_RESPONSE_SIZE, response->size);
}

void request_end_op(const struct pending_request *request, enum request_end end, int status, uint64_t time, uint64_t since_boot,
                    struct op *op)
{
    static const struct slice outcomes[] = {[REQUEST_CANCELLED] = {"cancelled", 9},
                                            [REQUEST_ACKNOWLEDGED] = {"acknowledged", 12},
                                            [REQUEST_NO_RESULT] = {"no_result", 9},
                                            [REQUEST_PROCESS_EXIT] = {"process_exit", 12}};
    begin_end(request, time, since_boot, op);
    attribute_set_string(&op->attributes, NAME_OUTCOME, outcomes[end]);
    if (end != REQUEST_PROCESS_EXIT)
        return;
    op->result = OP_RESULT_FAILURE;
    attribute_set_string(&op->attributes, NAME_ERROR_TYPE, outcomes[end]);
    attribute_set_integer(&op->attributes, NAME_EXIT_CODE, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}
