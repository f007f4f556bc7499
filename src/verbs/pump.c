#include "verbs/pump.h"

#include "base/clock.h"
#include "otlp/otlp_json.h"
#include "store/oplog.h"
#include "store/settings.h"
#include "trace/ids.h"

#include <stdlib.h>
#include <string.h>

#define LINES_MAX (64 * 1024 * 1024) /* one op can end FOLD_OPEN_MAX calls */
#define LINES_FLUSH (512 * 1024)
#define SETTLE_TIME (2 * NANOSECONDS_PER_SECOND) /* quiet after which nothing late is waited for */
#define PRUNE_INTERVAL (60 * NANOSECONDS_PER_SECOND)

bool pump_open(struct pump *pump, const struct state *state, struct error *error)
{
    memset(pump, 0, sizeof *pump);
    pump->state = state;
    buffer_init(&pump->lines, LINES_MAX);
    oplog_clean(state->folders[STATE_OPS], clock_realtime());
    pump->counters = counters_open(state->folders[STATE_OPS]);
    pump->archive = archive_open(state->folders[STATE_TRACES], error);
    if (!pump->archive)
        return false;
    if (!destination_from_environment(&pump->destination, &pump->reason))
        return true;
    if (!pump->destination.enabled)
        error_set(&pump->reason, "sending is switched off by %s", pump->destination.source);
    else
        pump->sender = sender_open(state, &pump->destination, pump->counters, &pump->reason);
    return true;
}

void pump_close(struct pump *pump)
{
    for (size_t i = 0; i < pump->session_count; i++)
        fold_free(pump->sessions[i].fold);
    free(pump->sessions);
    buffer_free(&pump->lines);
    if (pump->sender)
        sender_close(pump->sender);
    if (pump->archive)
        archive_close(pump->archive);
    counters_close(pump->counters);
    memset(pump, 0, sizeof *pump);
}

/* ---- one session's log into the archive ------------------------------------------------------------------------------------- */

struct reading {
    struct pump *pump;
    struct pump_session *session;
    struct buffer text;
    jsmntok_t tokens[OP_TOKENS_MAX];
    struct error *error;
};

static bool add_line(void *context, const struct resource *resource, const struct span *span)
{
    struct pump *pump = context;
    if (!otlp_json_encode_span(&pump->lines, resource, span))
        return false;
    buffer_append_byte(&pump->lines, '\n');
    pump->line_count++;
    return !pump->lines.failed;
}

static bool skip_line(void *context, const struct resource *resource, const struct span *span)
{
    (void)context, (void)resource, (void)span;
    return true;
}

/* Archive first, position second: a crash in between repeats spans with equal ids, and loses none. */
static bool write_lines(struct pump *pump, struct pump_session *session, struct error *error)
{
    if (pump->lines.length) {
        if (!archive_append(pump->archive, buffer_slice(&pump->lines), clock_realtime(), error)) {
            counters_add(pump->counters, COUNTER_ARCHIVE_ERRORS, 1);
            return false;
        }
        counters_add(pump->counters, COUNTER_SPANS_ARCHIVED, pump->line_count);
        buffer_clear(&pump->lines);
        pump->line_count = 0;
    }
    if (session->offset > session->archived) {
        session->archived = session->offset;
        oplog_position_write(pump->state->folders[STATE_OPS], session->key, session->archived);
    }
    return true;
}

static bool take_record(void *context, struct slice payload, uint64_t end)
{
    struct reading *reading = context;
    struct pump *pump = reading->pump;
    struct op op;

    buffer_clear(&reading->text);
    if (payload.length == 0) {
        reading->session->keeps_later_version = true;
        reading->session->offset = end;
        return true;
    }
    /* What was archived in an earlier life is folded again for its state, not for its spans. */
    const bool known = end <= reading->session->archived;
    if (!op_decode(payload, &op, &reading->text, reading->tokens)) {
        if (!known)
            counters_add(pump->counters, COUNTER_OP_BAD, 1);
    } else if (!fold_apply(reading->session->fold, &op, known ? skip_line : add_line, pump)) {
        return error_set(reading->error, "no memory to fold session log %s", reading->session->key);
    }
    reading->session->offset = end;
    return pump->lines.length < LINES_FLUSH || write_lines(pump, reading->session, reading->error);
}

/* True if all that the log holds is in the archive. On failure the fold is thrown away and made again from the log: nothing that was
 * folded but not archived may be lost. */
static bool archive_session(struct pump *pump, struct pump_session *session, const char *name, struct error *error)
{
    struct reading reading = {.pump = pump, .session = session, .error = error};
    bool archived;

    buffer_init(&reading.text, 4 * OP_SIZE_MAX);
    if (!session->fold) {
        session->fold = fold_new(settings_fold_options());
        session->offset = 0;
    }
    if (!session->fold)
        return error_set(error, "no memory to fold session log %s", session->key);
    uint64_t offset = session->offset;
    archived = oplog_read(pump->state->folders[STATE_OPS], name, &offset, take_record, &reading, pump->counters, error);
    if (archived) {
        session->offset = offset; /* also past damage at the end, which no record stands behind */
        archived = write_lines(pump, session, error);
    }
    if (!archived) {
        fold_free(session->fold);
        session->fold = NULL;
        buffer_clear(&pump->lines);
        pump->line_count = 0;
    }
    buffer_free(&reading.text);
    return archived;
}

/* ---- all sessions ----------------------------------------------------------------------------------------------------------- */

static struct pump_session *find_session(struct pump *pump, const char *key)
{
    for (size_t i = 0; i < pump->session_count; i++)
        if (memcmp(pump->sessions[i].key, key, sizeof pump->sessions[i].key) == 0)
            return &pump->sessions[i];
    if (pump->session_count == pump->session_capacity) {
        const size_t capacity = pump->session_capacity ? 2 * pump->session_capacity : 16;
        struct pump_session *larger = realloc(pump->sessions, capacity * sizeof *larger);
        if (!larger)
            return NULL;
        pump->sessions = larger;
        pump->session_capacity = capacity;
    }
    struct pump_session *session = &pump->sessions[pump->session_count++];
    memset(session, 0, sizeof *session);
    memcpy(session->key, key, sizeof session->key);
    session->archived = oplog_position_read(pump->state->folders[STATE_OPS], key);
    return session;
}

static void forget_unseen(struct pump *pump)
{
    for (size_t i = 0; i < pump->session_count;) {
        if (pump->sessions[i].seen) {
            i++;
            continue;
        }
        fold_free(pump->sessions[i].fold);
        pump->sessions[i] = pump->sessions[--pump->session_count];
    }
}

struct adoption {
    int ops_folder;
    const char *key;
};

static bool move_record(void *context, struct slice payload, uint64_t end)
{
    const struct adoption *adoption = context;
    enum counter lost;
    (void)end;
    return oplog_append(adoption->ops_folder, adoption->key, payload, &lost);
}

/* A record that found its log locked: into the log, then the private file goes. A crash in between repeats it with the same id. */
static bool adopt(struct pump *pump, const struct oplog_entry *entry)
{
    struct adoption adoption = {pump->state->folders[STATE_OPS], entry->key};
    uint64_t offset = 0;
    return oplog_read(adoption.ops_folder, entry->name, &offset, move_record, &adoption, pump->counters, NULL) &&
           oplog_delete(adoption.ops_folder, entry->name, entry->size);
}

/* The fold has no clock: that a session has been quiet for some time is told to it by an op like everything else. */
static bool tell_time(struct pump *pump, struct pump_session *session, enum op_kind kind, uint64_t passed)
{
    const uint64_t time = fold_last_time(session->fold) + passed;
    struct op op = {.kind = kind, .time = time, .session_id = fold_session_id(session->fold)};
    char storage[OP_SESSION_ID_MAX * 6 + 512];
    struct buffer record;
    enum counter lost;

    span_id_new(op.time, op.id);
    buffer_init_fixed(&record, storage, sizeof storage);
    return op_encode(&op, &record) && oplog_append(pump->state->folders[STATE_OPS], session->key, buffer_slice(&record), &lost);
}

static bool quiet_for(const struct oplog_entry *entry, uint64_t now, uint64_t time)
{
    return now > entry->modified && now - entry->modified > time;
}

static void delete_log(struct pump *pump, const struct oplog_entry *entry, struct pump_session *session)
{
    const int ops = pump->state->folders[STATE_OPS];
    if (session->archived != entry->size || session->keeps_later_version)
        return;
    /* The position goes first: left behind, it could be taken for that of a new log of the same name. */
    oplog_position_delete(ops, entry->key);
    if (oplog_delete(ops, entry->name, entry->size))
        session->seen = false;
    else
        oplog_position_write(ops, entry->key, session->archived);
}

static bool visit(struct pump *pump, const struct oplog_entry *entry, uint64_t now, bool *worked, struct error *error)
{
    struct pump_session *session = find_session(pump, entry->key);
    if (!session)
        return error_set(error, "no memory for another session");
    session->seen = true;
    /* A position beyond the end belongs to an older log of that name. */
    if (session->archived > entry->size || (session->fold && session->offset > entry->size)) {
        fold_free(session->fold);
        session->fold = NULL;
        session->archived = session->offset = 0;
    }
    const bool idle = quiet_for(entry, now, settings_idle_time());
    const uint64_t before = session->archived;
    /* One that is archived to its end is folded too, once: a call in it may wait, or its idle time be over. */
    if (session->archived < entry->size || (!session->settled && !session->fold)) {
        session->settled = false;
        if (!archive_session(pump, session, entry->name, error))
            return false;
        *worked |= session->archived > before;
    }
    if (session->fold && fold_wants_settle(session->fold) && (pump->hurry || quiet_for(entry, now, SETTLE_TIME)))
        *worked |= tell_time(pump, session, OP_SETTLE, 0);
    if (idle && !session->settled && session->fold) {
        if (fold_wants_idle(session->fold)) {
            *worked |= tell_time(pump, session, OP_IDLE, settings_idle_time()); /* the op is to be folded, too */
        } else {
            /* Closed for good as far as anybody can tell; its fold can be made again should it go on. */
            session->settled = true;
            fold_free(session->fold);
            session->fold = NULL;
        }
    }
    return true;
}

static void keep_bounds(struct pump *pump, struct oplog_entry *entries, size_t count, uint64_t now)
{
    const uint64_t keep = OPLOG_KEEP_SECONDS * NANOSECONDS_PER_SECOND;
    const struct archive_position nowhere = {.date = UINT32_MAX};
    uint64_t total = 0, removed = 0, unsent = 0;

    for (size_t i = 0; i < count; i++)
        total += entries[i].size;
    for (size_t i = 0; i < count; i++) { /* oldest first */
        struct pump_session *session = entries[i].private_file ? NULL : find_session(pump, entries[i].key);
        if (!session || !session->settled || (!quiet_for(&entries[i], now, keep) && total <= OPLOG_TOTAL_MAX))
            continue;
        delete_log(pump, &entries[i], session);
        if (!session->seen)
            total -= entries[i].size;
    }
    if (now - pump->last_prune < PRUNE_INTERVAL && now > pump->last_prune)
        return;
    pump->last_prune = now;
    if (archive_prune(pump->state->folders[STATE_TRACES], now, ARCHIVE_TOTAL_MAX, ARCHIVE_KEEP_DAYS,
                      pump->sender ? sender_position(pump->sender) : nowhere, &removed, &unsent, NULL) &&
        unsent) {
        counters_add(pump->counters, COUNTER_DROPPED_QUOTA, unsent);
        sender_dropped(pump->sender, unsent);
    }
}

enum pump_fold_result pump_fold(struct pump *pump, struct error *error)
{
    const uint64_t now = clock_realtime();
    struct oplog_entry *entries = NULL;
    size_t count = 0;
    bool worked = false, stuck = false;

    if (!oplog_list(pump->state->folders[STATE_OPS], &entries, &count, error))
        return PUMP_STUCK;
    for (size_t i = 0; i < pump->session_count; i++)
        pump->sessions[i].seen = false;
    for (size_t i = 0; i < count; i++) {
        if (entries[i].private_file) {
            worked |= adopt(pump, &entries[i]);
        } else if (!visit(pump, &entries[i], now, &worked, error)) {
            stuck = true; /* the others may still go through */
        }
    }
    keep_bounds(pump, entries, count, now);
    forget_unseen(pump);
    free(entries);
    return stuck ? PUMP_STUCK : worked ? PUMP_WORKED : PUMP_QUIET;
}

enum sender_result pump_send(struct pump *pump)
{
    return pump->sender ? sender_step(pump->sender) : SENDER_DONE;
}
