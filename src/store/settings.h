/* Settings that are not about a destination, from SPANHOOK_* variables. */
#ifndef SPANHOOK_STORE_SETTINGS_H
#define SPANHOOK_STORE_SETTINGS_H

#include "trace/fold.h"

/* SPANHOOK_ROOT=once, SPANHOOK_NAMES=semconv. */
struct fold_options settings_fold_options(void);
/* SPANHOOK_IDLE_SECONDS (default 1800, at least 1): a session that is quiet so long has ended. In ns. */
uint64_t settings_idle_time(void);
/* SPANHOOK_RELAY_LINGER_SECONDS (default 60): how long a relay stays that has nothing to do. In ns. */
uint64_t settings_relay_linger(void);
/* SPANHOOK_RELAY=off: hooks start no relay; ops wait for the next one, or for flush. */
bool settings_relay_off(void);

#endif
