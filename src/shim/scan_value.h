/* What the parts of a message do to a scanner: where it is, and what becomes of the message. Private to the scanner: scan.c finds the
 * parts in the bytes. */
#ifndef SPANHOOK_SHIM_SCAN_VALUE_H
#define SPANHOOK_SHIM_SCAN_VALUE_H

#include "shim/scan.h"

/* The innermost container that has been entered; there must be one. */
struct scan_level *scan_level(struct scan *scan);
enum scan_context scan_context(const struct scan *scan);

void scan_begin_line(struct scan *scan);
/* What is being read is no message. */
void scan_foreign(struct scan *scan);

void scan_enter(struct scan *scan, enum scan_context as);
/* At the bracket of a container that is a value: it is entered, or passed over. */
void scan_open_container(struct scan *scan, bool object);
/* Behind the last byte of a container that was entered. */
void scan_leave(struct scan *scan);

void scan_begin_key(struct scan *scan);
void scan_end_key(struct scan *scan);
/* A string or literal begins. */
void scan_begin_value(struct scan *scan, bool quoted);
/* Bytes of a value, for its digest and for the text that is kept of it. */
void scan_digest_bytes(struct scan *scan, struct slice bytes);
void scan_keep_bytes(struct scan *scan, struct slice bytes);
/* Behind the last byte of a value that was not entered. */
void scan_end_value(struct scan *scan);

#endif
