#include "base/clock.h"
#include "base/log.h"
#include "store/lock.h"
#include "store/settings.h"
#include "verbs/pump.h"
#include "verbs/verb.h"

#include <signal.h>
#include <unistd.h>

#define LOCK_PATIENCE_MS 200
#define TICK_MS 100
#define STUCK_MS 2000
/* How long a relay goes on trying for a destination that somebody configured; the next hook starts another one. */
#define OUTAGE_LINGER (15 * 60 * NANOSECONDS_PER_SECOND)

static const struct verb_option options[] = {{NULL, NULL, NULL, NULL}};

static bool may_end(const struct pump *pump, enum sender_result sent, uint64_t quiet_time)
{
    const bool outage = sent != SENDER_DONE && pump->destination.configured;
    const uint64_t linger = settings_relay_linger();
    return quiet_time > (outage && OUTAGE_LINGER > linger ? OUTAGE_LINGER : linger);
}

/* Until there was nothing to do for the linger time. False: somebody asks for the lock. */
static bool pump_along(struct pump *pump, int ops_folder)
{
    uint64_t last_work = clock_since_boot();
    struct error error = {""};

    while (!relay_nudged(ops_folder)) {
        const enum pump_fold_result folded = pump_fold(pump, &error);
        if (folded == PUMP_STUCK)
            log_line("relay: %s", error.text);
        const enum sender_result sent = pump_send(pump);
        if (sent == SENDER_WAITING)
            log_line("relay: not sent: %s", sender_reason(pump->sender));
        if (folded == PUMP_WORKED || sent == SENDER_PROGRESS)
            last_work = clock_since_boot();
        else if (may_end(pump, sent, clock_since_boot() - last_work))
            return true;
        if (sent != SENDER_PROGRESS)
            clock_sleep_milliseconds(folded == PUMP_STUCK ? STUCK_MS : TICK_MS);
    }
    return false;
}

/* True if ops came between the last look and the release of the lock: their hooks saw a relay running. */
static bool ops_are_waiting(struct pump *pump, int ops_folder)
{
    const int lock = relay_lock_take(ops_folder, 0);
    struct error error = {""};
    if (lock < 0)
        return false;
    const bool waiting = pump_fold(pump, &error) == PUMP_WORKED;
    relay_lock_release(lock);
    return waiting;
}

static void pump_until_idle(struct pump *pump, int ops_folder, int *lock)
{
    while (*lock >= 0 && pump_along(pump, ops_folder)) {
        relay_lock_release(*lock);
        *lock = -1;
        if (!ops_are_waiting(pump, ops_folder))
            return;
        *lock = relay_lock_take(ops_folder, LOCK_PATIENCE_MS);
    }
}

/* With the lock held; *lock is -1 where it was given away. False: could not begin. */
static bool relay(int *lock, struct error *error)
{
    struct state state;
    struct pump pump;

    if (!state_open(&state, true, error))
        return false;
    const bool opened = pump_open(&pump, &state, error);
    if (opened) {
        counters_add(pump.counters, COUNTER_RELAY_STARTS, 1);
        if (!pump.sender)
            log_line("relay: not sending: %s", pump.reason.text);
        pump_until_idle(&pump, state.folders[STATE_OPS], lock);
    }
    pump_close(&pump);
    state_close(&state);
    return opened;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct verb_arguments arguments;
    struct state early;
    struct error error;
    int exit_code = EXIT_OK;

    if (!verb_begin(verb, argc, argv, &arguments, &exit_code))
        return exit_code;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    /* The lock first: whoever fails behind it leaves it marked as taken just now, so that hooks do not start one relay after another. */
    if (!state_open_ops(&early, &error))
        return verb_failed(verb, &error);
    const int ops = early.folders[STATE_OPS];
    int lock = relay_lock_take(ops, LOCK_PATIENCE_MS);
    if (lock >= 0) {
        log_to(ops, STATE_LOG_NAME);
        relay_nudged(ops); /* an old one is not for us */
        if (!relay(&lock, &error)) {
            log_line("relay: %s", error.text);
            exit_code = verb_failed(verb, &error);
            close(lock);
        } else {
            relay_lock_release(lock);
        }
    }
    state_close(&early);
    return exit_code;
}

const struct verb verb_relay = {
    .name = "relay",
    .positional = "",
    .summary = "fold, archive and send in the background (started by hooks)",
    .description = "Turns op logs into spans, writes them to the archive and sends them on. Hooks\n"
                   "start it when none runs; it ends itself when it has had nothing to do for a\n"
                   "minute.",
    .options = options,
    .run = run,
    .hidden = true,
};
