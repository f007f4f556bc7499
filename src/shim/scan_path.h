/* Which members of a JSON-RPC message the scanner looks at. */
#ifndef SPANHOOK_SHIM_SCAN_PATH_H
#define SPANHOOK_SHIM_SCAN_PATH_H

#include "shim/message.h"

/* Where the scanner is: the containers it enters. */
enum scan_context {
    SCAN_IN_LINE,
    SCAN_IN_BATCH,
    SCAN_IN_MESSAGE,
    SCAN_IN_PARAMS,
    SCAN_IN_META, /* params._meta */
    SCAN_IN_RESULT,
    SCAN_IN_ERROR,
    SCAN_NOWHERE /* a container that is passed over */
};

/* What is done with the value of a member. */
struct scan_path {
    enum scan_context context;
    struct slice key;         /* compared with the raw bytes between the quotes */
    enum mcp_text text;       /* a string or literal is kept there */
    enum mcp_digest digest;   /* of a string or number (of arguments: whatever it is) */
    enum scan_context within; /* what an object is entered as */
};

#define SCAN_KEY_MAX 40 /* bytes of the longest key above */

/* NULL for a member that is passed over. */
const struct scan_path *scan_path_find(enum scan_context context, struct slice key);

#endif
