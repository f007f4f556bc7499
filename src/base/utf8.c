#include "base/utf8.h"

/* What follows a lead byte (Unicode 15, table 3-7): length of the sequence and the range of its second byte; later bytes are
 * 80..BF always. Length 0: no lead byte of a sequence. */
struct lead {
    uint8_t length, low, high;
};

static inline struct lead lead_of(uint8_t byte)
{
    if (byte < 0x80)
        return (struct lead){1, 0, 0};
    if (byte < 0xc2)
        return (struct lead){0, 0, 0};
    if (byte < 0xe0)
        return (struct lead){2, 0x80, 0xbf};
    if (byte < 0xf0)
        return (struct lead){3, byte == 0xe0 ? 0xa0 : 0x80, byte == 0xed ? 0x9f : 0xbf};
    if (byte < 0xf5)
        return (struct lead){4, byte == 0xf0 ? 0x90 : 0x80, byte == 0xf4 ? 0x8f : 0xbf};
    return (struct lead){0, 0, 0};
}

/* How many bytes at the start of `text` follow table 3-7; *whole is the length they should come to (0: not even the first). */
static inline size_t match(struct slice text, size_t *whole)
{
    *whole = 0;
    if (text.length == 0)
        return 0;
    const uint8_t *bytes = (const uint8_t *)text.data;
    const struct lead lead = lead_of(bytes[0]);
    *whole = lead.length;
    if (lead.length <= 1)
        return lead.length;
    if (text.length < 2 || bytes[1] < lead.low || bytes[1] > lead.high)
        return 1;
    size_t matched = 2;
    while (matched < lead.length && matched < text.length && (bytes[matched] & 0xc0) == 0x80)
        matched++;
    return matched;
}

size_t utf8_decode(struct slice text, uint32_t *code_point)
{
    size_t whole;
    const size_t matched = match(text, &whole);
    if (whole == 0 || matched != whole)
        return 0;
    if (code_point) {
        static const uint8_t lead_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
        uint32_t value = (uint8_t)text.data[0] & lead_bits[whole];
        for (size_t i = 1; i < whole; i++)
            value = value << 6 | ((uint8_t)text.data[i] & 0x3f);
        *code_point = value;
    }
    return whole;
}

size_t utf8_malformed(struct slice text)
{
    size_t whole;
    const size_t matched = match(text, &whole);
    if (text.length == 0 || (whole != 0 && matched == whole))
        return 0;
    return matched > 0 ? matched : 1;
}

bool utf8_is_partial(struct slice text)
{
    size_t whole;
    const size_t matched = match(text, &whole);
    return matched == text.length && matched < whole;
}

size_t utf8_multibyte_run(struct slice text)
{
    size_t run = 0;
    while (run < text.length && (uint8_t)text.data[run] >= 0xc2) {
        size_t whole;
        const size_t matched = match((struct slice){text.data + run, text.length - run}, &whole);
        if (whole == 0 || matched != whole)
            break;
        run += whole;
    }
    return run;
}

size_t utf8_malformed_run(struct slice text, size_t most, size_t *parts)
{
    size_t run = 0, count = 0;
    while (run < text.length && count < most && (uint8_t)text.data[run] >= 0x80) {
        size_t whole;
        const size_t matched = match((struct slice){text.data + run, text.length - run}, &whole);
        if (matched == whole ? whole != 0 : matched == text.length - run)
            break;
        run += matched > 0 ? matched : 1;
        count++;
    }
    *parts = count;
    return run;
}

void utf8_append(struct buffer *buffer, uint32_t code_point)
{
    char bytes[4];
    size_t length;
    if (code_point > 0x10ffff || (code_point >= 0xd800 && code_point <= 0xdfff))
        code_point = UTF8_REPLACEMENT;
    if (code_point < 0x80) {
        bytes[0] = (char)code_point;
        length = 1;
    } else if (code_point < 0x800) {
        bytes[0] = (char)(0xc0 | code_point >> 6);
        length = 2;
    } else if (code_point < 0x10000) {
        bytes[0] = (char)(0xe0 | code_point >> 12);
        length = 3;
    } else {
        bytes[0] = (char)(0xf0 | code_point >> 18);
        length = 4;
    }
    for (size_t i = length; i > 1; i--) {
        bytes[i - 1] = (char)(0x80 | (code_point & 0x3f));
        code_point >>= 6;
    }
    buffer_append(buffer, bytes, length);
}

/* Bytes of the next character, malformed bytes one by one. */
static size_t step(struct slice text)
{
    const size_t length = utf8_decode(text, NULL);
    return length > 0 ? length : 1;
}

struct slice utf8_prefix(struct slice text, size_t characters)
{
    size_t end = 0;
    while (end < text.length && characters > 0) {
        end += step(slice_part(text, end, text.length));
        characters--;
    }
    return slice_part(text, 0, end);
}

size_t utf8_count(struct slice text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.length; count++)
        i += step(slice_part(text, i, text.length));
    return count;
}

size_t utf8_append_repaired(struct buffer *buffer, struct slice text)
{
    size_t replaced = 0, kept = 0, i = 0;
    while (i < text.length) {
        if ((uint8_t)text.data[i] < 0x80) {
            i++;
            continue;
        }
        const struct slice rest = slice_part(text, i, text.length);
        const size_t malformed = utf8_malformed(rest);
        if (malformed == 0) {
            i += utf8_decode(rest, NULL);
            continue;
        }
        buffer_append_slice(buffer, slice_part(text, kept, i - kept));
        utf8_append(buffer, UTF8_REPLACEMENT);
        i += malformed;
        kept = i;
        replaced++;
    }
    buffer_append_slice(buffer, slice_part(text, kept, i - kept));
    return replaced;
}
