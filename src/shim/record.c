/* The recorder's own process: recorder_run. */
#include "shim/record.h"

#include "base/clock.h"
#include "store/counters.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define RELAY_EVERY NANOSECONDS_PER_SECOND

/* ---- the relay --------------------------------------------------------------------------------------------------------------- */

/* Where hooks run they start the relay, with the agent's own environment; else somebody must. */
static void see_to_relay(struct record *record)
{
    const struct sessions *sessions = &record->sessions;
    const uint64_t now = clock_since_boot();
    if (!record->has_state || sessions->current == SESSION_NONE || sessions->items[sessions->current].has_hooks)
        return;
    if (record->relay_started && now - record->relay_started < RELAY_EVERY)
        return;
    record->relay_started = now;
    record->options->start_relay(record_ops_folder(record));
}

/* ---- events ----------------------------------------------------------------------------------------------------------------- */

static void release_held(struct record *record)
{
    for (size_t i = 0; i < record->held_count; i++)
        record_take_message(record, &record->held[i].message);
    record->held_count = 0;
    free(record->held);
    record->held = NULL;
}

/* From now on it is no guess any more. */
static void settle(struct record *record)
{
    sessions_settle(&record->sessions);
    record_refresh(record);
    release_held(record);
    oplog_stream_end(&record->stream);
}

/* The first messages of a server come when it starts, and hooks may tell a moment later which session that is. */
static bool hold(struct record *record, const struct ring_event *event)
{
    if (!record->has_state || record->sessions.settled)
        return false;
    if (!record->held) {
        record->held = malloc(RECORD_HELD_MAX * sizeof *record->held);
        record->held_since = clock_since_boot();
    }
    if (!record->held || record->held_count == RECORD_HELD_MAX ||
        (event->message.kind == MCP_REQUEST && mcp_message_is(&event->message, "tools/call"))) {
        settle(record);
        return false;
    }
    record->held[record->held_count++] = *event;
    return true;
}

static void take_event(struct record *record, const struct ring_event *event)
{
    switch ((enum ring_event_type)event->type) {
    case RING_MESSAGE:
        if (!hold(record, event))
            record_take_message(record, &event->message);
        break;
    case RING_CLIENT_CLOSED:
        record->client_closed |= !record->server_exited;
        break;
    case RING_SERVER_EXITED:
        record->server_exited = true;
        record->status = event->status;
        record->exit_time = event->time;
        record->exit_since_boot = event->since_boot;
        break;
    case RING_END:
        record->ended = true;
        break;
    }
}

static void count_losses(struct record *record)
{
    const uint32_t dropped = atomic_load(&record->ring->dropped), foreign = atomic_load(&record->ring->foreign);
    if (!record->has_state)
        return;
    if (dropped != record->told_dropped)
        counter_add(record_ops_folder(record), COUNTER_MCP_DROPPED, dropped - record->told_dropped);
    if (foreign != record->told_foreign)
        counter_add(record_ops_folder(record), COUNTER_MCP_FOREIGN, foreign - record->told_foreign);
    record->told_dropped = dropped;
    record->told_foreign = foreign;
}

static bool drain(struct record *record)
{
    static struct ring_event event;
    bool some = false;
    while (ring_get(record->ring, &event)) {
        take_event(record, &event);
        some = true;
    }
    oplog_stream_end(&record->stream);
    if (some) {
        /* The first op of a session makes its trace, which may have been a guess until then. */
        if (record->has_state && record->sessions.settled)
            see_to_relay(record);
        count_losses(record);
    }
    /* relays that have been started, and their starters */
    while (waitpid(-1, NULL, WNOHANG) > 0)
        continue;
    return some;
}

/* ---- the end ---------------------------------------------------------------------------------------------------------------- */

static void close_requests(struct record *record)
{
    const bool died = record->server_exited && !record->client_closed;
    const uint64_t time = record->server_exited ? record->exit_time : clock_realtime();
    const uint64_t since_boot = record->server_exited ? record->exit_since_boot : clock_since_boot();
    while (record->pending.count) {
        struct pending_request *request = &record->pending.items[0];
        const bool unanswered = died && request->direction == MCP_TO_SERVER;
        record_end_request(record, request, unanswered ? REQUEST_PROCESS_EXIT : REQUEST_NO_RESULT, time, since_boot);
    }
}

/* Who was killed has left its server running. */
static void end_orphans(const struct record *record)
{
    const uint64_t begun = clock_since_boot();
    if (!child_group_lives(record->child))
        return;
    child_signal(record->child, SIGTERM);
    while (child_group_lives(record->child)) {
        if (clock_since_boot() - begun > RECORDER_ORPHANS_MS * NANOSECONDS_PER_MILLISECOND) {
            child_signal(record->child, SIGKILL);
            return;
        }
        clock_sleep_milliseconds(20);
    }
}

/* ---- the loop --------------------------------------------------------------------------------------------------------------- */

static int patience(const struct record *record)
{
    if (record->held_count) {
        const uint64_t passed = (clock_since_boot() - record->held_since) / NANOSECONDS_PER_MILLISECOND;
        return passed >= RECORDER_UNSETTLED_MS ? 0 : (int)(RECORDER_UNSETTLED_MS - passed) + 1;
    }
    return record->has_state && record->sessions.watch.descriptor >= 0 ? -1 : WATCH_LOOK_MS;
}

/* False: the forwarder has ended. */
static bool wait_for_news(struct record *record)
{
    struct pollfd watched[2] = {{.fd = record->doorbell, .events = POLLIN},
                                {.fd = record->has_state ? record->sessions.watch.descriptor : -1, .events = POLLIN}};
    char rings[64];
    bool lives = true;
    if (!ring_sleep(record->ring))
        return true;
    const int ready = poll(watched, 2, patience(record));
    atomic_store(&record->ring->asleep, 0);
    if (watched[0].revents)
        lives = read(record->doorbell, rings, sizeof rings) > 0;
    if (watched[1].revents)
        watch_drain(&record->sessions.watch);
    if (watched[1].revents || (ready == 0 && (!record->has_state || record->sessions.watch.descriptor < 0)))
        record_refresh(record);
    if (record->held_count &&
        (record->sessions.settled || clock_since_boot() - record->held_since >= RECORDER_UNSETTLED_MS * NANOSECONDS_PER_MILLISECOND))
        settle(record);
    return lives;
}

void recorder_run(struct ring *ring, int doorbell, const struct recorder_options *options, const struct child *child)
{
    static struct record record;
    record.ring = ring;
    record.doorbell = doorbell;
    record.options = options;
    record.child = child;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    if (!ring) {
        char rings[64];
        while (read(doorbell, rings, sizeof rings) > 0)
            continue;
        end_orphans(&record);
        return;
    }
    record_begin(&record);
    while (!record.ended) {
        if (drain(&record))
            clock_sleep_milliseconds(RECORDER_PAUSE_MS);
        else if (!wait_for_news(&record))
            break;
    }
    while (drain(&record))
        continue;
    if (record.held_count)
        settle(&record);
    close_requests(&record);
    oplog_stream_end(&record.stream);
    count_losses(&record);
    end_orphans(&record);
    pending_free(&record.pending);
    if (record.has_sessions)
        sessions_close(&record.sessions);
}
