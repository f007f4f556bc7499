#include "base/clock.h"
#include "store/lock.h"
#include "verbs/pump.h"
#include "verbs/verb.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#define TIMEOUT_DEFAULT_SECONDS 10
#define HAND_OVER_DEFAULT_SECONDS 20 /* a relay may be in the middle of a request */
#define STEP_MS 50

enum { OPTION_TIMEOUT };

static const struct verb_option options[] = {
    [OPTION_TIMEOUT] = {"--timeout", "SECONDS", "give up after so long (default: 10; 20 more for a busy relay)", NULL},
    {NULL, NULL, NULL, NULL},
};

/* Asks a relay that runs to hand over, until the lock is ours. */
static int take_over(int ops_folder, uint64_t deadline)
{
    for (;;) {
        const int lock = relay_lock_take(ops_folder, STEP_MS);
        if (lock >= 0 || clock_since_boot() >= deadline || relay_lock_look(ops_folder) == LOCK_UNKNOWN)
            return lock;
        relay_nudge(ops_folder);
    }
}

static bool pump_all(struct pump *pump, uint64_t deadline, struct error *error)
{
    struct error failure = {""};
    for (;;) {
        const enum pump_fold_result folded = pump_fold(pump, &failure);
        const enum sender_result sent = pump_send(pump);
        if (folded == PUMP_QUIET && sent == SENDER_DONE)
            return true;
        const uint64_t now = clock_since_boot();
        if (now >= deadline) {
            if (folded == PUMP_STUCK)
                return error_set(error, "not archived: %s", failure.text);
            break;
        }
        /* The next attempt would come too late. */
        const uint64_t left = (deadline - now) / NANOSECONDS_PER_MILLISECOND;
        if (sent == SENDER_WAITING && folded == PUMP_QUIET && sender_wait(pump->sender) > left)
            break;
        if (sent == SENDER_WAITING || folded == PUMP_STUCK) {
            const unsigned wait = sent == SENDER_WAITING ? sender_wait(pump->sender) : STEP_MS;
            clock_sleep_milliseconds(wait > STEP_MS ? STEP_MS : wait);
        }
    }
    uint64_t bytes = 0, lines = 0;
    if (!pump->sender)
        return error_set(error, "out of time: hooks record faster than this archives; try a longer --timeout");
    archive_pending(pump->state->folders[STATE_TRACES], sender_position(pump->sender), &bytes, &lines, NULL);
    const char *reason = sender_reason(pump->sender)[0] ? sender_reason(pump->sender) : "out of time";
    const uint64_t until = sender_retry_after(pump->sender);
    if (!until)
        return error_set(error, "%" PRIu64 " spans not delivered to %s: %s", lines, pump->destination.url, reason);
    char moment[21];
    clock_format_utc(until, moment);
    return error_set(error, "%" PRIu64 " spans not delivered to %s, which asked to wait until %s: %s", lines, pump->destination.url, moment,
                     reason);
}

/* What is gone for good is no success, though nothing is left to send. */
static bool nothing_lost(const struct pump *pump, struct error *error)
{
    if (!pump->sender)
        return true;
    const uint64_t rejected = sender_rejected(pump->sender), removed = sender_removed(pump->sender);
    if (rejected)
        return error_set(error, "%" PRIu64 " spans were refused by %s: %s; see rejected/", rejected, pump->destination.url,
                         sender_rejected_reason(pump->sender));
    if (removed)
        return error_set(error, "%" PRIu64 " spans were removed unsent: the archive had reached its bound", removed);
    return true;
}

/* Times in ns. */
static int flush(const struct verb *verb, const struct state *state, uint64_t hand_over_time, uint64_t sending_time)
{
    struct error error = {""};
    struct pump pump;
    bool done = false;

    const int lock = take_over(state->folders[STATE_OPS], clock_since_boot() + hand_over_time);
    if (lock < 0) {
        if (relay_lock_look(state->folders[STATE_OPS]) == LOCK_UNKNOWN)
            error_set(&error, "%s/ops/relay.lock cannot be used: it must be a plain file of yours; remove it", state->path);
        else
            error_set(&error, "a relay is busy sending and did not hand over in time; try a longer --timeout");
        return verb_failed(verb, &error);
    }
    relay_nudged(state->folders[STATE_OPS]);
    if (pump_open(&pump, state, &error)) {
        pump.hurry = true;
        if (pump.sender)
            sender_hurry(pump.sender);
        done = pump_all(&pump, clock_since_boot() + sending_time, &error) && nothing_lost(&pump, &error);
        if (done && pump.reason.text[0] && pump.destination.enabled)
            done = error_set(&error, "archived, but not sent: %s", pump.reason.text);
    }
    pump_close(&pump);
    relay_lock_release(lock);
    return done ? EXIT_OK : verb_failed(verb, &error);
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct verb_arguments arguments;
    struct state state;
    struct error error;
    long seconds = TIMEOUT_DEFAULT_SECONDS, hand_over_seconds = HAND_OVER_DEFAULT_SECONDS;
    int exit_code;

    if (!verb_begin(verb, argc, argv, &arguments, &exit_code))
        return exit_code;
    if (arguments.options[OPTION_TIMEOUT] && !verb_number(arguments.options[OPTION_TIMEOUT], 1, 86400, &seconds)) {
        fprintf(stderr, "spanhook flush: --timeout takes a number of seconds from 1 to 86400\n");
        return EXIT_USAGE;
    }
    if (arguments.options[OPTION_TIMEOUT])
        hand_over_seconds = seconds;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    if (!state_open(&state, true, &error))
        return verb_failed(verb, &error);
    exit_code = flush(verb, &state, (uint64_t)hand_over_seconds * NANOSECONDS_PER_SECOND, (uint64_t)seconds * NANOSECONDS_PER_SECOND);
    state_close(&state);
    return exit_code;
}

const struct verb verb_flush = {
    .name = "flush",
    .positional = "",
    .summary = "archive and send everything now",
    .description = "Folds what hooks have recorded, writes it to the archive and sends it. Exits 0\n"
                   "when all of it is delivered, else 1 with one line that says what is not, or what\n"
                   "was refused for good. A relay that runs hands over first; one in the middle of\n"
                   "a request only after it.",
    .options = options,
    .run = run,
};
