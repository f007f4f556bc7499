#include "base/json_copy.h"

#include "base/hash.h"
#include "base/json_grammar.h"

#include <string.h>

void json_copy_init(struct json_copy *copy, struct buffer *out)
{
    copy->out = out;
    copy->start = copy->member_start = out ? out->length : 0;
    copy->truncated = copy->skip_first = copy->cut = false;
    copy->skip_depth = 0;
    copy->elements = 0;
    copy->cut_bytes = copy->cut_hash = 0;
    copy->head_length = copy->window_length = 0; /* the window is written before it is read */
}

static void start_cut(struct json_copy *copy)
{
    copy->cut_bytes = 0;
    copy->cut_hash = FNV1A_START;
}

static void leave_out(struct json_copy *copy, struct slice bytes)
{
    copy->cut_bytes += bytes.length;
    copy->cut_hash = fnv1a(copy->cut_hash, bytes);
}

static void keep(struct json_copy *copy, struct slice bytes)
{
    if (bytes.length > JSON_COPY_MAX - (copy->out->length - copy->start))
        copy->out->failed = true;
    buffer_append_slice(copy->out, bytes);
}

/* "…cut N bytes, HASH" */
static void keep_mark(struct json_copy *copy)
{
    char storage[64];
    uint8_t hash[8];
    struct buffer mark;
    for (unsigned i = 0; i < sizeof hash; i++)
        hash[i] = (uint8_t)(copy->cut_hash >> (56 - 8 * i));
    buffer_init_fixed(&mark, storage, sizeof storage);
    buffer_append_text(&mark, "…cut ");
    buffer_append_u64(&mark, copy->cut_bytes);
    buffer_append_text(&mark, " bytes, ");
    buffer_append_hex(&mark, hash, sizeof hash);
    keep(copy, buffer_slice(&mark));
    copy->truncated = true;
}

/* Containers and their budget */

void json_copy_member(struct json_copy *copy, bool first)
{
    if (!first)
        keep(copy, SLICE(","));
    copy->member_start = copy->out->length;
    copy->elements = 0;
}

bool json_copy_element(struct json_copy *copy, unsigned depth, bool first)
{
    copy->elements++;
    if (copy->elements > JSON_COPY_MEMBER_ELEMENTS || copy->out->length - copy->member_start > JSON_COPY_MEMBER_BYTES) {
        start_cut(copy);
        copy->skip_depth = depth;
        copy->skip_first = first;
        return false;
    }
    if (!first)
        keep(copy, SLICE(","));
    return true;
}

void json_copy_skip(struct json_copy *copy, struct slice bytes)
{
    leave_out(copy, bytes);
}

void json_copy_skip_end(struct json_copy *copy, bool object)
{
    copy->skip_depth = 0;
    if (!copy->skip_first)
        keep(copy, SLICE(","));
    keep(copy, object ? SLICE("\"…\":\"") : SLICE("\""));
    keep_mark(copy);
    keep(copy, SLICE("\""));
}

void json_copy_token(struct json_copy *copy, struct slice token)
{
    keep(copy, token);
}

/* Strings. A cut falls between units only: a character, an escape, a surrogate pair. */

static bool is_continuation(char c)
{
    return ((uint8_t)c & 0xc0) == 0x80;
}

static size_t escape_length(const char *text)
{
    if (text[1] != 'u')
        return 2;
    /* D8 to DB: the other half follows */
    const int first = json_hex_digit(text[2]), second = json_hex_digit(text[3]);
    return first == 0xd && second >= 8 && second <= 0xb ? 12 : 6;
}

/* The places between two units of `text` that enclose `position`: *before <= position <= *after, equal where it is one itself. */
static void find_boundaries(struct slice text, size_t position, size_t *before, size_t *after)
{
    size_t at = 0;
    while (at < position) {
        const char *escape = memchr(text.data + at, '\\', position - at);
        if (!escape)
            break;
        *before = (size_t)(escape - text.data);
        at = *before + escape_length(escape);
        if (at > position) {
            *after = at;
            return;
        }
    }
    *before = *after = position;
    while (*before > 0 && *before < text.length && is_continuation(text.data[*before]))
        --*before;
    while (*after < text.length && is_continuation(text.data[*after]))
        ++*after;
}

/* Leaves out as many units at the front of the window as it takes to bring it down to the size of a tail. */
static void shorten_window(struct json_copy *copy)
{
    const struct slice window = {copy->window, copy->window_length};
    size_t before, dropped;
    if (window.length <= JSON_COPY_TAIL_MAX)
        return;
    find_boundaries(window, window.length - JSON_COPY_TAIL_MAX, &before, &dropped);
    leave_out(copy, slice_part(window, 0, dropped));
    copy->window_length -= dropped;
    memmove(copy->window, copy->window + dropped, copy->window_length);
}

static void push_window(struct json_copy *copy, struct slice text)
{
    if (text.length > sizeof copy->window - copy->window_length) {
        if (text.length > JSON_COPY_TAIL_MAX) {
            /* None of what is in the window can be in the tail any more, nor can the start of this text. */
            size_t before, dropped;
            find_boundaries(text, text.length - JSON_COPY_TAIL_MAX, &before, &dropped);
            leave_out(copy, (struct slice){copy->window, copy->window_length});
            leave_out(copy, slice_part(text, 0, dropped));
            copy->window_length = 0;
            text = slice_part(text, dropped, text.length);
        } else {
            shorten_window(copy);
        }
    }
    if (text.length > 0)
        memcpy(copy->window + copy->window_length, text.data, text.length);
    copy->window_length += text.length;
}

void json_copy_text_begin(struct json_copy *copy)
{
    keep(copy, SLICE("\""));
    copy->head_length = 0;
    copy->window_length = 0;
    copy->cut = false;
}

void json_copy_text(struct json_copy *copy, struct slice text)
{
    if (!copy->cut) {
        const size_t room = JSON_COPY_HEAD_MAX - copy->head_length;
        size_t fitting = text.length, after;
        if (text.length > room)
            find_boundaries(text, room, &fitting, &after);
        keep(copy, slice_part(text, 0, fitting));
        copy->head_length += fitting;
        if (fitting == text.length)
            return;
        text = slice_part(text, fitting, text.length);
        copy->cut = true;
        start_cut(copy);
    }
    push_window(copy, text);
}

void json_copy_text_end(struct json_copy *copy)
{
    if (copy->cut) {
        shorten_window(copy);
        if (copy->cut_bytes > 0) {
            keep_mark(copy);
            keep(copy, SLICE("…"));
        }
        keep(copy, (struct slice){copy->window, copy->window_length});
    }
    keep(copy, SLICE("\""));
}

/* Numbers */

void json_copy_number_begin(struct json_copy *copy)
{
    copy->window_length = 0;
    copy->cut = false;
}

void json_copy_number(struct json_copy *copy, struct slice digits)
{
    if (!copy->cut && digits.length <= JSON_COPY_NUMBER_MAX - copy->window_length) {
        memcpy(copy->window + copy->window_length, digits.data, digits.length);
        copy->window_length += digits.length;
        return;
    }
    if (!copy->cut) {
        copy->cut = true;
        start_cut(copy);
        leave_out(copy, (struct slice){copy->window, copy->window_length});
    }
    leave_out(copy, digits);
}

void json_copy_number_end(struct json_copy *copy)
{
    if (copy->cut) {
        keep(copy, SLICE("\""));
        keep_mark(copy);
        keep(copy, SLICE("\""));
    } else {
        keep(copy, (struct slice){copy->window, copy->window_length});
    }
}
