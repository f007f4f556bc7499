/* Passes over a JSON container or string whose inside nobody wants to know, as fast as memory gives it: no tokens, no state but depth
 * and quoting. What is not JSON is passed over all the same; a newline always ends it, as no JSON-RPC line holds one
 * (MCP, basic/transports/stdio). */
#ifndef SPANHOOK_SHIM_SKIP_H
#define SPANHOOK_SHIM_SKIP_H

#include "base/slice.h"

struct skip {
    uint32_t depth; /* open brackets */
    bool in_string;
    bool escaped;   /* the byte before was a backslash that quotes the next */
};

enum skip_result {
    SKIP_MORE,   /* all was taken, and it goes on */
    SKIP_DONE,   /* *taken is behind its last byte */
    SKIP_NEWLINE /* *taken is before a newline: it is broken off */
};

/* Behind the bracket that opened a container. */
static inline void skip_begin_container(struct skip *skip)
{
    *skip = (struct skip){.depth = 1};
}
/* Behind a quote, or anywhere in a string that no escape has been begun in. */
static inline void skip_begin_string(struct skip *skip)
{
    *skip = (struct skip){.in_string = true};
}
enum skip_result skip_feed(struct skip *skip, struct slice text, size_t *taken);

#endif
