#include "agents/kiro_mcp.h"

#include "base/utf8.h"
#include "store/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct json_step servers_path[] = {{.name = "mcpServers"}};
const struct mcp_place kiro_mcp_place = {servers_path, 1};

static bool is_plain_text(const char *text)
{
    const struct slice all = slice_of(text);
    for (size_t i = 0, step; i < all.length; i += step) {
        step = utf8_decode(slice_part(all, i, all.length), NULL);
        if (step == 0 || (unsigned char)all.data[i] < 0x20 || all.data[i] == 0x7f)
            return false;
    }
    return true;
}

/* An agent hands HOME to its MCP servers, but not SPANHOOK_HOME or XDG_STATE_HOME. */
static bool find_state(char path[static PATH_MAX], struct error *error)
{
    struct state state;
    char usual[PATH_MAX];
    const char *home = getenv("HOME");
    if (!state_locate(&state, error))
        return false;
    size_t length = home && home[0] == '/' ? strlen(home) : 0;
    while (length > 1 && home[length - 1] == '/')
        length--;
    const int written = snprintf(usual, sizeof(usual), "%.*s/.local/state/spanhook", (int)length, length ? home : "");
    const bool is_usual = length > 0 && written > 0 && written < (int)sizeof(usual) && strcmp(usual, state.path) == 0;
    (void)snprintf(path, PATH_MAX, "%s", is_usual ? "" : state.path);
    return is_plain_text(path) ||
           error_set(error, "the state folder's path has control characters or is not UTF-8, which an MCP configuration cannot hold");
}

bool kiro_wrapper_for(const char *binary, struct kiro_wrapper *wrapper, struct error *error)
{
    (void)snprintf(wrapper->binary, sizeof(wrapper->binary), "%s", binary);
    if (!is_plain_text(binary))
        return error_set(error, "the binary's path has control characters or is not UTF-8, which MCP configurations cannot hold; move it");
    if (strchr(binary, '$'))
        return error_set(error, "the binary's path has a $, which Kiro would expand in the command of an MCP server; move it");
    return find_state(wrapper->state, error);
}

bool kiro_wrap_servers(struct slice text, const struct kiro_wrapper *wrapper, bool all, struct buffer *out, struct error *error)
{
    const struct mcp_wrapper how = {slice_of(wrapper->binary), slice_of(wrapper->state)};
    if (mcp_count(text, &kiro_mcp_place, MCP_WRAPPED) == 0 && !(all && mcp_count(text, &kiro_mcp_place, MCP_PLAIN) > 0)) {
        buffer_append_slice(out, text);
        return !out->failed || error_set(error, "no memory");
    }
    return mcp_wrap(text, &kiro_mcp_place, &how, all, out, error);
}

struct telling {
    const struct kiro_home *home;
    const char *path;
    struct buffer *remarks, *warnings;
    size_t servers;
};

static void tell(void *context, const struct mcp_server *server)
{
    struct telling *telling = context;
    struct buffer *out = server->kind == MCP_HTTP ? telling->remarks : telling->warnings;
    telling->servers++;
    if (server->kind != MCP_HTTP && server->kind != MCP_ODD)
        return;
    buffer_append_text(out, server->kind == MCP_HTTP ? "note       " : "warning: ");
    kiro_show_path(out, telling->home, telling->path);
    buffer_append_text(out, ": the MCP server ");
    append_visible(out, slice_part(server->name, 0, 200));
    if (server->kind == MCP_HTTP)
        buffer_append_text(out, " is reached over HTTP and cannot be wrapped\n");
    else
        buffer_append_format(out, " stays as it is: %s\n", server->why);
}

size_t kiro_tell_of_servers(const struct kiro_home *home, const char *path, struct slice text, struct buffer *remarks,
                            struct buffer *warnings)
{
    struct telling telling = {.home = home, .path = path, .remarks = remarks, .warnings = warnings};
    struct error why;
    if (!mcp_each_server(text, &kiro_mcp_place, tell, &telling, &why)) {
        buffer_append_text(warnings, "warning: ");
        kiro_show_path(warnings, home, path);
        buffer_append_format(warnings, ": %s; its MCP servers stay as they are\n", why.text);
    }
    return telling.servers;
}
