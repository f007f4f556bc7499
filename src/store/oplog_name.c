#include "store/oplog_name.h"

#include "base/buffer.h"
#include "store/file.h"

#include <string.h>

#define PRIVATE_PREFIX "p-"
#define PRIVATE_DIGITS 16

void oplog_name(const char *key, const char *extension, char name[static OPLOG_NAME_MAX])
{
    struct buffer text;
    buffer_init_fixed(&text, name, OPLOG_NAME_MAX);
    buffer_append_text(&text, key);
    buffer_append_text(&text, extension);
    /* A key that is none makes a name that is none: opening it fails. */
    if (!buffer_text(&text))
        name[0] = '\0';
}

static bool take_key(struct slice text, char key[static OPLOG_KEY_SIZE + 1])
{
    if (text.length != OPLOG_KEY_SIZE || !file_is_hex(text))
        return false;
    memcpy(key, text.data, OPLOG_KEY_SIZE);
    key[OPLOG_KEY_SIZE] = '\0';
    return true;
}

static bool cut_extension(struct slice *text, struct slice extension)
{
    if (!slice_ends_with(*text, extension))
        return false;
    text->length -= extension.length;
    return true;
}

bool oplog_name_parse(const char *name, char key[static OPLOG_KEY_SIZE + 1], bool *private_file)
{
    struct slice text = slice_of(name);
    if (!cut_extension(&text, SLICE(".log")))
        return false;
    *private_file = slice_starts_with(text, SLICE(PRIVATE_PREFIX));
    if (!*private_file)
        return take_key(text, key);
    const struct slice rest = slice_part(text, sizeof PRIVATE_PREFIX - 1, text.length);
    const struct slice digits = slice_part(rest, OPLOG_KEY_SIZE + 1, rest.length);
    return rest.length == OPLOG_KEY_SIZE + 1 + PRIVATE_DIGITS && rest.data[OPLOG_KEY_SIZE] == '-' && file_is_hex(digits) &&
           take_key(slice_part(rest, 0, OPLOG_KEY_SIZE), key);
}

bool oplog_name_parse_position(const char *name, char key[static OPLOG_KEY_SIZE + 1])
{
    struct slice text = slice_of(name);
    return cut_extension(&text, SLICE(".pos")) && take_key(text, key);
}
