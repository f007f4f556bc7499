#include "base/clock.h"
#include "otlp/otlp_json.h"
#include "report/screen_text.h"
#include "report/source.h"
#include "report/waterfall.h"
#include "trace/names.h"
#include "verbs/verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FLUSH_BYTES (64UL * 1024)
#define LINE_BYTES_MAX (4UL * 1024 * 1024)
#define CANDIDATES_MAX 10
#define CANDIDATE_COLUMNS 200
#define TRACE_DIGITS 12 /* the second that it began in, and enough of its session */

enum { OPTION_JSON, OPTION_WIDTH, OPTION_COLOR };

static const struct verb_option options[] = {
    [OPTION_JSON] = {"--json", NULL, "one line of OTLP JSON for each span of the session", NULL},
    [OPTION_WIDTH] = {"--width", "N", "columns, 40 to 400 (default: those of the terminal)", NULL},
    [OPTION_COLOR] = {"--color", "WHEN", "auto, always or never (default: auto)", "auto always never"},
    {NULL, NULL, NULL, NULL},
};

struct view {
    const struct verb *verb;
    struct state state;
    uint64_t now;
    struct trace_list list;
    char latest[TRACE_ID_HEX + 1]; /* the trace that is meant when none is named */
    struct terminal terminal;
    struct buffer out;
    int exit_code;
    bool gave_up; /* stdout takes no more; exit_code is set */
};

/* ---- output ----------------------------------------------------------------------------------------------------------------- */

static bool flush_out(struct view *view)
{
    if (view->out.length && !verb_write(view->verb, buffer_slice(&view->out), &view->exit_code))
        view->gave_up = true;
    buffer_clear(&view->out);
    return !view->gave_up;
}

static bool take_text(void *context, struct slice text)
{
    struct view *view = context;
    buffer_append_slice(&view->out, text);
    if (view->out.failed)
        return false;
    return view->out.length < FLUSH_BYTES || flush_out(view);
}

static int fail(struct view *view, const struct error *error)
{
    return view->gave_up ? view->exit_code : verb_failed(view->verb, error);
}

static int fail_for_memory(struct view *view)
{
    struct error error;
    error_set(&error, "no memory to show it");
    return fail(view, &error);
}

/* ---- choosing --------------------------------------------------------------------------------------------------------------- */

static void print_candidates(struct view *view, struct slice wanted)
{
    struct slice last = {NULL, 0};
    unsigned shown = 0, more = 0;
    struct buffer *line = &view->out;

    for (size_t i = 0; i < view->list.count; i++) {
        const struct trace_summary *summary = &view->list.items[i];
        char start[20];
        /* The newest trace stands for its session. */
        if (!trace_summary_fits(summary, wanted) || (summary->session_id.length && slice_equal(summary->session_id, last)))
            continue;
        last = summary->session_id;
        if (shown++ >= CANDIDATES_MAX) {
            more++;
            continue;
        }
        clock_format_local(summary->start, start);
        buffer_clear(line);
        screen_text_append(line, summary->session_id.length ? summary->session_id : slice_of(summary->id), CANDIDATE_COLUMNS,
                           view->terminal.unicode);
        (void)fprintf(stderr, "  %s  %.*s\n", start, (int)line->length, line->data ? line->data : "");
    }
    buffer_clear(line);
    if (more)
        (void)fprintf(stderr, "  and %u more\n", more);
}

/* Lists what may be meant: what fits the argument, or the newest trace and the others of its session. */
static bool list_traces(struct view *view, const char *argument, struct error *error)
{
    struct trace_list_scope scope = {.newest = argument ? 0 : 1, .containing = slice_of(argument)};
    char session[OP_SESSION_ID_MAX];

    if (!trace_list_load(&view->list, &view->state, view->now, scope, error))
        return false;
    if (argument || view->list.count == 0)
        return true;
    const struct trace_summary *newest = &view->list.items[0];
    const struct slice id = newest->session_id;
    memcpy(view->latest, newest->id, sizeof view->latest);
    if (id.length == 0 || id.length > sizeof session)
        return true;
    memcpy(session, id.data, id.length);
    trace_list_free(&view->list);
    scope = (struct trace_list_scope){.containing = {session, id.length}};
    return trace_list_load(&view->list, &view->state, view->now, scope, error);
}

/* The entry to show; false with exit_code after saying why there is none. */
static bool choose(struct view *view, const char *argument, size_t *index, bool *by_trace_id)
{
    struct error error;
    const struct slice wanted = slice_of(argument);

    *index = 0;
    *by_trace_id = false;
    if (view->list.count == 0 && view->list.skipped.count > 0) {
        error_set(&error, "there is nothing else to show");
    } else if (view->list.count == 0) {
        error_set(&error, "nothing has been recorded yet; wire spanhook into your agent with: spanhook install kiro");
    } else if (!argument) {
        while (*index + 1 < view->list.count && strcmp(view->list.items[*index].id, view->latest) != 0)
            ++*index;
        return true;
    } else {
        switch (trace_list_match(&view->list, wanted, index, by_trace_id)) {
        case TRACE_MATCH_ONE:
            return true;
        case TRACE_MATCH_NONE:
            error_set(&error, "no session or trace begins with \"%.64s\"; see: spanhook sessions", argument);
            break;
        case TRACE_MATCH_SEVERAL:
            error_set(&error, "\"%.64s\" fits several sessions; say more of the one you mean:", argument);
            view->exit_code = verb_failed(view->verb, &error);
            print_candidates(view, wanted);
            return false;
        }
    }
    view->exit_code = verb_failed(view->verb, &error);
    return false;
}

/* ---- the two forms ---------------------------------------------------------------------------------------------------------- */

static bool write_spans(struct view *view, const struct trace *trace)
{
    static struct span span;
    static struct resource resource;

    for (size_t i = 0; i < trace->count; i++) {
        trace_restore(trace, &trace->spans[trace->rows[i].span], &resource, &span);
        if (span.open)
            attribute_set_string(&span.attributes, NAME_OUTCOME, SLICE("open"));
        if (!otlp_json_encode_span(&view->out, &resource, &span) || !take_text(view, SLICE("\n")))
            return false;
    }
    return true;
}

static bool same_session(const struct trace_summary *a, const struct trace_summary *b)
{
    return a == b || (a->session_id.length && slice_equal(a->session_id, b->session_id));
}

/* The session's traces, oldest first, or only the one that was asked for by its id. */
static int show_json(struct view *view, size_t index, bool by_trace_id)
{
    const struct trace_summary *chosen = &view->list.items[index];
    struct error error;

    for (size_t i = view->list.count; i > 0; i--) {
        const struct trace_summary *summary = &view->list.items[i - 1];
        struct trace trace;
        if (by_trace_id ? summary != chosen : !same_session(summary, chosen))
            continue;
        trace_init(&trace, summary->id);
        bool done = trace_load(&trace, &view->state, summary->session_id, view->now, &error);
        if (done && !write_spans(view, &trace))
            done = error_set(&error, "no memory to show it");
        if (done && trace.incomplete)
            (void)fprintf(stderr, "spanhook view: trace %s has more than the %zu spans that are shown\n", summary->id, trace.count);
        trace_free(&trace);
        if (!done)
            return fail(view, &error);
    }
    return flush_out(view) ? EXIT_OK : view->exit_code;
}

/* The commands that show the session's other traces. */
static void append_others(struct view *view, const struct trace_summary *chosen)
{
    size_t others = 0;

    for (size_t i = 0; i < view->list.count; i++)
        others += &view->list.items[i] != chosen && same_session(&view->list.items[i], chosen);
    if (others == 0)
        return;
    buffer_append_format(&view->out, "%zu other trace%s of this session (the agent was started again):\n", others, others == 1 ? "" : "s");
    size_t shown = 0;
    for (size_t i = 0; i < view->list.count && shown < CANDIDATES_MAX; i++) {
        const struct trace_summary *summary = &view->list.items[i];
        char start[20];
        if (summary == chosen || !same_session(summary, chosen))
            continue;
        clock_format_local(summary->start, start);
        buffer_append_format(&view->out, "  spanhook view %.*s  %s  ", TRACE_DIGITS, summary->id, start);
        waterfall_counts(summary, &view->out);
        buffer_append_byte(&view->out, '\n');
        shown++;
    }
    if (shown < others)
        buffer_append_format(&view->out, "  and %zu more\n", others - shown);
}

static int show_waterfall(struct view *view, size_t index)
{
    const struct trace_summary *summary = &view->list.items[index];
    struct error error;
    struct trace trace;
    int exit_code = EXIT_OK;

    trace_init(&trace, summary->id);
    if (!trace_load(&trace, &view->state, summary->session_id, view->now, &error)) {
        exit_code = fail(view, &error);
    } else if (trace.count == 0) {
        error_set(&error, "trace %s has just been removed", summary->id);
        exit_code = fail(view, &error);
    } else if (!waterfall_write(&trace, summary, &view->terminal, take_text, view)) {
        exit_code = fail_for_memory(view);
    } else {
        append_others(view, summary);
        if (!flush_out(view))
            exit_code = view->exit_code;
    }
    trace_free(&trace);
    return exit_code;
}

static int show(struct view *view, const struct verb_arguments *arguments)
{
    bool nothing_yet, by_trace_id;
    struct error error;
    size_t index;

    if (!source_open(&view->state, &nothing_yet, &error))
        return verb_failed(view->verb, &error);
    if (!nothing_yet && !list_traces(view, arguments->positional[0], &error)) {
        view->exit_code = verb_failed(view->verb, &error);
        goto out;
    }
    verb_tell_skipped(view->verb, &view->list.skipped);
    if (choose(view, arguments->positional[0], &index, &by_trace_id)) {
        if (view->list.incomplete)
            (void)fprintf(stderr, "spanhook view: more was recorded than can be listed; some counts are too low\n");
        view->exit_code = arguments->options[OPTION_JSON] ? show_json(view, index, by_trace_id) : show_waterfall(view, index);
    }
out:
    if (!nothing_yet)
        state_close(&view->state);
    return view->exit_code;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    static struct view view;
    enum terminal_colour colour = TERMINAL_COLOUR_AUTO;
    struct verb_arguments arguments;
    struct error error;
    long width = 0;
    int exit_code;

    if (!verb_begin(verb, argc, argv, &arguments, &exit_code))
        return exit_code;
    if (arguments.options[OPTION_WIDTH] && !verb_number(arguments.options[OPTION_WIDTH], TERMINAL_WIDTH_MIN, TERMINAL_WIDTH_MAX, &width)) {
        error_set(&error, "--width takes a number from %d to %d", TERMINAL_WIDTH_MIN, TERMINAL_WIDTH_MAX);
        return verb_misused(verb, &error);
    }
    if (arguments.options[OPTION_COLOR] && !terminal_colour_parse(arguments.options[OPTION_COLOR], &colour)) {
        error_set(&error, "--color takes auto, always or never");
        return verb_misused(verb, &error);
    }
    view.verb = verb;
    view.now = clock_realtime();
    terminal_detect(&view.terminal, STDOUT_FILENO, width, colour);
    trace_list_init(&view.list);
    buffer_init(&view.out, LINE_BYTES_MAX);
    exit_code = show(&view, &arguments);
    buffer_free(&view.out);
    trace_list_free(&view.list);
    return exit_code;
}

const struct verb verb_view = {
    .name = "view",
    .positional = "[SESSION]",
    .positional_max = 1,
    .summary = "show a session as a waterfall, the latest by default",
    .description =
        "SESSION is the beginning of a session id or of a trace id, as spanhook sessions lists them. An agent that was started anew in\n"
        "the same session has begun another trace; the newest is shown and the others are named below it.\n"
        "\n"
        "  [====]  measured            [~~~~>  still running\n"
        "  [----]  nobody saw the end  <=1.2s  at most: the agent ran several calls as one batch\n"
        "\n"
        "Works while the session is running. Colours are used on a terminal unless NO_COLOR is set. With --json the spans of all of the\n"
        "session's traces are printed, those that are still open with the present time as their end and spanhook.outcome = open.",
    .options = options,
    .run = run,
};
