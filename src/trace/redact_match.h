/* What the parts of redact.c share: each matcher says whether a secret stands at a place of the text, and where it begins and ends.
 * A scan takes time linear in the text, whatever stands in it: a matcher either finds a secret, which is then passed over, or looks
 * ahead a bounded way; where it cannot be bounded, the scan remembers what was seen. */
#ifndef SPANHOOK_TRACE_REDACT_MATCH_H
#define SPANHOOK_TRACE_REDACT_MATCH_H

#include "base/slice.h"

struct redact_scan {
    struct slice text;
    size_t name_start, name_end; /* the identifier, [A-Za-z0-9_-]+, at or before the place of the scan */
    size_t token_end;            /* of the run of identifier characters looked at last for a JWT */
    size_t url_end, url_at;      /* of the URL looked at last, and its last '@' (0: none) */
    bool curl, sshpass;          /* inside the arguments of such a command */
};

/* The secret's bytes [start, end); start < end. */
struct redact_span {
    size_t start, end;
};

static inline bool redact_is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static inline bool redact_is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static inline bool redact_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool redact_is_alnum(char c)
{
    return redact_is_digit(c) || redact_is_upper(c) || redact_is_lower(c);
}

static inline bool redact_is_identifier(char c)
{
    return redact_is_alnum(c) || c == '-' || c == '_';
}

static inline bool redact_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static inline bool redact_is_quote(char c)
{
    return c == '"' || c == '\'' || c == '`';
}

/* The byte at `at`, or a zero byte where the text has ended. */
static inline char redact_byte(struct slice text, size_t at)
{
    return at < text.length ? text.data[at] : '\0';
}

/* Secrets told by their own form, which begin at `at`: tokens by prefix, JWTs, PEM private keys, bare AWS secret keys. */
bool redact_match_shape(struct redact_scan *scan, size_t at, struct redact_span *span);

/* Credentials of a URL whose "://" stands at `at`. */
bool redact_match_url(struct redact_scan *scan, size_t at, struct redact_span *span);

/* Secrets told by the identifier in front of them; called once the scan has come to scan->name_end. */
bool redact_match_named(struct redact_scan *scan, struct redact_span *span);

/* The value that begins at `at`, with or without quotes; false if it is empty. */
bool redact_value(struct slice text, size_t at, struct redact_span *span);

/* Past the '=' or ':' (in *operator) behind the identifier that ends at `at`, and the blanks around it; 0 if there is none. */
size_t redact_assignment(struct slice text, size_t at, char *operator);

/* Where the string ends that was opened by `quote` behind `depth` backslashes (inside another string): the place of its closing
 * quote and that one's backslashes, or the end of the text. */
size_t redact_quoted_end(struct slice text, size_t at, char quote, size_t depth);

/* Where a value without quotes ends that begins at `at`. */
size_t redact_unquoted_end(struct slice text, size_t at);

/* `name` is in lower case without '-' and '_', which the identifier may have anywhere inside; *begin is where the ending begins. */
bool redact_ends_with(struct slice identifier, struct slice name, size_t *begin);

/* A name such as dbPassword, behind which a secret stands; *pass if it is no more than "pass". */
bool redact_is_secret_name(struct slice identifier, bool *pass);

#endif
