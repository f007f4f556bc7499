#include "store/frame.h"

#include "base/crc32c.h"
#include "unit/check.h"

#include <stdlib.h>
#include <time.h>

static struct buffer framed(const char *first, const char *second)
{
    struct buffer data;
    buffer_init(&data, 1024 * 1024);
    CHECK(!first || frame_append(&data, slice_of(first)));
    CHECK(!second || frame_append(&data, slice_of(second)));
    return data;
}

struct seen {
    unsigned records, bad, unknown;
    size_t end; /* where reading stopped */
    char last[64]; /* the last record */
};

/* Reads a copy that ends where its memory ends, so that a read beyond it is seen by the sanitizer. */
static struct seen read_frames(struct slice data)
{
    struct seen seen = {0};
    char *copy = malloc(data.length ? data.length : 1);
    struct slice payload;
    size_t next = 0;

    if (data.length)
        memcpy(copy, data.data, data.length);
    for (;;) {
        const size_t from = next;
        const enum frame_result result = frame_next((struct slice){copy, data.length}, from, &payload, &next);
        if (result == FRAME_PARTIAL) {
            CHECK(next >= from && next <= data.length && data.length - next < FRAME_SIZE_MAX);
            break;
        }
        CHECK(next > from && next <= data.length);
        seen.records += result == FRAME_RECORD;
        seen.bad += result == FRAME_BAD;
        seen.unknown += result == FRAME_UNKNOWN;
        if (result == FRAME_RECORD)
            snprintf(seen.last, sizeof seen.last, "%.*s", (int)(payload.length < 60 ? payload.length : 60), payload.data);
    }
    seen.end = next;
    free(copy);
    return seen;
}

TEST(append_has_the_documented_form)
{
    struct buffer data = framed("123456789", NULL);
    CHECK_EQ_TEXT(buffer_slice(&data), "\nS1 00000009 e3069283 123456789\n");
    buffer_free(&data);
}

TEST(append_refuses)
{
    char *large = malloc(FRAME_PAYLOAD_MAX + 1);
    struct buffer data;
    memset(large, 'x', FRAME_PAYLOAD_MAX + 1);
    buffer_init(&data, FRAME_SIZE_MAX);
    CHECK(!frame_append(&data, SLICE("")));
    CHECK(!frame_append(&data, SLICE("a\nb")));
    CHECK(!frame_append(&data, SLICE("\n")));
    CHECK(!frame_append(&data, (struct slice){large, FRAME_PAYLOAD_MAX + 1}));
    CHECK(data.length == 0 && !data.failed);
    CHECK(frame_append(&data, (struct slice){large, FRAME_PAYLOAD_MAX}));
    CHECK_EQ_INT(data.length, FRAME_SIZE_MAX);
    CHECK_EQ_INT(read_frames(buffer_slice(&data)).records, 1);
    CHECK(!frame_append(&data, SLICE("no room")));
    CHECK_EQ_INT(data.length, FRAME_SIZE_MAX);
    buffer_free(&data);
    free(large);
}

TEST(records_one_after_another)
{
    struct buffer data = framed("{\"a\":1}", "{\"b\":2}");
    const struct seen seen = read_frames(buffer_slice(&data));
    CHECK_EQ_INT(seen.records, 2);
    CHECK_EQ_INT(seen.bad, 0);
    CHECK_EQ_INT(seen.end, data.length);
    CHECK_EQ_TEXT(slice_of(seen.last), "{\"b\":2}");
    buffer_free(&data);
    CHECK_EQ_INT(read_frames(SLICE("")).end, 0);
}

TEST(S06_every_prefix_is_partial)
{
    struct buffer data = framed("{\"a\":1}", "{\"b\":2}");
    const size_t first = FRAME_HEADER_SIZE + 7 + 1;
    for (size_t length = 0; length < data.length; length++) {
        const struct seen seen = read_frames(slice_part(buffer_slice(&data), 0, length));
        CHECK_EQ_INT(seen.records, length >= first);
        CHECK_EQ_INT(seen.bad, 0);
        CHECK_EQ_INT(seen.end, length >= first ? first : 0);
    }
    buffer_free(&data);
}

TEST(S01_torn_at_every_length)
{
    struct buffer whole = framed("{\"torn\":true}", NULL);
    for (size_t cut = 0; cut <= whole.length; cut++) {
        struct buffer data = framed("{\"before\":1}", NULL);
        buffer_append(&data, whole.data, cut);
        CHECK(frame_append(&data, SLICE("{\"after\":1}")) && frame_append(&data, SLICE("{\"last\":1}")));
        const struct seen seen = read_frames(buffer_slice(&data));
        /* without its last byte it is whole all the same: the next frame's newline ends it */
        const bool survives = cut + 1 >= whole.length;
        CHECK_EQ_INT(seen.records, survives ? 4 : 3);
        CHECK_EQ_INT(seen.bad, cut > 0 && !survives);
        CHECK_EQ_TEXT(slice_of(seen.last), "{\"last\":1}");
        CHECK_EQ_INT(seen.end, data.length);
        buffer_free(&data);
    }
    buffer_free(&whole);
}

TEST(S13_every_bit_flipped)
{
    struct buffer data = framed("{\"first\":1}", "{\"second\":2}");
    const size_t first = FRAME_HEADER_SIZE + 11 + 1;
    for (size_t bit = 0; bit < first * 8; bit++) {
        data.data[bit / 8] = (char)(data.data[bit / 8] ^ 1 << bit % 8);
        const struct seen seen = read_frames(buffer_slice(&data));
        const bool version = bit / 8 == 2;
        const char flipped = data.data[bit / 8];
        const bool hex_case = bit % 8 == 5 && bit / 8 >= 4 && bit / 8 < FRAME_HEADER_SIZE && flipped >= 'A' && flipped <= 'F';
        if (!hex_case) { /* a digit in upper case means the same */
            CHECK_EQ_INT(seen.records, 1);
            CHECK(seen.bad >= 1 || (version && seen.unknown == 1));
        }
        CHECK_EQ_TEXT(slice_of(seen.last), "{\"second\":2}");
        CHECK_EQ_INT(seen.end, data.length);
        data.data[bit / 8] = (char)(data.data[bit / 8] ^ 1 << bit % 8);
    }
    buffer_free(&data);
}

TEST(S14_lengths_that_cannot_be)
{
    static const char *const bad[] = {"\nS1 00000000 00000000 \n", "\nS1 ffffffff 00000000 {}\n", "\nS1 00040001 00000000 {}\n",
                                      "\nS1 7fffffff 12345678 ",   "\nS1 0000zzzz 00000000 {}\n", "\nS1 -0000001 00000000 {}\n",
                                      "\nS1 00000003 00000000 {}\n", "\nS1 00000001 00000000 {}\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct buffer data = framed("{\"first\":1}", NULL);
        buffer_append_text(&data, bad[i]);
        CHECK(frame_append(&data, SLICE("{\"second\":2}")));
        const struct seen seen = read_frames(buffer_slice(&data));
        CHECK_EQ_INT(seen.records, 2);
        CHECK(seen.bad >= 1);
        CHECK_EQ_TEXT(slice_of(seen.last), "{\"second\":2}");
        buffer_free(&data);
    }
}

TEST(S14_length_above_the_bound)
{
    static char large[FRAME_PAYLOAD_MAX + 1];
    char header[FRAME_HEADER_SIZE + 1];
    struct buffer data;
    memset(large, 'x', sizeof large);
    snprintf(header, sizeof header, "\nS1 %08x %08x ", (unsigned)sizeof large, (unsigned)crc32c(large, sizeof large));
    buffer_init(&data, 2 * FRAME_SIZE_MAX);
    buffer_append_text(&data, header);
    CHECK_EQ_INT(read_frames(buffer_slice(&data)).bad, 1); /* not waited for */
    buffer_append(&data, large, sizeof large);
    buffer_append_byte(&data, '\n');
    const struct seen seen = read_frames(buffer_slice(&data));
    CHECK(seen.records == 0 && seen.bad >= 1);
    buffer_free(&data);
}

TEST(S14_length_beyond_the_file_waits)
{
    struct buffer data = framed("{\"first\":1}", NULL);
    const size_t first = data.length;
    buffer_append_text(&data, "\nS1 00040000 00000000 {");
    const struct seen seen = read_frames(buffer_slice(&data));
    CHECK_EQ_INT(seen.records, 1);
    CHECK_EQ_INT(seen.bad, 0);
    CHECK_EQ_INT(seen.end, first);
    buffer_free(&data);
}

TEST(S15_text_like_a_frame_stays_text)
{
    struct buffer data = framed("S1 00000002 8b1a9953 {}", "S1 00000003 00000000 ");
    const struct seen seen = read_frames(buffer_slice(&data));
    CHECK_EQ_INT(seen.records, 2);
    CHECK_EQ_INT(seen.bad, 0);
    CHECK_EQ_TEXT(slice_of(seen.last), "S1 00000003 00000000 ");
    buffer_free(&data);
    buffer_init(&data, 1024);
    CHECK(!frame_append(&data, SLICE("{\"a\":\"\nS1 00000002 8b1a9953 {}\n\"}")));
    buffer_free(&data);
}

TEST(S16_zeros_and_garbage_at_the_tail)
{
    char tail[4096];
    uint32_t random = 16;
    for (int kind = 0; kind < 5; kind++) {
        for (size_t i = 0; i < sizeof tail; i++) {
            random = random * 1664525 + 1013904223;
            const char kinds[] = {'\0', (char)(random >> 24), '\n', "\nS1 "[i % 4], "\nS"[i % 2]};
            tail[i] = kinds[kind];
        }
        struct buffer data = framed("{\"before\":1}", NULL);
        buffer_append(&data, tail, sizeof tail);
        CHECK(frame_append(&data, SLICE("{\"after\":2}")));
        const struct seen seen = read_frames(buffer_slice(&data));
        CHECK_EQ_INT(seen.records, 2);
        CHECK(seen.bad >= 1);
        CHECK_EQ_TEXT(slice_of(seen.last), "{\"after\":2}");
        buffer_free(&data);
    }
}

TEST(S24_later_versions_are_told_apart)
{
    static const char *const others[] = {"\nS2 00000009 e3069283 123456789\n", "\nS9 something else altogether\n", "\nS3 two\nlines\n"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct buffer data = framed("{\"first\":1}", NULL);
        buffer_append_text(&data, others[i]);
        CHECK(frame_append(&data, SLICE("{\"second\":2}")));
        const struct seen seen = read_frames(buffer_slice(&data));
        CHECK_EQ_INT(seen.records, 2);
        CHECK_EQ_INT(seen.unknown, 1);
        CHECK_EQ_INT(seen.bad, 0);
        buffer_free(&data);
    }
    /* one whose end is not there yet */
    CHECK_EQ_INT(read_frames(SLICE("\nS2 00000009 e3069283 1234")).end, 0);
    CHECK_EQ_INT(read_frames(SLICE("\nS2 something")).unknown, 0);
}

TEST(time_grows_with_the_length_only)
{
    /* each header claims what reaches over all that follow */
    const size_t count = 40000;
    struct buffer data;
    buffer_init(&data, 2 * 1024 * 1024);
    for (size_t i = 0; i < count; i++)
        buffer_append_text(&data, "\nS1 00040000 00000000 ");
    const clock_t start = clock();
    const struct seen seen = read_frames(buffer_slice(&data));
    CHECK(clock() - start < CLOCKS_PER_SEC);
    CHECK_EQ_INT(seen.records, 0);
    buffer_free(&data);
}

static const struct check_test tests[] = {CASE(append_has_the_documented_form),
                                          CASE(append_refuses),
                                          CASE(records_one_after_another),
                                          CASE(S06_every_prefix_is_partial),
                                          CASE(S01_torn_at_every_length),
                                          CASE(S13_every_bit_flipped),
                                          CASE(S14_lengths_that_cannot_be),
                                          CASE(S14_length_above_the_bound),
                                          CASE(S14_length_beyond_the_file_waits),
                                          CASE(S15_text_like_a_frame_stays_text),
                                          CASE(S16_zeros_and_garbage_at_the_tail),
                                          CASE(S24_later_versions_are_told_apart),
                                          CASE(time_grows_with_the_length_only)};
CHECK_MAIN(tests)
