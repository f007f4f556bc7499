#include "report/waterfall.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "report/axis.h"
#include "report/duration.h"
#include "report/screen_text.h"
#include "report/waterfall_span.h"
#include "trace/names.h"

#include <stdlib.h>
#include <string.h>

#define BAR_MIN 3              /* columns of the shortest bar: "[=]" */
#define BAR_WANTED_MIN 8
#define NARROW 60              /* columns of a terminal that has no room to spare */
#define INDENT 3               /* columns of a level of the tree */
#define PREVIEW_COLUMNS_MAX 28 /* of a prompt beside its name */
#define REMARK_COLUMNS_MAX 48
#define NAME_COLUMNS_MIN 6
#define PREVIEW_QUOTES 4       /* two blanks and the quotes */
#define PREVIEW_COLUMNS_MIN 4
#define ID_WHOLE_MAX 20        /* bytes of a session id that the heading shows as it is; of a longer one, a UUID mostly, the beginning */
#define ID_CUT 8
#define LINE_BYTES_MAX (16 * 1024)

struct characters {
    const char *branch, *last_branch, *line, *blank; /* INDENT columns each */
    const char *break_between, *break_inside;
};
static const struct characters unicode_characters = {"├─ ", "└─ ", "│  ", "   ", "┊", "⋯"};
static const struct characters ascii_characters = {"|- ", "`- ", "|  ", "   ", ":", ":"};

struct waterfall {
    const struct trace *trace;
    const struct terminal *terminal;
    const struct characters *characters;
    text_sink *sink;
    void *context;
    struct buffer line, part;
    struct axis axis;
    size_t label_width, bar_width, duration_width, remark_width; /* columns */
    bool breaks[TERMINAL_WIDTH_MAX]; /* by column of the bars: a break of the axis */
    bool batch; /* some duration is an upper bound because of a batch */
};

static bool end_line(struct waterfall *waterfall)
{
    struct buffer *line = &waterfall->line;
    while (line->length > 0 && line->data[line->length - 1] == ' ')
        line->length--;
    buffer_append_byte(line, '\n');
    const bool taken = !line->failed && waterfall->sink(waterfall->context, buffer_slice(line));
    buffer_clear(line);
    return taken;
}

static void pad(struct buffer *line, size_t columns)
{
    while (columns-- > 0)
        buffer_append_byte(line, ' ');
}

static size_t styled(struct waterfall *waterfall, enum style style, struct slice text, size_t columns)
{
    style_begin(&waterfall->line, style, waterfall->terminal->colour);
    const size_t used = screen_text_append(&waterfall->line, text, columns, waterfall->terminal->unicode);
    style_end(&waterfall->line, style, waterfall->terminal->colour);
    return used;
}

/* ---- heading ---------------------------------------------------------------------------------------------------------------- */

static void count(struct buffer *out, const char *separator, unsigned number, const char *name)
{
    buffer_append_format(out, "%s%u %s%s", separator, number, name, number == 1 ? "" : "s");
}

void waterfall_counts(const struct trace_summary *summary, struct buffer *out)
{
    count(out, "", summary->turns, "turn");
    count(out, ", ", summary->tools, "tool");
    if (summary->skills)
        count(out, ", ", summary->skills, "skill");
    if (summary->errors)
        count(out, ", ", summary->errors, "error");
}

static bool write_heading(struct waterfall *waterfall, const struct trace_summary *summary)
{
    const struct slice kind = summary->session_id.length ? SLICE("session ") : SLICE("trace ");
    const struct slice id = summary->session_id.length ? summary->session_id : slice_of(summary->id);
    char start[20], length[DURATION_TEXT_SIZE];
    size_t left = waterfall->terminal->width;

    left -= styled(waterfall, STYLE_STRONG, kind, left);
    left -= styled(waterfall, STYLE_STRONG, id.length > ID_WHOLE_MAX ? utf8_prefix(id, ID_CUT) : id, left);
    clock_format_local(summary->start, start);
    left -= styled(waterfall, STYLE_PLAIN, SLICE("  "), left);
    left -= styled(waterfall, STYLE_PLAIN, slice_of(start), left);
    duration_format(summary->end - summary->start, waterfall->terminal->unicode, length);
    left -= styled(waterfall, STYLE_PLAIN, SLICE("  "), left);
    left -= styled(waterfall, STYLE_PLAIN, slice_of(length), left);
    if (summary->live)
        left -= styled(waterfall, STYLE_UNSURE, SLICE(", live"), left);

    buffer_clear(&waterfall->part);
    waterfall_counts(summary, &waterfall->part);
    if (waterfall->part.length + 2 > left) { /* on a line of its own, then */
        if (!end_line(waterfall))
            return false;
        left = waterfall->terminal->width;
    }
    pad(&waterfall->line, 2);
    styled(waterfall, STYLE_FAINT, buffer_slice(&waterfall->part), left - 2);
    return end_line(waterfall);
}

/* ---- layout ----------------------------------------------------------------------------------------------------------------- */

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t without(size_t a, size_t b)
{
    return a > b ? a - b : 0;
}

/* What a row's label would like to have, within `limit`; for a prompt beside a name no bar gets shorter than `preview_limit` leaves it. */
static size_t label_columns(const struct waterfall *waterfall, const struct trace_row *row, size_t limit, size_t preview_limit)
{
    const struct trace_span *span = &waterfall->trace->spans[row->span];
    const struct slice preview = trace_string(span, NAME_PROMPT_PREVIEW);
    const bool unicode = waterfall->terminal->unicode;
    const size_t name = smaller(limit, (size_t)INDENT * row->depth + screen_text_width(span->name, limit, unicode));
    const size_t quoted = preview.length ? PREVIEW_QUOTES + screen_text_width(preview, PREVIEW_COLUMNS_MAX, unicode) : 0;
    return larger(name, smaller(name + quoted, preview_limit));
}

/* Label, a blank, bar, two blanks, duration, two blanks, remark. Label and remark take what they need, but no more than a share of the
 * width; bars get the rest. */
static void lay_out(struct waterfall *waterfall)
{
    const size_t width = waterfall->terminal->width;
    const bool unicode = waterfall->terminal->unicode;
    const size_t preview_limit = width / 3, label_limit = width < NARROW ? preview_limit : width * 2 / 5;
    size_t label = 0, duration = 0, remark = 0;

    for (size_t i = 0; i < waterfall->trace->count; i++) {
        const struct trace_span *span = &waterfall->trace->spans[waterfall->trace->rows[i].span];
        label = larger(label, label_columns(waterfall, &waterfall->trace->rows[i], label_limit, preview_limit));
        waterfall_duration(span, unicode, &waterfall->part);
        duration = larger(duration, screen_text_width(buffer_slice(&waterfall->part), width, unicode));
        waterfall_remark(span, REMARK_COLUMNS_MAX, unicode, &waterfall->part);
        remark = larger(remark, screen_text_width(buffer_slice(&waterfall->part), width, unicode));
        waterfall->batch |= waterfall_interval(span) == INTERVAL_BATCH;
    }
    const size_t bar_wanted = larger(BAR_WANTED_MIN, width / 5);
    waterfall->label_width = label;
    waterfall->duration_width = duration;
    size_t left = width - waterfall->label_width - 1 - 2 - duration;
    waterfall->remark_width = smaller(remark, without(left, bar_wanted + 2));
    left -= waterfall->remark_width ? waterfall->remark_width + 2 : 0;
    waterfall->bar_width = left;
}

static bool make_axis(struct waterfall *waterfall)
{
    const struct trace *trace = waterfall->trace;
    uint64_t start = UINT64_MAX, end = 0;
    struct axis_busy *busy = malloc((trace->count + 1) * sizeof *busy);
    if (!busy)
        return false;
    for (size_t i = 0; i < trace->count; i++) {
        const struct trace_span *span = &trace->spans[i];
        /* What holds others covers their pauses, too; and where nobody saw the end, nobody knows how long something ran. */
        const bool covers = span->parent_index == TRACE_NO_SPAN && span->first_child != TRACE_NO_SPAN;
        const bool point = covers || waterfall_interval(span) == INTERVAL_UNFINISHED;
        busy[i] = (struct axis_busy){span->start, point ? span->start : span->end, slice_equal(span->name, SLICE(NAME_SPAN_PROMPT))};
        start = span->start < start ? span->start : start;
        end = span->end > end ? span->end : end;
    }
    const bool made = axis_make(&waterfall->axis, start, end, busy, trace->count, (unsigned)waterfall->bar_width);
    free(busy);
    for (size_t i = 0; made && i < waterfall->axis.break_count; i++) {
        const struct axis_gap gap = waterfall->axis.breaks[i];
        waterfall->breaks[axis_column(&waterfall->axis, gap.from + (gap.to - gap.from) / 2)] = true;
    }
    return made;
}

/* ---- lines ------------------------------------------------------------------------------------------------------------------ */

/* Returns the columns taken. `more[level]`: a later sibling of the row, or of the one it stands below, follows at that depth. */
static size_t write_tree(struct waterfall *waterfall, const struct trace_row *row, const bool *more)
{
    const struct characters *characters = waterfall->characters;
    /* The name needs some room, too: what lies deeper stands under one another. */
    const size_t deepest = without(waterfall->label_width, NAME_COLUMNS_MIN) / INDENT, depth = smaller(row->depth, deepest);

    if (depth == 0)
        return 0;
    style_begin(&waterfall->line, STYLE_FAINT, waterfall->terminal->colour);
    for (size_t level = 1; level < depth; level++)
        buffer_append_text(&waterfall->line, more[level] ? characters->line : characters->blank);
    buffer_append_text(&waterfall->line, row->last && row->depth == depth ? characters->last_branch : characters->branch);
    style_end(&waterfall->line, STYLE_FAINT, waterfall->terminal->colour);
    return depth * INDENT;
}

/* A name and, for a prompt, its quoted beginning. Returns the columns taken. */
static size_t write_label(struct waterfall *waterfall, const struct trace_span *span, size_t columns)
{
    const struct slice preview = trace_string(span, NAME_PROMPT_PREVIEW);
    size_t used = styled(waterfall, waterfall_name_style(span), span->name, columns);

    if (preview.length == 0 || columns - used < PREVIEW_QUOTES + PREVIEW_COLUMNS_MIN)
        return used;
    style_begin(&waterfall->line, STYLE_FAINT, waterfall->terminal->colour);
    buffer_append_text(&waterfall->line, "  \"");
    used += PREVIEW_QUOTES + screen_text_append(&waterfall->line, preview, smaller(columns - used - PREVIEW_QUOTES, PREVIEW_COLUMNS_MAX),
                                                waterfall->terminal->unicode);
    buffer_append_byte(&waterfall->line, '"');
    style_end(&waterfall->line, STYLE_FAINT, waterfall->terminal->colour);
    return used;
}

/* What fills a bar says how its length is known. */
static char fill_of(const struct trace_span *span)
{
    switch (waterfall_interval(span)) {
    case INTERVAL_UNFINISHED:
        return '-';
    case INTERVAL_OPEN:
        return span->first_child == TRACE_NO_SPAN ? '~' : '=';
    default:
        return '=';
    }
}

static void write_outside_bar(struct waterfall *waterfall, size_t from, size_t to)
{
    for (size_t column = from; column < to; column++) {
        if (waterfall->breaks[column]) {
            style_begin(&waterfall->line, STYLE_FAINT, waterfall->terminal->colour);
            buffer_append_text(&waterfall->line, waterfall->characters->break_between);
            style_end(&waterfall->line, STYLE_FAINT, waterfall->terminal->colour);
        } else {
            buffer_append_byte(&waterfall->line, ' ');
        }
    }
}

static void write_bar(struct waterfall *waterfall, const struct trace_span *span)
{
    const enum style style = waterfall_bar_style(span);
    const char fill = fill_of(span);
    size_t first = axis_column(&waterfall->axis, span->start), end = (size_t)axis_column(&waterfall->axis, span->end) + 1;

    /* Short ones grow to the right, and to the left where there is no room. */
    end = smaller(larger(end, first + BAR_MIN), waterfall->bar_width);
    first = smaller(first, end - BAR_MIN);
    write_outside_bar(waterfall, 0, first);
    style_begin(&waterfall->line, style, waterfall->terminal->colour);
    buffer_append_byte(&waterfall->line, '[');
    for (size_t column = first + 1; column < end - 1; column++) {
        if (waterfall->breaks[column])
            buffer_append_text(&waterfall->line, waterfall->characters->break_inside);
        else
            buffer_append_byte(&waterfall->line, fill);
    }
    buffer_append_byte(&waterfall->line, span->open ? '>' : ']');
    style_end(&waterfall->line, style, waterfall->terminal->colour);
    write_outside_bar(waterfall, end, waterfall->bar_width);
}

static bool write_row(struct waterfall *waterfall, const struct trace_row *row, const bool *more)
{
    const struct trace_span *span = &waterfall->trace->spans[row->span];
    const bool unicode = waterfall->terminal->unicode;
    size_t used = write_tree(waterfall, row, more);

    used += write_label(waterfall, span, waterfall->label_width - used);
    pad(&waterfall->line, waterfall->label_width - used + 1);
    write_bar(waterfall, span);

    waterfall_duration(span, unicode, &waterfall->part);
    used = screen_text_width(buffer_slice(&waterfall->part), waterfall->duration_width, unicode);
    pad(&waterfall->line, 2 + waterfall->duration_width - used);
    buffer_append_slice(&waterfall->line, buffer_slice(&waterfall->part));

    const enum style style = waterfall_remark(span, waterfall->remark_width, unicode, &waterfall->part);
    if (waterfall->part.length) {
        pad(&waterfall->line, 2);
        style_begin(&waterfall->line, style, waterfall->terminal->colour);
        buffer_append_slice(&waterfall->line, buffer_slice(&waterfall->part));
        style_end(&waterfall->line, style, waterfall->terminal->colour);
    }
    return end_line(waterfall);
}

static bool write_rows(struct waterfall *waterfall)
{
    bool more[TRACE_DEPTH_MAX + 1] = {false};
    for (size_t i = 0; i < waterfall->trace->count; i++) {
        const struct trace_row *row = &waterfall->trace->rows[i];
        more[row->depth] = !row->last;
        if (!write_row(waterfall, row, more))
            return false;
    }
    return true;
}

static bool write_note(struct waterfall *waterfall, struct slice text)
{
    styled(waterfall, STYLE_FAINT, text, waterfall->terminal->width);
    return end_line(waterfall);
}

/* What a reader cannot know. */
static bool write_notes(struct waterfall *waterfall)
{
    const bool unicode = waterfall->terminal->unicode;
    const struct axis *axis = &waterfall->axis;
    char left_out[DURATION_TEXT_SIZE];

    if (waterfall->batch &&
        !write_note(waterfall, unicode ? SLICE("≤ at most: calls of one batch") : SLICE("<= at most: calls of one batch")))
        return false;
    if (axis->break_count) {
        duration_format(axis->left_out, unicode, left_out);
        buffer_clear(&waterfall->part);
        buffer_append_format(&waterfall->part, "%s idle time left out: %s", waterfall->characters->break_inside, left_out);
        if (!write_note(waterfall, buffer_slice(&waterfall->part)))
            return false;
    }
    if (waterfall->trace->incomplete) {
        buffer_clear(&waterfall->part);
        buffer_append_format(&waterfall->part, "%zu spans are shown; there are more", waterfall->trace->count);
        return write_note(waterfall, buffer_slice(&waterfall->part));
    }
    return true;
}

bool waterfall_write(const struct trace *trace, const struct trace_summary *summary, const struct terminal *terminal, text_sink *sink,
                     void *context)
{
    struct waterfall waterfall = {.trace = trace,
                                  .terminal = terminal,
                                  .characters = terminal->unicode ? &unicode_characters : &ascii_characters,
                                  .sink = sink,
                                  .context = context};
    buffer_init(&waterfall.line, LINE_BYTES_MAX);
    buffer_init(&waterfall.part, LINE_BYTES_MAX);
    lay_out(&waterfall);
    const bool written = make_axis(&waterfall) && write_heading(&waterfall, summary) && write_rows(&waterfall) &&
                         write_notes(&waterfall);
    axis_free(&waterfall.axis);
    buffer_free(&waterfall.line);
    buffer_free(&waterfall.part);
    return written;
}
