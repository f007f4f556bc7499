#include "store/state.h"

#include "base/buffer.h"
#include "base/io.h"
#include "store/counters.h"
#include "store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER_MODE 0700
#define FILE_MODE 0600

static const char *const folder_names[STATE_FOLDERS] = {
    [STATE_OPS] = "ops", [STATE_TRACES] = "traces", [STATE_CURSORS] = "cursors", [STATE_REJECTED] = "rejected"};

/* ---- the path ------------------------------------------------------------------------------------------------------------------ */

static const char *absolute_variable(const char *name)
{
    const char *value = getenv(name);
    return value && value[0] == '/' ? value : NULL;
}

static bool set_path(struct state *state, const char *base, const char *below, struct error *error)
{
    struct buffer path;
    size_t length = strlen(base);
    while (length > 1 && base[length - 1] == '/')
        length--;
    buffer_init_fixed(&path, state->path, sizeof state->path);
    buffer_append(&path, base, length);
    buffer_append_text(&path, below);
    return buffer_text(&path) || error_set(error, "the path of the state folder is too long");
}

bool state_locate(struct state *state, struct error *error)
{
    static const struct {
        const char *variable, *below;
    } places[] = {{"SPANHOOK_HOME", ""},
                  {"XDG_STATE_HOME", "/spanhook"},
                  {"HOME", "/.local/state/spanhook"},
                  {"XDG_RUNTIME_DIR", "/spanhook"}};

    state->path[0] = '\0';
    for (size_t i = 0; i < STATE_FOLDERS; i++)
        state->folders[i] = -1;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const char *base = absolute_variable(places[i].variable);
        if (base)
            return set_path(state, base, places[i].below, error);
    }
    return error_set(error, "no place for the state folder: none of SPANHOOK_HOME, XDG_STATE_HOME, HOME and XDG_RUNTIME_DIR is absolute");
}

/* Only where the usual place cannot be had. A place that is there but not safe is no reason to go elsewhere unnoticed, and one that
 * was asked for by name is the only one. */
static bool locate_instead(struct state *state, int why)
{
    const char *base = absolute_variable("XDG_RUNTIME_DIR");
    char former[PATH_MAX];

    if (!base || absolute_variable("SPANHOOK_HOME") || (why != EACCES && why != EROFS && why != ENOTDIR && why != ENOENT))
        return false;
    memcpy(former, state->path, sizeof former);
    if (set_path(state, base, "/spanhook", NULL) && strcmp(former, state->path) != 0)
        return true;
    memcpy(state->path, former, sizeof former);
    return false;
}

/* ---- opening ------------------------------------------------------------------------------------------------------------------- */

/* Whatever was closed when we were started, a stray message must never land in a file of ours. */
static int open_above_standard(int folder, const char *name, int flags)
{
    int descriptor;
    do
        descriptor = openat(folder, name, flags | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    while (descriptor < 0 && errno == EINTR);
    return io_above_standard(descriptor);
}

static int close_with(int descriptor, int why)
{
    close(descriptor);
    errno = why;
    return -1;
}

/* -1 with errno; EPERM: it is there but cannot be trusted. */
static int open_folder(int at, const char *name)
{
    struct stat status;
    const int descriptor = open_above_standard(at, name, O_RDONLY | O_DIRECTORY);
    if (descriptor < 0) {
        /* A symlink or a file in its place is refused; a file in the place of a parent only means that it cannot be there. */
        if ((errno == ENOTDIR || errno == ELOOP) && fstatat(at, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
            errno = EPERM;
        return -1;
    }
    if (fstat(descriptor, &status) != 0 || !file_is_mine(&status) || status.st_mode & (S_IWGRP | S_IWOTH))
        return close_with(descriptor, EPERM);
    return descriptor;
}

/* Makes the folder and the parents that are missing. `path` is the same again afterwards. */
static bool make_folders(char *path)
{
    if (mkdir(path, FOLDER_MODE) == 0 || errno == EEXIST)
        return true;
    char *slash = strrchr(path, '/');
    if (errno != ENOENT || !slash || slash == path)
        return false;
    *slash = '\0';
    const bool made = make_folders(path);
    *slash = '/';
    return made && (mkdir(path, FOLDER_MODE) == 0 || errno == EEXIST);
}

static int open_root(struct state *state, bool create)
{
    int root = open_folder(AT_FDCWD, state->path);
    if (root < 0 && errno == ENOENT && create && make_folders(state->path))
        root = open_folder(AT_FDCWD, state->path);
    return root;
}

static bool open_below(struct state *state, int root, enum state_folder which)
{
    bool made = false;
    int descriptor = open_folder(root, folder_names[which]);
    if (descriptor < 0 && errno == ENOENT) {
        made = mkdirat(root, folder_names[which], FOLDER_MODE) == 0;
        if (made || errno == EEXIST)
            descriptor = open_folder(root, folder_names[which]);
    }
    state->folders[which] = descriptor;
    if (made && which == STATE_OPS && descriptor >= 0)
        counters_create(descriptor);
    return descriptor >= 0;
}

/* Opens the folders from STATE_OPS to `last`. False with errno; then none is open. */
static bool open_here(struct state *state, bool create, enum state_folder last)
{
    const int root = open_root(state, create);
    if (root < 0)
        return false;
    bool opened = true;
    for (int which = STATE_OPS; opened && which <= (int)last; which++)
        opened = open_below(state, root, (enum state_folder)which);
    const int why = errno;
    close(root);
    if (!opened)
        state_close(state);
    errno = why;
    return opened;
}

static bool open_anywhere(struct state *state, bool create, enum state_folder last, struct error *error)
{
    if (open_here(state, create, last))
        return true;
    const int why = errno;
    if (locate_instead(state, why)) {
        if (open_here(state, create, last))
            return true;
        state_locate(state, NULL); /* the usual place is the one to speak of */
    }
    errno = why;
    if (why == EPERM)
        return error_set(error, "%s is refused: the state folder and those in it must be yours, no symlinks, and not writable by others",
                         state->path);
    if (why == ENOENT && !create)
        return error_set(error, "there is no state folder %s yet", state->path);
    return error_set_errno(error, "cannot use the state folder %s", state->path);
}

bool state_open_ops(struct state *state, struct error *error)
{
    char storage[PATH_MAX];
    struct buffer path;
    struct stat status;

    if (!state_locate(state, error))
        return false;
    buffer_init_fixed(&path, storage, sizeof storage);
    buffer_append_text(&path, state->path);
    buffer_append_byte(&path, '/');
    buffer_append_text(&path, folder_names[STATE_OPS]);
    const char *ops = buffer_text(&path);
    if (!ops)
        return error_set(error, "the path of the state folder is too long");
    /* The open below follows links in all but the last part of the path; the state folder must not be one either. */
    const bool linked = lstat(state->path, &status) == 0 && S_ISLNK(status.st_mode);
    if (!linked)
        state->folders[STATE_OPS] = open_folder(AT_FDCWD, ops);
    return state->folders[STATE_OPS] >= 0 || open_anywhere(state, true, STATE_OPS, error);
}

bool state_open(struct state *state, bool create, struct error *error)
{
    return state_locate(state, error) && open_anywhere(state, create, STATE_FOLDERS - 1, error);
}

void state_close(struct state *state)
{
    for (size_t i = 0; i < STATE_FOLDERS; i++) {
        if (state->folders[i] >= 0)
            close(state->folders[i]);
        state->folders[i] = -1;
    }
}

int state_open_file_with_status(int folder, const char *name, int flags, struct stat *status)
{
    /* O_NONBLOCK: a FIFO in the file's place must not hold us up. Cut only once it is known to be ours. */
    const int descriptor = open_above_standard(folder, name, (flags & ~O_TRUNC) | O_NONBLOCK | O_NOCTTY);
    if (descriptor < 0)
        return -1;
    if (fstat(descriptor, status) != 0)
        return close_with(descriptor, errno);
    if (S_ISREG(status->st_mode) && status->st_nlink == 0)
        return close_with(descriptor, ENOENT); /* deleted since it was opened */
    if (!S_ISREG(status->st_mode) || !file_is_mine(status) || status->st_nlink != 1)
        return close_with(descriptor, EPERM);
    if (flags & O_TRUNC) {
        if (ftruncate(descriptor, 0) != 0)
            return close_with(descriptor, errno);
        status->st_size = 0;
    }
    return descriptor;
}

int state_open_file(int folder, const char *name, int flags)
{
    struct stat status;
    return state_open_file_with_status(folder, name, flags, &status);
}
