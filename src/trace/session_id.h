/* A session's id as ops have it, whoever writes them: valid UTF-8 of at most OP_SESSION_ID_MAX bytes. */
#ifndef SPANHOOK_TRACE_SESSION_ID_H
#define SPANHOOK_TRACE_SESSION_ID_H

#include "trace/op.h"

/* Appends an id that came from outside: malformed UTF-8 becomes U+FFFD; of an id that is too long the end gives way to a digest of the
 * whole, so that two that begin alike stay two. */
struct slice session_id_append(struct buffer *out, struct slice id);

#endif
