/* The way from client to server: every byte goes on as it came, but for the trace context, which is spliced into params._meta of requests
 * (MCP SEP-414). Sans I/O: bytes in, pieces of bytes out, of which most are those that came in.
 *
 * The splice stands at the end of params._meta, or, where params has no _meta, as a member of that name at the end of params, so that
 * nothing need be kept back to know whether one comes. A traceparent that is there has its span id replaced, in place. Nothing is touched
 * in notifications, answers, batches, requests whose params or _meta is no object, objects of
 * which a key is written with escapes, and where a traceparent is there that is none. Bytes are kept back only while a traceparent comes
 * in, and from a splice on to the end of the line, which then is known to be a request, at most INJECT_HOLD_MAX of them: beyond that it is
 * judged by what has been seen, MCP's own requests by their method, others by method and id. */
#ifndef SPANHOOK_SHIM_INJECT_H
#define SPANHOOK_SHIM_INJECT_H

#include "shim/scan.h"

#define INJECT_HOLD_MAX 4096
#define INJECT_PARTS_MAX 64
#define INJECT_TEXT_MAX 96 /* bytes of one splice */

struct inject_output {
    struct slice parts[INJECT_PARTS_MAX]; /* to be written, in order, before the next call */
    unsigned count;
    size_t length; /* of all parts together */
    char texts[INJECT_PARTS_MAX][INJECT_TEXT_MAX];
    unsigned texts_used;
};

struct inject_client {
    /* The trace that the server is to be told of for this request, of which the method is known; false: none. */
    bool (*trace)(void *context, const struct mcp_message *message, char trace_id[static TRACE_ID_HEX + 1]);
    /* A message has passed, or a line that is none (MCP_FOREIGN). Of requests span_id is set, and trace_id and parent_id where there are
     * any. */
    void (*message)(void *context, struct mcp_message *message);
    void *context;
};

struct inject {
    struct scan scan;
    struct inject_client client;
    /* private */
    bool holding, measuring;
    char insert[INJECT_TEXT_MAX]; /* goes where the hold begins, if it comes to that */
    size_t insert_length, drop;   /* and takes the place of so many bytes */
    char carried[2][INJECT_HOLD_MAX + 1];
    size_t carried_length; /* bytes held from earlier pieces, in carried[carried_in] */
    unsigned carried_in;
};

/* `splice` false: nothing is changed. */
void inject_init(struct inject *inject, enum mcp_direction direction, bool splice, struct inject_client client);
/* Takes bytes, fills `out` anew. Returns how many it took: not all where `out` is full. */
size_t inject_feed(struct inject *inject, struct slice text, struct inject_output *out);
/* No more bytes come: what is held back goes out, and a last line without newline is told of. */
void inject_end(struct inject *inject, struct inject_output *out);

#endif
