/* A streaming, shallow scanner of JSON-RPC lines: bytes in, in pieces of any size, and out comes what each message is (struct mcp_message).
 * No tokens, no copies but of a few short texts, no memory but this struct, whatever the size of a message.
 *
 * It is no validator. Of a line that is valid JSON it sees what a parser would see, but for keys that are written with escapes, which are
 * no keys to it. Any other line is foreign, or taken for what it looks like. A newline ends every line, wherever it stands. */
#ifndef SPANHOOK_SHIM_SCAN_H
#define SPANHOOK_SHIM_SCAN_H

#include "base/json_digest.h"
#include "shim/scan_path.h"
#include "shim/skip.h"

#define SCAN_LEVELS_MAX 5
#define SCAN_ARGUMENTS_MAX ((size_t)64 * 1024) /* bytes of arguments that a key is made of; beyond, there is none */

enum scan_result {
    SCAN_MORE,    /* all was taken */
    SCAN_LINE,    /* a line ended; *taken is behind its newline. scan->message is what it was: foreign also for a batch */
    SCAN_ELEMENT, /* a message of a batch ended: scan->message */
    /* Only with `stops`; *taken is: */
    SCAN_META_END,          /* before the '}' of params._meta */
    SCAN_PARAMS_END,        /* before the '}' of params */
    SCAN_TRACEPARENT_BEGIN, /* before the '"' of params._meta.traceparent */
    SCAN_TRACEPARENT_END    /* behind the closing '"' of it */
};

struct scan {
    /* Set by the caller. */
    bool stops;
    uint64_t time, since_boot; /* of the bytes that are fed next */
    /* For the caller. */
    struct mcp_message message;
    bool in_line;       /* one has begun and not ended */
    bool is_batch;      /* the line is one */
    bool has_method;    /* so far; a message's method is complete */
    bool is_answer;     /* it has a result or an error, so far */
    bool has_meta;      /* params has a member _meta */
    bool has_traceparent;
    bool container_empty;        /* at SCAN_META_END, SCAN_PARAMS_END: there is no member in it */
    bool key_escaped;            /* at SCAN_META_END, SCAN_PARAMS_END: a key in it has an escape, and may be any name */
    /* private */
    enum scan_state {
        SCAN_AT_START,
        SCAN_AT_KEY,
        SCAN_IN_KEY,
        SCAN_AT_COLON,
        SCAN_AT_VALUE,
        SCAN_IN_STRING,
        SCAN_IN_LITERAL,
        SCAN_IN_CONTAINER,
        SCAN_BEHIND_VALUE,
        SCAN_AT_END,
        SCAN_IN_FOREIGN
    } state;
    struct scan_level {
        enum scan_context context;
        bool empty, escaped;
    } levels[SCAN_LEVELS_MAX];
    unsigned depth;
    bool stopped;       /* the caller has had its stop here */
    bool in_escape;
    bool has_id, digesting, digest_cut, last_was_return, complete;
    const struct scan_path *path; /* of the value being read; NULL: passed over */
    size_t arguments_size;
    uint64_t line_size, element_start;
    struct skip skip;
    struct json_digest digest;
    char key[SCAN_KEY_MAX];
    unsigned key_length;
    bool key_cut;
};

void scan_init(struct scan *scan, enum mcp_direction direction);
/* Takes bytes up to the next thing to tell of; call again with the rest. */
enum scan_result scan_feed(struct scan *scan, struct slice text, size_t *taken);
/* No more bytes come. True if a line had begun: then as after SCAN_LINE. */
bool scan_end(struct scan *scan);

#endif
