#include "check.h"

#include "export/rejected.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[64];
static int folder = -1;

static void open_folder(void)
{
    snprintf(path, sizeof path, "%s", "/tmp/spanhook-rejected-XXXXXX");
    CHECK(mkdtemp(path) != NULL);
    folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK(folder >= 0);
}

static void close_folder(void)
{
    DIR *entries = opendir(path);
    for (const struct dirent *entry = entries ? readdir(entries) : NULL; entry; entry = readdir(entries))
        unlinkat(folder, entry->d_name, 0);
    if (entries)
        closedir(entries);
    close(folder);
    rmdir(path);
}

static long long size_of(const char *name)
{
    struct stat status;
    return fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? (long long)status.st_size : -1;
}

static struct slice content_of(const char *name)
{
    static char text[4096];
    const int descriptor = openat(folder, name, O_RDONLY | O_CLOEXEC);
    const ssize_t count = descriptor >= 0 ? read(descriptor, text, sizeof text) : 0;
    if (descriptor >= 0)
        close(descriptor);
    return (struct slice){text, count > 0 ? (size_t)count : 0};
}

static struct slice filling(size_t length)
{
    static char text[1024 * 1024];
    memset(text, 'x', length);
    text[length - 1] = '\n';
    return (struct slice){text, length};
}

TEST(keeps_lines_and_says_why)
{
    open_folder();
    CHECK(rejected_keep(folder, SLICE("{\"a\":1}\n"), 1000, "answered 400"));
    CHECK(rejected_keep(folder, SLICE("{\"b\":2}\n"), 1000, "answered 413"));
    CHECK_EQ_TEXT(content_of("00000001.jsonl"), "{\"a\":1}\n{\"b\":2}\n");
    const struct slice reasons = content_of("reasons.log");
    size_t position;
    CHECK(slice_find(reasons, SLICE("Z 00000001.jsonl: answered 400\n"), 0, &position));
    CHECK(slice_find(reasons, SLICE("Z 00000001.jsonl: answered 413\n"), position, &position));
    close_folder();
}

TEST(goes_on_in_another_file_and_removes_the_oldest)
{
    const uint64_t limit = 4 * REJECTED_FILE_BYTES;
    open_folder();
    for (int i = 0; i < 4; i++)
        CHECK(rejected_keep(folder, filling(REJECTED_FILE_BYTES - 10), limit, ""));
    CHECK_EQ_INT(size_of("00000001.jsonl"), REJECTED_FILE_BYTES - 10);
    CHECK_EQ_INT(size_of("00000004.jsonl"), REJECTED_FILE_BYTES - 10);
    CHECK(rejected_keep(folder, filling(10), limit, ""));
    CHECK_EQ_INT(size_of("00000004.jsonl"), REJECTED_FILE_BYTES);
    CHECK(rejected_keep(folder, filling(31), limit, ""));
    CHECK_EQ_INT(size_of("00000001.jsonl"), -1);
    CHECK_EQ_INT(size_of("00000002.jsonl"), REJECTED_FILE_BYTES - 10);
    CHECK_EQ_INT(size_of("00000005.jsonl"), 31);
    close_folder();
}

TEST(refuses_more_than_the_whole_folder_may_hold)
{
    open_folder();
    CHECK(rejected_keep(folder, filling(100), 100, ""));
    CHECK(!rejected_keep(folder, filling(101), 100, "too large"));
    CHECK_EQ_INT(size_of("00000001.jsonl"), 100);
    size_t position;
    CHECK(slice_find(content_of("reasons.log"), SLICE("(not kept): too large\n"), 0, &position));
    close_folder();
}

TEST(leaves_foreign_files_alone)
{
    open_folder();
    CHECK_EQ_INT(close(openat(folder, "notes.jsonl", O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
    CHECK_EQ_INT(close(openat(folder, "0000001.jsonl", O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
    for (int i = 0; i < 5; i++)
        CHECK(rejected_keep(folder, filling(60), 100, ""));
    CHECK_EQ_INT(size_of("notes.jsonl"), 0);
    CHECK_EQ_INT(size_of("0000001.jsonl"), 0);
    CHECK(size_of("00000001.jsonl") == 60);
    close_folder();
}

TEST(follows_no_symlink)
{
    open_folder();
    CHECK_EQ_INT(close(openat(folder, "target", O_CREAT | O_WRONLY | O_CLOEXEC, 0600)), 0);
    CHECK(symlinkat("target", folder, "00000001.jsonl") == 0 && symlinkat("target", folder, "reasons.log") == 0);
    CHECK(!rejected_keep(folder, SLICE("{}\n"), 1000, "why"));
    CHECK_EQ_INT(size_of("target"), 0);
    close_folder();
}

TEST(starts_the_reasons_again_when_they_are_many)
{
    char text[600];
    open_folder();
    memset(text, 'r', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int i = 0; i < 200; i++)
        CHECK(rejected_note(folder, text));
    CHECK(size_of("reasons.log") > 0 && size_of("reasons.log") <= REJECTED_REASONS_BYTES + 1024);
    close_folder();
}

TEST(ends_a_note_that_is_too_long)
{
    char text[4000];
    open_folder();
    memset(text, 'r', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    CHECK(rejected_note(folder, text));
    const struct slice note = content_of("reasons.log");
    CHECK(note.length < 1100 && note.data[note.length - 1] == '\n');
    close_folder();
}

static const struct check_test tests[] = {
    CASE(keeps_lines_and_says_why),
    CASE(goes_on_in_another_file_and_removes_the_oldest),
    CASE(refuses_more_than_the_whole_folder_may_hold),
    CASE(leaves_foreign_files_alone),
    CASE(follows_no_symlink),
    CASE(starts_the_reasons_again_when_they_are_many),
    CASE(ends_a_note_that_is_too_long),
};
CHECK_MAIN(tests)
