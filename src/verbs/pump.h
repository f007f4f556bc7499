/* The pump: op logs through the fold into the archive, and from there to the destination. One pump at a time: its owner holds the relay
 * lock. The relay and `flush` are two ways to run it. */
#ifndef SPANHOOK_VERBS_PUMP_H
#define SPANHOOK_VERBS_PUMP_H

#include "export/sender.h"
#include "store/archive.h"
#include "store/counters.h"
#include "store/state.h"
#include "trace/fold.h"

struct pump_session {
    char key[33];
    struct fold *fold; /* NULL: not read yet, or to be read again from the start */
    uint64_t offset;   /* bytes of the log that the fold has seen */
    uint64_t archived; /* bytes of the log whose spans are in the archive */
    bool settled;      /* quiet and closed by an idle op: nothing to do until it grows */
    bool keeps_later_version; /* records that only a newer spanhook understands: the log is not deleted */
    bool seen;         /* by the listing under way */
};

struct pump {
    const struct state *state;
    struct counters *counters;
    struct archive *archive;
    struct sender *sender; /* NULL: nothing is sent; `reason` says why */
    struct destination destination;
    struct pump_session *sessions;
    size_t session_count, session_capacity;
    struct buffer lines; /* archive lines not written yet */
    uint64_t line_count;
    uint64_t last_prune;
    bool hurry; /* nothing that may come late is waited for */
    struct error reason;
};

/* `state` must outlive the pump. False when the archive cannot be written; release with pump_close either way. */
bool pump_open(struct pump *pump, const struct state *state, struct error *error);
void pump_close(struct pump *pump);

enum pump_fold_result {
    PUMP_QUIET,  /* nothing new */
    PUMP_WORKED, /* new ops were folded and archived */
    PUMP_STUCK   /* the archive could not be written: everything stays in the op logs and is tried again */
};
/* Folds what is new in all op logs, archives the spans, closes sessions that have been idle, deletes old logs, keeps the bounds. */
enum pump_fold_result pump_fold(struct pump *pump, struct error *error);

/* One step of sending; SENDER_DONE where nothing is to be sent to. */
enum sender_result pump_send(struct pump *pump);

#endif
