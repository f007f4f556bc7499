#include "report/axis.h"

#include "base/clock.h"

#include <stdlib.h>

#define IDLE_BEFORE_PROMPT (5 * NANOSECONDS_PER_SECOND)
#define IDLE_ANYWHERE (600 * NANOSECONDS_PER_SECOND)
#define BREAK_SHARE 4        /* a gap longer than 1/4 of the time that is not idle */
#define BREAKS_COLUMN_SHARE 3 /* at most 1/3 of the columns */

static int by_start(const void *a, const void *b)
{
    const struct axis_busy *first = a, *second = b;
    if (first->from != second->from)
        return first->from < second->from ? -1 : 1;
    /* A prompt at the same moment comes first, so that the gap before both counts as one before a prompt. */
    return second->prompt - first->prompt;
}

static bool is_idle(struct axis_gap gap, bool before_prompt)
{
    return gap.to - gap.from >= (before_prompt ? IDLE_BEFORE_PROMPT : IDLE_ANYWHERE);
}

/* Collects the idle gaps into axis->breaks, which has room for count + 1. */
static void find_idle(struct axis *axis, const struct axis_busy *busy, size_t count)
{
    uint64_t covered = axis->start;
    for (size_t i = 0; i <= count; i++) {
        const struct axis_gap gap = {covered, i < count ? busy[i].from : axis->end};
        if (gap.to > gap.from && is_idle(gap, i == count || busy[i].prompt))
            axis->breaks[axis->break_count++] = gap;
        if (i < count && busy[i].to > covered)
            covered = busy[i].to;
    }
}

static void keep_long_ones(struct axis *axis)
{
    uint64_t idle = 0;
    size_t kept = 0;
    for (size_t i = 0; i < axis->break_count; i++)
        idle += axis->breaks[i].to - axis->breaks[i].from;
    const uint64_t limit = (axis->end - axis->start - idle) / BREAK_SHARE;
    for (size_t i = 0; i < axis->break_count; i++) {
        const struct axis_gap gap = axis->breaks[i];
        if (gap.to - gap.from <= limit)
            continue;
        axis->breaks[kept++] = gap;
        axis->left_out += gap.to - gap.from;
    }
    axis->break_count = kept;
}

bool axis_make(struct axis *axis, uint64_t start, uint64_t end, struct axis_busy *busy, size_t count, unsigned columns)
{
    *axis = (struct axis){.start = start, .end = end > start ? end : start, .columns = columns};
    axis->breaks = calloc(count + 1, sizeof *axis->breaks);
    if (!axis->breaks)
        return false;
    if (count)
        qsort(busy, count, sizeof *busy, by_start);
    find_idle(axis, busy, count);
    keep_long_ones(axis);

    double for_breaks = (double)axis->break_count;
    if (for_breaks > columns / (double)BREAKS_COLUMN_SHARE)
        for_breaks = columns / (double)BREAKS_COLUMN_SHARE;
    axis->break_columns = axis->break_count ? for_breaks / (double)axis->break_count : 0;
    axis->unit = (double)(axis->end - axis->start - axis->left_out) / (columns - for_breaks);
    return true;
}

void axis_free(struct axis *axis)
{
    free(axis->breaks);
    axis->breaks = NULL;
}

unsigned axis_column(const struct axis *axis, uint64_t time)
{
    double columns = 0;
    uint64_t shown;

    if (time <= axis->start)
        return 0;
    if (time > axis->end)
        time = axis->end;
    shown = time - axis->start;
    for (size_t i = 0; i < axis->break_count && axis->breaks[i].from < time; i++) {
        const struct axis_gap gap = axis->breaks[i];
        const uint64_t inside = (time < gap.to ? time : gap.to) - gap.from;
        shown -= inside;
        columns += axis->break_columns * ((double)inside / (double)(gap.to - gap.from));
    }
    columns += axis->unit > 0 ? (double)shown / axis->unit : 0;
    return columns >= axis->columns ? axis->columns - 1 : (unsigned)columns;
}
