#include "agents/mcp_wrap.h"

#include "agents/mcp_look.h"
#include "base/json_write.h"

#include <string.h>

#define TEXT_LIMIT JSON_EDIT_TEXT_MAX

/* A text that is edited step by step. */
struct work {
    const struct mcp_place *place;
    struct buffer text, result;
    struct error *error;
};

enum edit_kind { SET, REMOVE, INSERT, REMOVE_RUN };

/* One edit of a member of the server that is at hand. */
static bool edit(struct work *work, struct mcp_look *look, enum edit_kind kind, const char *member, struct slice value, size_t index,
                 size_t count)
{
    struct json_step path[JSON_EDIT_PATH_MAX];
    const size_t above = work->place->steps;
    size_t steps = above + 2;
    bool done = false;
    const char *name = buffer_text(&look->name);
    if (!name || above > MCP_PATH_MAX)
        return error_set(work->error, "no memory");
    memcpy(path, work->place->path, above * sizeof(path[0]));
    path[above] = (struct json_step){.name = name};
    path[above + 1] = (struct json_step){.name = member};
    const struct slice text = buffer_slice(&work->text);
    buffer_clear(&work->result);
    switch (kind) {
    case SET:
        if (count) /* of the element `index`, not of the whole member */
            path[steps++] = (struct json_step){.index = index};
        done = json_edit_set(text, path, steps, value, &work->result, work->error);
        break;
    case REMOVE:
        done = json_edit_remove(text, path, steps, &work->result, work->error);
        break;
    case INSERT:
        done = json_edit_insert(text, path, steps, index, value, &work->result, work->error);
        break;
    case REMOVE_RUN:
        done = json_edit_remove_run(text, path, steps, index, count, &work->result, work->error);
        break;
    }
    if (done) {
        const struct buffer former = work->text;
        work->text = work->result;
        work->result = former;
    }
    return done;
}

static const struct slice nothing;

static bool wrap_plain(struct work *work, struct mcp_look *look, const struct mcp_wrapper *wrapper)
{
    const struct json *document = look->server.document;
    const bool has_args = look->args != JSON_NONE;
    struct buffer values, binary;
    buffer_init(&values, TEXT_LIMIT);
    buffer_init(&binary, TEXT_LIMIT);
    buffer_append_text(&values, "[\"mcp\",\"--name\",");
    buffer_append_slice(&values, json_raw(document, look->key));
    if (wrapper->state.length) {
        buffer_append_text(&values, ",\"--state\",");
        json_write_string(&values, wrapper->state);
    }
    buffer_append_text(&values, ",\"--\",");
    buffer_append_slice(&values, json_raw(document, json_get(document, look->server.entry, "command")));
    buffer_append_byte(&values, ']');
    json_write_string(&binary, wrapper->binary);
    const bool done = !values.failed && !binary.failed
        ? edit(work, look, has_args ? INSERT : SET, "args", buffer_slice(&values), 0, 0) &&
            edit(work, look, SET, "command", buffer_slice(&binary), 0, 0)
        : error_set(work->error, "no memory");
    buffer_free(&values);
    buffer_free(&binary);
    return done;
}

/* One edit towards the right --state. *more: there was one to make. */
static bool refresh_state(struct work *work, struct mcp_look *look, struct slice wanted, bool *more)
{
    struct buffer values;
    bool done = true;
    buffer_init(&values, TEXT_LIMIT);
    *more = true;
    if (look->state_count > 1 || (look->state_count == 1 && wanted.length == 0)) {
        done = edit(work, look, REMOVE_RUN, "args", nothing, look->state_at, look->state_joined ? 1 : 2);
    } else if (look->state_count == 0 && wanted.length) {
        buffer_append_text(&values, "[\"--state\",");
        json_write_string(&values, wanted);
        buffer_append_byte(&values, ']');
        done = edit(work, look, INSERT, "args", buffer_slice(&values), look->name_end, 0);
    } else if (!slice_equal(look->server.state, wanted)) {
        struct buffer text;
        buffer_init(&text, TEXT_LIMIT);
        buffer_append_text(&text, look->state_joined ? "--state=" : "");
        buffer_append_slice(&text, wanted);
        json_write_string(&values, buffer_slice(&text));
        buffer_free(&text);
        done = edit(work, look, SET, "args", buffer_slice(&values), look->state_at + !look->state_joined, 1);
    } else {
        *more = false;
    }
    buffer_free(&values);
    return done;
}

static bool refresh(struct work *work, struct mcp_look *look, const struct mcp_wrapper *wrapper, bool *more)
{
    struct buffer binary;
    if (slice_equal(look->server.command, wrapper->binary))
        return refresh_state(work, look, wrapper->state, more);
    buffer_init(&binary, TEXT_LIMIT);
    json_write_string(&binary, wrapper->binary);
    const bool done = edit(work, look, SET, "command", buffer_slice(&binary), 0, 0);
    buffer_free(&binary);
    *more = true;
    return done;
}

/* Did the text before have the server, and without args? */
static bool had_no_args(struct slice before, const struct mcp_place *place, struct slice name)
{
    struct json document;
    int servers = JSON_NONE, entry = JSON_NONE;
    if (mcp_parse(&document, before, NULL) && mcp_find_servers(&document, place, &servers, NULL)) {
        for (int key = json_first(&document, servers); key != JSON_NONE; key = json_next(&document, key)) {
            if (json_string_equals_slice(&document, key, name))
                entry = json_member_value(&document, key);
        }
    }
    const bool without = json_type(&document, entry) == JSON_OBJECT && json_get(&document, entry, "args") == JSON_NONE;
    json_release(&document);
    return without;
}

static bool unwrap(struct work *work, struct mcp_look *look, struct slice before)
{
    const struct json *document = look->server.document;
    const size_t own = look->separator + 2;
    const bool drop = json_size(document, look->args) == own && had_no_args(before, work->place, look->server.name);
    struct buffer command;
    buffer_init(&command, TEXT_LIMIT);
    buffer_append_slice(&command, json_raw(document, mcp_element(document, look->args, own - 1)));
    const bool done = !command.failed
        ? (drop ? edit(work, look, REMOVE, "args", nothing, 0, 0) : edit(work, look, REMOVE_RUN, "args", nothing, 0, own)) &&
            edit(work, look, SET, "command", buffer_slice(&command), 0, 0)
        : error_set(work->error, "no memory");
    buffer_free(&command);
    return done;
}

struct task {
    const struct mcp_wrapper *wrapper; /* NULL: unwrap */
    bool all;
    struct slice before;
};

/* Does what is to be done with the server of that index. *more: look at it again. *last: there is no such server. */
static bool step(struct work *work, const struct task *task, size_t index, struct mcp_look *look, bool *more, bool *last)
{
    struct json document;
    int servers;
    *more = false;
    bool done = mcp_parse(&document, buffer_slice(&work->text), work->error) &&
                mcp_find_servers(&document, work->place, &servers, work->error);
    const int key = done ? mcp_element(&document, servers, index) : JSON_NONE;
    *last = key == JSON_NONE;
    if (!*last) {
        mcp_look_at(&document, servers, key, look);
        const enum mcp_kind kind = look->server.kind;
        if (kind == MCP_WRAPPED && task->wrapper) {
            done = refresh(work, look, task->wrapper, more);
        } else if (kind == MCP_WRAPPED) {
            done = unwrap(work, look, task->before);
            *more = true; /* somebody may have wrapped it twice */
        } else if (kind == MCP_PLAIN && task->wrapper && task->all) {
            done = wrap_plain(work, look, task->wrapper);
        }
    }
    json_release(&document);
    return done;
}

static bool run(struct slice text, const struct mcp_place *place, const struct task *task, struct buffer *out, struct error *error)
{
    struct work work = {.place = place, .error = error};
    struct mcp_look look;
    bool more, last = false;
    buffer_init(&work.text, TEXT_LIMIT);
    buffer_init(&work.result, TEXT_LIMIT);
    mcp_look_init(&look);
    buffer_append_slice(&work.text, text);
    bool done = !work.text.failed || error_set(error, "longer than %zu bytes", TEXT_LIMIT);
    for (size_t index = 0; done && !last; index += !more)
        done = step(&work, task, index, &look, &more, &last);
    if (done)
        buffer_append_slice(out, buffer_slice(&work.text));
    mcp_look_free(&look);
    buffer_free(&work.text);
    buffer_free(&work.result);
    return done && (!out->failed || error_set(error, "no memory"));
}

bool mcp_wrap(struct slice text, const struct mcp_place *place, const struct mcp_wrapper *wrapper, bool all, struct buffer *out,
              struct error *error)
{
    const struct task task = {.wrapper = wrapper, .all = all};
    return run(text, place, &task, out, error);
}

bool mcp_unwrap(struct slice text, const struct mcp_place *place, struct slice before, struct buffer *out, struct error *error)
{
    const struct task task = {.before = before};
    return run(text, place, &task, out, error);
}
