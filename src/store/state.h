/* Where spanhook keeps its files: $SPANHOOK_HOME, else $XDG_STATE_HOME/spanhook, else $HOME/.local/state/spanhook, and only where none
 * of these can be used $XDG_RUNTIME_DIR/spanhook. Never a shared temporary folder. A relative path counts as unset.
 *
 * Layout: ops/<key>.log (op logs), ops/<key>.pos (how far each is archived), ops/relay.lock, ops/counters, traces/YYYY-MM-DD[.n].jsonl
 * (archive), cursors/<hash> (one a destination), rejected/ (what a destination refused for good), ops/spanhook.log (spanhook's own log).
 *
 * Folders are 0700 and files 0600; a folder that is a symlink, of another owner, or writable by others is refused. */
#ifndef SPANHOOK_STORE_STATE_H
#define SPANHOOK_STORE_STATE_H

#include "base/error.h"
#include "base/slice.h"

#include <limits.h>
#include <sys/stat.h>

#define STATE_LOG_NAME "spanhook.log" /* below ops/ */

enum state_folder { STATE_OPS, STATE_TRACES, STATE_CURSORS, STATE_REJECTED, STATE_FOLDERS };

struct state {
    char path[PATH_MAX];        /* the state folder, absolute, zero-terminated */
    int folders[STATE_FOLDERS]; /* descriptors above 2, close-on-exec; -1 where not opened */
};

/* Finds the folder's path only; no system call but none. False: no usable variable. */
bool state_locate(struct state *state, struct error *error);
/* locate, then opens the op log folder, creating what is missing. The hook's one step. */
bool state_open_ops(struct state *state, struct error *error);
/* locate, then opens every folder, creating what is missing when `create`. Without `create` a missing state folder is an error, but a
 * missing sub-folder is created all the same. */
bool state_open(struct state *state, bool create, struct error *error);
void state_close(struct state *state);

/* Opens a regular file below a folder: never through a symlink, only ours, only with one link. `flags` as for openat; mode 0600.
 * -1 with errno: EPERM for a file that is refused, ENOENT also for one that was deleted meanwhile. The descriptor is above 2 and
 * close-on-exec. */
int state_open_file(int folder, const char *name, int flags);
/* The same; *status is what fstat said of the file. */
int state_open_file_with_status(int folder, const char *name, int flags, struct stat *status);

#endif
