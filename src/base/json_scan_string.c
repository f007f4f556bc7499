#include "base/json_scan_state.h"

#include "base/utf8.h"

#include <string.h>

/* U+FFFD many times over, for many malformed parts in a row. */
enum { REPLACEMENTS = 16, REPLACEMENT_LENGTH = 3, ESCAPE_LENGTH = 6 };
#define FOUR "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
static const struct slice replacements = {FOUR FOUR FOUR FOUR, REPLACEMENTS * REPLACEMENT_LENGTH};

/* Top-level names are recorded decoded, so that an escape in one does not hide it. */
static void add_to_name(struct json_scan *scan, struct slice text)
{
    char *name = scan->members[scan->member_count - 1].name;
    if (text.length > JSON_SCAN_NAME_MAX - scan->name_length || memchr(text.data, '\0', text.length)) {
        scan->name_length = JSON_SCAN_NAME_MAX; /* whatever follows does not fit either */
        name[0] = '\0';
        return;
    }
    memcpy(name + scan->name_length, text.data, text.length);
    scan->name_length += (unsigned)text.length;
    name[scan->name_length] = '\0';
}

static void add_code_point_to_name(struct json_scan *scan, uint32_t code_point)
{
    char storage[4];
    struct buffer text;
    buffer_init_fixed(&text, storage, sizeof storage);
    utf8_append(&text, code_point);
    add_to_name(scan, buffer_slice(&text));
}

static void copy_text(struct json_scan *scan, struct slice text)
{
    if (scan->copying)
        json_copy_text(&scan->copy, text);
}

static void replace_malformed(struct json_scan *scan, size_t parts)
{
    const struct slice text = slice_part(replacements, 0, parts * REPLACEMENT_LENGTH);
    scan->replaced += parts;
    copy_text(scan, text);
    if (scan->in_name)
        add_to_name(scan, text);
}

/* Before anything that is not the other half. */
static inline void settle_surrogate(struct json_scan *scan)
{
    if (scan->high_surrogate != 0) {
        scan->high_surrogate = 0;
        replace_malformed(scan, 1);
    }
}

static void take_run(struct json_scan *scan, struct slice text)
{
    settle_surrogate(scan);
    copy_text(scan, text);
    if (scan->in_name)
        add_to_name(scan, text);
}

/* One more byte for the sequence that the last piece began. */
static const char *take_partial(struct json_scan *scan, const char *at)
{
    scan->partial[scan->partial_length] = *at;
    const struct slice sequence = {scan->partial, scan->partial_length + 1};
    if (utf8_is_partial(sequence)) {
        scan->partial_length++;
        return at + 1;
    }
    scan->partial_length = 0;
    if (utf8_decode(sequence, NULL) > 0) {
        take_run(scan, sequence);
        return at + 1;
    }
    settle_surrogate(scan);
    replace_malformed(scan, 1);
    return at;
}

/* A byte from 0x80 on that begins nothing well-formed: malformed, or cut off by the end of the piece. */
static const char *take_malformed(struct json_scan *scan, const char *at, const char *end)
{
    const struct slice rest = {at, (size_t)(end - at)};
    size_t parts;
    const size_t run = utf8_malformed_run(rest, REPLACEMENTS, &parts);
    if (run == 0) {
        memcpy(scan->partial, rest.data, rest.length);
        scan->partial_length = rest.length;
        return end;
    }
    settle_surrogate(scan);
    replace_malformed(scan, parts);
    return at + run;
}

static void end_string(struct json_scan *scan, const char *at)
{
    settle_surrogate(scan);
    if (scan->copying)
        json_copy_text_end(&scan->copy);
    scan->in_name = false;
    if (scan->in_key)
        scan->state = AT_COLON;
    else
        end_value(scan, at);
}

const char *json_scan_take_string(struct json_scan *scan, const char *at, const char *end)
{
    while (at < end) {
        if (scan->partial_length > 0) {
            at = take_partial(scan, at);
            continue;
        }
        if (*at == '"') {
            end_string(scan, at + 1);
            return at + 1;
        }
        /* Escapes that are whole and need no mending go along with the plain text around them. */
        const struct slice rest = {at, (size_t)(end - at)};
        const size_t run = scan->in_name ? json_plain_length(rest) : json_sound_length(rest);
        if (run > 0) {
            take_run(scan, (struct slice){at, run});
            at += run;
        } else if (*at == '\\') {
            scan->state = IN_ESCAPE;
            return at + 1;
        } else if ((uint8_t)*at < 0x20) {
            return refuse(scan, JSON_SCAN_BAD, at);
        } else {
            at = take_malformed(scan, at, end);
            if (scan->replaced > JSON_SCAN_REPLACED_MAX)
                return refuse(scan, JSON_SCAN_BAD, at);
        }
    }
    return at;
}

const char *json_scan_take_escape(struct json_scan *scan, const char *at)
{
    char meaning;
    if (*at == 'u') {
        scan->state = IN_HEX;
        scan->hex_digits = 0;
        scan->code_unit = 0;
        return at + 1;
    }
    if (!json_escape_meaning(*at, &meaning))
        return refuse(scan, JSON_SCAN_BAD, at);
    const char escape[2] = {'\\', *at};
    settle_surrogate(scan);
    copy_text(scan, (struct slice){escape, sizeof escape});
    if (scan->in_name)
        add_to_name(scan, (struct slice){&meaning, 1});
    scan->state = IN_STRING;
    return at + 1;
}

/* The escape (or pair) of which scan->escape holds the digits. */
static void copy_hex_escape(struct json_scan *scan, size_t length, uint32_t code_point)
{
    copy_text(scan, (struct slice){scan->escape, length});
    if (scan->in_name)
        add_code_point_to_name(scan, code_point);
}

static void end_hex_escape(struct json_scan *scan)
{
    const uint32_t unit = scan->code_unit, high = scan->high_surrogate;
    scan->state = IN_STRING;
    if (json_is_low_surrogate(unit)) {
        scan->high_surrogate = 0;
        if (high == 0)
            replace_malformed(scan, 1);
        else
            copy_hex_escape(scan, 2 * ESCAPE_LENGTH, json_join_surrogates(high, unit));
        return;
    }
    if (high != 0) {
        settle_surrogate(scan);
        memmove(scan->escape, scan->escape + ESCAPE_LENGTH, ESCAPE_LENGTH);
    }
    if (json_is_high_surrogate(unit))
        scan->high_surrogate = unit;
    else
        copy_hex_escape(scan, ESCAPE_LENGTH, unit);
}

const char *json_scan_take_hex(struct json_scan *scan, const char *at)
{
    const int digit = json_hex_digit(*at);
    if (digit < 0)
        return refuse(scan, JSON_SCAN_BAD, at);
    /* as they came, behind those of a high surrogate that waits */
    char *escape = scan->escape + (scan->high_surrogate != 0 ? ESCAPE_LENGTH : 0);
    escape[0] = '\\';
    escape[1] = 'u';
    escape[2 + scan->hex_digits++] = *at;
    scan->code_unit = scan->code_unit << 4 | (uint32_t)digit;
    if (scan->hex_digits == 4)
        end_hex_escape(scan);
    return at + 1;
}
