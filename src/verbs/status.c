#include "base/clock.h"
#include "base/json_write.h"
#include "export/destination.h"
#include "report/screen_text.h"
#include "report/source.h"
#include "report/terminal.h"
#include "store/archive.h"
#include "store/counters.h"
#include "store/cursor.h"
#include "store/lock.h"
#include "store/oplog.h"
#include "store/state.h"
#include "verbs/verb.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_MAX (1024 * 1024)

enum { OPTION_JSON };

static const struct verb_option options[] = {
    [OPTION_JSON] = {"--json", NULL, "one JSON object", NULL},
    {NULL, NULL, NULL, NULL},
};

struct destination_status {
    char url[1024];
    bool current; /* what a relay started now would send to */
    struct cursor cursor;
    uint64_t pending_bytes, pending_spans;
};

struct status {
    struct state state;
    bool nothing_yet; /* no hook has made the state folder */
    bool relay_running;
    uint64_t logs, log_bytes, unarchived_bytes;
    uint64_t archive_files, archive_bytes;
    char archive_ahead[sizeof ((struct archive_file *)0)->name]; /* the newest file, if its day is yet to come */
    uint64_t counters[COUNTER_COUNT];
    struct destination destination;
    struct error destination_error;
    bool destination_usable;
    struct destination_status *destinations;
    size_t destination_count;
};

static bool add_destination(struct status *status, const struct cursor_file *file, bool current)
{
    struct destination_status *larger = realloc(status->destinations, (status->destination_count + 1) * sizeof *larger);
    if (!larger)
        return false;
    status->destinations = larger;
    struct destination_status *added = &larger[status->destination_count++];
    memset(added, 0, sizeof *added);
    memcpy(added->url, file->url, sizeof added->url);
    added->current = current;
    cursor_load(file, &added->cursor);
    return archive_pending(status->state.folders[STATE_TRACES], added->cursor.position, &added->pending_bytes, &added->pending_spans, NULL);
}

static void look_at_destinations(struct status *status)
{
    struct cursor_file *files = NULL, current;
    size_t count = 0;
    bool known = false;

    status->destination_usable = destination_from_environment(&status->destination, &status->destination_error);
    const bool sends = status->destination_usable && status->destination.enabled;
    if (status->nothing_yet)
        return;
    cursor_list(status->state.folders[STATE_CURSORS], &files, &count);
    for (size_t i = 0; i < count; i++) {
        const bool is_current = sends && strcmp(files[i].url, status->destination.url) == 0;
        known |= is_current;
        add_destination(status, &files[i], is_current);
    }
    free(files);
    if (sends && !known) {
        cursor_name(&current, status->state.folders[STATE_CURSORS], status->destination.url);
        add_destination(status, &current, true);
    }
}

static void look_at_store(struct status *status)
{
    const int ops = status->state.folders[STATE_OPS];
    struct oplog_entry *entries = NULL;
    struct archive_file *files = NULL;
    size_t count = 0;

    const enum lock_state lock = relay_lock_look(ops);
    status->relay_running = lock == LOCK_HELD;
    if (oplog_list(ops, &entries, &count, NULL)) {
        status->logs = count;
        for (size_t i = 0; i < count; i++) {
            const uint64_t archived = entries[i].private_file ? 0 : oplog_position_read(ops, entries[i].key);
            status->log_bytes += entries[i].size;
            status->unarchived_bytes += entries[i].size > archived ? entries[i].size - archived : 0;
        }
    }
    free(entries);
    if (archive_list(status->state.folders[STATE_TRACES], &files, &count, NULL)) {
        status->archive_files = count;
        for (size_t i = 0; i < count; i++)
            status->archive_bytes += files[i].size;
        if (count > 0 && archive_is_ahead(&files[count - 1], clock_realtime()))
            memcpy(status->archive_ahead, files[count - 1].name, sizeof status->archive_ahead);
    }
    free(files);
    counters_read(ops, status->counters);
}

/* ---- output ----------------------------------------------------------------------------------------------------------------- */

static void write_number(struct buffer *out, const char *name, uint64_t value)
{
    buffer_append_format(out, "\"%s\":%" PRIu64, name, value);
}

static void write_destination(struct buffer *out, const struct status *status, const struct destination_status *destination)
{
    char time[21];
    buffer_append_text(out, "{\"url\":");
    json_write_string(out, slice_of(destination->url));
    buffer_append_text(out, ",\"current\":");
    json_write_bool(out, destination->current);
    if (destination->current) {
        buffer_append_text(out, ",\"source\":");
        json_write_string(out, slice_of(status->destination.source));
    }
    buffer_append_byte(out, ',');
    write_number(out, "sent", destination->cursor.sent);
    buffer_append_byte(out, ',');
    write_number(out, "rejected", destination->cursor.rejected);
    buffer_append_byte(out, ',');
    write_number(out, "dropped", destination->cursor.dropped);
    buffer_append_byte(out, ',');
    write_number(out, "failures", destination->cursor.failures);
    buffer_append_byte(out, ',');
    write_number(out, "pending", destination->pending_spans);
    buffer_append_byte(out, ',');
    write_number(out, "pending_bytes", destination->pending_bytes);
    buffer_append_text(out, ",\"reason\":");
    json_write_string(out, slice_of(destination->cursor.reason));
    if (destination->cursor.last_success) {
        clock_format_utc(destination->cursor.last_success, time);
        buffer_append_format(out, ",\"last_success\":\"%s\"", time);
    }
    buffer_append_byte(out, '}');
}

static void write_json(struct buffer *out, const struct status *status)
{
    buffer_append_text(out, "{\"schema_version\":1,\"state\":");
    json_write_string(out, slice_of(status->state.path));
    buffer_append_text(out, ",\"relay_running\":");
    json_write_bool(out, status->relay_running);
    buffer_append_format(out, ",\"queue\":{\"logs\":%" PRIu64 ",\"log_bytes\":%" PRIu64 ",\"unarchived_bytes\":%" PRIu64 "}", status->logs,
                         status->log_bytes, status->unarchived_bytes);
    buffer_append_format(out, ",\"archive\":{\"files\":%" PRIu64 ",\"bytes\":%" PRIu64, status->archive_files, status->archive_bytes);
    if (status->archive_ahead[0]) {
        buffer_append_text(out, ",\"dated_ahead\":");
        json_write_string(out, slice_of(status->archive_ahead));
    }
    buffer_append_byte(out, '}');
    buffer_append_text(out, ",\"sending\":");
    json_write_bool(out, status->destination_usable && status->destination.enabled);
    if (!status->destination_usable) {
        buffer_append_text(out, ",\"error\":");
        json_write_string(out, slice_of(status->destination_error.text));
    }
    if (status->destination.warning[0]) {
        buffer_append_text(out, ",\"warning\":");
        json_write_string(out, slice_of(status->destination.warning));
    }
    buffer_append_text(out, ",\"destinations\":[");
    for (size_t i = 0; i < status->destination_count; i++) {
        if (i)
            buffer_append_byte(out, ',');
        write_destination(out, status, &status->destinations[i]);
    }
    buffer_append_text(out, "],\"counters\":{");
    for (unsigned i = 0; i < COUNTER_COUNT; i++) {
        if (i)
            buffer_append_byte(out, ',');
        write_number(out, counter_name((enum counter)i), status->counters[i]);
    }
    buffer_append_text(out, "}}\n");
}

/* What a server, a file or the environment said is shown so that it cannot steer the terminal. */
static void append_shown(struct buffer *out, const char *text)
{
    struct terminal terminal;
    terminal_detect(&terminal, STDOUT_FILENO, 0, TERMINAL_COLOUR_NEVER);
    screen_text_append(out, slice_of(text), strlen(text) * 10, terminal.unicode);
}

static void write_line(struct buffer *out, const char *before, const char *text)
{
    buffer_append_text(out, before);
    append_shown(out, text);
    buffer_append_byte(out, '\n');
}

static void write_text_store(struct buffer *out, const struct status *status)
{
    buffer_append_format(out, "recorded  %" PRIu64 " session logs, %" PRIu64 " bytes, %" PRIu64 " of them not archived yet\n", status->logs,
                         status->log_bytes, status->unarchived_bytes);
    buffer_append_format(out, "archive   %" PRIu64 " files, %" PRIu64 " bytes\n", status->archive_files, status->archive_bytes);
    if (status->archive_ahead[0])
        buffer_append_format(out, "warning   traces/%s is dated in the future: the clock was wrong, or is; new spans go on in it\n",
                             status->archive_ahead);
}

static void write_text(struct buffer *out, const struct status *status)
{
    char time[20];
    bool any = false;

    buffer_append_format(out, "state     %s\n", status->state.path);
    buffer_append_format(out, "relay     %s\n", status->relay_running ? "running" : "not running (a hook starts it)");
    if (status->nothing_yet)
        buffer_append_text(out, "recorded  nothing yet; wire spanhook into your agent with: spanhook install kiro\n");
    else
        write_text_store(out, status);
    if (!status->destination_usable)
        write_line(out, "sending   nothing: ", status->destination_error.text);
    else if (!status->destination.enabled)
        write_line(out, "sending   switched off by ", status->destination.source);
    if (status->destination.warning[0])
        write_line(out, "warning   ", status->destination.warning);
    for (size_t i = 0; i < status->destination_count; i++) {
        const struct destination_status *destination = &status->destinations[i];
        buffer_append_byte(out, '\n');
        append_shown(out, destination->url);
        buffer_append_format(out, "%s%s%s\n", destination->current ? "  (" : "", destination->current ? status->destination.source : "",
                             destination->current ? ")" : "  (not in use now)");
        buffer_append_format(out, "  sent %" PRIu64 ", pending %" PRIu64 ", rejected %" PRIu64 ", dropped %" PRIu64 "\n",
                             destination->cursor.sent, destination->pending_spans, destination->cursor.rejected,
                             destination->cursor.dropped);
        if (destination->cursor.failures) {
            buffer_append_format(out, "  failing: %" PRIu64 " attempts, last: ", destination->cursor.failures);
            write_line(out, "", destination->cursor.reason[0] ? destination->cursor.reason : "no answer");
        }
        if (destination->cursor.last_success) {
            clock_format_local(destination->cursor.last_success, time);
            buffer_append_format(out, "  last delivered %s\n", time);
        }
    }
    for (unsigned i = 0; i < COUNTER_COUNT; i++) {
        if (!status->counters[i])
            continue;
        if (!any)
            buffer_append_text(out, "\ncounted since the state folder was made\n");
        any = true;
        buffer_append_format(out, "  %-18s %10" PRIu64 "  %s\n", counter_name((enum counter)i), status->counters[i],
                             counter_help((enum counter)i));
    }
}

static int run(const struct verb *verb, int argc, char **argv)
{
    static struct status status;
    struct verb_arguments arguments;
    struct buffer out;
    struct error error;
    int exit_code;

    if (!verb_begin(verb, argc, argv, &arguments, &exit_code))
        return exit_code;
    if (!source_open(&status.state, &status.nothing_yet, &error))
        return verb_failed(verb, &error);
    if (!status.nothing_yet)
        look_at_store(&status);
    look_at_destinations(&status);
    buffer_init(&out, OUTPUT_MAX);
    if (arguments.options[OPTION_JSON])
        write_json(&out, &status);
    else
        write_text(&out, &status);
    exit_code = EXIT_OK;
    if (out.failed) {
        error_set(&error, "no memory to show it");
        exit_code = verb_failed(verb, &error);
    } else {
        verb_write(verb, buffer_slice(&out), &exit_code);
    }
    buffer_free(&out);
    free(status.destinations);
    if (!status.nothing_yet)
        state_close(&status.state);
    return exit_code;
}

const struct verb verb_status = {
    .name = "status",
    .positional = "",
    .summary = "what is queued, sent and dropped, for each destination",
    .description = "Shows the state folder, what hooks recorded and what of it is archived, how\n"
                   "far each destination has been sent, and the counts of everything that was\n"
                   "dropped and why.",
    .options = options,
    .run = run,
};
