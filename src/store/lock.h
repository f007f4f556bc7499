/* The relay lock: whoever holds ops/relay.lock (flock, exclusive) folds, archives and sends; nobody else does. */
#ifndef SPANHOOK_STORE_LOCK_H
#define SPANHOOK_STORE_LOCK_H

#include <stdbool.h>

enum lock_state {
    LOCK_FREE,    /* nobody holds it */
    LOCK_HELD,    /* a relay runs */
    LOCK_FRESH,   /* free, but a relay took it less than a second ago and has not released it: it was killed, or keeps failing */
    LOCK_UNKNOWN  /* could not be looked at */
};

/* Looks without waiting; four system calls. */
enum lock_state relay_lock_look(int ops_folder);
/* Takes it: tries for at most `patience_milliseconds` (lookers hold it for microseconds). A descriptor that holds the lock until closed,
 * or -1. */
int relay_lock_take(int ops_folder, unsigned patience_milliseconds);
/* Closes it and says that all went well: the lock is then LOCK_FREE at once. A mere close leaves LOCK_FRESH for the rest of the second
 * after the take, and whoever looks in that time starts no relay. -1 is allowed. */
void relay_lock_release(int lock);

/* A hand-over: somebody (spanhook flush) wants the lock now. The relay that sees it ends itself. */
bool relay_nudge(int ops_folder);
/* True once per nudge. */
bool relay_nudged(int ops_folder);

#endif
