#include "trace/fold.h"

#include "base/clock.h"
#include "trace/names.h"

#include "check.h"

#include <stdlib.h>

#define SECOND NANOSECONDS_PER_SECOND
#define BASE (UINT64_C(1790000000) * SECOND)
#define SPANS_MAX 64

/* A copy of what came out, with the parts that the tests look at. */
struct seen {
    char name[64], id[17], parent[17], trace[33], outcome[16], source[16], success[8], error_type[16];
    uint64_t start, end;
    int64_t turn;
    bool error, open, suspect;
};
static struct seen seen[SPANS_MAX];
static unsigned seen_count;
static uint64_t next_id;

static void keep(char *target, size_t size, struct slice text)
{
    snprintf(target, size, "%.*s", (int)text.length, text.data ? text.data : "");
}

static bool collect(void *context, const struct resource *resource, const struct span *span)
{
    struct seen *item = &seen[seen_count++ % SPANS_MAX];
    (void)context;
    CHECK(attribute_string(&resource->attributes, NAME_SERVICE_NAME).length > 0);
    memset(item, 0, sizeof *item);
    keep(item->name, sizeof item->name, span->name);
    keep(item->id, sizeof item->id, slice_of(span->span_id));
    keep(item->parent, sizeof item->parent, slice_of(span->parent_id));
    keep(item->trace, sizeof item->trace, slice_of(span->trace_id));
    keep(item->outcome, sizeof item->outcome, attribute_string(&span->attributes, NAME_OUTCOME));
    keep(item->source, sizeof item->source, attribute_string(&span->attributes, NAME_DURATION_SOURCE));
    keep(item->success, sizeof item->success, attribute_string(&span->attributes, NAME_TOOL_SUCCESS));
    keep(item->error_type, sizeof item->error_type, attribute_string(&span->attributes, NAME_ERROR_TYPE));
    item->start = span->start;
    item->end = span->end;
    item->turn = attribute_integer(&span->attributes, NAME_TURN, 0);
    item->error = span->status == SPAN_STATUS_ERROR;
    item->open = span->open;
    item->suspect = attribute_find(&span->attributes, NAME_CLOCK_SUSPECT) != NULL;
    return true;
}

static struct op make(enum op_kind kind, const char *tool, uint64_t key, double second)
{
    struct op op = {.kind = kind, .tool = slice_of(tool), .input_key = key, .session_id = SLICE("s1"), .agent = SLICE("kiro")};
    op.time = BASE + (uint64_t)(second * 1e9);
    op.since_boot = (uint64_t)(second * 1e9) + SECOND;
    snprintf(op.id, sizeof op.id, "%016llx", (unsigned long long)++next_id);
    return op;
}

static void apply_op(struct fold *fold, struct op op)
{
    CHECK(fold_apply(fold, &op, collect, NULL));
}

static void apply(struct fold *fold, enum op_kind kind, const char *tool, uint64_t key, double second)
{
    apply_op(fold, make(kind, tool, key, second));
}

static struct fold *begin(struct fold_options options)
{
    seen_count = 0;
    next_id = 0;
    return fold_new(options);
}

static const struct fold_options plain = {.root_once = false};

TEST(a_turn)
{
    struct fold *fold = begin(plain);
    apply(fold, OP_SESSION, "", 0, 0);
    apply(fold, OP_PROMPT, "", 0, 1);
    apply(fold, OP_START, "shell", 7, 2);
    apply(fold, OP_END, "shell", 7, 3.5);
    apply(fold, OP_STOP, "", 0, 4);
    CHECK_EQ_INT(seen_count, 5);
    CHECK_EQ_TEXT(slice_of(seen[0].name), "session");
    CHECK_EQ_TEXT(slice_of(seen[0].parent), "");
    CHECK_EQ_INT(seen[0].end - seen[0].start, 0);
    CHECK_EQ_TEXT(slice_of(seen[1].name), "user.prompt");
    CHECK_EQ_TEXT(slice_of(seen[2].name), "tool.shell");
    CHECK_EQ_TEXT(slice_of(seen[2].id), "0000000000000003");
    CHECK_EQ_TEXT(slice_of(seen[2].parent), seen[0].id);
    CHECK_EQ_TEXT(slice_of(seen[2].source), "hook");
    CHECK_EQ_INT(seen[2].end - seen[2].start, 3 * SECOND / 2);
    CHECK_EQ_INT(seen[2].turn, 1);
    CHECK_EQ_TEXT(slice_of(seen[3].name), "turn.complete");
    CHECK_EQ_TEXT(slice_of(seen[4].name), "session");
    CHECK_EQ_TEXT(slice_of(seen[4].id), seen[0].id);
    CHECK_EQ_INT(seen[4].end - seen[4].start, 4 * SECOND);
    CHECK_EQ_INT(fold_open_count(fold), 0);
    fold_free(fold);
}

TEST(equal_calls_pair_oldest_first)
{
    struct fold *fold = begin(plain);
    apply(fold, OP_START, "shell", 7, 1);
    apply(fold, OP_START, "shell", 7, 2);
    apply(fold, OP_END, "shell", 7, 3);
    apply(fold, OP_END, "shell", 7, 4);
    CHECK_EQ_INT(seen_count, 3);
    CHECK_EQ_TEXT(slice_of(seen[1].id), "0000000000000001");
    CHECK_EQ_TEXT(slice_of(seen[2].id), "0000000000000002");
    CHECK_EQ_TEXT(slice_of(seen[1].source), "hook_batch");
    CHECK_EQ_TEXT(slice_of(seen[2].source), "hook_batch");
    fold_free(fold);
}

TEST(input_tells_parallel_calls_of_one_tool_apart)
{
    struct fold *fold = begin(plain);
    apply(fold, OP_START, "shell", 1, 1);
    apply(fold, OP_START, "shell", 2, 1);
    apply(fold, OP_END, "shell", 2, 3);
    apply(fold, OP_END, "shell", 1, 4);
    CHECK_EQ_TEXT(slice_of(seen[1].id), "0000000000000002");
    CHECK_EQ_TEXT(slice_of(seen[2].id), "0000000000000001");
    fold_free(fold);
}

TEST(a_call_id_wins)
{
    struct fold *fold = begin(plain);
    struct op a = make(OP_START, "shell", 1, 1), b = make(OP_START, "shell", 1, 1), end = make(OP_END, "shell", 1, 2);
    a.call_id = SLICE("a");
    b.call_id = SLICE("b");
    end.call_id = SLICE("b");
    apply_op(fold, a);
    apply_op(fold, b);
    apply_op(fold, end);
    CHECK_EQ_TEXT(slice_of(seen[1].id), b.id);
    CHECK_EQ_INT(fold_open_count(fold), 1);
    fold_free(fold);
}

TEST(an_end_without_input_takes_the_oldest_of_its_tool)
{
    struct fold *fold = begin(plain);
    apply(fold, OP_START, "read", 1, 1);
    apply(fold, OP_START, "shell", 2, 2);
    apply(fold, OP_START, "shell", 3, 3);
    apply(fold, OP_END, "shell", 0, 4);
    CHECK_EQ_TEXT(slice_of(seen[1].id), "0000000000000002");
    fold_free(fold);
}

TEST(an_end_without_start_is_a_point)
{
    struct fold *fold = begin(plain);
    apply(fold, OP_START, "shell", 1, 1);
    apply(fold, OP_END, "shell", 9, 2);
    CHECK_EQ_INT(seen_count, 2);
    CHECK_EQ_INT(seen[1].end - seen[1].start, 0);
    CHECK_EQ_TEXT(slice_of(seen[1].outcome), "no_start");
    CHECK_EQ_TEXT(slice_of(seen[1].source), "");
    CHECK_EQ_INT(fold_open_count(fold), 1);
    fold_free(fold);
}

TEST(open_calls_end_at_the_prompt_as_interrupted)
{
    struct fold *fold = begin(plain);
    apply(fold, OP_PROMPT, "", 0, 0);
    apply(fold, OP_START, "shell", 5, 1);
    apply(fold, OP_PROMPT, "", 0, 9);
    apply(fold, OP_START, "shell", 5, 10);
    apply(fold, OP_END, "shell", 5, 11);
    CHECK_EQ_TEXT(slice_of(seen[2].outcome), "interrupted");
    CHECK_EQ_TEXT(slice_of(seen[2].success), "unknown");
    CHECK(!seen[2].error);
    CHECK_EQ_INT(seen[2].end, BASE + 9 * SECOND);
    CHECK_EQ_INT(seen[2].turn, 1);
    /* the equal call of the next turn has its own end */
    CHECK_EQ_INT(seen[4].start, BASE + 10 * SECOND);
    CHECK_EQ_TEXT(slice_of(seen[4].source), "hook");
    fold_free(fold);
}

TEST(open_calls_end_at_the_stop_without_result)
{
    struct fold *fold = begin(plain);
    apply(fold, OP_PROMPT, "", 0, 0);
    apply(fold, OP_START, "shell", 5, 1);
    apply(fold, OP_STOP, "", 0, 2);
    CHECK_EQ_TEXT(slice_of(seen[2].outcome), "no_result");
    fold_free(fold);
}

TEST(calls_after_one_that_never_ends_are_no_batch)
{
    struct fold *fold = begin(plain);
    apply(fold, OP_PROMPT, "", 0, 0);
    apply(fold, OP_START, "failing", 1, 1);
    apply(fold, OP_START, "shell", 2, 2);
    apply(fold, OP_END, "shell", 2, 3);
    apply(fold, OP_START, "shell", 3, 4);
    apply(fold, OP_END, "shell", 3, 5);
    CHECK_EQ_TEXT(slice_of(seen[2].source), "hook_batch"); /* cannot be told from a batch of two */
    CHECK_EQ_TEXT(slice_of(seen[3].source), "hook");
    fold_free(fold);
}

TEST(an_end_after_its_siblings_end_is_an_upper_bound)
{
    struct fold *fold = begin(plain);
    apply(fold, OP_START, "a", 1, 1);
    apply(fold, OP_END, "x", 9, 2); /* of nobody: it parts the two starts */
    apply(fold, OP_START, "b", 2, 3);
    apply(fold, OP_END, "b", 2, 4);
    apply(fold, OP_END, "a", 1, 5);
    CHECK_EQ_TEXT(slice_of(seen[2].source), "hook");
    CHECK_EQ_TEXT(slice_of(seen[3].name), "tool.a");
    CHECK_EQ_TEXT(slice_of(seen[3].source), "hook_batch");
    fold_free(fold);
}

TEST(an_idle_op_that_was_overtaken_ends_nothing)
{
    struct fold *fold = begin(plain);
    apply(fold, OP_PROMPT, "", 0, 0);
    apply(fold, OP_START, "shell", 5, 1900);
    apply(fold, OP_IDLE, "", 0, 1800);
    CHECK_EQ_INT(fold_open_count(fold), 1);
    apply(fold, OP_END, "shell", 5, 1901);
    CHECK_EQ_TEXT(slice_of(seen[2].source), "hook");
    fold_free(fold);
}

TEST(hostile_lengths_neither_move_nor_stop_anything)
{
    static char many[40000];
    struct fold *fold = begin(plain);
    struct op op = make(OP_PROMPT, "", 0, 0);
    memset(many, 'A', sizeof many);
    op.agent = (struct slice){many, 3000};
    op.resource_attributes = op.session_id = op.service_name = (struct slice){many, sizeof many};
    apply_op(fold, op);
    CHECK_EQ_INT(fold_session_id(fold).length, OP_SESSION_ID_MAX);
    CHECK_EQ_INT(seen_count, 2);
    op = make(OP_START, "a", 1, 1);
    op.since_boot = 1;
    op.time = UINT64_MAX - 5;
    apply_op(fold, op);
    op = make(OP_END, "a", 1, 2);
    op.since_boot = 1000 * SECOND;
    apply_op(fold, op);
    CHECK(seen[2].end >= seen[2].start);
    fold_free(fold);
}

TEST(a_new_start_of_the_agent_is_a_new_trace)
{
    struct fold *fold = begin(plain);
    apply(fold, OP_SESSION, "", 0, 0);
    apply(fold, OP_START, "shell", 1, 0.1);
    apply(fold, OP_SESSION, "", 0, 0.2); /* within the same second */
    CHECK_EQ_INT(seen_count, 4);
    CHECK_EQ_TEXT(slice_of(seen[1].outcome), "interrupted");
    CHECK_EQ_TEXT(slice_of(seen[2].name), "session"); /* the old root, grown */
    CHECK_EQ_TEXT(slice_of(seen[2].id), seen[0].id);
    CHECK(!slice_equal(slice_of(seen[3].trace), slice_of(seen[0].trace)));
    CHECK(!slice_equal(slice_of(seen[3].id), slice_of(seen[0].id)));
    CHECK_EQ_INT(fold_open_count(fold), 0);
    fold_free(fold);
}

TEST(without_a_start_of_the_agent_the_first_event_begins_the_trace)
{
    struct fold *fold = begin(plain);
    apply(fold, OP_PROMPT, "", 0, 5);
    CHECK_EQ_INT(seen_count, 2);
    CHECK_EQ_TEXT(slice_of(seen[0].name), "session");
    CHECK_EQ_INT(seen[0].start, BASE + 5 * SECOND);
    CHECK(!slice_equal(slice_of(seen[0].id), slice_of(seen[1].id)));
    CHECK_EQ_TEXT(slice_of(seen[1].parent), seen[0].id);
    fold_free(fold);
}

TEST(root_once)
{
    struct fold *fold = begin((struct fold_options){.root_once = true});
    apply(fold, OP_SESSION, "", 0, 0);
    apply(fold, OP_PROMPT, "", 0, 1);
    apply(fold, OP_STOP, "", 0, 2);
    CHECK_EQ_INT(seen_count, 2);
    CHECK(fold_wants_idle(fold));
    apply(fold, OP_IDLE, "", 0, 1800);
    CHECK_EQ_INT(seen_count, 3);
    CHECK_EQ_TEXT(slice_of(seen[2].name), "session");
    CHECK_EQ_INT(seen[2].end, BASE + 2 * SECOND);
    CHECK(!fold_wants_idle(fold));
    apply(fold, OP_IDLE, "", 0, 3600);
    CHECK_EQ_INT(seen_count, 3);
    fold_free(fold);
}

TEST(idling_ends_open_calls)
{
    struct fold *fold = begin(plain);
    apply(fold, OP_PROMPT, "", 0, 0);
    apply(fold, OP_START, "shell", 5, 1);
    apply(fold, OP_IDLE, "", 0, 1801);
    CHECK_EQ_TEXT(slice_of(seen[2].outcome), "no_result");
    CHECK_EQ_INT(seen[2].end, BASE + 1801 * SECOND);
    CHECK_EQ_TEXT(slice_of(seen[3].name), "session");
    CHECK_EQ_INT(seen[3].end, seen[2].end);
    apply(fold, OP_END, "shell", 5, 1900); /* too late: it must not reach back */
    CHECK_EQ_TEXT(slice_of(seen[4].outcome), "no_start");
    fold_free(fold);
}

TEST(H23_clock_set_back)
{
    struct fold *fold = begin(plain);
    struct op start = make(OP_START, "shell", 1, 100000), end = make(OP_END, "shell", 1, 100002);
    end.time = BASE;
    apply_op(fold, start);
    apply_op(fold, end);
    CHECK_EQ_INT(seen[1].end - seen[1].start, 2 * SECOND); /* the clock since boot knows */
    CHECK(seen[1].suspect);
    start = make(OP_START, "shell", 1, 100000);
    end = make(OP_END, "shell", 1, 1);
    start.since_boot = end.since_boot = 0;
    apply_op(fold, start);
    apply_op(fold, end);
    CHECK_EQ_INT(seen[2].end - seen[2].start, 0);
    CHECK(seen[2].suspect);
    fold_free(fold);
}

TEST(failure_is_an_error_with_a_type_and_success_is_unset)
{
    struct fold *fold = begin(plain);
    struct op end;
    apply(fold, OP_START, "a", 1, 1);
    end = make(OP_END, "a", 1, 2);
    end.result = OP_RESULT_FAILURE;
    attribute_set_string(&end.attributes, NAME_ERROR_TYPE, SLICE("2"));
    apply_op(fold, end);
    apply(fold, OP_START, "b", 1, 3);
    end = make(OP_END, "b", 1, 4);
    end.result = OP_RESULT_SUCCESS;
    apply_op(fold, end);
    CHECK(seen[1].error);
    CHECK_EQ_TEXT(slice_of(seen[1].error_type), "2");
    CHECK_EQ_TEXT(slice_of(seen[1].success), "false");
    CHECK(!seen[2].error);
    CHECK_EQ_TEXT(slice_of(seen[2].success), "true");
    fold_free(fold);
}

TEST(names_of_the_conventions)
{
    struct fold *fold = begin((struct fold_options){.names_semconv = true});
    struct op start = make(OP_START, "read", 1, 1);
    start.skill = SLICE("notes");
    apply_op(fold, start);
    apply(fold, OP_END, "read", 1, 2);
    CHECK_EQ_TEXT(slice_of(seen[0].name), "invoke_agent kiro");
    CHECK_EQ_TEXT(slice_of(seen[1].name), "execute_tool read notes");
    fold_free(fold);
}

TEST(open_spans_of_a_live_session)
{
    struct fold *fold = begin(plain);
    apply(fold, OP_PROMPT, "", 0, 0);
    apply(fold, OP_START, "shell", 5, 1);
    seen_count = 0;
    CHECK(fold_open_spans(fold, BASE + 4 * SECOND, collect, NULL));
    CHECK_EQ_INT(seen_count, 2);
    CHECK(seen[0].open && seen[1].open);
    CHECK_EQ_TEXT(slice_of(seen[1].outcome), "open");
    CHECK_EQ_INT(seen[1].end, BASE + 4 * SECOND);
    CHECK_EQ_INT(fold_open_count(fold), 1);
    fold_free(fold);
}

TEST(the_number_of_open_calls_is_bounded)
{
    struct fold *fold = begin(plain);
    for (unsigned i = 0; i <= FOLD_OPEN_MAX; i++)
        apply(fold, OP_START, "shell", i + 1, 1);
    CHECK_EQ_INT(fold_open_count(fold), FOLD_OPEN_MAX);
    CHECK_EQ_INT(seen_count, 2);
    CHECK_EQ_TEXT(slice_of(seen[1].outcome), "no_result");
    fold_free(fold);
}

TEST(resource_of_the_agents_environment)
{
    struct fold *fold = begin(plain);
    struct op op = make(OP_PROMPT, "", 0, 0);
    op.service_name = SLICE("jarvis");
    op.resource_attributes = SLICE("team.id=a%2Cb,service.name=other");
    apply_op(fold, op);
    CHECK_EQ_TEXT(fold_session_id(fold), "s1");
    fold_free(fold);
}

TEST(the_same_ops_give_the_same_spans)
{
    struct seen first[SPANS_MAX];
    unsigned first_count = 0;
    for (unsigned round = 0; round < 2; round++) {
        struct fold *fold = begin(plain);
        srand(7);
        apply(fold, OP_SESSION, "", 0, 0);
        for (unsigned i = 0; i < 40; i++)
            apply(fold, (enum op_kind)(rand() % 7), rand() % 2 ? "a" : "b", (uint64_t)(rand() % 3), i);
        CHECK(seen_count <= SPANS_MAX);
        if (round == 0) {
            memcpy(first, seen, sizeof first);
            first_count = seen_count;
        } else {
            CHECK_EQ_INT(seen_count, first_count);
            CHECK(memcmp(first, seen, seen_count * sizeof *seen) == 0);
        }
        fold_free(fold);
    }
}

static const struct check_test tests[] = {
    CASE(a_turn),
    CASE(equal_calls_pair_oldest_first),
    CASE(input_tells_parallel_calls_of_one_tool_apart),
    CASE(a_call_id_wins),
    CASE(an_end_without_input_takes_the_oldest_of_its_tool),
    CASE(an_end_without_start_is_a_point),
    CASE(open_calls_end_at_the_prompt_as_interrupted),
    CASE(open_calls_end_at_the_stop_without_result),
    CASE(calls_after_one_that_never_ends_are_no_batch),
    CASE(an_end_after_its_siblings_end_is_an_upper_bound),
    CASE(an_idle_op_that_was_overtaken_ends_nothing),
    CASE(hostile_lengths_neither_move_nor_stop_anything),
    CASE(a_new_start_of_the_agent_is_a_new_trace),
    CASE(without_a_start_of_the_agent_the_first_event_begins_the_trace),
    CASE(root_once),
    CASE(idling_ends_open_calls),
    CASE(H23_clock_set_back),
    CASE(failure_is_an_error_with_a_type_and_success_is_unset),
    CASE(names_of_the_conventions),
    CASE(open_spans_of_a_live_session),
    CASE(the_number_of_open_calls_is_bounded),
    CASE(resource_of_the_agents_environment),
    CASE(the_same_ops_give_the_same_spans),
};
CHECK_MAIN(tests)
