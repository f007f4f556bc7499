#include "trace/redact_match.h"

/* What tokens are made of beyond letters and digits. */
enum { PLAIN = 0, DASHED = 1, DOTTED = 2 };

/* TOKEN_LENGTH_MIN: of the shortest token below with its prefix. */
enum { AWS_SECRET_KEY_LENGTH = 40, TOKEN_LENGTH_MIN = 15 };

static bool in_token(char c, unsigned extra)
{
    return redact_is_alnum(c) || ((extra & DASHED) && (c == '-' || c == '_')) ||
           ((extra & DOTTED) && (c == '.' || c == '+' || c == '/' || c == '='));
}

static size_t token_length(struct slice text, unsigned extra)
{
    size_t length = 0;
    while (length < text.length && in_token(text.data[length], extra))
        length++;
    return length;
}

/* Tokens told by their prefix: what follows it, and how much at least. Sorted by the first byte, by which they are found. */
static const struct token_shape {
    struct slice prefix;
    unsigned extra;
    size_t minimum;
} token_shapes[] = {
    {{"AKIA", 4}, PLAIN, 16}, {{"ASIA", 4}, PLAIN, 16}, {{"ABIA", 4}, PLAIN, 16}, {{"ACCA", 4}, PLAIN, 16}, {{"ABSK", 4}, DOTTED, 40},
    {{"AIza", 4}, DASHED, 30}, {{"AGE-SECRET-KEY-", 15}, PLAIN, 20}, {{"SG.", 3}, DASHED | DOTTED, 20}, {{"dop_v1_", 7}, PLAIN, 20},
    {{"dckr_pat_", 9}, DASHED, 16}, {{"discord.com/api/webhooks/", 25}, DASHED | DOTTED, 8}, {{"ghp_", 4}, PLAIN, 20},
    {{"gho_", 4}, PLAIN, 20}, {{"ghu_", 4}, PLAIN, 20}, {{"ghs_", 4}, PLAIN, 20}, {{"ghr_", 4}, PLAIN, 20},
    {{"github_pat_", 11}, DASHED, 20}, {{"glpat-", 6}, DASHED, 16}, {{"gldt-", 5}, DASHED, 16}, {{"glrt-", 5}, DASHED, 16},
    {{"glptt-", 6}, DASHED, 16}, {{"glcbt-", 6}, DASHED, 16}, {{"hf_", 3}, PLAIN, 20}, {{"hvs.", 4}, DASHED, 20},
    {{"hooks.slack.com/services/", 25}, DASHED | DOTTED, 8}, {{"hooks.slack.com/workflows/", 26}, DASHED | DOTTED, 8},
    {{"hooks.slack.com/triggers/", 25}, DASHED | DOTTED, 8}, {{"lin_api_", 8}, PLAIN, 20}, {{"npm_", 4}, PLAIN, 30},
    {{"pypi-", 5}, DASHED, 16}, {{"rk_live_", 8}, PLAIN, 10}, {{"sk-", 3}, DASHED, 20}, {{"sk_live_", 8}, PLAIN, 10},
    {{"sk_test_", 8}, PLAIN, 10}, {{"shpat_", 6}, PLAIN, 20}, {{"tvly-", 5}, DASHED, 16}, {{"whsec_", 6}, DOTTED, 16},
    {{"xoxb-", 5}, DASHED, 10}, {{"xoxp-", 5}, DASHED, 10}, {{"xoxa-", 5}, DASHED, 10}, {{"xoxr-", 5}, DASHED, 10},
    {{"xoxs-", 5}, DASHED, 10}, {{"xapp-", 5}, DASHED, 10}, {{"xoxe-", 5}, DASHED, 10}, {{"ya29.", 5}, DASHED | DOTTED, 20},
};

static size_t match_prefixed_token(struct slice text)
{
    size_t from = 0, to = sizeof token_shapes / sizeof *token_shapes;
    /* Most words are too short for any of them. */
    if (!in_token(redact_byte(text, 1), DASHED | DOTTED) || !in_token(redact_byte(text, TOKEN_LENGTH_MIN - 1), DASHED | DOTTED))
        return 0;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (token_shapes[middle].prefix.data[0] < text.data[0])
            from = middle + 1;
        else
            to = middle;
    }
    for (; from < sizeof token_shapes / sizeof *token_shapes && token_shapes[from].prefix.data[0] == text.data[0]; from++) {
        const struct token_shape *shape = &token_shapes[from];
        if (shape->prefix.data[1] != text.data[1] || !slice_starts_with(text, shape->prefix))
            continue;
        const size_t length = token_length(slice_part(text, shape->prefix.length, text.length), shape->extra);
        if (length >= shape->minimum)
            return shape->prefix.length + length;
    }
    return 0;
}

/* header.payload.signature, each base64url; the first two begin with an encoded '{"'. */
static size_t match_jwt(struct redact_scan *scan, size_t at)
{
    const struct slice text = slice_part(scan->text, at, scan->text.length);
    if (!slice_starts_with(text, SLICE("eyJ")))
        return 0;
    /* The run may be long and begin a JWT at many places, so it is measured once. */
    if (at >= scan->token_end)
        scan->token_end = at + token_length(text, DASHED);
    const size_t header = scan->token_end - at;
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

static bool in_secret_key(char c)
{
    return redact_is_alnum(c) || c == '/' || c == '+';
}

/* An AWS secret key has no prefix: 40 characters of base64. A '/' or '+' tells it from a git object id and from most names. */
static size_t match_aws_secret_key(struct slice text, size_t at)
{
    bool upper = false, lower = false, digit = false, sign = false;
    const char before = at ? text.data[at - 1] : ' ';
    size_t length = 0;

    if (in_secret_key(before) || before == '-' || before == '_' || before == '.')
        return 0;
    for (; in_secret_key(redact_byte(text, at + length)) && length <= AWS_SECRET_KEY_LENGTH; length++) {
        const char c = text.data[at + length];
        upper = upper || redact_is_upper(c);
        lower = lower || redact_is_lower(c);
        digit = digit || redact_is_digit(c);
        sign = sign || c == '/' || c == '+';
    }
    const char after = redact_byte(text, at + length);
    if (length != AWS_SECRET_KEY_LENGTH || !upper || !lower || !digit || !sign)
        return 0;
    /* A sentence may end behind it, a file name does not end in its middle. */
    if (after == '-' || after == '_' || after == '=' || (after == '.' && redact_is_alnum(redact_byte(text, at + length + 1))))
        return 0;
    return length;
}

bool redact_match_shape(struct redact_scan *scan, size_t at, struct redact_span *span)
{
    const struct slice text = scan->text, rest = slice_part(text, at, text.length);
    const char first = rest.data[0], before = at ? text.data[at - 1] : ' ';
    size_t length = 0;

    if (first == '-')
        length = redact_byte(rest, 1) == '-' ? match_private_key(rest) : 0;
    else if (redact_is_alnum(first) && (!redact_is_alnum(before) || (redact_is_lower(before) && redact_is_upper(first)))) {
        length = match_prefixed_token(rest);
        if (!length)
            length = match_jwt(scan, at);
    }
    if (!length && in_secret_key(first))
        length = match_aws_secret_key(text, at);
    *span = (struct redact_span){at, at + length};
    return length > 0;
}
