/* A small HTTP/1.1 client: posts JSON to one address over one connection that is kept alive between requests.
 *
 * Resolving, connecting, sending and each receive end at a deadline, and so does the request as a whole. A request that finds its kept
 * connection closed before a byte of the answer came is repeated once on a fresh one; nothing else is repeated here, and no redirect is
 * followed. */
#ifndef SPANHOOK_NET_HTTP_CLIENT_H
#define SPANHOOK_NET_HTTP_CLIENT_H

#include "base/error.h"
#include "net/http_response.h"
#include "net/url.h"

/* A peer that neither takes nor gives a byte for so long is given up, within the request's own deadline. */
#define HTTP_STALL_MILLISECONDS 30000

enum http_outcome {
    HTTP_ANSWERED,      /* the response is whole */
    HTTP_NOT_CONNECTED, /* nothing was sent */
    HTTP_TIMED_OUT,     /* the deadline passed; the response may be there in part */
    HTTP_BROKEN,        /* closed or reset before the response was whole */
    HTTP_UNREADABLE,    /* the response is malformed or beyond its limits; see its fault */
    HTTP_LOCAL_FAILURE  /* no memory, no descriptors */
};

struct http_client;

/* `headers`: further header lines, each ended by CR LF, taken as they are. NULL with a reason: no memory, or https. The URL and the
 * headers are copied. */
struct http_client *http_client_new(const struct url *url, struct slice headers, unsigned timeout_milliseconds, struct error *error);
void http_client_free(struct http_client *client);

/* Posts `body` as application/json and waits for the answer, for the client's timeout at most. *response (the client's own, valid until
 * the next call) holds what came of the answer, whatever the outcome. Unless ANSWERED, *error says why, in one line without anything the
 * peer sent. */
enum http_outcome http_client_post(struct http_client *client, struct slice body, const struct http_response **response,
                                   struct error *error);

#endif
