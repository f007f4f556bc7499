#include "shim/ring.h"

#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

struct ring *ring_new(void)
{
    struct ring *ring = mmap(NULL, sizeof *ring, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return ring == MAP_FAILED ? NULL : ring;
}

/* ---- bytes ------------------------------------------------------------------------------------------------------------------ */

static void copy_in(struct ring *ring, uint32_t *at, const void *data, size_t length)
{
    const size_t offset = *at % RING_SIZE, first = RING_SIZE - offset < length ? RING_SIZE - offset : length;
    memcpy(ring->bytes + offset, data, first);
    memcpy(ring->bytes, (const char *)data + first, length - first);
    *at += (uint32_t)length;
}

static void copy_out(const struct ring *ring, uint32_t *at, void *data, size_t length)
{
    const size_t offset = *at % RING_SIZE, first = RING_SIZE - offset < length ? RING_SIZE - offset : length;
    memcpy(data, ring->bytes + offset, first);
    memcpy((char *)data + first, ring->bytes, length - first);
    *at += (uint32_t)length;
}

/* ---- events ----------------------------------------------------------------------------------------------------------------- */

/* What is copied of an event that has no message, and of one that has, before its texts. */
#define PLAIN_SIZE offsetof(struct ring_event, message)
#define HEAD_SIZE (PLAIN_SIZE + offsetof(struct mcp_message, storage))

bool ring_put(struct ring *ring, const struct ring_event *event)
{
    const uint32_t taken = atomic_load_explicit(&ring->taken, memory_order_acquire);
    uint32_t at = atomic_load_explicit(&ring->written, memory_order_relaxed);
    size_t size = PLAIN_SIZE;
    if (event->type == RING_MESSAGE) {
        size = HEAD_SIZE;
        for (unsigned i = 0; i < MCP_TEXTS; i++)
            size += event->message.texts[i].length;
    }
    if (size > RING_SIZE - (at - taken))
        return false;
    copy_in(ring, &at, event, event->type == RING_MESSAGE ? HEAD_SIZE : PLAIN_SIZE);
    for (unsigned i = 0; event->type == RING_MESSAGE && i < MCP_TEXTS; i++) {
        const struct slice text = mcp_message_raw(&event->message, (enum mcp_text)i);
        copy_in(ring, &at, text.data, text.length);
    }
    atomic_store_explicit(&ring->written, at, memory_order_seq_cst);
    return true;
}

bool ring_must_wake(struct ring *ring)
{
    return atomic_load(&ring->asleep) != 0 && atomic_exchange(&ring->asleep, 0) != 0;
}

/* The writer is another process, and may have died: lengths are looked at before they are believed. */
bool ring_get(struct ring *ring, struct ring_event *event)
{
    const uint32_t written = atomic_load_explicit(&ring->written, memory_order_acquire);
    uint32_t at = atomic_load_explicit(&ring->taken, memory_order_relaxed);
    if (at == written)
        return false;
    copy_out(ring, &at, event, PLAIN_SIZE);
    if (event->type == RING_MESSAGE) {
        copy_out(ring, &at, &event->message, HEAD_SIZE - PLAIN_SIZE);
        for (unsigned i = 0; i < MCP_TEXTS; i++) {
            size_t maximum;
            char *storage = mcp_message_storage(&event->message, (enum mcp_text)i, &maximum);
            if (event->message.texts[i].length > maximum)
                event->message.texts[i].length = (uint16_t)maximum;
            copy_out(ring, &at, storage, event->message.texts[i].length);
        }
    }
    atomic_store_explicit(&ring->taken, at, memory_order_release);
    return true;
}

bool ring_sleep(struct ring *ring)
{
    atomic_store(&ring->asleep, 1);
    if (atomic_load(&ring->written) == atomic_load(&ring->taken))
        return true;
    atomic_store(&ring->asleep, 0);
    return false;
}

/* ---- the trace -------------------------------------------------------------------------------------------------------------- */

void ring_tell_trace(struct ring *ring, const char *trace_id, bool settled)
{
    const uint32_t before = atomic_load(&ring->told);
    atomic_store(&ring->told, before + 1);
    atomic_thread_fence(memory_order_seq_cst);
    memcpy(ring->trace_id, trace_id, sizeof ring->trace_id);
    ring->settled = settled;
    atomic_thread_fence(memory_order_seq_cst);
    /* 0 means that nothing was told */
    atomic_store(&ring->told, before + 2 ? before + 2 : 2);
}

bool ring_told_trace(const struct ring *ring, char trace_id[static TRACE_ID_HEX + 1], bool *settled)
{
    /* A writer that died in between leaves it odd for good. */
    for (unsigned try = 0; try < 100; try++) {
        const uint32_t before = atomic_load(&ring->told);
        if (before == 0)
            return false;
        memcpy(trace_id, ring->trace_id, sizeof ring->trace_id);
        *settled = ring->settled;
        atomic_thread_fence(memory_order_seq_cst);
        if (before % 2 == 0 && atomic_load(&ring->told) == before)
            return true;
    }
    return false;
}
