#include "base/clock.h"
#include "base/json_write.h"
#include "base/utf8.h"
#include "report/duration.h"
#include "report/screen_text.h"
#include "report/source.h"
#include "report/style.h"
#include "report/terminal.h"
#include "report/trace_list.h"
#include "verbs/verb.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_MAX (256UL * 1024 * 1024)
#define LIMIT_DEFAULT 20 /* of the table; JSON is for programs, which get all */
#define PROMPT_COLUMNS_MIN 10
#define START_COLUMNS 16 /* "2026-01-01 00:00" */

enum { OPTION_JSON, OPTION_LIMIT };

static const struct verb_option options[] = {
    [OPTION_JSON] = {"--json", NULL, "one JSON object", NULL},
    [OPTION_LIMIT] = {"--limit", "N", "the newest N, 0 for all (default: 20, with --json all)", NULL},
    {NULL, NULL, NULL, NULL},
};

/* ---- JSON ------------------------------------------------------------------------------------------------------------------- */

static void write_json_entry(struct buffer *out, const struct trace_summary *summary)
{
    const uint64_t microseconds = (summary->end - summary->start) / 1000;
    char start[21], end[21];
    clock_format_utc(summary->start, start);
    clock_format_utc(summary->end, end);
    buffer_append_text(out, "{\"session_id\":");
    json_write_string(out, summary->session_id);
    buffer_append_format(out, ",\"trace_id\":\"%s\",\"start\":\"%s\",\"end\":\"%s\"", summary->id, start, end);
    buffer_append_format(out, ",\"start_unix_nano\":\"%" PRIu64 "\",\"duration_ms\":", summary->start);
    json_write_double(out, (double)microseconds / 1000.0);
    buffer_append_format(out, ",\"turns\":%u,\"tools\":%u,\"skills\":%u,\"errors\":%u,\"live\":", summary->turns, summary->tools,
                         summary->skills, summary->errors);
    json_write_bool(out, summary->live);
    buffer_append_text(out, ",\"prompt\":");
    json_write_string(out, summary->prompt);
    buffer_append_byte(out, '}');
}

static void write_json(struct buffer *out, const struct trace_list *list, size_t shown)
{
    buffer_append_text(out, "{\"schema_version\":1,\"sessions\":[");
    for (size_t i = 0; i < shown; i++) {
        if (i)
            buffer_append_byte(out, ',');
        write_json_entry(out, &list->items[i]);
    }
    buffer_append_text(out, "],\"more\":");
    json_write_bool(out, shown < list->count);
    buffer_append_text(out, ",\"incomplete\":");
    json_write_bool(out, list->incomplete || list->skipped.count > 0);
    buffer_append_text(out, "}\n");
}

/* ---- table ------------------------------------------------------------------------------------------------------------------ */

struct table {
    struct buffer *out;
    const struct terminal *terminal;
    size_t session_columns, trace_columns, prompt_columns, length_columns;
};

static void append_padded(struct table *table, enum style style, struct slice text, size_t columns)
{
    style_begin(table->out, style, table->terminal->colour);
    size_t used = screen_text_append(table->out, text, columns, table->terminal->unicode);
    style_end(table->out, style, table->terminal->colour);
    for (used = used < columns ? used : columns; used < columns + 2; used++)
        buffer_append_byte(table->out, ' ');
}

static void append_count(struct table *table, enum style style, unsigned count, const char *heading)
{
    style_begin(table->out, count ? style : STYLE_FAINT, table->terminal->colour);
    buffer_append_format(table->out, "%*u", (int)strlen(heading), count);
    style_end(table->out, count ? style : STYLE_FAINT, table->terminal->colour);
    buffer_append_text(table->out, "  ");
}

static void end_line(struct table *table)
{
    struct buffer *out = table->out;
    while (out->length > 0 && out->data[out->length - 1] == ' ')
        out->length--;
    buffer_append_byte(out, '\n');
}

static const char *const headings[] = {"TURNS", "TOOLS", "SKILLS", "ERRORS"};

static size_t format_length(const struct table *table, const struct trace_summary *summary, char *text, size_t size)
{
    char duration[DURATION_TEXT_SIZE];
    duration_format(summary->end - summary->start, table->terminal->unicode, duration);
    (void)snprintf(text, size, "%s%s", duration, summary->live ? " live" : "");
    return screen_text_width(slice_of(text), TERMINAL_WIDTH_MAX, table->terminal->unicode);
}

/* START LENGTH counts SESSION [TRACE] [PROMPT]: what is not counted or dated has room only where the terminal has it. */
static void lay_out(struct table *table, const struct trace_list *list, size_t shown)
{
    const size_t digits = trace_list_session_digits(list);
    size_t used = START_COLUMNS + 2, left;
    char text[DURATION_TEXT_SIZE + 8];

    table->session_columns = sizeof "SESSION" - 1;
    table->length_columns = sizeof "LENGTH" - 1;
    for (size_t i = 0; i < shown; i++) {
        const size_t columns = format_length(table, &list->items[i], text, sizeof text);
        if (columns > table->length_columns)
            table->length_columns = columns;
        const size_t session = list->items[i].session_id.length;
        if ((session < digits ? session : digits) > table->session_columns)
            table->session_columns = session < digits ? session : digits;
    }
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
        used += strlen(headings[i]) + 2;
    used += table->length_columns + 2 + table->session_columns + 2;
    left = table->terminal->width > used ? table->terminal->width - used : 0;
    table->trace_columns = trace_list_trace_digits(list);
    if (left < table->trace_columns + 2 + 2 * PROMPT_COLUMNS_MIN)
        table->trace_columns = 0;
    left -= table->trace_columns ? table->trace_columns + 2 : 0;
    table->prompt_columns = left >= PROMPT_COLUMNS_MIN ? left : 0;
}

static void write_headings(struct table *table)
{
    const enum style style = STYLE_FAINT;
    append_padded(table, style, SLICE("START"), START_COLUMNS);
    append_padded(table, style, SLICE("LENGTH"), table->length_columns);
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
        append_padded(table, style, slice_of(headings[i]), strlen(headings[i]));
    append_padded(table, style, SLICE("SESSION"), table->session_columns);
    if (table->trace_columns)
        append_padded(table, style, SLICE("TRACE"), table->trace_columns);
    if (table->prompt_columns)
        append_padded(table, style, SLICE("PROMPT"), table->prompt_columns);
    end_line(table);
}

static void write_entry(struct table *table, const struct trace_summary *summary)
{
    char start[20], length[DURATION_TEXT_SIZE + 8];

    clock_format_local(summary->start, start);
    format_length(table, summary, length, sizeof length);
    append_padded(table, STYLE_PLAIN, slice_part(slice_of(start), 0, START_COLUMNS), START_COLUMNS);
    append_padded(table, summary->live ? STYLE_UNSURE : STYLE_PLAIN, slice_of(length), table->length_columns);
    append_count(table, STYLE_PLAIN, summary->turns, headings[0]);
    append_count(table, STYLE_TOOL, summary->tools, headings[1]);
    append_count(table, STYLE_SKILL, summary->skills, headings[2]);
    append_count(table, STYLE_BAD, summary->errors, headings[3]);
    append_padded(table, STYLE_STRONG, utf8_prefix(summary->session_id, table->session_columns), table->session_columns);
    if (table->trace_columns)
        append_padded(table, STYLE_FAINT, slice_part(slice_of(summary->id), 0, table->trace_columns), table->trace_columns);
    if (table->prompt_columns)
        append_padded(table, STYLE_PLAIN, summary->prompt, table->prompt_columns);
    end_line(table);
}

static void write_table(struct buffer *out, const struct trace_list *list, size_t shown)
{
    struct terminal terminal;
    struct table table = {.out = out, .terminal = &terminal};

    if (list->count == 0 && list->skipped.count > 0)
        return;
    if (list->count == 0) {
        buffer_append_text(out, "Nothing has been recorded yet. Wire spanhook into your agent with: spanhook install kiro\n");
        return;
    }
    terminal_detect(&terminal, STDOUT_FILENO, 0, TERMINAL_COLOUR_AUTO);
    lay_out(&table, list, shown);
    write_headings(&table);
    for (size_t i = 0; i < shown; i++)
        write_entry(&table, &list->items[i]);
    if (shown < list->count)
        buffer_append_text(out, "older ones are not shown; --limit 0 shows all\n");
    if (list->incomplete)
        buffer_append_text(out, "more was recorded than can be listed; some counts are too low\n");
}

/* ----------------------------------------------------------------------------------------------------------------------------- */

static int show(const struct verb *verb, const struct trace_list *list, size_t limit, bool json)
{
    const size_t shown = limit && limit < list->count ? limit : list->count;
    struct buffer out;
    struct error error;
    int exit_code = EXIT_OK;

    verb_tell_skipped(verb, &list->skipped);
    buffer_init(&out, OUTPUT_MAX);
    if (json)
        write_json(&out, list, shown);
    else
        write_table(&out, list, shown);
    if (out.failed) {
        error_set(&error, "no memory to list them all; try a --limit");
        exit_code = verb_failed(verb, &error);
    } else {
        verb_write(verb, buffer_slice(&out), &exit_code);
    }
    buffer_free(&out);
    return exit_code;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct verb_arguments arguments;
    struct trace_list list;
    struct state state;
    struct error error;
    bool nothing_yet;
    int exit_code;

    if (!verb_begin(verb, argc, argv, &arguments, &exit_code))
        return exit_code;
    const bool json = arguments.options[OPTION_JSON] != NULL;
    long limit = json ? 0 : LIMIT_DEFAULT;
    if (arguments.options[OPTION_LIMIT] && !verb_number(arguments.options[OPTION_LIMIT], 0, TRACE_LIST_TRACES_MAX, &limit)) {
        error_set(&error, "--limit takes a number from 0 to %d", TRACE_LIST_TRACES_MAX);
        return verb_misused(verb, &error);
    }
    if (!source_open(&state, &nothing_yet, &error))
        return verb_failed(verb, &error);
    trace_list_init(&list);
    /* One more than is shown tells whether there are more. */
    const struct trace_list_scope scope = {.newest = limit ? (size_t)limit + 1 : 0};
    if (!nothing_yet && !trace_list_load(&list, &state, clock_realtime(), scope, &error))
        exit_code = verb_failed(verb, &error);
    else
        exit_code = show(verb, &list, (size_t)limit, json);
    trace_list_free(&list);
    if (!nothing_yet)
        state_close(&state);
    return exit_code;
}

const struct verb verb_sessions = {
    .name = "sessions",
    .positional = "",
    .summary = "list what was recorded, newest first",
    .description = "One line for each trace: when it began (local time), how long it was, prompts, tool calls (those that read a skill\n"
                   "included), skill loads and failed calls. What is marked as live is still at work. An agent that was started anew in a\n"
                   "session has begun another trace.\n"
                   "\n"
                   "spanhook view SESSION takes the beginning of a session id, or of a trace id.",
    .options = options,
    .run = run,
};
