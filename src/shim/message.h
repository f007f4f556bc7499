/* What the shim knows of one JSON-RPC message (MCP, all revisions; JSON-RPC 2.0). Never its arguments or its result: their sizes, and of
 * the arguments a key (trace/input_key.h). */
#ifndef SPANHOOK_SHIM_MESSAGE_H
#define SPANHOOK_SHIM_MESSAGE_H

#include "base/buffer.h"
#include "trace/span.h"

enum mcp_direction { MCP_TO_SERVER, MCP_TO_CLIENT };

enum mcp_kind {
    MCP_FOREIGN, /* no JSON-RPC message */
    MCP_REQUEST,
    MCP_NOTIFICATION,
    MCP_RESPONSE /* with a result or an error */
};

/* Texts that are kept, each up to its bound. */
enum mcp_text {
    MCP_TEXT_ID,
    MCP_TEXT_METHOD,
    MCP_TEXT_NAME, /* params.name: of a tool or a prompt */
    MCP_TEXT_URI,
    MCP_TEXT_TRACEPARENT,
    MCP_TEXT_PROTOCOL_VERSION,
    MCP_TEXT_RESULT_TYPE,
    MCP_TEXT_ERROR_CODE,
    MCP_TEXT_ERROR_MESSAGE,
    MCP_TEXT_PROGRESS,
    MCP_TEXT_TOTAL,
    MCP_TEXT_JSONRPC,
    MCP_TEXT_IS_ERROR, /* of a result */
    MCP_TEXTS,
    MCP_TEXT_NONE = MCP_TEXTS
};

/* Values by which messages find each other, as digests of what they mean (base/json_digest.h); 0: absent. */
enum mcp_digest {
    MCP_DIGEST_ID,
    MCP_DIGEST_TARGET,        /* params.requestId: what is cancelled */
    MCP_DIGEST_TOKEN,         /* progressToken, of a request in _meta, of a notification in params */
    MCP_DIGEST_STATE,         /* requestState, of a result or of the retry */
    MCP_DIGEST_SUBSCRIPTION,  /* _meta.io.modelcontextprotocol/subscriptionId */
    MCP_DIGEST_ARGUMENTS,     /* params.arguments, as an input key */
    MCP_DIGESTS,
    MCP_DIGEST_NONE = MCP_DIGESTS
};

/* Bounds of the texts above, in their order. */
#define MCP_TEXT_MAXIMA {96, 96, 256, 256, 128, 24, 32, 24, 512, 32, 32, 8, 8}
#define MCP_TEXT_STORAGE 1504 /* their sum */

struct mcp_message {
    enum mcp_direction direction;
    enum mcp_kind kind;
    bool in_batch;
    bool failed;     /* has an error */
    bool tool_error; /* result.isError is true */
    bool no_arguments; /* params.arguments are absent or empty */
    uint64_t begun, begun_since_boot; /* ns: when its first byte came */
    uint64_t time, since_boot;        /* ns: when its last byte came */
    uint64_t size;                    /* bytes, without the line's end */
    uint64_t digests[MCP_DIGESTS];
    /* Filled by the forwarder, for requests: */
    char span_id[SPAN_ID_HEX + 1];
    char trace_id[TRACE_ID_HEX + 1];  /* what the receiver was told; "" where it was not */
    char parent_id[SPAN_ID_HEX + 1];  /* of a traceparent that came with it */
    /* Raw JSON: of strings what is between the quotes. Cut texts end anywhere. */
    struct mcp_text_value {
        uint16_t length;
        bool quoted, cut;
    } texts[MCP_TEXTS];
    char storage[MCP_TEXT_STORAGE];
};

/* The text as it was sent. */
struct slice mcp_message_raw(const struct mcp_message *message, enum mcp_text text);
/* Appends it decoded: escapes resolved, what is malformed as U+FFFD, never more than the bound of the text. */
void mcp_message_append_text(const struct mcp_message *message, enum mcp_text text, struct buffer *out);
/* Where the text's bytes are kept, and how many fit. */
char *mcp_message_storage(struct mcp_message *message, enum mcp_text text, size_t *maximum);
/* Whether the method of the message is this one. */
bool mcp_message_is(const struct mcp_message *message, const char *method);

#endif
