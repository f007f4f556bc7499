/* Where Kiro keeps a user's configuration, and what stands there: ~/.kiro, or an absolute $KIRO_HOME. */
#ifndef SPANHOOK_AGENTS_KIRO_HOME_H
#define SPANHOOK_AGENTS_KIRO_HOME_H

#include "base/buffer.h"
#include "base/error.h"

#include <limits.h>

#define KIRO_AGENT_NAME_MAX 128

struct kiro_home {
    char path[PATH_MAX];   /* absolute */
    char user[PATH_MAX];   /* $HOME, "" if unset */
    bool from_environment; /* $KIRO_HOME said so */
};
bool kiro_home_locate(struct kiro_home *home, struct error *error);
/* How a person, and an agent's resources, name it: "~/.kiro" or the path. */
const char *kiro_home_label(const struct kiro_home *home);
/* "<home>/<folder>/<name><suffix>"; false if that is too long. */
bool kiro_path(const struct kiro_home *home, const char *folder, const char *name, const char *suffix, char path[static PATH_MAX],
               struct error *error);
/* Appends a path for people: below $HOME with '~', control characters as '?'. */
void kiro_show_path(struct buffer *out, const struct kiro_home *home, const char *path);
/* Appends text that others wrote so that a terminal shows it and obeys nothing in it: control characters (C0, DEL, C1) become '?'. */
void append_visible(struct buffer *out, struct slice text);

/* 1 to 128 bytes, no '/', no control character, not starting with '.' or '-'. */
bool kiro_agent_name_valid(const char *name);
/* The file of an agent in `folder`: NAME.json, else the first whose "name" says so. False: there is none. */
bool kiro_agent_find(const char *folder, const char *name, char path[static PATH_MAX]);
/* chat.defaultAgent of the text of settings/cli.json; false: not set, or no usable name. */
bool kiro_default_agent(struct slice settings, char name[static KIRO_AGENT_NAME_MAX + 1]);

/* Calls for each regular file (links followed) NAME.json of a folder, in order of names, with its path and text; unreadable ones and
 * ones above JSON_EDIT_TEXT_MAX are passed over. A missing folder has none. At most 1024 files are looked at. */
typedef void json_file_visitor(void *context, const char *path, struct slice text);
void each_json_file(const char *folder, json_file_visitor *visitor, void *context);
/* Empties `text` and reads a regular file (links followed) into it; false if it cannot be, or is larger than the buffer may grow. */
bool read_small_file(const char *path, struct buffer *text);

#endif
