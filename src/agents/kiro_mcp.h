/* The MCP servers of Kiro's configuration: where they stand (mcpServers of settings/mcp.json and of each agent file), what is put in
 * front of them, and what people are told of those that stay as they are. */
#ifndef SPANHOOK_AGENTS_KIRO_MCP_H
#define SPANHOOK_AGENTS_KIRO_MCP_H

#include "agents/kiro_home.h"
#include "agents/mcp_wrap.h"

extern const struct mcp_place kiro_mcp_place;

/* What the wrapping says, for this program in this environment. */
struct kiro_wrapper {
    char binary[PATH_MAX];
    char state[PATH_MAX]; /* "" for the usual folder, which needs no --state */
};
/* `binary` is an absolute path. False: there is no state folder, or a path cannot stand in the configuration. */
bool kiro_wrapper_for(const char *binary, struct kiro_wrapper *wrapper, struct error *error);

/* Appends the text with its servers wrapped, as mcp_wrap; one whose servers cannot be read stays as it is. */
bool kiro_wrap_servers(struct slice text, const struct kiro_wrapper *wrapper, bool all, struct buffer *out, struct error *error);

/* Says which servers stay unwrapped for good: a line of `remarks` for each that is reached over HTTP, a line of `warnings` for each that
 * makes no sense, or for the file. Returns how many servers there are. */
size_t kiro_tell_of_servers(const struct kiro_home *home, const char *path, struct slice text, struct buffer *remarks,
                            struct buffer *warnings);

#endif
