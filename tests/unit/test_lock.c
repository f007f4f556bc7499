#include "store/lock.h"

#include "base/clock.h"
#include "unit/check.h"
#include "unit/temporary.h"

#include <signal.h>

TEST(free_held_released)
{
    struct temporary ops = temporary_new();
    CHECK_EQ_INT(relay_lock_look(ops.folder), LOCK_FREE);
    const int lock = relay_lock_take(ops.folder, 0);
    CHECK(lock > 2);
    CHECK_EQ_INT(fcntl(lock, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    CHECK_EQ_INT(relay_lock_look(ops.folder), LOCK_HELD);
    relay_lock_release(lock);
    CHECK_EQ_INT(relay_lock_look(ops.folder), LOCK_FREE);
    relay_lock_release(-1);
    temporary_free(&ops);
}

TEST(S11_only_one_holds_it)
{
    struct temporary ops = temporary_new();
    const int lock = relay_lock_take(ops.folder, 0);
    const uint64_t start = clock_since_boot();
    CHECK_EQ_INT(relay_lock_take(ops.folder, 60), -1);
    const uint64_t waited = clock_since_boot() - start;
    CHECK(waited >= 60 * NANOSECONDS_PER_MILLISECOND && waited < 2 * NANOSECONDS_PER_SECOND);
    CHECK_EQ_INT(relay_lock_take(ops.folder, 0), -1);
    relay_lock_release(lock);
    const int next = relay_lock_take(ops.folder, 0);
    CHECK(next >= 0);
    relay_lock_release(next);
    temporary_free(&ops);
}

TEST(holder_is_named)
{
    struct temporary ops = temporary_new();
    char storage[32], expected[32];
    temporary_write(ops.folder, "relay.lock", 0, SLICE("123456789012\n"));
    const int lock = relay_lock_take(ops.folder, 0);
    snprintf(expected, sizeof expected, "%ld\n", (long)getpid());
    CHECK_EQ_TEXT(temporary_read(ops.folder, "relay.lock", storage, sizeof storage), expected);
    relay_lock_release(lock);
    temporary_free(&ops);
}

static int take_and_die(void *context)
{
    if (relay_lock_take(*(const int *)context, 0) >= 0)
        raise(SIGKILL);
    return 1;
}

TEST(holder_that_was_killed)
{
    struct temporary ops = temporary_new();
    CHECK_EQ_INT(temporary_in_child(take_and_die, &ops.folder), 1000 + SIGKILL);
    CHECK_EQ_INT(relay_lock_look(ops.folder), LOCK_FRESH);
    CHECK_EQ_INT(relay_lock_look(ops.folder), LOCK_FRESH); /* a look leaves no trace */
    temporary_age(ops.folder, "relay.lock", 2);
    CHECK_EQ_INT(relay_lock_look(ops.folder), LOCK_FREE);
    temporary_free(&ops);
}

TEST(S12_old_lock_with_a_pid_that_is_in_use)
{
    struct temporary ops = temporary_new();
    char text[32];
    snprintf(text, sizeof text, "%ld\n", (long)getppid());
    temporary_write(ops.folder, "relay.lock", 0, slice_of(text));
    temporary_age(ops.folder, "relay.lock", 3600);
    CHECK_EQ_INT(relay_lock_look(ops.folder), LOCK_FREE);
    const int lock = relay_lock_take(ops.folder, 0);
    CHECK(lock >= 0);
    relay_lock_release(lock);
    temporary_free(&ops);
}

TEST(S26_mark_from_the_future_is_not_fresh)
{
    struct temporary ops = temporary_new();
    struct timespec times[2] = {{.tv_sec = time(NULL) + 3600}, {.tv_sec = time(NULL) + 3600}};
    temporary_write(ops.folder, "relay.lock", 0, SLICE("1\n"));
    CHECK(utimensat(ops.folder, "relay.lock", times, 0) == 0);
    CHECK_EQ_INT(relay_lock_look(ops.folder), LOCK_FREE);
    temporary_free(&ops);
}

static int look_for_a_while(void *context)
{
    const uint64_t end = clock_since_boot() + 300 * NANOSECONDS_PER_MILLISECOND;
    while (clock_since_boot() < end)
        if (relay_lock_look(*(const int *)context) == LOCK_UNKNOWN)
            return 1;
    return 0;
}

TEST(lookers_do_not_keep_it_from_being_taken)
{
    struct temporary ops = temporary_new();
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0)
        _exit(look_for_a_while(&ops.folder));
    for (int i = 0; i < 30; i++) {
        const int lock = relay_lock_take(ops.folder, 1000);
        CHECK(lock >= 0);
        relay_lock_release(lock);
        clock_sleep_milliseconds(5);
    }
    int status = 1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    temporary_free(&ops);
}

TEST(lock_file_deleted_under_the_holder)
{
    struct temporary ops = temporary_new();
    const int lock = relay_lock_take(ops.folder, 0);
    CHECK(unlinkat(ops.folder, "relay.lock", 0) == 0);
    const int other = relay_lock_take(ops.folder, 0);
    CHECK(other >= 0); /* the name is what counts */
    CHECK_EQ_INT(relay_lock_look(ops.folder), LOCK_HELD);
    relay_lock_release(lock);
    relay_lock_release(other);
    temporary_free(&ops);
}

TEST(S19_lock_is_something_else)
{
    struct temporary ops = temporary_new();
    char storage[16];
    temporary_write(ops.folder, "target", 0, SLICE("precious"));
    CHECK(symlinkat("target", ops.folder, "relay.lock") == 0);
    CHECK_EQ_INT(relay_lock_look(ops.folder), LOCK_UNKNOWN);
    const uint64_t start = clock_since_boot();
    CHECK_EQ_INT(relay_lock_take(ops.folder, 5000), -1); /* waiting would not help */
    CHECK(clock_since_boot() - start < NANOSECONDS_PER_SECOND);
    CHECK_EQ_TEXT(temporary_read(ops.folder, "target", storage, sizeof storage), "precious");
    CHECK_EQ_INT(relay_lock_look(-1), LOCK_UNKNOWN);
    temporary_free(&ops);
}

TEST(nudge_counts_once)
{
    struct temporary ops = temporary_new();
    CHECK(!relay_nudged(ops.folder));
    CHECK(relay_nudge(ops.folder) && relay_nudge(ops.folder));
    CHECK(relay_nudged(ops.folder));
    CHECK(!relay_nudged(ops.folder));
    CHECK(!relay_nudge(-1));
    temporary_free(&ops);
}

static const struct check_test tests[] = {CASE(free_held_released),
                                          CASE(S11_only_one_holds_it),
                                          CASE(holder_is_named),
                                          CASE(holder_that_was_killed),
                                          CASE(S12_old_lock_with_a_pid_that_is_in_use),
                                          CASE(S26_mark_from_the_future_is_not_fresh),
                                          CASE(lookers_do_not_keep_it_from_being_taken),
                                          CASE(lock_file_deleted_under_the_holder),
                                          CASE(S19_lock_is_something_else),
                                          CASE(nudge_counts_once)};
CHECK_MAIN(tests)
