/* What doctor finds: a list that is printed for people or as JSON. */
#ifndef SPANHOOK_VERBS_FINDINGS_H
#define SPANHOOK_VERBS_FINDINGS_H

#include "base/buffer.h"

#define FINDINGS_MAX 128 /* further ones are counted, not kept */

enum finding_status { FINDING_PASS, FINDING_WARN, FINDING_FAIL, FINDING_INFO, FINDING_STATUSES };

struct findings {
    struct finding {
        const char *id; /* "hook.cost"; constant */
        enum finding_status status;
        char text[700];
        char fix[300]; /* the command that mends it, "" for none */
    } items[FINDINGS_MAX];
    size_t count;
    unsigned summary[FINDING_STATUSES];
};

/* `fix` may be NULL. */
void findings_add(struct findings *findings, const char *id, enum finding_status status, const char *fix, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* {"schema_version":1,"findings":[{"id","status","text","fix"}],"summary":{"pass","warn","fail","info"}} */
void findings_write_json(const struct findings *findings, struct buffer *out);
/* One aligned line each, fixes below. No byte of a text can steer a terminal; without `unicode` there is
 * nothing beyond ASCII. */
void findings_write_text(const struct findings *findings, bool unicode, struct buffer *out);

#endif
