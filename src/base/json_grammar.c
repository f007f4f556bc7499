#include "base/json_grammar.h"

#include "base/utf8.h"

#include <string.h>

/* Whether all 8 bytes stand for themselves: ASCII from the blank on, neither '"' nor '\\'. Byte-wise subtraction borrows only out
 * of a byte that is itself a find. */
static bool are_plain(const char *data)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t bytes;
    memcpy(&bytes, data, sizeof bytes);
    const uint64_t finds = bytes | (bytes - ones * 0x20) | ((bytes ^ ones * '"') - ones) | ((bytes ^ ones * '\\') - ones);
    return (finds & ones * 0x80) == 0;
}

size_t json_plain_length(struct slice text)
{
    size_t i = 0;
    while (i < text.length) {
        while (text.length - i >= 8 && are_plain(text.data + i))
            i += 8;
        for (const size_t stop = text.length - i > 8 ? i + 8 : text.length; i < stop;) {
            const uint8_t c = (uint8_t)text.data[i];
            if (c < 0x20 || c == '"' || c == '\\')
                return i;
            if (c < 0x80) {
                i++;
                continue;
            }
            const size_t run = utf8_multibyte_run((struct slice){text.data + i, text.length - i});
            if (run == 0)
                return i;
            i += run;
        }
    }
    return i;
}

bool json_hex_escape(struct slice text, size_t position, uint32_t *unit)
{
    if (position > text.length || text.length - position < 6 || text.data[position] != '\\' || text.data[position + 1] != 'u')
        return false;
    uint32_t value = 0;
    for (size_t i = 2; i < 6; i++) {
        const int digit = json_hex_digit(text.data[position + i]);
        if (digit < 0)
            return false;
        value = value << 4 | (uint32_t)digit;
    }
    *unit = value;
    return true;
}

/* Of the escape at `position`; 0: not whole, not valid, or half of a pair. */
static size_t escape_length(struct slice text, size_t position)
{
    char meaning;
    uint32_t unit, low;
    if (text.length - position >= 2 && json_escape_meaning(text.data[position + 1], &meaning))
        return 2;
    if (!json_hex_escape(text, position, &unit) || json_is_low_surrogate(unit))
        return 0;
    if (!json_is_high_surrogate(unit))
        return 6;
    return json_hex_escape(text, position + 6, &low) && json_is_low_surrogate(low) ? 12 : 0;
}

size_t json_sound_length(struct slice text)
{
    size_t i = 0;
    for (;;) {
        i += json_plain_length((struct slice){text.data + i, text.length - i});
        size_t escapes = 0;
        for (size_t length = 1; i < text.length && text.data[i] == '\\' && length > 0; escapes += length) {
            length = escape_length(text, i);
            i += length;
        }
        if (escapes == 0)
            return i;
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_exponent(char c)
{
    return c == 'e' || c == 'E';
}

/* Whether `c` may come next; then *state is the one after it. */
static bool step_number(enum json_number *state, char c)
{
    switch (*state) {
    case JSON_NUMBER_START:
    case JSON_NUMBER_AT_WHOLE:
        if (is_digit(c))
            *state = c == '0' ? JSON_NUMBER_IN_ZERO : JSON_NUMBER_IN_WHOLE;
        else if (c == '-' && *state == JSON_NUMBER_START)
            *state = JSON_NUMBER_AT_WHOLE;
        else
            return false;
        return true;
    case JSON_NUMBER_IN_ZERO:
    case JSON_NUMBER_IN_WHOLE:
        if (c == '.')
            *state = JSON_NUMBER_AT_FRACTION;
        else if (is_exponent(c))
            *state = JSON_NUMBER_AT_EXPONENT_SIGN;
        else
            return *state == JSON_NUMBER_IN_WHOLE && is_digit(c);
        return true;
    case JSON_NUMBER_AT_FRACTION:
    case JSON_NUMBER_IN_FRACTION:
        if (is_exponent(c) && *state == JSON_NUMBER_IN_FRACTION)
            *state = JSON_NUMBER_AT_EXPONENT_SIGN;
        else if (is_digit(c))
            *state = JSON_NUMBER_IN_FRACTION;
        else
            return false;
        return true;
    default:
        if (is_digit(c))
            *state = JSON_NUMBER_IN_EXPONENT;
        else if ((c == '+' || c == '-') && *state == JSON_NUMBER_AT_EXPONENT_SIGN)
            *state = JSON_NUMBER_AT_EXPONENT;
        else
            return false;
        return true;
    }
}

size_t json_number_run(struct slice text, enum json_number *state)
{
    size_t run = 0;
    while (run < text.length && step_number(state, text.data[run]))
        run++;
    return run;
}
