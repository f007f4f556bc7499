/* Where spans are sent, from the environment (opentelemetry-specification 1.60, protocol/exporter.md).
 *
 * For each setting the SPANHOOK_ form wins over the OTEL_ form, because some agents strip OTEL_* from their hooks, and within one of these
 * the form for traces over the general one:
 *   SPANHOOK_EXPORTER_OTLP_TRACES_x, SPANHOOK_EXPORTER_OTLP_x, OTEL_EXPORTER_OTLP_TRACES_x, OTEL_EXPORTER_OTLP_x
 * An empty value counts as unset. Proxy variables are never read.
 *
 * ENDPOINT  the traces form as it stands, an absent path becomes "/"; the general form is a base that /v1/traces is joined to with
 *           exactly one slash, unless it ends so already
 * HEADERS   k=v,k=v; blanks around both are dropped, values percent-decoded; a name that stands twice counts with its last value. Names
 *           that belong to the client (Host, Content-Length and the like) are left out, with a warning
 * TIMEOUT   milliseconds; 0 (no limit) and anything above DESTINATION_TIMEOUT_MAX become that, because a relay must not hang; what is no
 *           number becomes the default, with a warning
 * PROTOCOL  only looked at to warn of "grpc", which is not spoken here */
#ifndef SPANHOOK_EXPORT_DESTINATION_H
#define SPANHOOK_EXPORT_DESTINATION_H

#include "base/error.h"
#include "base/slice.h"

#define DESTINATION_HEADERS_MAX 32
#define DESTINATION_DEFAULT "http://localhost:4318/v1/traces"
#define DESTINATION_TIMEOUT_DEFAULT 10000 /* ms */
#define DESTINATION_TIMEOUT_MAX 60000     /* ms */

struct destination {
    bool enabled;          /* false: OTEL_SDK_DISABLED=true or OTEL_TRACES_EXPORTER=none */
    bool configured;       /* false: nothing said where to, the default is used */
    char url[1024];        /* complete, with path, in url_append's normal form; "" when it is no URL: it may hold a password */
    char source[64];       /* the variable that said so, "default"; when not enabled, the one that switched sending off */
    unsigned timeout_milliseconds; /* of one request; default 10000 */
    char headers[4096];    /* "name: value\r\n" for each */
    char warning[512];     /* what was ignored and why, "; " between several; "" for nothing */
};

/* NAME without prefix ("SERVICE_NAME"): SPANHOOK_NAME, else OTEL_NAME; NULL when neither is set to anything. */
const char *environment_setting(const char *name);
/* True if spanhook is switched off altogether (OTEL_SDK_DISABLED=true, SPANHOOK_SDK_DISABLED=true). */
bool environment_disabled(void);

/* False with a reason when a setting cannot be used (a URL that is none, https where TLS is not built in, a bad header). */
bool destination_from_environment(struct destination *destination, struct error *error);

#endif
