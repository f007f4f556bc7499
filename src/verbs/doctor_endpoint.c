#include "export/destination.h"
#include "net/connection.h"
#include "verbs/doctor.h"

#include <string.h>
#include <unistd.h>

#define CONNECT_MILLISECONDS 1000

static bool is_loopback(const struct url *url)
{
    return (url->kind == URL_HOST_NAME && strcmp(url->host, "localhost") == 0) ||
           (url->kind == URL_HOST_IPV4 && strncmp(url->host, "127.", 4) == 0) ||
           (url->kind == URL_HOST_IPV6 && strcmp(url->host, "::1") == 0);
}

void doctor_check_endpoint(struct findings *findings)
{
    static struct destination destination; /* large */
    struct url url;
    struct error error;
    char authority[URL_HOST_MAX + 16];
    struct buffer shown;

    if (environment_disabled()) {
        findings_add(findings, "endpoint", FINDING_WARN, "unset OTEL_SDK_DISABLED SPANHOOK_SDK_DISABLED",
                     "OTEL_SDK_DISABLED is set: nothing is recorded at all");
        return;
    }
    if (!destination_from_environment(&destination, &error)) {
        findings_add(findings, "endpoint", FINDING_FAIL, "export OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318",
                     "%s; spans are kept locally", error.text);
        return;
    }
    if (!destination.enabled) {
        findings_add(findings, "endpoint", FINDING_INFO, NULL,
                     "export is switched off (OTEL_TRACES_EXPORTER=none); spans are kept locally");
        return;
    }
    if (!url_parse(slice_of(destination.url), &url, &error)) {
        findings_add(findings, "endpoint", FINDING_FAIL, "export OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318", "%s: %s",
                     destination.source, error.text);
        return;
    }
    buffer_init_fixed(&shown, authority, sizeof(authority));
    url_append_authority(&shown, &url);
    const char *where = buffer_text(&shown);
    if (!where)
        where = url.host;
    if (!url.tls && !is_loopback(&url))
        findings_add(findings, "endpoint.transport", FINDING_WARN, "export OTEL_EXPORTER_OTLP_ENDPOINT=https://HOST:4318",
                     "spans go to %s over plain http, readable on the way", where);
    const int descriptor = connection_open(&url, deadline_after(CONNECT_MILLISECONDS), &error);
    if (descriptor >= 0) {
        close(descriptor);
        findings_add(findings, "endpoint", FINDING_PASS, NULL, "%s takes connections (%s)", where, destination.source);
    } else if (!destination.configured) {
        findings_add(findings, "endpoint", FINDING_INFO, NULL,
                     "none is configured and nothing listens on %s: spans are kept locally; nothing is lost", where);
    } else {
        findings_add(findings, "endpoint", FINDING_WARN, "start the collector, then: spanhook flush",
                     "%s (%s) cannot be reached: %s; spans are kept until it can be",
                     where, destination.source, error.text);
    }
}
