/* What the parts of the validator share: its states and the ends of values. Only json_scan*.c use this.
 *
 * Each take_… function takes bytes from `at` on, where there is at least one, and returns where it has stopped. It may stop where
 * it began if the state has changed. */
#ifndef SPANHOOK_BASE_JSON_SCAN_STATE_H
#define SPANHOOK_BASE_JSON_SCAN_STATE_H

#include "base/json_scan.h"

enum json_scan_state {
    AT_ROOT,         /* the one value is awaited */
    AT_ARRAY_FIRST,  /* a value or ']' */
    AT_ARRAY_NEXT,   /* a value */
    AT_OBJECT_FIRST, /* a key or '}' */
    AT_OBJECT_NEXT,  /* a key */
    AT_COLON,
    AT_MEMBER_VALUE,
    AFTER_VALUE, /* ',' or the end of the container */
    AFTER_ROOT,
    IN_STRING,
    IN_ESCAPE, /* after the backslash */
    IN_HEX,    /* after \u */
    IN_NUMBER,
    IN_LITERAL
};

/* `at`: the byte that is refused. */
static inline const char *refuse(struct json_scan *scan, enum json_scan_result result, const char *at)
{
    scan->result = result;
    return at;
}

static inline uint64_t position(const struct json_scan *scan, const char *at)
{
    return scan->bytes + (uint64_t)(at - scan->piece.data);
}

static inline bool in_object(const struct json_scan *scan)
{
    return scan->objects[scan->depth - 1];
}

/* `at`: behind the value. */
static inline void end_value(struct json_scan *scan, const char *at)
{
    if (scan->depth == 0) {
        scan->state = AFTER_ROOT;
        scan->result = JSON_SCAN_DONE;
        return;
    }
    scan->state = AFTER_VALUE;
    if (scan->depth == 1 && scan->member_count > 0)
        scan->members[scan->member_count - 1].size = position(scan, at) - scan->value_start;
}

/* json_scan_skim.c: what is plain in text that is not copied, up to the first thing that is not (an escape, an error, the end of what is
 * left out); the other functions go on there. Saves them most of the work in large payloads. For states before IN_STRING; may
 * take nothing. */
const char *json_scan_skim(struct json_scan *scan, const char *at, const char *end);

/* json_scan_string.c: states IN_STRING, IN_ESCAPE and IN_HEX. */
const char *json_scan_take_string(struct json_scan *scan, const char *at, const char *end);
const char *json_scan_take_escape(struct json_scan *scan, const char *at);
const char *json_scan_take_hex(struct json_scan *scan, const char *at);

#endif
