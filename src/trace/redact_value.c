#include "trace/redact_match.h"

/* How far a look ahead goes for an identifier; no name that matters is longer. */
enum { NAME_MAX_LENGTH = 64 };

static bool is_one_of(char c, struct slice set)
{
    for (size_t i = 0; i < set.length; i++)
        if (set.data[i] == c)
            return true;
    return false;
}

static size_t skip_blanks(struct slice text, size_t at)
{
    while (redact_is_blank(redact_byte(text, at)))
        at++;
    return at;
}

static size_t count_backslashes(struct slice text, size_t at)
{
    size_t count = 0;
    while (redact_byte(text, at + count) == '\\')
        count++;
    return count;
}

/* The identifier that begins at `at`, cut at the look-ahead. */
static struct slice identifier_at(struct slice text, size_t at)
{
    size_t length = 0;
    while (length < NAME_MAX_LENGTH && redact_is_identifier(redact_byte(text, at + length)))
        length++;
    return slice_part(text, at, length);
}

static bool secret_name_follows(struct slice text, size_t at, bool blank_behind)
{
    bool pass;
    const struct slice name = identifier_at(text, at);
    const char operator = redact_byte(text, at + name.length), next = redact_byte(text, at + name.length + 1);
    return name.length && (operator == ':' || operator == '=') && (!blank_behind || (unsigned char)next <= ' ') &&
           redact_is_secret_name(name, &pass);
}

size_t redact_quoted_end(struct slice text, size_t at, char quote, size_t depth)
{
    size_t backslashes = 0;
    for (; at < text.length; at++) {
        if (text.data[at] == '\\') {
            backslashes++;
            continue;
        }
        /* One level down, a backslash of the value is written as 2 (depth + 1) and its quote as depth of them and the quote.
         * Fewer than depth: the string around it has ended. */
        if (text.data[at] == quote && (backslashes < depth || backslashes % (2 * (depth + 1)) == depth))
            return at - (backslashes < depth ? backslashes : depth);
        backslashes = 0;
    }
    return text.length;
}

size_t redact_unquoted_end(struct slice text, size_t at)
{
    for (; at < text.length && (unsigned char)text.data[at] > ' '; at++) {
        const char c = text.data[at], next = redact_byte(text, at + 1);
        /* In the midst of letters it is a character of a password, elsewhere it closes what the value stands in. */
        if ((redact_is_quote(c) || is_one_of(c, SLICE(")]}<>"))) && !redact_is_alnum(next))
            break;
        if (c == '\\' && redact_is_quote(next) && !redact_is_alnum(redact_byte(text, at + 2)))
            break;
        /* A list goes on behind it; another secret name is left to be found, since its value may be a quoted one. */
        if ((c == ',' || c == ';') &&
            ((unsigned char)next <= ' ' || redact_is_quote(next) || secret_name_follows(text, at + 1, false)))
            break;
        if (c == '&') {
            const size_t length = identifier_at(text, at + 1).length;
            if (length && redact_byte(text, at + 1 + length) == '=')
                break;
        }
    }
    return at;
}

bool redact_value(struct slice text, size_t at, struct redact_span *span)
{
    /* f"…", rb'…', $'…' and the like: at most two characters in front of the quote. */
    size_t open = at;
    while (open < at + 2 && is_one_of(redact_byte(text, open), SLICE("fFbBrRuUL@$")))
        open++;
    if (!redact_is_quote(redact_byte(text, open)))
        open = at + count_backslashes(text, at);
    const size_t depth = redact_byte(text, at) == '\\' ? open - at : 0;
    const char quote = redact_byte(text, open);

    if (!redact_is_quote(quote)) {
        /* A structure, or a name of its own with its value behind: those are looked at later. */
        const bool brace = redact_byte(text, at) == '{';
        const char inner = redact_byte(text, at + 1);
        if ((brace && ((unsigned char)inner <= ' ' || redact_is_quote(inner) || inner == '\\')) ||
            secret_name_follows(text, at + brace, true))
            return false;
        *span = (struct redact_span){at, redact_unquoted_end(text, at)};
        return span->end > span->start;
    }
    span->start = open + 1;
    span->end = redact_quoted_end(text, span->start, quote, depth);
    /* Three quotes open a string in some languages. */
    if (span->end == span->start && depth == 0 && redact_byte(text, span->end + 1) == quote) {
        span->start += 2;
        span->end = redact_quoted_end(text, span->start, quote, 0);
    }
    return span->end > span->start;
}

size_t redact_assignment(struct slice text, size_t at, char *operator)
{
    const size_t backslashes = count_backslashes(text, at);
    if (redact_is_quote(redact_byte(text, at + backslashes))) {
        at += backslashes + 1;
        if (redact_byte(text, at) == ']')
            at++;
    }
    at = skip_blanks(text, at);
    *operator = redact_byte(text, at);
    const char next = redact_byte(text, at + 1);
    /* "token://" is a scheme, "token::" a scope. */
    if (*operator != '=' && (*operator != ':' || next == ':' || (next == '/' && redact_byte(text, at + 2) == '/')))
        return 0;
    at++;
    while (redact_byte(text, at) == '=' || redact_byte(text, at) == '>')
        at++;
    at = skip_blanks(text, at);
    if (is_one_of(redact_byte(text, at), SLICE("[(")) && redact_is_quote(redact_byte(text, at + 1)))
        at++;
    return at;
}
