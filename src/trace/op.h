/* An op (operation): the only thing a producer makes, and its JSON form in the op log.
 *
 * JSON, one object: {"v":1,"op":"start","id":"<16 hex>","t":<ns>,"m":<ns since boot>,"s":"<session id>","agent":"kiro",
 * "event":"preToolUse","tool":"shell","call":"<call id>","key":"<16 hex>","result":"success","skill":"…","service":"…",
 * "attributes":"k=v,…","a":{"<attribute>":<string|integer|number|bool>,…}}; absent members are empty or zero. A request and a response have
 * also "trace":"<32 hex>","parent":"<16 hex>","link":"<16 hex>","message":"…","serves":true,
 * "progress":[[<ns>,<number>,<number>?],…],"dropped":<n>.
 * Unknown members are ignored, an unknown "op" or a "v" above 1 makes decoding fail, so that newer data is never misread. */
#ifndef SPANHOOK_TRACE_OP_H
#define SPANHOOK_TRACE_OP_H

#include "base/buffer.h"
#include "base/json.h"
#include "trace/span.h"

#define OP_SIZE_MAX (256 * 1024)     /* bytes of one encoded op; the op log refuses more */
#define OP_SESSION_ID_MAX 512        /* bytes of a session id; of a longer one the start and a digest are kept */
#define OP_TOOL_NAME_MAX 256           /* also of a skill and of a service name */
#define OP_AGENT_MAX 32
#define OP_RESOURCE_ATTRIBUTES_MAX 16384
#define OP_TOKENS_MAX 512
#define OP_PROGRESS_MAX 32

enum op_kind {
    OP_SESSION, /* an agent was started: a new trace begins */
    OP_PROMPT,  /* the user sent a prompt: a turn begins */
    OP_START,   /* a tool call begins */
    OP_END,     /* a tool call ended */
    OP_STOP,    /* the turn ended */
    OP_POINT,   /* anything else that happened at one moment */
    OP_REQUEST, /* a request passed through the MCP shim */
    OP_RESPONSE, /* it ended; `id` is that of the request */
    OP_SETTLE,  /* nothing happened for a moment: what waits for something late waits no longer (written by the relay) */
    OP_IDLE     /* nothing happened for the idle time: what is open ends (written by the relay) */
};

/* What an end says of its call. */
enum op_result { OP_RESULT_UNKNOWN, OP_RESULT_SUCCESS, OP_RESULT_FAILURE };

/* The request told how far it was. */
struct op_progress {
    uint64_t time; /* ns since 1970 UTC */
    double progress, total;
    bool has_total;
};

struct op {
    enum op_kind kind;
    char id[SPAN_ID_HEX + 1];  /* the span id, made here so that a resend is identical */
    uint64_t time;             /* ns since 1970 UTC */
    uint64_t since_boot;       /* ns; 0 unknown */
    struct slice session_id;   /* as the agent gave it, cut to OP_SESSION_ID_MAX */
    struct slice agent;        /* "kiro" */
    struct slice event;        /* the event's name as it came */
    struct slice tool;         /* start, end: the tool's name as the agent has it */
    struct slice call_id;      /* start, end: the agent's own call id, if it has one */
    uint64_t input_key;        /* start, end: digest of the canonical input; 0: the input was empty */
    enum op_result result;     /* end */
    struct slice skill;        /* start, end: skill that the call reads */
    struct slice service_name;        /* OTEL_SERVICE_NAME of the agent, if set */
    struct slice resource_attributes; /* OTEL_RESOURCE_ATTRIBUTES of the agent, if set */
    struct attribute_list attributes; /* goes on the span as it is */
    /* request, response */
    struct slice trace;        /* the trace that it is in, as the receiver was told; empty: the session's */
    struct slice parent;       /* the span that came with the request, from another tracer */
    struct slice link;         /* request: the span of this trace that it is the retry of */
    struct slice message;      /* response: what the error says, for the span's status */
    bool serves;               /* request: the server asks the client, who serves it */
    struct op_progress progress[OP_PROGRESS_MAX]; /* response */
    unsigned progress_count, progress_dropped;
};

/* Appends the JSON form. False if the buffer failed. */
bool op_encode(const struct op *op, struct buffer *out);
/* Decodes one record. `text` receives the decoded strings and must outlive *op; `tokens` has OP_TOKENS_MAX entries and is
 * only needed during the call. */
bool op_decode(struct slice json, struct op *op, struct buffer *text, jsmntok_t *tokens);

/* 32 lower-case hex digits + NUL: the start of SHA-256(session id), the name of the session's log. */
#define SESSION_KEY_HEX 32
void session_key(struct slice session_id, char key[static SESSION_KEY_HEX + 1]);

#endif
