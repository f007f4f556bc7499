#include "agents/kiro_home.h"

#include "agents/json_edit.h"
#include "base/io.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILES_MAX 1024

bool kiro_home_locate(struct kiro_home *home, struct error *error)
{
    const char *user = getenv("HOME"), *moved = getenv("KIRO_HOME");
    int length;
    memset(home, 0, sizeof(*home));
    if (user && user[0] == '/' && strlen(user) < sizeof(home->user))
        (void)snprintf(home->user, sizeof(home->user), "%s", user);
    home->from_environment = moved && moved[0] == '/';
    if (home->from_environment)
        length = snprintf(home->path, sizeof(home->path), "%s", moved);
    else if (home->user[0])
        length = snprintf(home->path, sizeof(home->path), "%s/.kiro", home->user);
    else
        return error_set(error, "HOME is not set to an absolute path, so there is no ~/.kiro");
    if (length < 0 || length >= (int)sizeof(home->path))
        return error_set(error, "the path of the Kiro folder is too long");
    for (size_t end = (size_t)length; end > 1 && home->path[end - 1] == '/'; end--)
        home->path[end - 1] = '\0';
    return true;
}

const char *kiro_home_label(const struct kiro_home *home)
{
    return home->from_environment ? home->path : "~/.kiro";
}

bool kiro_path(const struct kiro_home *home, const char *folder, const char *name, const char *suffix, char path[static PATH_MAX],
               struct error *error)
{
    const int length = snprintf(path, PATH_MAX, "%s/%s/%s%s", home->path, folder, name, suffix);
    return (length > 0 && length < PATH_MAX) || error_set(error, "a path below %.100s is too long", home->path);
}

void append_visible(struct buffer *out, struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        const unsigned char byte = (unsigned char)text.data[i];
        /* C1 controls are U+0080 to U+009F, in UTF-8 0xc2 with 0x80 to 0x9f */
        const bool c1 = byte == 0xc2 && i + 1 < text.length && (unsigned char)text.data[i + 1] >= 0x80 &&
            (unsigned char)text.data[i + 1] <= 0x9f;
        buffer_append_byte(out, byte < 0x20 || byte == 0x7f || c1 ? '?' : text.data[i]);
        i += c1;
    }
}

void kiro_show_path(struct buffer *out, const struct kiro_home *home, const char *path)
{
    struct slice shown = slice_of(path);
    const struct slice user = slice_of(home->user);
    if (user.length > 1 && slice_starts_with(shown, user) && shown.length > user.length && shown.data[user.length] == '/') {
        buffer_append_byte(out, '~');
        shown = slice_part(shown, user.length, shown.length);
    }
    append_visible(out, shown);
}

bool kiro_agent_name_valid(const char *name)
{
    const size_t length = strlen(name);
    if (length == 0 || length > KIRO_AGENT_NAME_MAX || name[0] == '.' || name[0] == '-')
        return false;
    for (size_t i = 0; i < length; i++) {
        if (name[i] == '/' || (unsigned char)name[i] < 0x20 || name[i] == 0x7f)
            return false;
    }
    return true;
}

bool read_small_file(const char *path, struct buffer *text)
{
    buffer_clear(text);
    return io_read_file(AT_FDCWD, path, text, NULL);
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

void each_json_file(const char *folder, json_file_visitor *visitor, void *context)
{
    char **names = calloc(FILES_MAX, sizeof(*names));
    size_t count = 0;
    struct buffer text;
    DIR *stream = names ? opendir(folder) : NULL;
    buffer_init(&text, JSON_EDIT_TEXT_MAX + 8192);
    for (const struct dirent *entry; stream && count < FILES_MAX && (entry = readdir(stream)) != NULL;) {
        if (entry->d_name[0] == '.' || !slice_ends_with(slice_of(entry->d_name), SLICE(".json")))
            continue;
        names[count] = strdup(entry->d_name);
        count += names[count] != NULL;
    }
    if (stream)
        closedir(stream);
    if (count)
        qsort(names, count, sizeof(*names), compare_names);
    for (size_t i = 0; i < count; i++) {
        char path[PATH_MAX];
        const int length = snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        if (length > 0 && length < (int)sizeof(path) && read_small_file(path, &text))
            visitor(context, path, buffer_slice(&text));
        free(names[i]);
    }
    buffer_free(&text);
    free(names);
}

struct search {
    const char *name;
    char *path;
    bool found;
};

static void look_for_name(void *context, const char *path, struct slice text)
{
    struct search *search = context;
    struct json document;
    if (!search->found && json_parse_allocating(&document, text, JSON_EDIT_TOKENS_MAX)) {
        if (json_string_equals(&document, json_get(&document, 0, "name"), search->name)) {
            search->found = true;
            (void)snprintf(search->path, PATH_MAX, "%s", path);
        }
        json_release(&document);
    }
}

bool kiro_agent_find(const char *folder, const char *name, char path[static PATH_MAX])
{
    struct stat found;
    struct search search = {.name = name, .path = path};
    if (!kiro_agent_name_valid(name))
        return false;
    const int length = snprintf(path, PATH_MAX, "%s/%s.json", folder, name);
    if (length > 0 && length < PATH_MAX && lstat(path, &found) == 0)
        return true;
    each_json_file(folder, look_for_name, &search);
    return search.found;
}

bool kiro_default_agent(struct slice settings, char name[static KIRO_AGENT_NAME_MAX + 1])
{
    struct json document;
    bool found = false;
    if (json_parse_allocating(&document, settings, JSON_EDIT_TOKENS_MAX)) {
        struct buffer value;
        buffer_init_fixed(&value, name, KIRO_AGENT_NAME_MAX + 1);
        const char *text = json_append_string(&document, json_get(&document, 0, "chat.defaultAgent"), &value) ? buffer_text(&value) : NULL;
        found = text && strlen(text) == value.length && kiro_agent_name_valid(text);
        json_release(&document);
    }
    return found;
}

