/* One line of text that is replaced in place and survives a torn write: two slots of SLOT_SIZE bytes at the start of a file, written in
 * turn. A slot is a sequence number (16 hex), the text padded with blanks, a CRC-32C (8 hex) and '\n'. Of the valid ones the one
 * with the higher sequence counts; its parity says which slot it stands in. */
#ifndef SPANHOOK_STORE_SLOTS_H
#define SPANHOOK_STORE_SLOTS_H

#include "base/slice.h"

#define SLOT_SIZE 256
#define SLOTS_SIZE (2 * SLOT_SIZE)
#define SLOT_TEXT_MAX (SLOT_SIZE - 17 - 10)

struct slot {
    uint64_t sequence; /* 0: there is none */
    struct slice text; /* without the padding; points into the data it was found in */
};

/* Finds the slot that counts in the start of the file; `data` may be shorter than SLOTS_SIZE. */
struct slot slots_find(struct slice data);
/* Writes `text` (no longer than SLOT_TEXT_MAX, not ending in a blank) as slot number `sequence` (not 0). False: not stored. */
bool slots_write(int descriptor, uint64_t sequence, struct slice text);

/* Cuts the next blank-separated decimal number off the text. False if there is none. */
bool slot_take_number(struct slice *text, uint64_t *value);

#endif
