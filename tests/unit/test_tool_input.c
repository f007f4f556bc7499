#include "agents/tool_input.h"
#include "trace/input_key.h"

#include "check.h"

static jsmntok_t tokens[256];
static char text_storage[4096];

static uint64_t key_of(const char *input)
{
    struct json document;
    CHECK(json_parse(&document, slice_of(input), tokens, 256));
    return tool_input_key(&document, 0);
}

TEST(key_does_not_depend_on_the_order_of_members)
{
    CHECK(key_of("{\"a\":1,\"b\":{\"c\":2,\"d\":[1,2]}}") == key_of("{\"b\":{\"d\":[1,2],\"c\":2},\"a\":1}"));
    CHECK(key_of("{\"a\":[1,2]}") != key_of("{\"a\":[2,1]}"));
}

TEST(key_leaves_out_null_and_volatile_members)
{
    const uint64_t plain = key_of("{\"command\":\"npm run lint\"}");
    CHECK(plain == key_of("{\"command\":\"npm run lint\",\"cwd\":\"/home\",\"description\":\"\",\"timeout\":null}"));
    CHECK(plain == key_of("{\"__tool_use_purpose\":\"x\",\"command\":\"npm run lint\",\"cwd\":null}"));
    CHECK(plain == key_of("{\"command\":\"npm run \\u006cint\"}"));
    CHECK(plain != key_of("{\"command\":\"npm run lint \"}"));
    /* volatile at the top only: further down they may be what the call is about */
    CHECK(key_of("{\"x\":{\"cwd\":\"a\"}}") != key_of("{\"x\":{\"cwd\":\"b\"}}"));
}

TEST(key_tells_shapes_apart)
{
    static const char *const inputs[] = {"{\"a\":\"1\"}", "{\"a\":1}", "{\"a\":[1]}", "{\"a\":{\"1\":1}}", "{\"1\":\"a\"}", "{\"a\":true}",
                                         "{\"a\":[]}",    "{\"a\":{}}", "{\"a\":[[]]}", "{\"a\":\"\"}",
                                         "{\"a\":[\"a\",\"b\"]}", "{\"a\":[\"ab\"]}"};
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
        for (size_t j = 0; j < i; j++)
            CHECK(key_of(inputs[i]) != key_of(inputs[j]));
}

TEST(key_of_nothing)
{
    CHECK_EQ_INT(key_of("{}"), 0);
    CHECK_EQ_INT(key_of("null"), 0);
    CHECK_EQ_INT(key_of("\"\""), 0);
    CHECK_EQ_INT(key_of("[]"), 0);
    CHECK_EQ_INT(key_of("{\"__tool_use_purpose\":\"x\",\"a\":null}"), INPUT_KEY_NOTHING);
}

static void expect_skill(const char *input, const char *expected_name, const char *expected_resource)
{
    struct json document;
    struct buffer text;
    struct slice name = {NULL, 0}, resource = {NULL, 0};
    buffer_init_fixed(&text, text_storage, sizeof text_storage);
    CHECK(json_parse(&document, slice_of(input), tokens, 256));
    const bool found = tool_input_skill(&document, 0, &text, &name, &resource);
    CHECK_EQ_INT(found, expected_name != NULL);
    if (found && expected_name) {
        CHECK_EQ_TEXT(name, expected_name);
        CHECK_EQ_TEXT(resource, expected_resource);
    }
}

TEST(skill_of_any_path_member)
{
    expect_skill("{\"path\":\".kiro/skills/a/SKILL.md\"}", "a", "");
    expect_skill("{\"file_path\":\"/x/.kiro/skills/a/ref/b.md\"}", "a", "ref/b.md");
    expect_skill("{\"operations\":[{\"path\":\"/x/y\"},{\"mode\":\"Line\",\"path\":\".kiro/skills/b/SKILL.md\"}]}", "b", "");
    expect_skill("{\"paths\":[\"x\",\".kiro/skills/c/SKILL.md\"]}", "c", "");
    expect_skill("{\"operations\":[{\"image_paths\":[\".kiro/skills/d/x.png\"]}]}", "d", "x.png");
}

TEST(no_skill)
{
    expect_skill("{\"path\":\"src/x.c\"}", NULL, NULL);
    expect_skill("{\"path\":7,\"operations\":{\"path\":\".kiro/skills/a/SKILL.md\"}}", NULL, NULL);
    expect_skill("{\"command\":\"create\",\"path\":\".kiro/skills/a/SKILL.md\",\"file_text\":\"x\"}", NULL, NULL);
    expect_skill("{\"path\":\".kiro/skills/a/SKILL.md\",\"oldStr\":\"x\",\"newStr\":\"y\"}", NULL, NULL);
    expect_skill("{\"command\":\"create\",\"path\":\".kiro/skills/a/SKILL.md\"}", NULL, NULL);
    expect_skill("[1]", NULL, NULL);
}

TEST(mcp_names)
{
    struct slice server, tool;
    CHECK(tool_mcp_name(SLICE("@postgres/query"), &server, &tool));
    CHECK_EQ_TEXT(server, "postgres");
    CHECK_EQ_TEXT(tool, "query");
    CHECK(tool_mcp_name(SLICE("mcp__git_hub__list_issues"), &server, &tool));
    CHECK_EQ_TEXT(server, "git_hub");
    CHECK_EQ_TEXT(tool, "list_issues");
    CHECK(tool_mcp_name(SLICE("mcp_fetch_get_url"), &server, &tool));
    CHECK_EQ_TEXT(server, "fetch");
    CHECK_EQ_TEXT(tool, "get_url");
    CHECK(!tool_mcp_name(SLICE("@builtin"), &server, &tool));
    CHECK(!tool_mcp_name(SLICE("@/x"), &server, &tool));
    CHECK(!tool_mcp_name(SLICE("mcp_"), &server, &tool));
    CHECK(!tool_mcp_name(SLICE("shell"), &server, &tool));
}

static const struct check_test tests[] = {CASE(key_does_not_depend_on_the_order_of_members),
                                          CASE(key_leaves_out_null_and_volatile_members),
                                          CASE(key_tells_shapes_apart),
                                          CASE(key_of_nothing),
                                          CASE(skill_of_any_path_member),
                                          CASE(no_skill),
                                          CASE(mcp_names)};
CHECK_MAIN(tests)
