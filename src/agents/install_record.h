/* What an installation did, kept as install-kiro.json in the state folder, so that it can be taken back exactly. Uninstalling works
 * without it too, by recognising our entries; then files go back to the same content, not always to the same bytes. */
#ifndef SPANHOOK_AGENTS_INSTALL_RECORD_H
#define SPANHOOK_AGENTS_INSTALL_RECORD_H

#include "agents/own_binary.h"

#define INSTALL_FILES_MAX 64
#define INSTALL_FOLDERS_MAX 4

struct install_file {
    char path[PATH_MAX];
    bool created;  /* there was none before */
    bool pristine; /* nobody but us changed it between the first installation and `after` */
    char before[SHA256_TEXT]; /* of the text before the first installation, which is the backup's; "" for a created file or when unknown */
    char after[SHA256_TEXT];  /* of the text as installed */
};

struct install_record {
    bool exists;
    char home[PATH_MAX];   /* the Kiro folder */
    char binary[PATH_MAX];
    char binary_sha256[SHA256_TEXT];
    long prompt_chars;     /* -1: the default */
    bool default_changed;  /* chat.defaultAgent was set to our agent */
    char former_default[512]; /* its JSON value before, "" if it was not set */
    struct install_file files[INSTALL_FILES_MAX];
    size_t file_count;
    char folders[INSTALL_FOLDERS_MAX][PATH_MAX]; /* made by us, outer ones first */
    size_t folder_count;
};

/* NULL without memory; release with free. Without a record, or with a damaged one, `exists` is false. */
struct install_record *install_record_read(void);
/* Creates the state folder if need be. Writes only if something differs from what is stored. */
bool install_record_write(const struct install_record *record, struct error *error);
/* Can it be written? Said before anything is changed. */
bool install_record_prepare(struct error *error);
bool install_record_remove(struct error *error);

/* NULL if the record does not know the file. */
struct install_file *install_record_find(struct install_record *record, const char *path);

#endif
