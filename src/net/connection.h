/* TCP connections whose every step ends at a deadline. Descriptors are above 2, non-blocking and close-on-exec; no step raises SIGPIPE. */
#ifndef SPANHOOK_NET_CONNECTION_H
#define SPANHOOK_NET_CONNECTION_H

#include "net/deadline.h"
#include "net/url.h"

#include <sys/types.h>

#define CONNECT_TIMEOUT_MILLISECONDS 5000 /* for one address, within the deadline */

/* Tries the host's addresses in turn. -1 with a reason. */
int connection_open(const struct url *url, deadline until, struct error *error);
/* True if an idle connection can be used again: neither closed by the peer nor with bytes that nobody asked for. */
bool connection_is_idle(int descriptor);
/* What could be sent of the two parts at once: bytes, or -1 with errno (EAGAIN included). */
ssize_t connection_send(int descriptor, struct slice first, struct slice second);

#endif
