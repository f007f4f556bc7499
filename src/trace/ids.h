/* Trace and span ids. */
#ifndef SPANHOOK_TRACE_IDS_H
#define SPANHOOK_TRACE_IDS_H

#include "trace/span.h"

/* A new span id from the system's random source, never all zero. False when that source was not available and the id comes from
 * a hash of time, process and `salt` instead. */
bool span_id_new(uint64_t salt, char id[static SPAN_ID_HEX + 1]);
/* The id of a span that has no op of its own, derived from another's: same input, same id, different from it. */
void span_id_derive(const char from[static SPAN_ID_HEX + 1], uint64_t purpose, char id[static SPAN_ID_HEX + 1]);
/* 8 hex of the epoch second, then the first 24 hex of SHA-256(session id). */
void trace_id_make(uint32_t epoch_second, struct slice session_id, char id[static TRACE_ID_HEX + 1]);
/* Exactly `digits` lower-case hex digits, not all zero. */
bool id_valid(struct slice text, size_t digits);

#endif
