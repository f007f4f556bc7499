/* The frame reader of the op log on any bytes: it stays inside them, always advances, invents nothing, and finds a whole record behind
 * whatever damage there is. The bytes are read at once, and again cut where the first byte says, as when a log grows while it is read. */
#include "store/frame.h"

#include "fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define PROBE "{\"probe\":1}"

static void require(bool condition)
{
    if (!condition)
        abort();
}

struct reading {
    size_t from;    /* where to go on */
    size_t records;
    struct slice last;
};

/* To the end of what there is; the slices point into `data`. */
static void read_on(struct slice data, struct reading *reading)
{
    for (;;) {
        struct slice payload;
        size_t next = 0;
        const enum frame_result result = frame_next(data, reading->from, &payload, &next);
        if (result == FRAME_PARTIAL) {
            require(next >= reading->from && next <= data.length && data.length - next < FRAME_SIZE_MAX);
            reading->from = next;
            return;
        }
        require(next > reading->from && next <= data.length);
        if (result == FRAME_RECORD) {
            require(payload.length > 0 && payload.length <= FRAME_PAYLOAD_MAX);
            require(payload.data >= data.data + reading->from && payload.data + payload.length < data.data + next);
            require(memchr(payload.data, '\n', payload.length) == NULL);
            reading->records++;
            reading->last = payload;
        } else {
            require(payload.length == 0);
        }
        reading->from = next;
    }
}

/* A copy that ends where its memory ends. */
static struct slice copy_of(struct slice data)
{
    char *copy = malloc(data.length ? data.length : 1);
    require(copy != NULL);
    if (data.length)
        memcpy(copy, data.data, data.length);
    return (struct slice){copy, data.length};
}

static void free_copy(struct slice copy)
{
    free((void *)(uintptr_t)copy.data);
}

static size_t read_whole(struct slice data)
{
    struct reading reading = {0};
    const struct slice copy = copy_of(data);
    read_on(copy, &reading);
    free_copy(copy);
    return reading.records;
}

/* What is there in a first look is not lost by a second one at more. */
static size_t read_in_two(struct slice data, size_t cut)
{
    struct reading reading = {0};
    const struct slice first = copy_of(slice_part(data, 0, cut)), whole = copy_of(data);
    read_on(first, &reading);
    read_on(whole, &reading);
    free_copy(first);
    free_copy(whole);
    return reading.records;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const struct slice data = {(const char *)bytes, size};
    struct reading reading = {0};
    struct buffer log;

    const size_t records = read_whole(data);
    const size_t cut = size ? size * bytes[0] / 255 : 0;
    require(read_in_two(data, cut) >= records);

    buffer_init(&log, size + FRAME_SIZE_MAX);
    buffer_append_slice(&log, data);
    require(frame_append(&log, SLICE(PROBE)));
    const struct slice whole = copy_of(buffer_slice(&log));
    read_on(whole, &reading);
    require(reading.records > records && slice_equal(reading.last, SLICE(PROBE)) && reading.from == whole.length);
    free_copy(whole);
    buffer_free(&log);
    return 0;
}
