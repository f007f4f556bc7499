#include "agents/json_edit.h"
#include "agents/kiro_hooks.h"
#include "agents/kiro_install.h"
#include "verbs/doctor.h"
#include "verbs/find_program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define INSTALL "spanhook install kiro"

struct check {
    struct findings *findings;
    struct kiro_home home;
    const struct install_record *record;
    char binary[PATH_MAX]; /* "" if unknown */
    enum kiro_form form;
    unsigned files;        /* user files with entries of ours */
    bool hooks_file;       /* the one at its place has some */
    char hooks_path[PATH_MAX];
    char other_program[PATH_MAX]; /* a program that entries run and that is not this one */
};

struct tally {
    struct check *check;
    unsigned of_event[KIRO_EVENTS], elsewhere;
};

static int event_index(enum kiro_form form, struct slice event)
{
    for (int i = 0; i < KIRO_EVENTS; i++) {
        if (slice_equal(event, slice_of(form == KIRO_AGENT_FILE ? kiro_agent_events[i] : kiro_triggers[i])))
            return i;
    }
    return -1;
}

static void tally_entry(void *context, const struct json *document, int entry, struct slice event, struct slice command, bool ours)
{
    struct tally *tally = context;
    struct buffer program;
    (void)document;
    (void)entry;
    if (!ours)
        return;
    const int index = event_index(tally->check->form, event);
    if (index >= 0)
        tally->of_event[index]++;
    else
        tally->elsewhere++;
    char path[PATH_MAX];
    buffer_init_fixed(&program, path, sizeof(path));
    (void)kiro_command_is_ours(command, NULL, &program);
    const char *text = buffer_text(&program);
    if (text && strcmp(text, tally->check->binary) != 0)
        (void)snprintf(tally->check->other_program, sizeof(tally->check->other_program), "%s", text);
}

/* Does the file say exactly what an installation would write now? */
static bool is_current(const struct check *check, struct slice text)
{
    struct kiro_commands commands;
    struct buffer wanted;
    buffer_init(&wanted, JSON_EDIT_TEXT_MAX);
    const bool current = kiro_commands_for(check->binary, check->record->prompt_chars, &commands, NULL) &&
                         kiro_wire(check->form, text, slice_of(check->form == KIRO_AGENT_FILE ? commands.agent : commands.hooks), &wanted,
                                   NULL) &&
                         slice_equal(text, buffer_slice(&wanted));
    buffer_free(&wanted);
    return current;
}

static void check_file(void *context, const char *path, struct slice text)
{
    struct check *check = context;
    struct tally tally = {.check = check};
    struct json document;
    char wrong[256] = "";
    const char *id = check->form == KIRO_AGENT_FILE ? "install.agent_file" : "install.hooks_file";
    if (!json_parse_allocating(&document, text, JSON_EDIT_TOKENS_MAX)) {
        size_t position;
        if (slice_find(text, SLICE("spanhook"), 0, &position))
            findings_add(check->findings, id, FINDING_FAIL, NULL, "%s is not valid JSON, so Kiro ignores it; mend it by hand", path);
        return;
    }
    kiro_each_entry(check->form, &document, tally_entry, &tally);
    json_release(&document);
    unsigned total = tally.elsewhere;
    bool exact = tally.elsewhere == 0;
    size_t used = 0;
    for (unsigned i = 0; i < KIRO_EVENTS; i++) {
        total += tally.of_event[i];
        if (tally.of_event[i] == 1)
            continue;
        exact = false;
        const int length = snprintf(wrong + used, sizeof(wrong) - used, "%s%s has %u", used ? ", " : "",
                                    check->form == KIRO_AGENT_FILE ? kiro_agent_events[i] : kiro_triggers[i], tally.of_event[i]);
        used += length > 0 && (size_t)length < sizeof(wrong) - used ? (size_t)length : 0;
    }
    if (total == 0)
        return;
    check->files++;
    const bool at_its_place = strcmp(path, check->hooks_path) == 0;
    if (check->form == KIRO_HOOKS_FILE && !at_its_place) {
        findings_add(check->findings, "install.duplicates", FINDING_WARN, NULL,
                     "%s runs spanhook too, so that v3 records each event twice; take spanhook's entries out of it", path);
        return;
    }
    check->hooks_file = check->hooks_file || at_its_place;
    if (!exact)
        findings_add(check->findings, id, FINDING_FAIL, INSTALL, "%s should have one entry for each event: %s%s", path, wrong,
                     tally.elsewhere ? (used ? ", and others" : "entries for other events") : "");
    else if (!is_current(check, text) && !check->other_program[0])
        findings_add(check->findings, id, FINDING_WARN, INSTALL, "%s has entries that were changed since the installation", path);
    else
        findings_add(check->findings, id, FINDING_PASS, NULL, "%s has one entry for each of the five events", path);
}

static void check_binary(const struct check *check)
{
    struct findings *findings = check->findings;
    char hash[SHA256_TEXT], where[PATH_MAX];
    const char *other = check->other_program;
    if (other[0] == '\0')
        findings_add(findings, "install.binary", FINDING_PASS, NULL, "the hooks run this program, %s", check->binary);
    else if (other[0] != '/')
        findings_add(findings, "install.binary", FINDING_WARN, INSTALL,
                     "a hook runs \"%s\", found by PATH or working folder instead of an absolute path", other);
    else if (access(other, X_OK) != 0)
        findings_add(findings, "install.binary", FINDING_FAIL, INSTALL, "a hook runs %s, which is not there or cannot be run", other);
    else
        findings_add(findings, "install.binary", FINDING_WARN, INSTALL, "a hook runs %s; this program is %s", other, check->binary);

    if (check->record->exists && check->record->binary_sha256[0]) {
        const bool readable = file_sha256(check->record->binary, hash, NULL);
        if (!readable)
            findings_add(findings, "install.hash", FINDING_FAIL, INSTALL, "%s, which was installed, cannot be read", check->record->binary);
        else if (strcmp(hash, check->record->binary_sha256) != 0)
            findings_add(findings, "install.hash", FINDING_WARN, INSTALL,
                         "%s has changed since the installation; if that was an upgrade, install again",
                         check->record->binary);
        else
            findings_add(findings, "install.hash", FINDING_PASS, NULL, "the program is the one that was installed (SHA-256 %.12s...)",
                         hash);
    } else {
        findings_add(findings, "install.hash", FINDING_WARN, INSTALL, "there is no record of the installation to compare with");
    }
    if (replaceable_by_others(other[0] == '/' ? other : check->binary, where))
        findings_add(findings, "install.folder", FINDING_WARN, "move spanhook to a folder of your own, then: " INSTALL,
                     "others may write %s and so replace what Kiro runs", where);
    else
        findings_add(findings, "install.folder", FINDING_PASS, NULL, "only you and root can replace the program");
}

static bool has_ours(const char *path)
{
    struct buffer text;
    buffer_init(&text, JSON_EDIT_TEXT_MAX + 8192);
    const bool has = read_small_file(path, &text) && kiro_count_ours(KIRO_AGENT_FILE, buffer_slice(&text)) > 0;
    buffer_free(&text);
    return has;
}

/* Which agent a session without --agent runs, and whether it has our hooks. */
static void check_default_agent(const struct check *check, const char *agents)
{
    char settings[PATH_MAX], path[PATH_MAX], markdown[PATH_MAX], name[KIRO_AGENT_NAME_MAX + 1] = "kiro_default";
    struct buffer text;
    struct stat found;
    buffer_init(&text, JSON_EDIT_TEXT_MAX + 8192);
    if (kiro_path(&check->home, "settings", "cli", ".json", settings, NULL) && read_small_file(settings, &text) &&
        !kiro_default_agent(buffer_slice(&text), name))
        (void)snprintf(name, sizeof(name), "kiro_default");
    buffer_free(&text);
    if (kiro_agent_find(agents, name, path) && has_ours(path))
        findings_add(check->findings, "install.default_agent", FINDING_PASS, NULL, "the default agent %s has the hooks", name);
    else if (kiro_path(&check->home, "agents", name, ".md", markdown, NULL) && stat(markdown, &found) == 0)
        findings_add(check->findings, "install.default_agent", FINDING_INFO, "kiro-cli chat --agent " KIRO_OWN_AGENT,
                     "the default agent %s is for v3 only; v1 and v2 are recorded with the agent " KIRO_OWN_AGENT, name);
    else
        findings_add(check->findings, "install.default_agent", FINDING_WARN, INSTALL,
                     "the default agent %s has no hooks of spanhook's: v1 and v2 record only sessions started with another agent", name);
}

struct project {
    struct check *check;
    const char *file;
};

/* V08: what a repository brings along is not ours because it says so. Any mention of the name counts here, not only what we would write. */
static void check_project_entry(void *context, const struct json *document, int entry, struct slice event, struct slice command, bool ours)
{
    struct project *project = context;
    struct check *check = project->check;
    char program[PATH_MAX] = "", shown[160];
    struct buffer path, visible, name;
    size_t position;
    bool named = false;
    (void)event;
    buffer_init(&name, JSON_EDIT_TEXT_MAX);
    if (json_append_string(document, json_get(document, entry, "name"), &name))
        named = slice_find(buffer_slice(&name), SLICE("spanhook"), 0, &position);
    buffer_free(&name);
    if (!ours && !named && !slice_find(command, SLICE("spanhook"), 0, &position))
        return;
    buffer_init_fixed(&path, program, sizeof(program));
    (void)kiro_command_is_ours(command, NULL, &path);
    buffer_init_fixed(&visible, shown, sizeof(shown));
    append_visible(&visible, slice_part(command, 0, 120));
    const char *text = buffer_text(&visible);
    const char *own = buffer_text(&path);
    if (ours && own && strcmp(own, check->binary) == 0)
        findings_add(check->findings, "install.project", FINDING_WARN, NULL,
                     "%s runs this program too, so that each event may be recorded twice here; take the entry out", project->file);
    else
        findings_add(check->findings, "install.project", FINDING_WARN, NULL,
                     "%s, which came with this folder, has a hook that passes for spanhook's and runs something else: %s", project->file,
                         text ? text : "");
}

static void check_project_file(void *context, const char *path, struct slice text)
{
    struct project *project = context;
    struct check *check = project->check;
    struct json document;
    char agents[PATH_MAX], user_path[PATH_MAX], name[KIRO_AGENT_NAME_MAX + 1];
    project->file = path;
    if (!json_parse_allocating(&document, text, JSON_EDIT_TOKENS_MAX))
        return;
    kiro_each_entry(check->form, &document, check_project_entry, project);
    if (check->form == KIRO_AGENT_FILE) {
        /* in its folder a project's agent wins over the user's of the same name */
        struct slice stem = slice_of(strrchr(path, '/') + 1);
        stem = slice_part(stem, 0, stem.length - (sizeof(".json") - 1));
        struct buffer value;
        buffer_init_fixed(&value, name, sizeof(name));
        if (!json_append_string(&document, json_get(&document, 0, "name"), &value)) {
            buffer_clear(&value);
            buffer_append_slice(&value, stem);
        }
        const char *agent = buffer_text(&value);
        if (agent && path_join(agents, check->home.path, "agents") && kiro_agent_find(agents, agent, user_path) && has_ours(user_path) &&
            kiro_count_ours(KIRO_AGENT_FILE, text) == 0)
            findings_add(check->findings, "install.project", FINDING_WARN, NULL,
                         "%s hides your agent %s in this folder and has no hooks of spanhook's: v1 and v2 record nothing here", path,
                             agent);
    }
    json_release(&document);
}

static void check_project(struct check *check)
{
    char folder[PATH_MAX], kiro[PATH_MAX], sub[PATH_MAX];
    struct project project = {.check = check};
    struct stat here, user;
    const unsigned before = check->findings->summary[FINDING_WARN];
    if (!getcwd(folder, sizeof(folder)) || !path_join(kiro, folder, ".kiro"))
        return;
    const bool there = stat(kiro, &here) == 0;
    if (!there || (stat(check->home.path, &user) == 0 && here.st_dev == user.st_dev && here.st_ino == user.st_ino))
        return;
    check->form = KIRO_AGENT_FILE;
    if (path_join(sub, kiro, "agents"))
        each_json_file(sub, check_project_file, &project);
    check->form = KIRO_HOOKS_FILE;
    if (path_join(sub, kiro, "hooks"))
        each_json_file(sub, check_project_file, &project);
    if (check->findings->summary[FINDING_WARN] == before)
        findings_add(check->findings, "install.project", FINDING_PASS, NULL,
                     "the .kiro of the working folder has no hooks that pass for spanhook's");
}

/* v1 and v2 run hooks with bash from PATH. */
static void check_bash(const struct check *check)
{
    char path[PATH_MAX];
    if (find_program(SLICE("bash"), path))
        findings_add(check->findings, "install.bash", FINDING_PASS, NULL, "%s; Kiro v1 and v2 run hooks with it", path);
    else
        findings_add(check->findings, "install.bash", FINDING_WARN, "install bash, for example: apt install bash",
                     "there is no bash in PATH: Kiro v1 and v2 cannot run any hook");
}

void doctor_check_kiro(struct findings *findings)
{
    struct install_record *record = install_record_read();
    struct check *check = calloc(1, sizeof(*check));
    char agents[PATH_MAX], hooks[PATH_MAX];
    struct error error = {"no memory"};
    if (!check || !record || !kiro_home_locate(&check->home, &error) || !own_binary_path(check->binary, &error) ||
        !path_join(agents, check->home.path, "agents") || !path_join(hooks, check->home.path, "hooks") ||
        !kiro_path(&check->home, "hooks", "spanhook", ".json", check->hooks_path, &error)) {
        findings_add(findings, "install", FINDING_FAIL, NULL, "%s", error.text);
        goto out;
    }
    check->findings = findings;
    if (record->exists && strcmp(record->home, check->home.path) != 0)
        record->exists = false; /* it tells of another Kiro folder */
    check->record = record;
    if (check->home.from_environment)
        findings_add(findings, "install.home", FINDING_INFO, NULL, "KIRO_HOME puts Kiro's configuration into %s", check->home.path);
    check->form = KIRO_AGENT_FILE;
    each_json_file(agents, check_file, check);
    const unsigned agent_files = check->files;
    check->form = KIRO_HOOKS_FILE;
    each_json_file(hooks, check_file, check);
    if (check->files == 0) {
        findings_add(findings, "install", FINDING_WARN, INSTALL, "spanhook is not installed in %s", kiro_home_label(&check->home));
    } else {
        if (agent_files == 0)
            findings_add(findings, "install.agent_file", FINDING_FAIL, INSTALL,
                         "no agent in %s has spanhook's hooks: v1 and v2 are not recorded", agents);
        if (!check->hooks_file)
            findings_add(findings, "install.hooks_file", FINDING_FAIL, INSTALL,
                         "%s is not there or has no hooks of spanhook's: v3 and the IDE are not recorded",
                         check->hooks_path);
        check_binary(check);
        check_default_agent(check, agents);
    }
    check_project(check);
    check_bash(check);
out:
    free(check);
    free(record);
}
