/* The requests that wait for their answer, in the order they came. Ids are told apart by who asks, and kept as digests of what they mean;
 * of equal ones the oldest is answered first (JSON-RPC forbids them, clients use them). */
#ifndef SPANHOOK_SHIM_PENDING_H
#define SPANHOOK_SHIM_PENDING_H

#include "shim/message.h"
#include "trace/op.h"

#define PENDING_MAX 1024          /* requests; beyond, the oldest counts as never answered */
#define PENDING_PROGRESS_FREE 16  /* reports of progress that are kept however quickly they come; */
#define PENDING_PROGRESS_MS 100   /* of later ones this far apart, up to OP_PROGRESS_MAX */

struct pending_request {
    enum mcp_direction direction;
    uint64_t id, token; /* digests */
    char span_id[SPAN_ID_HEX + 1];
    uint32_t session;   /* whose number means something to the caller */
    bool subscribes;    /* subscriptions/listen */
    struct pending_progress {
        unsigned count, dropped;
        struct op_progress items[OP_PROGRESS_MAX];
    } *progress; /* NULL: none came */
};

struct pending {
    struct pending_request *items;
    size_t count, capacity;
};

/* NULL without memory. The pointer holds until the next change. */
struct pending_request *pending_add(struct pending *pending, const struct mcp_message *request, uint32_t session);
/* The oldest with this id; NULL: none. */
struct pending_request *pending_find(const struct pending *pending, enum mcp_direction direction, uint64_t id);
struct pending_request *pending_find_token(const struct pending *pending, enum mcp_direction direction, uint64_t token);
/* The one that a message of the server acknowledges: by its id where it is told, else the oldest that subscribes. */
struct pending_request *pending_find_subscription(const struct pending *pending, uint64_t id);
void pending_note_progress(struct pending_request *request, const struct op_progress *progress);
void pending_remove(struct pending *pending, struct pending_request *request);
void pending_free(struct pending *pending);

#endif
