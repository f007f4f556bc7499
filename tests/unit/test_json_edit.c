#include "agents/json_edit.h"

#include "agents/kiro_hooks.h"
#include "base/json_scan.h"
#include "check.h"

#define NAME(text) {.name = (text)}
#define AT(number) {.index = (number)}

static char result_text[8192];

/* The edited text, or "refused: <why>". */
static struct slice set_in(const char *text, const struct json_step *path, size_t steps, const char *value)
{
    struct buffer out;
    struct error error;
    buffer_init_fixed(&out, result_text, sizeof(result_text));
    if (!json_edit_set(slice_of(text), path, steps, slice_of(value), &out, &error)) {
        buffer_clear(&out);
        buffer_append_format(&out, "refused: %s", error.text);
    }
    return buffer_slice(&out);
}

static struct slice remove_from(const char *text, const struct json_step *path, size_t steps)
{
    struct buffer out;
    struct error error;
    buffer_init_fixed(&out, result_text, sizeof(result_text));
    if (!json_edit_remove(slice_of(text), path, steps, &out, &error)) {
        buffer_clear(&out);
        buffer_append_format(&out, "refused: %s", error.text);
    }
    return buffer_slice(&out);
}

static const struct json_step b[] = {NAME("b")};
static const struct json_step deep[] = {NAME("h"), NAME("e"), AT(0)};
static const struct json_step list0[] = {NAME("l"), AT(0)}, list1[] = {NAME("l"), AT(1)}, list2[] = {NAME("l"), AT(2)},
    list3[] = {NAME("l"), AT(3)};

TEST(member_follows_two_blanks)
{
    CHECK_EQ_TEXT(set_in("{\n  \"a\": 1\n}\n", b, 1, "{\"x\":[1,2],\"y\":{}}"),
                  "{\n  \"a\": 1,\n  \"b\": {\n    \"x\": [\n      1,\n      2\n    ],\n    \"y\": {}\n  }\n}\n");
}

TEST(member_follows_tabs_and_crlf)
{
    CHECK_EQ_TEXT(set_in("{\r\n\t\"a\":1\r\n}", b, 1, "[{\"x\":1}]"),
                  "{\r\n\t\"a\":1,\r\n\t\"b\":[\r\n\t\t{\r\n\t\t\t\"x\":1\r\n\t\t}\r\n\t]\r\n}");
}

TEST(member_follows_one_line)
{
    CHECK_EQ_TEXT(set_in("{\"a\":1}", b, 1, "{\"x\":1,\"y\":2}"), "{\"a\":1,\"b\":{\"x\":1,\"y\":2}}");
    CHECK_EQ_TEXT(set_in("{ \"a\" : 1 }\n", b, 1, "2"), "{ \"a\" : 1, \"b\" : 2 }\n");
    CHECK_EQ_TEXT(set_in("{\"a\": 1, \"c\": 2}", b, 1, "[1,2]"), "{\"a\": 1, \"c\": 2, \"b\": [1, 2]}");
    CHECK_EQ_TEXT(set_in("{\"a\":1 ,\"c\":2}", b, 1, "3"), "{\"a\":1 ,\"c\":2 ,\"b\":3}");
}

TEST(empty_containers_are_opened)
{
    CHECK_EQ_TEXT(set_in("{}", b, 1, "1"), "{\n  \"b\": 1\n}");
    CHECK_EQ_TEXT(set_in("{\n}\n", b, 1, "1"), "{\n  \"b\": 1\n}\n");
    CHECK_EQ_TEXT(set_in("{\n    \"h\": { }\n}\n", deep, 3, "{\"c\":1}"),
                  "{\n    \"h\": {\n        \"e\": [\n            {\n                \"c\": 1\n            }\n        ]\n    }\n}\n");
    CHECK_EQ_TEXT(set_in("{\"l\":[]}", list0, 2, "1"), "{\"l\":[1]}");
}

TEST(missing_containers_are_made)
{
    CHECK_EQ_TEXT(set_in("{\"a\":1}", deep, 3, "true"), "{\"a\":1,\"h\":{\"e\":[true]}}");
    CHECK_EQ_TEXT(set_in("{\"a\":1}", list1, 2, "true"), "refused: no element 1");
}

TEST(elements_are_appended)
{
    CHECK_EQ_TEXT(set_in("{\n \"l\": [1,\n  2]\n}", list2, 2, "{\"x\":3}"), "{\n \"l\": [1,\n  2,\n  {\n   \"x\": 3\n  }]\n}");
    CHECK_EQ_TEXT(set_in("{\"l\": [1, 2]}", list2, 2, "3"), "{\"l\": [1, 2, 3]}");
    CHECK_EQ_TEXT(set_in("{\"l\": [1, 2]}", list3, 2, "3"), "refused: no element 3");
}

TEST(values_are_replaced_alone)
{
    CHECK_EQ_TEXT(set_in("{\n  \"b\" :  \"old\" ,\n\n  \"z\": [ 1,2 ,3 ]}\n\n", b, 1, "\"new\""),
                  "{\n  \"b\" :  \"new\" ,\n\n  \"z\": [ 1,2 ,3 ]}\n\n");
    CHECK_EQ_TEXT(set_in("{\"l\": [1, {\"a\": 2}]}", list1, 2, "{\"c\":[3,4]}"), "{\"l\": [1, {\"c\": [3, 4]}]}");
    CHECK_EQ_TEXT(set_in("{\n  \"b\": {\n    \"a\": 1\n  }\n}", b, 1, "{\"c\":3}"), "{\n  \"b\": {\n    \"c\": 3\n  }\n}");
}

TEST(escaped_names_are_found)
{
    CHECK_EQ_TEXT(set_in("{\"\\u0062\":1}", b, 1, "2"), "{\"\\u0062\":2}");
    static const struct json_step odd[] = {NAME("a\"b\\c")};
    CHECK_EQ_TEXT(set_in("{\"x\":1}", odd, 1, "2"), "{\"x\":1,\"a\\\"b\\\\c\":2}");
    static const struct json_step dotted[] = {NAME("chat.defaultAgent")};
    CHECK_EQ_TEXT(set_in("{\"chat\":{\"defaultAgent\":1}}", dotted, 1, "2"), "{\"chat\":{\"defaultAgent\":1},\"chat.defaultAgent\":2}");
}

TEST(removal_takes_one_comma)
{
    CHECK_EQ_TEXT(remove_from("{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}\n", b, 1), "{\n  \"a\": 1,\n  \"c\": 3\n}\n");
    CHECK_EQ_TEXT(remove_from("{\n  \"a\": 1,\n  \"b\": 2\n}\n", b, 1), "{\n  \"a\": 1\n}\n");
    CHECK_EQ_TEXT(remove_from("{ \"b\": 2 }", b, 1), "{}");
    CHECK_EQ_TEXT(remove_from("{\"l\":[1, 2, 3]}", list0, 2), "{\"l\":[2, 3]}");
    CHECK_EQ_TEXT(remove_from("{\"l\":[1, 2, 3]}", list2, 2), "{\"l\":[1, 2]}");
    CHECK_EQ_TEXT(remove_from("{\"l\":[1, 2, 3]}", list3, 2), "refused: nothing there to remove");
    CHECK_EQ_TEXT(remove_from("{\"l\":[[1]]}", list0, 2), "{\"l\":[]}");
}

TEST(removal_undoes_insertion)
{
    static const char *const texts[] = {"{\"a\":1}", "{ \"a\": [1, 2] }", "{\n\t\"a\": {\"x\": 1}\n}\n",
                                        "{\r\n  \"a\": 1, \"c\":\r\n 2 }", "{\n\"a\":1\n,\"c\":2\n}"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char kept[4096];
        const struct slice inserted = set_in(texts[i], b, 1, "{\"x\":[1,{\"y\":null}]}");
        CHECK(inserted.length < sizeof(kept));
        memcpy(kept, inserted.data, inserted.length);
        kept[inserted.length] = '\0';
        CHECK(json_valid(slice_of(kept)));
        CHECK_EQ_TEXT(remove_from(kept, b, 1), texts[i]);
    }
}

static const struct json_step l[] = {NAME("l")};

static struct slice insert_in(const char *text, size_t index, const char *values)
{
    struct buffer out;
    struct error error;
    buffer_init_fixed(&out, result_text, sizeof(result_text));
    if (!json_edit_insert(slice_of(text), l, 1, index, slice_of(values), &out, &error)) {
        buffer_clear(&out);
        buffer_append_format(&out, "refused: %s", error.text);
    }
    return buffer_slice(&out);
}

static struct slice remove_run(const char *text, size_t index, size_t count)
{
    struct buffer out;
    struct error error;
    buffer_init_fixed(&out, result_text, sizeof(result_text));
    if (!json_edit_remove_run(slice_of(text), l, 1, index, count, &out, &error)) {
        buffer_clear(&out);
        buffer_append_format(&out, "refused: %s", error.text);
    }
    return buffer_slice(&out);
}

TEST(elements_are_put_before_others)
{
    CHECK_EQ_TEXT(insert_in("{\"l\": [1, 2]}", 0, "[8,9]"), "{\"l\": [8, 9, 1, 2]}");
    CHECK_EQ_TEXT(insert_in("{\"l\": [1, 2]}", 1, "[8,9]"), "{\"l\": [1, 8, 9, 2]}");
    CHECK_EQ_TEXT(insert_in("{\"l\":[1]}", 0, "[8]"), "{\"l\":[8,1]}");
    CHECK_EQ_TEXT(insert_in("{\"l\": [\n  1\n]}", 0, "[8]"), "{\"l\": [\n  8,\n  1\n]}");
    CHECK_EQ_TEXT(insert_in("{\"l\": [ ]}", 0, "[8,9]"), "{\"l\": [8, 9 ]}");
    CHECK_EQ_TEXT(insert_in("{\"l\": [1]}", 1, "[8]"), "refused: no element 1");
    CHECK_EQ_TEXT(insert_in("{\"l\": {}}", 0, "[8]"), "refused: no array there");
    CHECK_EQ_TEXT(insert_in("{}", 0, "[8]"), "refused: no array there");
    CHECK_EQ_TEXT(insert_in("{\"l\": []}", 0, "8"), "refused: what is to be put in is not valid JSON");
}

TEST(runs_are_removed)
{
    CHECK_EQ_TEXT(remove_run("{\"l\": [1, 2 ,3]}", 0, 2), "{\"l\": [3]}");
    CHECK_EQ_TEXT(remove_run("{\"l\": [1, 2 ,3]}", 1, 2), "{\"l\": [1]}");
    CHECK_EQ_TEXT(remove_run("{\"l\": [ 1, 2 ]}", 0, 2), "{\"l\": [  ]}");
    CHECK_EQ_TEXT(remove_run("{\"l\": [1]}", 0, 2), "refused: nothing there to remove");
    CHECK_EQ_TEXT(remove_run("{\"l\": [1]}", 1, (size_t)-1), "refused: nothing there to remove");
    CHECK_EQ_TEXT(remove_run("{\"l\": [1]}", 0, 0), "refused: nothing there to remove");
    static const char *const texts[] = {"{\"l\": [1, 2]}", "{\"l\": [\n 1 ,\n\t2\n]}", "{\"l\":[ 1\n,2 ]}", "{\"l\": [\n\n]}",
                                        "{\"l\":[ ]}"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        for (size_t index = 0; index < (i < 3 ? 2 : 1); index++) {
            char kept[8192];
            const struct slice inserted = insert_in(texts[i], index, "[7,\"8\",9]");
            memcpy(kept, inserted.data, inserted.length);
            kept[inserted.length] = '\0';
            CHECK(json_valid(slice_of(kept)));
            CHECK_EQ_TEXT(remove_run(kept, index, 3), texts[i]);
        }
    }
}

TEST(what_is_no_json_is_refused)
{
    static const char *const texts[] = {"", " ", "{", "{\"a\":1,}", "{'a':1}", "{\"a\":1} x", "// c\n{\"a\":1}", "\xef\xbb\xbf{\"a\":1}",
                                        "{\"a\" 1}", "{\"a\":01}"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        CHECK_EQ_TEXT(set_in(texts[i], b, 1, "1"), "refused: not valid JSON");
        CHECK_EQ_TEXT(remove_from(texts[i], b, 1), "refused: not valid JSON");
    }
    CHECK_EQ_TEXT(set_in("{\"a\":1}", b, 1, "{\"x\""), "refused: what is to be put in is not valid JSON");
    CHECK_EQ_TEXT(set_in("{\"a\":1}", b, 1, "1,\"c\":2"), "refused: what is to be put in is not valid JSON");
}

TEST(other_shapes_are_refused)
{
    CHECK_EQ_TEXT(set_in("[1]", b, 1, "1"), "refused: \"(top level)\" is not an object");
    CHECK_EQ_TEXT(set_in("{\"h\":[]}", deep, 3, "1"), "refused: \"h\" is not an object");
    CHECK_EQ_TEXT(set_in("{\"h\":{\"e\":{}}}", deep, 3, "1"), "refused: \"e\" is not an array");
    CHECK_EQ_TEXT(set_in("{\"h\":null}", deep, 3, "1"), "refused: \"h\" is not an object");
    CHECK_EQ_TEXT(set_in("{\"b\":1,\"\\u0062\":2}", b, 1, "1"), "refused: the name \"b\" stands 2 times in one object");
}

static struct slice wired(enum kiro_form form, const char *text, const char *command)
{
    struct buffer out;
    struct error error;
    buffer_init_fixed(&out, result_text, sizeof(result_text));
    if (!kiro_wire(form, slice_of(text), slice_of(command), &out, &error)) {
        buffer_clear(&out);
        buffer_append_format(&out, "refused: %s", error.text);
    }
    return buffer_slice(&out);
}

static struct slice unwired(enum kiro_form form, const char *text, const char *before)
{
    struct buffer out;
    struct error error;
    buffer_init_fixed(&out, result_text, sizeof(result_text));
    CHECK(kiro_unwire(form, slice_of(text), slice_of(before), &out, &error));
    return buffer_slice(&out);
}

static void keep(struct slice text, char kept[static 8192])
{
    memcpy(kept, text.data, text.length);
    kept[text.length] = '\0';
}

TEST(wiring_and_unwiring_an_agent)
{
    static const char before[] = "{\n  \"name\": \"mine\",\n  \"hooks\": {\n    \"stop\": [\n"
                                 "      {\"command\": \"say done\"}\n    ]\n  }\n}\n";
    char once[8192];
    keep(wired(KIRO_AGENT_FILE, before, "/opt/spanhook hook"), once);
    CHECK_EQ_INT(kiro_count_ours(KIRO_AGENT_FILE, slice_of(once)), KIRO_EVENTS);
    CHECK_EQ_TEXT(wired(KIRO_AGENT_FILE, once, "/opt/spanhook hook"), once);
    CHECK_EQ_TEXT(unwired(KIRO_AGENT_FILE, once, before), before);
    CHECK_EQ_TEXT(unwired(KIRO_AGENT_FILE, once, ""), before);
    CHECK_EQ_TEXT(unwired(KIRO_AGENT_FILE, "{\"hooks\": {\"stop\": [{\"command\": \"spanhook hook\"}]}}", "{\"hooks\": {\"stop\": []}}"),
                  "{\"hooks\": {\"stop\": []}}");
    CHECK_EQ_TEXT(unwired(KIRO_AGENT_FILE, "{\"a\": 1, \"hooks\": {\"stop\": [{\"command\": \"spanhook hook\"}]}}", "{\"a\": 1}"),
                  "{\"a\": 1}");
}

TEST(wiring_collapses_and_updates)
{
    static const char text[] = "{\"hooks\":{\"stop\":[{\"command\":\"a\"},"
                               "{\"command\":\"X=1 /old/spanhook hook --x\",\"timeout_ms\":9},{\"command\":\"b\"},"
                               "{\"command\":\"'/old place/spanhook' hook\"}],\"custom\":[{\"command\":\"spanhook hook\"}]}}";
    char once[8192];
    keep(wired(KIRO_AGENT_FILE, text, "/new/spanhook hook"), once);
    size_t position;
    CHECK(slice_find(slice_of(once),
                     SLICE("\"stop\":[{\"command\":\"a\"},"
                           "{\"command\":\"X=1 /new/spanhook hook\",\"timeout_ms\":3000},{\"command\":\"b\"}]"), 0, &position));
    CHECK_EQ_INT(kiro_count_ours(KIRO_AGENT_FILE, slice_of(once)), KIRO_EVENTS + 1);
    CHECK_EQ_TEXT(wired(KIRO_AGENT_FILE, once, "/new/spanhook hook"), once);
}

TEST(wiring_a_hooks_file)
{
    static const char theirs[] = "{\"version\":\"v1\",\"hooks\":["
                                 "{\"name\":\"mine\",\"trigger\":\"Stop\",\"action\":{\"type\":\"command\",\"command\":\"x\"}}]}";
    char once[8192];
    keep(wired(KIRO_HOOKS_FILE, theirs, "/opt/spanhook hook"), once);
    CHECK_EQ_INT(kiro_count_ours(KIRO_HOOKS_FILE, slice_of(once)), KIRO_EVENTS);
    CHECK_EQ_TEXT(wired(KIRO_HOOKS_FILE, once, "/opt/spanhook hook"), once);
    CHECK_EQ_TEXT(unwired(KIRO_HOOKS_FILE, once, theirs), theirs);
}

TEST(our_commands_are_told_from_others)
{
    static const struct {
        const char *command;
        bool ours;
    } cases[] = {
        {"spanhook hook", true},
        {"/a/b/spanhook  hook --agent kiro", true},
        {"'/a b/spanhook' hook", true},
        {"\"/a b/spanhook\" \"hook\"", true},
        {"/a\\ b/spanhook hook", true},
        {"A=1 _B='x y' /a/spanhook hook", true},
        {"spanhook hook; rm -r x", true},
        {"", false},
        {"spanhook", false},
        {"spanhook view", false},
        {"/a/notspanhook hook", false},
        {"/spanhook/other hook", false},
        {"echo spanhook hook", false},
        {"'spanhook hook'", false},
        {"'/a/spanhook hook", false},
        {"; spanhook hook", false},
        {"spanhook | hook", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (kiro_command_is_ours(slice_of(cases[i].command), NULL, NULL) != cases[i].ours)
            printf("%s\n", cases[i].command);
        CHECK(kiro_command_is_ours(slice_of(cases[i].command), NULL, NULL) == cases[i].ours);
    }
}

TEST(paths_survive_the_shell)
{
    static const char *const paths[] = {"/opt/spanhook", "/a b/spanhook", "/it's/$HOME/`x`/spanhook", "/a\"b\\c/spanhook",
                                        "/\xc3\xa4/spanhook"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        char command[256], program[256];
        struct buffer out, found;
        buffer_init_fixed(&out, command, sizeof(command));
        buffer_init_fixed(&found, program, sizeof(program));
        kiro_command(&out, KIRO_AGENT_FILE, paths[i], 0);
        CHECK(kiro_command_is_ours(buffer_slice(&out), NULL, &found));
        CHECK_EQ_TEXT(buffer_slice(&found), paths[i]);
    }
}

static const struct check_test tests[] = {
    CASE(member_follows_two_blanks),
    CASE(member_follows_tabs_and_crlf),
    CASE(member_follows_one_line),
    CASE(empty_containers_are_opened),
    CASE(missing_containers_are_made),
    CASE(elements_are_appended),
    CASE(values_are_replaced_alone),
    CASE(escaped_names_are_found),
    CASE(removal_takes_one_comma),
    CASE(removal_undoes_insertion),
    CASE(elements_are_put_before_others),
    CASE(runs_are_removed),
    CASE(what_is_no_json_is_refused),
    CASE(other_shapes_are_refused),
    CASE(wiring_and_unwiring_an_agent),
    CASE(wiring_collapses_and_updates),
    CASE(wiring_a_hooks_file),
    CASE(our_commands_are_told_from_others),
    CASE(paths_survive_the_shell),
};
CHECK_MAIN(tests)
