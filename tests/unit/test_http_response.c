#include "check.h"

#include "net/http_response.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static struct http_response response;

/* Feeds `text` in pieces, the first of `first` bytes and the others of `size`. *taken: bytes that belong to the response. */
static enum http_response_result feed(struct slice text, size_t first, size_t size, bool end, size_t *taken)
{
    enum http_response_result result = HTTP_RESPONSE_PARTIAL;
    size_t consumed = 0;
    *taken = 0;
    http_response_reset(&response);
    for (size_t from = 0, length = first; from < text.length && result == HTTP_RESPONSE_PARTIAL; from += length, length = size) {
        /* each piece in storage of its own size, so that the sanitizer sees a read beyond it */
        const struct slice part = slice_part(text, from, length);
        char *copy = malloc(part.length ? part.length : 1);
        CHECK(copy != NULL);
        if (!copy)
            return HTTP_RESPONSE_BAD;
        if (part.length > 0)
            memcpy(copy, part.data, part.length);
        result = http_response_feed(&response, (struct slice){copy, part.length}, &consumed);
        free(copy);
        *taken += consumed;
    }
    return end && result == HTTP_RESPONSE_PARTIAL ? http_response_end(&response) : result;
}

/* Whole, byte by byte, and cut in two at each place: always the same. */
static enum http_response_result parse(const char *text, bool end)
{
    const struct slice whole = slice_of(text);
    size_t taken_whole, taken;
    const enum http_response_result wanted = feed(whole, whole.length, 1, end, &taken_whole);
    CHECK_EQ_INT(feed(whole, 1, 1, end, &taken), wanted);
    CHECK_EQ_INT(taken, taken_whole);
    for (size_t i = 1; i < whole.length; i++) {
        CHECK_EQ_INT(feed(whole, i, whole.length, end, &taken), wanted);
        CHECK_EQ_INT(taken, taken_whole);
    }
    return wanted;
}

static enum http_response_fault fault_of(const char *text)
{
    CHECK_EQ_INT(parse(text, false), HTTP_RESPONSE_BAD);
    return response.fault;
}

#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

TEST(reads_a_body_by_its_length)
{
    CHECK_EQ_INT(parse(OK "Content-Type: Application/JSON; charset=utf-8\r\nContent-Length: 2\r\n\r\n{}", false), HTTP_RESPONSE_DONE);
    CHECK_EQ_INT(response.status, 200);
    CHECK(response.head_complete && response.keep_alive && !response.body_cut && !response.encoded);
    CHECK_EQ_TEXT(slice_of(response.content_type), "application/json");
    CHECK_EQ_TEXT(buffer_slice(&response.body), "{}");
}

TEST(reads_chunks_with_extensions_and_trailers)
{
    CHECK_EQ_INT(parse(CHUNKED "3\r\nabc\r\n00A;name=\"v\"\r\n0123456789\r\n0\r\nExpires: now\r\n\r\n", false), HTTP_RESPONSE_DONE);
    CHECK(response.keep_alive);
    CHECK_EQ_TEXT(buffer_slice(&response.body), "abc0123456789");
}

TEST(reads_to_the_end_of_the_connection)
{
    CHECK_EQ_INT(parse("HTTP/1.0 200 OK\r\n\r\nall of it", false), HTTP_RESPONSE_PARTIAL);
    CHECK_EQ_INT(parse("HTTP/1.0 200 OK\r\n\r\nall of it", true), HTTP_RESPONSE_DONE);
    CHECK(!response.keep_alive);
    CHECK_EQ_TEXT(buffer_slice(&response.body), "all of it");
    CHECK_EQ_INT(parse(OK "\r\n", true), HTTP_RESPONSE_DONE);
    CHECK(!response.keep_alive);
}

TEST(takes_only_what_is_its_own)
{
    const struct slice text = SLICE(OK "Content-Length: 2\r\n\r\n{}HTTP/1.1 500");
    size_t taken;
    CHECK_EQ_INT(feed(text, text.length, 1, false, &taken), HTTP_RESPONSE_DONE);
    CHECK_EQ_INT(taken, text.length - 12);
    CHECK_EQ_INT(http_response_feed(&response, SLICE("more"), &taken), HTTP_RESPONSE_DONE);
    CHECK_EQ_INT(taken, 0);
}

TEST(knows_statuses_without_a_body)
{
    CHECK_EQ_INT(parse("HTTP/1.1 204 No Content\r\n\r\n", false), HTTP_RESPONSE_DONE);
    CHECK(response.keep_alive);
    CHECK_EQ_INT(parse("HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", false), HTTP_RESPONSE_DONE);
    CHECK_EQ_INT(parse("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", false), HTTP_RESPONSE_DONE);
    CHECK_EQ_INT(fault_of("HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n"), HTTP_FAULT_MALFORMED);
}

TEST(passes_over_interim_responses)
{
    CHECK_EQ_INT(parse("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nContent-Length: 5\r\nContent-Type: a/b\r\nRetry-After: 9\r\n\r\n"
                       "HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n", false), HTTP_RESPONSE_DONE);
    CHECK_EQ_INT(response.status, 429);
    CHECK_EQ_TEXT(slice_of(response.content_type), "");
    CHECK_EQ_TEXT(slice_of(response.retry_after), "");
    CHECK_EQ_INT(fault_of("HTTP/1.1 101 Switching Protocols\r\n\r\n"), HTTP_FAULT_MALFORMED);
    CHECK_EQ_INT(parse("HTTP/1.1 100 Continue\r\n\r\n", true), HTTP_RESPONSE_BAD);
    CHECK_EQ_INT(response.fault, HTTP_FAULT_TORN);
    CHECK(!response.head_complete);
}

TEST(reads_the_headers_that_matter)
{
    CHECK_EQ_INT(parse("HTTP/1.1 503 x\r\nretry-after:\t 120 \r\nContent-Encoding: gzip\r\nConnection: foo , Close\r\n"
                       "content-length:0\r\n\r\n", false), HTTP_RESPONSE_DONE);
    CHECK_EQ_TEXT(slice_of(response.retry_after), "120");
    CHECK(response.encoded && !response.keep_alive);
    CHECK_EQ_INT(parse("HTTP/1.0 200 x\r\nContent-Length: 0\r\n\r\n", false), HTTP_RESPONSE_DONE);
    CHECK(!response.keep_alive);
    CHECK_EQ_INT(parse(OK "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", false), HTTP_RESPONSE_DONE);
    CHECK_EQ_INT(parse(OK "X: \x80\xff\r\nContent-Length: 0\r\n\r\n", false), HTTP_RESPONSE_DONE);
}

TEST(refuses_what_two_readers_could_read_differently)
{
    static const char *const cases[] = {
        OK "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
        OK "Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n",
        OK "Content-Length: 2\r\nContent-Length: 3\r\n\r\n",
        OK "Content-Length: 2, 2\r\n\r\n",
        OK "Content-Length: +2\r\n\r\n",
        OK "Content-Length: -2\r\n\r\n",
        OK "Content-Length: 0x2\r\n\r\n",
        OK "Content-Length: 2 2\r\n\r\n",
        OK "Content-Length: 007\r\n\r\n",
        OK "Content-Length: \r\n\r\n",
        OK "Content-Length: 18446744073709551616\r\n\r\n",
        OK "Transfer-Encoding: gzip, chunked\r\n\r\n",
        OK "Transfer-Encoding: identity\r\n\r\n",
        OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
        OK "Transfer-Encoding : chunked\r\n\r\n",
        OK "Transfer-Encoding: xchunked\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\n\r\n",
        OK "A: b\nContent-Length: 0\r\n\r\n",
        OK "A: b\rContent-Length: 0\r\n\r\n",
        OK "A: b\r\r\n\r\n",
        OK "A: b\r\n continued\r\n\r\n",
        OK " A: b\r\n\r\n",
        OK "A : b\r\n\r\n",
        OK ": b\r\n\r\n",
        OK "no colon\r\n\r\n",
        OK "A\x01: b\r\n\r\n",
        OK "A: b\x7f\r\n\r\n",
        OK "Content-Type: text/html\r\nContent-Type: application/json\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_EQ_INT(fault_of(cases[i]), HTTP_FAULT_MALFORMED);
        if (response.fault != HTTP_FAULT_MALFORMED)
            printf("case %zu\n", i);
    }
}

TEST(refuses_a_nul)
{
    size_t taken;
    const struct slice text = SLICE(OK "A: b\0c\r\n\r\n");
    CHECK_EQ_INT(feed(text, text.length, 1, false, &taken), HTTP_RESPONSE_BAD);
}

TEST(refuses_other_protocols_and_statuses)
{
    static const char *const cases[] = {
        "HTTP/2 200\r\n", "HTTP/1.2 200 OK\r\n", "http/1.1 200 OK\r\n", "HTTP/1.1  200 OK\r\n", "HTTP/1.1 20 OK\r\n",
        "HTTP/1.1 2000 OK\r\n", "HTTP/1.1 +20 OK\r\n",
        "HTTP/1.1 099 x\r\n", "HTTP/1.1 600 x\r\n", "HTTP/1.1 200_OK\r\n", "\r\n", "SSH-2.0-OpenSSH\r\n", "POST / HTTP/1.1\r\n",
        "\x16\x03\x01", "220 smtp\r\n",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_EQ_INT(fault_of(cases[i]), HTTP_FAULT_MALFORMED);
}

TEST(refuses_bad_chunks)
{
    static const char *const cases[] = {
        CHUNKED "x\r\n", CHUNKED "\r\n", CHUNKED "-1\r\n", CHUNKED "+1\r\n", CHUNKED "0x1\r\n", CHUNKED " 1\r\n", CHUNKED "1 \r\n",
        CHUNKED "1\n", CHUNKED ";a\r\n",
        CHUNKED "00000000000000001\r\n", CHUNKED "3\r\nabcd\r\n", CHUNKED "3\r\nabc0\r\n\r\n", CHUNKED "0\r\nno colon\r\n\r\n",
        CHUNKED "0\r\nA: b\n\r\n",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_EQ_INT(fault_of(cases[i]), HTTP_FAULT_MALFORMED);
    CHECK_EQ_INT(fault_of(CHUNKED "ffffffffffffffff\r\n"), HTTP_FAULT_TOO_LARGE);
    CHECK(response.head_complete);
    CHECK_EQ_INT(response.status, 200);
}

TEST(tells_a_torn_response)
{
    static const char *const cases[] = {"", "HTTP/1.1 200", OK "A: b\r\n", OK "Content-Length: 3\r\n\r\n{}", CHUNKED "3\r\nabc\r\n",
                                        CHUNKED "0\r\n"};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_EQ_INT(parse(cases[i], true), HTTP_RESPONSE_BAD);
        CHECK_EQ_INT(response.fault, HTTP_FAULT_TORN);
        CHECK_EQ_INT(response.started, cases[i][0] != '\0');
    }
}

/* Feeds `piece` until the response is no longer partial; returns how many bytes it took. */
static uint64_t feed_for_ever(const char *head, struct slice piece)
{
    uint64_t total = 0;
    size_t consumed;
    http_response_reset(&response);
    enum http_response_result result = http_response_feed(&response, slice_of(head), &consumed);
    while (result == HTTP_RESPONSE_PARTIAL && total < UINT64_C(67108864)) {
        result = http_response_feed(&response, piece, &consumed);
        total += consumed;
    }
    CHECK_EQ_INT(result, HTTP_RESPONSE_BAD);
    CHECK_EQ_INT(response.fault, HTTP_FAULT_TOO_LARGE);
    CHECK(response.body.length <= HTTP_BODY_KEPT_MAX);
    return total;
}

TEST(bounds_everything_that_could_go_on_for_ever)
{
    CHECK(feed_for_ever(OK, SLICE("A: b\r\n")) <= HTTP_HEAD_MAX);
    CHECK(feed_for_ever(OK "A: ", SLICE("bbbbbbbb")) <= HTTP_HEAD_MAX);
    CHECK(feed_for_ever("", SLICE("HTTP/1.1 100 Continue\r\n\r\n")) <= HTTP_HEAD_MAX + 1);
    CHECK(feed_for_ever(OK "\r\n", SLICE("0123456789abcdef")) <= HTTP_BODY_READ_MAX + 16);
    CHECK(response.body_cut);
    CHECK(feed_for_ever(CHUNKED, SLICE("1\r\nx\r\n")) <= HTTP_BODY_READ_MAX + 16);
    CHECK(feed_for_ever(CHUNKED "1;", SLICE("xxxxxxxx")) <= HTTP_CHUNK_LINE_MAX + 8);
    CHECK(feed_for_ever(CHUNKED "0\r\n", SLICE("A: b\r\n")) <= HTTP_TRAILER_MAX + 8);
    CHECK_EQ_INT(feed_for_ever(OK "Content-Length: 1073741824\r\n\r\n", SLICE("x")), 0);
}

TEST(keeps_the_beginning_of_a_long_body)
{
    static char body[100000];
    size_t consumed;
    memset(body, 'x', sizeof body);
    http_response_reset(&response);
    CHECK_EQ_INT(http_response_feed(&response, SLICE(OK "Content-Length: 100000\r\n\r\n"), &consumed), HTTP_RESPONSE_PARTIAL);
    CHECK_EQ_INT(http_response_feed(&response, (struct slice){body, sizeof body}, &consumed), HTTP_RESPONSE_DONE);
    CHECK_EQ_INT(consumed, sizeof body);
    CHECK_EQ_INT(response.body.length, HTTP_BODY_KEPT_MAX);
    CHECK(response.body_cut && response.keep_alive);
}

TEST(drops_values_too_long_to_mean_anything)
{
    CHECK_EQ_INT(parse(OK "Content-Type: application/json0000000000000000000000000000000000000000000000000000000000000000\r\n"
                       "Retry-After: 00000000000000000000000000000000000000000000000000000000000000000000000001\r\n"
                       "Content-Length: 0\r\n\r\n", false),
                 HTTP_RESPONSE_DONE);
    CHECK_EQ_TEXT(slice_of(response.content_type), "?");
    CHECK_EQ_TEXT(slice_of(response.retry_after), "");
}

/* Input flush against a page that cannot be read: an over-read traps even without a sanitizer. */
TEST(never_reads_beyond_a_piece)
{
    static const char text[] = CHUNKED "3;e=f\r\nabc\r\n0\r\nA: b\r\n\r\n";
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), length = sizeof text - 1;
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED && mprotect(pages + page, page, PROT_NONE) == 0);
    if (pages == MAP_FAILED)
        return;
    for (size_t cut = 0; cut <= length; cut++) {
        size_t consumed;
        memcpy(pages + page - cut, text, cut);
        http_response_reset(&response);
        const enum http_response_result result = http_response_feed(&response, (struct slice){pages + page - cut, cut}, &consumed);
        CHECK_EQ_INT(result, cut == length ? HTTP_RESPONSE_DONE : HTTP_RESPONSE_PARTIAL);
    }
    munmap(pages, 2 * page);
}

TEST(release)
{
    http_response_free(&response);
}

TEST(start)
{
    http_response_init(&response);
}

static const struct check_test tests[] = {
    CASE(start),
    CASE(reads_a_body_by_its_length),
    CASE(reads_chunks_with_extensions_and_trailers),
    CASE(reads_to_the_end_of_the_connection),
    CASE(takes_only_what_is_its_own),
    CASE(knows_statuses_without_a_body),
    CASE(passes_over_interim_responses),
    CASE(reads_the_headers_that_matter),
    CASE(refuses_what_two_readers_could_read_differently),
    CASE(refuses_a_nul),
    CASE(refuses_other_protocols_and_statuses),
    CASE(refuses_bad_chunks),
    CASE(tells_a_torn_response),
    CASE(bounds_everything_that_could_go_on_for_ever),
    CASE(keeps_the_beginning_of_a_long_body),
    CASE(drops_values_too_long_to_mean_anything),
    CASE(never_reads_beyond_a_piece),
    CASE(release),
};
CHECK_MAIN(tests)
