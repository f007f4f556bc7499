#include "store/archive_files.h"

#include "base/clock.h"
#include "store/file.h"

#include <stdlib.h>
#include <string.h>

#define EXTENSION ".jsonl"
#define DATE_SIZE 10

static int compare(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

int archive_position_compare(struct archive_position a, struct archive_position b)
{
    const int date = compare(a.date, b.date), part = compare(a.part, b.part);
    return date ? date : part ? part : compare(a.offset, b.offset);
}

void archive_file_name(uint32_t date, uint32_t part, char name[static ARCHIVE_NAME_MAX])
{
    struct buffer text;
    buffer_init_fixed(&text, name, ARCHIVE_NAME_MAX);
    buffer_append_format(&text, "%04u-%02u-%02u", date / 10000, date / 100 % 100, date % 100);
    if (part)
        buffer_append_format(&text, ".%u", part);
    buffer_append_text(&text, EXTENSION);
    if (!buffer_text(&text))
        name[0] = '\0';
}

/* Only names that archive_file_name() makes. */
static bool parse_name(const char *name, struct archive_file *file)
{
    const struct slice text = slice_of(name);
    uint64_t year, month, day, part = 0;
    size_t end;

    if (text.length >= sizeof file->name || !slice_ends_with(text, SLICE(EXTENSION)) || !slice_to_u64(slice_part(text, 0, 4), &year) ||
        !slice_to_u64(slice_part(text, 5, 2), &month) || !slice_to_u64(slice_part(text, 8, 2), &day))
        return false;
    end = text.length - (sizeof EXTENSION - 1);
    if (end > DATE_SIZE && (!slice_to_u64(slice_part(text, DATE_SIZE + 1, end - DATE_SIZE - 1), &part) || part > UINT32_MAX))
        return false;
    file->date = (uint32_t)(year * 10000 + month * 100 + day);
    file->part = (uint32_t)part;
    archive_file_name(file->date, file->part, file->name);
    return strcmp(file->name, name) == 0;
}

static int compare_files(const void *a, const void *b)
{
    const struct archive_file *left = a, *right = b;
    const int date = compare(left->date, right->date);
    return date ? date : compare(left->part, right->part);
}

static bool add_file(struct archive_file **files, size_t *count, const struct archive_file *file)
{
    struct archive_file *larger = realloc(*files, (*count + 1) * sizeof *larger);
    if (!larger)
        return false;
    larger[(*count)++] = *file;
    *files = larger;
    return true;
}

bool archive_list(int traces_folder, struct archive_file **files, size_t *count, struct error *error)
{
    struct archive_file *found = NULL, file;
    size_t used = 0;
    const struct dirent *item;
    struct stat status;
    bool listed = true;

    *files = NULL;
    *count = 0;
    DIR *listing = file_list(traces_folder);
    if (!listing)
        return error_set_errno(error, "cannot list the archive");
    while (listed && (item = readdir(listing))) {
        if (!parse_name(item->d_name, &file) || !file_is_ours(traces_folder, item->d_name, &status))
            continue;
        file.size = (uint64_t)status.st_size;
        listed = add_file(&found, &used, &file);
    }
    closedir(listing);
    if (!listed) {
        free(found);
        return error_set(error, "no memory to list the archive");
    }
    if (used)
        qsort(found, used, sizeof *found, compare_files);
    *files = found;
    *count = used;
    return true;
}

bool archive_is_ahead(const struct archive_file *file, uint64_t now)
{
    return file->date > clock_utc_date(now + ARCHIVE_AHEAD_DAYS * 86400 * NANOSECONDS_PER_SECOND);
}

bool archive_file_from(const struct archive_file *file, struct archive_position position, uint64_t *offset)
{
    const struct archive_position start = {file->date, file->part, 0};
    *offset = 0;
    if (file->date == position.date && file->part == position.part)
        *offset = position.offset;
    else if (archive_position_compare(start, position) < 0)
        return false;
    return true;
}
