#include "shim/lane.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef PIPE_BUF
#define PIPE_BUF 512 /* POSIX's least */
#endif

void lane_init(struct lane *lane, int from, int to, enum lane_way way)
{
    lane->from = from;
    lane->to = to;
    lane->way = way;
    lane->ended = lane->broken = lane->widened = false;
    lane->moved = 0;
    lane->part = lane->output.count = lane->output.texts_used = 0;
    lane->part_written = lane->filled = lane->fed = 0;
}

/* O_NONBLOCK belongs to the open file, which the agent or a shell may share with us: a pipe is opened once more, for us alone. */
void lane_init_given(struct lane *lane, int from, int to)
{
    struct stat status;
    enum lane_way way = LANE_SMALL;
    if (fstat(to, &status) == 0 && S_ISSOCK(status.st_mode)) {
        way = LANE_SOCKET;
    } else if (S_ISFIFO(status.st_mode)) {
        char path[32];
        snprintf(path, sizeof path, "/proc/self/fd/%d", to);
        const int own = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        if (own >= 0) {
            close(to);
            to = own;
            way = LANE_NOT_BLOCKING;
        }
    }
    lane_init(lane, from, to, way);
}

bool lane_is_full(const struct lane *lane)
{
    return lane->part < lane->output.count;
}

bool lane_is_done(const struct lane *lane)
{
    return lane->to < 0;
}

static void close_to(struct lane *lane)
{
    if (lane->to >= 0)
        close(lane->to);
    lane->to = -1;
}

/* Nobody reads: whoever writes is to know, as without us. */
static void break_off(struct lane *lane)
{
    lane->broken = lane->ended = true;
    lane->part = lane->output.count = 0;
    lane->filled = lane->fed = 0;
    close_to(lane);
    if (lane->from >= 0)
        close(lane->from);
    lane->from = -1;
}

static ssize_t write_parts(const struct lane *lane)
{
    struct iovec pieces[INJECT_PARTS_MAX];
    size_t count = 0, room = lane->way == LANE_SMALL ? PIPE_BUF : SIZE_MAX, skip = lane->part_written;
    for (unsigned i = lane->part; i < lane->output.count && room; i++) {
        const struct slice part = slice_part(lane->output.parts[i], skip, room);
        /* writev takes what it does not change as if it might */
        union {
            const char *given;
            char *taken;
        } data = {part.data};
        pieces[count++] = (struct iovec){data.taken, part.length};
        room -= part.length;
        skip = 0;
    }
    if (lane->way == LANE_SOCKET) {
        const struct msghdr message = {.msg_iov = pieces, .msg_iovlen = (__typeof__(message.msg_iovlen))count};
        return sendmsg(lane->to, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    return count == 1 ? write(lane->to, pieces[0].iov_base, pieces[0].iov_len) : writev(lane->to, pieces, (int)count);
}

/* False: it is full, or broken. */
static bool write_out(struct lane *lane)
{
    while (lane_is_full(lane)) {
        ssize_t written;
        do
            written = write_parts(lane);
        while (written < 0 && errno == EINTR);
        if (written < 0) {
            if (errno != EAGAIN && errno != EWOULDBLOCK)
                break_off(lane);
            return false;
        }
        size_t left = (size_t)written;
        while (lane_is_full(lane) && left >= lane->output.parts[lane->part].length - lane->part_written) {
            left -= lane->output.parts[lane->part].length - lane->part_written;
            lane->part++;
            lane->part_written = 0;
        }
        lane->part_written += left;
        /* Only poll knows whether there is room for more. */
        if (lane->way == LANE_SMALL && lane_is_full(lane))
            return false;
    }
    return true;
}

/* The next output out of what is in the buffer; false: there is none. */
static bool feed(struct lane *lane)
{
    while (lane->fed < lane->filled) {
        const struct slice rest = {lane->buffer + lane->fed, lane->filled - lane->fed};
        lane->fed += inject_feed(&lane->inject, rest, &lane->output);
        lane->part = 0;
        lane->part_written = 0;
        if (lane->output.count)
            return true;
    }
    return false;
}

/* What is held back goes out at the end. */
static void end_input(struct lane *lane)
{
    lane->ended = true;
    inject_end(&lane->inject, &lane->output);
    lane->part = 0;
    lane->part_written = 0;
    if (lane->from >= 0)
        close(lane->from);
    lane->from = -1;
}

/* Writer, shim and reader take turns less often. The system bounds what a user may have of such pipes, so that only who needs them asks. */
static void widen_pipes(struct lane *lane)
{
    lane->widened = true;
#ifdef F_SETPIPE_SZ
    fcntl(lane->from, F_SETPIPE_SZ, LANE_PIPE_SIZE);
    fcntl(lane->to, F_SETPIPE_SZ, LANE_PIPE_SIZE);
#endif
}

static void read_in(struct lane *lane)
{
    ssize_t count;
    do
        count = read(lane->from, lane->buffer, sizeof lane->buffer);
    while (count < 0 && errno == EINTR);
    if (count > 0) {
        lane->filled = (size_t)count;
        lane->fed = 0;
        lane->moved += (size_t)count;
        if ((size_t)count >= LANE_BUFFER_SIZE / 2 && !lane->widened)
            widen_pipes(lane);
    } else if (count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) {
        end_input(lane);
    }
}

void lane_move(struct lane *lane, uint64_t now, uint64_t since_boot)
{
    lane->inject.scan.time = now;
    lane->inject.scan.since_boot = since_boot;
    if (!lane_is_full(lane) && lane->fed == lane->filled && !lane->ended) {
        lane->filled = lane->fed = 0;
        read_in(lane);
    }
    do {
        if (!write_out(lane))
            return;
    } while (feed(lane));
    if (lane->ended)
        close_to(lane);
}
