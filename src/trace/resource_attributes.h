/* OTEL_RESOURCE_ATTRIBUTES: "key=value,key=value", percent-encoded (opentelemetry-specification 1.60, resource/sdk.md). */
#ifndef SPANHOOK_TRACE_RESOURCE_ATTRIBUTES_H
#define SPANHOOK_TRACE_RESOURCE_ATTRIBUTES_H

#include "base/buffer.h"
#include "trace/attribute.h"

/* `text` must have room for this many bytes for each byte of the value: U+FFFD takes three where malformed UTF-8 had one. */
#define RESOURCE_ATTRIBUTES_GROWTH 3

/* Adds the attributes to the list; their strings are appended to `text`, which must not have to grow. Any error discards the whole
 * value, as the specification says: the list is then as before and the result is false. */
bool resource_attributes_parse(struct slice value, struct attribute_list *list, struct buffer *text);

#endif
