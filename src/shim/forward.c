#include "shim/forward.h"

#include "base/clock.h"
#include "base/io.h"
#include "shim/lane.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define FAILED_STATUS (1 << 8) /* as waitpid has it of an exit with 1 */

static const int caught[] = {SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD};

/* ---- signals ---------------------------------------------------------------------------------------------------------------- */

static int signal_pipe[2] = {-1, -1};

static void note_signal(int signal_number)
{
    const int reason = errno;
    const unsigned char byte = (unsigned char)signal_number;
    /* Full: there are signals enough to be seen to. */
    (void)!write(signal_pipe[1], &byte, 1);
    errno = reason;
}

void forward_block_signals(struct child_signals *before)
{
    struct sigaction usual;
    sigset_t set;
    /* Some start us with it ignored; then the system would not tell how the server ended. */
    memset(&usual, 0, sizeof usual);
    usual.sa_handler = SIG_DFL;
    sigaction(SIGCHLD, &usual, &before->child);
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof caught / sizeof *caught; i++)
        sigaddset(&set, caught[i]);
    sigprocmask(SIG_BLOCK, &set, &before->mask);
}

static bool catch_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    if (!io_pipe(signal_pipe))
        return false;
    fcntl(signal_pipe[0], F_SETFL, O_RDONLY | O_NONBLOCK);
    fcntl(signal_pipe[1], F_SETFL, O_WRONLY | O_NONBLOCK);
    for (size_t i = 0; i < sizeof caught / sizeof *caught; i++) {
        struct sigaction action, before;
        memset(&action, 0, sizeof action);
        action.sa_handler = note_signal;
        action.sa_flags = SA_RESTART;
        /* What we were told to ignore, as by nohup, stays ignored. */
        if (caught[i] != SIGCHLD && sigaction(caught[i], NULL, &before) == 0 && before.sa_handler == SIG_IGN)
            continue;
        sigaction(caught[i], &action, NULL);
        sigaddset(&set, caught[i]);
    }
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    return true;
}

/* ---- state ------------------------------------------------------------------------------------------------------------------ */

struct forward {
    struct child *child;
    struct recorder *recorder;
    struct inspect inspect;
    bool inspecting;
    struct lane lanes[2]; /* by enum mcp_direction */
    uint64_t now, since_boot;
    pid_t agent;          /* our parent at the start */
    unsigned open_requests; /* of the client */
    bool exited, client_closed, terminated, killed;
    bool hurry; /* somebody wants us to end while the last output is still on its way */
    int status;
    uint64_t owed; /* bytes that the lane to the client must have moved before the end */
    uint64_t last_output, terminate_at, kill_at, end_at, end_latest, look_at; /* ns since boot; 0: not */
    bool wake; /* the recorder is to be woken when the bytes are on their way */
};

static void look_at_clock(struct forward *forward)
{
    forward->now = clock_realtime();
    forward->since_boot = clock_since_boot();
}

static uint64_t in(const struct forward *forward, unsigned milliseconds)
{
    return forward->since_boot + milliseconds * NANOSECONDS_PER_MILLISECOND;
}

static bool is_deserted(const struct forward *forward)
{
    return getppid() != forward->agent;
}

/* ---- messages --------------------------------------------------------------------------------------------------------------- */

static bool tell_trace(void *context, const struct mcp_message *message, char trace_id[static TRACE_ID_HEX + 1])
{
    const struct forward *forward = context;
    return forward->recorder && recorder_trace(forward->recorder, message, trace_id);
}

static void take_message(void *context, struct mcp_message *message)
{
    struct forward *forward = context;
    const bool to_server = message->direction == MCP_TO_SERVER;
    if (to_server && message->kind == MCP_REQUEST)
        forward->open_requests++;
    else if (!to_server && message->kind == MCP_RESPONSE && forward->open_requests)
        forward->open_requests--; /* one that was cancelled may still be answered */
    if (forward->inspecting)
        inspect_message(&forward->inspect, message);
    if (forward->recorder)
        forward->wake |= recorder_take(forward->recorder, message);
}

static void set_up_lanes(struct forward *forward, const struct forward_options *options)
{
    const struct inject_client client = {tell_trace, take_message, forward};
    lane_init(&forward->lanes[MCP_TO_SERVER], STDIN_FILENO, forward->child->in, LANE_NOT_BLOCKING);
    lane_init_given(&forward->lanes[MCP_TO_CLIENT], forward->child->out, STDOUT_FILENO);
    const bool splice = options->inject && forward->recorder && forward->recorder->ring;
    inject_init(&forward->lanes[MCP_TO_SERVER].inject, MCP_TO_SERVER, splice, client);
    inject_init(&forward->lanes[MCP_TO_CLIENT].inject, MCP_TO_CLIENT, false, client);
}

/* ---- the end of things ------------------------------------------------------------------------------------------------------ */

/* From now on the server has so long. */
static void expect_end(struct forward *forward)
{
    const unsigned patience = is_deserted(forward) ? FORWARD_DESERTED_MS : FORWARD_KILL_MS;
    if (!forward->kill_at)
        forward->kill_at = in(forward, patience);
}

static void see_to_server(struct forward *forward)
{
    int status;
    if (forward->exited)
        return;
    const pid_t ended = waitpid(forward->child->pid, &status, WNOHANG);
    if (ended < 0 && errno == ECHILD)
        status = FAILED_STATUS; /* nobody knows */
    else if (ended != forward->child->pid)
        return;
    forward->exited = true;
    forward->status = status;
    forward->end_at = in(forward, FORWARD_DRAIN_MS);
    forward->end_latest = in(forward, FORWARD_DRAIN_MOST_MS);
    /* What it has written itself is in the pipe, and will be passed on however long that takes. */
    int left = 0;
    if (forward->child->out >= 0 && !forward->lanes[MCP_TO_CLIENT].ended && ioctl(forward->child->out, FIONREAD, &left) == 0 && left > 0)
        forward->owed = forward->lanes[MCP_TO_CLIENT].moved + (unsigned)left;
    if (forward->recorder)
        forward->wake |= recorder_server_exited(forward->recorder, status, forward->now, forward->since_boot);
}

static void see_to_signals(struct forward *forward)
{
    unsigned char numbers[64];
    const ssize_t count = read(signal_pipe[0], numbers, sizeof numbers);
    for (ssize_t i = 0; i < count; i++) {
        if (numbers[i] == SIGCHLD) {
            see_to_server(forward);
            if (forward->recorder)
                recorder_look(forward->recorder);
            continue;
        }
        if (forward->exited) {
            forward->hurry |= numbers[i] == SIGTERM || numbers[i] == SIGINT || numbers[i] == SIGHUP;
            continue;
        }
        child_signal(forward->child, numbers[i]);
        if (numbers[i] == SIGTERM || numbers[i] == SIGHUP)
            expect_end(forward);
    }
}

/* A server that reads no more keeps the client's end from being seen. */
static void see_to_full_lane(struct forward *forward)
{
    if (!lane_is_full(&forward->lanes[MCP_TO_SERVER]) || forward->exited)
        return;
    if (is_deserted(forward) && !forward->terminate_at)
        forward->terminate_at = in(forward, FORWARD_DESERTED_MS);
    forward->look_at = forward->terminate_at ? 0 : in(forward, FORWARD_DESERTED_MS);
}

/* The client has closed its end, and the server has had all of it: it ought to end by itself. */
static void see_to_client(struct forward *forward)
{
    if (!lane_is_done(&forward->lanes[MCP_TO_SERVER]) || forward->exited)
        return;
    if (forward->lanes[MCP_TO_SERVER].broken) {
        /* The server takes no more, but may have more to say. Nothing tells us of the client's end now. */
        if (is_deserted(forward) && !forward->terminate_at)
            forward->terminate_at = in(forward, FORWARD_DESERTED_MS);
        forward->look_at = forward->terminate_at ? 0 : in(forward, FORWARD_DESERTED_MS);
        return;
    }
    if (!forward->client_closed) {
        forward->client_closed = true;
        if (forward->recorder)
            forward->wake |= recorder_client_closed(forward->recorder, forward->now, forward->since_boot);
        forward->last_output = forward->since_boot;
    }
    const unsigned patience = is_deserted(forward) ? FORWARD_DESERTED_MS : forward->open_requests ? FORWARD_BUSY_MS : FORWARD_QUIET_MS;
    /* An agent that dies closes its end first, and only then is somebody else our parent. */
    forward->look_at = is_deserted(forward) ? 0 : in(forward, FORWARD_DESERTED_MS);
    forward->terminate_at = forward->last_output + patience * NANOSECONDS_PER_MILLISECOND;
}

static void see_to_time(struct forward *forward)
{
    if (forward->exited)
        return;
    if (forward->terminate_at && forward->since_boot >= forward->terminate_at && !forward->terminated) {
        forward->terminated = true;
        child_signal(forward->child, SIGTERM);
        expect_end(forward);
    }
    if (forward->kill_at && forward->since_boot >= forward->kill_at && !forward->killed) {
        forward->killed = true;
        child_signal(forward->child, SIGKILL);
    }
}

static bool is_over(const struct forward *forward)
{
    if (!forward->exited)
        return false;
    if (forward->hurry || lane_is_done(&forward->lanes[MCP_TO_CLIENT]))
        return true;
    /* What came out must get to the client however slow it is; more may come until it has been quiet for a while. */
    return !lane_is_full(&forward->lanes[MCP_TO_CLIENT]) && forward->lanes[MCP_TO_CLIENT].moved >= forward->owed &&
           forward->since_boot >= forward->end_at;
}

static int patience(const struct forward *forward)
{
    uint64_t next = UINT64_MAX;
    const uint64_t moments[] = {forward->exited || forward->terminated ? 0 : forward->terminate_at,
                                forward->exited || forward->killed ? 0 : forward->kill_at, forward->exited ? 0 : forward->look_at,
                                lane_is_full(&forward->lanes[MCP_TO_CLIENT]) ? 0 : forward->end_at};
    for (size_t i = 0; i < sizeof moments / sizeof *moments; i++)
        if (moments[i] && moments[i] < next)
            next = moments[i];
    if (next == UINT64_MAX)
        return -1;
    return next <= forward->since_boot ? 0 : (int)((next - forward->since_boot) / NANOSECONDS_PER_MILLISECOND) + 1;
}

/* ---- the loop --------------------------------------------------------------------------------------------------------------- */

static void watch_lane(const struct lane *lane, struct pollfd *watched)
{
    watched->events = lane_is_full(lane) ? POLLOUT : POLLIN;
    watched->fd = lane_is_done(lane) ? -1 : lane_is_full(lane) ? lane->to : lane->from;
    watched->revents = 0;
}

static void turn(struct forward *forward)
{
    struct pollfd watched[3];
    watch_lane(&forward->lanes[MCP_TO_SERVER], &watched[0]);
    watch_lane(&forward->lanes[MCP_TO_CLIENT], &watched[1]);
    watched[2] = (struct pollfd){.fd = signal_pipe[0], .events = POLLIN};
    const int ready = poll(watched, 3, patience(forward));
    look_at_clock(forward);
    if (ready > 0) {
        for (unsigned i = 0; i < 2; i++) {
            if (watched[i].revents)
                lane_move(&forward->lanes[i], forward->now, forward->since_boot);
        }
        if (watched[1].revents) {
            forward->last_output = forward->since_boot;
            if (forward->exited && in(forward, FORWARD_DRAIN_MS) < forward->end_latest)
                forward->end_at = in(forward, FORWARD_DRAIN_MS);
        }
        if (watched[2].revents)
            see_to_signals(forward);
    }
    forward->look_at = 0;
    see_to_full_lane(forward);
    see_to_client(forward);
    see_to_time(forward);
    if (forward->wake)
        recorder_wake(forward->recorder);
    forward->wake = false;
}

int forward_run(const struct forward_options *options, struct child *child, struct recorder *recorder)
{
    static struct forward forward; /* large, and the only one */
    struct error error;
    forward.child = child;
    forward.recorder = recorder;
    forward.agent = options->agent;
    forward.inspecting = options->inspect;
    look_at_clock(&forward);
    inspect_init(&forward.inspect, forward.now);
    if (!catch_signals()) {
        error_set_errno(&error, "cannot make a pipe");
        (void)fprintf(stderr, "spanhook mcp: %s\n", error.text);
        child_signal(child, SIGKILL);
        return 1;
    }
    set_up_lanes(&forward, options);
    see_to_server(&forward);
    while (!is_over(&forward))
        turn(&forward);
    /* What it has left behind goes with it; the recorder sees to that. */
    if (recorder)
        recorder_end(recorder);
    else if (child_group_lives(child))
        child_signal(child, SIGKILL);
    return WIFSIGNALED(forward.status) ? 128 + WTERMSIG(forward.status) : WEXITSTATUS(forward.status);
}
