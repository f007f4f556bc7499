#include "agents/tool_result.h"

#include <string.h>

static void set_success(struct tool_result *result)
{
    if (result->result == OP_RESULT_UNKNOWN)
        result->result = OP_RESULT_SUCCESS;
}

static void set_failure(struct tool_result *result, struct slice error_type)
{
    result->result = OP_RESULT_FAILURE;
    if (result->error_type.length == 0)
        result->error_type = error_type;
}

static void set_exit_code(struct tool_result *result, int64_t code, struct buffer *text)
{
    result->has_exit_code = true;
    result->exit_code = code;
    if (code == 0) {
        set_success(result);
    } else {
        const size_t at = text->length;
        buffer_append_i64(text, code);
        set_failure(result, (struct slice){text->data + at, text->length - at});
    }
}

static bool to_integer(struct slice digits, int64_t *value)
{
    uint64_t magnitude;
    const bool negative = digits.length && digits.data[0] == '-';
    if (!slice_to_u64(slice_part(digits, negative ? 1 : 0, digits.length), &magnitude) || magnitude > INT32_MAX)
        return false;
    *value = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}

/* "0", 0, "exit status: 1", "signal: 9 (SIGKILL)". */
static void read_exit_status(const struct json *document, int value, struct buffer *text, struct tool_result *result)
{
    static const struct slice prefix = {"exit status:", 12};
    const size_t at = text->length;
    int64_t code;

    if (json_type(document, value) == JSON_NUMBER) {
        if (json_integer(document, value, &code))
            set_exit_code(result, code, text);
        return;
    }
    if (!json_append_string(document, value, text))
        return;
    struct slice status = slice_trim((struct slice){text->data + at, text->length - at});
    if (slice_starts_with(status, prefix))
        status = slice_trim(slice_part(status, prefix.length, status.length));
    if (to_integer(status, &code))
        set_exit_code(result, code, text);
    else if (slice_starts_with(status, SLICE("signal")))
        set_failure(result, SLICE("signal"));
    else if (status.length)
        set_failure(result, SLICE("_OTHER"));
}

static void read_object(const struct json *document, int object, struct buffer *text, struct tool_result *result)
{
    const int status = json_get(document, object, "exit_status");
    if (status != JSON_NONE)
        read_exit_status(document, status, text, result);
    if (json_type(document, json_get(document, object, "isError")) == JSON_TRUE)
        set_failure(result, SLICE("tool_error"));
}

static void read_result_list(const struct json *document, int list, struct buffer *text, struct tool_result *result)
{
    for (int item = json_first(document, list); item != JSON_NONE; item = json_next(document, item))
        if (json_type(document, item) == JSON_OBJECT)
            read_object(document, item, text, result);
}

static void read_items(const struct json *document, int items, struct buffer *text, struct tool_result *result)
{
    for (int item = json_first(document, items); item != JSON_NONE; item = json_next(document, item))
        read_object(document, json_get(document, item, "Json"), text, result);
}

/* v3: the last line of a shell's text is "Exit Code: N". */
static void read_prose(const struct json *document, int value, struct buffer *text, struct tool_result *result)
{
    static const struct slice prefix = {"Exit Code:", 10};
    const size_t at = text->length;
    int64_t code;

    if (!json_append_string(document, value, text))
        return;
    const struct slice prose = slice_trim((struct slice){text->data + at, text->length - at});
    size_t line = prose.length;
    while (line > 0 && prose.data[line - 1] != '\n')
        line--;
    const struct slice last = slice_part(prose, line, prose.length);
    if (slice_starts_with(last, prefix) && to_integer(slice_trim(slice_part(last, prefix.length, last.length)), &code)) {
        text->length = at; /* the prose itself is not needed any more */
        set_exit_code(result, code, text);
    }
}

void tool_result_of_kiro(const struct json *document, int response, struct buffer *text, struct tool_result *result)
{
    memset(result, 0, sizeof *result);
    if (json_type(document, response) == JSON_STRING) {
        read_prose(document, response, text, result);
        return;
    }
    if (json_type(document, response) != JSON_OBJECT)
        return;
    const enum json_type success = json_type(document, json_get(document, response, "success"));
    const int errors = json_get(document, response, "error"), items = json_get(document, response, "items");
    read_result_list(document, json_get(document, response, "result"), text, result);
    read_object(document, response, text, result);
    if (json_type(document, items) == JSON_ARRAY) {
        read_items(document, items, text, result);
        set_success(result); /* Kiro v2 reports the end of successful calls only; a shell's status was looked at first */
    }
    if (success == JSON_FALSE || (success != JSON_TRUE && json_size(document, errors) > 0))
        set_failure(result, SLICE("tool_error"));
    else if (success == JSON_TRUE)
        set_success(result);
}
