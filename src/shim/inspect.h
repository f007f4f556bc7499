/* --inspect: a line on the standard error for each message as it passes, for people who look into a server. */
#ifndef SPANHOOK_SHIM_INSPECT_H
#define SPANHOOK_SHIM_INSPECT_H

#include "shim/message.h"

#define INSPECT_OPEN_MAX 64 /* requests whose answers are named */

struct inspect {
    uint64_t begun; /* ns since 1970 */
    unsigned left_out;
    struct inspect_request {
        enum mcp_direction direction;
        uint64_t id, begun; /* 0: free */
        char what[96];
    } open[INSPECT_OPEN_MAX];
    unsigned next;
};

void inspect_init(struct inspect *inspect, uint64_t now);
/* Never waits: a line that the standard error has no room for is left out, and the next one says so. */
void inspect_message(struct inspect *inspect, const struct mcp_message *message);

#endif
