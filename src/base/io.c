#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { READ_SIZE = 65536, FIRST_OWN = 3 };

bool io_write_all(int fd, struct slice data)
{
    while (data.length > 0) {
        const ssize_t written = write(fd, data.data, data.length);
        if (written > 0) {
            data = slice_part(data, (size_t)written, data.length);
        } else if (written == 0) {
            errno = EIO; /* no progress and no reason: not to be tried for ever */
            return false;
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

static ssize_t read_some(int fd, char *storage, size_t size)
{
    ssize_t count;
    do
        count = read(fd, storage, size);
    while (count < 0 && errno == EINTR);
    return count;
}

static bool read_to_end(int fd, struct buffer *out)
{
    for (;;) {
        const size_t room = out->ceiling - out->length;
        if (room == 0) {
            char extra;
            const ssize_t count = read_some(fd, &extra, 1);
            if (count > 0)
                errno = EFBIG;
            return count == 0;
        }
        const size_t wanted = room < READ_SIZE ? room : READ_SIZE;
        if (!buffer_reserve(out, wanted)) {
            errno = ENOMEM;
            return false;
        }
        const ssize_t count = read_some(fd, out->data + out->length, wanted);
        if (count <= 0)
            return count == 0;
        out->length += (size_t)count;
    }
}

bool io_read_file(int folder_fd, const char *name, struct buffer *out, struct error *error)
{
    if (out->failed) {
        errno = ENOMEM;
        return error_set_errno(error, "cannot read %s", name);
    }
    const size_t before = out->length;
    const int follow = folder_fd == AT_FDCWD ? 0 : O_NOFOLLOW;
    const int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | follow);
    if (fd < 0)
        return error_set_errno(error, "cannot open %s", name);
    struct stat status;
    bool done = fstat(fd, &status) == 0;
    if (done && !S_ISREG(status.st_mode)) {
        errno = EINVAL;
        done = false;
    }
    done = done && read_to_end(fd, out);
    const int reason = errno;
    close(fd);
    if (done)
        return true;
    out->length = before;
    out->failed = false;
    errno = reason;
    return error_set_errno(error, "cannot read %s", name);
}

int io_above_standard(int fd)
{
    if (fd < 0 || fd >= FIRST_OWN)
        return fd < 0 ? -1 : fd;
    const int moved = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_OWN);
    const int reason = errno;
    close(fd);
    errno = reason;
    return moved;
}

bool io_pipe(int ends[static 2])
{
    if (pipe(ends) != 0)
        return false;
    for (unsigned i = 0; i < 2; i++) {
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
        ends[i] = io_above_standard(ends[i]);
    }
    if (ends[0] >= 0 && ends[1] >= 0)
        return true;
    const int reason = errno;
    for (unsigned i = 0; i < 2; i++)
        if (ends[i] >= 0)
            close(ends[i]);
    errno = reason;
    return false;
}

bool io_open_null_on_standard(void)
{
    for (int fd = 0; fd < FIRST_OWN; fd++) {
        if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
            continue;
        /* open gives the lowest free number, and all below are taken by now */
        const int opened = open("/dev/null", O_RDWR);
        if (opened == fd)
            continue;
        if (opened >= 0)
            close(opened);
        return false;
    }
    return true;
}

void io_leave_standard(void)
{
    const int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < FIRST_OWN; fd++) {
        if (null < 0)
            close(fd);
        else if (null != fd)
            dup2(null, fd);
    }
    if (null >= FIRST_OWN)
        close(null);
}

void io_close_from(int first)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, (unsigned)first, ~0U, 0U) == 0)
        return;
#endif
    const long limit = sysconf(_SC_OPEN_MAX);
    for (int fd = first; fd < (limit > 0 && limit < 65536 ? (int)limit : 65536); fd++)
        close(fd);
}
