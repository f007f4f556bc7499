/* A checked reader over jsmn's tokens.
 *
 * json_parse first validates the whole text (json_scan), then lets jsmn (strict, parent links) cut it, then checks every token:
 * in bounds, properly nested, objects made of string keys with one value each. Only then does any accessor touch a token, so that
 * nothing of jsmn's leniency reaches a caller. Every accessor takes any index, JSON_NONE included, and answers "absent" for a value of
 * another type; no accessor can read outside the text. */
#ifndef SPANHOOK_BASE_JSON_H
#define SPANHOOK_BASE_JSON_H

#include "base/buffer.h"

#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#define JSMN_HEADER
#include <jsmn.h>

#define JSON_NONE (-1)

enum json_type { JSON_MISSING, JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
    struct slice text;
    /* The caller's. After the check `parent` has done its work and holds the next element of the same container (for a key the
     * next key), or JSON_NONE: that makes json_next one step. */
    const jsmntok_t *tokens;
    int count;
};

/* Parses `text` into the caller's `tokens` (capacity entries). Both must outlive the document. False: not valid JSON, or too
 * many tokens; *document is then an empty document on which every accessor answers "absent". The root is value 0. */
bool json_parse(struct json *document, struct slice text, jsmntok_t *tokens, size_t capacity);
/* The same for a copy that json_scan has made of an accepted text, which is valid by construction and need not be looked at again. */
bool json_parse_copy(struct json *document, struct slice copy, jsmntok_t *tokens, size_t capacity);
/* The same with tokens from the heap, as many as it takes up to `ceiling`; release with json_release. */
bool json_parse_allocating(struct json *document, struct slice text, size_t ceiling);
/* For documents of json_parse_allocating, failed ones included; the document is empty afterwards. */
void json_release(struct json *document);

enum json_type json_type(const struct json *document, int value);
/* The value of the member of that name; of duplicate names the last one wins. */
int json_get(const struct json *document, int object, const char *name);
/* json_get along a path: names separated by '.', for example "tool_input.command". */
int json_find(const struct json *document, int object, const char *path);

/* Iteration. For arrays: values. For objects: keys; the value of a key is json_member_value(document, key). */
int json_first(const struct json *document, int container);
int json_next(const struct json *document, int item);
int json_member_value(const struct json *document, int key);
/* Elements of an array or members of an object. */
size_t json_size(const struct json *document, int container);

/* The text of a value as it stands (a string with its quotes). */
struct slice json_raw(const struct json *document, int value);
/* Appends the decoded characters of a string (or key); false if it is no string or the buffer fails. What is malformed in it (UTF-8,
 * lone surrogates) becomes U+FFFD; \u0000 is appended as one zero byte. */
bool json_append_string(const struct json *document, int value, struct buffer *out);
/* Compares a string (or key) after decoding. */
bool json_string_equals(const struct json *document, int value, const char *text);
bool json_string_equals_slice(const struct json *document, int value, struct slice text);
/* A whole number however it is written (7, 7.0, 70e-1), or a string of decimal digits with optional sign (OTLP JSON's int64); within
 * range. False leaves *out alone. */
bool json_integer(const struct json *document, int value, int64_t *out);
bool json_unsigned(const struct json *document, int value, uint64_t *out);
/* A finite number of at most 1024 characters, or a string that holds one or "NaN", "Infinity", "-Infinity" (proto3's JSON mapping).
 * False leaves *out alone. */
bool json_double(const struct json *document, int value, double *out);

#endif
