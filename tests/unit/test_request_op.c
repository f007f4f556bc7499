#include "shim/request_op.h"

#include "base/clock.h"
#include "check.h"
#include "shim/scan.h"
#include "trace/names.h"

static char text_storage[REQUEST_OP_TEXT_SIZE];
static struct scan scan;
static struct op op;
static struct buffer text;

static const struct mcp_message *message_of(enum mcp_direction direction, const char *line)
{
    size_t taken;
    scan_init(&scan, direction);
    scan.time = 5000;
    scan.since_boot = 50;
    scan_feed(&scan, slice_of(line), &taken);
    scan_end(&scan);
    memcpy(scan.message.span_id, "00000000000000ab", SPAN_ID_HEX + 1);
    buffer_init_fixed(&text, text_storage, sizeof text_storage);
    return &scan.message;
}

static struct pending pending;

TEST(a_request)
{
    const struct mcp_message *message = message_of(MCP_TO_SERVER, "{\"jsonrpc\":\"2.0\",\"id\":\"\\u0041\",\"method\":\"tools/call\","
                                                                  "\"params\":{\"name\":\"q\",\"arguments\":{\"secret\":\"canary\"}}}");
    request_op(message, SLICE("db"), SLICE("2025-06-18"), &op, &text);
    CHECK_EQ_INT(op.kind, OP_REQUEST);
    CHECK_EQ_TEXT(slice_of(op.id), "00000000000000ab");
    CHECK_EQ_TEXT(op.event, "tools/call");
    CHECK_EQ_TEXT(op.tool, "q");
    CHECK_EQ_TEXT(op.call_id, "A");
    CHECK(op.input_key != 0 && op.time == 5000 && op.since_boot == 50 && !op.serves);
    CHECK_EQ_TEXT(attribute_string(&op.attributes, NAME_MCP_SERVER), "db");
    CHECK_EQ_TEXT(attribute_string(&op.attributes, NAME_MCP_PROTOCOL_VERSION), "2025-06-18");
    CHECK_EQ_INT(attribute_integer(&op.attributes, NAME_REQUEST_SIZE, 0), (int64_t)message->size);
    CHECK(!attribute_find(&op.attributes, NAME_JSONRPC_VERSION));
    message = message_of(MCP_TO_CLIENT, "{\"jsonrpc\":\"1.5\",\"id\":7,\"method\":\"resources/read\","
                                        "\"params\":{\"name\":\"n\",\"uri\":\"https://user:hunter2@host/x\"}}");
    request_op(message, SLICE(""), SLICE(""), &op, &text);
    CHECK(op.serves && op.tool.length == 0 && op.attributes.count == 3);
    CHECK_EQ_TEXT(attribute_string(&op.attributes, NAME_JSONRPC_VERSION), "1.5");
    size_t at;
    CHECK(!slice_find(attribute_string(&op.attributes, NAME_MCP_RESOURCE_URI), SLICE("hunter2"), 0, &at));
}

TEST(T06_an_error_is_redacted_and_cut)
{
    const struct pending_request *request = pending_add(&pending, message_of(MCP_TO_SERVER, "{\"id\":1,\"method\":\"x\"}"), 0);
    const struct mcp_message *message = message_of(MCP_TO_CLIENT, "{\"id\":1,\"error\":{\"code\":-32603,"
                                                                  "\"message\":\"key AKIAIOSFODNN7EXAMPLE \\u001b[2J refused\"}}");
    response_op(message, request, &op, &text);
    CHECK_EQ_INT(op.result, OP_RESULT_FAILURE);
    CHECK_EQ_TEXT(op.message, "key [redacted]  [2J refused");
    CHECK_EQ_TEXT(attribute_string(&op.attributes, NAME_ERROR_TYPE), "-32603");
    CHECK_EQ_TEXT(attribute_string(&op.attributes, NAME_STATUS_CODE), "-32603");
    struct buffer line;
    buffer_init(&line, 4096);
    buffer_append_text(&line, "{\"id\":1,\"error\":{\"message\":\"");
    for (unsigned i = 0; i < 600; i++)
        buffer_append_text(&line, "\xc3\xa9");
    buffer_append_text(&line, "\"}}");
    response_op(message_of(MCP_TO_CLIENT, buffer_text(&line)), request, &op, &text);
    CHECK(op.message.length > 0 && op.message.length <= 4 * REQUEST_OP_ERROR_CHARACTERS);
    CHECK_EQ_TEXT(attribute_string(&op.attributes, NAME_ERROR_TYPE), "_OTHER");
    buffer_free(&line);
    pending_free(&pending);
}

TEST(results)
{
    const struct pending_request *request = pending_add(&pending, message_of(MCP_TO_SERVER, "{\"id\":1,\"method\":\"x\"}"), 0);
    response_op(message_of(MCP_TO_CLIENT, "{\"id\":1,\"result\":{\"isError\":true}}"), request, &op, &text);
    CHECK_EQ_INT(op.result, OP_RESULT_FAILURE);
    CHECK_EQ_TEXT(attribute_string(&op.attributes, NAME_ERROR_TYPE), "tool_error");
    response_op(message_of(MCP_TO_CLIENT, "{\"id\":1,\"result\":{\"resultType\":\"input_required\"}}"), request, &op, &text);
    CHECK_EQ_INT(op.result, OP_RESULT_SUCCESS);
    CHECK_EQ_TEXT(attribute_string(&op.attributes, NAME_MCP_RESULT_TYPE), "input_required");
    response_op(message_of(MCP_TO_CLIENT, "{\"id\":1,\"result\":{\"resultType\":\"complete\"}}"), request, &op, &text);
    CHECK(!attribute_find(&op.attributes, NAME_MCP_RESULT_TYPE));
    request_end_op(request, REQUEST_PROCESS_EXIT, 9, 7, 8, &op);
    CHECK_EQ_TEXT(attribute_string(&op.attributes, NAME_ERROR_TYPE), "process_exit");
    CHECK_EQ_INT(attribute_integer(&op.attributes, NAME_EXIT_CODE, 0), 128 + 9);
    request_end_op(request, REQUEST_CANCELLED, 0, 7, 8, &op);
    CHECK_EQ_TEXT(attribute_string(&op.attributes, NAME_OUTCOME), "cancelled");
    CHECK_EQ_INT(op.result, OP_RESULT_UNKNOWN);
    pending_free(&pending);
}

TEST(equal_ids_are_answered_in_order)
{
    pending_add(&pending, message_of(MCP_TO_SERVER, "{\"id\":1,\"method\":\"a\"}"), 10);
    pending_add(&pending, message_of(MCP_TO_CLIENT, "{\"id\":1,\"method\":\"b\"}"), 11);
    pending_add(&pending, message_of(MCP_TO_SERVER, "{\"id\":1,\"method\":\"c\"}"), 12);
    const uint64_t id = scan.message.digests[MCP_DIGEST_ID];
    CHECK_EQ_INT(pending_find(&pending, MCP_TO_SERVER, id)->session, 10);
    CHECK_EQ_INT(pending_find(&pending, MCP_TO_CLIENT, id)->session, 11);
    pending_remove(&pending, pending_find(&pending, MCP_TO_SERVER, id));
    CHECK_EQ_INT(pending_find(&pending, MCP_TO_SERVER, id)->session, 12);
    pending_remove(&pending, pending_find(&pending, MCP_TO_SERVER, id));
    CHECK(pending_find(&pending, MCP_TO_SERVER, id) == NULL && pending_find(&pending, MCP_TO_SERVER, 0) == NULL);
    pending_free(&pending);
}

TEST(progress_is_kept_within_bounds)
{
    const char *line = "{\"id\":1,\"method\":\"a\",\"params\":{\"_meta\":{\"progressToken\":\"p\"}}}";
    struct pending_request *request = pending_add(&pending, message_of(MCP_TO_SERVER, line), 0);
    CHECK(pending_find_token(&pending, MCP_TO_SERVER, scan.message.digests[MCP_DIGEST_TOKEN]) == request);
    for (unsigned i = 0; i < 100; i++)
        pending_note_progress(request, &(struct op_progress){.time = i, .progress = i});
    CHECK_EQ_INT(request->progress->count, PENDING_PROGRESS_FREE);
    for (unsigned i = 1; i < 100; i++)
        pending_note_progress(request, &(struct op_progress){.time = i * PENDING_PROGRESS_MS * NANOSECONDS_PER_MILLISECOND + 100});
    CHECK_EQ_INT(request->progress->count, OP_PROGRESS_MAX);
    CHECK_EQ_INT(request->progress->dropped, 100 + 99 - OP_PROGRESS_MAX);
    request_end_op(request, REQUEST_CANCELLED, 0, 1, 1, &op);
    CHECK(op.progress_count == OP_PROGRESS_MAX && op.progress_dropped == 167);
    pending_free(&pending);
}

static const struct check_test tests[] = {CASE(a_request), CASE(T06_an_error_is_redacted_and_cut), CASE(results),
                                          CASE(equal_ids_are_answered_in_order), CASE(progress_is_kept_within_bounds)};
CHECK_MAIN(tests)
