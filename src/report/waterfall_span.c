#include "report/waterfall_span.h"

#include "base/clock.h"
#include "report/duration.h"
#include "report/screen_text.h"
#include "trace/names.h"

#define ACKNOWLEDGED "acknowledged"

static const struct {
    const char *outcome, *remark;
} remarks[] = {{"no_result", "no result"}, {"no_start", "no start"}, {"process_exit", "server ended"}};

/* In plain words; what is unknown stays as it is. */
static struct slice readable(struct slice outcome)
{
    for (size_t i = 0; i < sizeof remarks / sizeof *remarks; i++)
        if (slice_equal(outcome, slice_of(remarks[i].outcome)))
            return slice_of(remarks[i].remark);
    return outcome;
}

enum span_interval waterfall_interval(const struct trace_span *span)
{
    if (span->open)
        return INTERVAL_OPEN;
    if (outcome_is_unfinished(trace_string(span, NAME_OUTCOME)))
        return INTERVAL_UNFINISHED;
    if (slice_equal(trace_string(span, NAME_DURATION_SOURCE), SLICE("hook_batch")))
        return INTERVAL_BATCH;
    return span->end == span->start && !trace_attribute(span, NAME_DURATION_MS) ? INTERVAL_POINT : INTERVAL_MEASURED;
}

enum style waterfall_name_style(const struct trace_span *span)
{
    /* Before their names are looked at: those are methods, which anyone may name as they like. */
    if (is_mcp_request(span->kind, trace_string(span, NAME_MCP_METHOD)))
        return STYLE_TOOL;
    if (trace_attribute(span, NAME_SKILL_NAME) || slice_starts_with(span->name, SLICE(NAME_SPAN_SKILL_PREFIX)))
        return STYLE_SKILL;
    if (slice_starts_with(span->name, SLICE(NAME_SPAN_TOOL_PREFIX)) || trace_attribute(span, NAME_GEN_AI_TOOL_NAME))
        return STYLE_TOOL;
    if (slice_equal(span->name, SLICE(NAME_SPAN_PROMPT)))
        return STYLE_PROMPT;
    if (slice_equal(span->name, SLICE(NAME_SPAN_TURN)))
        return STYLE_FAINT;
    return span->parent_index == TRACE_NO_SPAN ? STYLE_STRONG : STYLE_PLAIN;
}

enum style waterfall_bar_style(const struct trace_span *span)
{
    if (span->status == SPAN_STATUS_ERROR)
        return STYLE_BAD;
    switch (waterfall_interval(span)) {
    case INTERVAL_OPEN:
    case INTERVAL_UNFINISHED:
        return STYLE_UNSURE;
    default:
        return waterfall_name_style(span);
    }
}

void waterfall_duration(const struct trace_span *span, bool unicode, struct buffer *text)
{
    char duration[DURATION_TEXT_SIZE];
    const enum span_interval interval = waterfall_interval(span);

    buffer_clear(text);
    if (interval == INTERVAL_POINT)
        return;
    duration_format(span->end - span->start, unicode, duration);
    if (interval == INTERVAL_BATCH || interval == INTERVAL_UNFINISHED)
        buffer_append_text(text, unicode ? "≤" : "<=");
    buffer_append_text(text, duration);
}

/* Parts of a remark are separated by commas and share its columns. */
struct remark {
    struct buffer *text;
    size_t left;
    bool unicode;
};

static void add_part(struct remark *remark, struct slice before, struct slice part)
{
    struct slice separator = remark->text->length ? SLICE(", ") : SLICE("");
    if (separator.length + before.length >= remark->left)
        return;
    remark->left -= screen_text_append(remark->text, separator, remark->left, remark->unicode);
    remark->left -= screen_text_append(remark->text, before, remark->left, remark->unicode);
    remark->left -= screen_text_append(remark->text, part, remark->left, remark->unicode);
}

static void add_error(struct remark *remark, const struct trace_span *span)
{
    const struct slice mark = remark->unicode ? SLICE("✗ ") : SLICE("x ");
    const struct attribute *exit_code = trace_attribute(span, NAME_EXIT_CODE);
    struct slice type = trace_string(span, NAME_ERROR_TYPE);
    char storage[32];
    struct buffer number;

    if (exit_code && exit_code->type == ATTRIBUTE_INTEGER && exit_code->value.integer != 0) {
        buffer_init_fixed(&number, storage, sizeof storage);
        buffer_append_text(&number, "exit ");
        buffer_append_i64(&number, exit_code->value.integer);
        add_part(remark, mark, buffer_slice(&number));
        return;
    }
    if (type.length == 0)
        type = span->status_message;
    if (type.length == 0 || slice_equal(type, SLICE("_OTHER")))
        type = SLICE("failed");
    add_part(remark, mark, readable(type));
}

static void add_outcome(struct remark *remark, const struct trace_span *span)
{
    struct slice outcome = trace_string(span, NAME_OUTCOME);
    if (span->open)
        outcome = SLICE("open");
    /* An error may be all that there is to an outcome, and what was acknowledged went as it should. */
    if (outcome.length && !slice_equal(outcome, SLICE(ACKNOWLEDGED)) &&
        !(span->status == SPAN_STATUS_ERROR && slice_equal(outcome, trace_string(span, NAME_ERROR_TYPE))))
        add_part(remark, SLICE(""), readable(outcome));
}

static void add_turn(struct remark *remark, const struct trace_span *span)
{
    const struct attribute *duration = trace_attribute(span, NAME_TURN_DURATION_MS);
    char text[DURATION_TEXT_SIZE];
    if (!duration || duration->type != ATTRIBUTE_DOUBLE || !(duration->value.number >= 0) || duration->value.number > 1e13)
        return;
    duration_format((uint64_t)(duration->value.number * (double)NANOSECONDS_PER_MILLISECOND), remark->unicode, text);
    add_part(remark, SLICE("turn "), slice_of(text));
}

enum style waterfall_remark(const struct trace_span *span, size_t columns, bool unicode, struct buffer *text)
{
    struct remark remark = {text, columns, unicode};
    const struct attribute *suspect = trace_attribute(span, NAME_CLOCK_SUSPECT);
    enum style style = STYLE_FAINT;

    buffer_clear(text);
    if (span->status == SPAN_STATUS_ERROR)
        add_error(&remark, span);
    add_outcome(&remark, span);
    if (suspect && suspect->type == ATTRIBUTE_BOOLEAN && suspect->value.boolean)
        add_part(&remark, SLICE(""), SLICE("clock changed"));
    if (text->length)
        style = span->status == SPAN_STATUS_ERROR ? STYLE_BAD : STYLE_UNSURE;
    add_turn(&remark, span);
    if (slice_equal(trace_string(span, NAME_OUTCOME), SLICE(ACKNOWLEDGED)))
        add_part(&remark, SLICE(""), SLICE(ACKNOWLEDGED));
    return style;
}
