/* What can be known of a tool call from its input without keeping any of it. */
#ifndef SPANHOOK_AGENTS_TOOL_INPUT_H
#define SPANHOOK_AGENTS_TOOL_INPUT_H

#include "base/json.h"

/* The key of a call's input (trace/input_key.h). */
uint64_t tool_input_key(const struct json *document, int input);

/* The skill that a call reads: of any path member (path, file_path, …, operations[], paths[]) of a call that writes nothing. `name` and
 * `resource` are appended to `text` and point into it. False if none. */
bool tool_input_skill(const struct json *document, int input, struct buffer *text, struct slice *name, struct slice *resource);

/* Server and tool of an MCP tool's name: @server/tool, mcp__server__tool, mcp_server_tool. False for others. */
bool tool_mcp_name(struct slice tool_name, struct slice *server, struct slice *tool);

#endif
