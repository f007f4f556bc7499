#include "agents/own_binary.h"

#include "base/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

#define DELETED " (deleted)" /* what Linux puts behind the path of a file that is gone */

bool own_binary_path(char path[static PATH_MAX], struct error *error)
{
#ifdef __APPLE__
    char raw[PATH_MAX];
    uint32_t size = sizeof(raw);
    if (_NSGetExecutablePath(raw, &size) != 0 || !realpath(raw, path))
        return error_set_errno(error, "cannot find this program's own file");
#else
    const ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (length <= 0 || length >= PATH_MAX - 1)
        return error_set_errno(error, "cannot find this program's own file through /proc");
    path[length] = '\0';
    if (slice_ends_with(slice_of(path), SLICE(DELETED)) && access(path, F_OK) != 0)
        return error_set(error, "this program's file was replaced or removed while it runs; start the new one");
#endif
    return path[0] == '/' || error_set(error, "this program's own path is not absolute");
}

static bool others_may_write(const struct stat *found, bool nearest)
{
    if (found->st_uid != 0 && found->st_uid != geteuid())
        return true;
    if (S_ISDIR(found->st_mode) && (found->st_mode & S_ISVTX) && !nearest)
        return false; /* others may add names there, not replace ours */
    return (found->st_mode & S_IWOTH) || ((found->st_mode & S_IWGRP) && found->st_gid != getegid() && found->st_gid != 0);
}

bool replaceable_by_others(const char *path, char where[static PATH_MAX])
{
    if (snprintf(where, PATH_MAX, "%s", path) >= PATH_MAX)
        return false;
    for (unsigned level = 0; where[0]; level++) {
        struct stat found;
        if (stat(where, &found) == 0 && others_may_write(&found, level <= 1))
            return true;
        char *slash = strrchr(where, '/');
        if (!slash || strcmp(where, "/") == 0)
            break;
        slash[slash == where ? 1 : 0] = '\0';
    }
    return false;
}

static void to_text(const uint8_t digest[static SHA256_SIZE], char hex[static SHA256_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < SHA256_SIZE; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[SHA256_TEXT - 1] = '\0';
}

bool file_sha256(const char *path, char hex[static SHA256_TEXT], struct error *error)
{
    struct sha256 hash;
    uint8_t digest[SHA256_SIZE];
    char piece[16384];
    ssize_t got;
    const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return error_set_errno(error, "cannot read %s", path);
    sha256_init(&hash);
    do {
        got = read(descriptor, piece, sizeof(piece));
        if (got > 0)
            sha256_update(&hash, (struct slice){piece, (size_t)got});
    } while (got > 0 || (got < 0 && errno == EINTR));
    if (got < 0)
        error_set_errno(error, "cannot read %s", path);
    sha256_final(&hash, digest);
    close(descriptor);
    to_text(digest, hex);
    return got == 0;
}

void text_sha256(struct slice text, char hex[static SHA256_TEXT])
{
    uint8_t digest[SHA256_SIZE];
    hash_sha256(text, digest);
    to_text(digest, hex);
}
