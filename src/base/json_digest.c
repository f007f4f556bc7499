#include "base/json_digest.h"

#include "base/hash.h"
#include "base/json_grammar.h"
#include "base/utf8.h"

static uint64_t mix(uint64_t value)
{
    value ^= value >> 33;
    value *= UINT64_C(0xff51afd7ed558ccd);
    value ^= value >> 33;
    value *= UINT64_C(0xc4ceb9fe1a85ec53);
    return value ^ (value >> 33);
}

static uint64_t hash_number(uint64_t state, uint64_t value)
{
    return fnv1a(state, (struct slice){(const char *)&value, sizeof value});
}

void json_digest_begin(struct json_digest *digest, const struct slice *left_out, size_t count)
{
    digest->left_out = left_out;
    digest->left_out_count = count;
    digest->empty = digest->deep = digest->null = false;
    digest->members = 0;
    digest->value = 0;
    digest->high = 0;
    digest->state = JSON_DIGEST_BETWEEN;
    digest->depth = 0;
}

/* ---- values and containers -------------------------------------------------------------------------------------------------- */

static bool is_left_out(const struct json_digest *digest, uint64_t name)
{
    for (size_t i = 0; i < digest->left_out_count; i++)
        if (fnv1a(FNV1A_START, digest->left_out[i]) == name)
            return true;
    return false;
}

enum what { WHAT_NULL, WHAT_SCALAR, WHAT_ARRAY, WHAT_OBJECT };

/* Members are added up, so that their order does not matter; elements are chained, so that theirs does. */
static void take_value(struct json_digest *digest, uint64_t value, enum what what, bool empty)
{
    if (digest->depth == 0) {
        digest->value = value;
        digest->empty = what == WHAT_NULL || empty;
        if (what != WHAT_OBJECT) /* which has counted its own */
            digest->members = 1;
        return;
    }
    struct json_digest_level *level = &digest->levels[digest->depth - 1];
    if (digest->depth == 1)
        digest->nothing_yet = false;
    if (!level->object) {
        level->sum = hash_number(level->sum, value);
        return;
    }
    const uint64_t name = level->name;
    level->named = false;
    if (what == WHAT_NULL || (digest->depth == 1 && is_left_out(digest, name)))
        return;
    level->sum += mix(hash_number(name, value));
    if (digest->depth == 1)
        digest->members++;
}

static void open_container(struct json_digest *digest, bool object)
{
    if (digest->depth == JSON_DIGEST_DEPTH_MAX) {
        digest->deep = true;
        return;
    }
    if (digest->depth == 0)
        digest->nothing_yet = true;
    digest->levels[digest->depth++] = (struct json_digest_level){.sum = object ? 0 : FNV1A_START, .object = object};
}

static void close_container(struct json_digest *digest)
{
    if (digest->depth == 0)
        return;
    const struct json_digest_level *level = &digest->levels[--digest->depth];
    const bool object = level->object;
    const bool empty = digest->depth == 0 && digest->nothing_yet;
    take_value(digest, mix(level->sum ^ (object ? 'O' : 'A')), object ? WHAT_OBJECT : WHAT_ARRAY, empty);
}

/* ---- strings and literals --------------------------------------------------------------------------------------------------- */

static void take_character(struct json_digest *digest, uint32_t code_point)
{
    char storage[4];
    struct buffer text;
    buffer_init_fixed(&text, storage, sizeof storage);
    utf8_append(&text, code_point);
    digest->scalar = fnv1a(digest->scalar, buffer_slice(&text));
}

/* A high surrogate whose other half did not come. */
static void settle_surrogate(struct json_digest *digest)
{
    if (digest->high)
        take_character(digest, UTF8_REPLACEMENT);
    digest->high = 0;
}

static void take_unit(struct json_digest *digest)
{
    const uint32_t unit = digest->unit;
    if (digest->high && json_is_low_surrogate(unit)) {
        take_character(digest, json_join_surrogates(digest->high, unit));
        digest->high = 0;
        return;
    }
    settle_surrogate(digest);
    if (json_is_high_surrogate(unit))
        digest->high = unit;
    else
        take_character(digest, json_is_low_surrogate(unit) ? UTF8_REPLACEMENT : unit);
}

static void end_string(struct json_digest *digest)
{
    settle_surrogate(digest);
    digest->state = JSON_DIGEST_BETWEEN;
    struct json_digest_level *level = digest->depth ? &digest->levels[digest->depth - 1] : NULL;
    if (level && level->object && !level->named) {
        level->name = digest->scalar;
        level->named = true;
    } else {
        take_value(digest, mix(digest->scalar ^ 'S'), WHAT_SCALAR, digest->scalar == FNV1A_START);
    }
}

static void end_literal(struct json_digest *digest)
{
    if (digest->state != JSON_DIGEST_LITERAL)
        return;
    digest->state = JSON_DIGEST_BETWEEN;
    take_value(digest, mix(digest->scalar), digest->null ? WHAT_NULL : WHAT_SCALAR, false);
}

/* Takes what it can of a string at once and returns how much. */
static size_t string_run(struct json_digest *digest, struct slice text)
{
    uint64_t scalar = digest->scalar;
    size_t length = 0;
    if (digest->high && text.length && text.data[0] != '"' && text.data[0] != '\\') {
        settle_surrogate(digest);
        scalar = digest->scalar;
    }
    for (; length < text.length && text.data[length] != '"' && text.data[length] != '\\'; length++)
        scalar = fnv1a_byte(scalar, text.data[length]);
    digest->scalar = scalar;
    return length;
}

static void take_escape(struct json_digest *digest, char letter)
{
    char meaning = letter;
    digest->state = JSON_DIGEST_STRING;
    if (letter == 'u') {
        digest->state = JSON_DIGEST_HEX;
        digest->digits = 0;
        digest->unit = 0;
        return;
    }
    settle_surrogate(digest);
    json_escape_meaning(letter, &meaning);
    digest->scalar = fnv1a_byte(digest->scalar, meaning);
}

static void take_hex(struct json_digest *digest, char c)
{
    const int digit = json_hex_digit(c);
    digest->unit = digest->unit << 4 | (uint32_t)(digit < 0 ? 0 : digit);
    if (++digest->digits == 4) {
        digest->state = JSON_DIGEST_STRING;
        take_unit(digest);
    }
}

static void take_between(struct json_digest *digest, char c)
{
    if (json_is_white(c) || c == ',' || c == ':') {
        end_literal(digest);
    } else if (c == '{' || c == '[') {
        open_container(digest, c == '{');
    } else if (c == '}' || c == ']') {
        end_literal(digest);
        close_container(digest);
    } else if (c == '"') {
        digest->state = JSON_DIGEST_STRING;
        digest->scalar = FNV1A_START;
    } else {
        if (digest->state != JSON_DIGEST_LITERAL) {
            digest->state = JSON_DIGEST_LITERAL;
            digest->scalar = FNV1A_START;
            digest->null = c == 'n';
        }
        digest->scalar = fnv1a_byte(digest->scalar, c);
    }
}

void json_digest_feed(struct json_digest *digest, struct slice text)
{
    for (size_t i = 0; i < text.length && !digest->deep; i++) {
        const char c = text.data[i];
        switch (digest->state) {
        case JSON_DIGEST_BETWEEN:
        case JSON_DIGEST_LITERAL:
            take_between(digest, c);
            break;
        case JSON_DIGEST_STRING:
            if (c == '"') {
                end_string(digest);
            } else if (c == '\\') {
                digest->state = JSON_DIGEST_ESCAPE;
            } else {
                i += string_run(digest, (struct slice){text.data + i, text.length - i}) - 1;
            }
            break;
        case JSON_DIGEST_ESCAPE:
            take_escape(digest, c);
            break;
        case JSON_DIGEST_HEX:
            take_hex(digest, c);
            break;
        }
    }
}

void json_digest_end(struct json_digest *digest)
{
    end_literal(digest);
}
