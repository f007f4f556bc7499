/* JSON's character-level rules (RFC 8259), shared by the validator and the reader. */
#ifndef SPANHOOK_BASE_JSON_GRAMMAR_H
#define SPANHOOK_BASE_JSON_GRAMMAR_H

#include "base/slice.h"

static inline bool json_is_white(char c)
{
    return (uint8_t)c <= ' ' && (c == ' ' || c == '\n' || c == '\t' || c == '\r');
}

/* Length of the leading part of a string's text that stands for itself and is well-formed: no quote, backslash, control character
 * or malformed UTF-8. */
size_t json_plain_length(struct slice text);

/* The same with escapes that are valid and whole, and of which surrogates stand in pairs. */
size_t json_sound_length(struct slice text);

static inline bool json_is_high_surrogate(uint32_t unit)
{
    return unit >= 0xd800 && unit <= 0xdbff;
}
static inline bool json_is_low_surrogate(uint32_t unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}
static inline uint32_t json_join_surrogates(uint32_t high, uint32_t low)
{
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* The code unit of the \uXXXX at `position` of `text`, if a whole one stands there. */
bool json_hex_escape(struct slice text, size_t position, uint32_t *unit);

/* The character that the escape \<letter> stands for; false for 'u' and for what is no escape. */
static inline bool json_escape_meaning(char letter, char *meaning)
{
    switch (letter) {
    case '"':
    case '\\':
    case '/':
        *meaning = letter;
        return true;
    case 'b':
        *meaning = '\b';
        return true;
    case 'f':
        *meaning = '\f';
        return true;
    case 'n':
        *meaning = '\n';
        return true;
    case 'r':
        *meaning = '\r';
        return true;
    case 't':
        *meaning = '\t';
        return true;
    default:
        return false;
    }
}

/* 0 to 15, or -1. */
static inline int json_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* How far a number has been read. */
enum json_number {
    JSON_NUMBER_START,
    JSON_NUMBER_AT_WHOLE,
    JSON_NUMBER_IN_ZERO,
    JSON_NUMBER_IN_WHOLE,
    JSON_NUMBER_AT_FRACTION,
    JSON_NUMBER_IN_FRACTION,
    JSON_NUMBER_AT_EXPONENT_SIGN,
    JSON_NUMBER_AT_EXPONENT,
    JSON_NUMBER_IN_EXPONENT
};
/* Length of the leading part of `text` that continues the number; *state follows. What comes after does not belong to it. */
size_t json_number_run(struct slice text, enum json_number *state);
/* Whether it may end here. */
static inline bool json_number_is_complete(enum json_number state)
{
    return state == JSON_NUMBER_IN_ZERO || state == JSON_NUMBER_IN_WHOLE || state == JSON_NUMBER_IN_FRACTION ||
           state == JSON_NUMBER_IN_EXPONENT;
}

#endif
