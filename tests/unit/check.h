/* A unit test program: TEST(name) { CHECK(…); } for each case, then CHECK_MAIN(name, name, …). Prints one line per failure and, last,
 * "N passed, N failed"; exits 1 if anything failed. Each program includes this once. */
#ifndef SPANHOOK_TESTS_UNIT_CHECK_H
#define SPANHOOK_TESTS_UNIT_CHECK_H

#include "base/slice.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct check_test {
    const char *name;
    void (*run)(void);
};

static unsigned check_failures_of_test;

#define TEST(name) static void name(void)

#define CHECK(condition)                                                                                                            \
    do {                                                                                                                            \
        if (!(condition)) {                                                                                                         \
            printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);                                                                  \
            check_failures_of_test++;                                                                                               \
        }                                                                                                                           \
    } while (0)

#define CHECK_EQ_INT(actual, expected)                                                                                              \
    do {                                                                                                                            \
        const long long check_actual = (long long)(actual), check_expected = (long long)(expected);                                 \
        if (check_actual != check_expected) {                                                                                       \
            printf("%s:%d: %s is %lld, expected %lld\n", __FILE__, __LINE__, #actual, check_actual, check_expected);                \
            check_failures_of_test++;                                                                                               \
        }                                                                                                                           \
    } while (0)

/* A slice against a zero-terminated text. */
#define CHECK_EQ_TEXT(actual, expected)                                                                                             \
    do {                                                                                                                            \
        const struct slice check_actual = (actual), check_expected = slice_of(expected);                                            \
        if (!slice_equal(check_actual, check_expected)) {                                                                           \
            printf("%s:%d: %s is \"%.*s\", expected \"%s\"\n", __FILE__, __LINE__, #actual, (int)check_actual.length,               \
                   check_actual.data ? check_actual.data : "", check_expected.data);                                                \
            check_failures_of_test++;                                                                                               \
        }                                                                                                                           \
    } while (0)

static inline int check_run(const struct check_test *tests, size_t count)
{
    unsigned passed = 0, failed = 0;
    for (size_t i = 0; i < count; i++) {
        check_failures_of_test = 0;
        tests[i].run();
        if (check_failures_of_test) {
            printf("FAILED %s\n", tests[i].name);
            failed++;
        } else {
            passed++;
        }
        fflush(stdout);
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed ? 1 : 0;
}

/* static const struct check_test tests[] = {CASE(a), CASE(b)}; CHECK_MAIN(tests) */
#define CASE(name) {#name, name}
#define CHECK_MAIN(tests)                                                                                                           \
    int main(void)                                                                                                                  \
    {                                                                                                                               \
        return check_run(tests, sizeof(tests) / sizeof((tests)[0]));                                                                \
    }

#endif
