/* What the recorder's process knows. Private to record.c, which is told of events and sees to time, record_message.c, which makes ops of
 * messages, and record_state.c, which knows where they go. */
#ifndef SPANHOOK_SHIM_RECORD_H
#define SPANHOOK_SHIM_RECORD_H

#include "shim/recorder.h"
#include "shim/request_op.h"
#include "store/oplog.h"
#include "store/state.h"

#define RECORD_HELD_MAX 64   /* messages that are kept until it is known whose they are */
#define RECORD_STATES_MAX 32 /* requests that asked for input, of the latest */

struct record {
    struct ring *ring;
    int doorbell;
    const struct recorder_options *options;
    const struct child *child;
    struct state state;
    bool has_state, state_is_bad, has_sessions;
    uint64_t state_tried, relay_started; /* ns since boot */
    struct oplog_stream stream; /* ends with each drain of the ring */
    struct sessions sessions;
    char ops_path[PATH_MAX];
    struct pending pending;
    struct ring_event *held; /* of RECORD_HELD_MAX: what came before it was known whose it is */
    size_t held_count;
    uint64_t held_since;
    struct {
        uint64_t digest;
        char span_id[SPAN_ID_HEX + 1];
    } states[RECORD_STATES_MAX]; /* requests that asked for input, by their requestState */
    unsigned state_next;
    char version[32]; /* of the protocol, as the server or a request said last */
    bool client_closed, server_exited, ended;
    int status;
    uint64_t exit_time, exit_since_boot;
    uint32_t told_dropped, told_foreign;
    bool told_settled;
    char told_trace[TRACE_ID_HEX + 1];
};

/* record_state.c: the state folder and the sessions in it */
/* Once, before anything else. */
void record_begin(struct record *record);
/* True if the state folder is open; tries again now and then where it is not. */
bool record_open_state(struct record *record);
int record_ops_folder(const struct record *record);
/* Looks for the session anew and tells the forwarder of its trace. */
void record_refresh(struct record *record);

/* The same, if there are news. */
void record_look_for_news(struct record *record);

/* record_message.c */
void record_take_message(struct record *record, const struct mcp_message *message);
/* Ends a request that was not answered. */
void record_end_request(struct record *record, struct pending_request *request, enum request_end end, uint64_t time, uint64_t since_boot);

#endif
