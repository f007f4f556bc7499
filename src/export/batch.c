#include "export/batch.h"

#include "export/sender.h"
#include "otlp/otlp_json.h"

enum { LINE_SIZE_MAX = ARCHIVE_LINE_MAX };

void batch_init(struct batch *batch)
{
    *batch = (struct batch){0};
    buffer_init(&batch->lines, SENDER_BATCH_BYTES + 2UL * LINE_SIZE_MAX);
    buffer_init(&batch->body, 2 * (SENDER_BATCH_BYTES + 2UL * LINE_SIZE_MAX));
}

void batch_free(struct batch *batch)
{
    buffer_free(&batch->lines);
    buffer_free(&batch->body);
}

static bool next_line(struct slice lines, size_t *position, struct slice *line)
{
    size_t end;
    if (*position >= lines.length)
        return false;
    if (!slice_find(lines, SLICE("\n"), *position, &end))
        end = lines.length;
    *line = slice_part(lines, *position, end - *position);
    *position = end + 1;
    return true;
}

/* Puts the lines into the body; *added is how many went in before one that does not go. */
static bool build_body(struct batch *batch, size_t *added)
{
    struct otlp_json_batch request;
    struct slice line;
    size_t position = 0;
    *added = 0;
    buffer_clear(&batch->body);
    otlp_json_batch_begin(&request, &batch->body);
    while (next_line(buffer_slice(&batch->lines), &position, &line)) {
        if (!otlp_json_batch_add(&request, line))
            return false;
        (*added)++;
    }
    return otlp_json_batch_end(&request);
}

static bool count_span(void *context, const struct resource *resource, const struct span *span)
{
    (void)resource;
    (void)span;
    ++*(uint64_t *)context;
    return true;
}

/* Our own lines hold one span each, but others may put OTLP files into the archive; so each line is read. That costs far less than sending
 * it. */
static uint64_t count_spans(struct slice lines)
{
    struct buffer text;
    struct slice line;
    uint64_t total = 0;
    size_t position = 0;
    buffer_init(&text, 4UL * LINE_SIZE_MAX);
    while (next_line(lines, &position, &line)) {
        uint64_t spans = 0;
        unsigned skipped = 0;
        buffer_clear(&text);
        if (otlp_json_decode(line, &text, count_span, &spans, &skipped))
            total += spans + skipped;
        else
            total++;
    }
    buffer_free(&text);
    return total;
}

bool batch_load(struct batch *batch, int traces_folder, struct archive_position from, size_t maximum_lines, struct error *error)
{
    size_t added = 0;
    batch->unreadable = false;
    for (;;) {
        batch->end = from;
        buffer_clear(&batch->lines);
        if (!archive_read(traces_folder, &batch->end, &batch->lines, maximum_lines, SENDER_BATCH_BYTES, &batch->count, error))
            return false;
        if (batch->count == 0 || build_body(batch, &added) || added == 0)
            break;
        /* read again up to the line that does not go: only the archive knows the place behind each line */
        maximum_lines = added;
    }
    if (batch->count > 0 && added == 0) {
        if (batch->body.failed)
            return error_set(error, "no memory for a request");
        batch->unreadable = true;
        if (batch->count > 1) {
            batch->end = from;
            buffer_clear(&batch->lines);
            if (!archive_read(traces_folder, &batch->end, &batch->lines, 1, SENDER_BATCH_BYTES, &batch->count, error))
                return false;
        }
    }
    batch->spans = count_spans(buffer_slice(&batch->lines));
    return true;
}
