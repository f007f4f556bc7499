#include "agents/tool_input.h"

#include "trace/input_key.h"
#include "trace/skill.h"

/* The characters of a string or key as they stand, without its quotes. Where there are escapes this is not what it means. */
static struct slice inner_text(const struct json *document, int string)
{
    const struct slice raw = json_raw(document, string);
    return slice_part(raw, 1, raw.length < 2 ? 0 : raw.length - 2);
}

static bool is_one_of(struct slice name, const struct slice *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (slice_equal(name, names[i]))
            return true;
    return false;
}

#define NAME(text) {text, sizeof(text) - 1}
#define COUNT(array) (sizeof(array) / sizeof *(array))

uint64_t tool_input_key(const struct json *document, int input)
{
    struct json_digest digest;
    if (json_type(document, input) == JSON_MISSING)
        return 0;
    input_key_begin(&digest);
    json_digest_feed(&digest, json_raw(document, input));
    return input_key_end(&digest);
}

static bool skill_of_string(const struct json *document, int value, struct buffer *text, struct slice *name, struct slice *resource)
{
    const size_t at = text->length;
    if (json_type(document, value) != JSON_STRING || !json_append_string(document, value, text))
        return false;
    if (skill_of_path((struct slice){text->data + at, text->length - at}, name, resource))
        return true;
    text->length = at;
    return false;
}

static bool skill_of_list(const struct json *document, int list, struct buffer *text, struct slice *name, struct slice *resource)
{
    if (json_type(document, list) != JSON_ARRAY)
        return false;
    for (int item = json_first(document, list); item != JSON_NONE; item = json_next(document, item))
        if (skill_of_string(document, item, text, name, resource))
            return true;
    return false;
}

static const struct slice path_names[] = {NAME("path"), NAME("file_path"), NAME("filePath"), NAME("absolute_path"),
                                          NAME("target_file"), NAME("file"), NAME("uri"), NAME("url")};
static const struct slice list_names[] = {NAME("paths"), NAME("files"), NAME("image_paths"), NAME("file_paths")};
/* Whoever brings text to put into the file edits the skill instead of reading it. */
static const struct slice writing_names[] = {NAME("content"), NAME("contents"), NAME("file_text"), NAME("text"), NAME("new_str"),
                                             NAME("newStr"), NAME("old_str"), NAME("oldStr"), NAME("new_string"), NAME("old_string"),
                                             NAME("insert_line"), NAME("edits"), NAME("patch"), NAME("diff")};

static const struct slice writing_commands[] = {NAME("create"), NAME("str_replace"), NAME("insert"), NAME("append")};

/* *operations receives the list of that name, if there is one. */
static bool skill_of_object(const struct json *document, int object, struct buffer *text, struct slice *name, struct slice *resource,
                            int *operations)
{
    bool found = false;
    if (json_type(document, object) != JSON_OBJECT)
        return false;
    for (int key = json_first(document, object); key != JSON_NONE; key = json_next(document, key)) {
        const struct slice member = inner_text(document, key);
        const int value = json_member_value(document, key);
        if (is_one_of(member, writing_names, COUNT(writing_names)) ||
            (slice_equal(member, SLICE("command")) && is_one_of(inner_text(document, value), writing_commands, COUNT(writing_commands))))
            return false;
        if (slice_equal(member, SLICE("operations")))
            *operations = value;
        if (found)
            continue;
        if (is_one_of(member, path_names, COUNT(path_names)))
            found = skill_of_string(document, value, text, name, resource);
        else if (is_one_of(member, list_names, COUNT(list_names)))
            found = skill_of_list(document, value, text, name, resource);
    }
    return found;
}

bool tool_input_skill(const struct json *document, int input, struct buffer *text, struct slice *name, struct slice *resource)
{
    int operations = JSON_NONE, none;
    if (skill_of_object(document, input, text, name, resource, &operations))
        return true;
    if (json_type(document, operations) == JSON_ARRAY)
        for (int item = json_first(document, operations); item != JSON_NONE; item = json_next(document, item))
            if (skill_of_object(document, item, text, name, resource, &none))
                return true;
    return false;
}

bool tool_mcp_name(struct slice tool_name, struct slice *server, struct slice *tool)
{
    static const struct mcp_form {
        struct slice prefix, separator;
    } forms[] = {{{"@", 1}, {"/", 1}}, {{"mcp__", 5}, {"__", 2}}, {{"mcp_", 4}, {"_", 1}}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        size_t at;
        if (!slice_starts_with(tool_name, forms[i].prefix) || !slice_find(tool_name, forms[i].separator, forms[i].prefix.length, &at))
            continue;
        *server = slice_part(tool_name, forms[i].prefix.length, at - forms[i].prefix.length);
        *tool = slice_part(tool_name, at + forms[i].separator.length, tool_name.length);
        if (server->length && tool->length)
            return true;
    }
    return false;
}
