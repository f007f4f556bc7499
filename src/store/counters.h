/* Counts of what happened and of everything that was dropped, kept in a preallocated mapped file, so that they can be raised by any number
 * of processes at once and on a full disk. */
#ifndef SPANHOOK_STORE_COUNTERS_H
#define SPANHOOK_STORE_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

/* Order is the file's format: append only. */
#define COUNTERS(X)                                                                                                                 \
    X(INPUT_EMPTY, "input_empty", "hook started without a payload")                                                                 \
    X(INPUT_TIMEOUT, "input_timeout", "payload did not end in time")                                                                \
    X(JSON_BAD, "json_bad", "payload was not JSON, or more than is looked at")                                              \
    X(UTF8_REPLACED, "utf8_replaced", "payload held malformed UTF-8")                                                               \
    X(PAYLOAD_TRUNCATED, "payload_truncated", "payload was larger than what is looked at")                                          \
    X(DROPPED_SPACE, "dropped_enospc", "op lost: disk or quota full, or file size limit")                                           \
    X(DROPPED_IO, "dropped_io", "op lost: the log could not be opened or written")                                                  \
    X(DROPPED_SIZE, "dropped_size", "op lost: larger than a record may be")                                                         \
    X(DROPPED_QUOTA, "dropped_quota", "spans removed unsent because the archive passed its bound")                                  \
    X(DROPPED_LOG_QUOTA, "dropped_log_quota", "op lost: the session's log or all logs passed their bound")                          \
    X(FRAME_BAD, "frame_bad", "damaged records skipped in op logs")                                                                 \
    X(FRAME_UNKNOWN, "frame_unknown", "records of an unknown version left alone in op logs")                                        \
    X(OP_BAD, "op_bad", "whole records that are no op")                                                                             \
    X(SPANS_ARCHIVED, "spans_archived", "spans written to the archive")                                                             \
    X(SPANS_SENT, "spans_sent", "spans a destination took")                                                                         \
    X(SPANS_REJECTED, "spans_rejected", "spans a destination refused for good")                                                     \
    X(SEND_FAILURES, "send_failures", "sends that failed and are tried again")                                                      \
    X(RELAY_STARTS, "relay_starts", "relays started")                                                                               \
    X(ARCHIVE_ERRORS, "archive_errors", "writes to the archive that failed and are tried again")                                    \
    X(EVENTS_DOUBLED, "events_doubled", "events left out because Kiro v3 reports them through its hooks file, too")                 \
    X(MCP_FOREIGN, "mcp_foreign", "lines of MCP servers and clients that were no JSON-RPC (they were passed on)")                   \
    X(MCP_DROPPED, "mcp_dropped", "MCP messages that came faster than they could be recorded (they were passed on)")

enum counter {
#define COUNTER_ENUM(name, text, help) COUNTER_##name,
    COUNTERS(COUNTER_ENUM)
#undef COUNTER_ENUM
        COUNTER_COUNT
};

/* Makes the file if there is none, so that it is there before the disk is full. Done where the op log folder is made. */
void counters_create(int ops_folder);
/* Adds; opens, creates and maps the file below the op log folder each time (it is for rare events). Failure is silent: nothing
 * can be done about it. Never raises SIGBUS, neither for a file that was cut nor on a full copy-on-write file system. */
void counter_add(int ops_folder, enum counter counter, uint64_t amount);
/* Keeps the file mapped for many additions. The relay's form; `map` may be NULL (then add is a no-op). */
struct counters *counters_open(int ops_folder);
void counters_add(struct counters *map, enum counter counter, uint64_t amount);
void counters_close(struct counters *map);
/* All values as they are; false if there is no file yet (values are then zero). */
bool counters_read(int ops_folder, uint64_t values[static COUNTER_COUNT]);
const char *counter_name(enum counter counter);
const char *counter_help(enum counter counter);

#endif
