/* The difference of two texts, line by line, as people know it from diff -u: for showing what an installation would change. */
#ifndef SPANHOOK_AGENTS_TEXT_DIFF_H
#define SPANHOOK_AGENTS_TEXT_DIFF_H

#include "base/buffer.h"

/* Appends hunks with three lines of context, nothing when the texts are equal. Long changed stretches (more than TEXT_DIFF_LINES_MAX lines
 * a side) are shown as taken out and put in whole. A missing newline at the end is said. */
#define TEXT_DIFF_LINES_MAX 2000
void text_diff(struct buffer *out, struct slice before, struct slice after);

#endif
