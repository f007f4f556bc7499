/* Words of a POSIX shell command line (POSIX.1-2017 XCU 2.2), as far as a hook command needs them. Agents run hook commands through a
 * shell, so the path of the binary must survive it unchanged. */
#ifndef SPANHOOK_AGENTS_SHELL_WORD_H
#define SPANHOOK_AGENTS_SHELL_WORD_H

#include "base/buffer.h"

/* True if the shell would take `word` for something else than these very characters. */
bool shell_needs_quotes(struct slice word);
/* Appends `word` so that the shell reads exactly it: as it stands, or in single quotes. */
void shell_append_word(struct buffer *out, struct slice word);

/* Reads the next word at *position and moves *position behind it; *start is where it begins. The quotes are taken off. False: no
 * word is left, a quote is open, or an operator such as '|' or ';' stands there. */
bool shell_next_word(struct slice command, size_t *position, size_t *start, struct buffer *word);

#endif
