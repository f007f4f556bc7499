#include "report/screen_text.h"

#include "base/utf8.h"
#include "report/code_point_width.h"

#include <string.h>

#define PIECE_MAX 12 /* "\U0010ffff" */

/* What one character of the text becomes. */
struct piece {
    char text[PIECE_MAX];
    size_t length;  /* bytes of `text` */
    size_t columns;
    size_t taken;   /* bytes of the source */
};

static bool steers(uint32_t code_point)
{
    static const uint32_t ranges[][2] = {
        {0x0000, 0x001f}, {0x007f, 0x009f}, /* C0, DEL, C1 */
        {0x00ad, 0x00ad}, {0x061c, 0x061c}, {0x180e, 0x180e}, {0x200b, 0x200b}, /* invisible, Arabic letter mark */
        {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, /* direction, separators, invisible operators */
        {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f}, /* byte order, interlinear, tags */
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (code_point >= ranges[i][0] && code_point <= ranges[i][1])
            return true;
    return false;
}

static void put_hex(struct piece *piece, char letter, unsigned digits, uint32_t value)
{
    static const char hex[] = "0123456789abcdef";
    piece->text[0] = '\\';
    piece->text[1] = letter;
    for (unsigned i = 0; i < digits; i++)
        piece->text[2 + i] = hex[value >> 4 * (digits - 1 - i) & 0xf];
    piece->length = piece->columns = 2 + digits;
}

static void escape(struct piece *piece, uint32_t code_point)
{
    static const char named[][2] = {{'\n', 'n'}, {'\r', 'r'}, {'\t', 't'}};
    for (size_t i = 0; i < sizeof named / sizeof *named; i++) {
        if (code_point == (uint32_t)named[i][0]) {
            put_hex(piece, named[i][1], 0, 0);
            return;
        }
    }
    if (code_point < 0x80)
        put_hex(piece, 'x', 2, code_point);
    else if (code_point < 0x10000)
        put_hex(piece, 'u', 4, code_point);
    else
        put_hex(piece, 'U', 8, code_point);
}

static struct piece next_piece(struct slice text, bool unicode)
{
    struct piece piece = {.taken = 1};
    uint32_t code_point;
    const size_t length = utf8_decode(text, &code_point);

    if (length == 0) {
        put_hex(&piece, 'x', 2, (uint8_t)text.data[0]);
        return piece;
    }
    piece.taken = length;
    if (steers(code_point) || (!unicode && code_point > 0x7e)) {
        escape(&piece, code_point);
        return piece;
    }
    memcpy(piece.text, text.data, length);
    piece.length = length;
    piece.columns = code_point_width(code_point);
    return piece;
}

size_t screen_text_append(struct buffer *out, struct slice text, size_t columns, bool unicode)
{
    const struct slice ellipsis = unicode ? SLICE("…") : slice_part(SLICE("..."), 0, columns);
    const size_t room = columns - (unicode ? (columns > 0 ? 1 : 0) : ellipsis.length); /* what may stand before it */
    size_t used = 0, cut_length = out->length, cut_used = 0;

    for (size_t at = 0; at < text.length;) {
        const struct piece piece = next_piece(slice_part(text, at, text.length), unicode);
        if (used + piece.columns > columns) {
            out->length = out->failed ? out->length : cut_length;
            if (columns == 0)
                return 0;
            buffer_append_slice(out, ellipsis);
            return cut_used + (unicode ? 1 : ellipsis.length);
        }
        buffer_append(out, piece.text, piece.length);
        used += piece.columns;
        at += piece.taken;
        if (used <= room) {
            cut_length = out->length;
            cut_used = used;
        }
    }
    return used;
}

size_t screen_text_width(struct slice text, size_t limit, bool unicode)
{
    size_t used = 0;
    for (size_t at = 0; at < text.length && used < limit;) {
        const struct piece piece = next_piece(slice_part(text, at, text.length), unicode);
        used += piece.columns;
        at += piece.taken;
    }
    return used < limit ? used : limit;
}
