#include "base/json_grammar.h"
#include "base/json_scan_state.h"

#include <string.h>

/* Plain digits with something behind them are a number whole. NULL: the automaton has to look. */
static inline const char *plain_integer(const char *at, const char *end)
{
    const char *from = at;
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    if (at == from || at == end || (*from == '0' && at - from > 1))
        return NULL;
    return *at == ',' || *at == ']' || *at == '}' ? at : NULL;
}

/* A string without escapes and all in ASCII that ends in this piece. NULL: the string states have to look. */
static inline const char *plain_string(const char *at, const char *end)
{
    const size_t run = json_plain_length((struct slice){at + 1, (size_t)(end - at - 1)});
    const char *behind = at + 1 + run;
    return behind < end && *behind == '"' ? behind + 1 : NULL;
}

static inline const char *plain_literal(const char *at, const char *end)
{
    const size_t length = *at == 'f' ? 5 : 4;
    const char *literal = *at == 'f' ? "false" : *at == 't' ? "true" : "null";
    return (size_t)(end - at) >= length && memcmp(at, literal, length) == 0 ? at + length : NULL;
}

/* To the next character that is no white space; false where there is none in this piece. */
static inline bool next_character(const char **at, const char *end)
{
    while (*at < end && json_is_white(**at))
        ++*at;
    return *at < end;
}

/* A state machine whose state is the place in the code: compared with one that looks its state up for every token it takes half the time.
 * `state` is only brought up to date for whoever goes on. */
const char *json_scan_skim(struct json_scan *scan, const char *at, const char *end)
{
    /* The container whose end brings the copy back, and level 1 of an object, whose members are measured, are not for here. */
    const unsigned first_level = scan->depth > 0 && scan->objects[0] ? 2 : 1;
    const unsigned floor = scan->copy.out && scan->copy.skip_depth > first_level ? scan->copy.skip_depth : first_level;
    bool *objects = scan->objects;
    unsigned depth = scan->depth, state = scan->state;
    const char *behind;

    if (depth < first_level)
        return at;
    switch (state) {
    case AFTER_VALUE:
        goto after_value;
    case AT_OBJECT_FIRST:
        goto object_first;
    case AT_OBJECT_NEXT:
        goto key;
    case AT_COLON:
        goto colon;
    case AT_ARRAY_FIRST:
        goto array_first;
    default:
        goto value;
    }

after_value:
    state = AFTER_VALUE;
    if (!next_character(&at, end))
        goto out;
    if (*at == ',') {
        at++;
        if (objects[depth - 1])
            goto next_key;
        state = AT_ARRAY_NEXT;
        goto value;
    }
    goto close;

array_first:
    if (!next_character(&at, end))
        goto out;
    if (*at != ']')
        goto value;
    goto close;

object_first:
    if (!next_character(&at, end))
        goto out;
    if (*at != '}')
        goto key;

close:
    if (depth == floor || *at != (objects[depth - 1] ? '}' : ']'))
        goto out;
    depth--;
    at++;
    goto after_value;

next_key:
    state = AT_OBJECT_NEXT;
key:
    if (!next_character(&at, end) || *at != '"' || !(behind = plain_string(at, end)))
        goto out;
    at = behind;
    state = AT_COLON;
colon:
    if (!next_character(&at, end) || *at != ':')
        goto out;
    at++;
    state = AT_MEMBER_VALUE;

value:
    if (!next_character(&at, end))
        goto out;
    switch (*at) {
    case '[':
    case '{':
        if (depth == JSON_DEPTH_MAX)
            goto out;
        objects[depth++] = *at == '{';
        at++;
        state = objects[depth - 1] ? AT_OBJECT_FIRST : AT_ARRAY_FIRST;
        if (objects[depth - 1])
            goto object_first;
        goto array_first;
    case '"':
        behind = plain_string(at, end);
        break;
    case 't':
    case 'f':
    case 'n':
        behind = plain_literal(at, end);
        break;
    default:
        behind = plain_integer(at, end);
        break;
    }
    if (behind) {
        at = behind;
        goto after_value;
    }

out:
    scan->depth = depth;
    scan->state = state;
    return at;
}
