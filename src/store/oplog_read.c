#include "store/file.h"
#include "store/frame.h"
#include "store/oplog.h"
#include "store/oplog_name.h"
#include "store/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define WINDOW_SIZE (512 * 1024)
#define START_SIZE (sizeof FRAME_START - 1)
_Static_assert(WINDOW_SIZE > FRAME_SIZE_MAX, "every window but the last holds a whole frame");

struct reader {
    int ops_folder, descriptor;
    const char *name;
    char *window;          /* WINDOW_SIZE and room for a FRAME_START */
    uint64_t base;         /* offset of the window in the log */
    uint64_t taken;        /* behind the last record that the visitor took */
    uint64_t bad, unknown; /* passed over since then, not counted yet */
    oplog_visitor *visitor;
    void *context;
    struct counters *counters;
};

/* What lies below the stored position was counted by whoever stored it. */
static void count_losses(struct reader *reader, uint64_t end)
{
    char key[OPLOG_KEY_SIZE + 1];
    bool private_file;

    if (reader->bad + reader->unknown == 0)
        return;
    if (!oplog_name_parse(reader->name, key, &private_file) || private_file || end > oplog_position_read(reader->ops_folder, key)) {
        counters_add(reader->counters, COUNTER_FRAME_BAD, reader->bad);
        counters_add(reader->counters, COUNTER_FRAME_UNKNOWN, reader->unknown);
    }
    reader->bad = reader->unknown = 0;
}

/* All frames of the window's data; *next is where to go on in it. A frame may use up a byte that is not in the log yet, hence `limit`. */
static bool read_window(struct reader *reader, struct slice data, size_t limit, size_t *next)
{
    struct slice payload;
    size_t from = *next;

    for (;;) {
        const enum frame_result result = frame_next(data, from, &payload, next);
        if (result == FRAME_PARTIAL)
            return true;
        from = *next;
        if (result == FRAME_BAD) {
            reader->bad++;
            continue;
        }
        reader->unknown += result == FRAME_UNKNOWN;
        const uint64_t end = reader->base + (from < limit ? from : limit);
        if (!reader->visitor(reader->context, payload, end))
            return false;
        count_losses(reader, end);
        reader->taken = end;
    }
}

/* Nobody is in the middle of a write to the log, and it is no longer than that. */
static bool is_quiet(const struct reader *reader, uint64_t size)
{
    struct stat status;
    if (flock(reader->descriptor, LOCK_EX | LOCK_NB) != 0)
        return false;
    const bool quiet = fstat(reader->descriptor, &status) == 0 && (uint64_t)status.st_size == size;
    flock(reader->descriptor, LOCK_UN);
    return quiet;
}

/* What is left at the end is not the beginning of a frame to come: whatever comes begins with FRAME_START. Seen so, it is torn. */
static bool read_tail(struct reader *reader, size_t length, size_t next)
{
    memcpy(reader->window + length, FRAME_START, START_SIZE);
    if (!read_window(reader, (struct slice){reader->window, length + START_SIZE}, length, &next))
        return false;
    reader->taken = reader->base + length;
    count_losses(reader, reader->taken);
    return true;
}

static bool read_all(struct reader *reader, struct error *error)
{
    for (;;) {
        size_t next = 0;
        const ssize_t count = file_read_at(reader->descriptor, reader->window, WINDOW_SIZE, reader->base);
        if (count < 0)
            return error_set_errno(error, "cannot read op log %s", reader->name);
        const size_t length = (size_t)count;
        if (!read_window(reader, (struct slice){reader->window, length}, length, &next))
            return false;
        if (length == WINDOW_SIZE) {
            reader->base += next;
            continue;
        }
        const uint64_t size = reader->base + length;
        return reader->taken >= size || !is_quiet(reader, size) || read_tail(reader, length, next);
    }
}

bool oplog_read(int ops_folder, const char *name, uint64_t *offset, oplog_visitor *visitor, void *context, struct counters *counters,
                struct error *error)
{
    struct reader reader = {.ops_folder = ops_folder,
                            .name = name,
                            .base = *offset,
                            .taken = *offset,
                            .visitor = visitor,
                            .context = context,
                            .counters = counters};

    reader.descriptor = state_open_file(ops_folder, name, O_RDONLY);
    if (reader.descriptor < 0)
        return errno == ENOENT || error_set_errno(error, "cannot open op log %s", name);
    reader.window = malloc(WINDOW_SIZE + START_SIZE);
    const bool read = reader.window ? read_all(&reader, error) : error_set(error, "no memory to read op log %s", name);
    *offset = reader.taken;
    free(reader.window);
    close(reader.descriptor);
    return read;
}
