#include "store/archive.h"

#include "base/clock.h"
#include "store/archive_name.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int archive_position_compare(struct archive_position a, struct archive_position b)
{
    if (a.date != b.date)
        return a.date < b.date ? -1 : 1;
    if (a.part != b.part)
        return a.part < b.part ? -1 : 1;
    return a.offset < b.offset ? -1 : a.offset > b.offset;
}

void archive_name(uint32_t date, uint32_t part, char name[static ARCHIVE_NAME_MAX])
{
    char day[11];
    clock_format_date(date, day);
    if (part)
        snprintf(name, ARCHIVE_NAME_MAX, "%s.%u.jsonl", day, (unsigned)part);
    else
        snprintf(name, ARCHIVE_NAME_MAX, "%s.jsonl", day);
}

/* Only names that archive_name makes; everything else in the folder is somebody else's. */
static bool parse_name(const char *name, struct archive_file *file)
{
    const struct slice text = slice_of(name);
    const struct slice suffix = SLICE(".jsonl");
    uint64_t year, month, day, part = 0;
    char again[ARCHIVE_NAME_MAX];

    if (text.length < 16 || text.length >= sizeof file->name || !slice_ends_with(text, suffix) || text.data[4] != '-' || text.data[7] != '-' ||
        !slice_to_u64(slice_part(text, 0, 4), &year) || !slice_to_u64(slice_part(text, 5, 2), &month) ||
        !slice_to_u64(slice_part(text, 8, 2), &day) || month < 1 || month > 12 || day < 1 || day > 31)
        return false;
    const struct slice middle = slice_part(text, 10, text.length - 10 - suffix.length);
    if (middle.length && (middle.data[0] != '.' || !slice_to_u64(slice_part(middle, 1, middle.length), &part) || part == 0 || part > 999999))
        return false;
    file->date = (uint32_t)(year * 10000 + month * 100 + day);
    file->part = (uint32_t)part;
    archive_name(file->date, file->part, again);
    memcpy(file->name, name, text.length + 1);
    return strcmp(again, name) == 0;
}

static int by_place(const void *left, const void *right)
{
    const struct archive_file *a = left, *b = right;
    return archive_position_compare((struct archive_position){a->date, a->part, 0}, (struct archive_position){b->date, b->part, 0});
}

bool archive_list(int traces_folder, struct archive_file **files, size_t *count, struct error *error)
{
    size_t capacity = 0;
    struct stat status;
    const struct dirent *item;
    bool listed = true;

    *files = NULL;
    *count = 0;
    const int folder = openat(traces_folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = folder >= 0 ? fdopendir(folder) : NULL;
    if (!listing) {
        if (folder >= 0)
            close(folder);
        return error_set_errno(error, "cannot list the archive");
    }
    while ((item = readdir(listing))) {
        struct archive_file file;
        if (!parse_name(item->d_name, &file) || fstatat(traces_folder, item->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(status.st_mode))
            continue;
        file.size = (uint64_t)status.st_size;
        if (*count == capacity) {
            capacity = capacity ? 2 * capacity : 32;
            struct archive_file *larger = realloc(*files, capacity * sizeof *larger);
            if (!larger) {
                listed = error_set(error, "no memory to list the archive");
                break;
            }
            *files = larger;
        }
        (*files)[(*count)++] = file;
    }
    closedir(listing);
    if (!listed) {
        free(*files);
        *files = NULL;
        *count = 0;
    } else if (*count) {
        qsort(*files, *count, sizeof **files, by_place);
    }
    return listed;
}
