#include "agents/tool_input.h"

#include "base/hash.h"
#include "trace/skill.h"

static uint64_t mix(uint64_t value)
{
    value ^= value >> 33;
    value *= UINT64_C(0xff51afd7ed558ccd);
    value ^= value >> 33;
    value *= UINT64_C(0xc4ceb9fe1a85ec53);
    return value ^ (value >> 33);
}

static uint64_t hash_number(uint64_t state, uint64_t value)
{
    return fnv1a(state, (struct slice){(const char *)&value, sizeof value});
}

static uint64_t hash_text(const struct json *document, int string, struct buffer *scratch)
{
    buffer_clear(scratch);
    if (!json_append_string(document, string, scratch))
        return fnv1a(FNV1A_START, json_raw(document, string));
    return fnv1a(FNV1A_START, buffer_slice(scratch));
}

/* Kiro adds the first to every call; v3 sets the others after the call began. */
static bool is_volatile(const struct json *document, int key)
{
    static const char *const names[] = {"__tool_use_purpose", "cwd", "description", "timeout"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (json_string_equals(document, key, names[i]))
            return true;
    return false;
}

/* Members are added up, so that their order does not matter; elements are chained, so that theirs does. Recursion is bounded by
 * JSON_DEPTH_MAX. */
static uint64_t hash_value(const struct json *document, int value, bool top, unsigned *members, struct buffer *scratch)
{
    uint64_t state = FNV1A_START, sum = 0;
    unsigned inner = 0;

    switch (json_type(document, value)) {
    case JSON_OBJECT:
        for (int key = json_first(document, value); key != JSON_NONE; key = json_next(document, key)) {
            const int member = json_member_value(document, key);
            if (json_type(document, member) == JSON_NULL || (top && is_volatile(document, key)))
                continue;
            const uint64_t name = hash_text(document, key, scratch);
            sum += mix(hash_number(name, hash_value(document, member, false, &inner, scratch)));
            ++*members;
        }
        return mix(sum ^ 'O');
    case JSON_ARRAY:
        for (int item = json_first(document, value); item != JSON_NONE; item = json_next(document, item))
            state = hash_number(state, hash_value(document, item, false, &inner, scratch));
        ++*members;
        return mix(state ^ 'A');
    case JSON_STRING:
        ++*members;
        return mix(hash_text(document, value, scratch) ^ 'S');
    default:
        ++*members;
        return mix(fnv1a(state, json_raw(document, value)));
    }
}

uint64_t tool_input_key(const struct json *document, int input, struct buffer *scratch)
{
    unsigned members = 0;
    const enum json_type type = json_type(document, input);
    if (type == JSON_MISSING || type == JSON_NULL || slice_equal(json_raw(document, input), SLICE("\"\"")))
        return 0;
    const uint64_t key = hash_value(document, input, true, &members, scratch);
    return members == 0 ? 0 : key ? key : 1;
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

static bool skill_of_object(const struct json *document, int object, struct buffer *text, struct slice *name, struct slice *resource)
{
    static const char *const paths[] = {"path", "file_path", "filePath", "absolute_path", "target_file", "file", "uri", "url"};
    static const char *const lists[] = {"paths", "files", "image_paths", "file_paths"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (skill_of_string(document, json_get(document, object, paths[i]), text, name, resource))
            return true;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (skill_of_list(document, json_get(document, object, lists[i]), text, name, resource))
            return true;
    return false;
}

/* Whoever brings text to put into the file edits the skill instead of reading it. */
static bool writes(const struct json *document, int input)
{
    static const char *const names[] = {"content", "contents", "file_text", "text",      "new_str",    "newStr", "old_str",
                                        "oldStr",  "new_string", "old_string", "insert_line", "edits", "patch",  "diff"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (json_get(document, input, names[i]) != JSON_NONE)
            return true;
    return false;
}

bool tool_input_skill(const struct json *document, int input, struct buffer *text, struct slice *name, struct slice *resource)
{
    if (json_type(document, input) != JSON_OBJECT || writes(document, input))
        return false;
    if (skill_of_object(document, input, text, name, resource))
        return true;
    const int operations = json_get(document, input, "operations");
    if (json_type(document, operations) == JSON_ARRAY)
        for (int item = json_first(document, operations); item != JSON_NONE; item = json_next(document, item))
            if (skill_of_object(document, item, text, name, resource))
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
