/* The key of a tool call's input, by which the events of one call find each other: the hook makes it of the payload, the MCP shim of what
 * passes through it, both from the same text. */
#ifndef SPANHOOK_TRACE_INPUT_KEY_H
#define SPANHOOK_TRACE_INPUT_KEY_H

#include "base/json_digest.h"

#define INPUT_KEY_NOTHING 1 /* there is an input, but nothing in it that counts */

/* A digest of the input's meaning, in pieces: begin, feed…, end. The order of members does not matter; null members and those that change
 * between the two events of one call (__tool_use_purpose, cwd, description, timeout) are left out. */
void input_key_begin(struct json_digest *digest);
/* The key of what was fed: 0 for an empty input ({}, [], "", null) and for one that is nested too deeply. */
uint64_t input_key_end(struct json_digest *digest);

#endif
