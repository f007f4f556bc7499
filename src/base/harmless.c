#include "base/harmless.h"

#include "base/utf8.h"

static bool is_harmful(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x061c || c == 0x200e || c == 0x200f || c == 0x2028 || c == 0x2029 ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

void harmless_append(struct buffer *out, struct slice text, size_t room)
{
    for (size_t i = 0; i < text.length && room > 0;) {
        uint32_t code_point;
        const struct slice rest = slice_part(text, i, text.length);
        size_t length = utf8_decode(rest, &code_point);
        if (length == 0 || is_harmful(code_point)) {
            buffer_append_byte(out, '?');
            room--;
            i += length > 0 ? length : utf8_malformed(rest);
            continue;
        }
        if (length > room)
            return;
        buffer_append_slice(out, slice_part(rest, 0, length));
        room -= length;
        i += length;
    }
}
