/* Small file and descriptor operations that must not be got wrong twice. All of them leave errno set when they fail. */
#ifndef SPANHOOK_BASE_IO_H
#define SPANHOOK_BASE_IO_H

#include "base/buffer.h"
#include "base/error.h"

/* Writes all of `data`, however many calls it takes; interruptions are repeated. For files and pipes in blocking mode: a record
 * of the op log, which must be one write, does not go through here. False: some of it may have been written. */
bool io_write_all(int fd, struct slice data);

/* Appends the content of a regular file below `folder_fd` (AT_FDCWD: as for open). Its size is bounded by the ceiling of `out`: a
 * larger file fails with EFBIG. A symlink as the last component is followed only under AT_FDCWD, never in a folder of our own;
 * anything but a regular file is refused without blocking (EINVAL). On failure `out` is as before. */
bool io_read_file(int folder_fd, const char *name, struct buffer *out, struct error *error);

/* Moves a descriptor to 3 or above (close-on-exec), so that no stray write to a standard stream can reach it. Returns the new
 * number, or `fd` itself if it is that high already. The old one is closed in any case; -1 on failure or for a negative fd. */
int io_above_standard(int fd);

/* pipe(), both ends close-on-exec and above the standard streams, whatever of those is closed. */
bool io_pipe(int ends[static 2]);

/* Opens /dev/null, kept across exec, on those of 0, 1 and 2 that are closed. */
bool io_open_null_on_standard(void);

/* For a process that goes on in the background: /dev/null takes the place of the standard streams, so that nobody waits for them to be
 * closed; and every descriptor from `first` on is closed. */
void io_leave_standard(void);
void io_close_from(int first);

#endif
