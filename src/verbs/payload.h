/* Reading a hook's payload from standard input: bounded in time and memory, to its end. */
#ifndef SPANHOOK_VERBS_PAYLOAD_H
#define SPANHOOK_VERBS_PAYLOAD_H

#include "base/json_scan.h"

#define PAYLOAD_DEADLINE_MS 2000      /* for the whole payload */
#define PAYLOAD_SILENCE_MS 300        /* for its first byte, where USER_PROMPT holds a payload already */
#define PAYLOAD_FIRST_MAX (64 * 1024) /* bytes kept as they came, to tell unparsable payloads apart */

enum payload_state {
    PAYLOAD_COMPLETE, /* one JSON value */
    PAYLOAD_EMPTY,    /* the end came before anything but white space */
    PAYLOAD_SILENT,   /* nothing came in time */
    PAYLOAD_LATE,     /* the end did not come in time */
    PAYLOAD_BAD       /* no JSON, or more of it than is looked at */
};

struct payload {
    struct json_scan scan;
    struct slice first; /* the first PAYLOAD_FIRST_MAX bytes at most */
};

/* Feeds the scan (already begun) from descriptor 0. After the value it goes on reading what is there, so that the agent never sees a broken
 * pipe, but waits for nothing more. */
enum payload_state payload_read(struct payload *payload, unsigned silence_milliseconds);

#endif
