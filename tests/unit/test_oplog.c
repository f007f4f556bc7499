#include "store/oplog.h"

#include "base/clock.h"
#include "store/file.h"
#include "store/frame.h"
#include "unit/check.h"
#include "unit/temporary.h"

#include <errno.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/time.h>

#define KEY "0123456789abcdef0123456789abcdef"
#define OTHER_KEY "fedcba9876543210fedcba9876543210"
#define LOG KEY ".log"
#define POSITION KEY ".pos"

/* ---- helpers ------------------------------------------------------------------------------------------------------------------- */

static bool append(int ops, const char *text)
{
    enum counter lost;
    return oplog_append(ops, KEY, slice_of(text), &lost);
}

/* COUNTER_COUNT if it was not lost. */
static enum counter loss_of(int ops, struct slice payload)
{
    enum counter lost;
    return oplog_append(ops, KEY, payload, &lost) ? COUNTER_COUNT : lost;
}

struct seen {
    unsigned records, later, stop_after;
    uint64_t end;
    char text[256]; /* the payloads, each with a blank */
};

static bool see(void *context, struct slice payload, uint64_t end)
{
    struct seen *seen = context;
    const size_t used = strlen(seen->text);
    if (seen->stop_after && seen->records == seen->stop_after)
        return false;
    CHECK(end > seen->end);
    seen->end = end;
    seen->records += payload.length > 0;
    seen->later += payload.length == 0;
    if (payload.length && used + payload.length + 2 < sizeof seen->text)
        snprintf(seen->text + used, sizeof seen->text - used, "%.*s ", (int)payload.length, payload.data);
    return true;
}

static struct seen read_log(int ops, const char *name, uint64_t *offset)
{
    struct seen seen = {0};
    struct counters *counters = counters_open(ops);
    struct error error = {""};
    CHECK(oplog_read(ops, name, offset, see, &seen, counters, &error));
    CHECK_EQ_TEXT(slice_of(error.text), "");
    counters_close(counters);
    return seen;
}

static struct seen read_from_start(int ops, const char *name)
{
    uint64_t offset = 0;
    return read_log(ops, name, &offset);
}

static unsigned long long count_of(int ops, enum counter counter)
{
    uint64_t values[COUNTER_COUNT];
    counters_read(ops, values);
    return values[counter];
}

/* A descriptor that holds a lock on the file. */
static int lock_file(int ops, const char *name, int kind)
{
    const int file = openat(ops, name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    temporary_require(file >= 0 && flock(file, kind | LOCK_NB) == 0, "flock");
    return file;
}

static void add_raw(int ops, const char *text)
{
    temporary_write(ops, LOG, O_APPEND, slice_of(text));
}

/* ---- writing ------------------------------------------------------------------------------------------------------------------- */

TEST(append_and_read)
{
    struct temporary ops = temporary_new();
    uint64_t offset = 0;
    CHECK(append(ops.folder, "one") && append(ops.folder, "two"));
    struct seen seen = read_log(ops.folder, LOG, &offset);
    CHECK_EQ_TEXT(slice_of(seen.text), "one two ");
    CHECK_EQ_INT(offset, temporary_size(ops.folder, LOG));
    CHECK_EQ_INT(seen.end, offset);
    CHECK(append(ops.folder, "three"));
    seen = read_log(ops.folder, LOG, &offset);
    CHECK_EQ_TEXT(slice_of(seen.text), "three ");
    CHECK_EQ_INT(read_log(ops.folder, LOG, &offset).records, 0);
    CHECK_EQ_INT(read_from_start(ops.folder, OTHER_KEY ".log").records, 0); /* missing: nothing */
    temporary_free(&ops);
}

TEST(a_stream_keeps_the_log_open)
{
    struct temporary ops = temporary_new();
    struct oplog_stream stream = {.open = false};
    enum counter lost;
    for (unsigned i = 0; i < 2 * OPLOG_STREAM_RECORDS + 3; i++)
        CHECK(oplog_stream_append(&stream, ops.folder, KEY, SLICE("x"), &lost));
    CHECK(stream.open && !oplog_delete(ops.folder, LOG, (uint64_t)temporary_size(ops.folder, LOG))); /* it is locked meanwhile */
    CHECK(append(ops.folder, "another"));
    CHECK(oplog_stream_append(&stream, ops.folder, OTHER_KEY, SLICE("y"), &lost));
    CHECK_EQ_INT(read_from_start(ops.folder, LOG).records, 2 * OPLOG_STREAM_RECORDS + 4);
    CHECK_EQ_INT(read_from_start(ops.folder, OTHER_KEY ".log").records, 1);
    CHECK(oplog_delete(ops.folder, LOG, (uint64_t)temporary_size(ops.folder, LOG)));
    CHECK(oplog_stream_append(&stream, ops.folder, KEY, SLICE("anew"), &lost));
    CHECK_EQ_INT(read_from_start(ops.folder, LOG).records, 1);
    CHECK(!oplog_stream_append(&stream, ops.folder, KEY, SLICE("a\nb"), &lost));
    oplog_stream_end(&stream);
    CHECK(!stream.open && oplog_delete(ops.folder, LOG, (uint64_t)temporary_size(ops.folder, LOG)));
    temporary_free(&ops);
}

TEST(append_refuses)
{
    static char large[FRAME_PAYLOAD_MAX + 1];
    struct temporary ops = temporary_new();
    memset(large, 'x', sizeof large);
    CHECK_EQ_INT(loss_of(ops.folder, (struct slice){large, sizeof large}), COUNTER_DROPPED_SIZE);
    CHECK_EQ_INT(loss_of(ops.folder, (struct slice){large, sizeof large - 1}), COUNTER_COUNT);
    CHECK_EQ_INT(loss_of(ops.folder, SLICE("a\nb")), COUNTER_DROPPED_IO);
    CHECK_EQ_INT(loss_of(ops.folder, SLICE("")), COUNTER_DROPPED_IO);
    CHECK_EQ_INT(loss_of(-1, SLICE("no folder")), COUNTER_DROPPED_IO);
    CHECK_EQ_INT(read_from_start(ops.folder, LOG).records, 1);
    temporary_free(&ops);
}

TEST(S31_log_at_its_bound)
{
    struct temporary ops = temporary_new();
    temporary_cut(ops.folder, LOG, OPLOG_SIZE_MAX);
    CHECK_EQ_INT(loss_of(ops.folder, SLICE("x")), COUNTER_DROPPED_LOG_QUOTA);
    CHECK_EQ_INT(temporary_size(ops.folder, LOG), OPLOG_SIZE_MAX);
    temporary_cut(ops.folder, LOG, OPLOG_SIZE_MAX - 1);
    CHECK_EQ_INT(loss_of(ops.folder, SLICE("x")), COUNTER_COUNT);
    temporary_free(&ops);
}

TEST(S19_log_is_something_else)
{
    struct temporary ops = temporary_new();
    char storage[16], path[160];
    struct error error;
    uint64_t offset = 0;
    struct seen seen = {0};
    temporary_write(ops.folder, "target", 0, SLICE("precious"));
    CHECK(symlinkat("target", ops.folder, LOG) == 0);
    CHECK_EQ_INT(loss_of(ops.folder, SLICE("x")), COUNTER_DROPPED_IO);
    CHECK(!oplog_read(ops.folder, LOG, &offset, see, &seen, NULL, &error));
    CHECK(!oplog_delete(ops.folder, LOG, 8));
    CHECK(unlinkat(ops.folder, LOG, 0) == 0 && linkat(ops.folder, "target", ops.folder, LOG, 0) == 0);
    CHECK_EQ_INT(loss_of(ops.folder, SLICE("x")), COUNTER_DROPPED_IO);
    CHECK(!oplog_delete(ops.folder, LOG, 8));
    snprintf(path, sizeof path, "%s/%s", ops.path, LOG);
    CHECK(unlink(path) == 0 && mkfifo(path, 0600) == 0);
    CHECK_EQ_INT(loss_of(ops.folder, SLICE("x")), COUNTER_DROPPED_IO); /* and no hang */
    CHECK(!oplog_read(ops.folder, LOG, &offset, see, &seen, NULL, &error));
    CHECK(unlink(path) == 0 && mkdir(path, 0700) == 0);
    CHECK_EQ_INT(loss_of(ops.folder, SLICE("x")), COUNTER_DROPPED_IO);
    CHECK_EQ_TEXT(temporary_read(ops.folder, "target", storage, sizeof storage), "precious");
    CHECK_EQ_INT(temporary_count(ops.folder, "p-"), 0);
    temporary_free(&ops);
}

static int append_with_a_size_limit(void *context)
{
    const int ops = *(const int *)context;
    char payload[200];
    const struct rlimit limit = {100, 100};
    enum counter lost;
    memset(payload, 'x', sizeof payload);
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 1;
    if (oplog_append(ops, KEY, (struct slice){payload, sizeof payload}, &lost) || lost != COUNTER_DROPPED_SPACE)
        return 2;
    /* the file has reached the limit: EFBIG */
    return oplog_append(ops, KEY, (struct slice){payload, sizeof payload}, &lost) || lost != COUNTER_DROPPED_SPACE ? 3 : 0;
}

TEST(S04_real_short_write)
{
    struct temporary ops = temporary_new();
    CHECK(append(ops.folder, "first"));
    CHECK_EQ_INT(temporary_in_child(append_with_a_size_limit, &ops.folder), 0);
    CHECK_EQ_INT(temporary_size(ops.folder, LOG), 100);
    CHECK(append(ops.folder, "later") && append(ops.folder, "last"));
    CHECK_EQ_TEXT(slice_of(read_from_start(ops.folder, LOG).text), "first later last ");
    CHECK_EQ_INT(count_of(ops.folder, COUNTER_FRAME_BAD), 1);
    temporary_free(&ops);
}

static void do_nothing(int signal_number)
{
    (void)signal_number;
}

TEST(S05_one_copy_of_each_under_a_storm_of_signals)
{
    static char payload[100 * 1024];
    struct temporary ops = temporary_new();
    const struct sigaction action = {.sa_handler = do_nothing}; /* no SA_RESTART */
    const struct itimerval storm = {{0, 100}, {0, 100}}, calm = {{0, 0}, {0, 0}};
    struct sigaction before;
    enum counter lost;
    memset(payload, 'x', sizeof payload);
    CHECK(sigaction(SIGALRM, &action, &before) == 0 && setitimer(ITIMER_REAL, &storm, NULL) == 0);
    for (int i = 0; i < 200; i++)
        CHECK(oplog_append(ops.folder, KEY, (struct slice){payload, sizeof payload}, &lost));
    CHECK(setitimer(ITIMER_REAL, &calm, NULL) == 0 && sigaction(SIGALRM, &before, NULL) == 0);
    CHECK_EQ_INT(read_from_start(ops.folder, LOG).records, 200);
    CHECK_EQ_INT(count_of(ops.folder, COUNTER_FRAME_BAD), 0);
    temporary_free(&ops);
}

TEST(S10_log_locked_for_deletion_goes_beside_it)
{
    struct temporary ops = temporary_new();
    struct oplog_entry *entries;
    size_t count, privates = 0;
    CHECK(append(ops.folder, "before"));
    const int lock = lock_file(ops.folder, LOG, LOCK_EX);
    CHECK(append(ops.folder, "one") && append(ops.folder, "two"));
    close(lock);
    CHECK_EQ_TEXT(slice_of(read_from_start(ops.folder, LOG).text), "before ");
    CHECK_EQ_INT(temporary_count(ops.folder, "t-"), 0);
    CHECK(oplog_list(ops.folder, &entries, &count, NULL));
    CHECK_EQ_INT(count, 3);
    for (size_t i = 0; i < count; i++) {
        CHECK_EQ_TEXT(slice_of(entries[i].key), KEY);
        if (!entries[i].private_file)
            continue;
        const struct seen seen = read_from_start(ops.folder, entries[i].name);
        CHECK_EQ_TEXT(slice_of(seen.text), privates++ ? "two " : "one "); /* oldest first */
        CHECK(oplog_delete(ops.folder, entries[i].name, entries[i].size));
    }
    CHECK_EQ_INT(privates, 2);
    free(entries);
    CHECK_EQ_INT(temporary_count(ops.folder, "p-"), 0);
    temporary_free(&ops);
}

TEST(S10_shared_lock_does_not_matter)
{
    struct temporary ops = temporary_new();
    const int lock = lock_file(ops.folder, LOG, LOCK_SH);
    CHECK(append(ops.folder, "one"));
    CHECK_EQ_TEXT(slice_of(read_from_start(ops.folder, LOG).text), "one ");
    CHECK(!oplog_delete(ops.folder, LOG, (uint64_t)temporary_size(ops.folder, LOG)));
    close(lock);
    temporary_free(&ops);
}

TEST(S26_nothing_is_overwritten_by_a_new_name)
{
    struct temporary folder = temporary_new();
    char storage[16], name[FILE_TEMPORARY_MAX], other[FILE_TEMPORARY_MAX];
    temporary_write(folder.folder, "old", 0, SLICE("old"));
    temporary_write(folder.folder, "new", 0, SLICE("new"));
    errno = 0;
    CHECK(!file_rename_to_new(folder.folder, "new", "old"));
    CHECK_EQ_INT(errno, EEXIST);
    CHECK_EQ_TEXT(temporary_read(folder.folder, "old", storage, sizeof storage), "old");
    CHECK_EQ_TEXT(temporary_read(folder.folder, "new", storage, sizeof storage), "new");
    CHECK(file_rename_to_new(folder.folder, "new", "free"));
    CHECK_EQ_TEXT(temporary_read(folder.folder, "free", storage, sizeof storage), "new");
    CHECK_EQ_INT(temporary_size(folder.folder, "new"), -1);
    const int first = file_create_temporary(folder.folder, "x", name), second = file_create_temporary(folder.folder, "x", other);
    CHECK(first > 2 && second > 2 && strcmp(name, other) != 0 && strlen(name) == 4 + 16);
    close(first);
    close(second);
    temporary_free(&folder);
}

#define RACE_WRITERS 3
#define RACE_RECORDS 700 /* each */

static void write_in_the_race(int ops)
{
    for (int i = 0; i < RACE_RECORDS; i++) {
        CHECK(append(ops, "record"));
        if (i % 8 == 0)
            clock_sleep_milliseconds(1); /* else the log grows faster than it can be found unchanged */
    }
}

/* Reads and deletes until told to stop by the record "end"; the exit status says whether every record came once. */
static int read_and_delete(void *context)
{
    const int ops = *(const int *)context;
    unsigned records = 0, deleted = 0;
    for (int rounds = 0; rounds < 1000000; rounds++) {
        struct oplog_entry *entries;
        size_t count;
        bool ended = false;
        if (!oplog_list(ops, &entries, &count, NULL))
            return 1;
        for (size_t i = 0; i < count; i++) {
            struct seen seen = {0};
            uint64_t offset = 0;
            if (!oplog_read(ops, entries[i].name, &offset, see, &seen, NULL, NULL))
                return 2;
            if (!oplog_delete(ops, entries[i].name, offset))
                continue; /* seen again next time */
            ended |= strstr(seen.text, "end ") != NULL;
            records += seen.records;
            deleted++;
        }
        free(entries);
        if (ended)
            return records != RACE_WRITERS * RACE_RECORDS + 1 ? 3 : deleted < 10 ? 4 : 0;
    }
    return 5;
}

static pid_t in_the_background(int (*run)(void *context), int *folder)
{
    fflush(stdout);
    const pid_t child = fork();
    temporary_require(child >= 0, "fork");
    if (child == 0)
        _exit(run(folder));
    return child;
}

static int write_as_a_process(void *context)
{
    write_in_the_race(*(const int *)context);
    return check_failures_of_test ? 1 : 0;
}

TEST(S09_writers_race_the_deleter)
{
    struct temporary ops = temporary_new();
    pid_t writers[RACE_WRITERS - 1];
    int status = -1;
    const pid_t deleter = in_the_background(read_and_delete, &ops.folder);
    for (size_t i = 0; i + 1 < RACE_WRITERS; i++)
        writers[i] = in_the_background(write_as_a_process, &ops.folder);
    write_in_the_race(ops.folder);
    for (size_t i = 0; i + 1 < RACE_WRITERS; i++)
        CHECK(waitpid(writers[i], &status, 0) == writers[i] && status == 0);
    clock_sleep_milliseconds(100); /* what went into private files is taken first */
    CHECK(append(ops.folder, "end"));
    CHECK(waitpid(deleter, &status, 0) == deleter);
    CHECK_EQ_INT(status, 0);
    temporary_free(&ops);
}

/* ---- reading ------------------------------------------------------------------------------------------------------------------- */

TEST(records_over_window_borders)
{
    static char payload[FRAME_PAYLOAD_MAX];
    struct temporary ops = temporary_new();
    enum counter lost;
    unsigned written = 0;
    uint64_t length = 1;
    memset(payload, 'x', sizeof payload);
    for (; written < 60; written++, length = length * 7 % (sizeof payload - 1) + 1)
        CHECK(oplog_append(ops.folder, KEY, (struct slice){payload, (size_t)length}, &lost));
    CHECK(temporary_size(ops.folder, LOG) > 4 * 512 * 1024);
    CHECK_EQ_INT(read_from_start(ops.folder, LOG).records, written);
    CHECK_EQ_INT(count_of(ops.folder, COUNTER_FRAME_BAD), 0);
    temporary_free(&ops);
}

TEST(S16_garbage_longer_than_a_window)
{
    struct temporary ops = temporary_new();
    CHECK(append(ops.folder, "before"));
    temporary_cut(ops.folder, LOG, 3 * 1024 * 1024 + 17);
    CHECK(append(ops.folder, "after"));
    CHECK_EQ_TEXT(slice_of(read_from_start(ops.folder, LOG).text), "before after ");
    CHECK(count_of(ops.folder, COUNTER_FRAME_BAD) >= 1);
    temporary_free(&ops);
}

TEST(S06_record_that_is_being_written_is_left)
{
    struct temporary ops = temporary_new();
    uint64_t offset = 0;
    CHECK(append(ops.folder, "one"));
    const uint64_t first = (uint64_t)temporary_size(ops.folder, LOG);
    const int writer = lock_file(ops.folder, LOG, LOCK_SH);
    add_raw(ops.folder, "\nS1 00000009 e3069283 1234");
    CHECK_EQ_INT(read_log(ops.folder, LOG, &offset).records, 1);
    CHECK_EQ_INT(offset, first);
    add_raw(ops.folder, "56789");
    CHECK_EQ_INT(read_log(ops.folder, LOG, &offset).records, 0);
    CHECK_EQ_INT(offset, first);
    add_raw(ops.folder, "\n");
    CHECK_EQ_TEXT(slice_of(read_log(ops.folder, LOG, &offset).text), "123456789 ");
    CHECK_EQ_INT(offset, temporary_size(ops.folder, LOG));
    close(writer);
    CHECK_EQ_INT(count_of(ops.folder, COUNTER_FRAME_BAD), 0);
    temporary_free(&ops);
}

TEST(S06_torn_end_that_nobody_writes_is_damage)
{
    static const char *const tails[] = {"\nS1 00000009 e3069283 1234", "\n", "\nS1 0000", "zeros", "garbage",
                                        "\nS1 00000009 e3069283 123456789"};
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        struct temporary ops = temporary_new();
        uint64_t offset = 0;
        const bool whole = i == 5; /* all but the newline that the next record brings */
        CHECK(append(ops.folder, "one"));
        if (i == 3)
            temporary_cut(ops.folder, LOG, (off_t)temporary_size(ops.folder, LOG) + 4096);
        else
            add_raw(ops.folder, tails[i]);
        const struct seen seen = read_log(ops.folder, LOG, &offset);
        CHECK_EQ_INT(seen.records, whole ? 2 : 1);
        CHECK_EQ_INT(offset, temporary_size(ops.folder, LOG));
        CHECK(seen.end <= offset);
        CHECK_EQ_INT(count_of(ops.folder, COUNTER_FRAME_BAD), whole ? 0 : 1);
        CHECK_EQ_INT(read_log(ops.folder, LOG, &offset).records, 0);
        CHECK(append(ops.folder, "two"));
        CHECK_EQ_TEXT(slice_of(read_log(ops.folder, LOG, &offset).text), "two ");
        CHECK_EQ_INT(count_of(ops.folder, COUNTER_FRAME_BAD), whole ? 0 : 1);
        CHECK(oplog_delete(ops.folder, LOG, offset)); /* it would otherwise stay for ever */
        temporary_free(&ops);
    }
}

TEST(S13_damage_is_counted_once)
{
    struct temporary ops = temporary_new();
    uint64_t offset = 0;
    CHECK(append(ops.folder, "one"));
    add_raw(ops.folder, "\nS1 00000009 00000000 123456789\n");
    CHECK(append(ops.folder, "two"));
    CHECK_EQ_TEXT(slice_of(read_log(ops.folder, LOG, &offset).text), "one two ");
    CHECK_EQ_INT(count_of(ops.folder, COUNTER_FRAME_BAD), 1);
    CHECK(oplog_position_write(ops.folder, KEY, offset));
    CHECK_EQ_TEXT(slice_of(read_from_start(ops.folder, LOG).text), "one two "); /* the next relay reads it all again */
    CHECK_EQ_INT(count_of(ops.folder, COUNTER_FRAME_BAD), 1);
    add_raw(ops.folder, "\nS1 00000009 00000000 123456789\n");
    CHECK(append(ops.folder, "three"));
    read_from_start(ops.folder, LOG);
    CHECK_EQ_INT(count_of(ops.folder, COUNTER_FRAME_BAD), 2);
    temporary_free(&ops);
}

TEST(S24_records_of_a_later_version_are_told)
{
    struct temporary ops = temporary_new();
    uint64_t offset = 0;
    CHECK(append(ops.folder, "one"));
    add_raw(ops.folder, "\nS2 00000009 e3069283 123456789\n");
    CHECK(append(ops.folder, "two"));
    struct seen seen = read_log(ops.folder, LOG, &offset);
    CHECK_EQ_TEXT(slice_of(seen.text), "one two ");
    CHECK_EQ_INT(seen.later, 1);
    CHECK_EQ_INT(count_of(ops.folder, COUNTER_FRAME_UNKNOWN), 1);
    CHECK_EQ_INT(count_of(ops.folder, COUNTER_FRAME_BAD), 0);
    CHECK(oplog_position_write(ops.folder, KEY, offset));
    CHECK_EQ_INT(read_from_start(ops.folder, LOG).later, 1);
    CHECK_EQ_INT(count_of(ops.folder, COUNTER_FRAME_UNKNOWN), 1);
    /* at the end */
    add_raw(ops.folder, "\nS2 another form");
    seen = read_log(ops.folder, LOG, &offset);
    CHECK_EQ_INT(seen.later, 1);
    CHECK_EQ_INT(offset, temporary_size(ops.folder, LOG));
    temporary_free(&ops);
}

TEST(visitor_that_stops)
{
    struct temporary ops = temporary_new();
    struct seen seen = {.stop_after = 1};
    uint64_t offset = 0;
    CHECK(append(ops.folder, "one") && append(ops.folder, "two"));
    CHECK(!oplog_read(ops.folder, LOG, &offset, see, &seen, NULL, NULL));
    CHECK_EQ_INT(offset, FRAME_HEADER_SIZE + 3 + 1);
    CHECK_EQ_TEXT(slice_of(read_log(ops.folder, LOG, &offset).text), "two ");
    offset = 1000; /* beyond the end */
    CHECK_EQ_INT(read_log(ops.folder, LOG, &offset).records, 0);
    temporary_free(&ops);
}

/* ---- listing, deleting --------------------------------------------------------------------------------------------------------- */

TEST(S23_foreign_files_are_ignored)
{
    static const char *const foreign[] = {"x.log", "deadbeef.log", "p-.log", ".hidden", "a b.log", KEY "0.log", KEY ".logs", KEY, POSITION,
                                          "0123456789ABCDEF0123456789abcdef.log", "p-" KEY ".log", "p-" KEY "-0123.log",
                                          "p-" KEY "-0123456789abcdeg.log", "t-" KEY "-0123456789abcdef", "counters", "relay.lock"};
    struct temporary ops = temporary_new();
    struct oplog_entry *entries;
    size_t count;
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        temporary_write(ops.folder, foreign[i], 0, SLICE("x"));
    CHECK(oplog_list(ops.folder, &entries, &count, NULL));
    CHECK_EQ_INT(count, 0);
    free(entries);
    temporary_write(ops.folder, LOG, 0, SLICE("twelve bytes"));
    temporary_write(ops.folder, OTHER_KEY ".log", 0, SLICE("x"));
    temporary_write(ops.folder, "p-" KEY "-0123456789abcdef.log", 0, SLICE("x"));
    CHECK(symlinkat(LOG, ops.folder, "00000000000000000000000000000000.log") == 0);
    temporary_age(ops.folder, OTHER_KEY ".log", 100);
    temporary_age(ops.folder, LOG, 50);
    CHECK(oplog_list(ops.folder, &entries, &count, NULL));
    CHECK_EQ_INT(count, 3);
    if (count == 3) {
        CHECK_EQ_TEXT(slice_of(entries[0].name), OTHER_KEY ".log");
        CHECK_EQ_TEXT(slice_of(entries[1].name), LOG);
        CHECK_EQ_INT(entries[1].size, 12);
        CHECK(entries[2].private_file && !entries[1].private_file);
        const uint64_t age = clock_realtime() - entries[1].modified;
        CHECK(age >= 50 * NANOSECONDS_PER_SECOND && age < 60 * NANOSECONDS_PER_SECOND);
    }
    free(entries);
    CHECK(!oplog_list(-1, &entries, &count, NULL));
    CHECK(entries == NULL && count == 0);
    temporary_free(&ops);
}

TEST(delete_only_what_is_archived)
{
    struct temporary ops = temporary_new();
    CHECK(append(ops.folder, "one"));
    const uint64_t size = (uint64_t)temporary_size(ops.folder, LOG);
    CHECK(!oplog_delete(ops.folder, LOG, size - 1));
    CHECK(append(ops.folder, "two"));
    CHECK(!oplog_delete(ops.folder, LOG, size));
    const int writer = lock_file(ops.folder, LOG, LOCK_SH);
    CHECK(!oplog_delete(ops.folder, LOG, 2 * size));
    close(writer);
    CHECK(temporary_size(ops.folder, LOG) == (long long)(2 * size));
    CHECK(oplog_delete(ops.folder, LOG, 2 * size));
    CHECK_EQ_INT(temporary_size(ops.folder, LOG), -1);
    CHECK(oplog_delete(ops.folder, LOG, 2 * size)); /* gone is gone */
    temporary_free(&ops);
}

TEST(leftovers_are_removed_by_age)
{
    struct temporary ops = temporary_new();
    temporary_write(ops.folder, "t-old", 0, SLICE("x"));
    temporary_age(ops.folder, "t-old", 3700);
    temporary_write(ops.folder, "t-linked", 0, SLICE("x"));
    CHECK(linkat(ops.folder, "t-linked", ops.folder, "p-" KEY "-0123456789abcdef.log", 0) == 0);
    temporary_age(ops.folder, "t-linked", 3700);
    temporary_write(ops.folder, "t-new", 0, SLICE("x"));
    temporary_write(ops.folder, "x-old", 0, SLICE("x"));
    temporary_age(ops.folder, "x-old", 3700);
    CHECK(append(ops.folder, "one") && oplog_position_write(ops.folder, KEY, 5));
    temporary_write(ops.folder, OTHER_KEY ".pos", 0, SLICE("x"));
    oplog_clean(ops.folder, clock_realtime());
    CHECK_EQ_INT(temporary_count(ops.folder, "t-"), 1);
    CHECK_EQ_INT(temporary_count(ops.folder, "t-new"), 1);
    CHECK_EQ_INT(temporary_count(ops.folder, "p-"), 1);
    CHECK_EQ_INT(temporary_count(ops.folder, "x-old"), 1);
    CHECK_EQ_INT(oplog_position_read(ops.folder, KEY), 5);
    CHECK_EQ_INT(temporary_size(ops.folder, OTHER_KEY ".pos"), -1);
    temporary_free(&ops);
}

/* ---- positions ----------------------------------------------------------------------------------------------------------------- */

TEST(position_is_stored)
{
    struct temporary ops = temporary_new();
    CHECK_EQ_INT(oplog_position_read(ops.folder, KEY), 0);
    CHECK(!oplog_position_write(ops.folder, KEY, 1)); /* there is no log */
    CHECK(append(ops.folder, "one"));
    for (uint64_t position = 1; position <= 20; position++) {
        CHECK(oplog_position_write(ops.folder, KEY, position));
        CHECK_EQ_INT(oplog_position_read(ops.folder, KEY), position);
    }
    CHECK_EQ_INT(temporary_size(ops.folder, POSITION), 512);
    CHECK(append(ops.folder, "two"));
    CHECK_EQ_INT(oplog_position_read(ops.folder, KEY), 20);
    oplog_position_delete(ops.folder, KEY);
    CHECK_EQ_INT(oplog_position_read(ops.folder, KEY), 0);
    CHECK_EQ_INT(temporary_size(ops.folder, POSITION), -1);
    temporary_free(&ops);
}

TEST(S17_position_torn_or_beyond_the_end)
{
    struct temporary ops = temporary_new();
    char storage[1024], damaged[1024] = {0};
    CHECK(append(ops.folder, "one"));
    const uint64_t size = (uint64_t)temporary_size(ops.folder, LOG);
    CHECK(oplog_position_write(ops.folder, KEY, 5) && oplog_position_write(ops.folder, KEY, 10));
    const struct slice data = temporary_read(ops.folder, POSITION, storage, sizeof storage);
    for (size_t at = 0; at < data.length; at++) {
        memcpy(damaged, data.data, data.length);
        damaged[at] ^= 4;
        temporary_write(ops.folder, POSITION, O_TRUNC, (struct slice){damaged, data.length});
        CHECK_EQ_INT(oplog_position_read(ops.folder, KEY), at < 256 ? 5 : 10);
        if (at % 64 == 0)
            CHECK(oplog_position_write(ops.folder, KEY, 7) && oplog_position_read(ops.folder, KEY) == 7);
    }
    for (off_t length = 511; length >= 0; length -= 73) {
        temporary_write(ops.folder, POSITION, O_TRUNC, data);
        temporary_cut(ops.folder, POSITION, length);
        CHECK_EQ_INT(oplog_position_read(ops.folder, KEY), length >= 256 ? 10 : 0);
    }
    CHECK(oplog_position_write(ops.folder, KEY, size + 1));
    CHECK_EQ_INT(oplog_position_read(ops.folder, KEY), 0);
    temporary_free(&ops);
}

TEST(S17_position_of_another_log)
{
    struct temporary ops = temporary_new();
    char storage[1024];
    enum counter lost;
    CHECK(append(ops.folder, "one") && append(ops.folder, "two"));
    CHECK(oplog_append(ops.folder, OTHER_KEY, SLICE("xxx"), &lost) && oplog_append(ops.folder, OTHER_KEY, SLICE("yyy"), &lost));
    CHECK(oplog_position_write(ops.folder, KEY, 26));
    /* copied */
    const struct slice data = temporary_read(ops.folder, POSITION, storage, sizeof storage);
    temporary_write(ops.folder, OTHER_KEY ".pos", 0, data);
    CHECK_EQ_INT(oplog_position_read(ops.folder, OTHER_KEY), 0);
    /* of a log of this name that was deleted */
    CHECK(unlinkat(ops.folder, LOG, 0) == 0);
    CHECK_EQ_INT(oplog_position_read(ops.folder, KEY), 0);
    CHECK(append(ops.folder, "three") && append(ops.folder, "four"));
    CHECK_EQ_INT(oplog_position_read(ops.folder, KEY), 0);
    /* the same inode, another content, as when the number is used again */
    CHECK(oplog_position_write(ops.folder, KEY, 26));
    CHECK_EQ_INT(oplog_position_read(ops.folder, KEY), 26);
    temporary_cut(ops.folder, LOG, 0);
    CHECK(append(ops.folder, "other") && append(ops.folder, "content"));
    CHECK_EQ_INT(oplog_position_read(ops.folder, KEY), 0);
    /* restored from a backup: it may have gone on otherwise since */
    CHECK(oplog_position_write(ops.folder, KEY, 26));
    CHECK(renameat(ops.folder, LOG, ops.folder, "backup") == 0);
    temporary_write(ops.folder, LOG, 0, temporary_read(ops.folder, "backup", storage, sizeof storage));
    CHECK_EQ_INT(oplog_position_read(ops.folder, KEY), 0);
    temporary_free(&ops);
}

static const struct check_test tests[] = {CASE(append_and_read), CASE(a_stream_keeps_the_log_open),
                                          CASE(append_refuses),
                                          CASE(S31_log_at_its_bound),
                                          CASE(S19_log_is_something_else),
                                          CASE(S04_real_short_write),
                                          CASE(S05_one_copy_of_each_under_a_storm_of_signals),
                                          CASE(S10_log_locked_for_deletion_goes_beside_it),
                                          CASE(S10_shared_lock_does_not_matter),
                                          CASE(S26_nothing_is_overwritten_by_a_new_name),
                                          CASE(S09_writers_race_the_deleter),
                                          CASE(records_over_window_borders),
                                          CASE(S16_garbage_longer_than_a_window),
                                          CASE(S06_record_that_is_being_written_is_left),
                                          CASE(S06_torn_end_that_nobody_writes_is_damage),
                                          CASE(S13_damage_is_counted_once),
                                          CASE(S24_records_of_a_later_version_are_told),
                                          CASE(visitor_that_stops),
                                          CASE(S23_foreign_files_are_ignored),
                                          CASE(delete_only_what_is_archived),
                                          CASE(leftovers_are_removed_by_age),
                                          CASE(position_is_stored),
                                          CASE(S17_position_torn_or_beyond_the_end),
                                          CASE(S17_position_of_another_log)};
CHECK_MAIN(tests)
