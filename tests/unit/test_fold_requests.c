#include "trace/fold.h"
#include "trace/fold_requests.h"

#include "base/clock.h"
#include "trace/names.h"

#include "check.h"

#define SECOND NANOSECONDS_PER_SECOND
#define BASE (UINT64_C(1790000000) * SECOND)
#define SPANS_MAX 64
#define TOLD "6b06a818b4df266d5b5dd652fc751446"

struct seen {
    char name[64], id[17], parent[17], trace[33], outcome[16], source[16], success[8], error_type[16], message[32], link[17], agent[16];
    uint64_t start, end;
    double duration, hook_duration;
    unsigned events;
    int64_t tool_calls;
    enum span_kind kind;
    bool error, open;
};
static struct seen seen[SPANS_MAX];
static unsigned seen_count;
static unsigned next_id;

static void keep(char *target, size_t size, struct slice text)
{
    snprintf(target, size, "%.*s", (int)text.length, text.data ? text.data : "");
}

static double number_of(const struct span *span, const char *key)
{
    const struct attribute *attribute = attribute_find(&span->attributes, key);
    return attribute ? attribute->value.number : -1;
}

static bool collect(void *context, const struct resource *resource, const struct span *span)
{
    struct seen *item = &seen[seen_count++ % SPANS_MAX];
    (void)context, (void)resource;
    memset(item, 0, sizeof *item);
    keep(item->name, sizeof item->name, span->name);
    keep(item->id, sizeof item->id, slice_of(span->span_id));
    keep(item->parent, sizeof item->parent, slice_of(span->parent_id));
    keep(item->trace, sizeof item->trace, slice_of(span->trace_id));
    keep(item->outcome, sizeof item->outcome, attribute_string(&span->attributes, NAME_OUTCOME));
    keep(item->source, sizeof item->source, attribute_string(&span->attributes, NAME_DURATION_SOURCE));
    keep(item->success, sizeof item->success, attribute_string(&span->attributes, NAME_TOOL_SUCCESS));
    keep(item->error_type, sizeof item->error_type, attribute_string(&span->attributes, NAME_ERROR_TYPE));
    keep(item->agent, sizeof item->agent, attribute_string(&span->attributes, NAME_AGENT_NAME));
    keep(item->message, sizeof item->message, span->status_message);
    if (span->link_count)
        keep(item->link, sizeof item->link, slice_of(span->links[0].span_id));
    item->start = span->start;
    item->end = span->end;
    item->duration = number_of(span, NAME_DURATION_MS);
    item->hook_duration = number_of(span, NAME_HOOK_DURATION_MS);
    item->events = span->event_count;
    item->tool_calls = attribute_integer(&span->attributes, NAME_TURN_TOOL_CALLS, -1);
    item->kind = span->kind;
    item->error = span->status == SPAN_STATUS_ERROR;
    item->open = span->open;
    return true;
}

static struct op make(enum op_kind kind, const char *tool, uint64_t key, double second)
{
    struct op op = {.kind = kind, .tool = slice_of(tool), .input_key = key, .session_id = SLICE("s1"), .agent = SLICE("kiro")};
    op.time = BASE + (uint64_t)(second * 1e9);
    op.since_boot = (uint64_t)(second * 1e9) + SECOND;
    snprintf(op.id, sizeof op.id, "%016x", ++next_id);
    return op;
}

static void apply_op(struct fold *fold, struct op op)
{
    CHECK(fold_apply(fold, &op, collect, NULL));
}

/* A hook's op of a tool of the server "db". */
static struct op hook_op(enum op_kind kind, const char *tool, uint64_t key, double second)
{
    struct op op = make(kind, tool, key, second);
    attribute_set_string(&op.attributes, NAME_MCP_SERVER, SLICE("db"));
    return op;
}

static struct op request(const char *method, const char *tool, uint64_t key, double second)
{
    struct op op = make(OP_REQUEST, tool, key, second);
    op.agent = SLICE("mcp");
    op.event = slice_of(method);
    attribute_set_string(&op.attributes, NAME_MCP_SERVER, SLICE("db"));
    return op;
}

static struct op response(const struct op *to, enum op_result result, double second)
{
    struct op op = make(OP_RESPONSE, "", 0, second);
    memcpy(op.id, to->id, sizeof op.id);
    op.result = result;
    if (result == OP_RESULT_FAILURE)
        attribute_set_string(&op.attributes, NAME_ERROR_TYPE, SLICE("-32603"));
    return op;
}

static struct fold *begin(void)
{
    seen_count = next_id = 0;
    struct fold *fold = fold_new((struct fold_options){.root_once = true});
    apply_op(fold, make(OP_SESSION, "", 0, 0));
    apply_op(fold, make(OP_PROMPT, "", 0, 1));
    /* what a server says hello with */
    const struct op hello = request("initialize", "", 0, 1.1);
    apply_op(fold, hello);
    apply_op(fold, response(&hello, OP_RESULT_SUCCESS, 1.2));
    seen_count = 0;
    return fold;
}

static const struct seen *find(const char *name, unsigned which)
{
    for (unsigned i = 0; i < seen_count && i < SPANS_MAX; i++)
        if (strcmp(seen[i].name, name) == 0 && which-- == 0)
            return &seen[i];
    printf("no span %s\n", name);
    CHECK(false);
    static const struct seen none;
    return &none;
}

TEST(a_call_and_its_request)
{
    struct fold *fold = begin();
    const struct op pre = hook_op(OP_START, "@db/query", 7, 2);
    const struct op asked = request("tools/call", "query", 7, 3);
    apply_op(fold, pre);
    apply_op(fold, asked);
    apply_op(fold, response(&asked, OP_RESULT_SUCCESS, 3.25));
    apply_op(fold, hook_op(OP_END, "@db/query", 7, 5));
    const struct seen *call = find("tool.@db/query", 0), *inner = find("tools/call query", 0);
    CHECK_EQ_TEXT(slice_of(inner->parent), pre.id);
    CHECK_EQ_INT(inner->kind, SPAN_KIND_CLIENT);
    CHECK_EQ_INT(inner->start, BASE + 3 * SECOND);
    CHECK_EQ_INT(inner->end, BASE + 3 * SECOND + SECOND / 4);
    CHECK_EQ_TEXT(slice_of(inner->source), "mcp_shim");
    CHECK_EQ_INT(call->start, inner->start);
    CHECK_EQ_INT(call->end, inner->end);
    CHECK_EQ_TEXT(slice_of(call->source), "mcp_shim");
    CHECK(call->duration > 249.9 && call->duration < 250.1);
    CHECK(call->hook_duration > 2999.9 && call->hook_duration < 3000.1);
    CHECK_EQ_TEXT(slice_of(call->outcome), "");
    fold_free(fold);
}

TEST(the_hooks_end_may_come_first)
{
    struct fold *fold = begin();
    const struct op asked = request("tools/call", "query", 7, 3);
    struct op end = hook_op(OP_END, "@db/query", 7, 3.3);
    end.result = OP_RESULT_SUCCESS;
    apply_op(fold, hook_op(OP_START, "@db/query", 7, 2));
    apply_op(fold, asked);
    apply_op(fold, end);
    CHECK_EQ_INT(seen_count, 0);
    apply_op(fold, response(&asked, OP_RESULT_SUCCESS, 3.25));
    CHECK_EQ_TEXT(slice_of(find("tool.@db/query", 0)->source), "mcp_shim");
    CHECK_EQ_TEXT(slice_of(find("tool.@db/query", 0)->success), "true");
    /* both of the shim's ops after both of the hook's */
    const struct op late = request("tools/call", "query", 8, 4.1);
    apply_op(fold, hook_op(OP_START, "@db/query", 8, 4));
    apply_op(fold, hook_op(OP_END, "@db/query", 8, 4.5));
    apply_op(fold, late);
    apply_op(fold, response(&late, OP_RESULT_SUCCESS, 4.2));
    CHECK_EQ_TEXT(slice_of(find("tool.@db/query", 1)->source), "mcp_shim");
    CHECK(find("tool.@db/query", 1)->duration < 100.1);
    fold_free(fold);
}

TEST(an_end_waits_for_a_second_at_most)
{
    struct fold *fold = begin();
    apply_op(fold, hook_op(OP_START, "@db/query", 7, 2));
    apply_op(fold, hook_op(OP_END, "@db/query", 7, 3));
    CHECK_EQ_INT(seen_count, 0);
    apply_op(fold, make(OP_START, "shell", 1, 3.5));
    CHECK_EQ_INT(seen_count, 0);
    apply_op(fold, make(OP_END, "shell", 1, 4.5));
    CHECK_EQ_TEXT(slice_of(find("tool.@db/query", 0)->source), "hook");
    CHECK_EQ_INT(find("tool.@db/query", 0)->end, BASE + 3 * SECOND);
    apply_op(fold, hook_op(OP_START, "@db/query", 7, 5));
    apply_op(fold, hook_op(OP_END, "@db/query", 7, 5.5));
    CHECK(fold_wants_settle(fold));
    /* the turn may end meanwhile, and knows of the call */
    seen_count = 0;
    apply_op(fold, make(OP_STOP, "", 0, 5.6));
    CHECK_EQ_INT(seen_count, 1);
    CHECK_EQ_INT(find("turn.complete", 0)->tool_calls, 3);
    apply_op(fold, make(OP_SETTLE, "", 0, 5.6));
    CHECK(!fold_wants_settle(fold));
    CHECK_EQ_INT(find("tool.@db/query", 0)->end, BASE + 5 * SECOND + SECOND / 2);
    CHECK_EQ_TEXT(slice_of(find("tool.@db/query", 0)->outcome), "");
    fold_free(fold);
}

TEST(parallel_calls_find_theirs_by_the_input)
{
    struct fold *fold = begin();
    const struct op one = hook_op(OP_START, "@db/query", 1, 2), two = hook_op(OP_START, "@db/query", 2, 2.1);
    const struct op three = hook_op(OP_START, "@db/query", 3, 2.2), second = request("tools/call", "query", 2, 3);
    const struct op first = request("tools/call", "query", 1, 3.1), changed = request("tools/call", "query", 9, 3.2);
    apply_op(fold, one);
    apply_op(fold, two);
    apply_op(fold, three);
    apply_op(fold, second);
    apply_op(fold, first);
    apply_op(fold, changed);
    apply_op(fold, response(&first, OP_RESULT_SUCCESS, 4));
    apply_op(fold, response(&second, OP_RESULT_SUCCESS, 5));
    apply_op(fold, response(&changed, OP_RESULT_SUCCESS, 5));
    CHECK_EQ_TEXT(slice_of(find("tools/call query", 0)->parent), one.id);
    CHECK_EQ_TEXT(slice_of(find("tools/call query", 1)->parent), two.id);
    CHECK_EQ_TEXT(slice_of(find("tools/call query", 2)->parent), three.id);
    fold_free(fold);
}

TEST(a_request_tells_the_result_where_no_hook_does)
{
    struct fold *fold = begin();
    const struct op asked = request("tools/call", "query", 7, 3);
    struct op answer = response(&asked, OP_RESULT_FAILURE, 4);
    answer.message = SLICE("no such table");
    apply_op(fold, hook_op(OP_START, "@db/query", 7, 2));
    apply_op(fold, asked);
    apply_op(fold, answer);
    apply_op(fold, make(OP_STOP, "", 0, 6));
    const struct seen *call = find("tool.@db/query", 0), *inner = find("tools/call query", 0);
    CHECK(inner->error && call->error);
    CHECK_EQ_TEXT(slice_of(inner->message), "no such table");
    CHECK_EQ_TEXT(slice_of(call->error_type), "-32603");
    CHECK_EQ_TEXT(slice_of(call->outcome), "");
    CHECK_EQ_INT(call->end, BASE + 4 * SECOND);
    fold_free(fold);
}

TEST(a_failure_that_either_tells_is_one)
{
    struct fold *fold = begin();
    const struct op asked = request("tools/call", "query", 7, 3);
    struct op end = hook_op(OP_END, "@db/query", 7, 5);
    end.result = OP_RESULT_SUCCESS;
    apply_op(fold, hook_op(OP_START, "@db/query", 7, 2));
    apply_op(fold, asked);
    apply_op(fold, response(&asked, OP_RESULT_FAILURE, 4));
    apply_op(fold, end);
    CHECK(find("tool.@db/query", 0)->error);
    CHECK_EQ_TEXT(slice_of(find("tool.@db/query", 0)->success), "false");
    CHECK_EQ_TEXT(slice_of(find("tool.@db/query", 0)->error_type), "-32603");
    fold_free(fold);
}

TEST(a_call_that_needs_input_is_sent_twice)
{
    struct fold *fold = begin();
    const struct op pre = hook_op(OP_START, "@db/query", 7, 2), first = request("tools/call", "query", 7, 3);
    struct op second = request("tools/call", "query", 7, 5);
    second.link = slice_of(first.id);
    apply_op(fold, pre);
    apply_op(fold, first);
    apply_op(fold, response(&first, OP_RESULT_SUCCESS, 4));
    apply_op(fold, second);
    apply_op(fold, response(&second, OP_RESULT_SUCCESS, 6));
    apply_op(fold, hook_op(OP_END, "@db/query", 7, 7));
    CHECK_EQ_TEXT(slice_of(find("tools/call query", 1)->parent), pre.id);
    CHECK_EQ_TEXT(slice_of(find("tools/call query", 1)->link), first.id);
    CHECK_EQ_INT(find("tool.@db/query", 0)->start, BASE + 3 * SECOND);
    CHECK_EQ_INT(find("tool.@db/query", 0)->end, BASE + 6 * SECOND);
    fold_free(fold);
}

TEST(a_request_that_carries_no_call)
{
    struct fold *fold = begin();
    struct op listed = request("tools/list", "", 0, 2), asked = request("roots/list", "", 0, 2.5);
    asked.serves = true;
    apply_op(fold, hook_op(OP_START, "@other/query", 7, 2));
    const struct op called = request("tools/call", "query", 7, 2.2);
    apply_op(fold, listed);
    apply_op(fold, response(&listed, OP_RESULT_SUCCESS, 2.1));
    apply_op(fold, called);
    apply_op(fold, asked);
    apply_op(fold, response(&asked, OP_RESULT_SUCCESS, 2.6));
    apply_op(fold, response(&called, OP_RESULT_SUCCESS, 2.7));
    apply_op(fold, make(OP_IDLE, "", 0, 5000));
    const char *root = find("session", 0)->id;
    CHECK_EQ_TEXT(slice_of(find("tools/list", 0)->parent), root);
    CHECK_EQ_TEXT(slice_of(find("tools/call query", 0)->parent), root);
    CHECK_EQ_TEXT(slice_of(find("roots/list", 0)->parent), called.id);
    CHECK_EQ_INT(find("roots/list", 0)->kind, SPAN_KIND_SERVER);
    fold_free(fold);
}

TEST(another_tracers_request_stays_in_its_trace)
{
    struct fold *fold = begin();
    struct op asked = request("tools/call", "query", 7, 3);
    asked.trace = SLICE(TOLD);
    asked.parent = SLICE("00f067aa0ba902b7");
    apply_op(fold, hook_op(OP_START, "@db/query", 7, 2));
    apply_op(fold, asked);
    apply_op(fold, response(&asked, OP_RESULT_SUCCESS, 4));
    apply_op(fold, hook_op(OP_END, "@db/query", 7, 5));
    CHECK_EQ_TEXT(slice_of(find("tools/call query", 0)->trace), TOLD);
    CHECK_EQ_TEXT(slice_of(find("tools/call query", 0)->parent), "00f067aa0ba902b7");
    CHECK_EQ_TEXT(slice_of(find("tool.@db/query", 0)->source), "mcp_shim");
    fold_free(fold);
}

TEST(hooks_join_the_trace_that_servers_were_told_of)
{
    seen_count = next_id = 0;
    struct fold *fold = fold_new((struct fold_options){.root_once = true});
    struct op asked = request("tools/call", "query", 7, 0);
    asked.trace = SLICE(TOLD);
    apply_op(fold, asked);
    CHECK_EQ_TEXT(slice_of(fold_trace_id(fold)), TOLD);
    apply_op(fold, make(OP_SESSION, "", 0, 1));
    CHECK_EQ_TEXT(slice_of(fold_trace_id(fold)), TOLD);
    apply_op(fold, response(&asked, OP_RESULT_SUCCESS, 2));
    apply_op(fold, make(OP_IDLE, "", 0, 5000));
    CHECK_EQ_TEXT(slice_of(find("session", 0)->agent), "kiro");
    CHECK_EQ_TEXT(slice_of(find("tools/call query", 0)->parent), find("session", 0)->id);
    /* the next start of the agent is a trace of its own again */
    apply_op(fold, make(OP_SESSION, "", 0, 6000));
    CHECK(strcmp(fold_trace_id(fold), TOLD) != 0);
    fold_free(fold);
}

TEST(a_request_told_of_another_trace_is_in_that)
{
    struct fold *fold = begin();
    struct op asked = request("tools/call", "query", 7, 3);
    asked.trace = SLICE(TOLD);
    apply_op(fold, hook_op(OP_START, "@db/query", 7, 2));
    apply_op(fold, asked);
    apply_op(fold, response(&asked, OP_RESULT_SUCCESS, 4));
    CHECK_EQ_TEXT(slice_of(find("tools/call query", 0)->trace), TOLD);
    CHECK_EQ_TEXT(slice_of(find("tools/call query", 0)->parent), "");
    fold_free(fold);
}

TEST(requests_that_never_end)
{
    struct fold *fold = begin();
    const struct op asked = request("tools/call", "query", 7, 2);
    apply_op(fold, asked);
    CHECK(fold_open_spans(fold, BASE + 3 * SECOND, collect, NULL));
    CHECK(find("tools/call query", 0)->open);
    seen_count = 0;
    apply_op(fold, make(OP_STOP, "", 0, 4)); /* the agent may be done; the server is not */
    CHECK_EQ_INT(seen_count, 1);
    apply_op(fold, make(OP_IDLE, "", 0, 5000));
    CHECK_EQ_TEXT(slice_of(find("tools/call query", 0)->outcome), "no_result");
    seen_count = 0;
    apply_op(fold, response(&asked, OP_RESULT_SUCCESS, 5001));
    CHECK_EQ_INT(seen_count, 0);
    fold_free(fold);
}

TEST(the_number_of_open_requests_is_bounded)
{
    struct fold *fold = begin();
    for (unsigned i = 0; i < FOLD_REQUESTS_MAX + 3; i++)
        apply_op(fold, request("ping", "", 0, 2 + i * 0.001));
    CHECK_EQ_INT(seen_count, 3);
    CHECK_EQ_TEXT(slice_of(seen[0].outcome), "no_result");
    fold_free(fold);
}

TEST(progress_and_links)
{
    struct fold *fold = begin();
    struct op asked = request("tools/call", "query", 7, 2);
    asked.link = SLICE("00f067aa0ba902b7");
    struct op answer = response(&asked, OP_RESULT_SUCCESS, 3);
    answer.progress_count = 2;
    answer.progress[0] = (struct op_progress){.time = BASE + 2 * SECOND, .progress = 1, .total = 2, .has_total = true};
    answer.progress[1] = (struct op_progress){.time = BASE + 3 * SECOND, .progress = 2};
    apply_op(fold, asked);
    apply_op(fold, answer);
    CHECK_EQ_INT(find("tools/call query", 0)->events, 2);
    CHECK_EQ_TEXT(slice_of(find("tools/call query", 0)->link), "00f067aa0ba902b7");
    fold_free(fold);
}

TEST(names_of_tools)
{
    static const struct {
        const char *hook, *server, *tool;
        bool same;
    } cases[] = {{"@db/query", "db", "query", true},          {"mcp__db__query", "db", "query", true},
                 {"mcp_db_query", "db", "query", true},       {"mcp__my_db__run_it", "my db", "run.it", true},
                 {"mcp_my_db_run_it", "my_db", "run_it", true}, {"@db/query", "", "query", true},
                 {"mcp__db__query", "", "query", true},       {"@db/query", "", "uery", false},
                 {"@db/query", "other", "query", false},      {"@db/query", "d", "query", false},
                 {"@db/query", "db", "quer", false},          {"query", "db", "query", false},
                 {"@my db/x", "my db", "x", true},            {"mcp__a-b__c", "a_b", "c", false},
                 {"", "", "", false},                         {"@", "", "", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const bool same = fold_tool_is(slice_of(cases[i].hook), slice_of(cases[i].server), slice_of(cases[i].tool));
        if (same != cases[i].same)
            printf("%s %s %s\n", cases[i].hook, cases[i].server, cases[i].tool);
        CHECK(same == cases[i].same);
    }
}

static const struct check_test tests[] = {
    CASE(a_call_and_its_request),
    CASE(the_hooks_end_may_come_first),
    CASE(an_end_waits_for_a_second_at_most),
    CASE(parallel_calls_find_theirs_by_the_input),
    CASE(a_request_tells_the_result_where_no_hook_does),
    CASE(a_failure_that_either_tells_is_one),
    CASE(a_call_that_needs_input_is_sent_twice),
    CASE(a_request_that_carries_no_call),
    CASE(another_tracers_request_stays_in_its_trace),
    CASE(hooks_join_the_trace_that_servers_were_told_of),
    CASE(a_request_told_of_another_trace_is_in_that),
    CASE(requests_that_never_end),
    CASE(the_number_of_open_requests_is_bounded),
    CASE(progress_and_links),
    CASE(names_of_tools),
};
CHECK_MAIN(tests)
