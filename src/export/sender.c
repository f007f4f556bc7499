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
};

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
    sender->client = http_client_new(&url, slice_of(destination->headers), destination->timeout_milliseconds, error);
    if (!sender->client) {
        sender_close(sender);
        return NULL;
    }
    cursor_name(&sender->file, state->folders[STATE_CURSORS], destination->url);
    cursor_load(&sender->file, &sender->cursor);
    error_set(&sender->reason, "%s", sender->cursor.reason);
    return sender;
}

void sender_close(struct sender *sender)
{
    if (!sender)
        return;
    http_client_free(sender->client);
    batch_free(&sender->batch);
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

void sender_hurry(struct sender *sender)
{
    sender->due = 0;
    sender->failures = 0;
}

/* ---- what becomes of a batch ---- */

static enum sender_result advance(struct sender *sender, uint64_t sent, uint64_t rejected)
{
    sender->cursor.position = sender->batch.end;
    sender->cursor.sent += sent;
    sender->cursor.rejected += rejected;
    counters_add(sender->counters, COUNTER_SPANS_SENT, sent);
    counters_add(sender->counters, COUNTER_SPANS_REJECTED, rejected);
    sender->failures = 0;
    store_cursor(sender);
    return SENDER_PROGRESS;
}

/* Takes the batch out of the way: a copy, a count, and on. */
static enum sender_result set_aside(struct sender *sender, const char *why)
{
    struct error note;
    error_set(&note, "%llu spans for %s: %s", (unsigned long long)sender->batch.spans, sender->destination->url, why);
    rejected_keep(sender->state->folders[STATE_REJECTED], buffer_slice(&sender->batch.lines), REJECTED_BYTES_MAX, note.text);
    return advance(sender, 0, sender->batch.spans);
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
    sender->cursor.failures = 0;
    sender->cursor.last_success = clock_realtime();
    return advance(sender, sender->batch.spans - rejected, rejected);
}

/* Some line of several is at fault: ask again with the first half. Each refusal either halves the batch or moves past its only line. */
static enum sender_result refused(struct sender *sender, const struct answer *answer)
{
    sender->limit = sender->batch.count > 1 ? sender->batch.count / 2 : 1;
    sender->failures = 0;
    return sender->batch.count > 1 ? SENDER_PROGRESS : set_aside(sender, answer->text);
}

static enum sender_result later(struct sender *sender, const struct http_response *response)
{
    unsigned milliseconds = 0;
    const enum sender_result result = back_off(sender);
    count_failure(sender);
    if (response->head_complete && retry_after_parse(slice_of(response->retry_after), clock_realtime(), &milliseconds) && milliseconds > 0)
        return wait_for(sender, milliseconds);
    return result;
}

static enum sender_result misdirected(struct sender *sender)
{
    count_failure(sender);
    return wait_for(sender, SENDER_MISDIRECTED_WAIT);
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
    case ANSWER_FAILED:
        return set_aside(sender, answer->text);
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

enum sender_result sender_step(struct sender *sender)
{
    if (sender_wait(sender) > 0)
        return SENDER_WAITING;
    if (!batch_load(&sender->batch, sender->state->folders[STATE_TRACES], sender->cursor.position, sender->limit, &sender->reason))
        return back_off(sender);
    if (sender->batch.count == 0)
        return SENDER_DONE;
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

void sender_dropped(struct sender *sender, uint64_t spans)
{
    sender->cursor.dropped += spans;
    store_cursor(sender);
}
