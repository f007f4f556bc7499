#include "agents/config_file.h"

#include "agents/json_edit.h"
#include "base/io.h"
#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool path_join(char path[static PATH_MAX], const char *folder, const char *name)
{
    const int length = snprintf(path, PATH_MAX, "%s/%s", folder, name);
    return length > 0 && length < PATH_MAX;
}

bool config_backup_path(const char *path, char backup[static PATH_MAX])
{
    const int length = snprintf(backup, PATH_MAX, "%s%s", path, CONFIG_BACKUP_SUFFIX);
    return length > 0 && length < PATH_MAX;
}

static bool check_kind(const struct config_file *file, const struct stat *found, struct error *error)
{
    if (S_ISLNK(found->st_mode))
        return error_set(error, "%s is a symbolic link; spanhook does not write through links, so put a plain file there first",
                         file->path);
    if (!S_ISREG(found->st_mode))
        return error_set(error, "%s is not a regular file", file->path);
    if (found->st_uid != geteuid())
        return error_set(error, "%s belongs to another user", file->path);
    if (found->st_nlink > 1)
        return error_set(error, "%s has more than one hard link; replacing it would cut them apart", file->path);
    if (!(found->st_mode & S_IWUSR) || access(file->path, W_OK) != 0)
        return error_set(error, "%s is read-only; make it writable first: chmod u+w '%s'", file->path, file->path);
    return true;
}

static bool read_all(int descriptor, struct buffer *text)
{
    for (;;) {
        if (!buffer_reserve(text, 4096)) {
            errno = EFBIG;
            return false;
        }
        const ssize_t got = read(descriptor, text->data + text->length, 4096);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0)
            return true;
        text->length += (size_t)got;
    }
}

bool config_file_read(struct config_file *file, const char *path, struct error *error)
{
    struct stat named;
    bool done = false;
    int descriptor = -1;

    memset(file, 0, sizeof(*file));
    buffer_init(&file->text, JSON_EDIT_TEXT_MAX + 4096);
    if (snprintf(file->path, sizeof(file->path), "%s", path) >= (int)sizeof(file->path))
        return error_set(error, "a path is too long: %.100s...", path);
    if (lstat(path, &named) != 0)
        return errno == ENOENT || errno == ENOTDIR ? true : error_set_errno(error, "cannot look at %s", path);
    if (!check_kind(file, &named, error))
        return false;
    descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return error_set_errno(error, "cannot read %s", path);
    /* the identity is taken before the text: an edit in between shows as a change later, never the other way round */
    if (fstat(descriptor, &file->identity) != 0) {
        error_set_errno(error, "cannot look at %s", path);
        goto out;
    }
    if (file->identity.st_dev != named.st_dev || file->identity.st_ino != named.st_ino) {
        error_set(error, "%s changed while it was being read; try again", path);
        goto out;
    }
    if (!read_all(descriptor, &file->text)) {
        error_set_errno(error, "cannot read %s", path);
        goto out;
    }
    file->exists = true;
    done = true;
out:
    close(descriptor);
    return done;
}

void config_file_release(struct config_file *file)
{
    buffer_free(&file->text);
}

/* Time stamps are coarse: an edit of equal length in the same clock tick shows only in the text. */
static bool same_text(const struct config_file *file)
{
    struct buffer now;
    buffer_init(&now, JSON_EDIT_TEXT_MAX + 4096);
    const int descriptor = open(file->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    const bool same = descriptor >= 0 && read_all(descriptor, &now) && slice_equal(buffer_slice(&now), buffer_slice(&file->text));
    if (descriptor >= 0)
        close(descriptor);
    buffer_free(&now);
    return same;
}

bool config_file_unchanged(const struct config_file *file, struct error *error)
{
    struct stat now;
    const bool there = lstat(file->path, &now) == 0;
    if (!there && errno != ENOENT && errno != ENOTDIR)
        return error_set_errno(error, "cannot look at %s", file->path);
    bool same = there == file->exists;
    if (same && there)
        same = file_is_same(&now, &file->identity) && now.st_size == file->identity.st_size &&
               now.st_mode == file->identity.st_mode && file_modified(&now) == file_modified(&file->identity) && same_text(file);
    return same || error_set(error, "%s was changed by somebody else meanwhile; nothing was written to it, try again", file->path);
}

/* A rename is durable only once its folder is. */
static void sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (!slash || snprintf(folder, sizeof(folder), "%.*s/", (int)(slash - path), path) >= (int)sizeof(folder))
        return;
    const int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0) {
        fsync(descriptor);
        close(descriptor);
    }
}

/* Writes a temporary file beside `path` with the owner's rights of `like` (NULL: 0600). Its name has no ".json" at the end, so that an
 * agent that lists the folder does not take it for one of its own. */
static bool write_temporary(char temporary[static PATH_MAX], const char *path, struct slice text, const struct stat *like,
                            struct stat *written,
                            struct error *error)
{
    const int length = snprintf(temporary, PATH_MAX, "%s.spanhook-XXXXXX", path);
    if (length < 0 || length >= PATH_MAX)
        return error_set(error, "a path is too long: %.100s...", path);
    const int descriptor = mkstemp(temporary);
    if (descriptor < 0)
        return error_set_errno(error, "cannot write beside %s", path);
    bool good = io_write_all(descriptor, text);
    if (good && like) {
        struct stat own;
        good = fstat(descriptor, &own) == 0;
        if (good && own.st_gid != like->st_gid)
            good = fchown(descriptor, (uid_t)-1, like->st_gid) == 0;
        good = good && fchmod(descriptor, like->st_mode & 07777) == 0;
    }
    good = good && fsync(descriptor) == 0 && fstat(descriptor, written) == 0;
    if (!good)
        error_set_errno(error, "cannot write %s", temporary);
    if (close(descriptor) != 0 && good)
        good = error_set_errno(error, "cannot write %s", temporary);
    if (!good)
        unlink(temporary);
    return good;
}

bool config_file_replace(struct config_file *file, struct slice text, struct error *error)
{
    char temporary[PATH_MAX];
    struct stat written;
    if (!write_temporary(temporary, file->path, text, file->exists ? &file->identity : NULL, &written, error))
        return false;
    if (!config_file_unchanged(file, error)) {
        unlink(temporary);
        return false;
    }
    if (rename(temporary, file->path) != 0) {
        error_set_errno(error, "cannot replace %s", file->path);
        unlink(temporary);
        return false;
    }
    sync_folder(file->path);
    file->identity = written;
    file->exists = true;
    return true;
}

bool config_file_remove(struct config_file *file, struct error *error)
{
    if (!config_file_unchanged(file, error))
        return false;
    if (unlink(file->path) != 0)
        return error_set_errno(error, "cannot remove %s", file->path);
    sync_folder(file->path);
    file->exists = false;
    return true;
}

bool config_backup_write(const struct config_file *file, struct error *error)
{
    char backup[PATH_MAX], temporary[PATH_MAX];
    struct stat written;
    if (!config_backup_path(file->path, backup))
        return error_set(error, "a path is too long: %.100s...", file->path);
    if (!write_temporary(temporary, backup, buffer_slice(&file->text), &file->identity, &written, error))
        return false;
    if (rename(temporary, backup) != 0) {
        error_set_errno(error, "cannot write %s", backup);
        unlink(temporary);
        return false;
    }
    sync_folder(backup);
    return true;
}
