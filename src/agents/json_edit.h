/* Edits JSON text in place: everything outside the edited spot stays byte for byte, and what is put in looks like its surroundings
 * (indentation, line ends, blanks round ':' and ','). Pure: text in, text out.
 *
 * A text that is not valid JSON is refused, and so is a path on which a name stands twice in one object, because readers differ
 * in which of the two they take. */
#ifndef SPANHOOK_AGENTS_JSON_EDIT_H
#define SPANHOOK_AGENTS_JSON_EDIT_H

#include "base/error.h"
#include "base/json.h"

#define JSON_EDIT_TEXT_MAX ((size_t)4 * 1024 * 1024) /* bytes of a text that is edited */
#define JSON_EDIT_TOKENS_MAX 262144
#define JSON_EDIT_PATH_MAX 8                 /* steps */

/* One step down: into the object member `name`, or, when name is NULL, into the array element `index`. */
struct json_step {
    const char *name;
    size_t index;
};

/* The value at the path, JSON_NONE if there is none. A path of no steps is the root. */
int json_step_find(const struct json *document, const struct json_step *path, size_t steps);

/* Appends to `out` the text with the value at the path set to `value` (JSON text of one value). A missing member is put at the end of
 * its object, an element with index == size at the end of its array; missing containers on the way are made. `out` must not share
 * storage with `text`. */
bool json_edit_set(struct slice text, const struct json_step *path, size_t steps, struct slice value, struct buffer *out,
                   struct error *error);

/* Appends the text without the member or element at the path (at least one step). The exact inverse of a json_edit_set that
 * added it at the end of a container that had something in it. */
bool json_edit_remove(struct slice text, const struct json_step *path, size_t steps, struct buffer *out, struct error *error);

/* Appends the text with the elements of `values` (JSON text of an array of strings or numbers) before the element `index` of the array at
 * the path, or alone in it if it is empty. What was in the array stays byte for byte. */
bool json_edit_insert(struct slice text, const struct json_step *path, size_t steps, size_t index, struct slice values, struct buffer *out,
                      struct error *error);

/* Appends the text without `count` elements from `index` on of the array at the path. The exact inverse of json_edit_insert. */
bool json_edit_remove_run(struct slice text, const struct json_step *path, size_t steps, size_t index, size_t count, struct buffer *out,
                          struct error *error);

#endif
