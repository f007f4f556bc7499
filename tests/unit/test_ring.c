#include "shim/ring.h"

#include "check.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static struct ring_event event;

static void make(unsigned number, unsigned length)
{
    memset(&event, 0, sizeof event);
    event.type = RING_MESSAGE;
    event.message.kind = MCP_REQUEST;
    event.message.digests[MCP_DIGEST_ID] = number;
    size_t maximum;
    char *text = mcp_message_storage(&event.message, MCP_TEXT_ERROR_MESSAGE, &maximum);
    event.message.texts[MCP_TEXT_ERROR_MESSAGE].length = (uint16_t)(length % maximum);
    memset(text, 'a' + (int)(number % 26), length % maximum);
}

static bool is(unsigned number, unsigned length)
{
    const struct slice text = mcp_message_raw(&event.message, MCP_TEXT_ERROR_MESSAGE);
    if (event.type != RING_MESSAGE || event.message.digests[MCP_DIGEST_ID] != number || text.length != length % 512)
        return false;
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] != (char)('a' + (int)(number % 26)))
            return false;
    return true;
}

TEST(gives_back_what_was_put)
{
    struct ring *ring = ring_new();
    unsigned put = 0, got = 0;
    CHECK(ring != NULL && !ring_get(ring, &event));
    /* fills it, empties half, many times round */
    for (unsigned round = 0; round < 200; round++) {
        for (;;) {
            make(put, put * 7);
            if (!ring_put(ring, &event))
                break;
            put++;
        }
        for (unsigned half = (put - got) / 2 + 1; half > 0; half--) {
            CHECK(ring_get(ring, &event) && is(got, got * 7));
            got++;
        }
    }
    while (ring_get(ring, &event))
        CHECK(is(got, got * 7) && ++got);
    CHECK_EQ_INT(put, got);
    munmap(ring, sizeof *ring);
}

TEST(wakes_once_per_sleep)
{
    struct ring *ring = ring_new();
    make(1, 1);
    CHECK(!ring_must_wake(ring));
    CHECK(ring_sleep(ring));
    CHECK(ring_put(ring, &event));
    CHECK(ring_must_wake(ring));
    CHECK(!ring_must_wake(ring));
    CHECK(!ring_sleep(ring)); /* something is there */
    munmap(ring, sizeof *ring);
}

TEST(tells_the_trace)
{
    struct ring *ring = ring_new();
    char trace_id[TRACE_ID_HEX + 1];
    bool settled = true;
    CHECK(!ring_told_trace(ring, trace_id, &settled));
    ring_tell_trace(ring, "0123456789abcdef0123456789abcdef", false);
    CHECK(ring_told_trace(ring, trace_id, &settled) && !settled);
    CHECK_EQ_TEXT(slice_of(trace_id), "0123456789abcdef0123456789abcdef");
    /* whoever wrote it has died in between */
    atomic_fetch_add(&ring->told, 1);
    CHECK(!ring_told_trace(ring, trace_id, &settled));
    munmap(ring, sizeof *ring);
}

TEST(lengths_of_a_writer_gone_mad_are_not_believed)
{
    struct ring *ring = ring_new();
    make(1, 300);
    CHECK(ring_put(ring, &event));
    memset(ring->bytes, 0xff, sizeof ring->bytes);
    ring->bytes[0] = ring->bytes[1] = ring->bytes[2] = ring->bytes[3] = 0; /* RING_MESSAGE */
    CHECK(ring_get(ring, &event));
    for (unsigned i = 0; i < MCP_TEXTS; i++) {
        size_t maximum;
        mcp_message_storage(&event.message, (enum mcp_text)i, &maximum);
        CHECK(event.message.texts[i].length <= maximum);
    }
    munmap(ring, sizeof *ring);
}

/* Two processes, as it is used. */
TEST(passes_from_process_to_process)
{
    enum { COUNT = 100000 };
    struct ring *ring = ring_new();
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        for (unsigned i = 0; i < COUNT;) {
            make(i, i);
            if (ring_put(ring, &event))
                i++;
            else
                sched_yield();
        }
        _exit(0);
    }
    unsigned wrong = 0;
    for (unsigned i = 0; i < COUNT;) {
        if (!ring_get(ring, &event)) {
            sched_yield();
            continue;
        }
        wrong += !is(i, i);
        i++;
    }
    CHECK_EQ_INT(wrong, 0);
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    munmap(ring, sizeof *ring);
}

static const struct check_test tests[] = {CASE(gives_back_what_was_put), CASE(wakes_once_per_sleep), CASE(tells_the_trace),
                                          CASE(lengths_of_a_writer_gone_mad_are_not_believed), CASE(passes_from_process_to_process)};
CHECK_MAIN(tests)
