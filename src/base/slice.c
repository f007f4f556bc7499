#include "base/slice.h"

#include <string.h>

struct slice slice_of(const char *text)
{
    return (struct slice){text, text ? strlen(text) : 0};
}

/* memcmp must not see NULL, not even for zero bytes. */
static bool same_bytes(const char *a, const char *b, size_t length)
{
    return length == 0 || memcmp(a, b, length) == 0;
}

bool slice_equal(struct slice a, struct slice b)
{
    return a.length == b.length && same_bytes(a.data, b.data, a.length);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool slice_equal_ignoring_case(struct slice a, struct slice b)
{
    if (a.length != b.length)
        return false;
    for (size_t i = 0; i < a.length; i++) {
        if (lower(a.data[i]) != lower(b.data[i]))
            return false;
    }
    return true;
}

bool slice_starts_with(struct slice whole, struct slice prefix)
{
    return whole.length >= prefix.length && same_bytes(whole.data, prefix.data, prefix.length);
}

bool slice_ends_with(struct slice whole, struct slice suffix)
{
    return whole.length >= suffix.length && slice_equal(slice_part(whole, whole.length - suffix.length, suffix.length), suffix);
}

bool slice_find(struct slice whole, struct slice needle, size_t from, size_t *position)
{
    if (from > whole.length || needle.length > whole.length - from)
        return false;
    if (needle.length == 0) {
        *position = from;
        return true;
    }
    const size_t last = whole.length - needle.length;
    while (from <= last) {
        const char *first = memchr(whole.data + from, needle.data[0], last - from + 1);
        if (!first)
            return false;
        from = (size_t)(first - whole.data);
        if (memcmp(first, needle.data, needle.length) == 0) {
            *position = from;
            return true;
        }
        from++;
    }
    return false;
}

struct slice slice_part(struct slice whole, size_t from, size_t length)
{
    if (from >= whole.length)
        return (struct slice){NULL, 0};
    const size_t rest = whole.length - from;
    return (struct slice){whole.data + from, length < rest ? length : rest};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_base_name(struct slice path)
{
    size_t start = path.length;
    while (start > 0 && path.data[start - 1] != '/')
        start--;
    return slice_part(path, start, path.length - start);
}

struct slice slice_trim(struct slice whole)
{
    while (whole.length > 0 && is_blank(whole.data[whole.length - 1]))
        whole.length--;
    while (whole.length > 0 && is_blank(whole.data[0])) {
        whole.data++;
        whole.length--;
    }
    return whole;
}

bool slice_to_u64(struct slice digits, uint64_t *value)
{
    uint64_t result = 0;
    for (size_t i = 0; i < digits.length; i++) {
        const char c = digits.data[i];
        if (c < '0' || c > '9')
            return false;
        const uint64_t digit = (uint64_t)(c - '0');
        if (result > (UINT64_MAX - digit) / 10)
            return false;
        result = result * 10 + digit;
    }
    if (digits.length == 0)
        return false;
    *value = result;
    return true;
}

bool slice_hex_to_u64(struct slice digits, uint64_t *value)
{
    if (digits.length == 0 || digits.length > 16)
        return false;
    uint64_t result = 0;
    for (size_t i = 0; i < digits.length; i++) {
        const char c = lower(digits.data[i]);
        unsigned digit;
        if (c >= '0' && c <= '9')
            digit = (unsigned)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (unsigned)(c - 'a') + 10;
        else
            return false;
        result = result << 4 | digit;
    }
    *value = result;
    return true;
}
