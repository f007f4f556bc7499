#include "agents/kiro_install.h"

#include "agents/json_edit.h"
#include "agents/kiro_hooks.h"
#include "agents/kiro_mcp.h"
#include "base/json_scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_AGENT "chat.defaultAgent"
static const struct json_step default_path[] = {{.name = DEFAULT_AGENT}};

struct work {
    struct kiro_plan *plan;
    enum kiro_form form;
    bool mcp_only;
    struct error *error;
    bool good;
};

/* The backup's text if there is one. */
static bool read_backup(const char *path, struct buffer *text)
{
    char backup[PATH_MAX];
    return config_backup_path(path, backup) && read_small_file(backup, text);
}

/* The exact way back: nobody but us has changed the file, so that it can be removed or its backup put in its place. */
static bool restore_exactly(struct kiro_change *change, const struct install_file *old)
{
    struct buffer backup;
    char hash[SHA256_TEXT];
    bool done = false;
    if (!old || !old->pristine)
        return false;
    text_sha256(buffer_slice(&change->file.text), hash);
    if (strcmp(hash, old->after) != 0)
        return false;
    if (old->created) {
        change->action = KIRO_REMOVE;
        (void)snprintf(change->note, sizeof(change->note), "it was made by the installation");
        return true;
    }
    buffer_init(&backup, JSON_EDIT_TEXT_MAX + 8192);
    if (read_backup(change->file.path, &backup)) {
        text_sha256(buffer_slice(&backup), hash);
        done = strcmp(hash, old->before) == 0;
    }
    if (done) {
        kiro_change_to(change, buffer_slice(&backup));
        change->drop_backup = true;
        (void)snprintf(change->note, sizeof(change->note), "as it was before, byte for byte");
    }
    buffer_free(&backup);
    return done;
}

/* Is what is left just what is left of our own template? Then nobody put anything of theirs there. */
static bool is_bare_template(const struct kiro_plan *plan, enum kiro_form form, struct slice left)
{
    struct buffer whole, bare;
    buffer_init(&whole, JSON_EDIT_TEXT_MAX);
    buffer_init(&bare, JSON_EDIT_TEXT_MAX);
    if (form == KIRO_AGENT_FILE)
        kiro_agent_template(&whole, SLICE("spanhook hook"), kiro_home_label(&plan->home));
    else
        kiro_hooks_template(&whole, SLICE("spanhook hook"));
    const bool same = kiro_unwire(form, buffer_slice(&whole), slice_of(NULL), &bare, NULL) && slice_equal(buffer_slice(&bare), left);
    buffer_free(&whole);
    buffer_free(&bare);
    return same;
}

static void settle_backup(struct kiro_change *change, struct slice backup, bool had_backup)
{
    if (!had_backup)
        return;
    if (slice_equal(buffer_slice(&change->text), backup))
        change->drop_backup = true;
    else
        (void)snprintf(change->note + strlen(change->note), sizeof(change->note) - strlen(change->note),
                       "; edited since the installation, so the backup stays beside it");
}

/* Appends the text without what is spanhook's: hooks, servers' wrapping, or with mcp_only the wrapping alone. */
static bool take_out_ours(const struct work *work, struct slice text, struct slice before, struct buffer *out, struct error *error)
{
    const bool wrapped = work->form != KIRO_HOOKS_FILE && mcp_count(text, &kiro_mcp_place, MCP_WRAPPED) > 0;
    const bool hooks = !work->mcp_only && work->form != KIRO_SERVERS_FILE && (!wrapped || kiro_count_ours(work->form, text) > 0);
    struct buffer unwrapped;
    if (!json_valid(text))
        return error_set(error, "not valid JSON");
    if (work->form != KIRO_HOOKS_FILE && !mcp_can_unwrap(text, &kiro_mcp_place, error))
        return false;
    buffer_init(&unwrapped, JSON_EDIT_TEXT_MAX);
    bool done = true;
    if (wrapped)
        done = mcp_unwrap(text, &kiro_mcp_place, before, &unwrapped, error);
    else
        buffer_append_slice(&unwrapped, text);
    if (done && hooks)
        done = kiro_unwire(work->form, buffer_slice(&unwrapped), before, out, error);
    else if (done)
        buffer_append_slice(out, buffer_slice(&unwrapped));
    buffer_free(&unwrapped);
    return done && (!out->failed || error_set(error, "no memory"));
}

/* With mcp_only the record stays and has to go on telling the truth: a file that still has hooks is as we left it, if it was before;
 * another one is none of ours any more. */
static void settle_record(struct work *work, const struct kiro_change *change, bool hooks_stay)
{
    struct install_record *after = work->plan->after;
    struct install_file *file = after ? install_record_find(after, change->file.path) : NULL;
    if (!file)
        return;
    if (hooks_stay) {
        char now[SHA256_TEXT];
        text_sha256(buffer_slice(&change->file.text), now);
        file->pristine = file->pristine && strcmp(file->after, now) == 0;
        text_sha256(buffer_slice(&change->text), file->after);
    } else {
        const size_t index = (size_t)(file - after->files);
        after->file_count--;
        memmove(file, file + 1, (after->file_count - index) * sizeof(*file));
    }
}

static bool unwire_file(struct work *work, const char *path)
{
    struct kiro_plan *plan = work->plan;
    const struct install_file *old = install_record_find(plan->before, path);
    struct kiro_change *change;
    struct buffer text, backup;
    struct error why;
    bool done = false;
    if (kiro_plan_find(plan, path))
        return true;
    buffer_init(&text, JSON_EDIT_TEXT_MAX);
    buffer_init(&backup, JSON_EDIT_TEXT_MAX + 8192);
    change = kiro_plan_add(plan, path, work->error);
    if (!change)
        goto out;
    const struct slice found = buffer_slice(&change->file.text);
    const bool hooks_stay = work->mcp_only && kiro_count_ours(work->form, found) > 0;
    if (!change->file.exists || (!hooks_stay && restore_exactly(change, old))) {
        settle_record(work, change, false);
        done = true;
        goto out;
    }
    const bool had_backup = read_backup(path, &backup);
    if (!take_out_ours(work, found, buffer_slice(&backup), &text, &why)) {
        error_set(work->error, "%s: %s; nothing was changed", path, why.text);
        goto out;
    }
    done = true;
    if (!work->mcp_only && work->form != KIRO_SERVERS_FILE && is_bare_template(plan, work->form, buffer_slice(&text))) {
        change->action = KIRO_REMOVE;
        (void)snprintf(change->note, sizeof(change->note), "it was made by the installation");
        goto out;
    }
    kiro_change_to(change, buffer_slice(&text));
    (void)snprintf(change->note, sizeof(change->note), "%s, the rest as it is",
                   work->mcp_only ? "MCP servers unwrapped" : "spanhook's entries taken out");
    if (!hooks_stay)
        settle_backup(change, buffer_slice(&backup), had_backup);
    settle_record(work, change, hooks_stay);
out:
    buffer_free(&text);
    buffer_free(&backup);
    return done;
}

static void unwire_if_ours(void *context, const char *path, struct slice text)
{
    struct work *work = context;
    const bool wrapped = work->form != KIRO_HOOKS_FILE && mcp_count(text, &kiro_mcp_place, MCP_WRAPPED) > 0;
    const bool hooked = !work->mcp_only && kiro_count_ours(work->form, text) > 0;
    /* one that we left with servers and that can no longer be read is refused, not passed over */
    const bool broken = work->mcp_only && install_record_find(work->plan->before, path) && !json_valid(text);
    const bool stuck = work->form != KIRO_HOOKS_FILE && json_valid(text) && !mcp_can_unwrap(text, &kiro_mcp_place, NULL);
    if (work->good && (wrapped || hooked || broken || stuck))
        work->good = unwire_file(work, path);
}

static void unwire_servers(struct work *work, const char *path)
{
    struct buffer text;
    buffer_init(&text, JSON_EDIT_TEXT_MAX + 8192);
    work->form = KIRO_SERVERS_FILE;
    if (read_small_file(path, &text))
        unwire_if_ours(work, path, buffer_slice(&text));
    buffer_free(&text);
}

/* chat.defaultAgent as JSON text in `text`, "" if it is not set. */
static void default_in(struct slice text, char value[static 512])
{
    struct json document;
    value[0] = '\0';
    if (json_parse_allocating(&document, text, JSON_EDIT_TOKENS_MAX)) {
        const struct slice raw = json_raw(&document, json_get(&document, 0, DEFAULT_AGENT));
        if (raw.length < 512) {
            if (raw.length)
                memcpy(value, raw.data, raw.length);
            value[raw.length] = '\0';
        }
    }
    json_release(&document);
}

/* Gives the user's former default agent back, unless another one has been chosen meanwhile. */
static bool restore_default(struct work *work, const char *path)
{
    struct kiro_plan *plan = work->plan;
    const struct install_record *before = plan->before;
    const struct install_file *old = install_record_find(plan->before, path);
    char now[512], former[512];
    struct buffer text, backup;
    struct error why;
    bool done = true;
    buffer_init(&text, JSON_EDIT_TEXT_MAX);
    buffer_init(&backup, JSON_EDIT_TEXT_MAX + 8192);
    if (!read_small_file(path, &text))
        goto out;
    default_in(buffer_slice(&text), now);
    if (strcmp(now, "\"" KIRO_OWN_AGENT "\"") != 0) {
        buffer_append_text(&plan->remarks, "note       the default agent was changed since the installation and stays\n");
        goto out;
    }
    done = false;
    struct kiro_change *change = kiro_plan_add(plan, path, work->error);
    if (!change)
        goto out;
    done = !change->file.exists || restore_exactly(change, old);
    if (done) {
        if (change->action != KIRO_KEEP)
            (void)snprintf(change->note, sizeof(change->note), "former default agent restored, as it was before byte for byte");
        goto out;
    }
    const bool had_backup = read_backup(path, &backup);
    if (before->exists && before->default_changed)
        memcpy(former, before->former_default, sizeof(former));
    else
        default_in(buffer_slice(&backup), former);
    buffer_clear(&text);
    done = former[0] ? json_edit_set(buffer_slice(&change->file.text), default_path, 1, slice_of(former), &text, &why)
                     : json_edit_remove(buffer_slice(&change->file.text), default_path, 1, &text, &why);
    if (!done) {
        error_set(work->error, "%s: %s; nothing was changed", path, why.text);
        goto out;
    }
    kiro_change_to(change, buffer_slice(&text));
    (void)snprintf(change->note, sizeof(change->note), "former default agent restored");
    settle_backup(change, buffer_slice(&backup), had_backup);
out:
    buffer_free(&text);
    buffer_free(&backup);
    return done;
}

/* The default is ours to give back if the record says so, or, without a record, if the agent it names is about to go or holds our hooks. */
static bool default_is_ours(struct kiro_plan *plan, const char *own_agent)
{
    if (plan->before->exists)
        return plan->before->default_changed;
    return kiro_plan_find(plan, own_agent) != NULL;
}

/* The files that the record tells of, ours in them or not. */
static void unwire_recorded(struct work *work, const char *cli, const char *hooks, const char *servers)
{
    const struct install_record *before = work->plan->before;
    for (size_t i = 0; work->good && i < before->file_count; i++) {
        const char *path = before->files[i].path;
        if (strcmp(path, cli) == 0)
            continue;
        work->form = KIRO_AGENT_FILE;
        if (strcmp(path, hooks) == 0)
            work->form = KIRO_HOOKS_FILE;
        else if (strcmp(path, servers) == 0)
            work->form = KIRO_SERVERS_FILE;
        work->good = unwire_file(work, path);
    }
}

/* The record as it is to be once only the wrapping is gone. */
static bool keep_record(struct kiro_plan *plan, struct error *error)
{
    plan->no_record = !plan->before->exists;
    if (plan->no_record)
        return true;
    plan->after = calloc(1, sizeof(*plan->after));
    if (!plan->after)
        return error_set(error, "no memory");
    *plan->after = *plan->before;
    return true;
}

struct kiro_plan *kiro_plan_uninstall(bool mcp_only, struct error *error)
{
    struct kiro_plan *plan = kiro_plan_new(error);
    struct work work = {.plan = plan, .mcp_only = mcp_only, .error = error, .good = true};
    char agents[PATH_MAX], hooks[PATH_MAX], cli[PATH_MAX], own[PATH_MAX], hooks_file[PATH_MAX], servers[PATH_MAX];
    if (!plan)
        return NULL;
    if (!kiro_path(&plan->home, "settings", "cli", ".json", cli, error) ||
        !kiro_path(&plan->home, "settings", "mcp", ".json", servers, error) ||
        !kiro_path(&plan->home, "agents", KIRO_OWN_AGENT, ".json", own, error) ||
        !kiro_path(&plan->home, "hooks", "spanhook", ".json", hooks_file, error) || !path_join(agents, plan->home.path, "agents") ||
        !path_join(hooks, plan->home.path, "hooks") || (mcp_only && !keep_record(plan, error)))
        goto failed;
    if (!mcp_only)
        unwire_recorded(&work, cli, hooks_file, servers);
    work.form = KIRO_AGENT_FILE;
    each_json_file(agents, unwire_if_ours, &work);
    unwire_servers(&work, servers);
    work.form = KIRO_HOOKS_FILE;
    if (!mcp_only)
        each_json_file(hooks, unwire_if_ours, &work);
    if (work.good && !mcp_only && default_is_ours(plan, own))
        work.good = restore_default(&work, cli);
    if (work.good)
        return plan;
failed:
    kiro_plan_free(plan);
    return NULL;
}
