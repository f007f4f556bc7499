#include "agents/kiro_plan.h"

#include "agents/json_edit.h"
#include "agents/text_diff.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINES_MAX 65536

struct kiro_plan *kiro_plan_new(struct error *error)
{
    struct kiro_plan *plan = calloc(1, sizeof(*plan));
    if (!plan) {
        error_set(error, "no memory");
        return NULL;
    }
    buffer_init(&plan->warnings, LINES_MAX);
    buffer_init(&plan->remarks, LINES_MAX);
    plan->before = install_record_read();
    if (!plan->before)
        error_set(error, "no memory");
    if (!plan->before || !kiro_home_locate(&plan->home, error)) {
        kiro_plan_free(plan);
        return NULL;
    }
    if (plan->before->exists && strcmp(plan->before->home, plan->home.path) != 0) {
        /* it tells of another Kiro folder */
        memset(plan->before, 0, sizeof(*plan->before));
        plan->before->prompt_chars = -1;
    }
    return plan;
}

void kiro_plan_free(struct kiro_plan *plan)
{
    if (!plan)
        return;
    for (size_t i = 0; i < plan->count; i++) {
        config_file_release(&plan->changes[i].file);
        buffer_free(&plan->changes[i].text);
    }
    buffer_free(&plan->warnings);
    buffer_free(&plan->remarks);
    free(plan->before);
    free(plan->after);
    free(plan);
}

struct kiro_change *kiro_plan_add(struct kiro_plan *plan, const char *path, struct error *error)
{
    if (plan->count == INSTALL_FILES_MAX) {
        error_set(error, "more than %d files hold spanhook's hooks or MCP servers", INSTALL_FILES_MAX);
        return NULL;
    }
    struct kiro_change *change = &plan->changes[plan->count++];
    buffer_init(&change->text, JSON_EDIT_TEXT_MAX);
    return config_file_read(&change->file, path, error) ? change : NULL;
}

struct kiro_change *kiro_plan_add_kept(struct kiro_plan *plan, const char *path, struct slice text, struct error *error)
{
    if (plan->count == INSTALL_FILES_MAX) {
        error_set(error, "more than %d files hold spanhook's hooks or MCP servers", INSTALL_FILES_MAX);
        return NULL;
    }
    struct kiro_change *change = &plan->changes[plan->count++];
    (void)snprintf(change->file.path, sizeof(change->file.path), "%s", path);
    change->file.exists = true;
    buffer_init(&change->file.text, JSON_EDIT_TEXT_MAX + 8192);
    buffer_append_slice(&change->file.text, text);
    buffer_init(&change->text, JSON_EDIT_TEXT_MAX);
    return change;
}

struct kiro_change *kiro_plan_find(struct kiro_plan *plan, const char *path)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (strcmp(plan->changes[i].file.path, path) == 0)
            return &plan->changes[i];
    }
    return NULL;
}

void kiro_change_to(struct kiro_change *change, struct slice text)
{
    buffer_clear(&change->text);
    buffer_append_slice(&change->text, text);
    if (!change->file.exists)
        change->action = KIRO_CREATE;
    else
        change->action = slice_equal(text, buffer_slice(&change->file.text)) ? KIRO_KEEP : KIRO_EDIT;
}

size_t kiro_plan_size(const struct kiro_plan *plan)
{
    size_t size = 0;
    for (size_t i = 0; i < plan->count; i++)
        size += plan->changes[i].action != KIRO_KEEP;
    return size;
}

void kiro_plan_describe(const struct kiro_plan *plan, bool dry, struct buffer *out)
{
    static const char *const words[2][4] = {{"unchanged", "created", "edited", "removed"},
                                            {"unchanged", "would create", "would edit", "would remove"}};
    for (size_t i = 0; i < plan->count; i++) {
        const struct kiro_change *change = &plan->changes[i];
        if (change->action == KIRO_KEEP && !change->file.exists)
            continue;
        buffer_append_format(out, dry ? "%-12s  " : "%-9s  ", words[dry][change->action]);
        kiro_show_path(out, &plan->home, change->file.path);
        if (change->note[0])
            buffer_append_format(out, ": %s", change->note);
        buffer_append_byte(out, '\n');
        if (change->write_backup) {
            buffer_append_format(out, dry ? "%-12s  " : "%-9s  ", dry ? "would copy" : "backup");
            kiro_show_path(out, &plan->home, change->file.path);
            buffer_append_text(out, CONFIG_BACKUP_SUFFIX "\n");
        }
    }
    buffer_append_slice(out, buffer_slice(&plan->remarks));
}

void kiro_plan_diff(const struct kiro_plan *plan, struct buffer *out)
{
    for (size_t i = 0; i < plan->count; i++) {
        const struct kiro_change *change = &plan->changes[i];
        if (change->action == KIRO_KEEP)
            continue;
        buffer_append_text(out, change->action == KIRO_CREATE ? "--- /dev/null" : "--- ");
        if (change->action != KIRO_CREATE)
            kiro_show_path(out, &plan->home, change->file.path);
        buffer_append_text(out, change->action == KIRO_REMOVE ? "\n+++ /dev/null" : "\n+++ ");
        if (change->action != KIRO_REMOVE)
            kiro_show_path(out, &plan->home, change->file.path);
        buffer_append_byte(out, '\n');
        text_diff(out, buffer_slice(&change->file.text), change->action == KIRO_REMOVE ? slice_of(NULL) : buffer_slice(&change->text));
    }
}

static bool make_folder(struct kiro_plan *plan, const char *folder, struct error *error)
{
    if (mkdir(folder, 0700) == 0) {
        if (plan->after && plan->after->folder_count < INSTALL_FOLDERS_MAX)
            (void)snprintf(plan->after->folders[plan->after->folder_count++], PATH_MAX, "%s", folder);
        return true;
    }
    struct stat found;
    if (errno == EEXIST && stat(folder, &found) == 0 && S_ISDIR(found.st_mode))
        return true;
    return error_set_errno(error, "cannot make the folder %s", folder);
}

/* The Kiro folder and the one below it that a new file needs. */
static bool make_folders(struct kiro_plan *plan, const char *path, struct error *error)
{
    char folder[PATH_MAX];
    (void)snprintf(folder, sizeof(folder), "%s", path);
    char *slash = strrchr(folder, '/');
    if (!slash)
        return true;
    *slash = '\0';
    return make_folder(plan, plan->home.path, error) && make_folder(plan, folder, error);
}

static bool carry_out(struct kiro_change *change, struct error *error)
{
    if (change->write_backup) {
        if (!config_backup_write(&change->file, error))
            return false;
        change->backup_written = true;
    }
    switch (change->action) {
    case KIRO_KEEP:
        return true;
    case KIRO_CREATE:
    case KIRO_EDIT:
        change->done = config_file_replace(&change->file, buffer_slice(&change->text), error);
        return change->done;
    case KIRO_REMOVE:
        change->done = config_file_remove(&change->file, error);
        return change->done;
    }
    return false;
}

static void drop_backup(const struct kiro_change *change)
{
    char backup[PATH_MAX];
    if (config_backup_path(change->file.path, backup))
        (void)unlink(backup);
}

/* Puts back what was there, unless somebody has changed it since we did. */
static void take_back(struct kiro_change *change)
{
    struct config_file now;
    if (!config_file_read(&now, change->file.path, NULL)) {
        config_file_release(&now);
        return;
    }
    const bool ours = change->action == KIRO_REMOVE ? !now.exists
                                                    : now.exists && slice_equal(buffer_slice(&now.text), buffer_slice(&change->text));
    if (ours && change->action == KIRO_CREATE)
        (void)config_file_remove(&now, NULL);
    else if (ours && config_file_replace(&now, buffer_slice(&change->file.text), NULL))
        (void)chmod(change->file.path, change->file.identity.st_mode & 07777);
    config_file_release(&now);
}

static void remove_made_folders(const struct install_record *record)
{
    for (size_t i = record->folder_count; i > 0; i--)
        (void)rmdir(record->folders[i - 1]); /* fails where something else lies in it, which is meant */
}

bool kiro_plan_apply(struct kiro_plan *plan, struct error *error)
{
    bool done = !plan->after || install_record_prepare(error);
    for (size_t i = 0; done && i < plan->count; i++)
        done = plan->changes[i].action == KIRO_KEEP || config_file_unchanged(&plan->changes[i].file, error);
    for (size_t i = 0; done && i < plan->count; i++)
        done = plan->changes[i].action != KIRO_CREATE || make_folders(plan, plan->changes[i].file.path, error);
    for (size_t i = 0; done && i < plan->count; i++)
        done = carry_out(&plan->changes[i], error);
    if (!plan->no_record)
        done = done && (plan->after ? install_record_write(plan->after, error) : install_record_remove(error));
    for (size_t i = plan->count; i > 0; i--) {
        struct kiro_change *change = &plan->changes[i - 1];
        if (!done && change->done)
            take_back(change);
        if (done ? change->drop_backup : change->backup_written)
            drop_backup(change);
    }
    if (!done && plan->after) {
        if (!plan->before->exists)
            remove_made_folders(plan->after);
    } else if (done && !plan->after) {
        remove_made_folders(plan->before);
    }
    return done;
}
