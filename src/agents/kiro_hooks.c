#include "agents/kiro_hooks.h"

#include "agents/json_edit.h"

/* Replaces `text` by `result`, which is left empty. */
static void advance(struct buffer *text, struct buffer *result)
{
    const struct buffer old = *text;
    *text = *result;
    *result = old;
    buffer_clear(result);
}

static bool set(struct buffer *text, const struct json_step *path, size_t steps, struct slice value, struct error *error)
{
    struct buffer result;
    buffer_init(&result, JSON_EDIT_TEXT_MAX);
    const bool done = json_edit_set(buffer_slice(text), path, steps, value, &result, error);
    if (done)
        advance(text, &result);
    buffer_free(&result);
    return done;
}

static bool take_out(struct buffer *text, const struct json_step *path, size_t steps, struct error *error)
{
    struct buffer result;
    buffer_init(&result, JSON_EDIT_TEXT_MAX);
    const bool done = json_edit_remove(buffer_slice(text), path, steps, &result, error);
    if (done)
        advance(text, &result);
    buffer_free(&result);
    return done;
}

/* Where the entries of an event stand: hooks.<event>[i] in an agent file, hooks[i] with a trigger in a hooks file. */
static bool is_entry_of(const struct json *document, enum kiro_form form, int entry, unsigned event, struct buffer *command)
{
    if (form == KIRO_HOOKS_FILE && !json_string_equals(document, json_get(document, entry, "trigger"), kiro_triggers[event]))
        return false;
    return kiro_entry_command(form, document, entry, command) && kiro_command_is_ours(buffer_slice(command), NULL, NULL);
}

static size_t list_path(enum kiro_form form, unsigned event, struct json_step path[static 3])
{
    path[0] = (struct json_step){.name = "hooks"};
    path[1] = (struct json_step){.name = kiro_agent_events[event]};
    return form == KIRO_AGENT_FILE ? 2 : 1;
}

static bool decode(const struct json *document, int value, struct buffer *out)
{
    buffer_clear(out);
    return json_append_string(document, value, out);
}

/* Equal as values: members in any order, strings after decoding, numbers as they are written. `b` is a small text
 * of ours, so that the recursion is shallow. */
static bool equal(const struct json *a, int left, const struct json *b, int right)
{
    const enum json_type type = json_type(b, right);
    if (json_type(a, left) != type)
        return false;
    if (type == JSON_STRING) {
        struct buffer text;
        buffer_init(&text, JSON_EDIT_TEXT_MAX);
        const char *expected = decode(b, right, &text) ? buffer_text(&text) : NULL;
        const bool same = expected && json_string_equals(a, left, expected);
        buffer_free(&text);
        return same;
    }
    if (type != JSON_OBJECT)
        return slice_equal(json_raw(a, left), json_raw(b, right));
    bool same = json_size(a, left) == json_size(b, right);
    struct buffer name;
    buffer_init(&name, JSON_EDIT_TEXT_MAX);
    for (int key = json_first(b, right); same && key != JSON_NONE; key = json_next(b, key)) {
        const char *text = decode(b, key, &name) ? buffer_text(&name) : NULL;
        same = text && equal(a, json_get(a, left, text), b, json_member_value(b, key));
    }
    buffer_free(&name);
    return same;
}

/* Does the entry say what it should, with no member more that changes what it does? */
static bool says_the_same(const struct json *document, int entry, struct slice wanted)
{
    struct json other;
    const bool same = json_parse_allocating(&other, wanted, 256) && equal(document, entry, &other, 0);
    json_release(&other);
    return same;
}

struct found {
    size_t first, last; /* indexes in the list */
    size_t count;
    size_t size; /* of the list */
    bool right;  /* the first one says what it should */
};

/* Looks at the list of an event; `entry` takes our entry as it should be, with the NAME=value words the first one has. */
static bool look(enum kiro_form form, struct slice text, unsigned event, struct slice command, struct found *found, struct buffer *entry,
                 struct error *error)
{
    struct json document;
    struct json_step path[3];
    struct buffer old, wanted;
    *found = (struct found){0};
    buffer_init(&old, JSON_EDIT_TEXT_MAX);
    buffer_init(&wanted, JSON_EDIT_TEXT_MAX);
    const bool parsed = json_parse_allocating(&document, text, JSON_EDIT_TOKENS_MAX);
    const int list = parsed ? json_step_find(&document, path, list_path(form, event, path)) : JSON_NONE;
    int first = JSON_NONE;
    found->size = json_size(&document, list);
    size_t index = 0;
    for (int item = json_type(&document, list) == JSON_ARRAY ? json_first(&document, list) : JSON_NONE; item != JSON_NONE;
         item = json_next(&document, item), index++) {
        if (!is_entry_of(&document, form, item, event, &old))
            continue;
        if (found->count++ == 0) {
            first = item;
            found->first = index;
            size_t program_at = 0;
            (void)kiro_command_is_ours(buffer_slice(&old), &program_at, NULL);
            buffer_append_slice(&wanted, slice_part(buffer_slice(&old), 0, program_at));
        }
        found->last = index;
    }
    buffer_append_slice(&wanted, command);
    buffer_clear(entry);
    kiro_write_entry(entry, form, event, buffer_slice(&wanted));
    found->right = first != JSON_NONE && says_the_same(&document, first, buffer_slice(entry));
    const bool good = parsed && !wanted.failed && !entry->failed;
    json_release(&document);
    buffer_free(&old);
    buffer_free(&wanted);
    return good || error_set(error, parsed ? "no memory" : "not valid JSON");
}

static bool wire_event(enum kiro_form form, struct buffer *text, unsigned event, struct slice command, struct error *error)
{
    struct json_step path[3];
    const size_t steps = list_path(form, event, path);
    struct buffer entry;
    struct found found;
    bool done = false;
    buffer_init(&entry, JSON_EDIT_TEXT_MAX);
    for (;;) {
        if (!look(form, buffer_slice(text), event, command, &found, &entry, error))
            break;
        if (found.count > 1) {
            path[steps] = (struct json_step){.index = found.last};
            if (!take_out(text, path, steps + 1, error))
                break;
            continue;
        }
        done = true;
        if (!found.right) {
            path[steps] = (struct json_step){.index = found.count ? found.first : found.size};
            done = set(text, path, steps + 1, buffer_slice(&entry), error);
        }
        break;
    }
    buffer_free(&entry);
    return done;
}

bool kiro_wire(enum kiro_form form, struct slice text, struct slice command, struct buffer *out, struct error *error)
{
    struct buffer work;
    buffer_init(&work, JSON_EDIT_TEXT_MAX);
    buffer_append_slice(&work, text);
    bool done = !work.failed || error_set(error, "longer than %zu bytes", JSON_EDIT_TEXT_MAX);
    for (unsigned event = 0; done && event < KIRO_EVENTS; event++)
        done = wire_event(form, &work, event, command, error);
    if (done)
        buffer_append_slice(out, buffer_slice(&work));
    buffer_free(&work);
    return done && (!out->failed || error_set(error, "no memory"));
}

/* Finds an entry of ours: its path. `name` keeps the event's name that the path points to. */
static bool find_ours(enum kiro_form form, const struct json *document, struct json_step path[static 3], size_t *steps, struct buffer *name)
{
    const bool agent = form == KIRO_AGENT_FILE;
    const int hooks = json_get(document, 0, "hooks");
    struct buffer command;
    bool found = false;
    buffer_init(&command, JSON_EDIT_TEXT_MAX);
    path[0] = (struct json_step){.name = "hooks"};
    *steps = agent ? 3 : 2;
    if (json_type(document, hooks) != (agent ? JSON_OBJECT : JSON_ARRAY))
        goto out;
    for (int key = agent ? json_first(document, hooks) : JSON_NONE; !found; key = json_next(document, key)) {
        if (agent && key == JSON_NONE)
            break;
        const int list = agent ? json_member_value(document, key) : hooks;
        size_t index = 0;
        for (int item = json_type(document, list) == JSON_ARRAY ? json_first(document, list) : JSON_NONE; item != JSON_NONE && !found;
             item = json_next(document, item), index++) {
            found = kiro_entry_command(form, document, item, &command) && kiro_command_is_ours(buffer_slice(&command), NULL, NULL);
            path[*steps - 1] = (struct json_step){.index = index};
        }
        if (!agent)
            break;
        if (found) {
            const char *event = decode(document, key, name) ? buffer_text(name) : NULL;
            path[1] = (struct json_step){.name = event};
            found = event != NULL;
        }
    }
out:
    buffer_free(&command);
    return found;
}

/* Finds an empty container that the file did not have before the installation. */
static bool find_leftover(const struct json *document, const struct json *before, struct json_step path[static 3], size_t *steps)
{
    path[0] = (struct json_step){.name = "hooks"};
    for (unsigned event = 0; event < KIRO_EVENTS; event++) {
        path[1] = (struct json_step){.name = kiro_agent_events[event]};
        const int list = json_step_find(document, path, 2);
        *steps = 2;
        if (json_type(document, list) == JSON_ARRAY && json_size(document, list) == 0 && json_step_find(before, path, 2) == JSON_NONE)
            return true;
    }
    const int hooks = json_step_find(document, path, 1);
    *steps = 1;
    return json_type(document, hooks) == JSON_OBJECT && json_size(document, hooks) == 0 && json_step_find(before, path, 1) == JSON_NONE;
}

/* Takes out one more entry of ours or leftover of it. *more: there was one. */
static bool unwire_step(enum kiro_form form, struct buffer *text, const struct json *before, bool *more, struct error *error)
{
    struct json document;
    struct json_step path[3];
    struct buffer name;
    size_t steps = 0;
    bool done = false;
    buffer_init(&name, JSON_EDIT_TEXT_MAX);
    if (json_parse_allocating(&document, buffer_slice(text), JSON_EDIT_TOKENS_MAX)) {
        *more = find_ours(form, &document, path, &steps, &name) ||
                (form == KIRO_AGENT_FILE && find_leftover(&document, before, path, &steps));
        done = !*more || take_out(text, path, steps, error);
    } else {
        error_set(error, "not valid JSON");
    }
    json_release(&document);
    buffer_free(&name);
    return done;
}

bool kiro_unwire(enum kiro_form form, struct slice text, struct slice before, struct buffer *out, struct error *error)
{
    struct buffer work;
    struct json old;
    bool more = true;
    (void)json_parse_allocating(&old, before, JSON_EDIT_TOKENS_MAX);
    buffer_init(&work, JSON_EDIT_TEXT_MAX);
    buffer_append_slice(&work, text);
    bool done = !work.failed || error_set(error, "longer than %zu bytes", JSON_EDIT_TEXT_MAX);
    while (done && more)
        done = unwire_step(form, &work, &old, &more, error);
    if (done)
        buffer_append_slice(out, buffer_slice(&work));
    buffer_free(&work);
    json_release(&old);
    return done && (!out->failed || error_set(error, "no memory"));
}

void kiro_hooks_template(struct buffer *out, struct slice command)
{
    struct buffer text;
    buffer_init(&text, JSON_EDIT_TEXT_MAX);
    if (kiro_wire(KIRO_HOOKS_FILE, SLICE("{\n  \"version\": \"v1\",\n  \"hooks\": []\n}\n"), command, &text, NULL))
        buffer_append_slice(out, buffer_slice(&text));
    else
        out->failed = true;
    buffer_free(&text);
}
