#include "agents/kiro_install.h"

#include "agents/json_edit.h"
#include "agents/kiro_hooks.h"
#include "agents/kiro_mcp.h"
#include "agents/shell_word.h"
#include "base/json_scan.h"
#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_AGENT "chat.defaultAgent"

struct work {
    struct kiro_plan *plan;
    struct kiro_commands commands;
    struct kiro_wrapper wrapper;
    bool wrap_all;   /* plain servers too */
    bool no_wrapper; /* what should stand there cannot be written: all servers stay as they are */
    size_t servers;  /* seen so far */
    struct error *error;
    bool good;
};

static bool write_command(char *out, size_t size, enum kiro_form form, const char *binary, long prompt_chars)
{
    struct buffer text;
    buffer_init_fixed(&text, out, size);
    kiro_command(&text, form, binary, prompt_chars);
    return buffer_text(&text) != NULL;
}

bool kiro_commands_for(const char *binary, long prompt_chars, struct kiro_commands *commands, struct error *error)
{
    const struct slice path = slice_of(binary);
    for (size_t i = 0, step; i < path.length; i += step) {
        step = utf8_decode(slice_part(path, i, path.length), NULL);
        if (step == 0 || (unsigned char)path.data[i] < 0x20 || path.data[i] == 0x7f)
            return error_set(error, "the binary's path has control characters or is not UTF-8, which a hook command cannot hold; move it");
    }
    if (!slice_ends_with(path, SLICE("/spanhook")))
        return error_set(error, "the binary must be called spanhook so that its hooks can be found again, it is %s", binary);
    return (write_command(commands->agent, sizeof(commands->agent), KIRO_AGENT_FILE, binary, prompt_chars) &&
            write_command(commands->hooks, sizeof(commands->hooks), KIRO_HOOKS_FILE, binary, prompt_chars)) ||
           error_set(error, "the binary's path is too long");
}

/* Says in the record what becomes of a file. */
static bool remember(struct work *work, struct kiro_change *change, bool had_ours)
{
    struct install_record *after = work->plan->after;
    const struct install_file *old = install_record_find(work->plan->before, change->file.path);
    char now[SHA256_TEXT];
    if (after->file_count == INSTALL_FILES_MAX)
        return error_set(work->error, "more than %d files hold spanhook's hooks or MCP servers", INSTALL_FILES_MAX);
    struct install_file *file = &after->files[after->file_count++];
    if (change->action == KIRO_KEEP && old) {
        *file = *old;
        return true;
    }
    text_sha256(buffer_slice(&change->file.text), now);
    if (old && change->file.exists && had_ours) {
        *file = *old;
        file->pristine = old->pristine && strcmp(old->after, now) == 0;
    } else {
        *file = (struct install_file){.created = !change->file.exists, .pristine = !had_ours};
        (void)snprintf(file->path, sizeof(file->path), "%s", change->file.path);
        if (change->action == KIRO_EDIT && !had_ours) {
            memcpy(file->before, now, sizeof(file->before));
            change->write_backup = true;
        }
    }
    text_sha256(change->action == KIRO_KEEP ? buffer_slice(&change->file.text) : buffer_slice(&change->text), file->after);
    return true;
}

/* What a file with this text (NULL: that is not there) is to hold of hooks. A file that we made and nobody changed follows this
 * version's template. */
static bool wanted_hooks(const struct work *work, enum kiro_form form, const char *path, const struct slice *found, struct buffer *out,
                        struct error *error)
{
    const struct kiro_plan *plan = work->plan;
    const struct slice command = slice_of(form == KIRO_AGENT_FILE ? work->commands.agent : work->commands.hooks);
    const struct install_file *old = install_record_find(plan->before, path);
    bool whole = !found;
    if (found && old && old->created && old->pristine) {
        char now[SHA256_TEXT];
        text_sha256(*found, now);
        whole = strcmp(old->after, now) == 0;
    }
    if (form == KIRO_SERVERS_FILE)
        buffer_append_slice(out, found ? *found : slice_of(NULL));
    else if (whole && form == KIRO_AGENT_FILE)
        kiro_agent_template(out, command, kiro_home_label(&plan->home));
    else if (whole)
        kiro_hooks_template(out, command);
    else
        return kiro_wire(form, *found, command, out, error);
    return !out->failed || error_set(error, "no memory");
}

/* What it is to hold, servers included. */
static bool wanted_text(const struct work *work, enum kiro_form form, const char *path, const struct slice *found, struct buffer *out,
                        struct error *error)
{
    struct buffer hooks;
    buffer_clear(out);
    if (form == KIRO_HOOKS_FILE || work->no_wrapper)
        return wanted_hooks(work, form, path, found, out, error);
    buffer_init(&hooks, JSON_EDIT_TEXT_MAX);
    const bool done = wanted_hooks(work, form, path, found, &hooks, error) &&
                      kiro_wrap_servers(buffer_slice(&hooks), &work->wrapper, work->wrap_all, out, error);
    buffer_free(&hooks);
    return done;
}

static size_t count_wrapped(enum kiro_form form, struct slice text)
{
    return form == KIRO_HOOKS_FILE ? 0 : mcp_count(text, &kiro_mcp_place, MCP_WRAPPED);
}

/* Says what is done to a file that holds `change->text` afterwards. */
static void describe(struct kiro_change *change, enum kiro_form form, const char *note, bool had_hooks)
{
    const size_t before = count_wrapped(form, buffer_slice(&change->file.text)), after = count_wrapped(form, buffer_slice(&change->text));
    const char *hooks = "", *servers = "";
    char wrapped[64];
    if (form != KIRO_SERVERS_FILE && had_hooks)
        hooks = "; spanhook's entries brought up to date";
    else if (form != KIRO_SERVERS_FILE && change->action == KIRO_EDIT)
        hooks = "; one entry for each of the five events, the rest as it was";
    if (after > before) {
        (void)snprintf(wrapped, sizeof(wrapped), "; %zu MCP server%s wrapped", after - before, after - before == 1 ? "" : "s");
        servers = wrapped;
    } else if (form == KIRO_SERVERS_FILE && change->action == KIRO_EDIT) {
        servers = "; wrapping brought up to date";
    }
    (void)snprintf(change->note, sizeof(change->note), "%s%s%s", note, hooks, servers);
}

/* Plans the wiring of one file. One that is right as it is is only read, so that it may be a link or read-only. */
static bool wire_file(struct work *work, enum kiro_form form, const char *path, const char *note)
{
    struct kiro_plan *plan = work->plan;
    struct kiro_change *change;
    struct buffer text, peek;
    struct error why;
    bool done = false;
    buffer_init(&text, JSON_EDIT_TEXT_MAX);
    buffer_init(&peek, JSON_EDIT_TEXT_MAX + 8192);
    if (kiro_plan_find(plan, path)) {
        done = true;
        goto out;
    }
    if (read_small_file(path, &peek)) {
        const struct slice seen = buffer_slice(&peek);
        if (wanted_text(work, form, path, &seen, &text, NULL) && slice_equal(seen, buffer_slice(&text))) {
            change = kiro_plan_add_kept(plan, path, seen, work->error);
            done = change && remember(work, change, true);
            goto out;
        }
    }
    change = kiro_plan_add(plan, path, work->error);
    if (!change)
        goto out;
    if (form == KIRO_SERVERS_FILE && !change->file.exists) {
        done = true; /* it went away meanwhile */
        goto out;
    }
    const struct slice found = buffer_slice(&change->file.text);
    const bool had_hooks = change->file.exists && kiro_count_ours(form, found) > 0;
    const bool had_ours = had_hooks || (change->file.exists && count_wrapped(form, found) > 0);
    if (!wanted_text(work, form, path, change->file.exists ? &found : NULL, &text, &why)) {
        error_set(work->error, "%s: %s; nothing was changed", path, why.text);
        goto out;
    }
    kiro_change_to(change, buffer_slice(&text));
    describe(change, form, note, had_hooks);
    done = remember(work, change, had_ours);
out:
    buffer_free(&text);
    buffer_free(&peek);
    return done;
}

/* Has the file a server to wrap or to bring up to date? *good becomes false where that cannot be known and was asked for. */
static bool servers_matter(struct work *work, const char *path, struct slice text)
{
    struct kiro_plan *plan = work->plan;
    if (work->no_wrapper)
        return false;
    if (!work->wrap_all)
        return mcp_count(text, &kiro_mcp_place, MCP_WRAPPED) > 0;
    if (!json_valid(text)) {
        work->good = error_set(work->error, "%s: not valid JSON; nothing was changed", path);
        return false;
    }
    work->servers += kiro_tell_of_servers(&plan->home, path, text, &plan->remarks, &plan->warnings);
    return mcp_count(text, &kiro_mcp_place, MCP_WRAPPED) > 0 || mcp_count(text, &kiro_mcp_place, MCP_PLAIN) > 0;
}

static void wire_if_ours(void *context, const char *path, struct slice text)
{
    struct work *work = context;
    if (!work->good)
        return;
    const bool servers = servers_matter(work, path, text);
    if (work->good && kiro_count_ours(KIRO_AGENT_FILE, text) > 0)
        work->good = wire_file(work, KIRO_AGENT_FILE, path, "agent");
    else if (work->good && servers)
        work->good = wire_file(work, KIRO_SERVERS_FILE, path, "agent");
}

/* settings/mcp.json, the servers of all agents. One that is there and cannot be read is refused by wire_file where it is asked for. */
static bool wrap_settings(struct work *work)
{
    struct kiro_plan *plan = work->plan;
    char path[PATH_MAX];
    struct buffer text;
    struct stat found;
    if (!kiro_path(&plan->home, "settings", "mcp", ".json", path, work->error))
        return false;
    buffer_init(&text, JSON_EDIT_TEXT_MAX + 8192);
    const bool readable = read_small_file(path, &text);
    const bool servers = readable ? servers_matter(work, path, buffer_slice(&text)) : work->wrap_all && lstat(path, &found) == 0;
    buffer_free(&text);
    if (work->good && servers)
        work->good = wire_file(work, KIRO_SERVERS_FILE, path, "MCP servers of all agents");
    if (work->good && work->wrap_all && work->servers == 0) {
        buffer_append_text(&plan->remarks, "note       no MCP server is configured in ");
        append_visible(&plan->remarks, slice_of(kiro_home_label(&plan->home)));
        buffer_append_byte(&plan->remarks, '\n');
    }
    return work->good;
}

/* The default agent stays as it is: what an earlier installation did to it still holds. Called where set_default would be, so that a
 * second installation writes the same record. */
static void keep_default(struct work *work, const char *settings_path)
{
    const struct install_record *before = work->plan->before;
    struct install_record *after = work->plan->after;
    const struct install_file *old = install_record_find(work->plan->before, settings_path);
    after->default_changed = before->default_changed;
    memcpy(after->former_default, before->former_default, sizeof(after->former_default));
    if (old && after->file_count < INSTALL_FILES_MAX)
        after->files[after->file_count++] = *old;
}

static bool set_default(struct work *work, struct kiro_change *settings)
{
    static const struct json_step path[] = {{.name = DEFAULT_AGENT}};
    const struct install_record *before = work->plan->before;
    struct install_record *after = work->plan->after;
    const struct slice found = settings->file.exists ? buffer_slice(&settings->file.text) : SLICE("{}\n");
    struct json document;
    struct buffer text, shown;
    struct error why;
    char storage[128];
    buffer_init(&text, JSON_EDIT_TEXT_MAX);
    if (!json_edit_set(found, path, 1, SLICE("\"" KIRO_OWN_AGENT "\""), &text, &why)) {
        buffer_free(&text);
        return error_set(work->error, "%s: %s; nothing was changed", settings->file.path, why.text);
    }
    (void)json_parse_allocating(&document, found, JSON_EDIT_TOKENS_MAX);
    const struct slice former = json_raw(&document, json_get(&document, 0, DEFAULT_AGENT));
    if (slice_equal(former, SLICE("\"" KIRO_OWN_AGENT "\"")))
        memcpy(after->former_default, before->former_default, sizeof(after->former_default));
    else if (former.length > 0 && former.length < sizeof(after->former_default))
        memcpy(after->former_default, former.data, former.length);
    after->default_changed = true;
    buffer_init_fixed(&shown, storage, sizeof(storage));
    append_visible(&shown, slice_part(former, 0, 100));
    const char *shown_text = former.length ? buffer_text(&shown) : "not set";
    (void)snprintf(settings->note, sizeof(settings->note), "default agent \"" KIRO_OWN_AGENT "\", before: %s",
                   shown_text ? shown_text : "set");
    json_release(&document);
    kiro_change_to(settings, buffer_slice(&text));
    buffer_free(&text);
    return remember(work, settings, before->default_changed && install_record_find(work->plan->before, settings->file.path) != NULL);
}

/* Finds the agent file that the user's default names, or decides for our own agent. */
static bool wire_default(struct work *work)
{
    struct kiro_plan *plan = work->plan;
    char settings_path[PATH_MAX], own[PATH_MAX], agents[PATH_MAX], path[PATH_MAX], markdown[PATH_MAX], name[KIRO_AGENT_NAME_MAX + 1] = "";
    struct stat found;
    if (!kiro_path(&plan->home, "settings", "cli", ".json", settings_path, work->error) ||
        !kiro_path(&plan->home, "agents", KIRO_OWN_AGENT, ".json", own, work->error) ||
        !path_join(agents, plan->home.path, "agents"))
        return false;
    struct buffer settings_text;
    buffer_init(&settings_text, JSON_EDIT_TEXT_MAX + 8192);
    const bool has = read_small_file(settings_path, &settings_text) && kiro_default_agent(buffer_slice(&settings_text), name);
    buffer_free(&settings_text);
    if (has && kiro_agent_find(agents, name, path)) {
        char note[KIRO_AGENT_NAME_MAX + 64];
        (void)snprintf(note, sizeof(note), strcmp(name, KIRO_OWN_AGENT) == 0 ? "agent %s" : "your default agent %s", name);
        if (!wire_file(work, KIRO_AGENT_FILE, path, note))
            return false;
        keep_default(work, settings_path);
        return true;
    }
    if (has && kiro_path(&plan->home, "agents", name, ".md", markdown, NULL) && stat(markdown, &found) == 0) {
        buffer_append_text(&plan->remarks, "note       the default agent ");
        append_visible(&plan->remarks, slice_of(name));
        buffer_append_text(&plan->remarks, " is for v3 only and stays; for v1 and v2 start: kiro-cli chat --agent " KIRO_OWN_AGENT "\n");
        if (!wire_file(work, KIRO_AGENT_FILE, own, "agent like kiro_default"))
            return false;
        keep_default(work, settings_path);
        return true;
    }
    if (!wire_file(work, KIRO_AGENT_FILE, own, "agent like kiro_default, with the hooks (Kiro v1 and v2)"))
        return false;
    struct kiro_change *settings = kiro_plan_add(plan, settings_path, work->error);
    return settings && set_default(work, settings);
}

static bool wire_named(struct work *work, const char *name)
{
    struct kiro_plan *plan = work->plan;
    char agents[PATH_MAX], path[PATH_MAX], settings_path[PATH_MAX];
    if (!kiro_agent_name_valid(name))
        return error_set(work->error, "\"%.128s\" cannot be an agent's name", name);
    if (!path_join(agents, plan->home.path, "agents") || !kiro_path(&plan->home, "settings", "cli", ".json", settings_path, work->error))
        return error_set(work->error, "a path below %.100s is too long", plan->home.path);
    if (!kiro_agent_find(agents, name, path))
        return error_set(work->error, "there is no agent %s in %s; make it first: kiro-cli agent create %s --from kiro_default", name,
                         agents, name);
    keep_default(work, settings_path);
    return wire_file(work, KIRO_AGENT_FILE, path, "agent");
}

static void warn_of_binary(struct kiro_plan *plan, const char *binary)
{
    char where[PATH_MAX];
    if (replaceable_by_others(binary, where)) {
        buffer_append_text(&plan->warnings, "warning: others may write ");
        append_visible(&plan->warnings, slice_of(where));
        buffer_append_text(&plan->warnings,
                           ", so they could replace what Kiro runs; move spanhook to a folder of your own and install again\n");
    }
    if (shell_needs_quotes(slice_of(binary)))
        buffer_append_text(&plan->warnings,
                           "warning: the binary's path has blanks or characters that a shell reads; "
                           "it stands in single quotes in the commands\n");
}

struct kiro_plan *kiro_plan_install(const struct kiro_install_options *options, struct error *error)
{
    struct kiro_plan *plan = kiro_plan_new(error);
    struct work work = {.plan = plan, .wrap_all = options->mcp, .error = error, .good = true};
    char agents[PATH_MAX], hooks[PATH_MAX];
    if (!plan)
        return NULL;
    plan->after = calloc(1, sizeof(*plan->after));
    if (!plan->after) {
        error_set(error, "no memory");
        goto failed;
    }
    plan->after->prompt_chars = options->prompt_chars >= 0 ? options->prompt_chars : plan->before->prompt_chars;
    plan->after->folder_count = plan->before->folder_count;
    memcpy(plan->after->folders, plan->before->folders, sizeof(plan->after->folders));
    memcpy(plan->after->home, plan->home.path, sizeof(plan->after->home));
    if (!own_binary_path(plan->after->binary, error) || !file_sha256(plan->after->binary, plan->after->binary_sha256, error) ||
        !kiro_commands_for(plan->after->binary, plan->after->prompt_chars, &work.commands, error))
        goto failed;
    work.no_wrapper = !kiro_wrapper_for(plan->after->binary, &work.wrapper, error);
    if (work.no_wrapper && options->mcp)
        goto failed;
    warn_of_binary(plan, plan->after->binary);
    if (!(options->agent ? wire_named(&work, options->agent) : wire_default(&work)))
        goto failed;
    if (!path_join(agents, plan->home.path, "agents") || !kiro_path(&plan->home, "hooks", "spanhook", ".json", hooks, error))
        goto failed;
    each_json_file(agents, wire_if_ours, &work);
    if (!work.good || !wire_file(&work, KIRO_HOOKS_FILE, hooks, "hooks of Kiro v3 and the IDE") || !wrap_settings(&work))
        goto failed;
    plan->after->exists = true;
    return plan;
failed:
    kiro_plan_free(plan);
    return NULL;
}
