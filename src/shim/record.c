/* The recorder's own process: recorder_run. */
#include "base/clock.h"
#include "shim/recorder.h"
#include "shim/request_op.h"
#include "store/oplog.h"
#include "store/state.h"

#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HELD_MAX 64
#define STATES_MAX 32
#define RETRY_STATE (NANOSECONDS_PER_SECOND)
#define RELAY_EVERY (NANOSECONDS_PER_SECOND)

struct record {
    struct ring *ring;
    int doorbell;
    const struct recorder_options *options;
    const struct child *child;
    struct state state;
    bool has_state, state_is_bad, has_sessions;
    uint64_t state_tried, relay_started; /* ns since boot */
    struct sessions sessions;
    char ops_path[PATH_MAX];
    struct pending pending;
    struct ring_event *held; /* of HELD_MAX: what came before it was known whose it is */
    size_t held_count;
    uint64_t held_since;
    struct {
        uint64_t digest;
        char span_id[SPAN_ID_HEX + 1];
    } states[STATES_MAX]; /* requests that asked for input, by their requestState */
    unsigned state_next;
    char version[32]; /* of the protocol, as the server or a request said last */
    bool client_closed, server_exited, ended;
    int status;
    uint64_t exit_time, exit_since_boot;
    uint32_t told_dropped, told_foreign;
    bool told_settled;
    char told_trace[TRACE_ID_HEX + 1];
};

/* ---- the state folder ------------------------------------------------------------------------------------------------------- */

/* Some agents give their servers nothing but PATH. */
static void set_home(void)
{
    const char *home = getenv("HOME");
    if (home && home[0] == '/')
        return;
    const struct passwd *user = getpwuid(geteuid());
    if (user && user->pw_dir && user->pw_dir[0] == '/')
        setenv("HOME", user->pw_dir, 1);
}

static bool open_state(struct record *record)
{
    const uint64_t now = clock_since_boot();
    struct error error;
    if (record->has_state && !record->state_is_bad)
        return true;
    if (record->state_tried && now - record->state_tried < RETRY_STATE)
        return record->has_state;
    record->state_tried = now;
    if (record->has_state)
        state_close(&record->state);
    record->has_state = false;
    if (!state_open_ops(&record->state, &error)) {
        state_close(&record->state);
        return false;
    }
    record->has_state = true;
    record->state_is_bad = false;
    if (record->has_sessions) {
        /* The folder was made anew; what is known of sessions stays. */
        record->sessions.ops_folder = record->state.folders[STATE_OPS];
        return true;
    }
    record->has_sessions = true;
    struct buffer path;
    buffer_init_fixed(&path, record->ops_path, sizeof record->ops_path);
    buffer_append_text(&path, record->state.path);
    buffer_append_text(&path, "/ops");
    if (!buffer_text(&path))
        record->ops_path[0] = '\0';
    sessions_open(&record->sessions, &record->options->session, record->state.folders[STATE_OPS], record->ops_path);
    return true;
}

static int ops_folder(const struct record *record)
{
    return record->state.folders[STATE_OPS];
}

/* Looks for the session anew and tells the forwarder of its trace. */
static void refresh(struct record *record)
{
    if (!open_state(record))
        return;
    sessions_refresh(&record->sessions, clock_realtime());
    const struct sessions *sessions = &record->sessions;
    if (sessions->current == SESSION_NONE)
        return;
    const struct session *session = &sessions->items[sessions->current];
    if (strcmp(record->told_trace, session->trace_id) == 0 && record->told_settled == sessions->settled)
        return;
    memcpy(record->told_trace, session->trace_id, sizeof record->told_trace);
    record->told_settled = sessions->settled;
    ring_tell_trace(record->ring, session->trace_id, sessions->settled);
}

/* ---- ops -------------------------------------------------------------------------------------------------------------------- */

static void append(struct record *record, struct op *op, uint32_t number)
{
    static char storage[OP_SIZE_MAX];
    struct buffer encoded;
    enum counter lost = COUNTER_DROPPED_SIZE;
    if (!open_state(record) || number >= record->sessions.count)
        return;
    const struct session *session = &record->sessions.items[number];
    op->session_id = slice_of(session->id);
    op->agent = slice_of(session->agent);
    buffer_init_fixed(&encoded, storage, sizeof storage);
    if (op_encode(op, &encoded) && oplog_append(ops_folder(record), session->key, buffer_slice(&encoded), &lost))
        return;
    record->state_is_bad |= lost == COUNTER_DROPPED_IO;
    counter_add(ops_folder(record), lost, 1);
}

/* Where hooks run they start the relay, with the agent's own environment; else somebody must. */
static void see_to_relay(struct record *record)
{
    const struct sessions *sessions = &record->sessions;
    const uint64_t now = clock_since_boot();
    if (!record->has_state || sessions->current == SESSION_NONE || sessions->items[sessions->current].has_hooks || !record->options->start_relay)
        return;
    if (record->relay_started && now - record->relay_started < RELAY_EVERY)
        return;
    record->relay_started = now;
    record->options->start_relay(ops_folder(record));
}

static void end_request(struct record *record, struct pending_request *request, enum request_end end, uint64_t time, uint64_t since_boot)
{
    static struct op op;
    request_end_op(request, end, record->status, time, since_boot, &op);
    append(record, &op, request->session);
    pending_remove(&record->pending, request);
}

/* ---- messages --------------------------------------------------------------------------------------------------------------- */

static void note_version(struct record *record, const struct mcp_message *message)
{
    struct buffer version;
    /* A request of the older revisions says only what its sender would like. */
    if (message->texts[MCP_TEXT_PROTOCOL_VERSION].length == 0 || mcp_message_is(message, "initialize"))
        return;
    buffer_init_fixed(&version, record->version, sizeof record->version);
    mcp_message_append_text(message, MCP_TEXT_PROTOCOL_VERSION, &version);
    if (!buffer_text(&version))
        record->version[0] = '\0';
}

static const char *find_state(const struct record *record, uint64_t digest)
{
    for (unsigned i = 0; digest && i < STATES_MAX; i++)
        if (record->states[i].digest == digest)
            return record->states[i].span_id;
    return NULL;
}

static void remember_state(struct record *record, uint64_t digest, const char *span_id)
{
    record->states[record->state_next].digest = digest;
    memcpy(record->states[record->state_next].span_id, span_id, SPAN_ID_HEX + 1);
    record->state_next = (record->state_next + 1) % STATES_MAX;
}

static void take_request(struct record *record, const struct mcp_message *message)
{
    static char storage[REQUEST_OP_TEXT_SIZE];
    static struct op op;
    struct buffer text;
    uint32_t session = SESSION_NONE;

    if (open_state(record)) {
        /* The server has been told of a trace: whose it was then, the request is. */
        if (!message->parent_id[0])
            session = sessions_of_trace(&record->sessions, message->trace_id);
        if (session == SESSION_NONE)
            session = record->sessions.current;
    }
    if (record->pending.count == PENDING_MAX)
        end_request(record, &record->pending.items[0], REQUEST_NO_RESULT, message->begun, message->begun_since_boot);
    const struct pending_request *added = pending_add(&record->pending, message, session);
    buffer_init_fixed(&text, storage, sizeof storage);
    note_version(record, message);
    request_op(message, record->options->server, slice_of(record->version), &op, &text);
    const char *link = find_state(record, message->digests[MCP_DIGEST_STATE]);
    if (link)
        op.link = slice_of(link);
    if (added)
        append(record, &op, session);
}

static void take_response(struct record *record, const struct mcp_message *message)
{
    static char storage[REQUEST_OP_TEXT_SIZE];
    static struct op op;
    struct buffer text;
    const enum mcp_direction asked = message->direction == MCP_TO_CLIENT ? MCP_TO_SERVER : MCP_TO_CLIENT;
    struct pending_request *request = pending_find(&record->pending, asked, message->digests[MCP_DIGEST_ID]);

    note_version(record, message);
    if (!request)
        return;
    buffer_init_fixed(&text, storage, sizeof storage);
    response_op(message, request, &op, &text);
    if (message->digests[MCP_DIGEST_STATE])
        remember_state(record, message->digests[MCP_DIGEST_STATE], request->span_id);
    append(record, &op, request->session);
    pending_remove(&record->pending, request);
}

static void take_progress(struct record *record, const struct mcp_message *message)
{
    const enum mcp_direction asked = message->direction == MCP_TO_CLIENT ? MCP_TO_SERVER : MCP_TO_CLIENT;
    struct pending_request *request = pending_find_token(&record->pending, asked, message->digests[MCP_DIGEST_TOKEN]);
    struct op_progress progress = {.time = message->time};
    jsmntok_t token;
    struct json number;
    if (!request || !json_parse(&number, mcp_message_raw(message, MCP_TEXT_PROGRESS), &token, 1) || !json_double(&number, 0, &progress.progress))
        return;
    progress.has_total = json_parse(&number, mcp_message_raw(message, MCP_TEXT_TOTAL), &token, 1) && json_double(&number, 0, &progress.total);
    pending_note_progress(request, &progress);
}

static void take_notification(struct record *record, const struct mcp_message *message)
{
    struct pending_request *request = NULL;
    enum request_end end = REQUEST_CANCELLED;
    if (mcp_message_is(message, "notifications/progress")) {
        take_progress(record, message);
        return;
    }
    if (mcp_message_is(message, "notifications/cancelled")) {
        /* Who asked cancels; a server of 2026-07-28 may also end a subscription so. */
        request = pending_find(&record->pending, message->direction, message->digests[MCP_DIGEST_TARGET]);
        if (!request && message->direction == MCP_TO_CLIENT)
            request = pending_find(&record->pending, MCP_TO_SERVER, message->digests[MCP_DIGEST_TARGET]);
    } else if (message->direction == MCP_TO_CLIENT) {
        request = pending_find_subscription(&record->pending, message->digests[MCP_DIGEST_SUBSCRIPTION]);
        end = REQUEST_ACKNOWLEDGED;
    }
    if (request)
        end_request(record, request, end, message->time, message->since_boot);
}

static void take_message(struct record *record, const struct mcp_message *message)
{
    if (message->kind == MCP_REQUEST)
        take_request(record, message);
    else if (message->kind == MCP_RESPONSE)
        take_response(record, message);
    else
        take_notification(record, message);
}

/* ---- events ----------------------------------------------------------------------------------------------------------------- */

static void release_held(struct record *record)
{
    for (size_t i = 0; i < record->held_count; i++)
        take_message(record, &record->held[i].message);
    record->held_count = 0;
    free(record->held);
    record->held = NULL;
}

/* From now on it is no guess any more. */
static void settle(struct record *record)
{
    sessions_settle(&record->sessions);
    refresh(record);
    release_held(record);
}

/* The first messages of a server come when it starts, and hooks may tell a moment later which session that is. */
static bool hold(struct record *record, const struct ring_event *event)
{
    if (!record->has_state || record->sessions.settled)
        return false;
    if (!record->held) {
        record->held = malloc(HELD_MAX * sizeof *record->held);
        record->held_since = clock_since_boot();
    }
    if (!record->held || record->held_count == HELD_MAX ||
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
            take_message(record, &event->message);
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
        counter_add(ops_folder(record), COUNTER_MCP_DROPPED, dropped - record->told_dropped);
    if (foreign != record->told_foreign)
        counter_add(ops_folder(record), COUNTER_MCP_FOREIGN, foreign - record->told_foreign);
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
    if (some) {
        /* The first op of a session makes its trace, which may have been a guess until then. */
        if (record->has_state && record->sessions.settled)
            see_to_relay(record);
        count_losses(record);
    }
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
        end_request(record, request, died && request->direction == MCP_TO_SERVER ? REQUEST_PROCESS_EXIT : REQUEST_NO_RESULT, time, since_boot);
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
        refresh(record);
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
    set_home();
    if (options->state)
        setenv("SPANHOOK_HOME", options->state, 1);
    refresh(&record);
    while (!record.ended) {
        if (drain(&record))
            clock_sleep_milliseconds(RECORDER_PAUSE_MS);
        else if (!wait_for_news(&record))
            break;
    }
    while (drain(&record))
        continue;
    if (record.has_state)
        settle(&record);
    close_requests(&record);
    count_losses(&record);
    end_orphans(&record);
}
