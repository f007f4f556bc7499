/* What the shim has seen, as ops: names by the MCP conventions (names.h), error messages redacted and cut, arguments and results never. */
#ifndef SPANHOOK_SHIM_REQUEST_OP_H
#define SPANHOOK_SHIM_REQUEST_OP_H

#include "shim/pending.h"

#define REQUEST_OP_ERROR_CHARACTERS 200

/* How a request ended that was not answered. */
enum request_end {
    REQUEST_CANCELLED,
    REQUEST_ACKNOWLEDGED, /* a subscription is open; what it brings are notifications */
    REQUEST_NO_RESULT,    /* never answered, though the server was there until the client left */
    REQUEST_PROCESS_EXIT  /* the server died */
};

/* Fills the op but for session and agent. Its strings live in `text`, which must not move meanwhile (fixed storage), or in the message.
 * `server`: its name, may be empty; `version`: of the protocol, may be empty. */
#define REQUEST_OP_TEXT_SIZE 8192
void request_op(const struct mcp_message *request, struct slice server, struct slice version, struct op *op, struct buffer *text);
/* The end by a response. */
void response_op(const struct mcp_message *response, const struct pending_request *request, struct op *op, struct buffer *text);
/* The end without one; `status` as of waitpid, for REQUEST_PROCESS_EXIT. */
void request_end_op(const struct pending_request *request, enum request_end end, int status, uint64_t time, uint64_t since_boot,
                    struct op *op);

#endif
