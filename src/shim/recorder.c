#include "shim/recorder.h"

#include "base/clock.h"
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LAST_PATIENCE_MS 20

/* In a session of its own, so that no signal to the agent's or our group reaches it. */
static _Noreturn void become(const struct recorder *recorder, int doorbell)
{
    setsid();
    io_leave_standard();
    const int own = dup2(doorbell, 3) == 3 ? 3 : -1;
    io_close_from(4);
    if (own == 3 && chdir("/") == 0)
        recorder_run(recorder->ring, own, recorder->options, recorder->child);
    _exit(0);
}

static bool fork_recorder(struct recorder *recorder)
{
    int doorbell[2];
    recorder->gone = true;
    if (!io_pipe(doorbell))
        return false;
    fcntl(doorbell[1], F_SETFL, O_WRONLY | O_NONBLOCK);
    recorder->pid = fork();
    if (recorder->pid == 0)
        become(recorder, doorbell[0]);
    close(doorbell[0]);
    recorder->doorbell = doorbell[1];
    recorder->gone = recorder->pid < 0;
    if (recorder->gone)
        close(doorbell[1]);
    return !recorder->gone;
}

bool recorder_start(struct recorder *recorder, const struct recorder_options *options, const struct child *child)
{
    memset(recorder, 0, sizeof *recorder);
    recorder->options = options;
    recorder->child = child;
    recorder->patience = RECORDER_FULL_MS;
    recorder->ring = options->off ? NULL : ring_new();
    return fork_recorder(recorder);
}

void recorder_look(struct recorder *recorder)
{
    if (recorder->gone || waitpid(recorder->pid, NULL, WNOHANG) != recorder->pid)
        return;
    close(recorder->doorbell);
    recorder->ring = NULL;
    fork_recorder(recorder);
}

/* ---- traces ----------------------------------------------------------------------------------------------------------------- */

/* What a server does for the agent. The rest are an opening's formalities, which are not worth a trace of their own: until it is known
 * which session this is, servers are not told of one with them. */
static bool is_work(const struct mcp_message *message)
{
    static const char *const methods[] = {"tools/call", "prompts/get", "resources/read", "completion/complete"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (mcp_message_is(message, methods[i]))
            return true;
    return false;
}

bool recorder_trace(struct recorder *recorder, const struct mcp_message *message, char trace_id[static TRACE_ID_HEX + 1])
{
    bool settled;
    if (!recorder->ring)
        return false;
    bool told = ring_told_trace(recorder->ring, trace_id, &settled);
    for (unsigned waited = 0; !told && !recorder->gave_up_waiting && waited < RECORDER_FIRST_TRACE_MS; waited++) {
        clock_sleep_milliseconds(1);
        told = ring_told_trace(recorder->ring, trace_id, &settled);
    }
    recorder->gave_up_waiting |= !told;
    return told && (settled || is_work(message));
}

/* ---- events ----------------------------------------------------------------------------------------------------------------- */

void recorder_wake(struct recorder *recorder)
{
    if (!recorder->gone && write(recorder->doorbell, "", 1) < 0 && errno != EAGAIN && errno != EINTR)
        recorder->gone = true;
}

/* A full ring is waited for, so that a flood is recorded whole where the recorder follows; but one that hangs must not set the pace. So the
 * wait is on account: events that find room earn it back. */
static bool put(struct recorder *recorder)
{
    struct ring *ring = recorder->ring;
    if (!ring || recorder->gone)
        return false;
    bool done = ring_put(ring, &recorder->event);
    while (!done && recorder->patience > 0) {
        if (ring_must_wake(ring))
            recorder_wake(recorder);
        clock_sleep_milliseconds(1);
        recorder->patience--;
        done = ring_put(ring, &recorder->event);
    }
    if (!done)
        atomic_fetch_add(&ring->dropped, 1);
    else if (++recorder->earned % RECORDER_EVENTS_PER_MS == 0 && recorder->patience < RECORDER_FULL_MS)
        recorder->patience++;
    return ring_must_wake(ring);
}

/* Of notifications only those that belong to a request. */
static bool is_wanted(const struct mcp_message *message)
{
    if (message->kind == MCP_REQUEST || message->kind == MCP_RESPONSE)
        return true;
    return message->kind == MCP_NOTIFICATION &&
           (mcp_message_is(message, "notifications/cancelled") || mcp_message_is(message, "notifications/progress") ||
            mcp_message_is(message, "notifications/subscriptions/acknowledged"));
}

bool recorder_take(struct recorder *recorder, const struct mcp_message *message)
{
    if (message->kind == MCP_FOREIGN && recorder->ring)
        atomic_fetch_add_explicit(&recorder->ring->foreign, 1, memory_order_relaxed);
    if (!is_wanted(message))
        return false;
    recorder->event.type = RING_MESSAGE;
    recorder->event.message = *message;
    return put(recorder);
}

static bool put_event(struct recorder *recorder, enum ring_event_type type, int status, uint64_t time, uint64_t since_boot)
{
    /* These few decide how the rest is closed. */
    recorder->patience = recorder->patience > LAST_PATIENCE_MS ? recorder->patience : LAST_PATIENCE_MS;
    recorder->event.type = type;
    recorder->event.status = status;
    recorder->event.time = time;
    recorder->event.since_boot = since_boot;
    return put(recorder);
}

bool recorder_client_closed(struct recorder *recorder, uint64_t time, uint64_t since_boot)
{
    return put_event(recorder, RING_CLIENT_CLOSED, 0, time, since_boot);
}

bool recorder_server_exited(struct recorder *recorder, int status, uint64_t time, uint64_t since_boot)
{
    return put_event(recorder, RING_SERVER_EXITED, status, time, since_boot);
}

void recorder_end(struct recorder *recorder)
{
    if (recorder->gone)
        return;
    put_event(recorder, RING_END, 0, clock_realtime(), clock_since_boot());
    close(recorder->doorbell);
    for (unsigned waited = 0; waited < RECORDER_LAST_MS; waited++) {
        if (waitpid(recorder->pid, NULL, WNOHANG) != 0)
            return;
        clock_sleep_milliseconds(1);
    }
}
