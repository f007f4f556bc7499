/* Processes above this one, with an identity that stays theirs: "pid-<pid>-<start time>-<boot>". Start time and boot id make it unique over
 * reuse of pids and reboots. From Linux's /proc (proc(5)); without it there is little to know. */
#ifndef SPANHOOK_BASE_PROCESS_H
#define SPANHOOK_BASE_PROCESS_H

#include "base/buffer.h"

#include <sys/types.h>

#define PROCESS_ANCESTORS_MAX 16
#define PROCESS_IDENTITY_MAX 64 /* with the terminating zero */

/* The process of the agent that runs us, as an identity for agents that give none to their sessions: the nearest ancestor that is not a
 * shell (agents start hooks through `bash -c`). Appended. Without /proc: the parent's pid and session alone. */
void process_agent_identity(struct buffer *out);

struct process_ancestor {
    char identity[PROCESS_IDENTITY_MAX];
    bool shell; /* a shell, or what else only runs another program */
    uint64_t started; /* ns since boot, to 10 ms */
};
/* The process `from` and those above it, nearest first; how many. Process 1, which may be above everybody, only where it is `from`. */
size_t process_ancestors(pid_t from, struct process_ancestor ancestors[static PROCESS_ANCESTORS_MAX]);

#endif
