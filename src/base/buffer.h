/* A growing byte buffer with a mandatory ceiling and a sticky failure flag, so that a writer appends freely and
 * checks once at the end. An append that does not fit, or for which there is no memory, appends nothing and sets
 * `failed`; every later append is then a no-op. */
#ifndef SPANHOOK_BASE_BUFFER_H
#define SPANHOOK_BASE_BUFFER_H

#include "base/slice.h"

struct buffer {
    char *data;
    size_t length;
    size_t capacity;
    size_t ceiling; /* length never exceeds it */
    bool fixed;     /* storage belongs to the caller */
    bool failed;
};

/* Heap storage, allocated on first use; release with buffer_free. */
void buffer_init(struct buffer *buffer, size_t ceiling);
/* The caller's storage of `size` bytes; never allocates, buffer_free is then harmless. */
void buffer_init_fixed(struct buffer *buffer, char *storage, size_t size);
void buffer_free(struct buffer *buffer);
/* Empties it and clears `failed`; keeps the storage. */
void buffer_clear(struct buffer *buffer);

/* Makes room for `extra` more bytes; false (and failed) if that passes the ceiling or memory is short. */
bool buffer_reserve(struct buffer *buffer, size_t extra);
void buffer_append(struct buffer *buffer, const void *data, size_t length);
void buffer_append_slice(struct buffer *buffer, struct slice slice);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_append_byte(struct buffer *buffer, char byte);
void buffer_append_u64(struct buffer *buffer, uint64_t value);
void buffer_append_i64(struct buffer *buffer, int64_t value);
/* Lower-case hex of `length` bytes. */
void buffer_append_hex(struct buffer *buffer, const uint8_t *bytes, size_t length);
/* printf into the buffer; the result of one call is at most 4 KiB, a longer one fails. */
void buffer_append_format(struct buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Drops the first `count` bytes (count <= length). */
void buffer_consume(struct buffer *buffer, size_t count);
struct slice buffer_slice(const struct buffer *buffer);
/* A zero-terminated view, valid until the next change; NULL if the buffer failed or has no room for the terminator (only fixed
 * storage can lack that room), so that a name cut short is never taken for the whole one. */
const char *buffer_text(struct buffer *buffer);

#endif
