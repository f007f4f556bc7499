#include "base/json_write.h"

#include "base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The letter of the two-character escape, or 0 where there is none. */
static char short_escape(char c)
{
    switch (c) {
    case '"':
    case '\\':
        return c;
    case '\b':
        return 'b';
    case '\f':
        return 'f';
    case '\n':
        return 'n';
    case '\r':
        return 'r';
    case '\t':
        return 't';
    default:
        return 0;
    }
}

static bool needs_escape(char c)
{
    return (uint8_t)c < 0x20 || c == '"' || c == '\\' || c == 0x7f;
}

static void write_escape(struct buffer *buffer, char c)
{
    const char letter = short_escape(c);
    if (letter) {
        const char escape[2] = {'\\', letter};
        buffer_append(buffer, escape, sizeof escape);
    } else {
        const uint8_t byte = (uint8_t)c;
        buffer_append_text(buffer, "\\u00");
        buffer_append_hex(buffer, &byte, 1);
    }
}

void json_write_string(struct buffer *buffer, struct slice text)
{
    buffer_append_byte(buffer, '"');
    for (size_t i = 0; i < text.length;) {
        const size_t start = i;
        while (i < text.length && !needs_escape(text.data[i]))
            i++;
        utf8_append_repaired(buffer, slice_part(text, start, i - start));
        if (i < text.length)
            write_escape(buffer, text.data[i++]);
    }
    buffer_append_byte(buffer, '"');
}

void json_write_double(struct buffer *buffer, double value)
{
    if (isnan(value)) {
        buffer_append_text(buffer, "\"NaN\"");
        return;
    }
    if (isinf(value)) {
        buffer_append_text(buffer, value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
        return;
    }
    char text[40];
    int length = 0;
    for (int precision = 15; precision <= 17; precision++) {
        length = snprintf(text, sizeof text, "%.*g", precision, value);
        const double back = strtod(text, NULL);
        if (!(back < value) && !(back > value))
            break;
    }
    /* Whatever a locale writes between whole and fraction: JSON knows the point only. */
    bool pointed = false;
    for (int i = 0; i < length; i++) {
        const char c = text[i];
        if ((c >= '0' && c <= '9') || c == '-' || c == '+' || c == 'e') {
            buffer_append_byte(buffer, c);
        } else if (!pointed) {
            buffer_append_byte(buffer, '.');
            pointed = true;
        }
    }
}

void json_write_bool(struct buffer *buffer, bool value)
{
    buffer_append_text(buffer, value ? "true" : "false");
}
