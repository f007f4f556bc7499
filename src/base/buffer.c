#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 256, FORMAT_MAX = 4096 };

void buffer_init(struct buffer *buffer, size_t ceiling)
{
    *buffer = (struct buffer){.ceiling = ceiling};
}

void buffer_init_fixed(struct buffer *buffer, char *storage, size_t size)
{
    *buffer = (struct buffer){.data = storage, .capacity = size, .ceiling = size, .fixed = true};
}

void buffer_free(struct buffer *buffer)
{
    if (buffer->fixed) {
        buffer_clear(buffer);
        return;
    }
    free(buffer->data);
    *buffer = (struct buffer){.ceiling = buffer->ceiling};
}

void buffer_clear(struct buffer *buffer)
{
    buffer->length = 0;
    buffer->failed = false;
}

/* Heap storage of at least `needed` bytes. It may be one byte larger than the ceiling: the terminator of buffer_text. */
static bool grow(struct buffer *buffer, size_t needed)
{
    if (buffer->fixed)
        return false;
    const size_t most = buffer->ceiling < SIZE_MAX ? buffer->ceiling + 1 : SIZE_MAX;
    size_t capacity = buffer->capacity < FIRST_CAPACITY ? FIRST_CAPACITY : buffer->capacity;
    while (capacity < needed)
        capacity = capacity > most / 2 ? most : capacity * 2;
    if (capacity > most)
        capacity = most;
    char *data = realloc(buffer->data, capacity);
    if (!data)
        return false;
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

bool buffer_reserve(struct buffer *buffer, size_t extra)
{
    if (buffer->failed)
        return false;
    if (extra > buffer->ceiling - buffer->length) {
        buffer->failed = true;
        return false;
    }
    const size_t needed = buffer->length + extra;
    if (needed > buffer->capacity && !grow(buffer, needed)) {
        buffer->failed = true;
        return false;
    }
    return true;
}

void buffer_append(struct buffer *buffer, const void *data, size_t length)
{
    if (length == 0 || !buffer_reserve(buffer, length))
        return;
    memcpy(buffer->data + buffer->length, data, length);
    buffer->length += length;
}

void buffer_append_slice(struct buffer *buffer, struct slice slice)
{
    buffer_append(buffer, slice.data, slice.length);
}

void buffer_append_text(struct buffer *buffer, const char *text)
{
    buffer_append_slice(buffer, slice_of(text));
}

void buffer_append_byte(struct buffer *buffer, char byte)
{
    buffer_append(buffer, &byte, 1);
}

void buffer_append_u64(struct buffer *buffer, uint64_t value)
{
    char digits[20];
    size_t start = sizeof digits;
    do {
        digits[--start] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    buffer_append(buffer, digits + start, sizeof digits - start);
}

void buffer_append_i64(struct buffer *buffer, int64_t value)
{
    /* Room for all of it first: a sign without its digits must not stay behind. */
    char storage[21];
    struct buffer text;
    buffer_init_fixed(&text, storage, sizeof storage);
    if (value < 0)
        buffer_append_byte(&text, '-');
    buffer_append_u64(&text, value < 0 ? UINT64_C(0) - (uint64_t)value : (uint64_t)value);
    buffer_append_slice(buffer, buffer_slice(&text));
}

void buffer_append_hex(struct buffer *buffer, const uint8_t *bytes, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    if (length > SIZE_MAX / 2) {
        buffer->failed = true;
        return;
    }
    if (!buffer_reserve(buffer, length * 2))
        return;
    for (size_t i = 0; i < length; i++) {
        buffer->data[buffer->length++] = digits[bytes[i] >> 4];
        buffer->data[buffer->length++] = digits[bytes[i] & 15];
    }
}

void buffer_append_format(struct buffer *buffer, const char *format, ...)
{
    char text[FORMAT_MAX + 1];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length < 0 || length > FORMAT_MAX)
        buffer->failed = true;
    else
        buffer_append(buffer, text, (size_t)length);
}

void buffer_consume(struct buffer *buffer, size_t count)
{
    if (count >= buffer->length) {
        buffer->length = 0;
        return;
    }
    if (count == 0)
        return;
    buffer->length -= count;
    memmove(buffer->data, buffer->data + count, buffer->length);
}

struct slice buffer_slice(const struct buffer *buffer)
{
    return (struct slice){buffer->data, buffer->length};
}

const char *buffer_text(struct buffer *buffer)
{
    if (buffer->failed || (buffer->length == buffer->capacity && !grow(buffer, buffer->length + 1)))
        return NULL;
    buffer->data[buffer->length] = '\0';
    return buffer->data;
}
