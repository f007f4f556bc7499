#include "check.h"

#include "base/buffer.h"
#include "base/error.h"

#include <errno.h>

TEST(grows_up_to_its_ceiling)
{
    struct buffer buffer;
    buffer_init(&buffer, 1000);
    for (int i = 0; i < 100; i++)
        buffer_append(&buffer, "0123456789", 10);
    CHECK(!buffer.failed);
    CHECK_EQ_INT(buffer.length, 1000);
    CHECK(buffer_text(&buffer) && strlen(buffer_text(&buffer)) == 1000);
    buffer_append_byte(&buffer, 'x');
    CHECK(buffer.failed);
    CHECK_EQ_INT(buffer.length, 1000);
    buffer_free(&buffer);
    CHECK(buffer.data == NULL && buffer.ceiling == 1000 && !buffer.failed);
}

TEST(failure_is_sticky_until_cleared)
{
    struct buffer buffer;
    buffer_init(&buffer, 4);
    buffer_append_text(&buffer, "abc");
    buffer_append_text(&buffer, "de");
    CHECK(buffer.failed);
    buffer_append_text(&buffer, "f");
    CHECK_EQ_TEXT(buffer_slice(&buffer), "abc");
    CHECK(buffer_text(&buffer) == NULL);
    CHECK(!buffer_reserve(&buffer, 0));
    buffer_clear(&buffer);
    buffer_append_text(&buffer, "f");
    CHECK_EQ_TEXT(buffer_slice(&buffer), "f");
    buffer_free(&buffer);
}

TEST(absurd_lengths_fail)
{
    struct buffer buffer;
    buffer_init(&buffer, SIZE_MAX);
    buffer_append_text(&buffer, "abc");
    CHECK(!buffer_reserve(&buffer, SIZE_MAX - 2));
    CHECK(buffer.failed);
    buffer_clear(&buffer);
    buffer_append_hex(&buffer, (const uint8_t *)"", SIZE_MAX);
    CHECK(buffer.failed);
    buffer_free(&buffer);
}

TEST(fixed_storage_is_never_left)
{
    char storage[8];
    struct buffer buffer;
    buffer_init_fixed(&buffer, storage, sizeof storage);
    buffer_append_text(&buffer, "1234567");
    CHECK(buffer_text(&buffer) == storage);
    buffer_append_byte(&buffer, '8');
    CHECK(!buffer.failed);
    CHECK(buffer_text(&buffer) == NULL);
    CHECK(!buffer.failed);
    buffer_append_byte(&buffer, '9');
    CHECK(buffer.failed);
    CHECK_EQ_TEXT(buffer_slice(&buffer), "12345678");
    buffer_free(&buffer);
    CHECK_EQ_INT(buffer.length, 0);
    CHECK(buffer.data == storage);
}

TEST(an_empty_buffer_has_a_text)
{
    struct buffer buffer;
    buffer_init(&buffer, 0);
    CHECK(buffer_text(&buffer) && strcmp(buffer_text(&buffer), "") == 0);
    buffer_append(&buffer, NULL, 0);
    buffer_append_text(&buffer, NULL);
    CHECK(!buffer.failed);
    buffer_free(&buffer);
}

static struct buffer number;
static struct slice of_i64(int64_t value)
{
    buffer_clear(&number);
    buffer_append_i64(&number, value);
    return buffer_slice(&number);
}

TEST(numbers)
{
    char storage[64];
    buffer_init_fixed(&number, storage, sizeof storage);
    CHECK_EQ_TEXT(of_i64(0), "0");
    CHECK_EQ_TEXT(of_i64(-1), "-1");
    CHECK_EQ_TEXT(of_i64(INT64_MAX), "9223372036854775807");
    CHECK_EQ_TEXT(of_i64(INT64_MIN), "-9223372036854775808");
    buffer_clear(&number);
    buffer_append_u64(&number, UINT64_MAX);
    CHECK_EQ_TEXT(buffer_slice(&number), "18446744073709551615");
    buffer_clear(&number);
    buffer_append_hex(&number, (const uint8_t *)"\x00\x9f\xff", 3);
    CHECK_EQ_TEXT(buffer_slice(&number), "009fff");
}

TEST(a_number_that_does_not_fit_leaves_nothing)
{
    char storage[3];
    struct buffer buffer;
    buffer_init_fixed(&buffer, storage, sizeof storage);
    buffer_append_i64(&buffer, -123);
    CHECK(buffer.failed && buffer.length == 0);
    buffer_clear(&buffer);
    buffer_append_hex(&buffer, (const uint8_t *)"ab", 2);
    CHECK(buffer.failed && buffer.length == 0);
}

TEST(formats_of_up_to_4_kib)
{
    struct buffer buffer;
    buffer_init(&buffer, 10000);
    buffer_append_format(&buffer, "%s-%03d", "x", 7);
    CHECK_EQ_TEXT(buffer_slice(&buffer), "x-007");
    buffer_append_format(&buffer, "%*d", 4096, 1);
    CHECK(!buffer.failed);
    CHECK_EQ_INT(buffer.length, 5 + 4096);
    buffer_append_format(&buffer, "%*d", 4097, 1);
    CHECK(buffer.failed);
    CHECK_EQ_INT(buffer.length, 5 + 4096);
    buffer_free(&buffer);
}

TEST(consume)
{
    struct buffer buffer;
    buffer_init(&buffer, 100);
    buffer_append_text(&buffer, "abcdef");
    buffer_consume(&buffer, 0);
    buffer_consume(&buffer, 2);
    CHECK_EQ_TEXT(buffer_slice(&buffer), "cdef");
    buffer_consume(&buffer, 4);
    CHECK_EQ_INT(buffer.length, 0);
    buffer_free(&buffer);
}

TEST(errors_are_one_bounded_line)
{
    struct error error;
    CHECK(!error_set(&error, "line\none %d\x1b\t", 7));
    CHECK_EQ_TEXT(slice_of(error.text), "line one 7  ");
    CHECK(!error_set(NULL, "%s", "x"));
    CHECK(!error_set_errno(NULL, "%s", "x"));
    errno = ENOENT;
    CHECK(!error_set_errno(&error, "cannot open %s", "x"));
    CHECK_EQ_INT(errno, ENOENT);
    CHECK(slice_starts_with(slice_of(error.text), SLICE("cannot open x: ")));
    CHECK(strlen(error.text) > strlen("cannot open x: "));
    error_set(&error, "%*d", 600, 1);
    CHECK_EQ_INT(strlen(error.text), sizeof error.text - 1);
}

TEST(errors_are_not_cut_inside_a_character)
{
    struct error error;
    char text[600];
    memset(text, 'a', sizeof text);
    memcpy(text + 509, "\xe2\x82\xac", 3); /* bytes 509 and 510 would fit, 511 would not */
    text[599] = '\0';
    error_set(&error, "%s", text);
    CHECK_EQ_INT(strlen(error.text), 509);
    memcpy(text + 508, "\xe2\x82\xac", 3); /* fits exactly */
    error_set(&error, "%s", text);
    CHECK_EQ_INT(strlen(error.text), 511);
}

static const struct check_test tests[] = {
    CASE(grows_up_to_its_ceiling),
    CASE(failure_is_sticky_until_cleared),
    CASE(absurd_lengths_fail),
    CASE(fixed_storage_is_never_left),
    CASE(an_empty_buffer_has_a_text),
    CASE(numbers),
    CASE(a_number_that_does_not_fit_leaves_nothing),
    CASE(formats_of_up_to_4_kib),
    CASE(consume),
    CASE(errors_are_one_bounded_line),
    CASE(errors_are_not_cut_inside_a_character),
};
CHECK_MAIN(tests)
