/* The open requests of a fold: what the MCP shim has seen pass, and the calls that they carry. Private to the fold. */
#ifndef SPANHOOK_TRACE_FOLD_REQUESTS_H
#define SPANHOOK_TRACE_FOLD_REQUESTS_H

#include "trace/fold_state.h"

bool fold_apply_request(struct fold *fold, const struct op *op, span_sink *sink, void *context);
bool fold_apply_response(struct fold *fold, const struct op *op, span_sink *sink, void *context);

/* The open request that a response belongs to, or NULL. */
struct fold_request *fold_find_request(const struct fold *fold, const struct op *response);
/* Closes all of them without a response. */
bool fold_close_requests(struct fold *fold, uint64_t time, span_sink *sink, void *context);
void fold_requests_free(struct fold *fold);

/* Whether a tool's name as a hook tells it, @server/tool, mcp__server__tool or mcp_server_tool, is this tool of this server. Agents put
 * '_' for characters that they do not allow in names. An empty server is any. */
bool fold_tool_is(struct slice hook_name, struct slice server, struct slice tool);

#endif
