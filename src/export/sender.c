#include "export/sender.h"

#include "base/clock.h"
#include "export/answer.h"
#include "export/batch.h"
#include "export/rejected.h"
#include "export/retry.h"
#include "net/http_client.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Single lines refused in a row before a distant one is asked for. */
#define SUSPECTS_MAX 4

struct sender {
    const struct state *state;
    const struct destination *destination;
    struct counters *counters;
    struct http_client *client;
    struct cursor_file file;
    struct cursor cursor;
    struct batch batch;
    size_t limit;      /* lines of the next batch; halved by refusals */
    unsigned failures; /* in a row, for the back-off */
    uint64_t due;      /* since boot, ns; 0: now */
    uint64_t random;
    struct error reason;

    /* Lines at the cursor that were refused one by one: set aside once a later line is taken. */
    struct buffer suspects;
    size_t suspect_count;
    uint64_t suspect_spans;
    struct archive_position suspects_end;
    struct error suspects_reason;
    size_t between; /* lines between the suspects and the distant line that is probed */

    /* A distant line has been taken: so many lines before it are still to be sent, then it is passed over. */
    size_t ahead;
    struct archive_position ahead_end;

    bool taken_some; /* since everything was sent, or the destination was held */
    uint64_t rejected, removed;
    struct error rejected_reason;
};

/* What an earlier process was told to wait. The clock may have been set since: what lies too far ahead is not believed. */
static void resume_wait(struct sender *sender)
{
    const uint64_t now = clock_realtime(), until = sender->cursor.not_before;
    if (until > now && until - now <= RETRY_AFTER_MAX * NANOSECONDS_PER_MILLISECOND)
        sender->due = clock_since_boot() + (until - now);
    else
        sender->cursor.not_before = sender->cursor.retry_after = 0;
}

struct sender *sender_open(const struct state *state, const struct destination *destination, struct counters *counters,
                           struct error *error)
{
    struct url url;
    if (!destination->enabled || !url_parse(slice_of(destination->url), &url, error)) {
        if (!destination->enabled)
            error_set(error, "sending is switched off");
        return NULL;
    }
    struct sender *sender = calloc(1, sizeof *sender);
    if (!sender) {
        error_set(error, "no memory for the sender");
        return NULL;
    }
    sender->state = state;
    sender->destination = destination;
    sender->counters = counters;
    sender->limit = SENDER_BATCH_LINES;
    sender->random = clock_realtime() ^ ((uint64_t)getpid() << 32);
    batch_init(&sender->batch);
    buffer_init(&sender->suspects, SUSPECTS_MAX * (ARCHIVE_LINE_MAX + 1UL));
    sender->client = http_client_new(&url, slice_of(destination->headers), destination->timeout_milliseconds, error);
    if (!sender->client) {
        sender_close(sender);
        return NULL;
    }
    cursor_name(&sender->file, state->folders[STATE_CURSORS], destination->url);
    cursor_load(&sender->file, &sender->cursor);
    error_set(&sender->reason, "%s", sender->cursor.reason);
    resume_wait(sender);
    return sender;
}

void sender_close(struct sender *sender)
{
    if (!sender)
        return;
    http_client_free(sender->client);
    batch_free(&sender->batch);
    buffer_free(&sender->suspects);
    free(sender);
}

/* ---- waiting ---- */

/* splitmix64: jitter must be spread, not secret. */
static uint64_t next_random(struct sender *sender)
{
    uint64_t value = sender->random += UINT64_C(0x9e3779b97f4a7c15);
    value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
    return value ^ (value >> 31);
}

static enum sender_result wait_for(struct sender *sender, unsigned milliseconds)
{
    sender->due = clock_since_boot() + milliseconds * NANOSECONDS_PER_MILLISECOND;
    return SENDER_WAITING;
}

static enum sender_result back_off(struct sender *sender)
{
    if (sender->failures < UINT_MAX)
        sender->failures++;
    return wait_for(sender, retry_backoff(sender->failures, next_random(sender)));
}

/* Cut where it must be between characters, never inside one. */
static void copy_reason(struct cursor *cursor, const char *text)
{
    size_t length = strlen(text);
    if (length >= sizeof cursor->reason) {
        length = sizeof cursor->reason - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
            length--;
    }
    memcpy(cursor->reason, text, length);
    cursor->reason[length] = '\0';
}

/* A cursor that cannot be stored costs repeated spans after a restart, nothing now. */
static void store_cursor(struct sender *sender)
{
    copy_reason(&sender->cursor, sender->reason.text);
    cursor_store(&sender->file, &sender->cursor);
}

static void count_failure(struct sender *sender)
{
    sender->cursor.failures++;
    counters_add(sender->counters, COUNTER_SEND_FAILURES, 1);
    store_cursor(sender);
}

unsigned sender_wait(const struct sender *sender)
{
    const uint64_t now = clock_since_boot();
    if (now >= sender->due)
        return 0;
    return (unsigned)((sender->due - now - 1) / NANOSECONDS_PER_MILLISECOND + 1);
}

uint64_t sender_retry_after(const struct sender *sender)
{
    return sender_wait(sender) > 0 ? sender->cursor.retry_after : 0;
}

void sender_hurry(struct sender *sender)
{
    if (!sender_retry_after(sender))
        sender->due = 0;
    sender->failures = 0;
}

/* ---- what becomes of a batch ---- */

static void move_past_batch(struct sender *sender)
{
    sender->cursor.position = sender->batch.end;
    if (sender->ahead == 0)
        return;
    sender->ahead -= sender->ahead < sender->batch.count ? sender->ahead : sender->batch.count;
    if (sender->ahead == 0 && archive_position_compare(sender->cursor.position, sender->ahead_end) < 0)
        sender->cursor.position = sender->ahead_end;
}

static enum sender_result progress(struct sender *sender)
{
    sender->failures = 0;
    sender->cursor.not_before = sender->cursor.retry_after = 0;
    store_cursor(sender);
    return SENDER_PROGRESS;
}

static void count_rejected(struct sender *sender, uint64_t spans, const char *why)
{
    sender->cursor.rejected += spans;
    sender->rejected += spans;
    counters_add(sender->counters, COUNTER_SPANS_REJECTED, spans);
    if (spans)
        error_set(&sender->rejected_reason, "%s", why);
}

/* A copy and a count; the caller moves on. */
static void put_aside(struct sender *sender, struct slice lines, uint64_t spans, const char *why)
{
    struct error note;
    error_set(&note, "%llu spans for %s: %s", (unsigned long long)spans, sender->destination->url, why);
    rejected_keep(sender->state->folders[STATE_REJECTED], lines, REJECTED_BYTES_MAX, note.text);
    count_rejected(sender, spans, why);
}

static void forget_suspects(struct sender *sender)
{
    buffer_clear(&sender->suspects);
    sender->suspect_count = 0;
    sender->suspect_spans = 0;
}

static void put_suspects_aside(struct sender *sender)
{
    if (sender->suspect_count == 0)
        return;
    put_aside(sender, buffer_slice(&sender->suspects), sender->suspect_spans, sender->suspects_reason.text);
    sender->cursor.position = sender->suspects_end;
    forget_suspects(sender);
}

static enum sender_result set_aside(struct sender *sender, const char *why)
{
    put_suspects_aside(sender);
    put_aside(sender, buffer_slice(&sender->batch.lines), sender->batch.spans, why);
    move_past_batch(sender);
    return progress(sender);
}

static enum sender_result taken(struct sender *sender, const struct answer *answer)
{
    const uint64_t rejected = answer->rejected < sender->batch.spans ? answer->rejected : sender->batch.spans;
    if (rejected > 0 || answer->text[0]) {
        struct error note;
        error_set(&note, "%llu of %llu spans not taken by %s: %s", (unsigned long long)rejected, (unsigned long long)sender->batch.spans,
                  sender->destination->url, answer->text);
        rejected_note(sender->state->folders[STATE_REJECTED], note.text);
    }
    sender->limit = sender->limit < SENDER_BATCH_LINES / 2 ? sender->limit * 2 : SENDER_BATCH_LINES;
    sender->taken_some = true;
    sender->cursor.failures = 0;
    sender->cursor.last_success = clock_realtime();
    sender->cursor.sent += sender->batch.spans - rejected;
    counters_add(sender->counters, COUNTER_SPANS_SENT, sender->batch.spans - rejected);
    count_rejected(sender, rejected, answer->text);
    const bool distant = sender->suspect_count == SUSPECTS_MAX && sender->between > 0;
    put_suspects_aside(sender);
    if (distant) {
        sender->ahead = sender->between;
        sender->ahead_end = sender->batch.end;
    } else {
        move_past_batch(sender);
    }
    return progress(sender);
}

/* The wait is not stored: the next process may have another address or other credentials. */
static enum sender_result misdirected(struct sender *sender)
{
    sender->cursor.not_before = sender->cursor.retry_after = 0;
    count_failure(sender);
    return wait_for(sender, SENDER_MISDIRECTED_WAIT);
}

static enum sender_result hold(struct sender *sender)
{
    error_set(&sender->reason, "everything is refused: %s", sender->suspects_reason.text);
    forget_suspects(sender);
    sender->taken_some = false;
    return misdirected(sender);
}

/* Some line of several is at fault: ask again with the first half. Of one line it is not known yet whether the line is at fault or the
 * destination takes nothing: later ones tell. */
static enum sender_result refused(struct sender *sender, const struct answer *answer)
{
    sender->limit = sender->batch.count > 1 ? sender->batch.count / 2 : 1;
    sender->failures = 0;
    if (sender->batch.count > 1)
        return SENDER_PROGRESS;
    if (sender->ahead > 0)
        return set_aside(sender, answer->text);
    error_set(&sender->suspects_reason, "%s", answer->text);
    if (sender->suspect_count == SUSPECTS_MAX)
        return hold(sender);
    buffer_append_slice(&sender->suspects, buffer_slice(&sender->batch.lines));
    sender->suspect_count++;
    sender->suspect_spans += sender->batch.spans;
    sender->suspects_end = sender->batch.end;
    return SENDER_PROGRESS;
}

static enum sender_result end_of_archive(struct sender *sender)
{
    sender->ahead = 0;
    if (sender->suspect_count == 0) {
        sender->taken_some = false;
        return SENDER_DONE;
    }
    if (sender->suspect_count > 1 && !sender->taken_some)
        return hold(sender);
    put_suspects_aside(sender);
    return progress(sender);
}

static enum sender_result later(struct sender *sender, const struct http_response *response)
{
    unsigned milliseconds = 0;
    const uint64_t now = clock_realtime();
    const enum sender_result result = back_off(sender);
    const bool asked =
        response->head_complete && retry_after_parse(slice_of(response->retry_after), now, &milliseconds) && milliseconds > 0;
    if (asked)
        wait_for(sender, milliseconds);
    sender->cursor.not_before = now + sender_wait(sender) * NANOSECONDS_PER_MILLISECOND;
    sender->cursor.retry_after = asked ? sender->cursor.not_before : 0;
    count_failure(sender);
    return result;
}

/* ---- one attempt ---- */

static enum answer_ending ending_of(enum http_outcome outcome, const struct http_response *response)
{
    if (outcome == HTTP_ANSWERED)
        return ANSWER_WHOLE;
    return (outcome == HTTP_TIMED_OUT || outcome == HTTP_UNREADABLE) && response->head_complete ? ANSWER_CUT : ANSWER_NONE;
}

static enum sender_result act(struct sender *sender, const struct answer *answer, const struct http_response *response)
{
    switch (answer->action) {
    case ANSWER_TAKEN:
        return taken(sender, answer);
    case ANSWER_REFUSED:
        return refused(sender, answer);
    case ANSWER_MISDIRECTED:
        return misdirected(sender);
    case ANSWER_LATER:
        break;
    }
    return later(sender, response);
}

static enum sender_result post(struct sender *sender)
{
    const struct http_response *response;
    struct error trouble = {""};
    struct answer answer;
    const enum http_outcome outcome = http_client_post(sender->client, buffer_slice(&sender->batch.body), &response, &trouble);
    const struct answer_received received = {
        .ending = ending_of(outcome, response),
        .status = response->status,
        .content_type = slice_of(response->content_type),
        .encoded = response->encoded,
        .body = buffer_slice(&response->body),
        .body_cut = response->body_cut,
    };
    answer_classify(&received, &answer);
    sender->reason.text[0] = '\0';
    if (answer.action != ANSWER_TAKEN)
        error_set(&sender->reason, "%s", answer.text[0] ? answer.text : trouble.text);
    return act(sender, &answer, response);
}

/* The last line of what would be the next whole batch: suspects that stand together are passed by. */
static bool load_distant(struct sender *sender, int traces)
{
    struct batch *batch = &sender->batch;
    sender->between = 0;
    if (!batch_load(batch, traces, sender->suspects_end, SENDER_BATCH_LINES, &sender->reason))
        return false;
    if (batch->count < 2)
        return true;
    if (!batch_load(batch, traces, sender->suspects_end, batch->count - 1, &sender->reason))
        return false;
    sender->between = batch->count;
    return batch_load(batch, traces, batch->end, 1, &sender->reason);
}

static bool load(struct sender *sender)
{
    const int traces = sender->state->folders[STATE_TRACES];
    size_t lines = sender->limit;
    if (sender->suspect_count == SUSPECTS_MAX)
        return load_distant(sender, traces);
    if (sender->suspect_count > 0)
        return batch_load(&sender->batch, traces, sender->suspects_end, 1, &sender->reason);
    if (sender->ahead > 0 && lines > sender->ahead)
        lines = sender->ahead;
    return batch_load(&sender->batch, traces, sender->cursor.position, lines, &sender->reason);
}

enum sender_result sender_step(struct sender *sender)
{
    if (sender_wait(sender) > 0)
        return SENDER_WAITING;
    if (!load(sender))
        return back_off(sender);
    if (sender->batch.count == 0)
        return end_of_archive(sender);
    if (sender->batch.unreadable) {
        error_set(&sender->reason, "a line of the archive is no OTLP JSON");
        return set_aside(sender, sender->reason.text);
    }
    return post(sender);
}

const char *sender_reason(const struct sender *sender)
{
    return sender->reason.text;
}

struct archive_position sender_position(const struct sender *sender)
{
    return sender->cursor.position;
}

uint64_t sender_rejected(const struct sender *sender)
{
    return sender->rejected;
}

const char *sender_rejected_reason(const struct sender *sender)
{
    return sender->rejected_reason.text;
}

uint64_t sender_removed(const struct sender *sender)
{
    return sender->removed;
}

void sender_dropped(struct sender *sender, uint64_t spans)
{
    sender->cursor.dropped += spans;
    sender->removed += spans;
    store_cursor(sender);
}
