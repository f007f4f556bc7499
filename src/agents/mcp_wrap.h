/* MCP servers in an agent's JSON configuration, and putting `spanhook mcp` in front of them, as pure functions from text to text.
 *
 *   {"command":"npx","args":["-y","x"]}  becomes  {"command":"/abs/spanhook","args":["mcp","--name","KEY","--","npx","-y","x"]}
 *
 * Nothing else of the text changes: the strings move as they are written, the other arguments are not touched, so that taking the
 * wrapping out again gives the same bytes (but for `args` that was not there, see mcp_unwrap).
 *
 * A server is wrapped when its command's base name is "spanhook", its first argument is "mcp", and among its arguments is a "--" that is
 * not an option's value, with something behind it. */
#ifndef SPANHOOK_AGENTS_MCP_WRAP_H
#define SPANHOOK_AGENTS_MCP_WRAP_H

#include "agents/json_edit.h"

#define MCP_SERVERS_MAX 1024
#define MCP_PATH_MAX (JSON_EDIT_PATH_MAX - 3)

/* Where the object of servers stands in the text: for example {"mcpServers"}, at most MCP_PATH_MAX steps, all of them names. */
struct mcp_place {
    const struct json_step *path;
    size_t steps;
};

struct mcp_wrapper {
    struct slice binary; /* absolute path, valid UTF-8 */
    struct slice state;  /* the state folder for --state, valid UTF-8; empty: none */
};

enum mcp_kind {
    MCP_PLAIN,   /* a program of its own, which could be wrapped */
    MCP_WRAPPED,
    MCP_OURS,    /* runs a spanhook, but is no wrapped server */
    MCP_HTTP,    /* no program: a URL */
    MCP_ODD      /* left alone, `why` says what is wrong */
};

struct mcp_server {
    enum mcp_kind kind;
    const char *why;      /* MCP_ODD only; constant */
    struct slice name;    /* decoded, as all that follows */
    struct slice command; /* empty where there is none */
    struct slice behind;  /* MCP_WRAPPED: the server's own program, behind "--" */
    struct slice state;   /* MCP_WRAPPED: the value of --state, empty where there is none */
    const struct json *document;
    int entry;            /* the server's value */
};

/* Calls for each server, in the order of the text; what it is given is valid during the call. A text without servers is success. False
 * with a reason: no valid JSON, a name twice on the way to the servers, something on that way is no object, or more than
 * MCP_SERVERS_MAX servers. */
typedef void mcp_server_visitor(void *context, const struct mcp_server *server);
bool mcp_each_server(struct slice text, const struct mcp_place *place, mcp_server_visitor *visitor, void *context, struct error *error);
/* How many servers are of that kind; 0 where mcp_each_server fails. */
size_t mcp_count(struct slice text, const struct mcp_place *place, enum mcp_kind kind);

/* Appends the text with wrapped servers brought up to date (binary and --state; other options between "mcp" and "--" stay) and, with
 * `all`, the plain ones wrapped. Fails as mcp_each_server does. */
bool mcp_wrap(struct slice text, const struct mcp_place *place, const struct mcp_wrapper *wrapper, bool all, struct buffer *out,
              struct error *error);
/* Appends the text with no server wrapped. `args` that becomes empty goes where `before` (the text before the first wrapping; empty when
 * unknown) has the server without it, and else stays as []. */
bool mcp_unwrap(struct slice text, const struct mcp_place *place, struct slice before, struct buffer *out, struct error *error);
/* False with a reason: there may be wrapped servers among those that mcp_unwrap would leave as they are. */
bool mcp_can_unwrap(struct slice text, const struct mcp_place *place, struct error *error);

#endif
