/* Text that others wrote, for places where bytes are obeyed: terminals, logs. */
#ifndef SPANHOOK_BASE_HARMLESS_H
#define SPANHOOK_BASE_HARMLESS_H

#include "base/buffer.h"

/* Appends as much of `text` as fits into `room` bytes, whole characters only; controls (C0, C1, DEL), line separators, what changes the
 * direction of writing and malformed UTF-8 become '?'. */
void harmless_append(struct buffer *out, struct slice text, size_t room);

#endif
