#include "shim/session.h"

#include "base/clock.h"
#include "store/agent_log.h"
#include "trace/ids.h"

#include <stdlib.h>
#include <string.h>

#define PLAIN_AGENT "mcp" /* where nobody says which agent it is */
#define SESSIONS_KEPT 16  /* whose logs are not read again when an agent goes to and fro between them */

/* ---- the list --------------------------------------------------------------------------------------------------------------- */

static uint32_t find_or_add(struct sessions *sessions, struct slice id, struct slice agent)
{
    id = slice_part(id, 0, OP_SESSION_ID_MAX);
    for (uint32_t i = 0; i < sessions->count; i++)
        if (slice_equal(slice_of(sessions->items[i].id), id))
            return i;
    if (id.length == 0 || memchr(id.data, '\0', id.length))
        return SESSION_NONE;
    if (sessions->count == SESSIONS_MAX)
        return sessions->count - 1;
    if (sessions->count == sessions->capacity) {
        const uint32_t capacity = sessions->capacity ? 2 * sessions->capacity : 4;
        struct session *larger = realloc(sessions->items, capacity * sizeof *larger);
        if (!larger)
            return sessions->count ? sessions->count - 1 : SESSION_NONE;
        sessions->items = larger;
        sessions->capacity = capacity;
    }
    struct session *session = &sessions->items[sessions->count];
    memset(session, 0, sizeof *session);
    memcpy(session->id, id.data, id.length);
    agent = slice_part(agent.length ? agent : SLICE(PLAIN_AGENT), 0, OP_AGENT_MAX);
    memcpy(session->agent, agent.data, agent.length);
    session_key(id, session->key);
    return sessions->count++;
}

/* ---- what hooks have told --------------------------------------------------------------------------------------------------- */

struct reading {
    struct sessions *sessions;
    size_t ancestor;
    struct buffer text;
    jsmntok_t tokens[OP_TOKENS_MAX];
};

static void remember_news(struct sessions *sessions, size_t ancestor, uint32_t session, uint64_t time)
{
    const unsigned size = sizeof sessions->news / sizeof *sessions->news;
    sessions->news[sessions->news_next].time = time;
    sessions->news[sessions->news_next].session = session;
    sessions->news[sessions->news_next].ancestor = ancestor;
    sessions->news_next = (sessions->news_next + 1) % size;
}

static bool take_news(void *context, struct slice payload, uint64_t end)
{
    struct reading *reading = context;
    struct op op;
    (void)end;
    buffer_clear(&reading->text);
    if (op_decode(payload, &op, &reading->text, reading->tokens)) {
        const uint32_t session = find_or_add(reading->sessions, op.session_id, op.agent);
        if (session != SESSION_NONE) {
            reading->sessions->ancestors[reading->ancestor].session = session;
            remember_news(reading->sessions, reading->ancestor, session, op.time);
        }
    }
    return true;
}

/* The session that the hooks of the nearest ancestor have told of last. */
static uint32_t ask_ancestors(struct sessions *sessions)
{
    struct reading reading = {.sessions = sessions};
    uint32_t found = SESSION_NONE;
    buffer_init(&reading.text, 4 * OP_SIZE_MAX);
    for (size_t i = 0; i < sessions->options->ancestor_count && found == SESSION_NONE; i++) {
        reading.ancestor = i;
        if (!sessions->ancestors[i].watched)
            sessions->ancestors[i].watched = watch_file(&sessions->watch, sessions->ops_path, sessions->ancestors[i].log);
        oplog_read(sessions->ops_folder, sessions->ancestors[i].log, &sessions->ancestors[i].offset, take_news, &reading, NULL, NULL);
        found = sessions->ancestors[i].session;
    }
    buffer_free(&reading.text);
    return found;
}

/* The agent: the nearest ancestor that is no shell. */
static size_t find_agent(const struct session_options *options)
{
    size_t i = 0;
    while (i + 1 < options->ancestor_count && options->ancestors[i].shell)
        i++;
    return i;
}

static uint32_t own_session(struct sessions *sessions)
{
    const struct session_options *options = sessions->options;
    const size_t i = find_agent(options);
    const struct slice id = options->ancestor_count ? slice_of(options->ancestors[i].identity) : SLICE("pid-unknown");
    return find_or_add(sessions, id, SLICE(PLAIN_AGENT));
}

/* ---- the trace -------------------------------------------------------------------------------------------------------------- */

struct following {
    struct session *session;
    struct buffer text;
    jsmntok_t tokens[OP_TOKENS_MAX];
};

static bool leave_span(void *context, const struct resource *resource, const struct span *span)
{
    (void)context, (void)resource, (void)span;
    return true;
}

static bool is_kind(struct slice payload, struct slice start)
{
    const struct slice before = SLICE("{\"v\":1,\"op\":\"");
    return slice_starts_with(payload, before) && slice_starts_with(slice_part(payload, before.length, payload.length), start);
}

/* A log may be long, and of its ops only few begin a trace or make it the hooks': the first one, the first one of a hook, and starts of the
 * agent. */
static bool may_decide(const struct session *session, struct slice payload)
{
    const bool by_hook = !is_kind(payload, SLICE("re")) && !is_kind(payload, SLICE("idle")) && !is_kind(payload, SLICE("settle"));
    return !fold_trace_id(session->fold)[0] || (by_hook && !session->has_hooks) || is_kind(payload, SLICE("session"));
}

static bool is_by_hook(enum op_kind kind)
{
    return kind != OP_REQUEST && kind != OP_RESPONSE && kind != OP_IDLE && kind != OP_SETTLE;
}

static bool follow_op(void *context, struct slice payload, uint64_t end)
{
    struct following *following = context;
    struct op op;
    (void)end;
    buffer_clear(&following->text);
    if (may_decide(following->session, payload) && op_decode(payload, &op, &following->text, following->tokens)) {
        following->session->has_hooks |= is_by_hook(op.kind);
        fold_apply(following->session->fold, &op, leave_span, NULL);
    }
    return true;
}

/* The second in the id of a trace that nobody has begun: the agent's start, so that all its servers are told the same; of an agent that is
 * older than a day now, as backends refuse traces that begin long ago. */
static uint32_t guess_second(const struct session_options *options, uint64_t now)
{
    const uint64_t passed = clock_since_boot(), day = 24 * 3600 * NANOSECONDS_PER_SECOND;
    const uint64_t started = options->ancestor_count ? options->ancestors[find_agent(options)].started : 0;
    if (started && started <= passed && passed - started < day && passed < now)
        now = now - passed + started;
    return (uint32_t)(now / NANOSECONDS_PER_SECOND);
}

/* The trace is what the fold says of the session's log, here as in the relay. */
static void follow(struct sessions *sessions, struct session *session, uint64_t now)
{
    struct following following = {.session = session};
    char log[OPLOG_NAME_MAX];
    if (!session->fold) {
        session->fold = fold_new((struct fold_options){.root_once = true});
        session->offset = 0;
    }
    if (session->fold) {
        buffer_init(&following.text, 4 * OP_SIZE_MAX);
        oplog_name(session->key, ".log", log);
        oplog_read(sessions->ops_folder, log, &session->offset, follow_op, &following, NULL, NULL);
        buffer_free(&following.text);
    }
    const char *trace_id = session->fold ? fold_trace_id(session->fold) : "";
    if (trace_id[0])
        memcpy(session->trace_id, trace_id, sizeof session->trace_id);
    else if (!session->trace_id[0])
        trace_id_make(guess_second(sessions->options, now), slice_of(session->id), session->trace_id);
}

static void remember_trace(struct sessions *sessions)
{
    const unsigned size = sizeof sessions->traces / sizeof *sessions->traces;
    const struct session *session = &sessions->items[sessions->current];
    if (sessions_of_trace(sessions, session->trace_id) == sessions->current)
        return;
    memcpy(sessions->traces[sessions->trace_next % size].trace_id, session->trace_id, sizeof session->trace_id);
    sessions->traces[sessions->trace_next % size].session = sessions->current;
    sessions->trace_next = (sessions->trace_next + 1) % size;
}

bool sessions_has_begun(const struct sessions *sessions, uint32_t session)
{
    const struct fold *fold = sessions->items[session].fold;
    return !fold || fold_trace_id(fold)[0] != '\0';
}

uint32_t sessions_of_trace(const struct sessions *sessions, const char *trace_id)
{
    for (size_t i = 0; i < sizeof sessions->traces / sizeof *sessions->traces; i++)
        if (trace_id[0] && strcmp(sessions->traces[i].trace_id, trace_id) == 0)
            return sessions->traces[i].session;
    return SESSION_NONE;
}

uint32_t sessions_at(const struct sessions *sessions, uint64_t time)
{
    const unsigned size = sizeof sessions->news / sizeof *sessions->news;
    size_t nearest = SIZE_MAX;
    uint64_t latest = 0;
    uint32_t found = SESSION_NONE;
    if (sessions->options->id[0])
        return sessions->current;
    for (unsigned i = 0; i < size; i++) {
        if (!sessions->news[i].time || sessions->news[i].time > time || sessions->news[i].ancestor > nearest)
            continue;
        if (sessions->news[i].ancestor == nearest && sessions->news[i].time < latest)
            continue;
        nearest = sessions->news[i].ancestor;
        latest = sessions->news[i].time;
        found = sessions->news[i].session;
    }
    return found;
}

/* ---- all of it -------------------------------------------------------------------------------------------------------------- */

void sessions_open(struct sessions *sessions, const struct session_options *options, int ops_folder, const char *ops_path)
{
    memset(sessions, 0, sizeof *sessions);
    sessions->options = options;
    sessions->ops_folder = ops_folder;
    sessions->ops_path = ops_path;
    sessions->current = SESSION_NONE;
    watch_open(&sessions->watch, ops_path);
    for (size_t i = 0; i < options->ancestor_count; i++) {
        agent_log_name(slice_of(options->ancestors[i].identity), sessions->ancestors[i].log);
        sessions->ancestors[i].session = SESSION_NONE;
    }
}

void sessions_close(struct sessions *sessions)
{
    for (uint32_t i = 0; i < sessions->count; i++)
        fold_free(sessions->items[i].fold);
    free(sessions->items);
    watch_close(&sessions->watch);
}

void sessions_refresh(struct sessions *sessions, uint64_t now)
{
    const uint32_t before = sessions->current;
    uint32_t found = ask_ancestors(sessions);
    if (sessions->options->id[0])
        found = find_or_add(sessions, slice_of(sessions->options->id), slice_of(sessions->options->agent));
    sessions->settled |= found != SESSION_NONE;
    if (found == SESSION_NONE)
        found = own_session(sessions);
    if (found == SESSION_NONE)
        return;
    sessions->current = found;
    /* Of many only the current one is kept; another is read again should it come back. */
    if (before != SESSION_NONE && before != found && sessions->count > SESSIONS_KEPT) {
        fold_free(sessions->items[before].fold);
        sessions->items[before].fold = NULL;
    }
    follow(sessions, &sessions->items[found], now);
    remember_trace(sessions);
}

void sessions_settle(struct sessions *sessions)
{
    sessions->settled = true;
}
