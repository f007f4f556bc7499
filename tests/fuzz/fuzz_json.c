/* The JSON reader, from the bytes to the last value: however the input is cut into pieces the scanner says the same and makes the same
 * copy; a copy of an accepted text is valid, bounded and well-formed; and the reader takes whatever the validator takes, without
 * an accessor that fails. The first byte of the input chooses the pieces, the rest is the text. */
#include "fuzz/fuzz.h"

#include "base/json.h"
#include "base/json_scan.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

enum { TOKEN_CEILING = 1 << 20, STRING_CEILING = 1 << 20 };

static void require(bool condition)
{
    if (!condition)
        abort();
}

/* Pieces of size 1 to 64, which differ from each other when `choice` is above 63. */
static size_t piece_size(uint8_t choice, size_t index)
{
    return choice < 64 ? (size_t)choice + 1 : (size_t)((choice * 31U + index * 17U) % 64U) + 1;
}

static enum json_scan_result scan_pieces(struct json_scan *scan, struct buffer *copy, struct slice text, uint8_t choice)
{
    enum json_scan_result last = JSON_SCAN_MORE;
    json_scan_init(scan, copy);
    for (size_t from = 0, index = 0; from < text.length; index++) {
        const struct slice piece = slice_part(text, from, piece_size(choice, index));
        char *alone = malloc(piece.length); /* so that a read past the piece traps */
        require(alone != NULL);
        memcpy(alone, piece.data, piece.length);
        const enum json_scan_result now = json_scan_feed(scan, (struct slice){alone, piece.length});
        free(alone);
        require(last == JSON_SCAN_MORE || last == now || (last == JSON_SCAN_DONE && now == JSON_SCAN_BAD));
        last = now;
        from += piece.length;
    }
    const enum json_scan_result ended = json_scan_end(scan);
    require(ended != JSON_SCAN_MORE && (last == JSON_SCAN_MORE || last == ended));
    require(json_scan_feed(scan, SLICE("]")) != JSON_SCAN_DONE);
    return ended;
}

static void check_same(const struct json_scan *a, const struct json_scan *b)
{
    require(a->bytes == b->bytes && a->replaced == b->replaced && a->truncated == b->truncated && a->member_count == b->member_count);
    for (unsigned i = 0; i < a->member_count; i++) {
        require(slice_equal(slice_of(a->members[i].name), slice_of(b->members[i].name)));
        require(a->members[i].size == b->members[i].size);
    }
}

static void check_string(const struct json *document, int value)
{
    struct buffer decoded;
    buffer_init(&decoded, STRING_CEILING);
    require(json_append_string(document, value, &decoded));
    require(json_string_equals_slice(document, value, buffer_slice(&decoded)));
    for (size_t i = 0; i < decoded.length;) {
        const size_t length = utf8_decode(slice_part(buffer_slice(&decoded), i, decoded.length), NULL);
        require(length > 0);
        i += length;
    }
    buffer_append_byte(&decoded, 'x');
    require(!json_string_equals_slice(document, value, buffer_slice(&decoded)));
    buffer_free(&decoded);
}

/* Every accessor on every index, also those that are none; and what they say belongs together. */
static void check_value(const struct json *document, int value)
{
    const enum json_type type = json_type(document, value);
    const struct slice raw = json_raw(document, value);
    int64_t integer;
    uint64_t magnitude;
    double real;
    require(raw.length == 0 || (raw.data >= document->text.data && raw.data + raw.length <= document->text.data + document->text.length));
    require((type == JSON_MISSING) == (raw.length == 0));
    if (json_integer(document, value, &integer) && integer >= 0)
        require(json_unsigned(document, value, &magnitude) && magnitude == (uint64_t)integer);
    json_double(document, value, &real);
    json_find(document, value, "a.b");
    if (type == JSON_STRING)
        check_string(document, value);
    else
        require(!json_string_equals(document, value, ""));
    size_t seen = 0;
    for (int item = json_first(document, value); item != JSON_NONE; item = json_next(document, item)) {
        require(item > value && item < document->count);
        if (type == JSON_OBJECT) {
            require(json_type(document, item) == JSON_STRING);
            require(json_type(document, json_member_value(document, item)) != JSON_MISSING);
        }
        seen++;
    }
    require(seen == json_size(document, value));
    require(type == JSON_OBJECT || type == JSON_ARRAY || seen == 0);
}

static void check_document(struct slice text)
{
    struct json document;
    require(json_parse_allocating(&document, text, TOKEN_CEILING));
    for (int value = -2; value < document.count + 2; value++)
        check_value(&document, value);
    jsmntok_t too_few[4];
    struct json refused;
    require(json_parse(&refused, text, too_few, 4) == (document.count <= 4));
    json_release(&document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct json_scan whole, pieces, again;
    if (size == 0)
        return 0;
    const struct slice text = {(const char *)data + 1, size - 1};
    struct buffer copy_of_whole, copy_of_pieces;
    buffer_init(&copy_of_whole, JSON_SCAN_COPY_MAX);
    buffer_init(&copy_of_pieces, JSON_SCAN_COPY_MAX);

    json_scan_init(&whole, &copy_of_whole);
    json_scan_feed(&whole, text);
    const enum json_scan_result result = json_scan_end(&whole);
    require(scan_pieces(&pieces, &copy_of_pieces, text, data[0]) == result);
    if (result != JSON_SCAN_TOO_MANY) {
        require(json_valid(text) == (result == JSON_SCAN_DONE));
        check_same(&whole, &pieces);
    }
    if (result == JSON_SCAN_DONE) {
        const struct slice copy = buffer_slice(&copy_of_whole);
        require(slice_equal(copy, buffer_slice(&copy_of_pieces)));
        require(copy.length <= JSON_SCAN_COPY_MAX);
        require(scan_pieces(&pieces, NULL, text, data[0]) == JSON_SCAN_DONE && pieces.replaced == whole.replaced);
        json_scan_init(&again, NULL);
        json_scan_feed(&again, copy);
        require(json_scan_end(&again) == JSON_SCAN_DONE && again.replaced == 0);
        check_document(copy);
        check_document(text);
    }
    buffer_free(&copy_of_whole);
    buffer_free(&copy_of_pieces);
    return 0;
}
