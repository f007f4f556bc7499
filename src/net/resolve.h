/* From a URL's host to socket addresses. */
#ifndef SPANHOOK_NET_RESOLVE_H
#define SPANHOOK_NET_RESOLVE_H

#include "net/deadline.h"
#include "net/url.h"

#include <sys/socket.h>

#define RESOLVE_ADDRESSES_MAX 8

struct address_list {
    struct address {
        struct sockaddr_storage socket;
        socklen_t length;
    } items[RESOLVE_ADDRESSES_MAX];
    unsigned count;
};

/* Literal addresses and "localhost" (127.0.0.1, then ::1) are known without asking anybody. Every other name goes to getaddrinfo in a
 * process of its own, which is ended at the deadline: a resolver's own time-outs can be minutes and cannot be set. */
bool resolve_url(const struct url *url, deadline until, struct address_list *list, struct error *error);

#endif
