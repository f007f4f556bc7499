#include "shim/pending.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

struct pending_request *pending_add(struct pending *pending, const struct mcp_message *request, uint32_t session)
{
    if (pending->count == pending->capacity) {
        const size_t capacity = pending->capacity ? 2 * pending->capacity : 16;
        struct pending_request *larger = realloc(pending->items, capacity * sizeof *larger);
        if (!larger)
            return NULL;
        pending->items = larger;
        pending->capacity = capacity;
    }
    struct pending_request *added = &pending->items[pending->count++];
    *added = (struct pending_request){.direction = request->direction,
                                      .id = request->digests[MCP_DIGEST_ID],
                                      .token = request->digests[MCP_DIGEST_TOKEN],
                                      .session = session,
                                      .subscribes = mcp_message_is(request, "subscriptions/listen")};
    memcpy(added->span_id, request->span_id, sizeof added->span_id);
    return added;
}

struct pending_request *pending_find(const struct pending *pending, enum mcp_direction direction, uint64_t id)
{
    for (size_t i = 0; i < pending->count && id; i++)
        if (pending->items[i].id == id && pending->items[i].direction == direction)
            return &pending->items[i];
    return NULL;
}

struct pending_request *pending_find_token(const struct pending *pending, enum mcp_direction direction, uint64_t token)
{
    for (size_t i = 0; i < pending->count && token; i++)
        if (pending->items[i].token == token && pending->items[i].direction == direction)
            return &pending->items[i];
    return NULL;
}

struct pending_request *pending_find_subscription(const struct pending *pending, uint64_t id)
{
    for (size_t i = 0; i < pending->count; i++)
        if (pending->items[i].subscribes && (id == 0 || pending->items[i].id == id))
            return &pending->items[i];
    return NULL;
}

void pending_note_progress(struct pending_request *request, const struct op_progress *progress)
{
    if (!request->progress)
        request->progress = calloc(1, sizeof *request->progress);
    struct pending_progress *all = request->progress;
    if (!all)
        return;
    if (all->count == OP_PROGRESS_MAX ||
        (all->count >= PENDING_PROGRESS_FREE &&
         progress->time < all->items[all->count - 1].time + PENDING_PROGRESS_MS * NANOSECONDS_PER_MILLISECOND))
        all->dropped++;
    else
        all->items[all->count++] = *progress;
}

void pending_remove(struct pending *pending, struct pending_request *request)
{
    const size_t index = (size_t)(request - pending->items);
    free(request->progress);
    pending->count--;
    memmove(request, request + 1, (pending->count - index) * sizeof *request);
}

void pending_free(struct pending *pending)
{
    while (pending->count)
        pending_remove(pending, &pending->items[pending->count - 1]);
    free(pending->items);
    *pending = (struct pending){NULL, 0, 0};
}
