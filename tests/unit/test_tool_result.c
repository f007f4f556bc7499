#include "agents/tool_result.h"

#include "check.h"

static void expect(const char *response, enum op_result expected, const char *error_type, int64_t exit_code)
{
    static jsmntok_t tokens[256];
    static char storage[4096];
    struct json document;
    struct buffer text;
    struct tool_result result;
    buffer_init_fixed(&text, storage, sizeof storage);
    CHECK(json_parse(&document, slice_of(response), tokens, 256));
    tool_result_of_kiro(&document, 0, &text, &result);
    CHECK_EQ_INT(result.result, expected);
    CHECK_EQ_TEXT(result.error_type, error_type);
    CHECK_EQ_INT(result.has_exit_code, exit_code >= 0);
    if (exit_code >= 0)
        CHECK_EQ_INT(result.exit_code, exit_code);
}

TEST(v1)
{
    expect("{\"success\":true,\"result\":[\"text\"]}", OP_RESULT_SUCCESS, "", -1);
    expect("{\"success\":true,\"result\":[{\"exit_status\":\"0\",\"stdout\":\"\"}]}", OP_RESULT_SUCCESS, "", 0);
    expect("{\"success\":true,\"result\":[{\"exit_status\":\"1\",\"stdout\":\"\"}]}", OP_RESULT_FAILURE, "1", 1);
    expect("{\"success\":false,\"error\":[\"no\"]}", OP_RESULT_FAILURE, "tool_error", -1);
    expect("{\"error\":[\"no\"]}", OP_RESULT_FAILURE, "tool_error", -1);
}

TEST(v2)
{
    expect("{\"items\":[{\"Text\":\"x\"}]}", OP_RESULT_SUCCESS, "", -1);
    expect("{\"items\":[{\"Json\":{\"exit_status\":\"exit status: 0\"}}]}", OP_RESULT_SUCCESS, "", 0);
    expect("{\"items\":[{\"Json\":{\"exit_status\":\"exit status: 127\"}}]}", OP_RESULT_FAILURE, "127", 127);
    expect("{\"items\":[{\"Json\":{\"exit_status\":\"signal: 9 (SIGKILL)\"}}]}", OP_RESULT_FAILURE, "signal", -1);
    expect("{\"items\":[{\"Json\":{\"exit_status\":3}}]}", OP_RESULT_FAILURE, "3", 3);
    expect("{\"items\":[{\"Json\":{\"isError\":true}}]}", OP_RESULT_FAILURE, "tool_error", -1);
}

TEST(v3)
{
    expect("\"Output:\\nok\\nExit Code: 0\"", OP_RESULT_SUCCESS, "", 0);
    expect("\"Output:\\nx\\n\\nExit Code: 2\"", OP_RESULT_FAILURE, "2", 2);
    expect("\"Output:\\nx\\n\\nExit Code: 2\\n\"", OP_RESULT_FAILURE, "2", 2);
    expect("\"Exit Code: 1\\nis what it printed\"", OP_RESULT_UNKNOWN, "", -1);
    expect("\"Created the x file.\"", OP_RESULT_UNKNOWN, "", -1);
    expect("\"\"", OP_RESULT_UNKNOWN, "", -1);
}

TEST(anything_else_says_nothing)
{
    expect("null", OP_RESULT_UNKNOWN, "", -1);
    expect("7", OP_RESULT_UNKNOWN, "", -1);
    expect("[]", OP_RESULT_UNKNOWN, "", -1);
    expect("{\"success\":7,\"items\":7,\"result\":7,\"error\":7}", OP_RESULT_UNKNOWN, "", -1);
    expect("{\"exit_status\":{}}", OP_RESULT_UNKNOWN, "", -1);
}

static const struct check_test tests[] = {CASE(v1), CASE(v2), CASE(v3), CASE(anything_else_says_nothing)};
CHECK_MAIN(tests)
