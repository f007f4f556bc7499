/* Starting the relay from a hook, without waiting for it and without leaving it anything of the agent's. */
#ifndef SPANHOOK_VERBS_RELAY_START_H
#define SPANHOOK_VERBS_RELAY_START_H

/* Starts a relay of its own session if none holds the lock and none was started within the last second. */
void relay_start_if_none(int ops_folder);

#endif
