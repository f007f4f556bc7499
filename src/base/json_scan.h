/* A streaming JSON validator (RFC 8259) that can make a bounded, compact copy of what passes through.
 *
 * Text of any size goes through in constant memory. It is refused when it is not exactly one JSON value: bad
 * grammar, raw control characters in strings, a NUL byte, a BOM, bad numbers or escapes, anything but white space after the value.
 * Malformed UTF-8 and lone surrogate escapes inside strings are not refused: they become U+FFFD in the copy and are counted.
 * How the text is cut into pieces changes nothing in the result, the counts or the copy.
 *
 * The copy is valid compact JSON again, small enough for jsmn:
 *  - a string longer than head + tail bytes keeps that much of its ends, with "…cut N bytes, HASH…" in between;
 *  - when the value of one top-level member passes its byte or element budget, the rest of each container still open is left
 *    out and replaced by one last element "…cut N bytes, HASH" (in objects under the key "…"); a root that is no object has one
 *    budget for the whole;
 *  - a number of more than JSON_COPY_NUMBER_MAX characters becomes the string "…cut N bytes, HASH".
 * A cut never falls inside a character or an escape. N and HASH, the 64-bit FNV-1a, are of the bytes left out, so that a digest of the
 * copy still tells two long inputs apart. */
#ifndef SPANHOOK_BASE_JSON_SCAN_H
#define SPANHOOK_BASE_JSON_SCAN_H

#include "base/json_copy.h"
#include "base/json_grammar.h"

#define JSON_DEPTH_MAX 256          /* deeper is refused */
#define JSON_SCAN_REPLACED_MAX 131072 /* more malformed sequences than this are no text: refused */
#define JSON_SCAN_MEMBERS_MAX 64    /* more top-level members than this are refused when copying */
#define JSON_SCAN_NAME_MAX 32       /* top-level names longer than this (or with U+0000) have no recorded size */
#define JSON_SCAN_HEAD_MAX JSON_COPY_HEAD_MAX
#define JSON_SCAN_TAIL_MAX JSON_COPY_TAIL_MAX
#define JSON_SCAN_MEMBER_BYTES JSON_COPY_MEMBER_BYTES
#define JSON_SCAN_MEMBER_ELEMENTS JSON_COPY_MEMBER_ELEMENTS
#define JSON_SCAN_COPY_MAX JSON_COPY_MAX /* the copy of an accepted text never passes it; give the buffer this ceiling */

enum json_scan_result {
    JSON_SCAN_MORE,     /* valid so far, not complete */
    JSON_SCAN_DONE,     /* one complete value */
    JSON_SCAN_BAD,      /* not JSON */
    JSON_SCAN_TOO_DEEP, /* beyond JSON_DEPTH_MAX */
    JSON_SCAN_TOO_MANY  /* too many top-level members, or the copy does not fit */
};

struct json_scan_member {
    char name[JSON_SCAN_NAME_MAX + 1]; /* decoded; "" where it has no recorded size */
    uint64_t size;                     /* bytes of the value as it came, white space inside included */
};

struct json_scan {
    /* Read by callers. While a piece is being fed, or of a text refused as TOO_MANY, the numbers mean little. */
    uint64_t bytes;    /* consumed so far; of a refused text, those before the byte that it was refused for */
    uint64_t replaced; /* malformed UTF-8 sequences and lone surrogates */
    bool truncated;    /* the copy leaves something out */
    struct json_scan_member members[JSON_SCAN_MEMBERS_MAX]; /* in order, duplicates included; only when copying */
    unsigned member_count;
    /* private */
    enum json_scan_result result;
    unsigned state;
    bool in_key, in_name; /* in_name: in the key of a top-level member, which is recorded */
    bool copying;         /* false also while the rest of a container is being left out */
    unsigned depth;
    bool objects[JSON_DEPTH_MAX]; /* for each open container, whether it is one */
    uint64_t value_start;                /* of the top-level member */
    unsigned name_length;
    enum json_number number_state;
    uint8_t literal, literal_position, hex_digits;
    uint32_t code_unit, high_surrogate; /* the escape being read; a high surrogate waiting for its other half, or 0 */
    char escape[12];                    /* both as they came */
    char partial[4];                    /* a UTF-8 sequence cut by the end of a piece */
    size_t partial_length;
    struct slice piece;    /* what is being fed; `bytes` is where it begins */
    const char *skip_from; /* in it, what is left out and not yet counted */
    struct json_copy copy;
};

/* `copy` may be NULL: validate only. It is appended to and must outlive the scan; when the text is refused, what has been appended
 * is of no use. */
void json_scan_init(struct json_scan *scan, struct buffer *copy);
/* Takes the next piece. After DONE only white space may follow (anything else turns the result into BAD).
 * The result is sticky once it is neither MORE nor DONE. A bare number is complete only when something follows it, or at the end. */
enum json_scan_result json_scan_feed(struct json_scan *scan, struct slice piece);
/* The end of input: DONE, or BAD when the value is incomplete. */
enum json_scan_result json_scan_end(struct json_scan *scan);
/* Size as it came of the last top-level member of that name; 0 if there was none, or its name has no recorded size. */
uint64_t json_scan_member_size(const struct json_scan *scan, const char *name);

/* Whole text at once, without a copy. */
bool json_valid(struct slice text);

#endif
