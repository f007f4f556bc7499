/* Text of unknown origin for a terminal: nothing in it can steer the terminal or reorder what stands around it, and its width is known.
 *
 * Written as visible escapes: control characters (\n, \t, \r, \x1b; the C1 ones as \u009b), bytes that are no UTF-8 (\x9b), bidirectional
 * controls, line and paragraph separators, invisible format and tag characters (\u202e, \U000e0041). Without `unicode` everything that
 * is not ASCII. */
#ifndef SPANHOOK_REPORT_SCREEN_TEXT_H
#define SPANHOOK_REPORT_SCREEN_TEXT_H

#include "base/buffer.h"

/* Appends the text in at most `columns` columns; what does not fit is cut, never within a character, and the end says so ("…", or "..."
 * without `unicode`). Returns the columns taken. */
size_t screen_text_append(struct buffer *out, struct slice text, size_t columns, bool unicode);
/* The columns that the whole text takes; counting stops at `limit`. */
size_t screen_text_width(struct slice text, size_t limit, bool unicode);

#endif
