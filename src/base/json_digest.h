/* A digest of what a JSON value means, taken from its text as it comes, in pieces of any size: the order of an object's members, white
 * space and the way a string is escaped make no difference; everything else does. Members that are null count as absent. For telling
 * values apart, not for security (it is made of FNV-1a).
 *
 * The text must be that of one valid value: of anything else the digest is some number, and nothing worse. */
#ifndef SPANHOOK_BASE_JSON_DIGEST_H
#define SPANHOOK_BASE_JSON_DIGEST_H

#include "base/slice.h"

#define JSON_DIGEST_DEPTH_MAX 256

struct json_digest {
    const struct slice *left_out; /* names that count as absent in the outermost object */
    size_t left_out_count;
    bool empty;    /* null, "", {} or [] */
    bool deep;     /* deeper than JSON_DIGEST_DEPTH_MAX: there is no digest */
    unsigned members; /* of the outermost container that count; 1 for anything else */
    uint64_t value;   /* when the whole value has been fed */
    /* private */
    uint64_t scalar; /* of the string or literal being read */
    uint32_t unit, high;
    enum { JSON_DIGEST_BETWEEN, JSON_DIGEST_LITERAL, JSON_DIGEST_STRING, JSON_DIGEST_ESCAPE, JSON_DIGEST_HEX } state;
    unsigned digits, depth;
    bool null, nothing_yet;
    struct json_digest_level {
        uint64_t sum, name;
        bool object, named;
    } levels[JSON_DIGEST_DEPTH_MAX]; /* touched only as deep as the text is */
};

/* `left_out` must outlive the digest. */
void json_digest_begin(struct json_digest *digest, const struct slice *left_out, size_t count);
void json_digest_feed(struct json_digest *digest, struct slice text);
/* All has been fed: `value`, `empty`, `members` and `deep` are final. */
void json_digest_end(struct json_digest *digest);

#endif
