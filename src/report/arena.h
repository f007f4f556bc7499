/* Memory that is given out piece by piece and released as a whole, up to a ceiling. */
#ifndef SPANHOOK_REPORT_ARENA_H
#define SPANHOOK_REPORT_ARENA_H

#include "base/slice.h"

struct arena_block;

struct arena {
    struct arena_block *newest;
    size_t used;    /* bytes of all blocks */
    size_t ceiling; /* `used` never passes it */
};

void arena_init(struct arena *arena, size_t ceiling);
void arena_free(struct arena *arena);
/* Aligned for any type; not cleared. NULL if the ceiling is reached or memory is short. */
void *arena_take(struct arena *arena, size_t size);
/* Copies the bytes; *copy is the empty slice for the empty slice. False as above. */
bool arena_copy(struct arena *arena, struct slice text, struct slice *copy);

#endif
