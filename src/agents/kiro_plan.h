/* A set of changes to configuration files that is made up first, then shown or carried out as one: every file has been read and checked
 * before the first is written, and what was written is taken back when a later one fails. */
#ifndef SPANHOOK_AGENTS_KIRO_PLAN_H
#define SPANHOOK_AGENTS_KIRO_PLAN_H

#include "agents/config_file.h"
#include "agents/install_record.h"
#include "agents/kiro_home.h"

enum kiro_action { KIRO_KEEP, KIRO_CREATE, KIRO_EDIT, KIRO_REMOVE };

struct kiro_change {
    struct config_file file;
    struct buffer text; /* what the file is to hold */
    enum kiro_action action;
    bool write_backup;  /* before the change */
    bool drop_backup;   /* after it */
    bool backup_written, done;
    char note[512];     /* what is done, for people */
};

struct kiro_plan {
    struct kiro_home home;
    struct install_record *before; /* as found; never NULL */
    struct install_record *after;  /* to be stored; NULL: the record is to be removed */
    bool no_record;                /* there is none of this Kiro folder, and none is to be made or removed */
    struct kiro_change changes[INSTALL_FILES_MAX];
    size_t count;
    struct buffer warnings; /* lines for stderr */
    struct buffer remarks;  /* lines for stdout */
};

/* NULL with a reason. */
struct kiro_plan *kiro_plan_new(struct error *error);
void kiro_plan_free(struct kiro_plan *plan);

/* Adds a change of the file at `path`, which is read with all of config_file's checks. NULL with a reason. The action is KIRO_KEEP
 * until kiro_change_to sets another. */
struct kiro_change *kiro_plan_add(struct kiro_plan *plan, const char *path, struct error *error);
/* Adds a file that stays as it is and so need not be writable; `text` is what it holds. */
struct kiro_change *kiro_plan_add_kept(struct kiro_plan *plan, const char *path, struct slice text, struct error *error);
/* The change for a path, or NULL. */
struct kiro_change *kiro_plan_find(struct kiro_plan *plan, const char *path);
/* Sets what the file is to hold: create, edit or keep, as it turns out. */
void kiro_change_to(struct kiro_change *change, struct slice text);

/* How many files change. */
size_t kiro_plan_size(const struct kiro_plan *plan);
/* One line a file; `dry`: "would create". */
void kiro_plan_describe(const struct kiro_plan *plan, bool dry, struct buffer *out);
/* The changes as diff -u would show them. */
void kiro_plan_diff(const struct kiro_plan *plan, struct buffer *out);
/* All of it or nothing. */
bool kiro_plan_apply(struct kiro_plan *plan, struct error *error);

#endif
