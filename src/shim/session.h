/* Whose session the requests belong to, and in which trace it is. Agents tell their servers little: the session is found by name where
 * one is given, else by the agent's process, of which the hooks have told (store/agent_log.h), else it is one of the process's own. */
#ifndef SPANHOOK_SHIM_SESSION_H
#define SPANHOOK_SHIM_SESSION_H

#include "base/process.h"
#include "shim/watch.h"
#include "store/oplog_name.h"
#include "trace/fold.h"

#define SESSIONS_MAX 1024 /* one server may see many; beyond, further ones are taken for the last */
#define SESSION_NONE UINT32_MAX

/* How it is found out, as the verb says. */
struct session_options {
    char id[OP_SESSION_ID_MAX + 1]; /* --session or a variable, as hooks would write it (trace/session_id.h); "": not given */
    const char *agent; /* whose variable it was; NULL: unknown */
    struct process_ancestor ancestors[PROCESS_ANCESTORS_MAX]; /* nearest first */
    size_t ancestor_count;
};

struct session {
    char id[OP_SESSION_ID_MAX + 1];
    char agent[OP_AGENT_MAX + 1];
    char key[SESSION_KEY_HEX + 1];
    char trace_id[TRACE_ID_HEX + 1]; /* that it is in, or will be in when the next op is the first */
    bool has_hooks;                  /* its log has ops of hooks */
    struct fold *fold;               /* NULL: not read */
    uint64_t offset;
};

struct sessions {
    const struct session_options *options;
    int ops_folder;
    const char *ops_path;
    struct watch watch;
    struct session *items;
    uint32_t count, capacity;
    uint32_t current; /* SESSION_NONE: not known */
    bool settled;     /* it is more than a guess */
    struct {
        uint64_t time; /* ns since 1970; 0: free */
        size_t ancestor;
        uint32_t session;
    } news[64]; /* of hooks, the latest */
    unsigned news_next;
    struct {
        char log[OPLOG_NAME_MAX];
        uint64_t offset;
        uint32_t session; /* of the newest record */
        bool watched;
    } ancestors[PROCESS_ANCESTORS_MAX];
    struct {
        char trace_id[TRACE_ID_HEX + 1];
        uint32_t session;
    } traces[32]; /* that were told, newest at trace_next - 1 */
    unsigned trace_next;
};

/* The options, the folder and its path must outlive it. */
void sessions_open(struct sessions *sessions, const struct session_options *options, int ops_folder, const char *ops_path);
void sessions_close(struct sessions *sessions);
/* Looks for news. Afterwards `current` is the session of what comes next: one that hooks or the command line name, or, not settled, the
 * process's own. `now`: ns since 1970. */
void sessions_refresh(struct sessions *sessions, uint64_t now);
/* Nobody will say any more which session it is: the process's own it is, until a hook tells of another. */
void sessions_settle(struct sessions *sessions);
/* Whether its log has begun a trace, as far as is known; for the current one. */
bool sessions_has_begun(const struct sessions *sessions, uint32_t session);
/* The session that hooks had told of last at that time, ns since 1970; SESSION_NONE: none had, or it is too long ago. */
uint32_t sessions_at(const struct sessions *sessions, uint64_t time);
/* The session that was in this trace when it was told; SESSION_NONE: none. */
uint32_t sessions_of_trace(const struct sessions *sessions, const char *trace_id);

#endif
