/* The process of the agent that runs us, as an identity for agents that give none to their sessions. */
#ifndef SPANHOOK_AGENTS_PROCESS_H
#define SPANHOOK_AGENTS_PROCESS_H

#include "base/buffer.h"

/* Appends "pid-<pid>-<start time>-<boot>" of the nearest ancestor that is not a shell (reference: agents start hooks through
 * `bash -c`). Start time and boot id make it unique over reuse of pids and reboots. Without /proc: the parent's pid and session alone. */
void agent_process_identity(struct buffer *out);

#endif
