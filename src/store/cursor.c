#include "store/cursor.h"

#include "base/hash.h"
#include "store/file.h"
#include "store/slots.h"
#include "store/state.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Behind the slots, each a line padded with blanks: the URL, then the reason. */
#define URL_AT SLOTS_SIZE
#define URL_SIZE sizeof(((struct cursor_file *)NULL)->url)
#define REASON_AT (URL_AT + URL_SIZE)
#define REASON_SIZE sizeof(((struct cursor *)NULL)->reason)
#define FILE_SIZE (REASON_AT + REASON_SIZE)
#define NAME_DIGITS 16

static void name_of_url(const char *url, char name[static NAME_DIGITS + 1])
{
    uint8_t digest[SHA256_SIZE];
    struct buffer text;
    hash_sha256(slice_of(url), digest);
    buffer_init_fixed(&text, name, NAME_DIGITS + 1);
    buffer_append_hex(&text, digest, NAME_DIGITS / 2);
    name[NAME_DIGITS] = '\0';
}

static void copy_text(char *target, size_t size, struct slice text)
{
    const size_t length = text.length < size ? text.length : size - 1;
    if (length)
        memcpy(target, text.data, length);
    target[length] = '\0';
}

void cursor_name(struct cursor_file *file, int cursors_folder, const char *url)
{
    file->folder = cursors_folder;
    name_of_url(url, file->name);
    copy_text(file->url, sizeof file->url, slice_of(url));
}

/* ---- the file ------------------------------------------------------------------------------------------------------------------ */

static struct slice read_file(int descriptor, char storage[static FILE_SIZE])
{
    const ssize_t count = file_read_at(descriptor, storage, FILE_SIZE, 0);
    return (struct slice){storage, count < 0 ? 0 : (size_t)count};
}

static struct slice read_line(struct slice data, size_t at, size_t size)
{
    struct slice line = slice_part(data, at, size);
    size_t end;
    /* Damage must not reach a terminal. */
    for (end = 0; end < line.length && (unsigned char)line.data[end] >= ' ' && line.data[end] != 0x7f; end++)
        continue;
    return slice_trim(slice_part(line, 0, end));
}

static bool write_line(int descriptor, struct slice data, size_t at, size_t size, const char *text)
{
    char line[URL_SIZE > REASON_SIZE ? URL_SIZE : REASON_SIZE];
    struct slice content = slice_of(text);

    if (content.length > size - 1)
        content.length = size - 1;
    memset(line, ' ', size);
    if (content.length)
        memcpy(line, content.data, content.length);
    line[size - 1] = '\n';
    return slice_equal(slice_part(data, at, size), (struct slice){line, size}) || file_write_at(descriptor, line, size, at);
}

static bool decode(struct slice text, const char *name, struct cursor *cursor)
{
    uint64_t date = 0, part = 0;
    struct cursor found = {.sequence = 0};

    /* The name, so that a file copied from another destination is not believed. */
    if (!slice_starts_with(text, slice_of(name)))
        return false;
    text = slice_part(text, NAME_DIGITS, text.length);
    uint64_t *const numbers[] = {&date,           &part,          &found.position.offset, &found.sent,
                                 &found.rejected, &found.dropped, &found.failures,        &found.last_success};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (!slot_take_number(&text, numbers[i]))
            return false;
    /* Later additions: a slot without them is as good. */
    if (!slot_take_number(&text, &found.not_before) || !slot_take_number(&text, &found.retry_after))
        found.not_before = found.retry_after = 0;
    if (date > UINT32_MAX || part > UINT32_MAX)
        return false;
    found.position.date = (uint32_t)date;
    found.position.part = (uint32_t)part;
    *cursor = found;
    return true;
}

static void encode(const struct cursor *cursor, const char *name, struct buffer *text)
{
    const uint64_t numbers[] = {cursor->position.date, cursor->position.part, cursor->position.offset, cursor->sent,
                                cursor->rejected,      cursor->dropped,       cursor->failures,        cursor->last_success,
                                cursor->not_before,    cursor->retry_after};
    buffer_append_text(text, name);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        buffer_append_byte(text, ' ');
        buffer_append_u64(text, numbers[i]);
    }
}

/* ---- the interface ------------------------------------------------------------------------------------------------------------- */

void cursor_load(const struct cursor_file *file, struct cursor *cursor)
{
    char storage[FILE_SIZE];

    memset(cursor, 0, sizeof *cursor);
    const int descriptor = state_open_file(file->folder, file->name, O_RDONLY);
    if (descriptor < 0)
        return;
    const struct slice data = read_file(descriptor, storage);
    close(descriptor);
    const struct slot slot = slots_find(data);
    if (!slot.sequence || !decode(slot.text, file->name, cursor))
        return;
    cursor->sequence = slot.sequence;
    copy_text(cursor->reason, sizeof cursor->reason, read_line(data, REASON_AT, REASON_SIZE));
}

bool cursor_store(const struct cursor_file *file, struct cursor *cursor)
{
    char storage[FILE_SIZE], line[SLOT_TEXT_MAX];
    struct buffer text;

    const int descriptor = state_open_file(file->folder, file->name, O_RDWR | O_CREAT);
    if (descriptor < 0)
        return false;
    const struct slice data = read_file(descriptor, storage);
    const uint64_t there = slots_find(data).sequence;
    const uint64_t sequence = (there > cursor->sequence ? there : cursor->sequence) + 1;
    buffer_init_fixed(&text, line, sizeof line);
    encode(cursor, file->name, &text);
    const bool stored = !text.failed && slots_write(descriptor, sequence, buffer_slice(&text));
    if (stored) {
        cursor->sequence = sequence;
        write_line(descriptor, data, URL_AT, URL_SIZE, file->url);
        write_line(descriptor, data, REASON_AT, REASON_SIZE, cursor->reason);
    }
    close(descriptor);
    return stored;
}

/* False for what is no cursor. */
static bool identify(int cursors_folder, const char *name, struct cursor_file *file)
{
    char storage[FILE_SIZE], expected[NAME_DIGITS + 1];
    const struct slice text = slice_of(name);

    if (text.length != NAME_DIGITS || !file_is_hex(text))
        return false;
    const int descriptor = state_open_file(cursors_folder, name, O_RDONLY);
    if (descriptor < 0)
        return false;
    memset(file, 0, sizeof *file);
    file->folder = cursors_folder;
    copy_text(file->name, sizeof file->name, text);
    copy_text(file->url, sizeof file->url, read_line(read_file(descriptor, storage), URL_AT, URL_SIZE));
    close(descriptor);
    /* A URL that was lost or cut says nothing; the name does. */
    name_of_url(file->url, expected);
    if (strcmp(expected, name) != 0 && strlen(file->url) < sizeof file->url - 1)
        file->url[0] = '\0';
    return true;
}

bool cursor_list(int cursors_folder, struct cursor_file **files, size_t *count)
{
    struct cursor_file *found = NULL, file;
    size_t used = 0;
    const struct dirent *item;
    bool listed = true;

    *files = NULL;
    *count = 0;
    DIR *listing = file_list(cursors_folder);
    if (!listing)
        return false;
    while (listed && (item = readdir(listing))) {
        if (!identify(cursors_folder, item->d_name, &file))
            continue;
        struct cursor_file *larger = realloc(found, (used + 1) * sizeof *larger);
        listed = larger != NULL;
        if (listed) {
            found = larger;
            found[used++] = file;
        }
    }
    closedir(listing);
    if (!listed) {
        free(found);
        return false;
    }
    *files = found;
    *count = used;
    return true;
}
