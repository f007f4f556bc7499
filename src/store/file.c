#include "store/file.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "store/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/syscall.h>
#endif

#define TEMPORARY_TRIES 8

ssize_t file_read_at(int descriptor, void *data, size_t length, uint64_t offset)
{
    size_t done = 0;
    while (done < length) {
        const ssize_t count = pread(descriptor, (char *)data + done, length - done, (off_t)(offset + done));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -1;
        if (count == 0)
            break;
        done += (size_t)count;
    }
    return (ssize_t)done;
}

bool file_write_at(int descriptor, const void *data, size_t length, uint64_t offset)
{
    size_t done = 0;
    while (done < length) {
        const ssize_t count = pwrite(descriptor, (const char *)data + done, length - done, (off_t)(offset + done));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return false;
        if (count == 0) {
            errno = EIO;
            return false;
        }
        done += (size_t)count;
    }
    return true;
}

DIR *file_list(int folder)
{
    /* Not a duplicate of `folder`: that would share its place in the listing. */
    const int descriptor = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return NULL;
    DIR *listing = fdopendir(descriptor);
    if (!listing)
        close(descriptor);
    return listing;
}

/* Asked each time: the call costs less than the page that would remember the answer. */
bool file_is_mine(const struct stat *status)
{
    return status->st_uid == geteuid();
}

bool file_is_ours(int folder, const char *name, struct stat *status)
{
    return fstatat(folder, name, status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status->st_mode) && file_is_mine(status) &&
           status->st_nlink == 1;
}

bool file_is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

uint64_t file_modified(const struct stat *status)
{
#ifdef __APPLE__
    const struct timespec time = status->st_mtimespec;
#else
    const struct timespec time = status->st_mtim;
#endif
    return time.tv_sec < 0 ? 0 : (uint64_t)time.tv_sec * NANOSECONDS_PER_SECOND + (uint64_t)time.tv_nsec;
}

static bool rename_by_link(int folder, const char *from, const char *to)
{
    struct stat status;
    if (linkat(folder, from, folder, to, 0) == 0) {
        unlinkat(folder, from, 0);
        return true;
    }
    if (errno == EEXIST)
        return false;
    /* A file system without hard links: names of ours hold random digits, so that a look before the rename is enough. */
    if (fstatat(folder, to, &status, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return false;
    }
    return errno == ENOENT && renameat(folder, from, folder, to) == 0;
}

bool file_rename_to_new(int folder, const char *from, const char *to)
{
#if defined(__linux__) && defined(SYS_renameat2)
    const unsigned no_replace = 1; /* RENAME_NOREPLACE */
    if (syscall(SYS_renameat2, folder, from, folder, to, no_replace) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS && errno != EPERM)
        return false;
#endif
    return rename_by_link(folder, from, to);
}

int file_create_temporary(int folder, const char *what, char name[static FILE_TEMPORARY_MAX])
{
    /* Not random, but different for every process and moment; O_EXCL does the rest. */
    uint64_t digits = clock_realtime() ^ (uint64_t)getpid() << 40;
    for (int try = 0; try < TEMPORARY_TRIES; try++) {
        struct buffer text;
        buffer_init_fixed(&text, name, FILE_TEMPORARY_MAX);
        buffer_append_format(&text, FILE_TEMPORARY_PREFIX "%s-%016llx", what, (unsigned long long)digits);
        if (!buffer_text(&text)) {
            errno = ENAMETOOLONG;
            return -1;
        }
        const int descriptor = state_open_file(folder, name, O_RDWR | O_CREAT | O_EXCL);
        if (descriptor >= 0 || errno != EEXIST)
            return descriptor;
        digits = digits * UINT64_C(6364136223846793005) + 1;
    }
    return -1;
}

bool file_is_hex(struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        const char c = text.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return text.length > 0;
}
