#include "trace/redact_match.h"

/* A user name of that many characters is a token. */
enum { TOKEN_USER_MIN = 16, PORT_DIGITS_MAX = 5 };

/* Finds where the text that may be a URL ends and its last '@'. Many "://" can stand in one run, which is measured once. */
static void measure(struct redact_scan *scan, size_t at)
{
    if (at < scan->url_end)
        return;
    scan->url_at = 0;
    for (; at < scan->text.length; at++) {
        const char c = scan->text.data[at];
        if ((unsigned char)c <= ' ' || redact_is_quote(c) || c == '<' || c == '>')
            break;
        if (c == '@')
            scan->url_at = at;
    }
    scan->url_end = at;
}

/* host:8080/… and not user:password: a host has a dot or is the own machine. */
static bool is_host_and_port(struct slice user, struct slice rest)
{
    size_t dot, digits = 0;
    while (digits <= PORT_DIGITS_MAX && redact_is_digit(redact_byte(rest, digits)))
        digits++;
    const char after = redact_byte(rest, digits);
    return digits && digits <= PORT_DIGITS_MAX && (after == '/' || after == '?' || after == '#') &&
           (slice_find(user, SLICE("."), 0, &dot) || slice_equal(user, SLICE("localhost")));
}

static bool is_token(struct slice user)
{
    for (size_t i = 0; i < user.length; i++) {
        const char c = user.data[i];
        if (!redact_is_identifier(c) && c != '%' && c != '+' && c != '=' && c != '~')
            return false;
    }
    return user.length >= TOKEN_USER_MIN;
}

bool redact_match_url(struct redact_scan *scan, size_t at, struct redact_span *span)
{
    const struct slice text = scan->text;
    const size_t start = at + 3;
    bool digit = false;

    if (!slice_starts_with(slice_part(text, at, 3), SLICE("://")))
        return false;
    measure(scan, start);
    size_t colon = start;
    for (; colon < scan->url_at && text.data[colon] != ':'; colon++) {
        const char c = text.data[colon];
        /* The path has begun. Behind a colon the same characters may be part of a password that nobody has escaped. */
        if (c == '/' || c == '?' || c == '#' || c == '[')
            return false;
        digit = digit || redact_is_digit(c);
    }
    if (scan->url_at <= start)
        return false;
    const struct slice user = slice_part(text, start, colon - start);
    *span = (struct redact_span){start, scan->url_at};
    if (colon == scan->url_at)
        return is_token(user);
    if (is_host_and_port(user, slice_part(text, colon + 1, text.length)))
        return false;
    /* https://TOKEN:x-oauth-basic@host: the user is the secret. */
    if (!digit || !is_token(user))
        span->start = colon + 1;
    return span->start < span->end;
}
