#include "base/io.h"
#include "export/destination.h"
#include "shim/forward.h"
#include "store/settings.h"
#include "trace/session_id.h"
#include "verbs/relay_start.h"
#include "verbs/verb.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { OPTION_NAME, OPTION_NO_INJECT, OPTION_SESSION, OPTION_INSPECT, OPTION_STATE };

static const struct verb_option options[] = {
    [OPTION_NAME] = {"--name", "SERVER", "the server's name in the agent's configuration", NULL},
    [OPTION_NO_INJECT] = {"--no-inject", NULL, "change nothing: for servers that refuse a _meta.traceparent", NULL},
    [OPTION_SESSION] = {"--session", "ID", "the session that the requests belong to, where it cannot be found", NULL},
    [OPTION_INSPECT] = {"--inspect", NULL, "print a line for each message to the standard error", NULL},
    [OPTION_STATE] = {"--state", "FOLDER", "the state folder, as agents do not hand their environment on", NULL},
    {NULL, NULL, NULL, NULL},
};

/* ---- arguments -------------------------------------------------------------------------------------------------------------- */

static const struct verb_option *find_option(const char *word)
{
    for (size_t i = 0; options[i].name; i++)
        if (strcmp(word, options[i].name) == 0)
            return &options[i];
    return NULL;
}

static bool is_option(const char *word)
{
    return find_option(word) != NULL;
}

static bool takes_argument(const char *word)
{
    const struct verb_option *option = find_option(word);
    return option && option->argument;
}

/* Where the command begins: behind the first "--", or at the first word that is no option, as people leave the "--" out. 0: there is
 * none. */
static int find_command(int argc, char **argv)
{
    for (int at = 1; at < argc; at++) {
        if (strcmp(argv[at], "--") == 0)
            return at + 1 < argc ? at + 1 : 0;
        if (argv[at][0] != '-')
            return at;
        if (takes_argument(argv[at]))
            at++;
    }
    return 0;
}

#define SESSION_TEXT_MAX ((size_t)512 * 1024) /* of an id in an argument or variable, which the system bounds */

static bool is_given(const char *text)
{
    return text && text[0];
}

static void find_session(const struct verb_arguments *arguments, pid_t agent, struct session_options *session)
{
    static const struct {
        const char *variable, *agent;
    } sources[] = {{"KIRO_SESSION_ID", "kiro"}, {"CLAUDE_CODE_SESSION_ID", "claude"}};
    const char *id = arguments->options[OPTION_SESSION];
    struct buffer text;
    for (size_t i = 0; i < sizeof sources / sizeof *sources && !is_given(id); i++) {
        id = getenv(sources[i].variable);
        session->agent = is_given(id) ? sources[i].agent : NULL;
    }
    buffer_init(&text, SESSION_TEXT_MAX);
    const struct slice kept = session_id_append(&text, slice_part(slice_of(id), 0, SESSION_TEXT_MAX / 3));
    if (!text.failed && kept.length)
        memcpy(session->id, kept.data, kept.length);
    buffer_free(&text);
    session->ancestor_count = process_ancestors(agent, session->ancestors);
}

static void start_relay(int ops_folder)
{
    if (!settings_relay_off())
        relay_start_if_none(ops_folder);
}

/* ---- the run ---------------------------------------------------------------------------------------------------------------- */

/* A core would hold what passes. The server keeps its own limit. */
static void no_core(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_CORE, &limit) == 0) {
        limit.rlim_cur = 0;
        setrlimit(RLIMIT_CORE, &limit);
    }
}

static int shim(const struct verb *verb, const struct verb_arguments *arguments, char *const *command)
{
    static struct recorder_options record;
    static struct recorder recorder;
    const pid_t agent = getppid();
    const struct forward_options forward = {.inject = arguments->options[OPTION_NO_INJECT] == NULL,
                                            .inspect = arguments->options[OPTION_INSPECT] != NULL,
                                            .agent = agent};
    struct child child;
    struct error error;
    struct child_signals signals;

    /* The server first: agents wait for it, and some not for long. */
    forward_block_signals(&signals);
    if (!child_start(&child, command, &signals, &error)) {
        sigprocmask(SIG_SETMASK, &signals.mask, NULL);
        return verb_failed(verb, &error);
    }
    no_core();
    record.server = slice_part(slice_of(arguments->options[OPTION_NAME]), 0, OP_TOOL_NAME_MAX);
    record.state = arguments->options[OPTION_STATE];
    record.start_relay = start_relay;
    record.off = environment_disabled();
    if (!record.off)
        find_session(arguments, agent, &record.session);
    const bool recording = recorder_start(&recorder, &record, &child);
    return forward_run(&forward, &child, recording ? &recorder : NULL);
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct verb_arguments arguments;
    struct error error;
    int exit_code;

    const int command = find_command(argc, argv);
    int own = command ? command : argc;
    if (own > 1 && strcmp(argv[own - 1], "--") == 0)
        own--;
    if (!verb_begin(verb, own, argv, &arguments, &exit_code))
        return exit_code;
    if (!command) {
        error_set(&error, "the server's command is missing: spanhook mcp [--name SERVER] -- COMMAND [ARGUMENT...]");
        return verb_misused(verb, &error);
    }
    const char *name = arguments.options[OPTION_NAME];
    if (name && (strcmp(name, "--") == 0 || is_option(name))) {
        error_set(&error, "--name needs an argument: SERVER, not \"%.100s\"", name);
        return verb_misused(verb, &error);
    }
    const char *state = arguments.options[OPTION_STATE];
    if (state && state[0] != '/') {
        error_set(&error, "--state needs an absolute path: \"%.100s\"", state);
        return verb_misused(verb, &error);
    }
    /* A pipe must not take the place of a standard stream that is closed. */
    io_open_null_on_standard();
    return shim(verb, &arguments, argv + command);
}

const struct verb verb_mcp = {
    .name = "mcp",
    .positional = "-- COMMAND [ARGUMENT...]",
    .positional_max = 0,
    .choices = NULL,
    .summary = "stand before an MCP server and record its requests (in the agent's configuration)",
    .description = "Starts the server and passes everything on, both ways, byte for byte, with its\n"
                   "exit code and signals. Every request becomes a span with its true time; the\n"
                   "server is told of the trace in params._meta.traceparent of each request, which\n"
                   "is the only thing that is ever changed. Arguments and results are measured,\n"
                   "never stored. \"spanhook install kiro --mcp\" puts it before the servers that\n"
                   "Kiro knows.\n"
                   "\n"
                   "The session is that of --session, KIRO_SESSION_ID or CLAUDE_CODE_SESSION_ID,\n"
                   "else the one that hooks of the same agent process belong to, else one of its\n"
                   "own. Exit code: the server's, or 128 + the signal that ended it; 127 where it\n"
                   "was not found, 126 where it could not be run.",
    .options = options,
    .run = run,
    .hidden = false,
};
