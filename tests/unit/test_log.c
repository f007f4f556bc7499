#include "check.h"

#include "base/io.h"
#include "base/log.h"
#include "base/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int folder_fd = -1;
static char folder[] = "/tmp/spanhook-test-log-XXXXXX";
static struct buffer content;

/* What stands in the log, which is removed. */
static struct slice take_log(const char *name)
{
    buffer_clear(&content);
    if (!io_read_file(folder_fd, name, &content, NULL))
        return SLICE("no file");
    unlinkat(folder_fd, name, 0);
    return buffer_slice(&content);
}

static size_t count_lines(struct slice text)
{
    size_t count = 0, at = 0;
    for (; slice_find(text, SLICE("\n"), at, &at); at++)
        count++;
    return count;
}

/* Behind "2025-01-31T12:00:00Z PID ". */
static struct slice message_of(struct slice line)
{
    size_t blank;
    const struct slice rest = slice_part(line, 21, line.length);
    return slice_find(rest, SLICE(" "), 0, &blank) ? slice_part(rest, blank + 1, rest.length) : SLICE("no message");
}

TEST(nothing_before_log_to)
{
    log_line("lost %d", 1);
    log_to(-1, "log");
    log_line("lost %d", 1);
    log_to(folder_fd, "");
    log_line("lost %d", 1);
    log_to(folder_fd, NULL);
    log_line("lost %d", 1);
    log_to(folder_fd, "0123456789012345678901234567890123456789012345678901234567890");
    log_line("lost %d", 1);
    CHECK_EQ_TEXT(take_log("log"), "no file");
}

TEST(a_line_says_when_and_who)
{
    char pid[32];
    struct stat status;
    snprintf(pid, sizeof pid, " %ld hello 7\n", (long)getpid());
    log_to(folder_fd, "log");
    errno = EDOM;
    log_line("hello %d", 7);
    CHECK_EQ_INT(errno, EDOM);
    CHECK(fstatat(folder_fd, "log", &status, 0) == 0 && (status.st_mode & 07777) == 0600);
    const struct slice line = take_log("log");
    CHECK(slice_starts_with(line, SLICE("20")));
    CHECK_EQ_TEXT(slice_part(line, 10, 1), "T");
    CHECK_EQ_TEXT(slice_part(line, 19, 1), "Z");
    CHECK_EQ_TEXT(slice_part(line, 20, line.length), pid);
}

TEST(what_could_harm_is_neutralised)
{
    log_to(folder_fd, "log");
    log_line("%s", "a\nb\x1b[31m\x7f\t\xc2\x9b\xe2\x80\xae\xe2\x81\xa6\xff\xe2\x82 \xc3\xa9");
    CHECK_EQ_TEXT(message_of(take_log("log")), "a?b?[31m???????" " \xc3\xa9\n");
}

TEST(lines_are_bounded)
{
    char text[3000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    log_to(folder_fd, "log");
    log_line("%s", text);
    CHECK_EQ_INT(take_log("log").length, LOG_LINE_MAX);
    for (size_t shift = 0; shift < 4; shift++) { /* a character that does not fit is not begun */
        log_to(folder_fd, "log");
        memset(text, 'x', sizeof text - 1);
        for (size_t i = shift; i + 4 < sizeof text; i += 4)
            memcpy(text + i, "\xf0\x9f\x98\x80", 4);
        log_line("%s", text);
        const struct slice line = take_log("log");
        CHECK(line.length <= LOG_LINE_MAX && line.length > LOG_LINE_MAX - 4);
        CHECK_EQ_INT(line.data[line.length - 1], '\n');
        struct buffer repaired;
        buffer_init(&repaired, 10000);
        CHECK_EQ_INT(utf8_append_repaired(&repaired, line), 0);
        buffer_free(&repaired);
        CHECK(!slice_find(line, SLICE("?"), 0, &(size_t){0}));
    }
}

TEST(the_same_format_once_a_minute)
{
    char other_address[] = "again %d";
    log_to(folder_fd, "log");
    for (int i = 0; i < 5; i++)
        log_line("again %d", i);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    log_line(other_address, 9);
#pragma GCC diagnostic pop
    log_line("other");
    log_line("last");
    const struct slice text = take_log("log");
    CHECK_EQ_INT(count_lines(text), 3);
    CHECK(slice_find(text, SLICE(" again 0\n"), 0, &(size_t){0}));
    CHECK(slice_find(text, SLICE(" other (5 lines left out before)\n"), 0, &(size_t){0}));
    CHECK(slice_ends_with(text, SLICE(" last\n")));
}

TEST(sixty_lines_a_minute)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    char format[3] = "";
    log_to(folder_fd, "log");
    for (size_t i = 0; i < 200; i++) {
        format[0] = letters[i % 26];
        format[1] = letters[i / 26];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
        log_line(format);
#pragma GCC diagnostic pop
    }
    CHECK_EQ_INT(count_lines(take_log("log")), LOG_LINES_PER_MINUTE);
}

static void fill(const char *name, size_t size)
{
    const int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    CHECK(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
    close(fd);
}

static off_t size_of(const char *name)
{
    struct stat status;
    return fstatat(folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? status.st_size : -1;
}

TEST(a_full_file_is_begun_anew)
{
    fill("log", LOG_FILE_MAX - 10);
    fill("log.1", 5);
    log_to(folder_fd, "log");
    log_line("fresh");
    CHECK_EQ_INT(size_of("log.1"), LOG_FILE_MAX - 10);
    CHECK_EQ_TEXT(message_of(take_log("log")), "fresh\n");
    unlinkat(folder_fd, "log.1", 0);

    fill("log", LOG_FILE_MAX - 200);
    log_line("another");
    CHECK_EQ_INT(size_of("log.1"), -1);
    CHECK(size_of("log") > LOG_FILE_MAX - 200);
    unlinkat(folder_fd, "log", 0);
}

TEST(symlinks_and_other_things_are_left_alone)
{
    fill("target", 0);
    CHECK_EQ_INT(symlinkat("target", folder_fd, "log"), 0);
    log_to(folder_fd, "log");
    log_line("one");
    CHECK_EQ_INT(size_of("target"), 0);
    unlinkat(folder_fd, "log", 0);
    unlinkat(folder_fd, "target", 0);
    CHECK_EQ_INT(mkdirat(folder_fd, "log", 0700), 0);
    log_line("two");
    unlinkat(folder_fd, "log", AT_REMOVEDIR);
    log_line("three");
    CHECK_EQ_TEXT(message_of(take_log("log")), "three (2 lines left out before)\n");
}

/* Each line is one append, and of those that find the file full only the first renames it. */
TEST(many_processes_share_a_log)
{
    enum { PROCESSES = 16 };
    fill("log", LOG_FILE_MAX);
    for (int i = 0; i < PROCESSES; i++) {
        if (fork() == 0) {
            log_to(folder_fd, "log");
            log_line("first");
            log_line("second");
            _exit(0);
        }
    }
    while (wait(NULL) > 0)
        continue;
    CHECK(size_of("log.1") >= LOG_FILE_MAX);
    const size_t in_old = count_lines(take_log("log.1"));
    const struct slice text = take_log("log");
    CHECK_EQ_INT(in_old + count_lines(text), 2 * PROCESSES);
    size_t at = 0, end;
    for (; slice_find(text, SLICE("\n"), at, &end); at = end + 1) {
        const struct slice message = message_of(slice_part(text, at, end - at));
        CHECK(slice_equal(message, SLICE("first")) || slice_equal(message, SLICE("second")));
    }
}

static const struct check_test tests[] = {
    CASE(nothing_before_log_to),         CASE(a_line_says_when_and_who), CASE(what_could_harm_is_neutralised),
    CASE(lines_are_bounded),             CASE(the_same_format_once_a_minute),
    CASE(sixty_lines_a_minute),          CASE(a_full_file_is_begun_anew), CASE(symlinks_and_other_things_are_left_alone),
    CASE(many_processes_share_a_log),
};

int main(void)
{
    if (!mkdtemp(folder))
        return 1;
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    buffer_init(&content, 4 * LOG_FILE_MAX);
    const int result = check_run(tests, sizeof tests / sizeof *tests);
    buffer_free(&content);
    close(folder_fd);
    rmdir(folder);
    return result;
}
