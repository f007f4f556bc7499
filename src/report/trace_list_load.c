#include "report/trace_list.h"

#include "base/clock.h"
#include "report/source.h"
#include "store/archive.h"

#include <stdlib.h>

/* A trace that began on that day or later has nothing in the archive's older files: it is as complete as it will be. */
static size_t complete_since(const struct trace_list *list, uint32_t date)
{
    size_t complete = 0;
    for (size_t i = 0; i < list->count; i++)
        complete += list->items[i].rooted && clock_utc_date(list->items[i].start) >= date;
    return complete;
}

/* What was seen without a root began before the days that were read; nobody knows when. */
static void drop_fragments(struct trace_list *list)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].rooted)
            list->items[kept++] = list->items[i];
    list->count = kept;
}

/* From the newest day back. That newer spans come before older ones does not matter to a list. */
static bool load_newest(struct trace_list *list, const struct state *state, size_t newest, struct error *error)
{
    struct archive_file *files = NULL;
    size_t count = 0;
    bool loaded = archive_list(state->folders[STATE_TRACES], &files, &count, error);

    while (loaded && count > 0) {
        const uint32_t date = files[count - 1].date;
        const struct source_lines day = {.from_date = date, .to_date = date};
        loaded = source_archive(state, day, trace_list_add, list, error);
        while (count > 0 && files[count - 1].date == date)
            count--;
        if (complete_since(list, date) >= newest)
            break;
    }
    if (count > 0)
        drop_fragments(list);
    free(files);
    return loaded;
}

/* JSON writes these, and only these for certain, as they are. */
static bool stands_for_itself(struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        const char c = text.data[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && c != '-' && c != '_' && c != '.')
            return false;
    }
    return true;
}

bool trace_list_load(struct trace_list *list, const struct state *state, uint64_t now, struct trace_list_scope scope, struct error *error)
{
    struct source_lines wanted = {.containing = scope.containing};
    if (!stands_for_itself(wanted.containing))
        wanted.containing = (struct slice){NULL, 0};
    list->skipped = (struct source_skipped){.count = 0};
    const bool loaded = source_logs(state, NULL, now, trace_list_add, list, &list->skipped, error) &&
                        (scope.newest ? load_newest(list, state, scope.newest, error)
                                      : source_archive(state, wanted, trace_list_add, list, error));
    trace_list_sort(list);
    return loaded;
}
