#include "shim/record.h"

#include "base/clock.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RETRY_STATE NANOSECONDS_PER_SECOND

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

bool record_open_state(struct record *record)
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

int record_ops_folder(const struct record *record)
{
    return record->state.folders[STATE_OPS];
}

void record_refresh(struct record *record)
{
    if (!record_open_state(record))
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

void record_look_for_news(struct record *record)
{
    if (watch_drain(&record->sessions.watch))
        record_refresh(record);
}

void record_begin(struct record *record)
{
    set_home();
    if (record->options->state)
        setenv("SPANHOOK_HOME", record->options->state, 1);
    record_refresh(record);
}
