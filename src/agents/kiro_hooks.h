/* Puts hook entries into Kiro's files and takes them out again, as pure functions from text to text. */
#ifndef SPANHOOK_AGENTS_KIRO_HOOKS_H
#define SPANHOOK_AGENTS_KIRO_HOOKS_H

#include "agents/kiro_entry.h"
#include "base/error.h"

/* Appends the text with exactly one entry of ours for each event, other entries untouched. NAME=value words before the program of an
 * entry of ours stay. The text may already be so: then the result is equal to it. */
bool kiro_wire(enum kiro_form form, struct slice text, struct slice command, struct buffer *out, struct error *error);
/* Appends the text without entries of ours. Lists and the "hooks" member that become empty go too, unless `before` (the text before the
 * first installation; empty when unknown) had them. */
bool kiro_unwire(enum kiro_form form, struct slice text, struct slice before, struct buffer *out, struct error *error);

/* Appends our hooks file, whole. */
void kiro_hooks_template(struct buffer *out, struct slice command);

#endif
