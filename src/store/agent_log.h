/* Which session an agent's process is in: ops/<key>.agent, where <key> is a hash of the process's identity (base/process.h), an op log of
 * its own kind. Hooks append a few ops without attributes to it, those that begin a session, a turn or the call of an MCP tool; the MCP
 * shim reads it, as agents tell their servers nothing of sessions. No relay folds it. */
#ifndef SPANHOOK_STORE_AGENT_LOG_H
#define SPANHOOK_STORE_AGENT_LOG_H

#include "store/oplog.h"
#include "store/oplog_name.h"
#include "trace/op.h"

/* "<32 hex>.agent" for an identity. */
void agent_log_name(struct slice identity, char name[static OPLOG_NAME_MAX]);
/* Whether a file in ops/ is one. */
bool agent_log_is_name(const char *name);
/* Appends what matters of the op. False: not written; nothing is counted, as the session's own log has it. */
bool agent_log_append(int ops_folder, struct slice identity, const struct op *op);

#endif
