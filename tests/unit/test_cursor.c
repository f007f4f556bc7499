#include "store/cursor.h"
#include "store/slots.h"

#include "unit/check.h"
#include "unit/temporary.h"

#define URL "http://localhost:4318/v1/traces"
#define SLOT 256

static const struct cursor full = {.position = {99991231, UINT32_MAX, UINT64_MAX},
                                   .sent = UINT64_MAX,
                                   .rejected = UINT64_MAX,
                                   .dropped = UINT64_MAX,
                                   .failures = UINT64_MAX,
                                   .last_success = UINT64_MAX,
                                   .not_before = UINT64_MAX,
                                   .retry_after = UINT64_MAX,
                                   .reason = "it was refused"};

static bool is_zero(const struct cursor *cursor)
{
    static const struct cursor zero;
    return memcmp(cursor, &zero, sizeof zero) == 0;
}

/* Stores `count` cursors with sent = 1, 2, … */
static void store(const struct cursor_file *file, uint64_t count)
{
    struct cursor cursor = {.position = {20260101, 2, 0}};
    for (uint64_t i = 1; i <= count; i++) {
        cursor.sent = i;
        cursor.position.offset = 100 * i;
        CHECK(cursor_store(file, &cursor));
    }
}

TEST(name_is_the_hash_of_the_url)
{
    struct cursor_file file;
    cursor_name(&file, 7, "abc");
    CHECK_EQ_TEXT(slice_of(file.name), "ba7816bf8f01cfea");
    CHECK_EQ_TEXT(slice_of(file.url), "abc");
    CHECK_EQ_INT(file.folder, 7);
}

TEST(store_and_load)
{
    struct temporary cursors = temporary_new();
    struct cursor_file file;
    struct cursor cursor;
    cursor_name(&file, cursors.folder, URL);
    cursor_load(&file, &cursor);
    CHECK(is_zero(&cursor));
    CHECK_EQ_INT(temporary_count(cursors.folder, ""), 0); /* a look creates nothing */
    cursor = full;
    CHECK(cursor_store(&file, &cursor));
    memset(&cursor, 0xee, sizeof cursor);
    cursor_load(&file, &cursor);
    CHECK_EQ_INT(archive_position_compare(cursor.position, full.position), 0);
    CHECK(cursor.sent == UINT64_MAX && cursor.rejected == UINT64_MAX && cursor.dropped == UINT64_MAX && cursor.failures == UINT64_MAX &&
          cursor.last_success == UINT64_MAX && cursor.not_before == UINT64_MAX && cursor.retry_after == UINT64_MAX);
    CHECK_EQ_TEXT(slice_of(cursor.reason), "it was refused");
    store(&file, 7);
    cursor_load(&file, &cursor);
    CHECK_EQ_INT(cursor.sent, 7);
    CHECK_EQ_INT(cursor.position.date, 20260101);
    CHECK_EQ_INT(cursor.position.part, 2);
    CHECK_EQ_INT(cursor.position.offset, 700);
    CHECK_EQ_TEXT(slice_of(cursor.reason), "");
    temporary_free(&cursors);
}

TEST(size_does_not_grow)
{
    struct temporary cursors = temporary_new();
    struct cursor_file file;
    cursor_name(&file, cursors.folder, URL);
    store(&file, 2);
    const long long size = temporary_size(cursors.folder, file.name);
    store(&file, 20);
    CHECK_EQ_INT(temporary_size(cursors.folder, file.name), size);
    CHECK(size <= 4096); /* one block, so that a full disk does not matter */
    temporary_free(&cursors);
}

TEST(S17_torn_slot_leaves_the_older_one)
{
    for (uint64_t count = 2; count <= 3; count++) {
        struct temporary cursors = temporary_new();
        struct cursor_file file;
        struct cursor cursor;
        char storage[4096], damaged[4096] = {0};
        cursor_name(&file, cursors.folder, URL);
        store(&file, count);
        const struct slice data = temporary_read(cursors.folder, file.name, storage, sizeof storage);
        CHECK(data.length > 2 * SLOT);
        for (size_t at = 0; at < SLOT; at++) {
            memcpy(damaged, data.data, data.length);
            damaged[count % 2 * SLOT + at] ^= 1;
            temporary_write(cursors.folder, file.name, O_TRUNC, (struct slice){damaged, data.length});
            cursor_load(&file, &cursor);
            CHECK_EQ_INT(cursor.sent, count - 1);
        }
        /* and the next store makes it good */
        cursor.sent = 55;
        CHECK(cursor_store(&file, &cursor));
        cursor_load(&file, &cursor);
        CHECK_EQ_INT(cursor.sent, 55);
        temporary_free(&cursors);
    }
}

TEST(S17_cut_empty_or_garbage)
{
    struct temporary cursors = temporary_new();
    struct cursor_file file;
    struct cursor cursor;
    char garbage[4096];
    cursor_name(&file, cursors.folder, URL);
    store(&file, 3); /* the newer slot is the second */
    temporary_cut(cursors.folder, file.name, 2 * SLOT - 1);
    cursor_load(&file, &cursor);
    CHECK_EQ_INT(cursor.sent, 2);
    temporary_cut(cursors.folder, file.name, 7);
    cursor_load(&file, &cursor);
    CHECK(is_zero(&cursor));
    temporary_cut(cursors.folder, file.name, 0);
    cursor_load(&file, &cursor);
    CHECK(is_zero(&cursor));
    for (int byte = 0; byte < 256; byte += 51) {
        memset(garbage, byte, sizeof garbage);
        temporary_write(cursors.folder, file.name, O_TRUNC, (struct slice){garbage, sizeof garbage});
        cursor_load(&file, &cursor);
        CHECK(is_zero(&cursor));
    }
    store(&file, 1);
    cursor_load(&file, &cursor);
    CHECK_EQ_INT(cursor.sent, 1);
    temporary_free(&cursors);
}

TEST(S17_cursor_of_another_destination)
{
    struct temporary cursors = temporary_new();
    struct cursor_file file, other;
    struct cursor cursor;
    cursor_name(&file, cursors.folder, URL);
    cursor_name(&other, cursors.folder, "http://elsewhere/v1/traces");
    store(&file, 3);
    CHECK(renameat(cursors.folder, file.name, cursors.folder, other.name) == 0);
    cursor_load(&other, &cursor);
    CHECK(is_zero(&cursor));
    temporary_free(&cursors);
}

TEST(slot_without_the_later_numbers)
{
    struct temporary cursors = temporary_new();
    struct cursor_file file;
    struct cursor cursor;
    char line[SLOT_TEXT_MAX];
    cursor_name(&file, cursors.folder, URL);
    cursor = full;
    CHECK(cursor_store(&file, &cursor));
    const int descriptor = openat(cursors.folder, file.name, O_RDWR);
    const int length = snprintf(line, sizeof line, "%s 20260101 2 300 4 5 6 7 8", file.name);
    CHECK(slots_write(descriptor, 9, (struct slice){line, (size_t)length}));
    close(descriptor);
    cursor_load(&file, &cursor);
    CHECK_EQ_INT(cursor.sequence, 9);
    CHECK_EQ_INT(cursor.last_success, 8);
    CHECK(cursor.not_before == 0 && cursor.retry_after == 0);
    temporary_free(&cursors);
}

TEST(store_with_an_old_sequence_counts)
{
    struct temporary cursors = temporary_new();
    struct cursor_file file;
    struct cursor cursor = {.sent = 1};
    cursor_name(&file, cursors.folder, URL);
    store(&file, 10);
    CHECK(cursor_store(&file, &cursor));
    cursor_load(&file, &cursor);
    CHECK_EQ_INT(cursor.sent, 1);
    temporary_free(&cursors);
}

TEST(S02_store_that_fails_leaves_the_old_one)
{
    struct temporary cursors = temporary_new();
    struct cursor_file file;
    struct cursor cursor = {.sent = 9};
    cursor_name(&file, cursors.folder, URL);
    store(&file, 3);
    file.folder = -1;
    CHECK(!cursor_store(&file, &cursor));
    CHECK_EQ_INT(cursor.sequence, 0);
    file.folder = cursors.folder;
    cursor_load(&file, &cursor);
    CHECK_EQ_INT(cursor.sent, 3);
    temporary_free(&cursors);
}

TEST(list_names_the_destinations)
{
    struct temporary cursors = temporary_new();
    struct cursor_file file, *files;
    char url[1500];
    size_t count;
    CHECK(cursor_list(cursors.folder, &files, &count));
    CHECK_EQ_INT(count, 0);
    free(files);
    cursor_name(&file, cursors.folder, URL);
    store(&file, 1);
    temporary_write(cursors.folder, "0123456789abcdeF", 0, SLICE("foreign"));
    temporary_write(cursors.folder, "0123", 0, SLICE("foreign"));
    CHECK(cursor_list(cursors.folder, &files, &count));
    CHECK_EQ_INT(count, 1);
    if (count == 1) {
        CHECK_EQ_TEXT(slice_of(files[0].url), URL);
        CHECK_EQ_TEXT(slice_of(files[0].name), file.name);
    }
    free(files);
    /* what is damaged is listed without its URL; nothing of it reaches a terminal */
    temporary_empty(cursors.folder);
    temporary_write(cursors.folder, "0123456789abcdef", 0, SLICE("\033[2J"));
    CHECK(cursor_list(cursors.folder, &files, &count));
    CHECK(count == 1 && files[0].url[0] == '\0');
    free(files);
    /* a URL too long to be kept whole */
    temporary_empty(cursors.folder);
    memset(url, 'u', sizeof url - 1);
    url[sizeof url - 1] = '\0';
    cursor_name(&file, cursors.folder, url);
    CHECK_EQ_INT(strlen(file.url), sizeof file.url - 1);
    store(&file, 1);
    CHECK(cursor_list(cursors.folder, &files, &count));
    CHECK(count == 1 && strcmp(files[0].url, file.url) == 0);
    free(files);
    CHECK(!cursor_list(-1, &files, &count));
    CHECK(files == NULL && count == 0);
    temporary_free(&cursors);
}

TEST(reason_is_one_harmless_line)
{
    struct temporary cursors = temporary_new();
    struct cursor_file file;
    struct cursor cursor = {.reason = "first"};
    cursor_name(&file, cursors.folder, URL);
    memset(cursor.reason, 'r', sizeof cursor.reason - 1);
    CHECK(cursor_store(&file, &cursor));
    cursor_load(&file, &cursor);
    CHECK_EQ_INT(strlen(cursor.reason), sizeof cursor.reason - 1);
    snprintf(cursor.reason, sizeof cursor.reason, "two\nlines");
    CHECK(cursor_store(&file, &cursor));
    cursor_load(&file, &cursor);
    CHECK_EQ_TEXT(slice_of(cursor.reason), "two");
    cursor.reason[0] = '\0';
    CHECK(cursor_store(&file, &cursor));
    cursor_load(&file, &cursor);
    CHECK_EQ_TEXT(slice_of(cursor.reason), "");
    temporary_free(&cursors);
}

TEST(S19_cursor_is_a_symlink)
{
    struct temporary cursors = temporary_new();
    struct cursor_file file;
    struct cursor cursor = {.sent = 1};
    char storage[16];
    cursor_name(&file, cursors.folder, URL);
    temporary_write(cursors.folder, "target", 0, SLICE("precious"));
    CHECK(symlinkat("target", cursors.folder, file.name) == 0);
    CHECK(!cursor_store(&file, &cursor));
    cursor_load(&file, &cursor);
    CHECK(is_zero(&cursor));
    CHECK_EQ_TEXT(temporary_read(cursors.folder, "target", storage, sizeof storage), "precious");
    temporary_free(&cursors);
}

static const struct check_test tests[] = {CASE(name_is_the_hash_of_the_url),
                                          CASE(store_and_load),
                                          CASE(size_does_not_grow),
                                          CASE(S17_torn_slot_leaves_the_older_one),
                                          CASE(S17_cut_empty_or_garbage),
                                          CASE(S17_cursor_of_another_destination),
                                          CASE(slot_without_the_later_numbers),
                                          CASE(store_with_an_old_sequence_counts),
                                          CASE(S02_store_that_fails_leaves_the_old_one),
                                          CASE(list_names_the_destinations),
                                          CASE(reason_is_one_harmless_line),
                                          CASE(S19_cursor_is_a_symlink)};
CHECK_MAIN(tests)
