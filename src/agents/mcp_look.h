/* A server of a configuration as it was found, with where its parts stand. Private to mcp_servers.c, which finds, and mcp_wrap.c, which
 * edits. */
#ifndef SPANHOOK_AGENTS_MCP_LOOK_H
#define SPANHOOK_AGENTS_MCP_LOOK_H

#include "agents/mcp_wrap.h"

/* Indexes are of the document at hand. */
struct mcp_look {
    struct mcp_server server;
    struct buffer name, command, behind, state;
    int key, args;
    size_t separator;   /* index of "--" */
    size_t name_end;    /* index behind --name and its value, else behind "mcp" */
    size_t state_at;    /* index of the last --state */
    size_t state_count;
    bool state_joined;  /* written as --state=FOLDER */
};

void mcp_look_init(struct mcp_look *look);
void mcp_look_free(struct mcp_look *look);
/* Looks at the server under that key. */
void mcp_look_at(const struct json *document, int servers, int key, struct mcp_look *look);

/* The text as a document, to be released in any case. */
bool mcp_parse(struct json *document, struct slice text, struct error *error);
/* The object of servers, JSON_NONE where there is none. False with a reason: nobody could say which it is. */
bool mcp_find_servers(const struct json *document, const struct mcp_place *place, int *servers, struct error *error);
/* The element or key of that index, or JSON_NONE. */
int mcp_element(const struct json *document, int container, size_t index);

#endif
