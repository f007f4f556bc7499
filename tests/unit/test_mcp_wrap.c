#include "agents/mcp_wrap.h"

#include "base/json_scan.h"
#include "check.h"

#define CONFIG(entry) "{\"mcpServers\": {\"s\": " entry "}}"
#define RUNS(command, arguments) CONFIG("{\"command\":\"" command "\",\"args\":[\"mcp\"," arguments "]}")
#define FRONT "\"mcp\", \"--name\", \"s\", "

static const struct json_step path[] = {{.name = "mcpServers"}};
static const struct mcp_place place = {path, 1};
static const struct mcp_wrapper plain = {{"/opt/spanhook", 13}, {NULL, 0}};
static const struct mcp_wrapper stated = {{"/opt/spanhook", 13}, {"/st", 3}};

static char storage[8192];

static struct slice result(bool done, struct buffer *out, const struct error *error)
{
    if (!done) {
        buffer_clear(out);
        buffer_append_format(out, "refused: %s", error->text);
    }
    return buffer_slice(out);
}

static struct slice wrapped(const char *text, const struct mcp_wrapper *wrapper, bool all)
{
    struct buffer out;
    struct error error;
    buffer_init_fixed(&out, storage, sizeof(storage));
    return result(mcp_wrap(slice_of(text), &place, wrapper, all, &out, &error), &out, &error);
}

static struct slice unwrapped(const char *text, const char *before)
{
    struct buffer out;
    struct error error;
    buffer_init_fixed(&out, storage, sizeof(storage));
    return result(mcp_unwrap(slice_of(text), &place, slice_of(before), &out, &error), &out, &error);
}

static void keep(struct slice text, char kept[static 8192])
{
    CHECK(text.length < 8192);
    memcpy(kept, text.data, text.length);
    kept[text.length] = '\0';
}

TEST(a_command_moves_behind_the_wrapper)
{
    CHECK_EQ_TEXT(wrapped(CONFIG("{\"command\": \"npx\", \"args\": [\"-y\", \"x\"], \"env\": {\"A\": \"b\"}}"), &plain, true),
                  CONFIG("{\"command\": \"/opt/spanhook\", \"args\": [" FRONT "\"--\", \"npx\", \"-y\", \"x\"], \"env\": {\"A\": \"b\"}}"));
    CHECK_EQ_TEXT(wrapped(CONFIG("{\"args\":[\"-y\"],\"command\":\"npx\"}"), &stated, true),
                  CONFIG("{\"args\":[" FRONT "\"--state\", \"/st\", \"--\", \"npx\", \"-y\"],\"command\":\"/opt/spanhook\"}"));
}

TEST(arguments_that_are_missing_are_made)
{
    CHECK_EQ_TEXT(wrapped(CONFIG("{\"command\": \"npx\"}"), &plain, true),
                  CONFIG("{\"command\": \"/opt/spanhook\", \"args\": [" FRONT "\"--\", \"npx\"]}"));
    CHECK_EQ_TEXT(wrapped(CONFIG("{\"command\": \"npx\", \"args\": [ ]}"), &plain, true),
                  CONFIG("{\"command\": \"/opt/spanhook\", \"args\": [" FRONT "\"--\", \"npx\" ]}"));
}

TEST(lines_are_followed)
{
    static const char before[] = "{\n\t\"mcpServers\": {\n\t\t\"s\": {\n\t\t\t\"command\": \"npx\",\n\t\t\t\"args\": [\n"
                                 "\t\t\t\t\"-y\"\n\t\t\t]\n\t\t}\n\t}\n}\n";
    static const char after[] = "{\n\t\"mcpServers\": {\n\t\t\"s\": {\n\t\t\t\"command\": \"/opt/spanhook\",\n\t\t\t\"args\": [\n"
                                "\t\t\t\t\"mcp\",\n\t\t\t\t\"--name\",\n\t\t\t\t\"s\",\n\t\t\t\t\"--\",\n\t\t\t\t\"npx\",\n"
                                "\t\t\t\t\"-y\"\n\t\t\t]\n\t\t}\n\t}\n}\n";
    CHECK_EQ_TEXT(wrapped(before, &plain, true), after);
}

TEST(taking_out_gives_the_same_bytes)
{
    static const char *const entries[] = {
        "{\"command\":\"npx\",\"args\":[\"-y\",\"x\"]}",
        "{ \"args\" : [ \"a\" ,\"b\",\r\n \"c\" ] ,\t\"command\" : \"n\\u0070x\" }",
        "{\n  \"command\": \"x\",\n  \"args\": [\n    \"a\"\n  ]\n}",
        "{\"command\": \"x\", \"args\": []}",
        "{\"command\": \"x\", \"args\": [\n\n]}",
        "{\"command\": \"x\"}",
        "{\n    \"command\": \"x\"\n}",
        "{\"command\": \"x y\\\"\\\\\", \"args\": [\"--\", \"mcp\", \"--\"], \"disabled\": true}",
        "{\"command\": \"/bin/\xc3\xa4\", \"args\": [\"\xf0\x9f\x98\x80\"]}",
    };
    static const char *const around[] = {"{\"mcpServers\":{\"s\":%s}}",
                                         "{\n  \"mcpServers\": {\n    \"other\": 1,\n    \"s\": %s\n  }, \"x\": 1\n}\n",
                                         "{\"mcpServers\": {\"\\u0073 \\\"t\\\"\": %s, \"u\": {\"url\": \"http://x\"}}}"};
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        for (size_t k = 0; k < sizeof(around) / sizeof(around[0]); k++) {
            char before[8192], once[8192], twice[8192];
            const char *hole = strstr(around[k], "%s");
            (void)snprintf(before, sizeof(before), "%.*s%s%s", (int)(hole - around[k]), around[k], entries[i], hole + 2);
            keep(wrapped(before, &plain, true), once);
            CHECK(json_valid(slice_of(once)));
            CHECK_EQ_INT(mcp_count(slice_of(once), &place, MCP_WRAPPED), 1);
            CHECK_EQ_TEXT(wrapped(once, &plain, true), once);
            CHECK_EQ_TEXT(unwrapped(once, before), before);
            keep(wrapped(once, &stated, false), twice);
            CHECK_EQ_TEXT(wrapped(twice, &stated, true), twice);
            CHECK_EQ_TEXT(wrapped(twice, &plain, false), once);
            CHECK_EQ_TEXT(unwrapped(twice, before), before);
        }
    }
}

TEST(arguments_that_become_empty_stay_where_nothing_is_known)
{
    static const char once[] = RUNS("/opt/spanhook", "\"--name\",\"s\",\"--\",\"x\"");
    CHECK_EQ_TEXT(unwrapped(once, ""), CONFIG("{\"command\":\"x\",\"args\":[]}"));
    CHECK_EQ_TEXT(unwrapped(once, "{\"mcpServers\": {}}"), CONFIG("{\"command\":\"x\",\"args\":[]}"));
    CHECK_EQ_TEXT(unwrapped(once, CONFIG("{\"command\":\"y\",\"args\":[]}")), CONFIG("{\"command\":\"x\",\"args\":[]}"));
    CHECK_EQ_TEXT(unwrapped(once, CONFIG("{\"command\":\"y\"}")), CONFIG("{\"command\":\"x\"}"));
}

TEST(a_wrapped_server_is_brought_up_to_date)
{
    CHECK_EQ_TEXT(wrapped(RUNS("/old/spanhook", "\"--no-inject\",\"--name\",\"mine\",\"--session\",\"--\",\"--\",\"x\""),
                          &plain, false),
                  RUNS("/opt/spanhook", "\"--no-inject\",\"--name\",\"mine\",\"--session\",\"--\",\"--\",\"x\""));
    CHECK_EQ_TEXT(wrapped(RUNS("spanhook", "\"--name\",\"mine\",\"--no-inject\",\"--\",\"x\""), &stated, false),
                  RUNS("/opt/spanhook", "\"--name\",\"mine\",\"--state\",\"/st\",\"--no-inject\",\"--\",\"x\""));
    CHECK_EQ_TEXT(wrapped(RUNS("spanhook", "\"--\",\"x\""), &stated, false),
                  RUNS("/opt/spanhook", "\"--state\",\"/st\",\"--\",\"x\""));
    CHECK_EQ_TEXT(wrapped(RUNS("/opt/spanhook", "\"--state=/old\",\"--\",\"x\""), &stated, false),
                  RUNS("/opt/spanhook", "\"--state=/st\",\"--\",\"x\""));
    CHECK_EQ_TEXT(wrapped(RUNS("/opt/spanhook", "\"--state\",\"/a\",\"--state=/b\",\"--\",\"x\""), &stated, false),
                  RUNS("/opt/spanhook", "\"--state\",\"/st\",\"--\",\"x\""));
    CHECK_EQ_TEXT(wrapped(RUNS("/opt/spanhook", "\"--state\",\"/a\",\"--state=/b\",\"--\",\"x\""), &plain, false),
                  RUNS("/opt/spanhook", "\"--\",\"x\""));
}

TEST(plain_servers_are_wrapped_only_when_asked)
{
    static const char text[] = CONFIG("{\"command\":\"npx\"}");
    CHECK_EQ_TEXT(wrapped(text, &plain, false), text);
}

TEST(two_wrappings_come_off_together)
{
    CHECK_EQ_TEXT(unwrapped(RUNS("/a/spanhook", "\"--\",\"/b/spanhook\",\"mcp\",\"--name\",\"--\",\"--\",\"x\",\"y\""), ""),
                  CONFIG("{\"command\":\"x\",\"args\":[\"y\"]}"));
}

struct seen {
    enum mcp_kind kind;
    const char *why;
};

static void see(void *context, const struct mcp_server *server)
{
    struct seen *seen = context;
    seen->kind = server->kind;
    seen->why = server->why;
}

TEST(kinds_are_told_apart)
{
    static const struct {
        const char *entry;
        enum mcp_kind kind;
    } cases[] = {
        {"{\"command\":\"npx\"}", MCP_PLAIN},
        {"{\"command\":\"notspanhook\",\"args\":[\"mcp\",\"--\",\"x\"]}", MCP_PLAIN},
        {"{\"type\":\"stdio\",\"command\":\"npx\",\"url\":\"\"}", MCP_PLAIN},
        {"{\"command\":\"/a/spanhook\",\"args\":[\"mcp\",\"--\",\"x\"]}", MCP_WRAPPED},
        {"{\"command\":\"spanhook\",\"args\":[\"mcp\",\"--name\",\"a\",\"--\",\"x\"]}", MCP_WRAPPED},
        {"{\"command\":\"spanhook\",\"args\":[\"mcp\",\"--\"]}", MCP_OURS},
        {"{\"command\":\"spanhook\",\"args\":[\"mcp\",\"--name\",\"--\",\"x\"]}", MCP_OURS},
        {"{\"command\":\"spanhook\",\"args\":[\"mcp\",\"--state\"]}", MCP_OURS},
        {"{\"command\":\"spanhook\",\"args\":[\"hook\",\"--\",\"x\"]}", MCP_OURS},
        {"{\"command\":\"spanhook\",\"args\":[]}", MCP_OURS},
        {"{\"command\":\"spanhook\"}", MCP_OURS},
        {"{\"type\":\"http\",\"url\":\"https://x\"}", MCP_HTTP},
        {"{\"url\":\"https://x\",\"command\":\"npx\"}", MCP_HTTP},
        {"{\"type\":\"http\"}", MCP_HTTP},
        {"{}", MCP_ODD},
        {"null", MCP_ODD},
        {"[]", MCP_ODD},
        {"{\"command\":\"\"}", MCP_ODD},
        {"{\"command\":[\"npx\"]}", MCP_ODD},
        {"{\"command\":\"npx\",\"args\":\"-y\"}", MCP_ODD},
        {"{\"command\":\"npx\",\"args\":[1]}", MCP_ODD},
        {"{\"command\":\"npx\",\"args\":null}", MCP_ODD},
        {"{\"command\":\"npx\",\"comman\\u0064\":\"x\"}", MCP_ODD},
        {"{\"command\":\"npx\",\"args\":[],\"args\":[]}", MCP_ODD},
        {"{\"command\":\"a\\u0000b\"}", MCP_ODD},
        {"{\"command\":\"~/bin/x\"}", MCP_ODD},
        {"{\"command\":\"${HOME}/x\"}", MCP_ODD},
        {"{\"command\":\"x\"}, \"s\": {\"command\":\"y\"}", MCP_ODD},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[1024];
        struct seen seen = {MCP_PLAIN, NULL};
        (void)snprintf(text, sizeof(text), "{\"mcpServers\":{\"s\":%s}}", cases[i].entry);
        CHECK(mcp_each_server(slice_of(text), &place, see, &seen, NULL));
        if (seen.kind != cases[i].kind)
            printf("%s\n", text);
        CHECK_EQ_INT(seen.kind, cases[i].kind);
        CHECK((seen.why != NULL) == (seen.kind == MCP_ODD));
        if (seen.kind != MCP_PLAIN && seen.kind != MCP_WRAPPED)
            CHECK_EQ_TEXT(wrapped(text, &plain, true), text);
        if (seen.kind != MCP_WRAPPED)
            CHECK_EQ_TEXT(unwrapped(text, ""), text);
    }
}

TEST(other_shapes_are_refused)
{
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "refused: not valid JSON"},
        {"{\"mcpServers\":{},}", "refused: not valid JSON"},
        {"[]", "refused: not an object"},
        {"{\"mcpServers\":[]}", "refused: \"mcpServers\" is not an object"},
        {"{\"mcpServers\":null}", "refused: \"mcpServers\" is not an object"},
        {"{\"mcpServers\":{},\"mcpServer\\u0073\":{}}", "refused: the name \"mcpServers\" stands more than once"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK_EQ_TEXT(wrapped(cases[i].text, &plain, true), cases[i].why);
        CHECK_EQ_TEXT(unwrapped(cases[i].text, ""), cases[i].why);
        CHECK_EQ_INT(mcp_count(slice_of(cases[i].text), &place, MCP_PLAIN), 0);
    }
    CHECK_EQ_TEXT(wrapped("{\"a\": 1}", &plain, true), "{\"a\": 1}");
}

TEST(the_place_is_a_parameter)
{
    static const struct json_step deep[] = {{.name = "projects"}, {.name = "/a"}, {.name = "servers"}};
    static const struct mcp_place there = {deep, 3};
    static const char text[] = "{\"projects\": {\"/a\": {\"servers\": {\"s\": {\"command\": \"x\", \"args\": []}}}}, \"mcpServers\": {}}";
    struct buffer out, back;
    char kept[8192];
    buffer_init_fixed(&out, storage, sizeof(storage));
    buffer_init_fixed(&back, kept, sizeof(kept));
    CHECK(mcp_wrap(slice_of(text), &there, &plain, true, &out, NULL));
    CHECK_EQ_INT(mcp_count(buffer_slice(&out), &there, MCP_WRAPPED), 1);
    CHECK(mcp_unwrap(buffer_slice(&out), &there, slice_of(NULL), &back, NULL));
    CHECK_EQ_TEXT(buffer_slice(&back), text);
}

static const struct check_test tests[] = {
    CASE(a_command_moves_behind_the_wrapper),
    CASE(arguments_that_are_missing_are_made),
    CASE(lines_are_followed),
    CASE(taking_out_gives_the_same_bytes),
    CASE(arguments_that_become_empty_stay_where_nothing_is_known),
    CASE(a_wrapped_server_is_brought_up_to_date),
    CASE(plain_servers_are_wrapped_only_when_asked),
    CASE(two_wrappings_come_off_together),
    CASE(kinds_are_told_apart),
    CASE(other_shapes_are_refused),
    CASE(the_place_is_a_parameter),
};
CHECK_MAIN(tests)
