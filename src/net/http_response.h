/* An incremental HTTP/1.1 response parser (RFC 9110, RFC 9112): bytes in, one answer out, no I/O. How the bytes are cut into pieces makes
 * no difference to anything but when the answer is known.
 *
 * The peer is not trusted. Refused as malformed: bare CR or LF, control bytes, folded lines, a blank before the colon, Content-Length with
 * Transfer-Encoding, differing Content-Lengths, a length that is not plain decimal, any transfer coding but exactly "chunked", chunk
 * sizes with junk, versions other than 1.0 and 1.1, an upgrade. Memory is bounded by the limits below whatever comes. */
#ifndef SPANHOOK_NET_HTTP_RESPONSE_H
#define SPANHOOK_NET_HTTP_RESPONSE_H

#include "base/buffer.h"

#define HTTP_HEAD_MAX 16384               /* bytes of all heads together: interim ones (1xx) and the final one */
#define HTTP_TRAILER_MAX 4096             /* bytes of chunked trailers, which are discarded */
#define HTTP_CHUNK_LINE_MAX 1024          /* bytes of one chunk's size line with its extensions */
#define HTTP_BODY_KEPT_MAX 65536          /* bytes of the body that are kept */
#define HTTP_BODY_READ_MAX (4UL * 1024 * 1024) /* bytes of the body that are read, chunk framing included */
#define HTTP_CONTENT_TYPE_MAX 63
#define HTTP_RETRY_AFTER_MAX 63

enum http_response_result {
    HTTP_RESPONSE_DONE,    /* the response is whole */
    HTTP_RESPONSE_BAD,     /* it never will be; see fault */
    HTTP_RESPONSE_PARTIAL  /* more is needed */
};

enum http_response_fault {
    HTTP_FAULT_NONE,
    HTTP_FAULT_MALFORMED,
    HTTP_FAULT_TOO_LARGE, /* beyond a limit above */
    HTTP_FAULT_TORN,      /* the connection ended in the middle */
    HTTP_FAULT_MEMORY
};

struct http_response {
    /* Read by callers. All but `fault` is meaningful once head_complete. */
    bool started;       /* at least one byte has come */
    bool head_complete; /* the final head is known */
    unsigned status;    /* 200 to 599 */
    bool keep_alive;    /* the peer will go on with this connection; only after DONE by length or chunks */
    bool body_cut;      /* `body` is only the beginning: longer than HTTP_BODY_KEPT_MAX */
    bool encoded;       /* a content coding was applied; `body` cannot be read */
    char content_type[HTTP_CONTENT_TYPE_MAX + 1]; /* media type without parameters, lower-case; "" when there is none */
    char retry_after[HTTP_RETRY_AFTER_MAX + 1];   /* as it stands; "" when there is none, or it is too long to mean anything */
    struct buffer body;
    enum http_response_fault fault;
    /* private */
    struct http_response_private {
        int state;
        char line[HTTP_HEAD_MAX];
        size_t line_length, head_bytes, trailer_bytes;
        uint64_t body_bytes, remaining;
        uint64_t content_length;
        bool has_length, chunked, http_1_0, close, seen_cr;
    } p;
};

/* Release with http_response_free. A response can be used for one exchange after the other with http_response_reset. */
void http_response_init(struct http_response *response);
void http_response_reset(struct http_response *response);
void http_response_free(struct http_response *response);

/* Takes the next piece; *consumed (never NULL) is how much of it belongs to this response. The result is sticky. */
enum http_response_result http_response_feed(struct http_response *response, struct slice piece, size_t *consumed);
/* The peer has closed the connection: DONE if that ends the body, else BAD. */
enum http_response_result http_response_end(struct http_response *response);

#endif
