#include "report/waterfall.h"

#include "base/clock.h"
#include "base/io.h"
#include "report/axis.h"
#include "report/screen_text.h"
#include "report/waterfall_span.h"
#include "trace/names.h"

#include "check.h"

#include <fcntl.h>
#include <stdlib.h>

#define TRACE "68e22a7f00112233445566778899aabb"
#define START (UINT64_C(1759655647) * NANOSECONDS_PER_SECOND) /* 2025-10-05 09:14:07 UTC */
#define MS NANOSECONDS_PER_MILLISECOND

/* A trace as a table; ids are numbers from 1, 0 is no parent. */
struct row {
    unsigned id, parent;
    const char *name;
    uint64_t from, to; /* ms from START */
    const char *flags; /* blank-separated: see add_flags */
    const char *text;  /* prompt.preview or error.type */
};

static bool has(const char *flags, const char *flag)
{
    return flags && strstr(flags, flag);
}

static const char *const mcp_outcomes[] = {"cancelled", "process_exit", "acknowledged"};

static void add_flags(struct span *span, const struct row *row)
{
    if (has(row->flags, "prompt"))
        attribute_set_string(&span->attributes, NAME_PROMPT_PREVIEW, slice_of(row->text));
    if (has(row->flags, "error")) {
        span->status = SPAN_STATUS_ERROR;
        attribute_set_string(&span->attributes, NAME_ERROR_TYPE, slice_of(row->text));
    }
    if (has(row->flags, "code"))
        attribute_set_integer(&span->attributes, NAME_EXIT_CODE, 1);
    if (has(row->flags, "batch"))
        attribute_set_string(&span->attributes, NAME_DURATION_SOURCE, SLICE("hook_batch"));
    if (has(row->flags, "no_result"))
        attribute_set_string(&span->attributes, NAME_OUTCOME, SLICE("no_result"));
    if (has(row->flags, "interrupted"))
        attribute_set_string(&span->attributes, NAME_OUTCOME, SLICE("interrupted"));
    if (has(row->flags, "no_start"))
        attribute_set_string(&span->attributes, NAME_OUTCOME, SLICE("no_start"));
    if (has(row->flags, "skill"))
        attribute_set_string(&span->attributes, NAME_SKILL_NAME, SLICE("x"));
    if (has(row->flags, "suspect"))
        attribute_set_boolean(&span->attributes, NAME_CLOCK_SUSPECT, true);
    if (has(row->flags, "shim"))
        attribute_set_string(&span->attributes, NAME_DURATION_SOURCE, SLICE("mcp_shim"));
    if (has(row->flags, "client") || has(row->flags, "server")) {
        span->kind = has(row->flags, "client") ? SPAN_KIND_CLIENT : SPAN_KIND_SERVER;
        attribute_set_string(&span->attributes, NAME_MCP_METHOD, slice_of(row->name));
    }
    if (has(row->flags, "call"))
        attribute_set_string(&span->attributes, NAME_OPERATION, SLICE("execute_tool"));
    for (size_t i = 0; i < sizeof mcp_outcomes / sizeof *mcp_outcomes; i++)
        if (has(row->flags, mcp_outcomes[i]))
            attribute_set_string(&span->attributes, NAME_OUTCOME, slice_of(mcp_outcomes[i]));
    if (has(row->flags, "turn"))
        attribute_set_double(&span->attributes, NAME_TURN_DURATION_MS, 5200.5);
    span->open = has(row->flags, "open");
}

static void add_rows(struct trace *trace, struct trace_list *list, const struct row *rows, size_t count)
{
    static struct resource resource;
    static struct span span;
    attribute_set_string(&resource.attributes, NAME_SESSION_ID, SLICE("7d1c4e52-90ab-4f36-8b1d-5e2a7c9f0d13"));
    for (size_t i = 0; i < count; i++) {
        memset(&span, 0, sizeof span);
        memcpy(span.trace_id, TRACE, sizeof span.trace_id);
        snprintf(span.span_id, sizeof span.span_id, "%016x", rows[i].id);
        if (rows[i].parent)
            snprintf(span.parent_id, sizeof span.parent_id, "%016x", rows[i].parent);
        span.name = slice_of(rows[i].name);
        span.start = START + rows[i].from * MS;
        span.end = START + rows[i].to * MS;
        add_flags(&span, &rows[i]);
        CHECK(trace_add(trace, &resource, &span));
        if (list)
            CHECK(trace_list_add(list, &resource, &span));
    }
    CHECK(trace_arrange(trace));
}

static bool append(void *context, struct slice text)
{
    buffer_append_slice(context, text);
    return true;
}

static void draw(const struct row *rows, size_t count, struct terminal terminal, struct buffer *out)
{
    struct trace trace;
    struct trace_list list;
    trace_init(&trace, TRACE);
    trace_list_init(&list);
    add_rows(&trace, &list, rows, count);
    CHECK(waterfall_write(&trace, &list.items[0], &terminal, append, out));
    trace_free(&trace);
    trace_list_free(&list);
}

/* Columns of a line that may hold SGR sequences of ours. */
static size_t columns_of(struct slice line)
{
    char storage[8192];
    struct buffer plain;
    buffer_init_fixed(&plain, storage, sizeof storage);
    for (size_t i = 0; i < line.length; i++) {
        if (line.data[i] == '\033') {
            while (line.data[i] != 'm')
                i++;
            continue;
        }
        buffer_append_byte(&plain, line.data[i]);
    }
    return screen_text_width(buffer_slice(&plain), 10000, true);
}

static void check_widths(struct slice text, unsigned width)
{
    size_t end;
    for (size_t start = 0; start < text.length; start = end + 1) {
        CHECK(slice_find(text, SLICE("\n"), start, &end));
        const size_t columns = columns_of(slice_part(text, start, end - start));
        if (columns > width)
            printf("%zu columns of %u: %.*s\n", columns, width, (int)(end - start), text.data + start);
        CHECK(columns <= width);
    }
}

/* Against tests/golden/waterfall/<name>.txt; with SPANHOOK_GOLDEN=write the file is written, to be read and judged. */
static void check_golden(const char *name, const struct row *rows, size_t count, struct terminal terminal)
{
    char path[128];
    struct buffer out, expected;
    struct error error = {""};
    const char *mode = getenv("SPANHOOK_GOLDEN");

    buffer_init(&out, 1024UL * 1024);
    buffer_init(&expected, 1024UL * 1024);
    draw(rows, count, terminal, &out);
    check_widths(buffer_slice(&out), terminal.width);
    snprintf(path, sizeof path, "tests/golden/waterfall/%s.txt", name);
    if (mode && strcmp(mode, "write") == 0) {
        FILE *file = fopen(path, "w");
        CHECK(file && fwrite(out.data, 1, out.length, file) == out.length && fclose(file) == 0);
    }
    CHECK(io_read_file(AT_FDCWD, path, &expected, &error));
    const bool same = slice_equal(buffer_slice(&out), buffer_slice(&expected));
    if (!same)
        printf("%s: %s\nis\n%.*sexpected\n%.*s", path, error.text, (int)out.length, out.data, (int)expected.length,
               expected.data ? expected.data : "");
    CHECK(same);
    buffer_free(&out);
    buffer_free(&expected);
}

#define GOLDEN(name, rows, ...) check_golden(name, rows, sizeof(rows) / sizeof *(rows), (struct terminal){__VA_ARGS__})

static const struct row session[] = {
    {1, 0, "session", 0, 0, "", NULL}, /* as it was sent at the start */
    {2, 1, "user.prompt", 200, 200, "prompt", "Prepare release notes for 1.4 and check the links"},
    {3, 1, "skill.release-notes", 1400, 2600, "skill", NULL},
    {4, 1, "tool.shell", 3000, 5100, "error code", "1"},
    {5, 1, "tool.read", 5600, 7300, "batch", NULL},
    {6, 1, "tool.@tracker/search", 5610, 9400, "batch", NULL},
    {7, 1, "tool.shell", 9700, 12100, "no_result", NULL},
    {8, 1, "turn.complete", 12100, 12100, "turn", NULL},
    {1, 0, "session", 0, 12400, "", NULL},
};

TEST(golden_session)
{
    GOLDEN("session-80", session, 80, false, true);
    GOLDEN("session-40", session, 40, false, true);
    GOLDEN("session-120-colour", session, 120, true, true);
    GOLDEN("session-80-ascii", session, 80, false, false);
}

static const struct row live[] = {
    {1, 0, "session", 0, 9000, "open", NULL},
    {2, 1, "user.prompt", 100, 100, "prompt", "go"},
    {3, 1, "tool.read", 900, 910, "", NULL},
    {4, 1, "tool.shell", 5600, 9000, "open", NULL},
};

TEST(golden_live)
{
    GOLDEN("live-80", live, 80, false, true);
    GOLDEN("live-80-colour", live, 80, true, true);
}

/* Hours between turns, a call that a prompt of the next morning interrupted, and the last call closed by the idle time. */
static const struct row idle[] = {
    {1, 0, "session", 0, 90060000, "", NULL},
    {2, 1, "user.prompt", 300000, 300000, "prompt", "first"},
    {3, 1, "tool.shell", 302000, 309000, "", NULL},
    {4, 1, "turn.complete", 312000, 312000, "", NULL},
    {5, 1, "user.prompt", 14700000, 14700000, "prompt", "after lunch"},
    {6, 1, "tool.shell", 14701000, 90000000, "interrupted", NULL},
    {7, 1, "user.prompt", 90000000, 90000000, "prompt", "next morning"},
    {8, 1, "tool.grep", 90004000, 90005000, "suspect", NULL},
    {9, 1, "tool.write", 90006000, 91806000, "no_result", NULL},
};

TEST(golden_idle)
{
    GOLDEN("idle-80", idle, 80, false, true);
    GOLDEN("idle-80-ascii", idle, 80, false, false);
}

/* Children at several depths, a span whose parent never came, a circle, a span that is its own parent. */
static const struct row tree[] = {
    {1, 0, "invoke_agent kiro", 0, 10000, "", NULL},
    {2, 1, "execute_tool shell", 1000, 9000, "", NULL},
    {3, 2, "process sh", 1100, 8900, "", NULL},
    {4, 3, "process make", 1200, 5000, "", NULL},
    {5, 4, "process cc", 1300, 2000, "", NULL},
    {6, 4, "process cc", 2000, 3000, "error", "signal 11"},
    {7, 3, "process tar", 5000, 8800, "", NULL},
    {8, 1, "execute_tool read", 9100, 9200, "no_start", NULL},
    {9, 77, "orphan", 3000, 4000, "", NULL},
    {10, 12, "circle a", 4000, 5000, "", NULL},
    {11, 10, "circle b", 4100, 5000, "", NULL},
    {12, 11, "circle c", 4200, 5000, "", NULL},
    {13, 13, "own parent", 6000, 7000, "", NULL},
};

TEST(golden_tree)
{
    GOLDEN("tree-80", tree, 80, false, true);
    GOLDEN("tree-60-ascii", tree, 60, false, false);
}

/* What a wrapped MCP server was asked: below the agent's tool call where there is one. The second tool call was one of a batch, but the
 * shim saw how long it took. */
static const struct row mcp[] = {
    {1, 0, "session", 0, 9000, "", NULL},
    {2, 1, "initialize", 100, 400, "shim client", NULL},
    {4, 3, "tools/call search", 1000, 3000, "shim client call", NULL},
    {3, 1, "tool.@tracker/search", 1000, 3000, "shim", NULL},
    {5, 4, "sampling/createMessage", 1500, 2500, "shim server", NULL},
    {6, 1, "tool.read", 1000, 3500, "batch", NULL},
    {7, 1, "tool.@tracker/close", 4000, 5000, "shim error", "tool_error"},
    {8, 7, "tools/call close", 4000, 5000, "shim client call error", "tool_error"},
    {9, 1, "tools/call list", 5000, 5600, "shim client call cancelled", NULL},
    {10, 1, "resources/read", 6000, 7000, "shim client error process_exit", "process_exit"},
    {11, 1, "prompts/get review", 6000, 6500, "shim client error", "-32602"},
    {12, 1, "subscriptions/listen", 6600, 6700, "shim client acknowledged", NULL},
    {13, 1, "tools/call slow", 6800, 9000, "shim client call no_result", NULL},
    {14, 1, "skill.method", 8000, 8100, "shim client", NULL},
    {15, 1, "user.prompt", 8200, 8300, "shim client", NULL},
    {16, 1, "tool.method", 8400, 8500, "shim server", NULL},
};

TEST(golden_mcp)
{
    GOLDEN("mcp-100", mcp, 100, false, true);
    GOLDEN("mcp-80-colour", mcp, 80, true, true);
    GOLDEN("mcp-80-ascii", mcp, 80, false, false);
}

TEST(V02_hostile_names)
{
    static const struct row hostile[] = {
        {1, 0, "session", 0, 1000, "", NULL},
        {2, 1, "tool.\033]0;owned\007", 100, 200, "", NULL},
        {3, 1, "tool.\033[2J\r\n\tx", 200, 300, "error", "\302\2332J\233\033[31m"},
        {4, 1, "user.prompt", 300, 300, "prompt", "\342\200\256txt.exe \342\201\246\330\234 \342\200\250"},
        {5, 1, "tool.日本語のツール", 400, 500, "", NULL},
        {6, 1, "tool.a\314\201\314\201e", 500, 600, "", NULL},
    };
    struct buffer out;
    GOLDEN("hostile-80", hostile, 80, false, true);
    GOLDEN("hostile-80-ascii", hostile, 80, false, false);
    buffer_init(&out, 65536);
    draw(hostile, sizeof hostile / sizeof *hostile, (struct terminal){100, false, false}, &out);
    for (size_t i = 0; i < out.length; i++)
        CHECK(out.data[i] == '\n' || (out.data[i] >= 0x20 && out.data[i] < 0x7f));
    buffer_free(&out);
}

TEST(every_width)
{
    struct buffer out;
    buffer_init(&out, 1024UL * 1024);
    for (unsigned width = TERMINAL_WIDTH_MIN; width <= TERMINAL_WIDTH_MAX; width += width < 100 ? 1 : 23) {
        for (unsigned variant = 0; variant < 4; variant++) {
            const struct terminal terminal = {width, variant & 1, variant & 2};
            buffer_clear(&out);
            draw(session, sizeof session / sizeof *session, terminal, &out);
            draw(idle, sizeof idle / sizeof *idle, terminal, &out);
            draw(tree, sizeof tree / sizeof *tree, terminal, &out);
            check_widths(buffer_slice(&out), width);
        }
    }
    buffer_free(&out);
}

TEST(a_chain_of_a_thousand_spans)
{
    enum { DEPTH = 1000 };
    static struct row rows[DEPTH];
    struct buffer out;
    for (unsigned i = 0; i < DEPTH; i++)
        rows[i] = (struct row){i + 1, i, "level", i, 2000 - i, "", NULL};
    buffer_init(&out, 4UL * 1024 * 1024);
    draw(rows, DEPTH, (struct terminal){80, false, true}, &out);
    check_widths(buffer_slice(&out), 80);
    buffer_free(&out);
}

TEST(counts)
{
    struct trace trace;
    struct trace_list list;
    size_t index = 9;
    bool by_trace_id = true;
    trace_init(&trace, TRACE);
    trace_list_init(&list);
    add_rows(&trace, &list, session, sizeof session / sizeof *session);
    trace_list_sort(&list);
    CHECK_EQ_INT(trace.count, 8);
    CHECK_EQ_INT(list.count, 1);
    const struct trace_summary *summary = &list.items[0];
    CHECK_EQ_INT(summary->turns, 1);
    CHECK_EQ_INT(summary->tools, 5);
    CHECK_EQ_INT(summary->skills, 1);
    CHECK_EQ_INT(summary->errors, 1);
    CHECK(!summary->live && summary->start == START && summary->end == START + 12400 * MS);
    CHECK_EQ_TEXT(slice_part(summary->prompt, 0, 7), "Prepare");
    CHECK_EQ_INT(trace_list_match(&list, SLICE("7d1c"), &index, &by_trace_id), TRACE_MATCH_ONE);
    CHECK(index == 0 && !by_trace_id);
    CHECK_EQ_INT(trace_list_match(&list, SLICE("68E22A"), &index, &by_trace_id), TRACE_MATCH_ONE);
    CHECK(by_trace_id);
    CHECK_EQ_INT(trace_list_match(&list, SLICE("68e22b"), &index, &by_trace_id), TRACE_MATCH_NONE);
    CHECK_EQ_INT(trace_list_match(&list, SLICE(""), &index, &by_trace_id), TRACE_MATCH_NONE);
    trace_free(&trace);
    trace_list_free(&list);
}

static void check_counts(const struct row *rows, size_t count, unsigned tools, unsigned errors)
{
    struct trace trace;
    struct trace_list list;
    trace_init(&trace, TRACE);
    trace_list_init(&list);
    add_rows(&trace, &list, rows, count);
    CHECK_EQ_INT(list.items[0].tools, tools);
    CHECK_EQ_INT(list.items[0].errors, errors);
    CHECK(list.items[0].turns == 0 && list.items[0].skills == 0);
    trace_free(&trace);
    trace_list_free(&list);
}

TEST(counts_of_mcp_requests)
{
    /* A tool call and its request are one call with one error, whichever is seen first and however often. */
    static const struct row request_first[] = {
        {1, 0, "session", 0, 9, "", NULL},
        {3, 2, "tools/call a", 1, 2, "client call error", "x"},
        {3, 2, "tools/call a", 1, 2, "client call error", "x"},
        {4, 2, "tools/call a", 2, 3, "client call", NULL},
        {2, 1, "tool.@s/a", 1, 3, "error", "x"},
        {2, 1, "tool.@s/a", 1, 3, "error", "x"},
        {6, 5, "tools/call b", 4, 5, "client call error", "x"},
        {5, 1, "tool.@s/b", 4, 5, "", NULL}, /* the agent did not tell of the error */
    };
    static const struct row call_first[] = {
        {1, 0, "session", 0, 9, "error", "x"},
        {2, 1, "tool.@s/a", 1, 3, "error", "x"},
        {3, 2, "tools/call a", 1, 2, "client call error", "x"},
        {4, 3, "tools/call a", 1, 2, "server call error", "x"},
        {5, 1, "tool.@s/b", 1, 3, "", NULL},
        {6, 5, "tools/call b", 1, 2, "client call error", "x"},
    };
    static const struct row alone[] = {
        {2, 1, "tools/call a", 1, 2, "client call error", "x"},
        {3, 1, "tools/call b", 1, 2, "client call", NULL},
        {4, 0, "tools/call c", 1, 2, "client call", NULL},
        {5, 5, "tools/call d", 1, 2, "client call", NULL},
        {6, 1, "tools/list", 1, 2, "client error", "x"},
        {1, 0, "session", 0, 9, "", NULL},
    };
    check_counts(request_first, sizeof request_first / sizeof *request_first, 2, 2);
    check_counts(call_first, sizeof call_first / sizeof *call_first, 2, 3);
    check_counts(alone, sizeof alone / sizeof *alone, 4, 2);
    check_counts(mcp, sizeof mcp / sizeof *mcp, 5, 3);
}

TEST(intervals_of_mcp_requests)
{
    struct trace trace;
    trace_init(&trace, TRACE);
    add_rows(&trace, NULL, mcp, sizeof mcp / sizeof *mcp);
    for (size_t i = 1; i < trace.count; i++) {
        const struct slice name = trace.spans[i].name;
        const enum span_interval expected = slice_equal(name, SLICE("tool.read"))         ? INTERVAL_BATCH
                                            : slice_equal(name, SLICE("tools/call slow")) ? INTERVAL_UNFINISHED
                                                                                          : INTERVAL_MEASURED;
        CHECK_EQ_INT(waterfall_interval(&trace.spans[i]), expected);
        CHECK_EQ_INT(waterfall_name_style(&trace.spans[i]), STYLE_TOOL);
    }
    trace_free(&trace);
}

static void add_event_span(struct trace *trace, uint64_t time, unsigned events)
{
    static struct resource resource;
    static struct span span;
    char name[] = "progress";
    const struct attribute attributes[] = {
        {.key = SLICE("spanhook.progress"), .type = ATTRIBUTE_DOUBLE, .value.number = 0.5},
        {.key = SLICE("text"), .type = ATTRIBUTE_STRING, .value.string = {name, 8}},
    };
    const struct span_event two[] = {{time, {name, 8}, attributes, 2}, {time + 1, SLICE("bare"), NULL, 0}};
    const struct span_link link = {TRACE, "00000000000000ff"};
    memset(&span, 0, sizeof span);
    memcpy(span.trace_id, TRACE, sizeof span.trace_id);
    memcpy(span.span_id, "0000000000000001", sizeof span.span_id);
    span.events = two;
    span.event_count = events;
    span.dropped_events = events ? 4 : 0;
    span.links = &link;
    span.link_count = events ? 1 : 0;
    CHECK(trace_add(trace, &resource, &span));
    memset(name, 'x', sizeof name); /* what was borrowed is gone */
}

TEST(events_and_links_are_kept)
{
    struct trace trace;
    static struct resource resource;
    static struct span span;
    trace_init(&trace, TRACE);
    add_event_span(&trace, START, 1);
    add_event_span(&trace, START + 5, 2);
    CHECK_EQ_INT(trace.count, 1);
    trace_restore(&trace, &trace.spans[0], &resource, &span);
    CHECK(span.event_count == 2 && span.dropped_events == 4 && span.link_count == 1);
    CHECK(span.events[0].time == START + 5 && span.events[0].attribute_count == 2);
    CHECK_EQ_TEXT(span.events[0].name, "progress");
    CHECK_EQ_TEXT(span.events[0].attributes[0].key, "spanhook.progress");
    CHECK_EQ_TEXT(span.events[0].attributes[1].value.string, "progress");
    CHECK(span.events[1].time == START + 6 && span.events[1].attribute_count == 0);
    CHECK_EQ_TEXT(slice_of(span.links[0].trace_id), TRACE);
    CHECK_EQ_TEXT(slice_of(span.links[0].span_id), "00000000000000ff");
    add_event_span(&trace, START, 0);
    trace_restore(&trace, &trace.spans[0], &resource, &span);
    CHECK(span.event_count == 0 && span.dropped_events == 0 && span.link_count == 0); /* nothing is left of what was restored before */
    trace_free(&trace);
}

TEST(a_restored_span_is_as_it_came)
{
    struct trace trace;
    static struct resource resource;
    static struct span span;
    trace_init(&trace, TRACE);
    add_rows(&trace, NULL, session, sizeof session / sizeof *session);
    trace_restore(&trace, &trace.spans[3], &resource, &span);
    CHECK_EQ_TEXT(slice_of(span.trace_id), TRACE);
    CHECK_EQ_TEXT(slice_of(span.span_id), "0000000000000004");
    CHECK_EQ_TEXT(slice_of(span.parent_id), "0000000000000001");
    CHECK_EQ_TEXT(span.name, "tool.shell");
    CHECK_EQ_INT(span.status, SPAN_STATUS_ERROR);
    CHECK_EQ_TEXT(attribute_string(&span.attributes, NAME_ERROR_TYPE), "1");
    CHECK_EQ_TEXT(attribute_string(&resource.attributes, NAME_SESSION_ID), "7d1c4e52-90ab-4f36-8b1d-5e2a7c9f0d13");
    trace_restore(&trace, &trace.spans[0], &resource, &span);
    CHECK_EQ_TEXT(slice_of(span.parent_id), "");
    CHECK(span.end == START + 12400 * MS); /* the root that came last */
    CHECK(span.event_count == 0 && span.dropped_events == 0 && span.link_count == 0);
    trace_free(&trace);
}

TEST(axis_is_even_without_idle_gaps)
{
    struct axis_busy busy[] = {{START, START, false}, {START + 10 * MS, START + 20 * MS, false}};
    struct axis axis;
    CHECK(axis_make(&axis, START, START + 100 * MS, busy, 2, 50));
    CHECK_EQ_INT(axis.break_count, 0);
    CHECK_EQ_INT(axis_column(&axis, START - 5), 0);
    CHECK_EQ_INT(axis_column(&axis, START), 0);
    CHECK_EQ_INT(axis_column(&axis, START + 50 * MS), 25);
    CHECK_EQ_INT(axis_column(&axis, START + 100 * MS), 49);
    CHECK_EQ_INT(axis_column(&axis, UINT64_MAX), 49);
    axis_free(&axis);
}

TEST(axis_shortens_idle_gaps)
{
    enum { TURNS = 100 };
    struct axis_busy busy[TURNS];
    struct axis axis;
    const uint64_t hour = 3600 * NANOSECONDS_PER_SECOND, turn = 10 * NANOSECONDS_PER_SECOND;
    for (uint64_t i = 0; i < TURNS; i++)
        busy[i] = (struct axis_busy){START + i * hour, START + i * hour + turn, true};
    CHECK(axis_make(&axis, START, START + (TURNS - 1) * hour + turn, busy, TURNS, 60));
    CHECK_EQ_INT(axis.break_count, TURNS - 1);
    CHECK(axis.left_out == (TURNS - 1) * (hour - turn));
    unsigned last = 0;
    for (uint64_t i = 0; i < TURNS; i++) {
        const unsigned column = axis_column(&axis, START + i * hour);
        CHECK(column >= last && column < 60);
        last = column;
    }
    CHECK(axis_column(&axis, START + 50 * hour) > 25 && axis_column(&axis, START + 50 * hour) < 35);
    axis_free(&axis);
    /* Only moments, and nothing between them. */
    for (uint64_t i = 0; i < TURNS; i++)
        busy[i] = (struct axis_busy){START + i * hour, START + i * hour, true};
    CHECK(axis_make(&axis, START, START + (TURNS - 1) * hour, busy, TURNS, 60));
    CHECK(axis_column(&axis, START + 99 * hour) < 60);
    axis_free(&axis);
    CHECK(axis_make(&axis, START, START, busy, 0, 1));
    CHECK_EQ_INT(axis_column(&axis, START + 1), 0);
    axis_free(&axis);
}

static void set_zone(void)
{
    setenv("TZ", "UTC0", 1);
}

static const struct check_test tests[] = {
    {"set_zone", set_zone},
    CASE(golden_session), CASE(golden_live), CASE(golden_idle), CASE(golden_tree), CASE(golden_mcp), CASE(V02_hostile_names),
    CASE(every_width), CASE(a_chain_of_a_thousand_spans), CASE(counts), CASE(counts_of_mcp_requests), CASE(intervals_of_mcp_requests),
    CASE(events_and_links_are_kept), CASE(a_restored_span_is_as_it_came), CASE(axis_is_even_without_idle_gaps),
    CASE(axis_shortens_idle_gaps),
};
CHECK_MAIN(tests)
