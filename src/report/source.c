#include "report/source.h"

#include "otlp/otlp_json.h"
#include "store/archive.h"
#include "store/oplog.h"
#include "store/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define READ_LINES 4096
#define READ_BYTES (1024UL * 1024)

bool source_open(struct state *state, bool *nothing_yet, struct error *error)
{
    struct stat status;
    *nothing_yet = false;
    if (state_open(state, false, error))
        return true;
    *nothing_yet = state->path[0] && lstat(state->path, &status) != 0 && errno == ENOENT;
    return *nothing_yet;
}

/* A sink that remembers whether it was the one to stop. */
struct stoppable {
    span_sink *sink;
    void *context;
    bool stopped;
};

static bool pass_on(void *context, const struct resource *resource, const struct span *span)
{
    struct stoppable *stoppable = context;
    stoppable->stopped = !stoppable->sink(stoppable->context, resource, span);
    return !stoppable->stopped;
}

static bool no_memory(struct error *error)
{
    return error_set(error, "no memory to show what was recorded");
}

/* ---- op logs ---------------------------------------------------------------------------------------------------------------- */

struct folding {
    const struct state *state;
    uint64_t now;
    struct stoppable out;
    struct error why; /* of the log at hand */
    const char *name;
    struct fold *fold;
    struct buffer text;
    jsmntok_t tokens[OP_TOKENS_MAX];
};

static bool cannot_fold(struct folding *folding)
{
    return error_set(&folding->why, "no memory to fold op log %s", folding->name);
}

static bool take_record(void *context, struct slice payload, uint64_t end)
{
    struct folding *folding = context;
    struct op op;
    (void)end;
    buffer_clear(&folding->text);
    /* What is no op is the relay's to count. */
    return !op_decode(payload, &op, &folding->text, folding->tokens) || fold_apply(folding->fold, &op, pass_on, &folding->out) ||
           cannot_fold(folding);
}

static bool read_log(struct folding *folding, const char *name)
{
    uint64_t offset = 0;
    folding->name = name;
    return oplog_read(folding->state->folders[STATE_OPS], name, &offset, take_record, folding, NULL, &folding->why);
}

/* The relay tells a fold that its session has idled; where none ran since, it is done here. */
static bool show_open(struct folding *folding)
{
    const uint64_t idle_at = fold_last_time(folding->fold) + settings_idle_time();
    const struct op idle = {.kind = OP_IDLE, .time = idle_at};
    if (fold_wants_idle(folding->fold) && folding->now > idle_at && !fold_apply(folding->fold, &idle, pass_on, &folding->out))
        return cannot_fold(folding);
    return fold_open_spans(folding->fold, folding->now, pass_on, &folding->out) || cannot_fold(folding);
}

/* `entries` are the files of one session: its log and, after that, private files that the relay has not put into it yet. */
static bool fold_session(struct folding *folding, const struct oplog_entry *entries, size_t count)
{
    bool done = true;
    folding->name = entries[0].name;
    folding->fold = fold_new(settings_fold_options());
    if (!folding->fold)
        return cannot_fold(folding);
    for (size_t i = 0; done && i < count; i++)
        done = read_log(folding, entries[i].name);
    done = done && show_open(folding);
    fold_free(folding->fold);
    return done;
}

/* After a session that failed: true to go on with the next. */
static bool skip(const struct folding *folding, struct source_skipped *skipped, struct error *error)
{
    if (folding->out.stopped)
        return no_memory(error);
    if (!skipped)
        return error_set(error, "%s", folding->why.text);
    if (skipped->count++ == 0)
        skipped->first = folding->why;
    return true;
}

static int by_session(const void *a, const void *b)
{
    const struct oplog_entry *first = a, *second = b;
    const int order = strcmp(first->key, second->key);
    if (order)
        return order;
    if (first->private_file != second->private_file)
        return first->private_file ? 1 : -1;
    return first->modified < second->modified ? -1 : first->modified > second->modified;
}

bool source_logs(const struct state *state, const char *key, uint64_t now, span_sink *sink, void *context, struct source_skipped *skipped,
                 struct error *error)
{
    struct folding *folding = NULL;
    struct oplog_entry *entries = NULL;
    size_t count = 0;
    bool done = false;

    if (!oplog_list(state->folders[STATE_OPS], &entries, &count, error))
        goto out;
    folding = malloc(sizeof *folding);
    if (!folding) {
        no_memory(error);
        goto out;
    }
    *folding = (struct folding){.state = state, .now = now, .out = {sink, context, false}};
    buffer_init(&folding->text, 4UL * OP_SIZE_MAX);
    if (count)
        qsort(entries, count, sizeof *entries, by_session);
    done = true;
    for (size_t first = 0, end; done && first < count; first = end) {
        for (end = first + 1; end < count && strcmp(entries[end].key, entries[first].key) == 0;)
            end++;
        if (!key || strcmp(entries[first].key, key) == 0)
            done = fold_session(folding, &entries[first], end - first) || skip(folding, skipped, error);
    }
    buffer_free(&folding->text);
out:
    free(folding);
    free(entries);
    return done;
}

/* ---- archive ---------------------------------------------------------------------------------------------------------------- */

static bool mentions(struct slice line, struct slice text)
{
    if (text.length == 0)
        return true;
    const char first = text.data[0];
    const bool letter = (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z');
    const char other = letter ? (char)(first ^ 0x20) : first;
    for (size_t i = 0; i + text.length <= line.length; i++)
        if ((line.data[i] == first || line.data[i] == other) && slice_equal_ignoring_case((struct slice){line.data + i, text.length}, text))
            return true;
    return false;
}

static bool decode_lines(struct slice lines, struct slice containing, struct buffer *text, struct stoppable *stoppable)
{
    size_t end;
    for (size_t start = 0; start < lines.length; start = end + 1) {
        if (!slice_find(lines, SLICE("\n"), start, &end))
            end = lines.length;
        const struct slice line = slice_part(lines, start, end - start);
        if (!mentions(line, containing))
            continue;
        buffer_clear(text);
        otlp_json_decode(line, text, pass_on, stoppable, NULL);
        if (stoppable->stopped || text->failed)
            return false;
    }
    return true;
}

bool source_archive(const struct state *state, struct source_lines wanted, span_sink *sink, void *context, struct error *error)
{
    struct stoppable stoppable = {sink, context, false};
    struct archive_position position = {.date = wanted.from_date};
    struct buffer lines, text;
    size_t count = 0;
    bool done;

    buffer_init(&lines, READ_BYTES + 2UL * ARCHIVE_LINE_MAX);
    buffer_init(&text, 4UL * ARCHIVE_LINE_MAX);
    do {
        buffer_clear(&lines);
        done = archive_read(state->folders[STATE_TRACES], &position, &lines, READ_LINES, READ_BYTES, &count, error);
        if (done && !decode_lines(buffer_slice(&lines), wanted.containing, &text, &stoppable))
            done = no_memory(error);
    } while (done && count > 0 && (wanted.to_date == 0 || position.date <= wanted.to_date));
    buffer_free(&lines);
    buffer_free(&text);
    return done;
}
