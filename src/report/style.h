/* The few colours that are used, as SGR sequences (ECMA-48) of the 16-colour set, which every theme has made readable. */
#ifndef SPANHOOK_REPORT_STYLE_H
#define SPANHOOK_REPORT_STYLE_H

#include "base/buffer.h"

enum style { STYLE_PLAIN, STYLE_STRONG, STYLE_FAINT, STYLE_BAD, STYLE_UNSURE, STYLE_SKILL, STYLE_TOOL, STYLE_PROMPT };

/* Appends nothing where `colour` is false or the style is plain. */
void style_begin(struct buffer *out, enum style style, bool colour);
void style_end(struct buffer *out, enum style style, bool colour);

#endif
