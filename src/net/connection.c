#include "net/connection.h"

#include "net/resolve.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* macOS has SO_NOSIGPIPE instead. */
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

enum { FIRST_OWN_DESCRIPTOR = 3 };

/* Never one of the standard streams, even where they are closed: a message printed later must not go to a peer. */
static int move_up(int descriptor)
{
    if (descriptor < 0 || descriptor >= FIRST_OWN_DESCRIPTOR)
        return descriptor;
    const int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, FIRST_OWN_DESCRIPTOR);
    const int saved = errno;
    close(descriptor);
    errno = saved;
    return moved;
}

static int open_socket(int family)
{
    const int descriptor = move_up(socket(family, SOCK_STREAM, 0));
    if (descriptor < 0)
        return -1;
    const int flags = fcntl(descriptor, F_GETFL);
    if (fcntl(descriptor, F_SETFD, FD_CLOEXEC) < 0 || flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0) {
        const int saved = errno;
        close(descriptor);
        errno = saved;
        return -1;
    }
    const int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
#ifdef SO_NOSIGPIPE
    setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
    return descriptor;
}

/* 0, or an errno value (ETIMEDOUT at the deadline). */
static int connect_by(int descriptor, const struct address *address, deadline until)
{
    if (connect(descriptor, (const struct sockaddr *)&address->socket, address->length) == 0)
        return 0;
    if (errno != EINPROGRESS && errno != EINTR)
        return errno;
    const int ready = deadline_poll(descriptor, POLLOUT, until);
    if (ready <= 0)
        return ready == 0 ? ETIMEDOUT : errno;
    int failure = 0;
    socklen_t size = sizeof failure;
    return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &size) < 0 ? errno : failure;
}

int connection_open(const struct url *url, deadline until, struct error *error)
{
    struct address_list list;
    if (!resolve_url(url, until, &list, error))
        return -1;
    int failure = EADDRNOTAVAIL;
    for (unsigned i = 0; i < list.count; i++) {
        const int descriptor = open_socket(list.items[i].socket.ss_family);
        if (descriptor >= 0) {
            const deadline this_one = deadline_earlier(until, deadline_after(CONNECT_TIMEOUT_MILLISECONDS));
            const int outcome = connect_by(descriptor, &list.items[i], this_one);
            if (outcome == 0)
                return descriptor;
            close(descriptor);
            errno = outcome;
        }
        /* the first address's reason is the one to tell: ::1 is often missing altogether */
        if (i == 0)
            failure = errno;
    }
    errno = failure;
    error_set_errno(error, "cannot connect to %s port %u", url->host, (unsigned)url->port);
    return -1;
}

bool connection_is_idle(int descriptor)
{
    char byte;
    return recv(descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

ssize_t connection_send(int descriptor, struct slice first, struct slice second)
{
    /* sendmsg does not write to what iov_base points at; the type just cannot say so */
    union {
        const char *data;
        void *base;
    } parts[2] = {{.data = first.data}, {.data = second.data}};
    struct iovec vector[2] = {{.iov_base = parts[0].base, .iov_len = first.length}, {.iov_base = parts[1].base, .iov_len = second.length}};
    struct msghdr message = {0};
    message.msg_iov = vector;
    message.msg_iovlen = 2;
    ssize_t sent;
    do
        sent = sendmsg(descriptor, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent;
}
