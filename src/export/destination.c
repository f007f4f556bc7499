#include "export/destination.h"

#include "base/buffer.h"
#include "export/destination_headers.h"
#include "net/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VARIABLE_NAME_MAX = 64 };

#define TRACES_PATH "/v1/traces"

/* In order of precedence. */
static const struct {
    const char *prefix;
    bool general;
} exporter_forms[] = {
    {"SPANHOOK_EXPORTER_OTLP_TRACES_", false},
    {"SPANHOOK_EXPORTER_OTLP_", true},
    {"OTEL_EXPORTER_OTLP_TRACES_", false},
    {"OTEL_EXPORTER_OTLP_", true},
};

/* A setting of the exporter: its text, the variable it comes from. */
struct setting {
    struct slice value;
    char variable[VARIABLE_NAME_MAX];
    bool general;
};

/* The value without blanks around it; false when unset or empty. */
static bool environment_value(const char *variable, struct slice *value)
{
    *value = slice_trim(slice_of(getenv(variable)));
    return value->length > 0;
}

/* `variable` becomes the name of the one that is set. */
static const char *product_setting(const char *name, char variable[static VARIABLE_NAME_MAX])
{
    static const char *const prefixes[] = {"SPANHOOK_", "OTEL_"};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        const int length = snprintf(variable, VARIABLE_NAME_MAX, "%s%s", prefixes[i], name);
        const char *value = length > 0 && length < VARIABLE_NAME_MAX ? getenv(variable) : NULL;
        if (value && *value)
            return value;
    }
    return NULL;
}

const char *environment_setting(const char *name)
{
    char variable[VARIABLE_NAME_MAX];
    return product_setting(name, variable);
}

static bool is_word(const char *value, struct slice word)
{
    return slice_equal_ignoring_case(slice_trim(slice_of(value)), word);
}

bool environment_disabled(void)
{
    return is_word(environment_setting("SDK_DISABLED"), SLICE("true"));
}

static bool find_setting(const char *name, struct setting *setting)
{
    for (size_t i = 0; i < sizeof exporter_forms / sizeof exporter_forms[0]; i++) {
        setting->general = exporter_forms[i].general;
        snprintf(setting->variable, sizeof setting->variable, "%s%s", exporter_forms[i].prefix, name);
        if (environment_value(setting->variable, &setting->value))
            return true;
    }
    return false;
}

static void warn(struct destination *destination, const char *variable, const char *what)
{
    const size_t used = strlen(destination->warning);
    snprintf(destination->warning + used, sizeof destination->warning - used, "%s%s: %s", used ? "; " : "", variable, what);
}

/* ---- where to ---- */

/* Joins with exactly one slash; a query stays behind the path. */
static bool join_traces_path(struct url *url)
{
    const struct slice ending = SLICE(TRACES_PATH);
    size_t length = strlen(url->path);
    while (length > 0 && url->path[length - 1] == '/')
        url->path[--length] = '\0';
    if (slice_ends_with(slice_of(url->path), ending))
        return true;
    if (sizeof url->path - length <= ending.length)
        return false;
    memcpy(url->path + length, TRACES_PATH, sizeof TRACES_PATH);
    return true;
}

static bool set_url(struct destination *destination, const struct setting *setting, struct error *error)
{
    struct error reason = {""};
    struct url url;
    if (!url_parse(setting->value, &url, &reason))
        return error_set(error, "%s cannot be used: %s", setting->variable, reason.text);
    struct buffer text;
    buffer_init_fixed(&text, destination->url, sizeof destination->url);
    const bool joined = !setting->general || join_traces_path(&url);
    url_append(&text, &url);
    buffer_append_byte(&text, '\0');
    if (!joined || text.failed) {
        destination->url[0] = '\0';
        return error_set(error, "%s cannot be used: it is too long", setting->variable);
    }
    if (url.tls)
        return error_set(error, "https needs TLS, which this build lacks; send to a local collector over http");
    return true;
}

static bool read_endpoint(struct destination *destination, struct error *error)
{
    struct setting setting = {.value = SLICE(DESTINATION_DEFAULT), .variable = "default"};
    destination->configured = find_setting("ENDPOINT", &setting);
    if (!destination->configured)
        setting = (struct setting){.value = SLICE(DESTINATION_DEFAULT), .variable = "default"};
    snprintf(destination->source, sizeof destination->source, "%s", setting.variable);
    return set_url(destination, &setting, error);
}

/* ---- how ---- */

static void read_timeout(struct destination *destination)
{
    struct setting setting;
    uint64_t milliseconds = 0;
    destination->timeout_milliseconds = DESTINATION_TIMEOUT_DEFAULT;
    if (!find_setting("TIMEOUT", &setting))
        return;
    if (!slice_to_u64(setting.value, &milliseconds)) {
        warn(destination, setting.variable, "no number of milliseconds, 10000 is used");
        return;
    }
    destination->timeout_milliseconds = DESTINATION_TIMEOUT_MAX;
    if (milliseconds > DESTINATION_TIMEOUT_MAX)
        warn(destination, setting.variable, "60000 ms is the longest, and is used");
    else if (milliseconds > 0)
        destination->timeout_milliseconds = (unsigned)milliseconds;
}

static bool read_headers(struct destination *destination, struct error *error)
{
    struct setting setting;
    if (!find_setting("HEADERS", &setting))
        return true;
    struct buffer lines, ignored;
    char names[256];
    struct error reason = {""};
    /* one byte is kept back for the terminator */
    buffer_init_fixed(&lines, destination->headers, sizeof destination->headers - 1);
    buffer_init_fixed(&ignored, names, sizeof names);
    const bool good = destination_headers_parse(setting.value, &lines, &ignored, &reason);
    destination->headers[good ? lines.length : 0] = '\0';
    if (!good)
        return error_set(error, "%s cannot be used: %s", setting.variable, reason.text);
    if (ignored.length > 0) {
        char text[sizeof names + 64];
        snprintf(text, sizeof text, "%.*s left out, spanhook sets these itself", (int)ignored.length, names);
        warn(destination, setting.variable, text);
    }
    return true;
}

static void read_protocol(struct destination *destination)
{
    struct setting setting;
    if (find_setting("PROTOCOL", &setting) && slice_equal_ignoring_case(setting.value, SLICE("grpc")))
        warn(destination, setting.variable, "gRPC is not spoken, OTLP/HTTP with JSON is used");
}

/* False when sending is switched off; `variable` is then the one that does it. */
static bool read_enabled(struct destination *destination, char variable[static VARIABLE_NAME_MAX])
{
    if (is_word(product_setting("SDK_DISABLED", variable), SLICE("true")))
        return false;
    const char *exporter = product_setting("TRACES_EXPORTER", variable);
    if (is_word(exporter, SLICE("none")))
        return false;
    if (exporter && !is_word(exporter, SLICE("otlp")))
        warn(destination, variable, "only otlp and none are known, otlp is used");
    return true;
}

bool destination_from_environment(struct destination *destination, struct error *error)
{
    char variable[VARIABLE_NAME_MAX];
    memset(destination, 0, sizeof *destination);
    destination->enabled = read_enabled(destination, variable);
    read_timeout(destination);
    read_protocol(destination);
    if (destination->enabled)
        return read_endpoint(destination, error) && read_headers(destination, error);
    /* where it would be sent to may be shown, but is no reason to complain */
    read_endpoint(destination, NULL);
    snprintf(destination->source, sizeof destination->source, "%s", variable);
    return true;
}
