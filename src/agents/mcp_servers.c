#include "agents/mcp_look.h"

#include <string.h>

#define TEXT_LIMIT JSON_EDIT_TEXT_MAX

void mcp_look_init(struct mcp_look *look)
{
    *look = (struct mcp_look){.key = JSON_NONE, .args = JSON_NONE};
    buffer_init(&look->name, TEXT_LIMIT);
    buffer_init(&look->command, TEXT_LIMIT);
    buffer_init(&look->behind, TEXT_LIMIT);
    buffer_init(&look->state, TEXT_LIMIT);
}

void mcp_look_free(struct mcp_look *look)
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

int mcp_element(const struct json *document, int array, size_t index)
{
    int item = json_first(document, array);
    while (item != JSON_NONE && index-- > 0)
        item = json_next(document, item);
    return item;
}

bool mcp_find_servers(const struct json *document, const struct mcp_place *place, int *servers, struct error *error)
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
static bool read_arguments(const struct json *document, struct mcp_look *look)
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

static enum mcp_kind odd(struct mcp_look *look, const char *why)
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

static enum mcp_kind classify(const struct json *document, int servers, struct mcp_look *look)
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

void mcp_look_at(const struct json *document, int servers, int key, struct mcp_look *look)
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

bool mcp_parse(struct json *document, struct slice text, struct error *error)
{
    return json_parse_allocating(document, text, JSON_EDIT_TOKENS_MAX) || error_set(error, "not valid JSON");
}

bool mcp_each_server(struct slice text, const struct mcp_place *place, mcp_server_visitor *visitor, void *context, struct error *error)
{
    struct json document;
    struct mcp_look look;
    int servers;
    const bool done = mcp_parse(&document, text, error) && mcp_find_servers(&document, place, &servers, error);
    mcp_look_init(&look);
    for (int key = done ? json_first(&document, servers) : JSON_NONE; key != JSON_NONE; key = json_next(&document, key)) {
        mcp_look_at(&document, servers, key, &look);
        visitor(context, &look.server);
    }
    mcp_look_free(&look);
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
