/* Every span there is: op logs folded as of now, then the archive for what has no op log any more.
 *
 * In that order, because a log is deleted only once all of it is archived: what one of the two does not hold any more, the other does. The
 * same span may come several times (a root is sent at the start and at each stop; a log's spans are archived, too). */
#ifndef SPANHOOK_REPORT_SOURCE_H
#define SPANHOOK_REPORT_SOURCE_H

#include "store/state.h"
#include "trace/op.h"

/* state_open for reading. A state folder that is not there yet is no error: *nothing_yet is true and `state` is not open. */
bool source_open(struct state *state, bool *nothing_yet, struct error *error);

/* Sessions whose logs could not be read or folded to the end. */
struct source_skipped {
    size_t count;
    struct error first; /* names the first one and why */
};

/* The spans of every op log, or only of the session with that key (NULL: all), open ones as of `now` (ns). A session that has been
 * quiet for the idle time is shown as the relay would have closed it. A bad log does not stand in the way of the others: *skipped counts
 * it (it may have given some spans), unless NULL is passed; then it is an error. False with a reason; a sink that says false has no
 * memory. */
bool source_logs(const struct state *state, const char *key, uint64_t now, span_sink *sink, void *context, struct source_skipped *skipped,
                 struct error *error);

/* Which lines of the archive are looked at. */
struct source_lines {
    uint32_t from_date, to_date; /* YYYYMMDD of the files, inclusive (of a later file a few lines may come, too); 0, 0: all */
    struct slice containing;     /* only lines in which this text occurs, ASCII letters in either case; "": all. Cheap */
};

/* Lines that are no OTLP are passed over. False as above. */
bool source_archive(const struct state *state, struct source_lines wanted, span_sink *sink, void *context, struct error *error);

#endif
