/* What can be known of a tool call from its input without keeping any of it. */
#ifndef SPANHOOK_AGENTS_TOOL_INPUT_H
#define SPANHOOK_AGENTS_TOOL_INPUT_H

#include "base/json.h"

/* A digest of the input's meaning: the order of members does not matter, null members and those that change between the two events of one
 * call (__tool_use_purpose, cwd, description, timeout) are left out. 0 for an absent or empty
 * input ({}, [], "", null). `scratch` is used behind its length and left as it was. */
#define TOOL_INPUT_KEY_NOTHING 1 /* there is an input, but nothing in it that counts */
uint64_t tool_input_key(const struct json *document, int input, struct buffer *scratch);

/* The skill that a call reads: of any path member (path, file_path, …, operations[], paths[]) of a call that writes nothing. `name` and
 * `resource` are appended to `text` and point into it. False if none. */
bool tool_input_skill(const struct json *document, int input, struct buffer *text, struct slice *name, struct slice *resource);

/* Server and tool of an MCP tool's name: @server/tool, mcp__server__tool, mcp_server_tool. False for others. */
bool tool_mcp_name(struct slice tool_name, struct slice *server, struct slice *tool);

#endif
