/* Which column of a waterfall a moment stands in. Time runs evenly, but for idle gaps that would squeeze everything else: between two
 * turns lies the time in which the user thought, slept or was elsewhere. Such a gap is drawn as a break of about one column.
 *
 * Idle is the time in which no span runs, if it is at least 5 s long and ends with a prompt or with the trace, or is at least 10 min
 * long wherever it lies (a suspended machine). What runs in a turn without a span, the model's own time, is never cut short of that.
 * An idle gap becomes a break if it is longer than a quarter of all time that is not idle. Breaks together take at most a third of the
 * columns. All of this follows from the spans alone, so the same trace always gives the same picture. */
#ifndef SPANHOOK_REPORT_AXIS_H
#define SPANHOOK_REPORT_AXIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A stretch of time in which something ran; a point where from == to. */
struct axis_busy {
    uint64_t from, to; /* ns */
    bool prompt;       /* it begins with the user's prompt */
};

struct axis_gap {
    uint64_t from, to;
};

struct axis {
    uint64_t start, end;
    unsigned columns;
    struct axis_gap *breaks; /* in order */
    size_t break_count;
    uint64_t left_out;       /* ns of all breaks together */
    double unit;             /* ns of a column, breaks aside */
    double break_columns;    /* of each break */
};

/* For time from `start` to `end` in `columns` (at least 1). Sorts `busy`. False if memory is short; release with axis_free. */
bool axis_make(struct axis *axis, uint64_t start, uint64_t end, struct axis_busy *busy, size_t count, unsigned columns);
void axis_free(struct axis *axis);
/* 0 to columns - 1; times outside are clipped. */
unsigned axis_column(const struct axis *axis, uint64_t time);

#endif
