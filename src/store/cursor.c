#include "store/cursor.h"

#include "base/hash.h"
#include "store/slots.h"
#include "store/state.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXTRA_MAX (1024 + 256 + 4)

static void copy_text(char *target, size_t size, const char *source)
{
    const size_t length = strnlen(source, size - 1);
    memcpy(target, source, length);
    target[length] = '\0';
}

void cursor_name(struct cursor_file *file, int cursors_folder, const char *url)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[SHA256_SIZE];
    hash_sha256(slice_of(url), digest);
    for (unsigned i = 0; i < 8; i++) {
        file->name[2 * i] = digits[digest[i] >> 4];
        file->name[2 * i + 1] = digits[digest[i] & 0xf];
    }
    file->name[16] = '\0';
    file->folder = cursors_folder;
    copy_text(file->url, sizeof file->url, url);
}

/* Blank-separated decimal numbers; false unless there are exactly that many. */
static bool read_numbers(const char *text, uint64_t *numbers, unsigned count)
{
    const struct slice value = slice_of(text);
    size_t at = 0;
    for (unsigned i = 0; i < count; i++) {
        size_t blank;
        if (!slice_find(value, SLICE(" "), at, &blank))
            blank = value.length;
        if (!slice_to_u64(slice_part(value, at, blank - at), &numbers[i]))
            return false;
        at = blank + 1;
    }
    return at > value.length;
}

/* What stands behind the slots: the URL, and why the last attempt failed. */
static void read_extra(int folder, const char *name, char url[static 1024], char reason[static 256])
{
    char extra[EXTRA_MAX + 1];
    const int file = state_open_file(folder, name, O_RDONLY);
    const ssize_t length = file >= 0 ? pread(file, extra, EXTRA_MAX, (off_t)slots_size) : -1;

    url[0] = reason[0] = '\0';
    if (file >= 0)
        close(file);
    if (length <= 0)
        return;
    extra[length] = '\0';
    char *end = strchr(extra, '\n');
    if (!end)
        return;
    *end = '\0';
    copy_text(url, 1024, extra);
    char *second = end + 1;
    end = strchr(second, '\n');
    if (end)
        *end = '\0';
    copy_text(reason, 256, second);
}

void cursor_load(const struct cursor_file *file, struct cursor *cursor)
{
    char text[SLOT_TEXT_MAX], url[1024];
    uint64_t numbers[8], sequence = 0;

    memset(cursor, 0, sizeof *cursor);
    if (!slots_read(file->folder, file->name, text, &sequence))
        return;
    cursor->sequence = sequence;
    if (!read_numbers(text, numbers, 8) || numbers[0] > UINT32_MAX || numbers[1] > UINT32_MAX)
        return;
    cursor->position = (struct archive_position){(uint32_t)numbers[0], (uint32_t)numbers[1], numbers[2]};
    cursor->sent = numbers[3];
    cursor->rejected = numbers[4];
    cursor->dropped = numbers[5];
    cursor->failures = numbers[6];
    cursor->last_success = numbers[7];
    read_extra(file->folder, file->name, url, cursor->reason);
}

bool cursor_store(const struct cursor_file *file, struct cursor *cursor)
{
    char text[SLOT_TEXT_MAX], extra[EXTRA_MAX];
    char reason[sizeof cursor->reason];

    copy_text(reason, sizeof reason, cursor->reason);
    for (char *c = reason; *c; c++)
        if (*c == '\n')
            *c = ' ';
    snprintf(text, sizeof text,
             "%" PRIu32 " %" PRIu32 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, cursor->position.date,
             cursor->position.part, cursor->position.offset, cursor->sent, cursor->rejected, cursor->dropped, cursor->failures,
             cursor->last_success);
    snprintf(extra, sizeof extra, "%s\n%s\n", file->url, reason);
    return slots_write(file->folder, file->name, text, &cursor->sequence, extra);
}

static bool is_cursor_name(struct slice name)
{
    if (name.length != 16)
        return false;
    for (size_t i = 0; i < name.length; i++)
        if (!((name.data[i] >= '0' && name.data[i] <= '9') || (name.data[i] >= 'a' && name.data[i] <= 'f')))
            return false;
    return true;
}

bool cursor_list(int cursors_folder, struct cursor_file **files, size_t *count)
{
    const struct dirent *item;
    char reason[256];

    *files = NULL;
    *count = 0;
    const int folder = openat(cursors_folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = folder >= 0 ? fdopendir(folder) : NULL;
    if (!listing) {
        if (folder >= 0)
            close(folder);
        return false;
    }
    while ((item = readdir(listing))) {
        if (!is_cursor_name(slice_of(item->d_name)))
            continue;
        struct cursor_file *larger = realloc(*files, (*count + 1) * sizeof *larger);
        if (!larger)
            break;
        *files = larger;
        struct cursor_file *file = &larger[*count];
        file->folder = cursors_folder;
        copy_text(file->name, sizeof file->name, item->d_name);
        read_extra(cursors_folder, file->name, file->url, reason);
        if (file->url[0])
            ++*count;
    }
    closedir(listing);
    return true;
}
