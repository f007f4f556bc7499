/* HTTP responses: however the bytes are cut into pieces, the answer is the same, and stays within its bounds. The first byte of the input
 * chooses the size of the pieces, the rest is what the peer sends before it closes the connection. */
#include "net/http_response.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
    enum http_response_result fed, ended;
    size_t consumed;
};

static struct seen read_in_pieces(struct http_response *response, struct slice input, size_t size)
{
    struct seen seen = {.fed = HTTP_RESPONSE_PARTIAL};
    http_response_reset(response);
    for (size_t from = 0; from < input.length && seen.fed == HTTP_RESPONSE_PARTIAL; from += size) {
        size_t consumed = 0;
        const struct slice piece = slice_part(input, from, size);
        seen.fed = http_response_feed(response, piece, &consumed);
        if (consumed > piece.length || (seen.fed == HTTP_RESPONSE_PARTIAL && consumed != piece.length))
            abort();
        seen.consumed += consumed;
    }
    seen.ended = http_response_end(response);
    return seen;
}

static void check_bounds(const struct http_response *response, struct seen seen)
{
    if (seen.ended == HTTP_RESPONSE_PARTIAL || (seen.fed != HTTP_RESPONSE_PARTIAL && seen.fed != seen.ended))
        abort();
    if ((seen.ended == HTTP_RESPONSE_BAD) != (response->fault != HTTP_FAULT_NONE))
        abort();
    if (seen.ended == HTTP_RESPONSE_DONE && !response->head_complete)
        abort();
    if (response->head_complete && (response->status < 200 || response->status > 599))
        abort();
    if (response->keep_alive && seen.fed != HTTP_RESPONSE_DONE)
        abort();
    if (response->body.length > HTTP_BODY_KEPT_MAX || strlen(response->content_type) > HTTP_CONTENT_TYPE_MAX ||
        strlen(response->retry_after) > HTTP_RETRY_AFTER_MAX)
        abort();
    /* what goes into messages and comparisons has no control characters */
    for (const char *c = response->content_type; *c; c++)
        if ((unsigned char)*c < 0x20 && *c != '\t')
            abort();
}

static void check_equal(const struct http_response *a, struct seen seen_a, const struct http_response *b, struct seen seen_b)
{
    if (seen_a.fed != seen_b.fed || seen_a.ended != seen_b.ended || seen_a.consumed != seen_b.consumed || a->fault != b->fault ||
        a->status != b->status || a->head_complete != b->head_complete || a->started != b->started || a->keep_alive != b->keep_alive ||
        a->body_cut != b->body_cut || a->encoded != b->encoded || strcmp(a->content_type, b->content_type) != 0 ||
        strcmp(a->retry_after, b->retry_after) != 0 || !slice_equal(buffer_slice(&a->body), buffer_slice(&b->body)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct http_response whole, pieces;
    static bool ready;
    if (!ready) {
        http_response_init(&whole);
        http_response_init(&pieces);
        ready = true;
    }
    if (size < 1)
        return 0;
    const struct slice input = {(const char *)data + 1, size - 1};
    const struct seen seen = read_in_pieces(&whole, input, input.length + 1);
    check_bounds(&whole, seen);
    check_equal(&whole, seen, &pieces, read_in_pieces(&pieces, input, 1));
    check_equal(&whole, seen, &pieces, read_in_pieces(&pieces, input, (size_t)data[0] + 2));
    return 0;
}
