/* http and https URLs (RFC 3986), the strict and bounded subset that an export address needs. */
#ifndef SPANHOOK_NET_URL_H
#define SPANHOOK_NET_URL_H

#include "base/buffer.h"
#include "base/error.h"

#define URL_TEXT_MAX 1000 /* bytes of a whole URL; a longer one is refused */
#define URL_HOST_MAX 253

enum url_host { URL_HOST_NAME, URL_HOST_IPV4, URL_HOST_IPV6 };

struct url {
    bool tls; /* https */
    enum url_host kind;
    char host[URL_HOST_MAX + 1]; /* lower-case; IPv6 without brackets */
    uint16_t port;               /* never 0 */
    char path[URL_TEXT_MAX + 16]; /* begins with '/'; "/" when the URL has none; there is room to join "/v1/traces" */
    char query[URL_TEXT_MAX + 1]; /* with its '?'; "" when there is none */
};

/* Refused: other schemes, userinfo, a fragment, an empty host, percent escapes in the host, zone ids, a port that is empty, 0, padded or
 * above 65535, numeric hosts that are not four plain decimal numbers ("127.1", "0x7f.1"), any byte outside RFC 3986's path and query
 * characters, incomplete percent escapes. The error text never repeats the URL: it may hold a secret. */
bool url_parse(struct slice text, struct url *url, struct error *error);

/* "host" or "host:port" as the Host header wants it: the scheme's own port is left out, IPv6 stands in brackets. */
void url_append_authority(struct buffer *out, const struct url *url);
/* The whole in one normal form, so that equal addresses have equal texts. */
void url_append(struct buffer *out, const struct url *url);

#endif
