/* An op that outlives the record it was decoded from. */
#ifndef SPANHOOK_TRACE_OP_KEEP_H
#define SPANHOOK_TRACE_OP_KEEP_H

#include "trace/op.h"

struct op_kept {
    struct op op; /* its strings live in `text`; session, agent, service name and resource attributes are left out */
    char *text;
};

/* False without memory; *kept is then empty. */
bool op_keep(const struct op *op, struct op_kept *kept);
/* Harmless on an empty one. */
void op_kept_free(struct op_kept *kept);

#endif
