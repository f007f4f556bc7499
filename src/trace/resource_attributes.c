#include "trace/resource_attributes.h"

#include "base/utf8.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Percent-decodes into `text`; *decoded is what was appended. */
static bool decode(struct slice encoded, struct buffer *text, struct slice *decoded)
{
    char raw[4096];
    size_t length = 0;
    const size_t at = text->length;

    for (size_t i = 0; i < encoded.length; i++) {
        char c = encoded.data[i];
        if (length == sizeof raw)
            return false;
        if (c == '%') {
            const int high = encoded.length - i > 2 ? hex_value(encoded.data[i + 1]) : -1;
            const int low = high >= 0 ? hex_value(encoded.data[i + 2]) : -1;
            if (low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        }
        raw[length++] = c;
    }
    utf8_append_repaired(text, (struct slice){raw, length});
    *decoded = (struct slice){text->data + at, text->length - at};
    return !text->failed;
}

bool resource_attributes_parse(struct slice value, struct attribute_list *list, struct buffer *text)
{
    const struct attribute_list before = *list;
    size_t at = 0;

    while (at < value.length) {
        size_t comma, equals;
        struct attribute attribute = {.type = ATTRIBUTE_STRING};
        if (!slice_find(value, SLICE(","), at, &comma))
            comma = value.length;
        const struct slice pair = slice_trim(slice_part(value, at, comma - at));
        at = comma + 1;
        if (pair.length == 0 && at >= value.length) /* a trailing comma */
            break;
        if (!slice_find(pair, SLICE("="), 0, &equals) ||
            !decode(slice_trim(slice_part(pair, 0, equals)), text, &attribute.key) || attribute.key.length == 0 ||
            !decode(slice_trim(slice_part(pair, equals + 1, pair.length)), text, &attribute.value.string)) {
            *list = before;
            return false;
        }
        attribute_set(list, &attribute);
    }
    return true;
}
