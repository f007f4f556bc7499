/* What a destination's answer means for the batch it was sent for. Pure. */
#ifndef SPANHOOK_EXPORT_ANSWER_H
#define SPANHOOK_EXPORT_ANSWER_H

#include "base/slice.h"

#define ANSWER_TEXT_MAX 320
#define ANSWER_MESSAGE_MAX 160 /* code points shown of what the peer said */

enum answer_action {
    ANSWER_TAKEN,       /* 2xx with a plausible OTLP answer: go on; `rejected` spans were not taken and must not be sent again */
    ANSWER_LATER,       /* 429 502 503 504, no answer, or a 5xx whose body never ended: back off, then send the same again */
    ANSWER_REFUSED,     /* 400 413 422 and other 4xx, 500 and other 5xx: part of the batch is at fault, never send it again as it is */
    ANSWER_MISDIRECTED  /* 3xx 401 403 404 405 407 408 415, or a 2xx that no OTLP receiver gives: address or credentials are wrong */
};

/* How the exchange ended, of what the transport knows. */
enum answer_ending {
    ANSWER_WHOLE,    /* the response is complete */
    ANSWER_CUT,      /* its head is complete, its body was given up: too slow, too large or badly framed */
    ANSWER_NONE      /* not even a head, or the connection broke */
};

struct answer_received {
    enum answer_ending ending;
    unsigned status;
    struct slice content_type; /* media type, lower-case, without parameters; empty when there is none */
    bool encoded;              /* the body has a content coding */
    struct slice body;         /* what is there of it */
    bool body_cut;             /* `body` is only the beginning */
};

struct answer {
    enum answer_action action;
    uint64_t rejected;          /* TAKEN: spans of a partial success that were not taken */
    char text[ANSWER_TEXT_MAX]; /* one line for people, what the peer said made harmless and redacted; "" when there is nothing to say */
};

/* A 2xx is plausible when its body is empty, whatever the content type says; when it is application/json and one JSON object; or when it
 * is of another type than text/html and does not begin with '<' (gateways answer "ok" in plain text). A web page with 200 is another
 * program on that port, and no reason to let go of spans; so is JSON that is no object, and a body with a content coding, which nobody
 * asked for.
 *
 * A 2xx of JSON whose body could only be read in part (CUT, or longer than what is kept) is plausible when what there is of it begins like
 * an object: the receiver has said yes, and a broken remainder would otherwise have the same batch sent for ever. */
void answer_classify(const struct answer_received *received, struct answer *answer);

#endif
