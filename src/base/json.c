/* The one place where jsmn's code is compiled, with the options that json.h names. Its conversions are its own affair. */
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wsign-compare"
#include <jsmn.h>
#pragma GCC diagnostic pop

#include "base/json.h"

#include "base/json_scan.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Where a token stands in the text, quotes included. */
static struct slice token_text(struct slice text, const jsmntok_t *token)
{
    const int quote = token->type == JSMN_STRING ? 1 : 0;
    return (struct slice){text.data + token->start - quote, (size_t)(token->end - token->start + 2 * quote)};
}

static bool is_container(const jsmntok_t *token)
{
    return token->type == JSMN_OBJECT || token->type == JSMN_ARRAY;
}

/* The check of jsmn's tokens */

static bool token_is_sound(struct slice text, const jsmntok_t *token)
{
    if (token->start < 0 || token->end < token->start || (size_t)token->end > text.length)
        return false;
    if (token->type == JSMN_STRING)
        return token->start > 0 && (size_t)token->end < text.length && text.data[token->start - 1] == '"' && text.data[token->end] == '"';
    if (token->end == token->start)
        return false;
    const char first = text.data[token->start], last = text.data[token->end - 1];
    switch (token->type) {
    case JSMN_OBJECT:
        return first == '{' && last == '}';
    case JSMN_ARRAY:
        return first == '[' && last == ']';
    case JSMN_PRIMITIVE:
        return first == '-' || (first >= '0' && first <= '9') || first == 't' || first == 'f' || first == 'n';
    default:
        return false;
    }
}

/* A container that is still open while its tokens are walked. */
struct frame {
    int container;
    int key;  /* whose value comes next, or JSON_NONE */
    int last; /* element so far, or JSON_NONE */
    int seen; /* elements so far */
    const char *position; /* nothing may begin before it */
};

static bool place(struct slice text, jsmntok_t *tokens, int index, struct frame *frame)
{
    jsmntok_t *token = &tokens[index];
    const jsmntok_t *container = &tokens[frame->container];
    const struct slice here = token_text(text, token), around = token_text(text, container);
    if (here.data < frame->position || here.data + here.length >= around.data + around.length)
        return false;
    frame->position = here.data + here.length;
    if (frame->key != JSON_NONE) {
        if (token->parent != frame->key || (!is_container(token) && token->size != 0))
            return false;
        frame->key = token->parent = JSON_NONE;
        return true;
    }
    if (token->parent != frame->container)
        return false;
    if (container->type == JSMN_OBJECT) {
        if (token->type != JSMN_STRING || token->size != 1)
            return false;
        frame->key = index;
    } else if (!is_container(token) && token->size != 0) {
        return false;
    }
    if (frame->last != JSON_NONE)
        tokens[frame->last].parent = index;
    token->parent = JSON_NONE;
    frame->last = index;
    frame->seen++;
    return true;
}

static bool is_complete(const jsmntok_t *tokens, const struct frame *frame)
{
    return frame->key == JSON_NONE && frame->seen == tokens[frame->container].size;
}

/* Walks all tokens once in their order, which is that of the text, and links each element to its next. */
static bool check_and_link(struct slice text, jsmntok_t *tokens, int count)
{
    struct frame frames[JSON_DEPTH_MAX];
    unsigned depth = 0;
    for (int i = 0; i < count; i++) {
        jsmntok_t *token = &tokens[i];
        if (!token_is_sound(text, token))
            return false;
        while (depth > 0 && tokens[frames[depth - 1].container].end <= token->start) {
            if (!is_complete(tokens, &frames[--depth]))
                return false;
        }
        if (i == 0 ? token->parent != JSON_NONE : depth == 0 || !place(text, tokens, i, &frames[depth - 1]))
            return false;
        if (is_container(token)) {
            if (depth == JSON_DEPTH_MAX)
                return false;
            frames[depth++] = (struct frame){i, JSON_NONE, JSON_NONE, 0, text.data + token->start + 1};
        }
    }
    while (depth > 0) {
        if (!is_complete(tokens, &frames[--depth]))
            return false;
    }
    return true;
}

/* Parsing */

/* jsmn in strict mode wants something to follow a number or literal, so a root that is one needs no jsmn. */
static bool is_bare(struct slice value)
{
    return value.data[0] != '{' && value.data[0] != '[' && value.data[0] != '"';
}

/* `text` is valid JSON of at most INT_MAX bytes. */
static int cut_into_tokens(struct slice text, jsmntok_t *tokens, size_t capacity)
{
    const struct slice value = slice_trim(text);
    if (is_bare(value)) {
        if (capacity == 0)
            return tokens ? JSMN_ERROR_NOMEM : 1;
        const int start = (int)(value.data - text.data);
        tokens[0] = (jsmntok_t){.type = JSMN_PRIMITIVE, .start = start, .end = start + (int)value.length, .parent = JSON_NONE};
        return 1;
    }
    jsmn_parser parser;
    jsmn_init(&parser);
    return jsmn_parse(&parser, text.data, text.length, tokens, capacity < INT_MAX ? (unsigned)capacity : INT_MAX);
}

static bool parse_valid(struct json *document, struct slice text, jsmntok_t *tokens, size_t capacity)
{
    const int count = cut_into_tokens(text, tokens, capacity);
    if (count <= 0 || (size_t)count > capacity || !check_and_link(text, tokens, count))
        return false;
    *document = (struct json){text, tokens, count};
    return true;
}

bool json_parse(struct json *document, struct slice text, jsmntok_t *tokens, size_t capacity)
{
    *document = (struct json){{NULL, 0}, NULL, 0};
    if (capacity == 0 || text.length > INT_MAX || !json_valid(text))
        return false;
    return parse_valid(document, text, tokens, capacity);
}

bool json_parse_copy(struct json *document, struct slice copy, jsmntok_t *tokens, size_t capacity)
{
    *document = (struct json){{NULL, 0}, NULL, 0};
    return capacity > 0 && copy.length <= INT_MAX && parse_valid(document, copy, tokens, capacity);
}

bool json_parse_allocating(struct json *document, struct slice text, size_t ceiling)
{
    *document = (struct json){{NULL, 0}, NULL, 0};
    if (text.length > INT_MAX || !json_valid(text))
        return false;
    const int needed = cut_into_tokens(text, NULL, 0);
    if (needed <= 0 || (size_t)needed > ceiling || (size_t)needed > SIZE_MAX / sizeof(jsmntok_t))
        return false;
    jsmntok_t *tokens = malloc((size_t)needed * sizeof *tokens);
    if (!tokens)
        return false;
    if (parse_valid(document, text, tokens, (size_t)needed))
        return true;
    free(tokens);
    return false;
}

void json_release(struct json *document)
{
    free((void *)document->tokens);
    *document = (struct json){{NULL, 0}, NULL, 0};
}

/* Moving about */

static const jsmntok_t *token_at(const struct json *document, int value)
{
    return value >= 0 && value < document->count ? &document->tokens[value] : NULL;
}

enum json_type json_type(const struct json *document, int value)
{
    const jsmntok_t *token = token_at(document, value);
    if (!token)
        return JSON_MISSING;
    switch (token->type) {
    case JSMN_OBJECT:
        return JSON_OBJECT;
    case JSMN_ARRAY:
        return JSON_ARRAY;
    case JSMN_STRING:
        return JSON_STRING;
    default:
        break;
    }
    switch (document->text.data[token->start]) {
    case 'n':
        return JSON_NULL;
    case 'f':
        return JSON_FALSE;
    case 't':
        return JSON_TRUE;
    default:
        return JSON_NUMBER;
    }
}

static int get(const struct json *document, int object, struct slice name)
{
    if (json_type(document, object) != JSON_OBJECT)
        return JSON_NONE;
    int found = JSON_NONE;
    for (int key = json_first(document, object); key != JSON_NONE; key = json_next(document, key)) {
        if (json_string_equals_slice(document, key, name))
            found = json_member_value(document, key);
    }
    return found;
}

int json_get(const struct json *document, int object, const char *name)
{
    return get(document, object, slice_of(name));
}

int json_find(const struct json *document, int object, const char *path)
{
    struct slice rest = slice_of(path);
    size_t dot;
    while (slice_find(rest, SLICE("."), 0, &dot)) {
        object = get(document, object, slice_part(rest, 0, dot));
        rest = slice_part(rest, dot + 1, rest.length);
    }
    return get(document, object, rest);
}

int json_first(const struct json *document, int container)
{
    return json_size(document, container) > 0 ? container + 1 : JSON_NONE;
}

int json_next(const struct json *document, int item)
{
    const jsmntok_t *token = token_at(document, item);
    return token ? token->parent : JSON_NONE;
}

int json_member_value(const struct json *document, int key)
{
    const jsmntok_t *token = token_at(document, key);
    return token && token->type == JSMN_STRING && token->size == 1 ? key + 1 : JSON_NONE;
}

size_t json_size(const struct json *document, int container)
{
    const jsmntok_t *token = token_at(document, container);
    return token && is_container(token) ? (size_t)token->size : 0;
}

struct slice json_raw(const struct json *document, int value)
{
    const jsmntok_t *token = token_at(document, value);
    return token ? token_text(document->text, token) : (struct slice){NULL, 0};
}
