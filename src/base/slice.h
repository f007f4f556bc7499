/* A view of bytes that somebody else owns. Never zero-terminated by contract. */
#ifndef SPANHOOK_BASE_SLICE_H
#define SPANHOOK_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
    const char *data; /* may be NULL when length is 0 */
    size_t length;    /* bytes */
};

#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})

/* The bytes of a zero-terminated string; NULL gives the empty slice. */
struct slice slice_of(const char *text);

bool slice_equal(struct slice a, struct slice b);
/* ASCII letters compare without case; every other byte as it is. */
bool slice_equal_ignoring_case(struct slice a, struct slice b);
bool slice_starts_with(struct slice whole, struct slice prefix);
bool slice_ends_with(struct slice whole, struct slice suffix);

/* First occurrence of needle at or after `from`; false if there is none. An empty needle is found at `from`. */
bool slice_find(struct slice whole, struct slice needle, size_t from, size_t *position);

/* The part [from, from + length), clipped to what there is. */
struct slice slice_part(struct slice whole, size_t from, size_t length);

/* Of a path the part behind the last '/', all of it where there is none. */
struct slice slice_base_name(struct slice path);

/* Without blanks, tabs, CR and LF at both ends. */
struct slice slice_trim(struct slice whole);

/* Decimal digits only, nothing else, no overflow; false leaves *value alone. */
bool slice_to_u64(struct slice digits, uint64_t *value);
/* Hex digits only (both cases), at most 16 of them; false leaves *value alone. */
bool slice_hex_to_u64(struct slice digits, uint64_t *value);

#endif
