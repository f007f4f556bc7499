#include "agents/text_diff.h"

#include <stdlib.h>

#define CONTEXT 3

struct lines {
    struct slice *items; /* with their newline */
    size_t count;
};

static bool split(struct slice text, struct lines *lines)
{
    size_t count = text.length && text.data[text.length - 1] != '\n';
    for (size_t i = 0; i < text.length; i++)
        count += text.data[i] == '\n';
    *lines = (struct lines){.items = calloc(count + 1, sizeof(*lines->items)), .count = 0};
    if (!lines->items)
        return false;
    for (size_t from = 0; from < text.length;) {
        size_t to = from;
        while (to < text.length && text.data[to] != '\n')
            to++;
        to += to < text.length;
        lines->items[lines->count++] = slice_part(text, from, to - from);
        from = to;
    }
    return true;
}

/* kept[i]: the line i of `a` that stands in `b` too, in an order common to both; found by longest common subsequence. */
struct match {
    bool *kept_a, *kept_b;
};

static bool match_middle(const struct lines *a, const struct lines *b, size_t head, size_t tail, struct match *match)
{
    const size_t rows = a->count - head - tail, columns = b->count - head - tail;
    if (rows == 0 || columns == 0 || rows > TEXT_DIFF_LINES_MAX || columns > TEXT_DIFF_LINES_MAX)
        return true;
    const size_t width = columns + 1;
    uint16_t *length = calloc((rows + 1) * width, sizeof(*length));
    if (!length)
        return false;
    for (size_t i = rows; i-- > 0;) {
        for (size_t k = columns; k-- > 0;) {
            const uint16_t below = length[(i + 1) * width + k], right = length[i * width + k + 1];
            length[i * width + k] = slice_equal(a->items[head + i], b->items[head + k]) ? (uint16_t)(length[(i + 1) * width + k + 1] + 1)
                                    : below > right                                     ? below
                                                                                        : right;
        }
    }
    for (size_t i = 0, k = 0; i < rows && k < columns;) {
        if (slice_equal(a->items[head + i], b->items[head + k]))
            match->kept_a[head + i++] = match->kept_b[head + k++] = true;
        else if (length[(i + 1) * width + k] >= length[i * width + k + 1])
            i++;
        else
            k++;
    }
    free(length);
    return true;
}

static void put_line(struct buffer *out, char sign, struct slice line)
{
    buffer_append_byte(out, sign);
    const bool whole = slice_ends_with(line, SLICE("\n"));
    buffer_append_slice(out, line);
    if (!whole)
        buffer_append_text(out, "\n\\ no newline at the end\n");
}

/* Is there a change within CONTEXT lines of the kept line i of `a`, which stands at k in `b`? */
static bool near_change(const struct lines *a, const struct lines *b, const struct match *match, size_t i, size_t k)
{
    for (size_t step = 1; step <= CONTEXT; step++) {
        if (i + step < a->count && !match->kept_a[i + step])
            return true;
        if (k + step < b->count && !match->kept_b[k + step])
            return true;
    }
    for (size_t step = 1; step <= CONTEXT; step++) {
        if (i >= step && !match->kept_a[i - step])
            return true;
        if (k >= step && !match->kept_b[k - step])
            return true;
    }
    return false;
}

static void print(struct buffer *out, const struct lines *a, const struct lines *b, const struct match *match)
{
    bool open = false;
    for (size_t i = 0, k = 0; i < a->count || k < b->count;) {
        const bool same = i < a->count && k < b->count && match->kept_a[i] && match->kept_b[k];
        if (same && !near_change(a, b, match, i, k)) {
            open = false;
            i++;
            k++;
            continue;
        }
        if (!open)
            buffer_append_format(out, "@@ line %zu @@\n", k + 1);
        open = true;
        if (same) {
            put_line(out, ' ', a->items[i]);
            i++;
            k++;
        } else if (i < a->count && !match->kept_a[i]) {
            put_line(out, '-', a->items[i++]);
        } else {
            put_line(out, '+', b->items[k++]);
        }
    }
}

void text_diff(struct buffer *out, struct slice before, struct slice after)
{
    struct lines a = {0}, b = {0};
    struct match match = {0};
    if (slice_equal(before, after))
        return;
    bool good = split(before, &a) && split(after, &b);
    if (good) {
        match.kept_a = calloc(a.count + 1, sizeof(bool));
        match.kept_b = calloc(b.count + 1, sizeof(bool));
        good = match.kept_a && match.kept_b;
    }
    if (good) {
        size_t head = 0, tail = 0;
        while (head < a.count && head < b.count && slice_equal(a.items[head], b.items[head])) {
            match.kept_a[head] = match.kept_b[head] = true;
            head++;
        }
        while (tail < a.count - head && tail < b.count - head && slice_equal(a.items[a.count - 1 - tail], b.items[b.count - 1 - tail])) {
            tail++;
            match.kept_a[a.count - tail] = match.kept_b[b.count - tail] = true;
        }
        good = match_middle(&a, &b, head, tail, &match);
    }
    if (good)
        print(out, &a, &b, &match);
    else
        out->failed = true;
    free(match.kept_a);
    free(match.kept_b);
    free(a.items);
    free(b.items);
}
