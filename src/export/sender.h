/* The sender: moves one destination's cursor through the archive.
 *
 * It reads batches of up to SENDER_BATCH_LINES lines or SENDER_BATCH_BYTES at the cursor, posts them, and acts on the answer:
 *  2xx with a plausible OTLP answer  advance; the rejected of a partial success are counted
 *  429 502 503 504, no connection, no whole answer  keep; back off 1 s to 60 s with full jitter; Retry-After honoured up to 5 min
 *  400 413 422, other 4xx, 500 and other 5xx  never sent again as it is: halve the batch until one line is refused; see below
 *  401 403 404 405 407 408 415, 3xx, a web page with 2xx  the address or the credentials are wrong: keep, tell, try again after
 *                                   SENDER_MISDIRECTED_WAIT or at flush
 *
 * A line that is refused alone is a suspect, and the next line is sent alone. Once a later line is taken the suspects go to rejected/ and
 * are counted. When four in a row are refused, one distant line, the last of the next whole batch, is sent: if it is taken, the suspects
 * go to rejected/, as does every refused line up to it (it is not sent again). If it is refused too, the destination refuses everything,
 * and is held as one with a wrong address: nothing is set aside. Where the archive ends before that, suspects are set aside if there is
 * only one, or if any line has been taken since the archive was last sent whole; else the destination is held. So a poisonous line costs
 * itself, and a destination that takes nothing costs nothing but the requests: at most about 15, then 5 every SENDER_MISDIRECTED_WAIT.
 *
 * An answer whose head is whole but whose body was given up (too slow, too large, badly framed) counts by its status: a JSON 2xx advances,
 * a 5xx is kept. One whose connection broke is kept.
 *
 * Back-off and Retry-After are stored with the cursor: the next process waits as well, unless that moment is over 5 min ahead.
 *
 * The cursor is stored after each batch; a crash in between repeats spans with the same ids. Halving is remembered in memory only: after a
 * success the next batch is twice as large again, after a refused line it stays at one line until something is taken. */
#ifndef SPANHOOK_EXPORT_SENDER_H
#define SPANHOOK_EXPORT_SENDER_H

#include "export/destination.h"
#include "store/counters.h"
#include "store/cursor.h"
#include "store/state.h"

#define SENDER_BATCH_LINES 512
#define SENDER_BATCH_BYTES (1024UL * 1024)
#define SENDER_MISDIRECTED_WAIT (5 * 60 * 1000) /* ms */
#define REJECTED_BYTES_MAX (4UL * 1024 * 1024)

enum sender_result {
    SENDER_DONE,    /* everything in the archive has been sent */
    SENDER_PROGRESS,/* something was sent or set aside; call again */
    SENDER_WAITING  /* nothing before sender_wait() has passed */
};

struct sender;
/* All arguments must outlive the sender; counters may be NULL. NULL with a reason. */
struct sender *sender_open(const struct state *state, const struct destination *destination, struct counters *counters,
                           struct error *error);
/* NULL is allowed. */
void sender_close(struct sender *sender);
/* One attempt at most: blocks for at most the destination's timeout. */
enum sender_result sender_step(struct sender *sender);
/* Milliseconds until the next attempt is due; 0: now. */
unsigned sender_wait(const struct sender *sender);
/* When the destination asked (Retry-After) to be tried again, ns since 1970; 0: it did not, or that has passed. */
uint64_t sender_retry_after(const struct sender *sender);
/* Forgets the back-off, but not a Retry-After. */
void sender_hurry(struct sender *sender);
/* Why the last attempt failed, one line; "" after a success. */
const char *sender_reason(const struct sender *sender);
struct archive_position sender_position(const struct sender *sender);
/* Since sender_open: spans that were refused for good (set aside, or of a partial success), and why the last were. */
uint64_t sender_rejected(const struct sender *sender);
const char *sender_rejected_reason(const struct sender *sender);
/* Since sender_open: spans reported by sender_dropped. */
uint64_t sender_removed(const struct sender *sender);
/* Adds to the cursor's count of spans that the archive's bound removed unsent. */
void sender_dropped(struct sender *sender, uint64_t spans);

#endif
