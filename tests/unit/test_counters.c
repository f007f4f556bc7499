#include "store/counters.h"

#include "unit/check.h"
#include "unit/temporary.h"


#define PROCESSES 8
#define ROUNDS 100

static uint64_t value_of(int folder, enum counter counter)
{
    uint64_t values[COUNTER_COUNT];
    counters_read(folder, values);
    return values[counter];
}

TEST(add_and_read)
{
    struct temporary ops = temporary_new();
    uint64_t values[COUNTER_COUNT];
    memset(values, 0xff, sizeof values);
    CHECK(!counters_read(ops.folder, values));
    CHECK_EQ_INT(values[COUNTER_JSON_BAD], 0);
    counter_add(ops.folder, COUNTER_JSON_BAD, 1);
    counter_add(ops.folder, COUNTER_JSON_BAD, 2);
    counter_add(ops.folder, COUNTER_COUNT - 1, UINT64_C(1) << 40);
    CHECK(counters_read(ops.folder, values));
    CHECK_EQ_INT(values[COUNTER_JSON_BAD], 3);
    CHECK_EQ_INT(values[COUNTER_COUNT - 1], INT64_C(1) << 40);
    CHECK_EQ_INT(values[COUNTER_INPUT_EMPTY], 0);
    CHECK_EQ_INT(temporary_size(ops.folder, "counters"), 4096);
    CHECK_EQ_INT(temporary_count(ops.folder, ""), 1);
    temporary_free(&ops);
}

TEST(mapped_for_many_additions)
{
    struct temporary ops = temporary_new();
    struct counters *map = counters_open(ops.folder);
    CHECK(map != NULL);
    counters_add(map, COUNTER_SPANS_SENT, 5);
    counter_add(ops.folder, COUNTER_SPANS_SENT, 7);
    counters_add(map, COUNTER_SPANS_SENT, 1);
    CHECK_EQ_INT(value_of(ops.folder, COUNTER_SPANS_SENT), 13);
    counters_close(map);
    counters_add(NULL, COUNTER_SPANS_SENT, 1);
    counters_close(NULL);
    counters_create(ops.folder);
    CHECK_EQ_INT(value_of(ops.folder, COUNTER_SPANS_SENT), 13);
    temporary_free(&ops);
}

TEST(names_are_there_and_different)
{
    for (int i = 0; i < COUNTER_COUNT; i++) {
        CHECK(counter_name((enum counter)i)[0] && counter_help((enum counter)i)[0]);
        for (int k = 0; k < i; k++)
            CHECK(strcmp(counter_name((enum counter)i), counter_name((enum counter)k)) != 0);
    }
}

/* Processes that all begin at once: the parent closes the other end of a pipe. */
static void from_many_processes(int folder, unsigned rounds)
{
    int gate[2];
    char byte;
    temporary_require(pipe(gate) == 0, "pipe");
    for (int i = 0; i < PROCESSES; i++) {
        const pid_t child = fork();
        temporary_require(child >= 0, "fork");
        if (child == 0) {
            close(gate[1]);
            if (read(gate[0], &byte, 1) != 0)
                _exit(1);
            for (unsigned k = 0; k < rounds; k++)
                counter_add(folder, COUNTER_JSON_BAD, 1);
            _exit(0);
        }
    }
    close(gate[0]);
    close(gate[1]);
    for (int i = 0; i < PROCESSES; i++)
        wait(NULL);
}

TEST(many_processes_make_and_raise_one_file)
{
    for (int round = 0; round < 10; round++) {
        struct temporary ops = temporary_new();
        from_many_processes(ops.folder, ROUNDS);
        CHECK_EQ_INT(value_of(ops.folder, COUNTER_JSON_BAD), PROCESSES * ROUNDS);
        CHECK_EQ_INT(temporary_count(ops.folder, ""), 1); /* no temporary file is left */
        temporary_free(&ops);
    }
}

TEST(damaged_file_is_replaced)
{
    static const char *const damages[] = {"", "x", "4096 other bytes"};
    for (size_t i = 0; i < 3; i++) {
        struct temporary ops = temporary_new();
        uint64_t values[COUNTER_COUNT];
        temporary_write(ops.folder, "counters", 0, slice_of(damages[i]));
        if (i == 2)
            temporary_cut(ops.folder, "counters", 4096);
        CHECK(!counters_read(ops.folder, values));
        counter_add(ops.folder, COUNTER_JSON_BAD, 4);
        CHECK(counters_read(ops.folder, values));
        CHECK_EQ_INT(values[COUNTER_JSON_BAD], 4);
        CHECK_EQ_INT(temporary_count(ops.folder, ""), 1);
        temporary_free(&ops);
    }
}

TEST(damaged_file_is_replaced_once_by_many_processes)
{
    for (int round = 0; round < 10; round++) {
        struct temporary ops = temporary_new();
        temporary_write(ops.folder, "counters", 0, SLICE("damaged"));
        from_many_processes(ops.folder, 20);
        CHECK_EQ_INT(value_of(ops.folder, COUNTER_JSON_BAD), PROCESSES * 20);
        CHECK_EQ_INT(temporary_count(ops.folder, ""), 1);
        temporary_free(&ops);
    }
}

static int add_to_a_file_that_was_cut(void *context)
{
    const int folder = *(const int *)context;
    struct counters *map = counters_open(folder);
    if (!map)
        return 1;
    temporary_cut(folder, "counters", 0);
    counters_add(map, COUNTER_JSON_BAD, 1);
    counters_close(map);
    return 0;
}

TEST(file_cut_while_it_is_mapped)
{
    struct temporary ops = temporary_new();
    CHECK_EQ_INT(temporary_in_child(add_to_a_file_that_was_cut, &ops.folder), 0); /* not SIGBUS */
    counter_add(ops.folder, COUNTER_JSON_BAD, 1);
    CHECK_EQ_INT(value_of(ops.folder, COUNTER_JSON_BAD), 1);
    temporary_free(&ops);
}

TEST(S19_counters_are_something_else)
{
    struct temporary ops = temporary_new();
    char storage[16];
    temporary_write(ops.folder, "target", 0, SLICE("precious"));
    CHECK(symlinkat("target", ops.folder, "counters") == 0);
    counter_add(ops.folder, COUNTER_JSON_BAD, 1);
    CHECK(counters_open(ops.folder) == NULL);
    CHECK_EQ_TEXT(temporary_read(ops.folder, "target", storage, sizeof storage), "precious");
    CHECK(unlinkat(ops.folder, "counters", 0) == 0 && mkdirat(ops.folder, "counters", 0700) == 0);
    counter_add(ops.folder, COUNTER_JSON_BAD, 1);
    CHECK_EQ_INT(temporary_count(ops.folder, "t-"), 0);
    CHECK(counters_open(-1) == NULL);
    temporary_free(&ops);
}

static const struct check_test tests[] = {CASE(add_and_read),
                                          CASE(mapped_for_many_additions),
                                          CASE(names_are_there_and_different),
                                          CASE(many_processes_make_and_raise_one_file),
                                          CASE(damaged_file_is_replaced),
                                          CASE(damaged_file_is_replaced_once_by_many_processes),
                                          CASE(file_cut_while_it_is_mapped),
                                          CASE(S19_counters_are_something_else)};
CHECK_MAIN(tests)
