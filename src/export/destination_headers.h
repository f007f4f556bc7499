/* OTEL_EXPORTER_OTLP_HEADERS into header lines. */
#ifndef SPANHOOK_EXPORT_DESTINATION_HEADERS_H
#define SPANHOOK_EXPORT_DESTINATION_HEADERS_H

#include "base/buffer.h"
#include "base/error.h"

/* Appends "name: value\r\n" for each member of "k=v,k=v" to `lines`, whose ceiling bounds it. Refused, with a reason that names the header
 * but never its value: a name that is no token, a bad percent escape, a control character in a decoded value, more than
 * DESTINATION_HEADERS_MAX members. Names that the client sets itself are left out and listed in `ignored`, ", " between several. */
bool destination_headers_parse(struct slice text, struct buffer *lines, struct buffer *ignored, struct error *error);

#endif
