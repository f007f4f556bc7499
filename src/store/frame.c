#include "store/frame.h"

#include "base/crc32c.h"

#include <string.h>

#define START_SIZE 4 /* "\nS1 " */
#define VERSION '1'

static void append_hex32(struct buffer *out, uint32_t value)
{
    const uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
    buffer_append_hex(out, bytes, sizeof bytes);
}

bool frame_append(struct buffer *out, struct slice payload)
{
    if (payload.length == 0 || payload.length > FRAME_PAYLOAD_MAX || memchr(payload.data, '\n', payload.length))
        return false;
    if (!buffer_reserve(out, FRAME_HEADER_SIZE + payload.length + 1))
        return false;
    buffer_append(out, FRAME_START, START_SIZE);
    append_hex32(out, (uint32_t)payload.length);
    buffer_append_byte(out, ' ');
    append_hex32(out, crc32c(payload.data, payload.length));
    buffer_append_byte(out, ' ');
    buffer_append_slice(out, payload);
    buffer_append_byte(out, '\n');
    return !out->failed;
}

/* ---- reading ------------------------------------------------------------------------------------------------------------------- */

/* Position of the first '\n' at or after `from`, or the length. */
static size_t find_newline(struct slice data, size_t from)
{
    const char *found = from < data.length ? memchr(data.data + from, '\n', data.length - from) : NULL;
    return found ? (size_t)(found - data.data) : data.length;
}

static bool is_version(char c)
{
    return c >= '1' && c <= '9';
}

/* Whether "S<version> " stands at `at`, as far as the data goes. */
static bool starts_at(struct slice data, size_t at)
{
    const size_t left = data.length - at;
    return (left < 1 || data.data[at] == 'S') && (left < 2 || is_version(data.data[at + 1])) && (left < 3 || data.data[at + 2] == ' ');
}

/* The next newline at or after `from` that can begin a frame, or the length. */
static size_t find_start(struct slice data, size_t from)
{
    size_t at = find_newline(data, from);
    while (at < data.length && !starts_at(data, at + 1))
        at = find_newline(data, at + 1);
    return at;
}

enum shape { SHAPE_WHOLE, SHAPE_OPEN, SHAPE_WRONG };

/* The frame whose 'S' stands at `at`: header, payload, newline. OPEN: it may go on behind the data. */
static enum shape look(struct slice data, size_t at, struct slice *payload, size_t *end)
{
    /* What the data still has of the header, with the places of the missing bytes known to be right. */
    char header[FRAME_HEADER_SIZE - 1];
    const size_t left = data.length - at;
    const size_t present = left < sizeof header ? left : sizeof header;
    uint64_t length, crc;

    memcpy(header, "S1 00000001 00000000 ", sizeof header);
    memcpy(header, data.data + at, present);
    if (header[11] != ' ' || header[20] != ' ' || !slice_hex_to_u64((struct slice){header + 3, 8}, &length) ||
        !slice_hex_to_u64((struct slice){header + 12, 8}, &crc))
        return SHAPE_WRONG;
    if (present < sizeof header)
        return SHAPE_OPEN;
    if (length == 0 || length > FRAME_PAYLOAD_MAX)
        return SHAPE_WRONG;
    /* No payload has a newline. Looked for before the CRC, so that forged lengths cannot make one byte be read many times. */
    const size_t first = at + sizeof header;
    const size_t newline = find_newline(data, first);
    if (newline - first > length || (newline < data.length && newline - first < length))
        return SHAPE_WRONG;
    if (newline == data.length)
        return SHAPE_OPEN;
    *payload = slice_part(data, first, (size_t)length);
    *end = newline + 1;
    return crc32c(payload->data, payload->length) == crc ? SHAPE_WHOLE : SHAPE_WRONG;
}

/* A frame that is passed over ends where the next can begin. */
static enum frame_result pass(struct slice data, size_t from, enum frame_result result, size_t *next)
{
    *next = find_start(data, from + 1);
    return result;
}

enum frame_result frame_next(struct slice data, size_t from, struct slice *payload, size_t *next)
{
    *payload = (struct slice){NULL, 0};
    *next = from < data.length ? from : data.length;
    if (from >= data.length)
        return FRAME_PARTIAL;

    /* The newline may have been taken for the end of a frame that was torn just before its own. */
    const size_t at = data.data[from] == '\n' ? from + 1 : from;
    if (!starts_at(data, at))
        return pass(data, from, FRAME_BAD, next);
    if (data.length - at < START_SIZE - 1)
        return FRAME_PARTIAL;

    struct slice found = {NULL, 0};
    size_t end = 0;
    const enum shape shape = look(data, at, &found, &end);
    const bool known = data.data[at + 1] == VERSION;
    if (shape == SHAPE_OPEN)
        return FRAME_PARTIAL;
    if (shape == SHAPE_WHOLE) {
        *next = end;
        if (!known)
            return FRAME_UNKNOWN;
        *payload = found;
        return FRAME_RECORD;
    }
    if (known)
        return pass(data, from, FRAME_BAD, next);
    /* Another version may look otherwise behind its first word: it goes on to where the next begins. */
    pass(data, from, FRAME_UNKNOWN, next);
    if (*next < data.length || data.length - from >= FRAME_SIZE_MAX)
        return FRAME_UNKNOWN;
    *next = from;
    return FRAME_PARTIAL;
}
