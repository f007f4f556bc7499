/* A span as OTLP has it (trace.proto), with everything borrowed from whoever hands it over. */
#ifndef SPANHOOK_TRACE_SPAN_H
#define SPANHOOK_TRACE_SPAN_H

#include "trace/attribute.h"

#define TRACE_ID_HEX 32
#define SPAN_ID_HEX 16

enum span_kind { SPAN_KIND_UNSPECIFIED, SPAN_KIND_INTERNAL, SPAN_KIND_SERVER, SPAN_KIND_CLIENT, SPAN_KIND_PRODUCER, SPAN_KIND_CONSUMER };
enum span_status { SPAN_STATUS_UNSET, SPAN_STATUS_OK, SPAN_STATUS_ERROR };

/* Something that happened at one moment of a span (trace.proto, Span.Event). */
struct span_event {
    uint64_t time; /* ns since 1970 UTC */
    struct slice name;
    const struct attribute *attributes;
    unsigned attribute_count;
};

/* Another span that this one has to do with (trace.proto, Span.Link). */
struct span_link {
    char trace_id[TRACE_ID_HEX + 1];
    char span_id[SPAN_ID_HEX + 1];
};

struct span {
    char trace_id[TRACE_ID_HEX + 1]; /* lower-case hex */
    char span_id[SPAN_ID_HEX + 1];
    char parent_id[SPAN_ID_HEX + 1]; /* "" for a root */
    struct slice name;
    enum span_kind kind;
    uint64_t start; /* ns since 1970 UTC */
    uint64_t end;   /* ns; never before start */
    enum span_status status;
    struct slice status_message;
    struct attribute_list attributes;
    const struct span_event *events;
    unsigned event_count, dropped_events;
    const struct span_link *links;
    unsigned link_count;
    bool open; /* a live view's call or session that has not ended: `end` is the time of looking; never archived */
};

struct resource {
    struct attribute_list attributes;
};

/* Receives spans one by one. Everything is valid only during the call. False stops the producer. */
typedef bool span_sink(void *context, const struct resource *resource, const struct span *span);

#endif
