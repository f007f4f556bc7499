/* UTF-8 as Unicode 15, table 3-7 defines it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef SPANHOOK_BASE_UTF8_H
#define SPANHOOK_BASE_UTF8_H

#include "base/buffer.h"

#define UTF8_REPLACEMENT UINT32_C(0xfffd)

/* Length 1 to 4 of the well-formed sequence at the start of `text`, or 0 (empty or malformed).
 * *code_point is set on success; NULL is allowed. */
size_t utf8_decode(struct slice text, uint32_t *code_point);
/* Length of the maximal malformed part at the start of `text` (Unicode 15, section 3.9): what one U+FFFD stands for. 0 when a
 * well-formed sequence stands there, or nothing. */
size_t utf8_malformed(struct slice text);
/* Whether `text` is the beginning of a well-formed sequence that only lacks its last bytes. */
bool utf8_is_partial(struct slice text);
/* Length of the leading part that consists of malformed parts, at most `most` of them; *parts is how many. A beginning of a
 * sequence at the end of `text` (utf8_is_partial) is not part of it. */
size_t utf8_malformed_run(struct slice text, size_t most, size_t *parts);
/* Length of the leading part that consists of well-formed sequences of two bytes and more. */
size_t utf8_multibyte_run(struct slice text);
/* Appends the encoding; anything that is no scalar value becomes U+FFFD. */
void utf8_append(struct buffer *buffer, uint32_t code_point);
/* The longest prefix of at most `characters` code points; malformed bytes count as one each. Never half a sequence. */
struct slice utf8_prefix(struct slice text, size_t characters);
size_t utf8_count(struct slice text);
/* Appends `text` with each maximal malformed part replaced by U+FFFD. Returns how many were replaced. */
size_t utf8_append_repaired(struct buffer *buffer, struct slice text);

#endif
