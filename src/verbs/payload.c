#include "verbs/payload.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static char first_piece[PAYLOAD_FIRST_MAX], piece[64 * 1024];

/* Milliseconds left, rounded up. */
static int left(uint64_t deadline)
{
    const uint64_t now = clock_since_boot();
    return now >= deadline ? 0 : (int)((deadline - now + NANOSECONDS_PER_MILLISECOND - 1) / NANOSECONDS_PER_MILLISECOND);
}

enum payload_state payload_read(struct payload *payload, unsigned silence_milliseconds)
{
    const uint64_t start = clock_since_boot();
    const uint64_t deadline = start + PAYLOAD_DEADLINE_MS * NANOSECONDS_PER_MILLISECOND;
    const uint64_t silence = start + silence_milliseconds * NANOSECONDS_PER_MILLISECOND;
    enum json_scan_result result = JSON_SCAN_MORE;
    bool ended = false;

    payload->first = (struct slice){first_piece, 0};
    for (;;) {
        struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
        const bool nothing_yet = payload->first.length == 0;
        const int ready = poll(&input, 1, result == JSON_SCAN_DONE ? 0 : left(nothing_yet ? silence : deadline));
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            break;
        /* The first piece stays as it is; all others share one. */
        char *target = nothing_yet ? first_piece : piece;
        const ssize_t length = read(STDIN_FILENO, target, sizeof piece);
        if (length < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (length <= 0) {
            ended = true;
            break;
        }
        if (nothing_yet)
            payload->first.length = (size_t)length;
        result = json_scan_feed(&payload->scan, (struct slice){target, (size_t)length});
        if (clock_since_boot() >= deadline)
            break;
    }
    if (payload->first.length == 0)
        return ended ? PAYLOAD_EMPTY : PAYLOAD_SILENT;
    if (ended)
        result = json_scan_end(&payload->scan);
    if (result == JSON_SCAN_DONE)
        return PAYLOAD_COMPLETE;
    if (ended && payload->scan.bytes == payload->first.length && slice_trim(payload->first).length == 0)
        return PAYLOAD_EMPTY;
    return result == JSON_SCAN_MORE ? PAYLOAD_LATE : PAYLOAD_BAD;
}
