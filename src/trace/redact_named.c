#include "trace/redact_match.h"

enum { NAME_LENGTH_MIN = 3, USER_MAX_LENGTH = 128, SCHEME_VALUE_MIN = 8, AWS_VALUE_MIN = 30 };

/* An identifier that ends in one of these names a secret. Longer names such as client_secret end in one of these, too. */
static const struct slice secret_names[] = {
    {"password", 8},   {"passwd", 6},    {"passphrase", 10}, {"pwd", 3},         {"secret", 6},       {"secretkey", 9},
    {"token", 5},      {"apikey", 6},    {"accesskey", 9},   {"accountkey", 10}, {"privatekey", 10}, {"credentials", 11},
    {"connectionstring", 16},
};

static const struct slice header_names[] = {{"authorization", 13}, {"xapikey", 7}, {"cookie", 6}};

static const struct slice schemes[] = {{"bearer", 6}, {"basic", 5}};

static char lower(char c)
{
    return redact_is_upper(c) ? (char)(c - 'A' + 'a') : c;
}

static bool is_separator(char c)
{
    return c == '-' || c == '_';
}

bool redact_ends_with(struct slice identifier, struct slice name, size_t *begin)
{
    size_t at = identifier.length, left = name.length;
    /* Decides nearly always. */
    if (at < left || lower(identifier.data[at - 1]) != name.data[left - 1])
        return false;
    while (left) {
        if (at == 0)
            return false;
        const char c = lower(identifier.data[at - 1]);
        if (is_separator(c) && left < name.length) {
            at--;
            continue;
        }
        if (c != name.data[left - 1])
            return false;
        at--;
        left--;
    }
    *begin = at;
    return true;
}

/* "pass" ends too many words, and is one itself: only where a word of the identifier begins. */
static bool is_pass(struct slice identifier, bool *whole)
{
    size_t begin;
    if (!redact_ends_with(identifier, SLICE("pass"), &begin))
        return false;
    *whole = begin == 0 || (identifier.data[0] == '-' && begin <= 2);
    return *whole || is_separator(identifier.data[begin - 1]) ||
           (redact_is_upper(identifier.data[begin]) && redact_is_lower(identifier.data[begin - 1]));
}

bool redact_is_secret_name(struct slice identifier, bool *pass)
{
    size_t begin;
    *pass = false;
    if (identifier.length == 0)
        return false;
    const char last = lower(identifier.data[identifier.length - 1]);
    for (size_t i = 0; i < sizeof secret_names / sizeof *secret_names; i++)
        if (secret_names[i].data[secret_names[i].length - 1] == last && redact_ends_with(identifier, secret_names[i], &begin))
            return true;
    return is_pass(identifier, pass);
}

/* Past blanks; 0 if there is none. */
static size_t past_blanks(struct slice text, size_t at)
{
    const size_t start = at;
    while (redact_is_blank(redact_byte(text, at)))
        at++;
    return at > start ? at : 0;
}

/* "user:password", in quotes or not; the user stays. */
static bool match_user_password(struct slice text, size_t at, struct redact_span *span)
{
    size_t depth = 0;
    while (depth < 8 && redact_byte(text, at + depth) == '\\')
        depth++;
    const char quote = redact_byte(text, at + depth);
    const bool quoted = redact_is_quote(quote);
    if (quoted)
        at += depth + 1;
    for (size_t i = at; i < at + USER_MAX_LENGTH && i < text.length; i++) {
        const char c = text.data[i];
        if ((unsigned char)c <= ' ' || redact_is_quote(c))
            return false;
        if (c == ':') {
            span->start = i + 1;
            span->end = quoted ? redact_quoted_end(text, i + 1, quote, depth) : redact_unquoted_end(text, i + 1);
            return span->end > span->start;
        }
    }
    return false;
}

/* curl -u user:password, -uuser:password, -su …, --user user:password, --user=…, and of a proxy. */
static bool match_curl_user(struct slice text, size_t start, size_t end, struct redact_span *span)
{
    const struct slice option = slice_part(text, start, end - start);
    const bool stands_alone = redact_is_blank(redact_byte(text, end)) || redact_byte(text, end) == '=';
    if (slice_equal(option, SLICE("--user")) || slice_equal(option, SLICE("--proxy-user")))
        return stands_alone && match_user_password(text, redact_byte(text, end) == '=' ? end + 1 : past_blanks(text, end), span);
    if (option.length < 2 || option.data[0] != '-' || option.data[1] == '-')
        return false;
    const char last = option.data[option.length - 1];
    const char next = redact_byte(text, end);
    if (option.length <= 8 && (last == 'u' || last == 'U') && (redact_is_blank(next) || redact_is_quote(next))) {
        const size_t value = past_blanks(text, end);
        return match_user_password(text, value ? value : end, span);
    }
    return (option.data[1] == 'u' || option.data[1] == 'U') && match_user_password(text, start + 2, span);
}

static bool match_sshpass(struct slice text, size_t start, size_t end, struct redact_span *span)
{
    if (!slice_starts_with(slice_part(text, start, end - start), SLICE("-p")))
        return false;
    const size_t value = end == start + 2 ? past_blanks(text, end) : start + 2;
    return redact_value(text, value ? value : end, span);
}

/* What the identifier means as a word of a command line. */
static bool match_command(struct redact_scan *scan, struct redact_span *span)
{
    const struct slice text = scan->text, name = slice_part(text, scan->name_start, scan->name_end - scan->name_start);
    if (slice_equal(name, SLICE("curl")))
        scan->curl = true;
    /* Its own options come first; those of the command it starts may be called the same. */
    if (name.data[0] != '-')
        scan->sshpass = slice_equal(name, SLICE("sshpass"));
    if (name.data[0] != '-')
        return false;
    return (scan->sshpass && match_sshpass(text, scan->name_start, scan->name_end, span)) ||
           (scan->curl && match_curl_user(text, scan->name_start, scan->name_end, span));
}

/* A header's value runs to the end of its line, or of the string that the header stands in. */
static bool match_header(struct slice text, size_t start, size_t end, struct redact_span *span)
{
    char operator;
    size_t begin, depth = 0;
    const struct slice name = slice_part(text, start, end - start);
    size_t i = 0;
    while (i < sizeof header_names / sizeof *header_names && !redact_ends_with(name, header_names[i], &begin))
        i++;
    if (i == sizeof header_names / sizeof *header_names)
        return false;
    const size_t value = redact_assignment(text, end, &operator);
    if (!value || (header_names[i].data[0] == 'c' && operator != ':'))
        return false;
    if (redact_is_quote(redact_byte(text, value)) || redact_byte(text, value) == '\\')
        return redact_value(text, value, span);

    size_t line_end = value;
    while (line_end < text.length && text.data[line_end] != '\n' && text.data[line_end] != '\r')
        line_end++;
    *span = (struct redact_span){value, line_end};
    const char quote = start ? text.data[start - 1] : ' ';
    if (redact_is_quote(quote) && !redact_is_quote(redact_byte(text, end)) && redact_byte(text, end) != '\\') {
        while (depth + 1 < start && text.data[start - 2 - depth] == '\\')
            depth++;
        span->end = redact_quoted_end(slice_part(text, 0, line_end), value, quote, depth);
    }
    return span->end > span->start;
}

/* "Bearer " and "Basic " at `at`: past them; otherwise `at`. */
static size_t past_scheme(struct slice text, size_t at)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        const size_t value = past_blanks(text, at + schemes[i].length);
        if (value && slice_equal_ignoring_case(slice_part(text, at, schemes[i].length), schemes[i]))
            return value;
    }
    return at;
}

/* --token X, and "--token", "X" of a list of arguments. */
static bool match_option_value(struct slice text, size_t end, struct redact_span *span)
{
    size_t value = past_blanks(text, end);
    if (!value && redact_is_quote(redact_byte(text, end)) && redact_byte(text, end + 1) == ',') {
        value = past_blanks(text, end + 2);
        value = value ? value : end + 2;
        if (!redact_is_quote(redact_byte(text, value)))
            return false;
    }
    return value && redact_byte(text, value) != '-' && redact_value(text, value, span);
}

static bool match_secret_name(struct slice text, size_t start, size_t end, struct redact_span *span)
{
    const struct slice name = slice_part(text, start, end - start);
    char operator;
    bool pass;
    size_t begin;

    if (!redact_is_secret_name(name, &pass))
        return false;
    const size_t assigned = redact_assignment(text, end, &operator);
    if (assigned) {
        /* "pass: fail" speaks of tests, "pass:hunter2" and "pass": "hunter2" of a password. */
        if (pass && operator == ':' && redact_byte(text, end) == ':' && redact_is_blank(redact_byte(text, end + 1)) &&
            !redact_is_quote(redact_byte(text, assigned)))
            return false;
        return redact_value(text, past_scheme(text, assigned), span);
    }
    if (name.data[0] == '-' && match_option_value(text, end, span))
        return true;
    const size_t value = past_blanks(text, end);
    if (!value || !redact_ends_with(name, SLICE("secretaccesskey"), &begin))
        return false;
    size_t length = 0;
    for (char c = redact_byte(text, value); redact_is_alnum(c) || c == '/' || c == '+' || c == '=';)
        c = redact_byte(text, value + ++length);
    *span = (struct redact_span){value, value + length};
    return length >= AWS_VALUE_MIN;
}

/* Bearer and Basic with what follows them. "Basic" begins sentences, too: there, letters alone are a word. */
static bool match_scheme(struct slice text, size_t start, size_t end, struct redact_span *span)
{
    size_t begin, value = end, length = 0;
    const struct slice name = slice_part(text, start, end - start);
    const bool bearer = redact_ends_with(name, schemes[0], &begin);
    if ((!bearer && !redact_ends_with(name, schemes[1], &begin)) || (begin && !is_separator(name.data[begin - 1])))
        return false;
    while (redact_is_blank(redact_byte(text, value)) || redact_byte(text, value) == '\n' || redact_byte(text, value) == '\r')
        value++;
    bool word = !bearer;
    if (value == end)
        return false;
    for (; length < SCHEME_VALUE_MIN || word; length++) {
        const char c = redact_byte(text, value + length);
        if (!redact_is_identifier(c) && c != '.' && c != '~' && c != '+' && c != '/' && c != '=')
            break;
        word = word && (redact_is_lower(c) || c == '-' || c == '.' || (length == 0 && redact_is_upper(c)));
    }
    if (length < SCHEME_VALUE_MIN || word)
        return false;
    *span = (struct redact_span){value, redact_unquoted_end(text, value)};
    return span->end > span->start;
}

bool redact_match_named(struct redact_scan *scan, struct redact_span *span)
{
    const struct slice text = scan->text;
    const size_t start = scan->name_start, end = scan->name_end;
    if (match_command(scan, span))
        return true;
    /* Most identifiers end with something that no assignment, option or scheme can go on with. */
    const char next = redact_byte(text, end);
    if (end - start < NAME_LENGTH_MIN ||
        !((unsigned char)next <= ' ' || next == ':' || next == '=' || next == '\\' || redact_is_quote(next)))
        return false;
    return match_header(text, start, end, span) || match_secret_name(text, start, end, span) ||
           match_scheme(text, start, end, span);
}
