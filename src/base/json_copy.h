/* The bounded, compact copy that json_scan makes: where text goes that the grammar has accepted, and what is left out of it.
 * Only json_scan uses this; the rules of the copy stand in json_scan.h. */
#ifndef SPANHOOK_BASE_JSON_COPY_H
#define SPANHOOK_BASE_JSON_COPY_H

#include "base/buffer.h"

#define JSON_COPY_HEAD_MAX 16384      /* bytes of a long string kept at its start */
#define JSON_COPY_TAIL_MAX 1024       /* and at its end */
#define JSON_COPY_NUMBER_MAX 1024     /* a number written with more characters is left out */
#define JSON_COPY_MEMBER_BYTES 65536
#define JSON_COPY_MEMBER_ELEMENTS 4096
#define JSON_COPY_MAX (512 * 1024)

struct json_copy {
    struct buffer *out; /* NULL: no copy is made; then only json_copy_init may be called */
    size_t start;       /* length of `out` at the beginning */
    bool truncated;
    unsigned skip_depth; /* the container whose rest is being left out; 0: none */
    /* private */
    bool skip_first;       /* the container holds nothing before that rest */
    bool cut;              /* the current string has filled its head, or the current number is too long */
    uint32_t elements;     /* of the current budget */
    size_t member_start;   /* length of `out` where the current budget began */
    size_t head_length;    /* of the current string */
    size_t window_length;
    uint64_t cut_bytes, cut_hash;
    char window[2 * JSON_COPY_TAIL_MAX]; /* the latest bytes of a string beyond its head; of a number, all */
};

/* A copy that does not fit sets out->failed, and nothing more is appended. */
void json_copy_init(struct json_copy *copy, struct buffer *out);

/* A member of the root object begins (before its key): its own budget starts. */
void json_copy_member(struct json_copy *copy, bool first);
/* Any other element begins in the container at `depth` (1: the root): a value of an array, or a member of an object. False: it is
 * over the budget. Then it and the rest of that container are only to be passed to json_copy_skip, as they come, and then comes
 * json_copy_skip_end before the bracket. */
bool json_copy_element(struct json_copy *copy, unsigned depth, bool first);
void json_copy_skip(struct json_copy *copy, struct slice bytes);
void json_copy_skip_end(struct json_copy *copy, bool object);
/* A bracket, colon or literal. */
void json_copy_token(struct json_copy *copy, struct slice token);

/* A string (or key): begin, text…, end. Each text is well-formed and consists of whole characters and escapes, a surrogate pair being
 * one. */
void json_copy_text_begin(struct json_copy *copy);
void json_copy_text(struct json_copy *copy, struct slice text);
void json_copy_text_end(struct json_copy *copy);

/* A number: begin, digits…, end. */
void json_copy_number_begin(struct json_copy *copy);
void json_copy_number(struct json_copy *copy, struct slice digits);
void json_copy_number_end(struct json_copy *copy);

#endif
