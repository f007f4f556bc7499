#include "agents/install_record.h"

#include "base/io.h"
#include "base/json.h"
#include "base/json_write.h"
#include "store/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RECORD_NAME "install-kiro.json"
#define RECORD_NEW "install-kiro.json.new"
#define RECORD_MAX ((size_t)1024 * 1024)
#define RECORD_TOKENS_MAX 4096
#define RECORD_VERSION 1

/* The state folder's descriptor, or -1. */
static int open_folder(bool create, struct error *error)
{
    struct state state;
    if (create) {
        if (!state_open(&state, true, error))
            return -1;
        state_close(&state);
    } else if (!state_locate(&state, error)) {
        return -1;
    }
    const int folder = open(state.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0)
        error_set_errno(error, "cannot open %s", state.path);
    return folder;
}

static bool read_text(struct buffer *text)
{
    const int folder = open_folder(false, NULL);
    if (folder < 0)
        return false;
    const bool good = io_read_file(folder, RECORD_NAME, text, NULL);
    close(folder);
    return good;
}

/* A string member into `size` bytes; one that does not fit, or is missing, gives "". */
static bool get_text(const struct json *document, int object, const char *name, char *text, size_t size)
{
    struct buffer value;
    buffer_init_fixed(&value, text, size - 1);
    const bool good = json_append_string(document, json_get(document, object, name), &value) && !value.failed &&
                      memchr(text, '\0', value.length) == NULL;
    text[good ? value.length : 0] = '\0';
    return good;
}

static bool is_true(const struct json *document, int object, const char *name)
{
    return json_type(document, json_get(document, object, name)) == JSON_TRUE;
}

static bool parse(struct install_record *record, const struct json *document)
{
    int64_t number;
    if (!json_integer(document, json_get(document, 0, "schema_version"), &number) || number != RECORD_VERSION)
        return false;
    if (!get_text(document, 0, "kiro_home", record->home, sizeof(record->home)) ||
        !get_text(document, 0, "binary", record->binary, sizeof(record->binary)))
        return false;
    get_text(document, 0, "binary_sha256", record->binary_sha256, sizeof(record->binary_sha256));
    if (json_integer(document, json_get(document, 0, "prompt_chars"), &number) && number >= 0 && number <= INT_MAX)
        record->prompt_chars = (long)number;
    record->default_changed = is_true(document, 0, "default_agent_changed");
    get_text(document, 0, "former_default_agent", record->former_default, sizeof(record->former_default));
    const int files = json_get(document, 0, "files"), folders = json_get(document, 0, "folders");
    for (int item = json_first(document, files); item != JSON_NONE &&
         record->file_count < INSTALL_FILES_MAX; item = json_next(document, item)) {
        struct install_file *file = &record->files[record->file_count];
        if (!get_text(document, item, "path", file->path, sizeof(file->path)) || file->path[0] != '/')
            return false;
        file->created = is_true(document, item, "created");
        file->pristine = is_true(document, item, "pristine");
        get_text(document, item, "before_sha256", file->before, sizeof(file->before));
        get_text(document, item, "after_sha256", file->after, sizeof(file->after));
        record->file_count++;
    }
    for (int item = json_first(document, folders); item != JSON_NONE &&
         record->folder_count < INSTALL_FOLDERS_MAX; item = json_next(document, item)) {
        char *folder = record->folders[record->folder_count];
        struct buffer value;
        buffer_init_fixed(&value, folder, PATH_MAX);
        if (!json_append_string(document, item, &value) || !buffer_text(&value) || folder[0] != '/')
            return false;
        record->folder_count++;
    }
    return true;
}

struct install_record *install_record_read(void)
{
    struct install_record *record = calloc(1, sizeof(*record));
    struct buffer text;
    struct json document;
    if (!record)
        return NULL;
    record->prompt_chars = -1;
    buffer_init(&text, RECORD_MAX);
    if (read_text(&text) && json_parse_allocating(&document, buffer_slice(&text), RECORD_TOKENS_MAX)) {
        if (parse(record, &document)) {
            record->exists = true;
        } else {
            memset(record, 0, sizeof(*record));
            record->prompt_chars = -1;
        }
        json_release(&document);
    }
    buffer_free(&text);
    return record;
}

static void put_text(struct buffer *out, const char *name, const char *value)
{
    buffer_append_format(out, "\"%s\":", name);
    json_write_string(out, slice_of(value));
}

static void put_bool(struct buffer *out, const char *name, bool value)
{
    buffer_append_format(out, "\"%s\":%s", name, value ? "true" : "false");
}

static void serialize(struct buffer *out, const struct install_record *record)
{
    buffer_append_format(out, "{\"schema_version\":%d,\n", RECORD_VERSION);
    put_text(out, "kiro_home", record->home);
    buffer_append_text(out, ",\n");
    put_text(out, "binary", record->binary);
    buffer_append_text(out, ",\n");
    put_text(out, "binary_sha256", record->binary_sha256);
    buffer_append_format(out, ",\n\"prompt_chars\":%ld,\n", record->prompt_chars);
    put_bool(out, "default_agent_changed", record->default_changed);
    buffer_append_text(out, ",\n");
    put_text(out, "former_default_agent", record->former_default);
    buffer_append_text(out, ",\n\"files\":[");
    for (size_t i = 0; i < record->file_count; i++) {
        const struct install_file *file = &record->files[i];
        buffer_append_text(out, i ? ",\n{" : "\n{");
        put_text(out, "path", file->path);
        buffer_append_byte(out, ',');
        put_bool(out, "created", file->created);
        buffer_append_byte(out, ',');
        put_bool(out, "pristine", file->pristine);
        buffer_append_byte(out, ',');
        put_text(out, "before_sha256", file->before);
        buffer_append_byte(out, ',');
        put_text(out, "after_sha256", file->after);
        buffer_append_byte(out, '}');
    }
    buffer_append_text(out, "],\n\"folders\":[");
    for (size_t i = 0; i < record->folder_count; i++) {
        buffer_append_text(out, i ? ",\n" : "\n");
        json_write_string(out, slice_of(record->folders[i]));
    }
    buffer_append_text(out, "]}\n");
}

bool install_record_prepare(struct error *error)
{
    const int folder = open_folder(true, error);
    if (folder < 0)
        return false;
    const bool good = faccessat(folder, ".", W_OK, 0) == 0;
    if (!good)
        error_set_errno(error, "the state folder cannot be written");
    close(folder);
    return good;
}

bool install_record_write(const struct install_record *record, struct error *error)
{
    struct buffer text, stored;
    bool done = false;
    int folder = -1, descriptor = -1;
    buffer_init(&text, RECORD_MAX);
    buffer_init(&stored, RECORD_MAX);
    serialize(&text, record);
    if (text.failed) {
        error_set(error, "the record of the installation is too long");
        goto out;
    }
    if (read_text(&stored) && slice_equal(buffer_slice(&text), buffer_slice(&stored))) {
        done = true;
        goto out;
    }
    folder = open_folder(true, error);
    if (folder < 0)
        goto out;
    if (unlinkat(folder, RECORD_NEW, 0) != 0 && errno != ENOENT) {
        error_set_errno(error, "cannot remove an old " RECORD_NEW);
        goto out;
    }
    descriptor = state_open_file(folder, RECORD_NEW, O_WRONLY | O_CREAT | O_EXCL);
    done = descriptor >= 0 && io_write_all(descriptor, buffer_slice(&text)) && fsync(descriptor) == 0 &&
           renameat(folder, RECORD_NEW, folder, RECORD_NAME) == 0;
    if (!done)
        error_set_errno(error, "cannot write " RECORD_NAME " in the state folder");
    else
        fsync(folder);
out:
    if (descriptor >= 0)
        close(descriptor);
    if (folder >= 0)
        close(folder);
    buffer_free(&text);
    buffer_free(&stored);
    return done;
}

bool install_record_remove(struct error *error)
{
    const int folder = open_folder(false, NULL);
    if (folder < 0)
        return true;
    const bool done = unlinkat(folder, RECORD_NAME, 0) == 0 || errno == ENOENT;
    if (!done)
        error_set_errno(error, "cannot remove " RECORD_NAME);
    close(folder);
    return done;
}

struct install_file *install_record_find(struct install_record *record, const char *path)
{
    for (size_t i = 0; i < record->file_count; i++) {
        if (strcmp(record->files[i].path, path) == 0)
            return &record->files[i];
    }
    return NULL;
}
