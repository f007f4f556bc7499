/* Success or failure of a tool call, from the forms in which agents tell it. */
#ifndef SPANHOOK_AGENTS_TOOL_RESULT_H
#define SPANHOOK_AGENTS_TOOL_RESULT_H

#include "base/json.h"
#include "trace/op.h"

struct tool_result {
    enum op_result result;
    bool has_exit_code;
    int64_t exit_code;
    struct slice error_type; /* "" without failure; points to constant text or into `text` */
};

/* `response` is Kiro's tool_response: {"success","result"[],"error"[]} (v1), {"items":[{"Text"|"Json"}]} (v2) or prose (v3). What says
 * nothing of success stays OP_RESULT_UNKNOWN. `text` receives decoded strings. */
void tool_result_of_kiro(const struct json *document, int response, struct buffer *text, struct tool_result *result);

#endif
