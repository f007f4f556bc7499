#include "agents/json_edit.h"
#include "agents/kiro_mcp.h"
#include "agents/own_binary.h"
#include "verbs/doctor.h"
#include "verbs/find_program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UPDATE "spanhook install kiro"
#define WRAP "spanhook install kiro --mcp"
#define NAME_SHOWN 100
#define PASSING_MAX 8 /* findings of one file of a project, which may be made to drown the others */

/* Names of servers, as many as fit. */
struct names {
    char text[400];
    size_t used, count, left_out;
};

struct check {
    struct findings *findings;
    struct kiro_home home;
    struct kiro_wrapper wrapper;
    size_t wrapped;             /* in all of the user's files */
    struct buffer user_servers; /* the text of the user's settings/mcp.json */
};

/* What a file of the user's has, by what is to be said of it. */
struct tally {
    const struct check *check;
    struct names wrapped, plain, http, odd;
    struct names missing, other, state, command;
    char program[PATH_MAX]; /* the last one of `missing` */
};

/* A name, and in brackets what is the matter. */
static void add_name(struct names *names, struct slice name, struct slice detail)
{
    char storage[NAME_SHOWN * 2 + 32];
    struct buffer shown;
    buffer_init_fixed(&shown, storage, sizeof(storage));
    append_visible(&shown, slice_part(name, 0, NAME_SHOWN));
    if (detail.length) {
        buffer_append_text(&shown, " (");
        append_visible(&shown, slice_part(detail, 0, NAME_SHOWN));
        buffer_append_byte(&shown, ')');
    }
    names->count++;
    const char *comma = names->used ? ", " : "";
    if (names->left_out || shown.length + 2 + 24 > sizeof(names->text) - names->used) {
        names->left_out++; /* 24: room for what says so */
        return;
    }
    const int length =
        snprintf(names->text + names->used, sizeof(names->text) - names->used, "%s%.*s", comma, (int)shown.length, shown.data);
    names->used += length > 0 ? (size_t)length : 0;
}

static const char *shown_names(struct names *names)
{
    if (names->left_out)
        (void)snprintf(names->text + names->used, sizeof(names->text) - names->used, " and %zu more", names->left_out);
    return names->text;
}

static void copy_text(struct slice text, char out[static PATH_MAX])
{
    (void)snprintf(out, PATH_MAX, "%.*s", (int)(text.length < PATH_MAX ? text.length : PATH_MAX - 1), text.length ? text.data : "");
}

static bool can_run(struct slice path)
{
    char text[PATH_MAX];
    struct stat found;
    copy_text(path, text);
    return text[0] && stat(text, &found) == 0 && S_ISREG(found.st_mode) && access(text, X_OK) == 0;
}

/* Can the server start this program? True also where that cannot be known from here: a path that depends on the working folder, a PATH of
 * the server's own, a server that is switched off. */
static bool program_is_there(const struct mcp_server *server, struct slice program)
{
    char path[PATH_MAX];
    size_t position;
    if (json_type(server->document, json_get(server->document, server->entry, "disabled")) == JSON_TRUE)
        return true;
    if (program.length && program.data[0] == '/')
        return can_run(program);
    if (slice_find(program, SLICE("/"), 0, &position) || json_find(server->document, server->entry, "env.PATH") != JSON_NONE)
        return true;
    return find_program(program, path);
}

static void tally_wrapped(struct tally *tally, const struct mcp_server *server)
{
    const struct kiro_wrapper *wrapper = &tally->check->wrapper;
    bool right = true;
    if (!program_is_there(server, server->command)) {
        add_name(&tally->missing, server->name, slice_of(NULL));
        copy_text(server->command, tally->program);
        return;
    }
    if (!slice_equal(server->command, slice_of(wrapper->binary))) {
        add_name(&tally->other, server->name, server->command);
        right = false;
    }
    if (!slice_equal(server->state, slice_of(wrapper->state))) {
        add_name(&tally->state, server->name, server->state);
        right = false;
    }
    if (!program_is_there(server, server->behind)) {
        add_name(&tally->command, server->name, server->behind);
        right = false;
    }
    if (right)
        add_name(&tally->wrapped, server->name, slice_of(NULL));
}

static void tally_server(void *context, const struct mcp_server *server)
{
    struct tally *tally = context;
    switch (server->kind) {
    case MCP_PLAIN:
        add_name(&tally->plain, server->name, slice_of(NULL));
        break;
    case MCP_WRAPPED:
        tally_wrapped(tally, server);
        break;
    case MCP_HTTP:
        add_name(&tally->http, server->name, slice_of(NULL));
        break;
    case MCP_ODD:
        add_name(&tally->odd, server->name, slice_of(server->why));
        break;
    case MCP_OURS:
        break;
    }
}

static void report(const char *path, struct tally *tally)
{
    struct findings *findings = tally->check->findings;
    const struct kiro_wrapper *wrapper = &tally->check->wrapper;
    if (tally->missing.count)
        findings_add(findings, "install.mcp", FINDING_FAIL, UPDATE,
                     "%s: Kiro cannot start these MCP servers, because %.200s is not there or cannot be run: %s", path, tally->program,
                     shown_names(&tally->missing));
    if (tally->other.count)
        findings_add(findings, "install.mcp", FINDING_WARN, UPDATE, "%s: these MCP servers run behind another program than this one: %s",
                     path, shown_names(&tally->other));
    if (tally->state.count)
        findings_add(findings, "install.mcp", FINDING_WARN, UPDATE,
                     "%s: what these MCP servers do is not recorded in this state folder, which would be --state %.100s: %s", path,
                     wrapper->state[0] ? wrapper->state : "left out", shown_names(&tally->state));
    if (tally->command.count)
        findings_add(findings, "install.mcp", FINDING_WARN, NULL,
                     "%s: the programs of these MCP servers are not there, or not in PATH: %s", path, shown_names(&tally->command));
    if (tally->wrapped.count)
        findings_add(findings, "install.mcp", FINDING_PASS, NULL, "%s: MCP servers that run behind spanhook: %s", path,
                     shown_names(&tally->wrapped));
    if (tally->plain.count)
        findings_add(findings, "install.mcp", tally->check->wrapped ? FINDING_WARN : FINDING_INFO, WRAP,
                     "%s: MCP servers that are not wrapped, so that their calls are not seen from within: %s", path,
                     shown_names(&tally->plain));
    if (tally->http.count)
        findings_add(findings, "install.mcp", FINDING_INFO, NULL,
                     "%s: MCP servers that are reached over HTTP and cannot be wrapped: %s", path, shown_names(&tally->http));
    if (tally->odd.count)
        findings_add(findings, "install.mcp", FINDING_INFO, NULL, "%s: MCP servers that spanhook leaves alone: %s", path,
                     shown_names(&tally->odd));
}

static void check_file(void *context, const char *path, struct slice text)
{
    const struct check *check = context;
    struct error why;
    size_t position;
    struct tally *tally = calloc(1, sizeof(*tally));
    if (!tally)
        return;
    tally->check = check;
    if (mcp_each_server(text, &kiro_mcp_place, tally_server, tally, &why))
        report(path, tally);
    else if (slice_find(text, SLICE("mcpServers"), 0, &position))
        findings_add(check->findings, "install.mcp", FINDING_WARN, NULL, "%s: %s; its MCP servers cannot be looked at", path, why.text);
    free(tally);
}

static void count_file(void *context, const char *path, struct slice text)
{
    struct check *check = context;
    (void)path;
    check->wrapped += mcp_count(text, &kiro_mcp_place, MCP_WRAPPED);
}

/* ---- the project of the working folder ------------------------------------------------------------------------------------------- */

struct project {
    struct check *check;
    const char *file;
    bool is_settings;
    size_t passing;
    struct names shadowing;
};

static bool mentions(struct slice text)
{
    size_t position;
    return slice_find(text, SLICE("spanhook"), 0, &position);
}

/* Is one of the arguments a spanhook that is run, as in `env spanhook mcp` or `sh -c "spanhook mcp …"`? A mere path that has the word
 * in it, such as a folder to serve, is not. */
static bool runs_in_arguments(const struct mcp_server *server)
{
    const struct json *document = server->document;
    const int args = json_get(document, server->entry, "args");
    struct buffer text;
    bool found = false;
    size_t position;
    buffer_init(&text, JSON_EDIT_TEXT_MAX);
    for (int item = json_type(document, args) == JSON_ARRAY ? json_first(document, args) : JSON_NONE; item != JSON_NONE && !found;
         item = json_next(document, item)) {
        buffer_clear(&text);
        if (!json_append_string(document, item, &text))
            continue;
        const bool is_program = slice_equal(slice_base_name(buffer_slice(&text)), SLICE("spanhook"));
        found = (is_program && json_string_equals(document, json_next(document, item), "mcp")) ||
                slice_find(buffer_slice(&text), SLICE("spanhook mcp"), 0, &position);
    }
    buffer_free(&text);
    return found;
}

static bool runs_this_program(const struct check *check, struct slice command)
{
    char path[PATH_MAX], real[PATH_MAX];
    size_t position;
    if (slice_find(command, SLICE("/"), 0, &position))
        copy_text(command, path);
    else if (!find_program(command, path))
        return false;
    return realpath(path, real) && strcmp(real, check->wrapper.binary) == 0;
}

struct looking {
    struct slice name;
    bool found;
};

static void compare_name(void *context, const struct mcp_server *server)
{
    struct looking *looking = context;
    looking->found = looking->found || slice_equal(server->name, looking->name);
}

/* V08: what a repository brings along is not ours because it says so. */
static void check_project_server(void *context, const struct mcp_server *server)
{
    struct project *project = context;
    struct check *check = project->check;
    struct looking looking = {.name = server->name};
    const bool ours = runs_this_program(check, server->command);
    const bool named = mentions(server->name) || mentions(slice_base_name(server->command)) || runs_in_arguments(server);
    if (named && !ours && project->passing++ < PASSING_MAX) {
        struct names shown = {.used = 0};
        add_name(&shown, server->name, server->command);
        findings_add(check->findings, "install.mcp_project", FINDING_WARN, NULL,
                     "%s, which came with this folder, has an MCP server that passes for spanhook's and runs something else: %s",
                     project->file, shown_names(&shown));
    }
    if (!project->is_settings || (ours && server->kind == MCP_WRAPPED))
        return;
    (void)mcp_each_server(buffer_slice(&check->user_servers), &kiro_mcp_place, compare_name, &looking, NULL);
    if (looking.found)
        add_name(&project->shadowing, server->name, slice_of(NULL));
}

static void check_project_file(void *context, const char *path, struct slice text)
{
    struct project *project = context;
    struct findings *findings = project->check->findings;
    project->file = path;
    project->passing = 0;
    (void)mcp_each_server(text, &kiro_mcp_place, check_project_server, project, NULL);
    if (project->passing > PASSING_MAX)
        findings_add(findings, "install.mcp_project", FINDING_WARN, NULL, "%s has %zu more of these", path, project->passing - PASSING_MAX);
    if (project->shadowing.count)
        findings_add(findings, "install.mcp_project", FINDING_INFO, NULL,
                     "%s names MCP servers that your own configuration has too; here these win, and they are not wrapped: %s", path,
                     shown_names(&project->shadowing));
    project->shadowing = (struct names){.used = 0};
}

/* Reads a file and hands it over, if it can be read. */
static void with_file(const char *folder, const char *name, json_file_visitor *visitor, void *context)
{
    char path[PATH_MAX];
    struct buffer text;
    const int length = snprintf(path, sizeof(path), "%s/%s", folder, name);
    buffer_init(&text, JSON_EDIT_TEXT_MAX + 8192);
    if (length > 0 && length < (int)sizeof(path) && read_small_file(path, &text))
        visitor(context, path, buffer_slice(&text));
    buffer_free(&text);
}

static void check_project(struct check *check)
{
    char folder[PATH_MAX], kiro[PATH_MAX], agents[PATH_MAX];
    struct project project = {.check = check};
    struct stat here, user;
    if (!getcwd(folder, sizeof(folder)) || snprintf(kiro, sizeof(kiro), "%s/.kiro", folder) >= (int)sizeof(kiro) ||
        snprintf(agents, sizeof(agents), "%s/.kiro/agents", folder) >= (int)sizeof(agents) || stat(kiro, &here) != 0)
        return;
    if (stat(check->home.path, &user) == 0 && here.st_dev == user.st_dev && here.st_ino == user.st_ino)
        return;
    each_json_file(agents, check_project_file, &project);
    project.is_settings = true;
    with_file(kiro, "settings/mcp.json", check_project_file, &project);
}

static void keep_user_servers(void *context, const char *path, struct slice text)
{
    struct check *check = context;
    (void)path;
    buffer_append_slice(&check->user_servers, text);
}

void doctor_check_mcp(struct findings *findings)
{
    struct check *check = calloc(1, sizeof(*check));
    char binary[PATH_MAX], agents[PATH_MAX];
    struct error why;
    /* what is wrong with the first of these has been said by the checks before */
    if (!check || !kiro_home_locate(&check->home, NULL) || !own_binary_path(binary, NULL)) {
        free(check);
        return;
    }
    if (!kiro_wrapper_for(binary, &check->wrapper, &why)) {
        findings_add(findings, "install.mcp", FINDING_WARN, NULL, "MCP servers were not looked at: %s", why.text);
        free(check);
        return;
    }
    if (snprintf(agents, sizeof(agents), "%s/agents", check->home.path) >= (int)sizeof(agents)) {
        free(check);
        return;
    }
    check->findings = findings;
    buffer_init(&check->user_servers, JSON_EDIT_TEXT_MAX + 8192);
    with_file(check->home.path, "settings/mcp.json", keep_user_servers, check);
    with_file(check->home.path, "settings/mcp.json", count_file, check);
    each_json_file(agents, count_file, check);
    with_file(check->home.path, "settings/mcp.json", check_file, check);
    each_json_file(agents, check_file, check);
    check_project(check);
    buffer_free(&check->user_servers);
    free(check);
}
