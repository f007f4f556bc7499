#include "agents/json_edit.h"

#include "base/json_write.h"

#define DEFAULT_INDENT "  "
#define SEPARATOR_MAX 8 /* longer blanks round a ':' are somebody's alignment, not a style */

/* How the text is laid out, as far as an insertion has to follow it. Slices point into the text or at constants. */
struct style {
    struct slice newline;
    struct slice indent;    /* of one level */
    struct slice colon;     /* between name and value: ":" with its blanks */
    struct slice comma;     /* between items on one line */
    bool multiline;
};

struct edit {
    struct slice text;
    struct json document;
    struct style style;
    struct buffer *out;
};

static size_t offset_of(const struct edit *edit, struct slice part)
{
    return (size_t)(part.data - edit->text.data);
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static struct slice between(struct slice text, size_t from, size_t to)
{
    return slice_part(text, from, to > from ? to - from : 0);
}

static bool has_newline(struct slice part)
{
    size_t position;
    return slice_find(part, SLICE("\n"), 0, &position);
}

/* The blanks after the last newline in `part`. */
static struct slice after_newline(struct slice part)
{
    size_t start = part.length;
    while (start > 0 && part.data[start - 1] != '\n')
        start--;
    return between(part, start, part.length);
}

/* The blanks at the start of the line that `position` is on. */
static struct slice line_indent(struct slice text, size_t position)
{
    size_t start = position;
    while (start > 0 && text.data[start - 1] != '\n')
        start--;
    size_t end = start;
    while (end < position && (text.data[end] == ' ' || text.data[end] == '\t'))
        end++;
    return between(text, start, end);
}

/* First byte of an item and one behind its last: a member with its name, or an element. */
static struct slice item_raw(const struct edit *edit, int container, int item)
{
    const struct slice first = json_raw(&edit->document, item);
    if (json_type(&edit->document, container) != JSON_OBJECT)
        return first;
    const struct slice last = json_raw(&edit->document, json_member_value(&edit->document, item));
    return between(edit->text, offset_of(edit, first), offset_of(edit, last) + last.length);
}

/* The blanks before an item, back to the bracket or comma before it. */
static struct slice blanks_before(struct slice text, size_t position)
{
    size_t start = position;
    while (start > 0 && is_blank(text.data[start - 1]))
        start--;
    return between(text, start, position);
}

static struct style style_of(const struct edit *edit)
{
    const struct json *document = &edit->document;
    struct style style = {.newline = SLICE("\n"), .indent = SLICE(DEFAULT_INDENT), .colon = SLICE(": "), .comma = SLICE(", ")};
    const struct slice root = json_raw(document, 0);
    size_t position;
    if (slice_find(edit->text, SLICE("\n"), 0, &position) && position > 0 && edit->text.data[position - 1] == '\r')
        style.newline = SLICE("\r\n");

    const int first = json_first(document, 0);
    style.multiline = first == JSON_NONE || has_newline(root);
    if (first == JSON_NONE)
        return style;
    const struct slice item = item_raw(edit, 0, first);
    const struct slice before = blanks_before(edit->text, offset_of(edit, item));
    if (has_newline(before))
        style.indent = after_newline(before);
    if (json_type(document, 0) == JSON_OBJECT) {
        const struct slice name = json_raw(document, first), value = json_raw(document, json_member_value(document, first));
        const struct slice colon = between(edit->text, offset_of(edit, name) + name.length, offset_of(edit, value));
        if (colon.length <= SEPARATOR_MAX && !has_newline(colon))
            style.colon = colon;
    }
    const int second = json_next(document, first);
    if (second != JSON_NONE) {
        const size_t end = offset_of(edit, item) + item.length;
        const struct slice comma = between(edit->text, end, offset_of(edit, item_raw(edit, 0, second)));
        if (comma.length <= SEPARATOR_MAX && !has_newline(comma))
            style.comma = comma;
    } else if (style.colon.length == 1) {
        style.comma = SLICE(",");
    }
    return style;
}

static bool edit_open(struct edit *edit, struct slice text, struct buffer *out, struct error *error)
{
    *edit = (struct edit){.text = text, .out = out};
    if (text.length > JSON_EDIT_TEXT_MAX)
        return error_set(error, "longer than %zu bytes", JSON_EDIT_TEXT_MAX);
    if (!json_parse_allocating(&edit->document, text, JSON_EDIT_TOKENS_MAX))
        return error_set(error, "not valid JSON");
    edit->style = style_of(edit);
    return true;
}

static int step_into(const struct json *document, int container, struct json_step step)
{
    if (step.name)
        return json_get(document, container, step.name);
    if (json_type(document, container) != JSON_ARRAY)
        return JSON_NONE;
    int item = json_first(document, container);
    for (size_t index = 0; item != JSON_NONE && index < step.index; index++)
        item = json_next(document, item);
    return item;
}

int json_step_find(const struct json *document, const struct json_step *path, size_t steps)
{
    int value = json_type(document, 0) == JSON_MISSING ? JSON_NONE : 0;
    for (size_t i = 0; i < steps && value != JSON_NONE; i++)
        value = step_into(document, value, path[i]);
    return value;
}

/* Follows the path as far as it goes: *depth steps, ending at *value. Checks on the way that each container is of the kind the
 * next step needs and has the name only once. */
static bool follow(const struct edit *edit, const struct json_step *path, size_t steps, size_t *depth, int *value, struct error *error)
{
    const struct json *document = &edit->document;
    *value = 0;
    for (*depth = 0; *depth < steps; (*depth)++) {
        const struct json_step step = path[*depth];
        const char *where = *depth ? path[*depth - 1].name : NULL;
        if (json_type(document, *value) != (step.name ? JSON_OBJECT : JSON_ARRAY))
            return error_set(error, "\"%s\" is not %s", where ? where : "(top level)", step.name ? "an object" : "an array");
        size_t same = 0;
        for (int key = step.name ? json_first(document, *value) : JSON_NONE; key != JSON_NONE; key = json_next(document, key))
            same += json_string_equals(document, key, step.name);
        if (same > 1)
            return error_set(error, "the name \"%s\" stands %zu times in one object", step.name, same);
        const int next = step_into(document, *value, step);
        if (next == JSON_NONE)
            return true;
        *value = next;
    }
    return true;
}

static void put_newline(const struct edit *edit, struct slice base, unsigned level)
{
    buffer_append_slice(edit->out, edit->style.newline);
    buffer_append_slice(edit->out, base);
    for (unsigned i = 0; i < level; i++)
        buffer_append_slice(edit->out, edit->style.indent);
}

/* Writes a value of another document in this text's style. On several lines, continuation lines start with `base`. It calls itself
 * as deep as the value is, which the parser bounds (JSON_DEPTH_MAX). */
static void put_value(const struct edit *edit, const struct json *from, int value, bool lines, struct slice base, unsigned level)
{
    const enum json_type type = json_type(from, value);
    if ((type != JSON_OBJECT && type != JSON_ARRAY) || json_first(from, value) == JSON_NONE) {
        const struct slice raw = json_raw(from, value);
        if (type == JSON_OBJECT || type == JSON_ARRAY)
            buffer_append_text(edit->out, type == JSON_OBJECT ? "{}" : "[]");
        else
            buffer_append_slice(edit->out, raw);
        return;
    }
    buffer_append_byte(edit->out, type == JSON_OBJECT ? '{' : '[');
    bool first = true;
    for (int item = json_first(from, value); item != JSON_NONE; item = json_next(from, item)) {
        if (lines) {
            if (!first)
                buffer_append_byte(edit->out, ',');
            put_newline(edit, base, level + 1);
        } else if (!first) {
            buffer_append_slice(edit->out, edit->style.comma);
        }
        first = false;
        int inner = item;
        if (type == JSON_OBJECT) {
            buffer_append_slice(edit->out, json_raw(from, item));
            buffer_append_slice(edit->out, edit->style.colon);
            inner = json_member_value(from, item);
        }
        put_value(edit, from, inner, lines, base, level + 1);
    }
    if (lines)
        put_newline(edit, base, level);
    buffer_append_byte(edit->out, type == JSON_OBJECT ? '}' : ']');
}

/* The name (for a member) and value that are inserted. */
static void put_item(const struct edit *edit, struct json_step step, const struct json *value, bool lines, struct slice base)
{
    if (step.name) {
        json_write_string(edit->out, slice_of(step.name));
        buffer_append_slice(edit->out, edit->style.colon);
    }
    put_value(edit, value, 0, lines, base, 0);
}

static void put_text(const struct edit *edit, size_t from, size_t to)
{
    buffer_append_slice(edit->out, between(edit->text, from, to));
}

static void insert_into_empty(const struct edit *edit, int container, struct json_step step, const struct json *value)
{
    const struct slice raw = json_raw(&edit->document, container);
    const size_t start = offset_of(edit, raw), end = start + raw.length;
    const struct slice outer = line_indent(edit->text, start);
    put_text(edit, 0, start + 1);
    if (edit->style.multiline) {
        char storage[256];
        struct buffer inner;
        buffer_init_fixed(&inner, storage, sizeof(storage));
        buffer_append_slice(&inner, outer);
        buffer_append_slice(&inner, edit->style.indent);
        put_newline(edit, buffer_slice(&inner), 0);
        put_item(edit, step, value, true, buffer_slice(&inner));
        put_newline(edit, outer, 0);
    } else {
        put_item(edit, step, value, false, outer);
    }
    put_text(edit, end - 1, edit->text.length);
}

static void insert_at_end(const struct edit *edit, int container, struct json_step step, const struct json *value)
{
    const struct json *document = &edit->document;
    int last = json_first(document, container), before_last = JSON_NONE;
    if (last == JSON_NONE) {
        insert_into_empty(edit, container, step, value);
        return;
    }
    for (int next = json_next(document, last); next != JSON_NONE; next = json_next(document, next)) {
        before_last = last;
        last = next;
    }
    const struct slice item = item_raw(edit, container, last);
    const size_t start = offset_of(edit, item), end = start + item.length;
    const struct slice blanks = blanks_before(edit->text, start);
    const bool lines = has_newline(blanks);
    put_text(edit, 0, end);
    if (lines || before_last != JSON_NONE) {
        /* as the siblings are set apart */
        const struct slice previous = before_last == JSON_NONE ? slice_of(NULL) : item_raw(edit, container, before_last);
        if (previous.length && !lines)
            put_text(edit, offset_of(edit, previous) + previous.length, start);
        else {
            buffer_append_byte(edit->out, ',');
            buffer_append_slice(edit->out, blanks);
        }
    } else {
        buffer_append_slice(edit->out, edit->style.comma);
    }
    put_item(edit, step, value, lines, after_newline(blanks));
    put_text(edit, end, edit->text.length);
}

static void replace(const struct edit *edit, int old, const struct json *value)
{
    const struct slice raw = json_raw(&edit->document, old);
    const size_t start = offset_of(edit, raw);
    const enum json_type type = json_type(&edit->document, old);
    const bool container = type == JSON_OBJECT || type == JSON_ARRAY;
    put_text(edit, 0, start);
    put_value(edit, value, 0, container && json_size(&edit->document, old) ? has_newline(raw) : edit->style.multiline,
              line_indent(edit->text, start), 0);
    put_text(edit, start + raw.length, edit->text.length);
}

/* `value` inside the containers that the steps below the first name: {"name":[…]}. */
static bool wrap(struct buffer *wrapped, const struct json_step *steps, size_t count, struct slice value, struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        if (steps[i].name) {
            buffer_append_byte(wrapped, '{');
            json_write_string(wrapped, slice_of(steps[i].name));
            buffer_append_byte(wrapped, ':');
        } else if (steps[i].index == 0) {
            buffer_append_byte(wrapped, '[');
        } else {
            return error_set(error, "no element %zu", steps[i].index);
        }
    }
    buffer_append_slice(wrapped, value);
    for (size_t i = count; i > 0; i--)
        buffer_append_byte(wrapped, steps[i - 1].name ? '}' : ']');
    return !wrapped->failed || error_set(error, "no memory");
}

bool json_edit_set(struct slice text, const struct json_step *path, size_t steps, struct slice value, struct buffer *out,
                   struct error *error)
{
    struct edit edit;
    struct json insertion = {0};
    struct buffer wrapped;
    size_t depth;
    int found;
    bool done = false;

    buffer_init(&wrapped, JSON_EDIT_TEXT_MAX);
    if (!edit_open(&edit, text, out, error))
        goto out;
    if (!follow(&edit, path, steps, &depth, &found, error))
        goto out;
    if (depth < steps && !path[depth].name && path[depth].index != json_size(&edit.document, found)) {
        error_set(error, "no element %zu", path[depth].index);
        goto out;
    }
    if (!wrap(&wrapped, path + (depth < steps ? depth + 1 : depth), depth < steps ? steps - depth - 1 : 0, value, error))
        goto out;
    if (!json_parse_allocating(&insertion, buffer_slice(&wrapped), JSON_EDIT_TOKENS_MAX)) {
        error_set(error, "what is to be put in is not valid JSON");
        goto out;
    }
    if (depth < steps)
        insert_at_end(&edit, found, path[depth], &insertion);
    else
        replace(&edit, found, &insertion);
    done = !out->failed || error_set(error, "no memory, or too long");
out:
    json_release(&insertion);
    json_release(&edit.document);
    buffer_free(&wrapped);
    return done;
}

bool json_edit_remove(struct slice text, const struct json_step *path, size_t steps, struct buffer *out, struct error *error)
{
    struct edit edit;
    size_t depth;
    int container;
    bool done = false;

    if (!edit_open(&edit, text, out, error))
        goto out;
    if (steps == 0) {
        error_set(error, "the whole text cannot be removed");
        goto out;
    }
    int target;
    if (!follow(&edit, path, steps - 1, &depth, &container, error) || !follow(&edit, path, steps, &depth, &target, error))
        goto out;
    if (depth < steps) {
        error_set(error, "nothing there to remove");
        goto out;
    }
    const struct json *document = &edit.document;
    const struct slice whole = json_raw(document, container);
    const size_t open = offset_of(&edit, whole), close = open + whole.length - 1;
    int previous = JSON_NONE, item = json_first(document, container);
    while (item != JSON_NONE && (path[steps - 1].name ? json_member_value(document, item) : item) != target) {
        previous = item;
        item = json_next(document, item);
    }
    const struct slice gone = item_raw(&edit, container, item);
    const int next = json_next(document, item);
    size_t from = offset_of(&edit, gone), to = from + gone.length;
    if (next != JSON_NONE) {
        to = offset_of(&edit, item_raw(&edit, container, next));
    } else if (previous != JSON_NONE) {
        const struct slice kept = item_raw(&edit, container, previous);
        from = offset_of(&edit, kept) + kept.length;
    } else {
        from = open + 1;
        to = close;
    }
    put_text(&edit, 0, from);
    put_text(&edit, to, text.length);
    done = !out->failed || error_set(error, "no memory, or too long");
out:
    json_release(&edit.document);
    return done;
}

/* Opens the text and finds the array at the path. */
static bool open_array(struct edit *edit, struct slice text, const struct json_step *path, size_t steps, struct buffer *out, int *array,
                       struct error *error)
{
    size_t depth;
    if (!edit_open(edit, text, out, error) || !follow(edit, path, steps, &depth, array, error))
        return false;
    return (depth == steps && json_type(&edit->document, *array) == JSON_ARRAY) || error_set(error, "no array there");
}

/* One element of an array as it stands; empty if there is none. */
static struct slice element(const struct edit *edit, int array, size_t index)
{
    return json_raw(&edit->document, step_into(&edit->document, array, (struct json_step){.index = index}));
}

/* What stands between two elements of an array that has some. */
static void put_separator(const struct edit *edit, int array)
{
    const struct slice first = element(edit, array, 0), second = element(edit, array, 1);
    const size_t start = offset_of(edit, first);
    const struct slice blanks = blanks_before(edit->text, start);
    const struct slice comma = second.length ? between(edit->text, start + first.length, offset_of(edit, second)) : edit->style.comma;
    if (has_newline(blanks)) {
        buffer_append_byte(edit->out, ',');
        buffer_append_slice(edit->out, blanks);
    } else {
        buffer_append_slice(edit->out, comma.length <= SEPARATOR_MAX && !has_newline(comma) ? comma : edit->style.comma);
    }
}

bool json_edit_insert(struct slice text, const struct json_step *path, size_t steps, size_t index, struct slice values, struct buffer *out,
                      struct error *error)
{
    struct edit edit;
    struct json insertion = {0};
    int array;
    bool done = false;
    if (!open_array(&edit, text, path, steps, out, &array, error))
        goto out;
    const struct slice before = element(&edit, array, index);
    const bool empty = json_size(&edit.document, array) == 0;
    if (before.length == 0 && !(empty && index == 0)) {
        error_set(error, "no element %zu", index);
        goto out;
    }
    if (!json_parse_allocating(&insertion, values, JSON_EDIT_TOKENS_MAX) || json_type(&insertion, 0) != JSON_ARRAY) {
        error_set(error, "what is to be put in is not valid JSON");
        goto out;
    }
    const size_t at = offset_of(&edit, empty ? json_raw(&edit.document, array) : before) + empty;
    put_text(&edit, 0, at);
    for (int item = json_first(&insertion, 0); item != JSON_NONE; item = json_next(&insertion, item)) {
        buffer_append_slice(out, json_raw(&insertion, item));
        if (!empty)
            put_separator(&edit, array);
        else if (json_next(&insertion, item) != JSON_NONE)
            buffer_append_slice(out, edit.style.comma);
    }
    put_text(&edit, at, text.length);
    done = !out->failed || error_set(error, "no memory, or too long");
out:
    json_release(&insertion);
    json_release(&edit.document);
    return done;
}

bool json_edit_remove_run(struct slice text, const struct json_step *path, size_t steps, size_t index, size_t count, struct buffer *out,
                          struct error *error)
{
    struct edit edit;
    int array;
    bool done = false;
    if (!open_array(&edit, text, path, steps, out, &array, error))
        goto out;
    const size_t size = json_size(&edit.document, array);
    if (count == 0 || index >= size || count > size - index) {
        error_set(error, "nothing there to remove");
        goto out;
    }
    const struct slice last = element(&edit, array, index + count - 1);
    size_t from = offset_of(&edit, element(&edit, array, index)), to = offset_of(&edit, last) + last.length;
    if (index + count < size)
        to = offset_of(&edit, element(&edit, array, index + count));
    else if (index > 0)
        from = offset_of(&edit, element(&edit, array, index - 1)) + element(&edit, array, index - 1).length;
    put_text(&edit, 0, from);
    put_text(&edit, to, text.length);
    done = !out->failed || error_set(error, "no memory, or too long");
out:
    json_release(&edit.document);
    return done;
}
