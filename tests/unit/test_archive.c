#include "store/archive.h"

#include "base/clock.h"
#include "unit/check.h"
#include "unit/temporary.h"

#include <signal.h>
#include <sys/resource.h>

#define DAY (86400 * NANOSECONDS_PER_SECOND)
#define JANUARY_1 (UINT64_C(1767225600) * NANOSECONDS_PER_SECOND) /* 2026-01-01 */
#define FIRST "2026-01-01.jsonl"
#define SECOND "2026-01-01.1.jsonl"
#define NEXT_DAY "2026-01-02.jsonl"

static const struct archive_position start = {0, 0, 0};

static bool append_at(int folder, const char *lines, uint64_t now)
{
    struct error error = {""};
    struct archive *archive = archive_open(folder, &error);
    CHECK(archive != NULL);
    const bool appended = archive && archive_append(archive, slice_of(lines), now, &error);
    archive_close(archive);
    return appended;
}

/* The lines from the position on as one text; moves it. */
static const char *read_on(int folder, struct archive_position *position, size_t maximum_lines, size_t maximum_bytes)
{
    static char text[512];
    struct buffer lines;
    struct error error = {""};
    size_t count = 99, newlines = 0;
    buffer_init(&lines, 8 * 1024 * 1024);
    CHECK(archive_read(folder, position, &lines, maximum_lines, maximum_bytes, &count, &error));
    CHECK_EQ_TEXT(slice_of(error.text), "");
    for (size_t i = 0; i < lines.length; i++)
        newlines += lines.data[i] == '\n';
    CHECK_EQ_INT(count, newlines);
    snprintf(text, sizeof text, "%.*s", (int)(lines.length < sizeof text ? lines.length : sizeof text - 1), lines.data ? lines.data : "");
    buffer_free(&lines);
    return text;
}

static const char *read_from(int folder, struct archive_position position)
{
    return read_on(folder, &position, 1000, 1024 * 1024);
}

static struct slice content(int folder, const char *name)
{
    static char storage[4096];
    return temporary_read(folder, name, storage, sizeof storage);
}

/* A file of that size whose last line is `line`; the rest is one line too long to be read. */
static void put_large(int folder, const char *name, off_t size, const char *line)
{
    temporary_cut(folder, name, size - (off_t)strlen(line) - 1);
    temporary_write(folder, name, O_APPEND, SLICE("\n"));
    temporary_write(folder, name, O_APPEND, slice_of(line));
}

/* ---- writing ------------------------------------------------------------------------------------------------------------------- */

TEST(append_goes_into_the_file_of_the_day)
{
    struct temporary traces = temporary_new();
    struct archive *archive = archive_open(traces.folder, NULL);
    struct archive_file *files;
    struct stat status;
    size_t count;
    CHECK(archive_append(archive, SLICE("a\nb\n"), JANUARY_1, NULL));
    CHECK(archive_append(archive, SLICE("c\n"), JANUARY_1 + DAY - 1, NULL));
    CHECK(archive_append(archive, SLICE("d\n"), JANUARY_1 + DAY, NULL));
    CHECK(archive_append(archive, SLICE(""), JANUARY_1 + 2 * DAY, NULL));
    CHECK(!archive_append(archive, SLICE("no end"), JANUARY_1 + DAY, NULL));
    archive_close(archive);
    CHECK_EQ_TEXT(content(traces.folder, FIRST), "a\nb\nc\n");
    CHECK_EQ_TEXT(content(traces.folder, NEXT_DAY), "d\n");
    CHECK(fstatat(traces.folder, FIRST, &status, 0) == 0 && (status.st_mode & 07777) == 0600);
    CHECK(archive_list(traces.folder, &files, &count, NULL));
    CHECK_EQ_INT(count, 2);
    if (count == 2) {
        CHECK_EQ_TEXT(slice_of(files[0].name), FIRST);
        CHECK_EQ_INT(files[0].date, 20260101);
        CHECK_EQ_INT(files[0].size, 6);
        CHECK_EQ_INT(files[1].date, 20260102);
    }
    free(files);
    archive_close(NULL);
    temporary_free(&traces);
}

TEST(S26_clock_that_jumps_back)
{
    struct temporary traces = temporary_new();
    CHECK(append_at(traces.folder, "future\n", JANUARY_1 + DAY));
    CHECK(append_at(traces.folder, "past\n", JANUARY_1 - 400 * DAY));
    CHECK(append_at(traces.folder, "zero\n", 0));
    CHECK_EQ_TEXT(content(traces.folder, NEXT_DAY), "future\npast\nzero\n");
    CHECK_EQ_INT(temporary_count(traces.folder, ""), 1);
    temporary_free(&traces);
}

TEST(file_that_is_full_goes_on_in_a_part)
{
    struct temporary traces = temporary_new();
    put_large(traces.folder, FIRST, (off_t)ARCHIVE_FILE_MAX - 3, "x\n");
    CHECK(append_at(traces.folder, "ab\n", JANUARY_1)); /* fits exactly */
    CHECK_EQ_INT(temporary_size(traces.folder, FIRST), ARCHIVE_FILE_MAX);
    CHECK(append_at(traces.folder, "c\n", JANUARY_1));
    CHECK(append_at(traces.folder, "d\n", JANUARY_1));
    CHECK_EQ_TEXT(content(traces.folder, SECOND), "c\nd\n");
    temporary_cut(traces.folder, "2026-01-01.10.jsonl", 0);
    CHECK(append_at(traces.folder, "e\n", JANUARY_1));
    CHECK_EQ_TEXT(content(traces.folder, "2026-01-01.10.jsonl"), "e\n"); /* 10 comes after 2 */
    CHECK_EQ_TEXT(slice_of(read_from(traces.folder, start)), "x\nab\nc\nd\ne\n");
    temporary_free(&traces);
}

TEST(torn_tail_is_cut_off)
{
    static const char *const torn[] = {"a\nb\ntor", "a\nb\n", "torn only", "", "\n"};
    static const char *const mended[] = {"a\nb\n", "a\nb\n", "", "", "\n"};
    for (size_t i = 0; i < sizeof torn / sizeof *torn; i++) {
        struct temporary traces = temporary_new();
        char expected[32];
        temporary_write(traces.folder, FIRST, 0, slice_of(torn[i]));
        archive_close(archive_open(traces.folder, NULL));
        CHECK_EQ_TEXT(content(traces.folder, FIRST), mended[i]);
        CHECK(append_at(traces.folder, "c\n", JANUARY_1));
        snprintf(expected, sizeof expected, "%sc\n", mended[i]);
        CHECK_EQ_TEXT(content(traces.folder, FIRST), expected);
        temporary_free(&traces);
    }
    struct temporary traces = temporary_new();
    temporary_write(traces.folder, FIRST, 0, SLICE("a\n"));
    temporary_cut(traces.folder, FIRST, 1000 * 1000); /* longer than a piece */
    CHECK(append_at(traces.folder, "b\n", JANUARY_1));
    CHECK_EQ_TEXT(content(traces.folder, FIRST), "a\nb\n");
    temporary_free(&traces);
}

static int append_with_a_size_limit(void *context)
{
    const int folder = *(const int *)context;
    const struct rlimit limit = {10, 10};
    struct error error = {""};
    struct archive *archive = archive_open(folder, NULL);
    signal(SIGXFSZ, SIG_IGN);
    if (!archive || setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 1;
    if (archive_append(archive, SLICE("one\ntwo\nthree\n"), JANUARY_1, &error) || !error.text[0])
        return 2;
    if (!archive_append(archive, SLICE("four\n"), JANUARY_1, &error))
        return 3;
    archive_close(archive);
    return 0;
}

TEST(S02_append_that_fails_leaves_the_file_as_it_was)
{
    struct temporary traces = temporary_new();
    CHECK(append_at(traces.folder, "a\n", JANUARY_1));
    CHECK_EQ_INT(temporary_in_child(append_with_a_size_limit, &traces.folder), 0);
    CHECK_EQ_TEXT(content(traces.folder, FIRST), "a\nfour\n");
    CHECK_EQ_INT(temporary_count(traces.folder, ""), 1);
    temporary_free(&traces);
}

TEST(S18_file_deleted_under_the_writer)
{
    struct temporary traces = temporary_new();
    struct archive *archive = archive_open(traces.folder, NULL);
    struct archive_position position = start;
    CHECK(archive_append(archive, SLICE("same\n"), JANUARY_1, NULL));
    CHECK_EQ_TEXT(slice_of(read_on(traces.folder, &position, 10, 1000)), "same\n");
    CHECK(unlinkat(traces.folder, FIRST, 0) == 0);
    /* under the old name a reader that has a place there would take it for what it has read */
    CHECK(archive_append(archive, SLICE("next\n"), JANUARY_1, NULL) && archive_append(archive, SLICE("last\n"), JANUARY_1, NULL));
    CHECK_EQ_TEXT(slice_of(read_on(traces.folder, &position, 10, 1000)), "next\nlast\n");
    CHECK_EQ_TEXT(content(traces.folder, SECOND), "next\nlast\n");
    archive_close(archive);
    temporary_free(&traces);
}

TEST(S19_file_is_something_else)
{
    struct temporary traces = temporary_new();
    struct archive_file *files;
    size_t count;
    temporary_write(traces.folder, "target", 0, SLICE("precious\n"));
    CHECK(symlinkat("target", traces.folder, FIRST) == 0 && linkat(traces.folder, "target", traces.folder, SECOND, 0) == 0);
    CHECK(mkdirat(traces.folder, "2026-01-01.2.jsonl", 0700) == 0);
    CHECK(archive_list(traces.folder, &files, &count, NULL));
    CHECK_EQ_INT(count, 0);
    free(files);
    CHECK(append_at(traces.folder, "a\n", JANUARY_1));
    CHECK_EQ_TEXT(content(traces.folder, "target"), "precious\n");
    CHECK_EQ_TEXT(content(traces.folder, "2026-01-01.3.jsonl"), "a\n");
    CHECK_EQ_TEXT(slice_of(read_from(traces.folder, start)), "a\n");
    temporary_free(&traces);
}

TEST(S23_foreign_names_are_ignored)
{
    static const char *const foreign[] = {"2026-01-01.jsonl.gz", "2026-01-01.0.jsonl",  "2026-01-01.01.jsonl",          "2026-1-1.jsonl",
                                          "2026-01-01..jsonl",   "x2026-01-01.jsonl",   "2026-01-01.99999999999.jsonl", "2026_01_01.jsonl",
                                          "20260101.jsonl",      "2026-01-01.-1.jsonl", "2026-01-01.1.2.jsonl",         ".jsonl"};
    struct temporary traces = temporary_new();
    struct archive_file *files;
    size_t count;
    for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
        temporary_write(traces.folder, foreign[i], 0, SLICE("x\n"));
    CHECK(archive_list(traces.folder, &files, &count, NULL));
    CHECK_EQ_INT(count, 0);
    free(files);
    CHECK(!archive_list(-1, &files, &count, NULL));
    CHECK(archive_open(-1, NULL) == NULL);
    temporary_free(&traces);
}

/* ---- reading ------------------------------------------------------------------------------------------------------------------- */

TEST(positions_are_ordered)
{
    const struct archive_position places[] = {{0, 0, 0},        {20260101, 0, 0},  {20260101, 0, 7},
                                              {20260101, 1, 0}, {20260101, 10, 3}, {20260102, 0, 1}};
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < 6; k++) {
            const int order = archive_position_compare(places[i], places[k]);
            CHECK_EQ_INT((order > 0) - (order < 0), (i > k) - (i < k));
        }
}

TEST(read_goes_on_where_it_stopped)
{
    struct temporary traces = temporary_new();
    struct archive_position position = start;
    CHECK_EQ_TEXT(slice_of(read_on(traces.folder, &position, 10, 1000)), "");
    CHECK(append_at(traces.folder, "a\nb\n", JANUARY_1) && append_at(traces.folder, "c\nd\n", JANUARY_1 + DAY));
    CHECK_EQ_TEXT(slice_of(read_on(traces.folder, &position, 1, 1000)), "a\n");
    CHECK_EQ_INT(position.date, 20260101);
    CHECK_EQ_INT(position.offset, 2);
    CHECK_EQ_TEXT(slice_of(read_on(traces.folder, &position, 2, 1000)), "b\nc\n"); /* over the border */
    CHECK_EQ_INT(position.date, 20260102);
    CHECK_EQ_INT(position.offset, 2);
    CHECK_EQ_TEXT(slice_of(read_on(traces.folder, &position, 0, 1000)), "");
    CHECK_EQ_TEXT(slice_of(read_on(traces.folder, &position, 10, 1000)), "d\n");
    CHECK_EQ_TEXT(slice_of(read_on(traces.folder, &position, 10, 1000)), "");
    CHECK(append_at(traces.folder, "e\n", JANUARY_1 + 9 * DAY));
    CHECK_EQ_TEXT(slice_of(read_on(traces.folder, &position, 10, 1000)), "e\n");
    temporary_free(&traces);
}

TEST(read_keeps_to_the_bytes_but_gives_one_line)
{
    struct temporary traces = temporary_new();
    struct archive_position position = start;
    CHECK(append_at(traces.folder, "aaaa\nbbbb\ncccc\n", JANUARY_1));
    CHECK_EQ_TEXT(slice_of(read_on(traces.folder, &position, 10, 12)), "aaaa\nbbbb\n");
    CHECK_EQ_TEXT(slice_of(read_on(traces.folder, &position, 10, 1)), "cccc\n");
    /* the same when the buffer is what is small */
    struct buffer lines;
    size_t count;
    position = start;
    buffer_init(&lines, 7);
    CHECK(archive_read(traces.folder, &position, &lines, 10, 1000, &count, NULL));
    CHECK(count == 1 && !lines.failed && position.offset == 5);
    buffer_free(&lines);
    buffer_init(&lines, 2);
    CHECK(!archive_read(traces.folder, &position, &lines, 10, 1000, &count, NULL));
    CHECK_EQ_INT(position.offset, 5);
    buffer_free(&lines);
    temporary_free(&traces);
}

TEST(line_that_is_not_whole_is_not_there)
{
    struct temporary traces = temporary_new();
    struct archive_position position = start;
    temporary_write(traces.folder, FIRST, 0, SLICE("a\ntor"));
    CHECK_EQ_TEXT(slice_of(read_on(traces.folder, &position, 10, 1000)), "a\n");
    CHECK_EQ_INT(position.offset, 2);
    temporary_write(traces.folder, FIRST, O_APPEND, SLICE("n\n\n\nb\n"));
    CHECK_EQ_TEXT(slice_of(read_on(traces.folder, &position, 10, 1000)), "torn\nb\n"); /* empty lines are none */
    temporary_write(traces.folder, FIRST, O_APPEND, SLICE("never whole"));
    temporary_write(traces.folder, NEXT_DAY, 0, SLICE("c\n"));
    CHECK_EQ_TEXT(slice_of(read_on(traces.folder, &position, 10, 1000)), "c\n");
    temporary_free(&traces);
}

static void put_line(int folder, const char *name, size_t length)
{
    char *line = malloc(length + 1);
    memset(line, 'l', length);
    line[length] = '\n';
    temporary_write(folder, name, O_APPEND | O_CREAT, (struct slice){line, length + 1});
    free(line);
}

TEST(line_that_is_too_long_is_passed_over)
{
    static const size_t lengths[] = {ARCHIVE_LINE_MAX, ARCHIVE_LINE_MAX + 1, ARCHIVE_LINE_MAX + 2, 2 * ARCHIVE_LINE_MAX + 5,
                                     3 * ARCHIVE_LINE_MAX};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct temporary traces = temporary_new();
        struct archive_position position = start;
        uint64_t bytes, lines;
        temporary_write(traces.folder, FIRST, 0, SLICE("a\n"));
        put_line(traces.folder, FIRST, lengths[i]);
        temporary_write(traces.folder, FIRST, O_APPEND, SLICE("b\n"));
        const bool kept = lengths[i] <= ARCHIVE_LINE_MAX;
        CHECK_EQ_TEXT(slice_of(read_on(traces.folder, &position, 1, 1000)), "a\n");
        if (kept)
            CHECK_EQ_INT(strlen(read_on(traces.folder, &position, 1, 1000)), 511);
        CHECK_EQ_TEXT(slice_of(read_on(traces.folder, &position, 1, 1000)), "b\n");
        CHECK_EQ_INT(position.offset, temporary_size(traces.folder, FIRST));
        CHECK(archive_pending(traces.folder, start, &bytes, &lines, NULL));
        CHECK_EQ_INT(lines, kept ? 3 : 2);
        temporary_free(&traces);
    }
}

TEST(many_lines_over_pieces)
{
    struct temporary traces = temporary_new();
    struct archive_position position = start;
    struct buffer lines;
    uint64_t bytes, pending;
    size_t count, total = 0;
    for (size_t length = 1; length < 3000; length += 3)
        put_line(traces.folder, FIRST, length);
    CHECK(archive_pending(traces.folder, start, &bytes, &pending, NULL));
    CHECK_EQ_INT(pending, 1000);
    CHECK_EQ_INT(bytes, temporary_size(traces.folder, FIRST));
    buffer_init(&lines, 1024 * 1024);
    do {
        buffer_clear(&lines);
        CHECK(archive_read(traces.folder, &position, &lines, 77, 50000, &count, NULL));
        for (size_t from = 0; from < lines.length; total++) {
            size_t newline = 0;
            CHECK(slice_find(buffer_slice(&lines), SLICE("\n"), from, &newline));
            CHECK_EQ_INT(newline - from, 1 + 3 * total);
            from = newline + 1;
        }
    } while (count > 0);
    CHECK_EQ_INT(total, 1000);
    buffer_free(&lines);
    temporary_free(&traces);
}

TEST(S17_position_in_a_file_that_is_gone_or_another)
{
    struct temporary traces = temporary_new();
    struct archive_position position = {20260101, 0, 4};
    uint64_t bytes, lines;
    CHECK(append_at(traces.folder, "next\n", JANUARY_1 + DAY));
    CHECK_EQ_TEXT(slice_of(read_from(traces.folder, position)), "next\n");
    /* beyond the end, or in the middle of a line: of a file that had this name before */
    position = (struct archive_position){20260102, 0, 100};
    CHECK(archive_pending(traces.folder, position, &bytes, &lines, NULL));
    CHECK(bytes == 5 && lines == 1);
    CHECK_EQ_TEXT(slice_of(read_on(traces.folder, &position, 10, 1000)), "next\n");
    CHECK_EQ_INT(position.offset, 5);
    CHECK_EQ_TEXT(slice_of(read_on(traces.folder, &position, 10, 1000)), "");
    CHECK_EQ_TEXT(slice_of(read_from(traces.folder, (struct archive_position){20260102, 0, 3})), "next\n");
    /* the end itself is no such place */
    CHECK_EQ_TEXT(slice_of(read_from(traces.folder, (struct archive_position){20260102, 0, 5})), "");
    CHECK_EQ_TEXT(slice_of(read_from(traces.folder, (struct archive_position){20270101, 0, 0})), "");
    temporary_free(&traces);
}

TEST(pending_counts_from_the_position)
{
    struct temporary traces = temporary_new();
    uint64_t bytes, lines;
    CHECK(append_at(traces.folder, "a\nb\n", JANUARY_1) && append_at(traces.folder, "c\n", JANUARY_1 + DAY));
    temporary_write(traces.folder, NEXT_DAY, O_APPEND, SLICE("torn"));
    CHECK(archive_pending(traces.folder, start, &bytes, &lines, NULL));
    CHECK(bytes == 6 && lines == 3);
    CHECK(archive_pending(traces.folder, (struct archive_position){20260101, 0, 2}, &bytes, &lines, NULL));
    CHECK(bytes == 4 && lines == 2);
    CHECK(archive_pending(traces.folder, (struct archive_position){20260102, 0, 2}, &bytes, &lines, NULL));
    CHECK(bytes == 0 && lines == 0);
    CHECK(!archive_pending(-1, start, &bytes, &lines, NULL));
    temporary_free(&traces);
}

/* ---- bounds -------------------------------------------------------------------------------------------------------------------- */

struct pruned {
    uint64_t files, unsent;
};

static struct pruned prune(int folder, uint64_t now, uint64_t total_max, struct archive_position unsent_from)
{
    struct pruned pruned = {0, 0};
    CHECK(archive_prune(folder, now, total_max, 30, unsent_from, &pruned.files, &pruned.unsent, NULL));
    return pruned;
}

static void put_three_days(int folder)
{
    for (uint64_t day = 0; day < 3; day++)
        CHECK(append_at(folder, "a\nb\n", JANUARY_1 + day * DAY));
}

TEST(S21_oldest_files_go_when_all_are_too_large)
{
    struct temporary traces = temporary_new();
    put_three_days(traces.folder);
    struct pruned pruned = prune(traces.folder, JANUARY_1, 12, start);
    CHECK(pruned.files == 0 && pruned.unsent == 0);
    pruned = prune(traces.folder, JANUARY_1, 11, start);
    CHECK(pruned.files == 1 && pruned.unsent == 2);
    CHECK_EQ_INT(temporary_size(traces.folder, FIRST), -1);
    pruned = prune(traces.folder, JANUARY_1, 0, (struct archive_position){20260102, 0, 2});
    CHECK(pruned.files == 1 && pruned.unsent == 1); /* one of its lines was sent */
    CHECK_EQ_TEXT(content(traces.folder, "2026-01-03.jsonl"), "a\nb\n"); /* the newest stays */
    pruned = prune(traces.folder, JANUARY_1, 0, start);
    CHECK(pruned.files == 0 && pruned.unsent == 0);
    temporary_free(&traces);
}

TEST(files_go_when_they_are_too_old)
{
    struct temporary traces = temporary_new();
    const struct archive_position all_sent = {UINT32_MAX, 0, 0};
    put_three_days(traces.folder);
    CHECK(append_at(traces.folder, "x\n", JANUARY_1 + 30 * DAY) && append_at(traces.folder, "y\n", JANUARY_1 + 31 * DAY));
    CHECK_EQ_INT(prune(traces.folder, JANUARY_1 + 31 * DAY, 1000, all_sent).files, 0);
    CHECK(append_at(traces.folder, "z\n", JANUARY_1 + 32 * DAY));
    CHECK_EQ_INT(prune(traces.folder, JANUARY_1 + 30 * DAY, 1000, all_sent).files, 0); /* the clock is the earlier one */
    struct pruned pruned = prune(traces.folder, JANUARY_1 + 32 * DAY, 1000, all_sent);
    CHECK(pruned.files == 1 && pruned.unsent == 0);
    CHECK_EQ_INT(temporary_size(traces.folder, FIRST), -1);
    /* a long time without any use: the first day after it could be a wrong clock, the second one confirms it */
    CHECK(append_at(traces.folder, "x\n", JANUARY_1 + 400 * DAY));
    CHECK_EQ_INT(prune(traces.folder, JANUARY_1 + 400 * DAY, 1000, start).files, 1); /* as of day 32 */
    CHECK(append_at(traces.folder, "x\n", JANUARY_1 + 401 * DAY));
    pruned = prune(traces.folder, JANUARY_1 + 401 * DAY, 1000, start);
    CHECK(pruned.files == 4 && pruned.unsent == 5);
    CHECK_EQ_INT(temporary_count(traces.folder, ""), 2);
    CHECK_EQ_INT(prune(traces.folder, 0, 1000, start).files, 0);
    temporary_free(&traces);
}

TEST(S26_clock_that_jumps_ahead_removes_nothing)
{
    struct temporary traces = temporary_new();
    struct archive_file *files;
    size_t count;
    const uint64_t ahead = JANUARY_1 + 26663 * DAY; /* 2099-01-01 */
    put_three_days(traces.folder);
    CHECK_EQ_INT(prune(traces.folder, ahead, 1000, start).files, 0); /* before it wrote anything */
    CHECK(append_at(traces.folder, "ahead\n", ahead));
    CHECK_EQ_INT(prune(traces.folder, ahead, 1000, start).files, 0); /* and after */
    temporary_write(traces.folder, "2099-01-01.1.jsonl", 0, SLICE("part\n"));
    CHECK_EQ_INT(prune(traces.folder, ahead, 1000, start).files, 0); /* parts are of one day */
    /* the clock is right again: what comes lies behind every cursor, and nothing is removed */
    CHECK(append_at(traces.folder, "right\n", JANUARY_1 + 3 * DAY));
    CHECK_EQ_INT(prune(traces.folder, JANUARY_1 + 3 * DAY, 1000, start).files, 0);
    CHECK_EQ_TEXT(slice_of(read_from(traces.folder, start)), "a\nb\na\nb\na\nb\nahead\npart\nright\n");
    CHECK_EQ_INT(prune(traces.folder, JANUARY_1 + 3 * DAY, 0, start).files, 4); /* the bound in bytes holds whatever the clock */
    /* names that no clock made */
    temporary_write(traces.folder, "0000-00-00.jsonl", 0, SLICE("x\n"));
    temporary_write(traces.folder, "9999-99-99.jsonl", 0, SLICE("x\n"));
    CHECK_EQ_INT(prune(traces.folder, UINT64_MAX, 1000, start).files, 1);
    CHECK(archive_list(traces.folder, &files, &count, NULL));
    CHECK_EQ_INT(count, 2);
    for (size_t i = 0; i < count; i++)
        CHECK(archive_is_ahead(&files[i], JANUARY_1));
    free(files);
    temporary_free(&traces);
}

TEST(a_file_is_ahead_of_the_clock_from_the_third_day_on)
{
    const struct archive_file file = {.date = 20260104};
    CHECK(archive_is_ahead(&file, JANUARY_1) && archive_is_ahead(&file, 0) && archive_is_ahead(&file, JANUARY_1 + DAY - 1));
    CHECK(!archive_is_ahead(&file, JANUARY_1 + DAY) && !archive_is_ahead(&file, JANUARY_1 + 9 * DAY));
}

TEST(foreign_files_are_not_removed)
{
    struct temporary traces = temporary_new();
    put_three_days(traces.folder);
    temporary_write(traces.folder, "0000-notes.txt", 0, SLICE("mine"));
    CHECK(symlinkat("0000-notes.txt", traces.folder, "2020-01-01.jsonl") == 0);
    prune(traces.folder, JANUARY_1 + 1000 * DAY, 0, start);
    CHECK_EQ_INT(temporary_count(traces.folder, ""), 3);
    CHECK_EQ_TEXT(content(traces.folder, "0000-notes.txt"), "mine");
    temporary_free(&traces);
}

static const struct check_test tests[] = {CASE(append_goes_into_the_file_of_the_day),
                                          CASE(S26_clock_that_jumps_back),
                                          CASE(file_that_is_full_goes_on_in_a_part),
                                          CASE(torn_tail_is_cut_off),
                                          CASE(S02_append_that_fails_leaves_the_file_as_it_was),
                                          CASE(S18_file_deleted_under_the_writer),
                                          CASE(S19_file_is_something_else),
                                          CASE(S23_foreign_names_are_ignored),
                                          CASE(positions_are_ordered),
                                          CASE(read_goes_on_where_it_stopped),
                                          CASE(read_keeps_to_the_bytes_but_gives_one_line),
                                          CASE(line_that_is_not_whole_is_not_there),
                                          CASE(line_that_is_too_long_is_passed_over),
                                          CASE(many_lines_over_pieces),
                                          CASE(S17_position_in_a_file_that_is_gone_or_another),
                                          CASE(pending_counts_from_the_position),
                                          CASE(S21_oldest_files_go_when_all_are_too_large),
                                          CASE(files_go_when_they_are_too_old),
                                          CASE(S26_clock_that_jumps_ahead_removes_nothing),
                                          CASE(a_file_is_ahead_of_the_clock_from_the_third_day_on),
                                          CASE(foreign_files_are_not_removed)};
CHECK_MAIN(tests)
