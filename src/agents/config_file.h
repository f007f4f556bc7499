/* A configuration file of another program that we change: read whole, replaced in one step, never half written, never taken away from
 * somebody who edits it at the same time.
 *
 * Refused, with the reason and without touching anything: a symbolic link (replacing it would cut it off from what it leads to), anything
 * that is no regular file, a file with further hard links or of another owner, one that is not writable, one above JSON_EDIT_TEXT_MAX. */
#ifndef SPANHOOK_AGENTS_CONFIG_FILE_H
#define SPANHOOK_AGENTS_CONFIG_FILE_H

#include "base/buffer.h"
#include "base/error.h"

#include <limits.h>
#include <sys/stat.h>

#define CONFIG_BACKUP_SUFFIX ".spanhook-backup"

struct config_file {
    char path[PATH_MAX];
    bool exists;
    struct stat identity; /* as it was read; valid if it exists */
    struct buffer text;   /* as it was read; empty if it does not exist */
};

/* Reads the file; a missing one is success. The text is not looked at. Release with config_file_release either way. */
bool config_file_read(struct config_file *file, const char *path, struct error *error);
void config_file_release(struct config_file *file);

/* Is it still what was read: the same file with the same size and time, or still missing? */
bool config_file_unchanged(const struct config_file *file, struct error *error);

/* Puts `text` in the file's place: a temporary file beside it, fsync, a last look whether somebody else changed it, rename. The mode is
 * kept; a new file gets 0600. On success `identity` is the new file's. */
bool config_file_replace(struct config_file *file, struct slice text, struct error *error);
/* Unlinks it, if nobody changed it. */
bool config_file_remove(struct config_file *file, struct error *error);

/* "<path>.spanhook-backup"; false if that is too long. */
bool config_backup_path(const char *path, char backup[static PATH_MAX]);
/* Copies what was read to the backup, with its mode, in place of an older backup. */
bool config_backup_write(const struct config_file *file, struct error *error);

/* Joins folder and name with '/'; false if that is too long. */
bool path_join(char path[static PATH_MAX], const char *folder, const char *name);

#endif
