#include "agents/mcp_wrap.h"

#include "base/json_write.h"

#include <string.h>

#define TEXT_LIMIT JSON_EDIT_TEXT_MAX

/* A server as it was found. Indexes are of the document at hand. */
struct look {
    struct mcp_server server;
    struct buffer name, command, behind, state;
    int key, args;
    size_t separator;   /* index of "--" */
    size_t name_end;    /* index behind --name and its value, else behind "mcp" */
    size_t state_at;    /* index of the last --state */
    size_t state_count;
    bool state_joined;  /* written as --state=FOLDER */
};

/* A text that is edited step by step. */
struct work {
    const struct mcp_place *place;
    struct buffer text, result;
    struct error *error;
};

static void look_init(struct look *look)
{
    *look = (struct look){.key = JSON_NONE, .args = JSON_NONE};
    buffer_init(&look->name, TEXT_LIMIT);
    buffer_init(&look->command, TEXT_LIMIT);
    buffer_init(&look->behind, TEXT_LIMIT);
    buffer_init(&look->state, TEXT_LIMIT);
}

static void look_free(struct look *look)
{
    buffer_free(&look->name);
    buffer_free(&look->command);
    buffer_free(&look->behind);
    buffer_free(&look->state);
}

static bool has_zero(struct slice text)
{
    return text.length > 0 && memchr(text.data, '\0', text.length) != NULL;
}

static bool decode(const struct json *document, int value, struct buffer *out)
{
    buffer_clear(out);
    return json_append_string(document, value, out);
}

static size_t count_members(const struct json *document, int object, struct slice name)
{
    size_t count = 0;
    for (int key = json_type(document, object) == JSON_OBJECT ? json_first(document, object) : JSON_NONE; key != JSON_NONE;
         key = json_next(document, key))
        count += json_string_equals_slice(document, key, name);
    return count;
}

static int element(const struct json *document, int array, size_t index)
{
    int item = json_first(document, array);
    while (item != JSON_NONE && index-- > 0)
        item = json_next(document, item);
    return item;
}

/* The object of servers, JSON_NONE where there is none. */
static bool find_servers(const struct json *document, const struct mcp_place *place, int *servers, struct error *error)
{
    int value = 0;
    *servers = JSON_NONE;
    if (json_type(document, 0) != JSON_OBJECT)
        return error_set(error, "not an object");
    for (size_t i = 0; i < place->steps; i++) {
        const char *name = place->path[i].name;
        if (count_members(document, value, slice_of(name)) > 1)
            return error_set(error, "the name \"%s\" stands more than once", name);
        value = json_get(document, value, name);
        if (value == JSON_NONE)
            return true;
        if (json_type(document, value) != JSON_OBJECT)
            return error_set(error, "\"%s\" is not an object", name);
    }
    if (json_size(document, value) > MCP_SERVERS_MAX)
        return error_set(error, "more than %d servers", MCP_SERVERS_MAX);
    *servers = value;
    return true;
}

static bool are_strings(const struct json *document, int args)
{
    if (json_type(document, args) != JSON_ARRAY)
        return false;
    int item = json_first(document, args);
    while (item != JSON_NONE && json_type(document, item) == JSON_STRING)
        item = json_next(document, item);
    return item == JSON_NONE;
}

static bool is_dashed(const struct json *document, int string)
{
    const struct slice raw = json_raw(document, string);
    return raw.length > 1 && raw.data[1] == '-';
}

/* Reads the arguments as `spanhook mcp` does: an option's value may be "--". True: it is a wrapped server. */
static bool read_arguments(const struct json *document, struct look *look)
{
    static const char *const with_value[] = {"--name", "--session", "--state"};
    static const struct slice joined = {"--state=", sizeof("--state=") - 1};
    size_t index = 1;
    int item = json_first(document, look->args);
    if (!json_string_equals(document, item, "mcp"))
        return false;
    look->name_end = 1;
    for (item = json_next(document, item); item != JSON_NONE; item = json_next(document, item), index++) {
        if (json_string_equals(document, item, "--")) {
            look->separator = index;
            return decode(document, json_next(document, item), &look->behind);
        }
        if (!is_dashed(document, item))
            return false; /* the command, without a "--" before it */
        size_t option = 0;
        while (option < 3 && !json_string_equals(document, item, with_value[option]))
            option++;
        if (option < 3) {
            item = json_next(document, item);
            index++;
            if (item == JSON_NONE)
                return false;
        }
        if (option == 0)
            look->name_end = index + 1;
        struct buffer text;
        buffer_init(&text, TEXT_LIMIT);
        const bool readable = decode(document, item, &text);
        const bool is_joined = option == 3 && readable && slice_starts_with(buffer_slice(&text), joined);
        if (option == 2 || is_joined) {
            look->state_count++;
            look->state_joined = is_joined;
            look->state_at = is_joined ? index : index - 1;
            buffer_clear(&look->state);
            buffer_append_slice(&look->state, slice_part(buffer_slice(&text), is_joined ? joined.length : 0, text.length));
        }
        buffer_free(&text);
    }
    return false;
}

/* Agents expand these in a command, and nobody does in arguments. */
static bool is_expanded(struct slice command)
{
    size_t position;
    return slice_starts_with(command, SLICE("~")) || slice_find(command, SLICE("$"), 0, &position);
}

static enum mcp_kind odd(struct look *look, const char *why)
{
    look->server.why = why;
    return MCP_ODD;
}

static bool is_url(const struct json *document, int entry)
{
    const int type = json_get(document, entry, "type"), url = json_get(document, entry, "url");
    const bool has_url = json_type(document, url) == JSON_STRING && !json_string_equals(document, url, "");
    return has_url || json_string_equals(document, type, "http") || json_string_equals(document, type, "sse") ||
           json_string_equals(document, type, "streamable-http");
}

/* What `spanhook mcp --name NAME` would not take for a name. */
static bool is_option(struct slice name)
{
    static const char *const options[] = {"--", "--name", "--no-inject", "--session", "--inspect", "--state", "--help", "-h"};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (slice_equal(name, slice_of(options[i])))
            return true;
    return false;
}

static enum mcp_kind classify(const struct json *document, int servers, struct look *look)
{
    const int entry = look->server.entry;
    const bool has_command = decode(document, json_get(document, entry, "command"), &look->command) && look->command.length > 0;
    look->server.command = buffer_slice(&look->command);
    look->args = json_get(document, entry, "args");
    if (count_members(document, servers, look->server.name) > 1)
        return odd(look, "its name stands more than once");
    if (has_zero(look->server.name))
        return odd(look, "its name has a zero byte");
    if (json_type(document, entry) != JSON_OBJECT)
        return odd(look, "it is not an object");
    if (count_members(document, entry, SLICE("command")) > 1 || count_members(document, entry, SLICE("args")) > 1)
        return odd(look, "its command or args stands more than once");
    const bool has_strings = look->args == JSON_NONE || are_strings(document, look->args);
    /* Before the URL: what we have wrapped stays ours whatever is added to it. */
    if (has_strings && slice_equal(slice_base_name(look->server.command), SLICE("spanhook"))) {
        if (!read_arguments(document, look))
            return MCP_OURS;
        look->server.behind = buffer_slice(&look->behind);
        look->server.state = buffer_slice(&look->state);
        return MCP_WRAPPED;
    }
    if (is_url(document, entry))
        return MCP_HTTP;
    if (!has_command)
        return odd(look, "it has no command");
    if (!has_strings)
        return odd(look, "its args is not an array of strings");
    if (has_zero(look->server.command))
        return odd(look, "its command has a zero byte");
    if (is_expanded(look->server.command))
        return odd(look, "its command starts with ~ or has a $, which the agent expands there and not in args; write the path out");
    if (is_option(look->server.name))
        return odd(look, "its name is an option of spanhook mcp");
    return MCP_PLAIN;
}

static void look_at(const struct json *document, int servers, int key, struct look *look)
{
    look->key = key;
    look->args = JSON_NONE;
    look->separator = look->name_end = look->state_at = look->state_count = 0;
    look->state_joined = false;
    buffer_clear(&look->command);
    buffer_clear(&look->behind);
    buffer_clear(&look->state);
    (void)decode(document, key, &look->name);
    look->server = (struct mcp_server){.name = buffer_slice(&look->name), .document = document,
                                       .entry = json_member_value(document, key)};
    look->server.kind = classify(document, servers, look);
}

static bool parse(struct json *document, struct slice text, struct error *error)
{
    return json_parse_allocating(document, text, JSON_EDIT_TOKENS_MAX) || error_set(error, "not valid JSON");
}

bool mcp_each_server(struct slice text, const struct mcp_place *place, mcp_server_visitor *visitor, void *context, struct error *error)
{
    struct json document;
    struct look look;
    int servers;
    const bool done = parse(&document, text, error) && find_servers(&document, place, &servers, error);
    look_init(&look);
    for (int key = done ? json_first(&document, servers) : JSON_NONE; key != JSON_NONE; key = json_next(&document, key)) {
        look_at(&document, servers, key, &look);
        visitor(context, &look.server);
    }
    look_free(&look);
    json_release(&document);
    return done;
}

struct counting {
    enum mcp_kind kind;
    size_t count;
};

static void count_server(void *context, const struct mcp_server *server)
{
    struct counting *counting = context;
    counting->count += server->kind == counting->kind;
}

size_t mcp_count(struct slice text, const struct mcp_place *place, enum mcp_kind kind)
{
    struct counting counting = {.kind = kind};
    return mcp_each_server(text, place, count_server, &counting, NULL) ? counting.count : 0;
}

/* ---- editing ------------------------------------------------------------------------------------------------------------------- */

enum edit_kind { SET, REMOVE, INSERT, REMOVE_RUN };

/* One edit of a member of the server that is at hand. */
static bool edit(struct work *work, struct look *look, enum edit_kind kind, const char *member, struct slice value, size_t index,
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

static bool wrap_plain(struct work *work, struct look *look, const struct mcp_wrapper *wrapper)
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
static bool refresh_state(struct work *work, struct look *look, struct slice wanted, bool *more)
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

static bool refresh(struct work *work, struct look *look, const struct mcp_wrapper *wrapper, bool *more)
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
    if (parse(&document, before, NULL) && find_servers(&document, place, &servers, NULL)) {
        for (int key = json_first(&document, servers); key != JSON_NONE; key = json_next(&document, key)) {
            if (json_string_equals_slice(&document, key, name))
                entry = json_member_value(&document, key);
        }
    }
    const bool without = json_type(&document, entry) == JSON_OBJECT && json_get(&document, entry, "args") == JSON_NONE;
    json_release(&document);
    return without;
}

static bool unwrap(struct work *work, struct look *look, struct slice before)
{
    const struct json *document = look->server.document;
    const size_t own = look->separator + 2;
    const bool drop = json_size(document, look->args) == own && had_no_args(before, work->place, look->server.name);
    struct buffer command;
    buffer_init(&command, TEXT_LIMIT);
    buffer_append_slice(&command, json_raw(document, element(document, look->args, own - 1)));
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
static bool step(struct work *work, const struct task *task, size_t index, struct look *look, bool *more, bool *last)
{
    struct json document;
    int servers;
    *more = false;
    bool done = parse(&document, buffer_slice(&work->text), work->error) && find_servers(&document, work->place, &servers, work->error);
    const int key = done ? element(&document, servers, index) : JSON_NONE;
    *last = key == JSON_NONE;
    if (!*last) {
        look_at(&document, servers, key, look);
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
    struct look look;
    bool more, last = false;
    buffer_init(&work.text, TEXT_LIMIT);
    buffer_init(&work.result, TEXT_LIMIT);
    look_init(&look);
    buffer_append_slice(&work.text, text);
    bool done = !work.text.failed || error_set(error, "longer than %zu bytes", TEXT_LIMIT);
    for (size_t index = 0; done && !last; index += !more)
        done = step(&work, task, index, &look, &more, &last);
    if (done)
        buffer_append_slice(out, buffer_slice(&work.text));
    look_free(&look);
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

struct checking {
    struct error *error;
    bool good;
};

static void check_server(void *context, const struct mcp_server *server)
{
    struct checking *checking = context;
    if (server->kind == MCP_ODD && checking->good && slice_equal(slice_base_name(server->command), SLICE("spanhook")))
        checking->good = error_set(checking->error, "an MCP server there runs spanhook and cannot be unwrapped, %s; mend that by hand",
                                   server->why);
}

bool mcp_can_unwrap(struct slice text, const struct mcp_place *place, struct error *error)
{
    struct checking checking = {error, true};
    size_t at;
    if (!slice_find(text, SLICE("spanhook"), 0, &at))
        return true;
    return mcp_each_server(text, place, check_server, &checking, error) && checking.good;
}
