#include "base/json_scan.h"

#include "base/json_scan_state.h"

#include <string.h>

static const struct slice literals[] = {{"true", 4}, {"false", 5}, {"null", 4}};

void json_scan_init(struct json_scan *scan, struct buffer *copy)
{
    /* The large arrays are written before they are read; clearing them would cost more than the rest of a short scan. */
    scan->bytes = scan->replaced = 0;
    scan->truncated = false;
    scan->member_count = 0;
    scan->result = JSON_SCAN_MORE;
    scan->state = AT_ROOT;
    scan->in_key = scan->in_name = false;
    scan->copying = copy != NULL;
    scan->depth = 0;
    scan->value_start = 0;
    scan->name_length = 0;
    scan->number_state = JSON_NUMBER_START;
    scan->literal = scan->literal_position = scan->hex_digits = 0;
    scan->code_unit = scan->high_surrogate = 0;
    scan->partial_length = 0;
    scan->piece = (struct slice){NULL, 0};
    scan->skip_from = NULL;
    json_copy_init(&scan->copy, copy);
}

/* What the copy leaves out: from the first element over the budget to the end of its container nothing is copied, and the bytes
 * go by the piece into the hash. */

static bool is_skipping(const struct json_scan *scan)
{
    return scan->copy.out && !scan->copying;
}

static void skip_up_to(struct json_scan *scan, const char *at)
{
    json_copy_skip(&scan->copy, (struct slice){scan->skip_from, (size_t)(at - scan->skip_from)});
    scan->skip_from = at;
}

/* An element begins that is no top-level member. */
static inline void copy_element(struct json_scan *scan, const char *at, bool first)
{
    if (scan->copying && !json_copy_element(&scan->copy, scan->depth, first)) {
        scan->copying = false;
        scan->skip_from = at;
    }
}

/* Numbers and literals */

static const char *take_number(struct json_scan *scan, const char *at, const char *end)
{
    const struct slice rest = {at, (size_t)(end - at)};
    const size_t run = json_number_run(rest, &scan->number_state);
    if (scan->copying)
        json_copy_number(&scan->copy, (struct slice){at, run});
    at += run;
    if (at == end)
        return at;
    if (!json_number_is_complete(scan->number_state))
        return refuse(scan, JSON_SCAN_BAD, at);
    if (scan->copying)
        json_copy_number_end(&scan->copy);
    end_value(scan, at);
    return at;
}

static const char *begin_number(struct json_scan *scan, const char *at, const char *end)
{
    scan->number_state = JSON_NUMBER_START;
    scan->state = IN_NUMBER;
    if (scan->copying)
        json_copy_number_begin(&scan->copy);
    return take_number(scan, at, end);
}

static const char *take_literal(struct json_scan *scan, const char *at, const char *end)
{
    const struct slice literal = literals[scan->literal];
    while (at < end && scan->literal_position < literal.length) {
        if (*at != literal.data[scan->literal_position])
            return refuse(scan, JSON_SCAN_BAD, at);
        scan->literal_position++;
        at++;
    }
    if (scan->literal_position == literal.length) {
        if (scan->copying)
            json_copy_token(&scan->copy, literal);
        end_value(scan, at);
    }
    return at;
}

/* Containers */

static inline const char *open_container(struct json_scan *scan, const char *at, bool object)
{
    if (scan->depth == JSON_DEPTH_MAX)
        return refuse(scan, JSON_SCAN_TOO_DEEP, at);
    scan->objects[scan->depth++] = object;
    if (scan->copying)
        json_copy_token(&scan->copy, object ? SLICE("{") : SLICE("["));
    scan->state = object ? AT_OBJECT_FIRST : AT_ARRAY_FIRST;
    return at + 1;
}

static inline const char *close_container(struct json_scan *scan, const char *at)
{
    const bool object = in_object(scan);
    if (*at != (object ? '}' : ']'))
        return refuse(scan, JSON_SCAN_BAD, at);
    if (is_skipping(scan) && scan->copy.skip_depth == scan->depth) {
        skip_up_to(scan, at);
        json_copy_skip_end(&scan->copy, object);
        scan->copying = true;
    }
    if (scan->copying)
        json_copy_token(&scan->copy, object ? SLICE("}") : SLICE("]"));
    scan->depth--;
    end_value(scan, at + 1);
    return at + 1;
}

static const char *begin_string(struct json_scan *scan, const char *at, bool key)
{
    scan->in_key = key;
    scan->state = IN_STRING;
    if (scan->copying)
        json_copy_text_begin(&scan->copy);
    return at + 1;
}

static inline const char *begin_value(struct json_scan *scan, const char *at, const char *end)
{
    switch (*at) {
    case '{':
        return open_container(scan, at, true);
    case '[':
        return open_container(scan, at, false);
    case '"':
        return begin_string(scan, at, false);
    case 't':
    case 'f':
    case 'n':
        scan->literal = *at == 't' ? 0 : *at == 'f' ? 1 : 2;
        scan->literal_position = 0;
        scan->state = IN_LITERAL;
        return take_literal(scan, at, end);
    default:
        if (*at != '-' && (*at < '0' || *at > '9'))
            return refuse(scan, JSON_SCAN_BAD, at);
        return begin_number(scan, at, end);
    }
}

static const char *begin_element(struct json_scan *scan, const char *at, const char *end, bool first)
{
    copy_element(scan, at, first);
    return begin_value(scan, at, end);
}

static const char *begin_key(struct json_scan *scan, const char *at, bool first)
{
    if (*at != '"')
        return refuse(scan, JSON_SCAN_BAD, at);
    if (scan->depth > 1) {
        copy_element(scan, at, first);
    } else if (scan->copying) {
        if (scan->member_count == JSON_SCAN_MEMBERS_MAX)
            return refuse(scan, JSON_SCAN_TOO_MANY, at);
        struct json_scan_member *member = &scan->members[scan->member_count++];
        member->name[0] = '\0';
        member->size = 0;
        scan->name_length = 0;
        scan->in_name = true;
        json_copy_member(&scan->copy, first);
    }
    return begin_string(scan, at, true);
}

/* One character that is not inside a string, number or literal, and no white space. */
static inline const char *take_structure(struct json_scan *scan, const char *at, const char *end)
{
    switch ((enum json_scan_state)scan->state) {
    case AT_ROOT:
        return begin_value(scan, at, end);
    case AT_ARRAY_FIRST:
        return *at == ']' ? close_container(scan, at) : begin_element(scan, at, end, true);
    case AT_ARRAY_NEXT:
        return begin_element(scan, at, end, false);
    case AT_OBJECT_FIRST:
        return *at == '}' ? close_container(scan, at) : begin_key(scan, at, true);
    case AT_OBJECT_NEXT:
        return begin_key(scan, at, false);
    case AT_COLON:
        if (*at != ':')
            return refuse(scan, JSON_SCAN_BAD, at);
        if (scan->copying)
            json_copy_token(&scan->copy, SLICE(":"));
        scan->state = AT_MEMBER_VALUE;
        return at + 1;
    case AT_MEMBER_VALUE:
        if (scan->depth == 1)
            scan->value_start = position(scan, at);
        return begin_value(scan, at, end);
    case AFTER_VALUE:
        if (*at != ',')
            return close_container(scan, at);
        scan->state = in_object(scan) ? AT_OBJECT_NEXT : AT_ARRAY_NEXT;
        return at + 1;
    default: /* AFTER_ROOT */
        return refuse(scan, JSON_SCAN_BAD, at);
    }
}

static inline bool is_refused(const struct json_scan *scan)
{
    return scan->result > JSON_SCAN_DONE;
}

/* Stays here as long as nothing else begins, which is where deeply nested text spends its time. */
static const char *take_structures(struct json_scan *scan, const char *at, const char *end)
{
    do {
        while (json_is_white(*at)) {
            if (++at == end)
                return at;
        }
        if (!scan->copying && (at = json_scan_skim(scan, at, end)) == end)
            return at;
        at = take_structure(scan, at, end);
    } while (at < end && scan->state < IN_STRING && !is_refused(scan));
    return at;
}

/* The whole */

static inline const char *take(struct json_scan *scan, const char *at, const char *end)
{
    switch ((enum json_scan_state)scan->state) {
    case IN_STRING:
        return json_scan_take_string(scan, at, end);
    case IN_ESCAPE:
        return json_scan_take_escape(scan, at);
    case IN_HEX:
        return json_scan_take_hex(scan, at);
    case IN_NUMBER:
        return take_number(scan, at, end);
    case IN_LITERAL:
        return take_literal(scan, at, end);
    default:
        return take_structures(scan, at, end);
    }
}

/* A copy that failed did so before whatever else the piece held, so that comes first however the text is cut. */
static void check_copy(struct json_scan *scan)
{
    if (scan->copy.out && scan->copy.out->failed)
        scan->result = JSON_SCAN_TOO_MANY;
    scan->truncated = scan->copy.truncated;
}

enum json_scan_result json_scan_feed(struct json_scan *scan, struct slice piece)
{
    if (piece.length == 0 || is_refused(scan))
        return scan->result;
    const char *at = piece.data, *end = piece.data + piece.length;
    scan->piece = piece;
    scan->skip_from = at;
    while (at < end && !is_refused(scan))
        at = take(scan, at, end);
    if (is_skipping(scan))
        skip_up_to(scan, at);
    scan->bytes = position(scan, at);
    scan->piece = (struct slice){NULL, 0};
    check_copy(scan);
    return scan->result;
}

enum json_scan_result json_scan_end(struct json_scan *scan)
{
    if (scan->result != JSON_SCAN_MORE)
        return scan->result;
    if (scan->state == IN_NUMBER && scan->depth == 0 && json_number_is_complete(scan->number_state)) {
        if (scan->copying)
            json_copy_number_end(&scan->copy);
        scan->state = AFTER_ROOT;
        scan->result = JSON_SCAN_DONE;
    } else {
        scan->result = JSON_SCAN_BAD;
    }
    check_copy(scan);
    return scan->result;
}

uint64_t json_scan_member_size(const struct json_scan *scan, const char *name)
{
    for (unsigned i = scan->member_count; name[0] != '\0' && i > 0; i--) {
        if (strcmp(scan->members[i - 1].name, name) == 0)
            return scan->members[i - 1].size;
    }
    return 0;
}

bool json_valid(struct slice text)
{
    struct json_scan scan;
    json_scan_init(&scan, NULL);
    json_scan_feed(&scan, text);
    return json_scan_end(&scan) == JSON_SCAN_DONE;
}
