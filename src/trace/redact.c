#include "trace/redact.h"

#include "base/utf8.h"

static const struct slice mark = {"[redacted]", 10};

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || is_upper(c) || is_lower(c);
}

/* What tokens are made of beyond letters and digits. */
enum { PLAIN = 0, DASHED = 1, DOTTED = 2 };

static bool in_token(char c, unsigned extra)
{
    return is_alnum(c) || ((extra & DASHED) && (c == '-' || c == '_')) ||
           ((extra & DOTTED) && (c == '.' || c == '+' || c == '/' || c == '='));
}

static size_t token_length(struct slice text, unsigned extra)
{
    size_t length = 0;
    while (length < text.length && in_token(text.data[length], extra))
        length++;
    return length;
}

/* Tokens told by their prefix: what follows it, and how much at least. */
static const struct token_shape {
    struct slice prefix;
    unsigned extra;
    size_t minimum;
} token_shapes[] = {
    {{"AKIA", 4}, PLAIN, 16},          {{"ASIA", 4}, PLAIN, 16},         {{"ABIA", 4}, PLAIN, 16},
    {{"ACCA", 4}, PLAIN, 16},          {{"ABSK", 4}, DOTTED, 40},        {{"ghp_", 4}, PLAIN, 20},
    {{"gho_", 4}, PLAIN, 20},          {{"ghu_", 4}, PLAIN, 20},         {{"ghs_", 4}, PLAIN, 20},
    {{"ghr_", 4}, PLAIN, 20},          {{"github_pat_", 11}, DASHED, 20}, {{"glpat-", 6}, DASHED, 16},
    {{"gldt-", 5}, DASHED, 16},        {{"xoxb-", 5}, DASHED, 10},       {{"xoxp-", 5}, DASHED, 10},
    {{"xoxa-", 5}, DASHED, 10},        {{"xoxr-", 5}, DASHED, 10},       {{"xoxs-", 5}, DASHED, 10},
    {{"xapp-", 5}, DASHED, 10},        {{"sk-", 3}, DASHED, 20},         {{"sk_live_", 8}, PLAIN, 10},
    {{"sk_test_", 8}, PLAIN, 10},      {{"rk_live_", 8}, PLAIN, 10},     {{"AIza", 4}, DASHED, 30},
    {{"ya29.", 5}, DASHED | DOTTED, 20}, {{"npm_", 4}, PLAIN, 30},       {{"pypi-", 5}, DASHED, 16},
    {{"hf_", 3}, PLAIN, 20},           {{"SG.", 3}, DASHED | DOTTED, 20}, {{"dop_v1_", 7}, PLAIN, 20},
    {{"AGE-SECRET-KEY-", 15}, PLAIN, 20}, {{"lin_api_", 8}, PLAIN, 20},  {{"dckr_pat_", 9}, DASHED, 16},
    {{"hvs.", 4}, DASHED, 20},         {{"shpat_", 6}, PLAIN, 20},       {{"tvly-", 5}, DASHED, 16},
};

static size_t match_prefixed_token(struct slice text)
{
    for (size_t i = 0; i < sizeof token_shapes / sizeof *token_shapes; i++) {
        const struct token_shape *shape = &token_shapes[i];
        if (!slice_starts_with(text, shape->prefix))
            continue;
        const size_t length = token_length(slice_part(text, shape->prefix.length, text.length), shape->extra);
        if (length >= shape->minimum)
            return shape->prefix.length + length;
    }
    return 0;
}

/* header.payload.signature, each base64url; the first two begin with an encoded '{"'. */
static size_t match_jwt(struct slice text)
{
    if (!slice_starts_with(text, SLICE("eyJ")))
        return 0;
    const size_t header = token_length(text, DASHED);
    if (header < 10 || header >= text.length || text.data[header] != '.')
        return 0;
    const size_t payload = token_length(slice_part(text, header + 1, text.length), DASHED);
    if (payload < 4)
        return 0;
    size_t length = header + 1 + payload;
    if (length < text.length && text.data[length] == '.')
        length += 1 + token_length(slice_part(text, length + 1, text.length), DASHED);
    return length;
}

static size_t match_private_key(struct slice text)
{
    static const struct slice begin = {"-----BEGIN ", 11}, what = {"PRIVATE KEY", 11}, end = {"-----END ", 9}, dashes = {"-----", 5};
    size_t position, line_end;
    if (!slice_starts_with(text, begin))
        return 0;
    if (!slice_find(slice_part(text, 0, 64), what, begin.length, &position))
        return 0;
    /* One that is cut off is a secret just the same. */
    if (!slice_find(text, end, position, &position) || !slice_find(text, dashes, position + end.length, &line_end))
        return text.length;
    return line_end + dashes.length;
}

/* What stands around the '=' or ':' of an assignment. */
static bool is_filler(char c)
{
    return c == ' ' || c == '\t' || c == '"' || c == '\'' || c == '\\';
}

static size_t value_length(struct slice text)
{
    size_t length = 0;
    while (length < text.length) {
        size_t unused;
        if ((unsigned char)text.data[length] <= ' ' || slice_find(SLICE("\"'`,;&)}]<"), slice_part(text, length, 1), 0, &unused))
            break;
        length++;
    }
    return length;
}

/* Names after which, behind '=' or ':', a secret stands; compared without case, '-' and '_' alike. */
static const struct slice secret_names[] = {
    {"password", 8},      {"passwd", 6},        {"passphrase", 10},   {"pwd", 3},          {"secret", 6},      {"secret_key", 10},
    {"token", 5},         {"api_key", 7},       {"apikey", 6},        {"access_key", 10},  {"private_key", 11}, {"client_secret", 13},
    {"auth_token", 10},   {"access_token", 12}, {"refresh_token", 13}, {"session_token", 13},
    {"secret_access_key", 17}, {"credentials", 11},
    {"connection_string", 17},
};

static bool starts_with_name(struct slice text, struct slice name)
{
    if (text.length < name.length)
        return false;
    for (size_t i = 0; i < name.length; i++) {
        char c = text.data[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (c == '-')
            c = '_';
        if (c != name.data[i])
            return false;
    }
    return true;
}

/* Skips `="`, `: '`, `": "` and the like; 0 if there is no '=' or ':'. */
static size_t assignment_length(struct slice text)
{
    size_t at = 0;
    while (at < text.length && is_filler(text.data[at]))
        at++;
    if (at >= text.length || (text.data[at] != '=' && text.data[at] != ':'))
        return 0;
    at++;
    while (at < text.length && (is_filler(text.data[at]) || text.data[at] == '='))
        at++;
    return at;
}

/* A named value or an Authorization scheme: *keep is what stays in front of the secret. */
static size_t match_named_value(struct slice text, size_t *keep)
{
    static const struct slice schemes[] = {{"bearer ", 7}, {"basic ", 6}};
    for (size_t i = 0; i < sizeof secret_names / sizeof *secret_names; i++) {
        if (!starts_with_name(text, secret_names[i]))
            continue;
        const struct slice rest = slice_part(text, secret_names[i].length, text.length);
        const size_t assignment = assignment_length(rest);
        const size_t value = assignment ? value_length(slice_part(rest, assignment, rest.length)) : 0;
        if (value) {
            *keep = secret_names[i].length + assignment;
            return *keep + value;
        }
    }
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (!starts_with_name(text, schemes[i]))
            continue;
        const size_t value = value_length(slice_part(text, schemes[i].length, text.length));
        if (value >= 8) {
            *keep = schemes[i].length;
            return *keep + value;
        }
    }
    if (starts_with_name(text, SLICE("authorization")) || starts_with_name(text, SLICE("x_api_key"))) {
        const size_t name = starts_with_name(text, SLICE("authorization")) ? 13 : 9;
        const size_t assignment = assignment_length(slice_part(text, name, text.length));
        size_t end = name + assignment;
        while (end < text.length && text.data[end] != '\n' && text.data[end] != '\r' && text.data[end] != '"' && text.data[end] != '\'')
            end++;
        if (assignment && end > name + assignment) {
            *keep = name + assignment;
            return end;
        }
    }
    return 0;
}

/* "://user:password@": *keep is up to the password. */
static size_t match_url_password(struct slice text, size_t *keep)
{
    size_t colon = 0;
    if (!slice_starts_with(text, SLICE("://")))
        return 0;
    for (size_t i = 3; i < text.length; i++) {
        const unsigned char c = (unsigned char)text.data[i];
        if (c == '@' && colon && i > colon + 1) {
            *keep = colon + 1;
            return i;
        }
        if (c == ':' && !colon)
            colon = i;
        if (c <= ' ' || c == '/' || c == '?' || c == '#' || c == '"' || c == '\'' || c == '@')
            return 0;
    }
    return 0;
}

unsigned redact_append(struct buffer *out, struct slice text)
{
    unsigned count = 0;
    size_t copied = 0;

    for (size_t at = 0; at < text.length;) {
        const struct slice rest = slice_part(text, at, text.length);
        const bool word_start = at == 0 || !is_alnum(text.data[at - 1]) || (is_lower(text.data[at - 1]) && is_upper(rest.data[0]));
        size_t keep = 0, length = 0;
        if (rest.data[0] == '-')
            length = match_private_key(rest);
        else if (rest.data[0] == ':')
            length = match_url_password(rest, &keep);
        if (!length && word_start && is_alnum(rest.data[0])) {
            length = match_prefixed_token(rest);
            if (!length)
                length = match_jwt(rest);
            if (!length)
                length = match_named_value(rest, &keep);
        }
        if (!length) {
            at++;
            continue;
        }
        buffer_append(out, text.data + copied, at + keep - copied);
        buffer_append_slice(out, mark);
        at += length;
        copied = at;
        count++;
    }
    buffer_append(out, text.data ? text.data + copied : "", text.length - copied);
    return count;
}

void redact_preview(struct buffer *out, struct slice text, size_t characters)
{
    const size_t start = out->length;

    if (characters == 0)
        return;
    redact_append(out, text);
    if (out->failed)
        return;
    const struct slice whole = {out->data + start, out->length - start};
    for (size_t i = start; i < out->length; i++)
        if ((unsigned char)out->data[i] < 0x20 || out->data[i] == 0x7f)
            out->data[i] = ' ';
    out->length = start + utf8_prefix(whole, characters).length;
}
