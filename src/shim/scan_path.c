#include "shim/scan_path.h"

#define KEY(text) {text, sizeof(text) - 1}
#define TEXT(name) MCP_TEXT_##name, MCP_DIGEST_NONE, SCAN_NOWHERE
#define DIGEST(name) MCP_TEXT_NONE, MCP_DIGEST_##name, SCAN_NOWHERE
#define OBJECT(name) MCP_TEXT_NONE, MCP_DIGEST_NONE, SCAN_IN_##name

static const struct scan_path paths[] = {
    {SCAN_IN_MESSAGE, KEY("jsonrpc"), TEXT(JSONRPC)},
    {SCAN_IN_MESSAGE, KEY("id"), MCP_TEXT_ID, MCP_DIGEST_ID, SCAN_NOWHERE},
    {SCAN_IN_MESSAGE, KEY("method"), TEXT(METHOD)},
    {SCAN_IN_MESSAGE, KEY("params"), OBJECT(PARAMS)},
    {SCAN_IN_MESSAGE, KEY("result"), OBJECT(RESULT)},
    {SCAN_IN_MESSAGE, KEY("error"), OBJECT(ERROR)},
    {SCAN_IN_PARAMS, KEY("name"), TEXT(NAME)},
    {SCAN_IN_PARAMS, KEY("uri"), TEXT(URI)},
    {SCAN_IN_PARAMS, KEY("arguments"), DIGEST(ARGUMENTS)},
    {SCAN_IN_PARAMS, KEY("_meta"), OBJECT(META)},
    {SCAN_IN_PARAMS, KEY("requestId"), DIGEST(TARGET)},
    {SCAN_IN_PARAMS, KEY("progressToken"), DIGEST(TOKEN)},
    {SCAN_IN_PARAMS, KEY("progress"), TEXT(PROGRESS)},
    {SCAN_IN_PARAMS, KEY("total"), TEXT(TOTAL)},
    {SCAN_IN_PARAMS, KEY("requestState"), DIGEST(STATE)},
    {SCAN_IN_PARAMS, KEY("protocolVersion"), TEXT(PROTOCOL_VERSION)},
    {SCAN_IN_META, KEY("traceparent"), TEXT(TRACEPARENT)},
    {SCAN_IN_META, KEY("progressToken"), DIGEST(TOKEN)},
    {SCAN_IN_META, KEY("io.modelcontextprotocol/protocolVersion"), TEXT(PROTOCOL_VERSION)},
    {SCAN_IN_META, KEY("io.modelcontextprotocol/subscriptionId"), DIGEST(SUBSCRIPTION)},
    {SCAN_IN_RESULT, KEY("isError"), TEXT(IS_ERROR)},
    {SCAN_IN_RESULT, KEY("resultType"), TEXT(RESULT_TYPE)},
    {SCAN_IN_RESULT, KEY("requestState"), DIGEST(STATE)},
    {SCAN_IN_RESULT, KEY("protocolVersion"), TEXT(PROTOCOL_VERSION)},
    {SCAN_IN_ERROR, KEY("code"), TEXT(ERROR_CODE)},
    {SCAN_IN_ERROR, KEY("message"), TEXT(ERROR_MESSAGE)},
};

const struct scan_path *scan_path_find(enum scan_context context, struct slice key)
{
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (paths[i].context == context && slice_equal(paths[i].key, key))
            return &paths[i];
    return NULL;
}
