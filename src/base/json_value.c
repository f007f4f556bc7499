/* Decoding of single values; json.c holds parsing and moving about. */
#include "base/json.h"

#include "base/json_grammar.h"
#include "base/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_MAX = 1024, INTEGER_TEXT_MAX = 64 };

/* Strings */

static bool string_content(const struct json *document, int value, struct slice *content)
{
    if (json_type(document, value) != JSON_STRING)
        return false;
    const struct slice raw = json_raw(document, value);
    *content = slice_part(raw, 1, raw.length - 2);
    return true;
}

/* Decodes the escape at `position` into `out`; returns how many bytes of the content it takes. */
static size_t decode_escape(struct slice content, size_t position, struct buffer *out)
{
    uint32_t unit, low;
    char meaning;
    if (json_hex_escape(content, position, &unit)) {
        if (json_is_high_surrogate(unit) && json_hex_escape(content, position + 6, &low) && json_is_low_surrogate(low)) {
            utf8_append(out, json_join_surrogates(unit, low));
            return 12;
        }
        utf8_append(out, unit); /* a lone surrogate becomes U+FFFD there */
        return 6;
    }
    if (position + 1 < content.length && json_escape_meaning(content.data[position + 1], &meaning)) {
        buffer_append_byte(out, meaning);
        return 2;
    }
    utf8_append(out, UTF8_REPLACEMENT); /* not in text that json_parse has taken */
    return 1;
}

/* Decodes the escape or malformed part at `position`, where nothing plain stands. */
static size_t decode_special(struct slice content, size_t position, struct buffer *out)
{
    if (content.data[position] == '\\')
        return decode_escape(content, position, out);
    const size_t malformed = utf8_malformed(slice_part(content, position, content.length));
    utf8_append(out, UTF8_REPLACEMENT);
    return malformed > 0 ? malformed : 1;
}

bool json_append_string(const struct json *document, int value, struct buffer *out)
{
    struct slice content;
    if (!string_content(document, value, &content))
        return false;
    for (size_t i = 0; i < content.length && !out->failed;) {
        const size_t plain = json_plain_length(slice_part(content, i, content.length));
        buffer_append_slice(out, slice_part(content, i, plain));
        i += plain;
        if (i < content.length)
            i += decode_special(content, i, out);
    }
    return !out->failed;
}

bool json_string_equals_slice(const struct json *document, int value, struct slice text)
{
    struct slice content;
    if (!string_content(document, value, &content))
        return false;
    /* Most keys are told apart by their first byte, if it stands for itself. */
    const char first = content.length ? content.data[0] : '\\';
    if (first > ' ' && first != '\\' && text.length && first != text.data[0])
        return false;
    size_t matched = 0;
    for (size_t i = 0; i < content.length;) {
        char storage[4];
        struct buffer special;
        const size_t plain = json_plain_length(slice_part(content, i, content.length));
        if (!slice_starts_with(slice_part(text, matched, text.length), slice_part(content, i, plain)))
            return false;
        i += plain;
        matched += plain;
        if (i == content.length)
            break;
        buffer_init_fixed(&special, storage, sizeof storage);
        i += decode_special(content, i, &special);
        if (!slice_starts_with(slice_part(text, matched, text.length), buffer_slice(&special)))
            return false;
        matched += special.length;
    }
    return matched == text.length;
}

bool json_string_equals(const struct json *document, int value, const char *text)
{
    return json_string_equals_slice(document, value, slice_of(text));
}

/* Numbers */

static bool multiply_by_ten(uint64_t *value)
{
    if (*value > UINT64_MAX / 10)
        return false;
    *value *= 10;
    return true;
}

/* The magnitude of a JSON number (without its sign) if that is a whole one and fits, in exact arithmetic. */
static bool whole_magnitude(struct slice number, uint64_t *magnitude)
{
    uint64_t value = 0;
    int64_t zeros = 0; /* since the last other digit: multiplied in only when another digit follows, or at the end */
    int64_t fraction = 0, exponent = 0;
    bool in_fraction = false;
    size_t i = 0;
    for (; i < number.length && number.data[i] != 'e' && number.data[i] != 'E'; i++) {
        const char c = number.data[i];
        if (c == '.') {
            in_fraction = true;
            continue;
        }
        fraction += in_fraction ? 1 : 0;
        zeros++;
        if (c == '0')
            continue;
        for (; value > 0 && zeros > 0; zeros--) {
            if (!multiply_by_ten(&value))
                return false;
        }
        const uint64_t digit = (uint64_t)(c - '0');
        if (value > UINT64_MAX - digit)
            return false;
        value += digit;
        zeros = 0;
    }
    if (++i < number.length) {
        const bool negative = number.data[i] == '-';
        if (negative || number.data[i] == '+')
            i++;
        for (; i < number.length && exponent < INT32_MAX; i++)
            exponent = exponent * 10 + (number.data[i] - '0');
        exponent = negative ? -exponent : exponent;
    }
    if (value > 0) {
        int64_t power = zeros + exponent - fraction;
        if (power < 0)
            return false;
        for (; power > 0; power--) {
            if (!multiply_by_ten(&value))
                return false;
        }
    }
    *magnitude = value;
    return true;
}

static bool read_integer(const struct json *document, int value, bool *negative, uint64_t *magnitude)
{
    char storage[INTEGER_TEXT_MAX];
    struct buffer text;
    struct slice digits;
    const enum json_type type = json_type(document, value);
    buffer_init_fixed(&text, storage, sizeof storage);
    if (type == JSON_NUMBER)
        digits = json_raw(document, value);
    else if (type == JSON_STRING && json_append_string(document, value, &text))
        digits = buffer_slice(&text);
    else
        return false;
    *negative = slice_starts_with(digits, SLICE("-"));
    if (*negative || slice_starts_with(digits, SLICE("+")))
        digits = slice_part(digits, 1, digits.length);
    return type == JSON_NUMBER ? whole_magnitude(digits, magnitude) : slice_to_u64(digits, magnitude);
}

bool json_integer(const struct json *document, int value, int64_t *out)
{
    bool negative;
    uint64_t magnitude;
    if (!read_integer(document, value, &negative, &magnitude) || magnitude > (uint64_t)INT64_MAX + (negative ? 1 : 0))
        return false;
    if (negative && magnitude > 0)
        *out = -(int64_t)(magnitude - 1) - 1;
    else
        *out = (int64_t)magnitude;
    return true;
}

bool json_unsigned(const struct json *document, int value, uint64_t *out)
{
    bool negative;
    uint64_t magnitude;
    if (!read_integer(document, value, &negative, &magnitude) || (negative && magnitude > 0))
        return false;
    *out = magnitude;
    return true;
}

static bool is_number(struct slice text)
{
    enum json_number state = JSON_NUMBER_START;
    return json_number_run(text, &state) == text.length && json_number_is_complete(state);
}

static bool special_double(struct slice name, double *out)
{
    if (slice_equal(name, SLICE("NaN")))
        *out = (double)NAN;
    else if (slice_equal(name, SLICE("Infinity")))
        *out = (double)INFINITY;
    else if (slice_equal(name, SLICE("-Infinity")))
        *out = -(double)INFINITY;
    else
        return false;
    return true;
}

bool json_double(const struct json *document, int value, double *out)
{
    char storage[NUMBER_MAX + 1];
    struct buffer text;
    const enum json_type type = json_type(document, value);
    buffer_init_fixed(&text, storage, sizeof storage);
    if (type == JSON_NUMBER)
        buffer_append_slice(&text, json_raw(document, value));
    else if (type != JSON_STRING || !json_append_string(document, value, &text))
        return false;
    if (type == JSON_STRING && special_double(buffer_slice(&text), out))
        return true;
    const char *terminated = buffer_text(&text);
    if (!terminated || !is_number(buffer_slice(&text)))
        return false;
    const double number = strtod(terminated, NULL);
    if (!isfinite(number))
        return false;
    *out = number;
    return true;
}
