/* One request's worth of the archive. */
#ifndef SPANHOOK_EXPORT_BATCH_H
#define SPANHOOK_EXPORT_BATCH_H

#include "store/archive.h"

struct batch {
    struct buffer lines; /* as they stand in the archive, each with its '\n' */
    struct buffer body;  /* the request */
    size_t count;        /* lines; 0: the archive has no more */
    uint64_t spans;      /* in these lines; a line that cannot be read counts as one */
    struct archive_position end; /* behind the last line */
    bool unreadable;     /* the one line of the batch cannot be put into a request; `body` is then of no use */
};

void batch_init(struct batch *batch);
void batch_free(struct batch *batch);

/* Fills the batch with the next lines at `from`: at most `maximum_lines` and about SENDER_BATCH_BYTES. It ends before a line that cannot
 * be put into a request; such a line comes as a batch of its own, marked `unreadable`. False with a reason: the archive could not be read,
 * or no memory. */
bool batch_load(struct batch *batch, int traces_folder, struct archive_position from, size_t maximum_lines, struct error *error);

#endif
