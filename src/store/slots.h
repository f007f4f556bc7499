/* A small value in a file that survives a torn write: two lines of equal length written in turn, in place, each with a sequence number and a CRC.
 * The valid line with the higher sequence counts. In place means: it can be updated on a full disk. */
#ifndef SPANHOOK_STORE_SLOTS_H
#define SPANHOOK_STORE_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#define SLOT_TEXT_MAX 160 /* bytes of the value, NUL included; printable, no newline */

/* False: no file, or neither line is valid. */
bool slots_read(int folder, const char *name, char text[static SLOT_TEXT_MAX], uint64_t *sequence);
/* Writes the other slot with *sequence + 1, and on success raises *sequence. `extra` (may be NULL) is free text kept behind the slots. */
bool slots_write(int folder, const char *name, const char *text, uint64_t *sequence, const char *extra);
/* Where the text behind the slots begins. */
extern const unsigned slots_size;

#endif
