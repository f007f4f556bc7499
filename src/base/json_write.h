/* Writing JSON text into a buffer. Output has no raw byte below 0x20 and is always valid UTF-8. */
#ifndef SPANHOOK_BASE_JSON_WRITE_H
#define SPANHOOK_BASE_JSON_WRITE_H

#include "base/buffer.h"

/* With quotes. Escapes '"', '\\', bytes below 0x20 and 0x7f; malformed UTF-8 becomes U+FFFD. */
void json_write_string(struct buffer *buffer, struct slice text);
/* Shortest decimal that reads back the same; NaN and infinities as the strings of the proto3 JSON mapping. */
void json_write_double(struct buffer *buffer, double value);
void json_write_bool(struct buffer *buffer, bool value);

#endif
