#include "check.h"

#include "export/destination.h"

#include <stdlib.h>

static struct destination destination;
static struct error error;

static void clear(void)
{
    static const char *const products[] = {"SPANHOOK_", "OTEL_"};
    static const char *const names[] = {
        "EXPORTER_OTLP_TRACES_ENDPOINT", "EXPORTER_OTLP_ENDPOINT", "EXPORTER_OTLP_TRACES_HEADERS",  "EXPORTER_OTLP_HEADERS",
        "EXPORTER_OTLP_TRACES_TIMEOUT",  "EXPORTER_OTLP_TIMEOUT",  "EXPORTER_OTLP_TRACES_PROTOCOL", "EXPORTER_OTLP_PROTOCOL",
        "SDK_DISABLED",                  "TRACES_EXPORTER",        "SERVICE_NAME",
    };
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < sizeof names / sizeof names[0]; j++) {
            char name[64];
            snprintf(name, sizeof name, "%s%s", products[i], names[j]);
            unsetenv(name);
        }
    error.text[0] = '\0';
}

static bool read(void)
{
    return destination_from_environment(&destination, &error);
}

static bool with(const char *name, const char *value)
{
    clear();
    setenv(name, value, 1);
    return read();
}

TEST(defaults_to_a_local_collector)
{
    clear();
    CHECK(read());
    CHECK(destination.enabled && !destination.configured);
    CHECK_EQ_TEXT(slice_of(destination.url), DESTINATION_DEFAULT);
    CHECK_EQ_TEXT(slice_of(destination.source), "default");
    CHECK_EQ_INT(destination.timeout_milliseconds, 10000);
    CHECK_EQ_TEXT(slice_of(destination.headers), "");
    CHECK_EQ_TEXT(slice_of(destination.warning), "");
}

TEST(takes_the_first_in_order)
{
    clear();
    setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://d", 1);
    CHECK(read());
    CHECK(destination.configured);
    CHECK_EQ_TEXT(slice_of(destination.url), "http://d/v1/traces");
    setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c", 1);
    CHECK(read());
    CHECK_EQ_TEXT(slice_of(destination.url), "http://c/");
    setenv("SPANHOOK_EXPORTER_OTLP_ENDPOINT", "http://b", 1);
    CHECK(read());
    CHECK_EQ_TEXT(slice_of(destination.url), "http://b/v1/traces");
    setenv("SPANHOOK_EXPORTER_OTLP_TRACES_ENDPOINT", "http://a/x", 1);
    CHECK(read());
    CHECK_EQ_TEXT(slice_of(destination.url), "http://a/x");
    CHECK_EQ_TEXT(slice_of(destination.source), "SPANHOOK_EXPORTER_OTLP_TRACES_ENDPOINT");
}

TEST(counts_an_empty_value_as_unset)
{
    clear();
    setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://d", 1);
    setenv("SPANHOOK_EXPORTER_OTLP_TRACES_ENDPOINT", "", 1);
    setenv("SPANHOOK_EXPORTER_OTLP_ENDPOINT", "  ", 1);
    CHECK(read());
    CHECK_EQ_TEXT(slice_of(destination.url), "http://d/v1/traces");
    CHECK_EQ_TEXT(slice_of(destination.source), "OTEL_EXPORTER_OTLP_ENDPOINT");
}

TEST(joins_the_base_with_one_slash)
{
    static const char *const cases[][2] = {
        {"http://h:4318", "http://h:4318/v1/traces"},
        {"http://h:4318/", "http://h:4318/v1/traces"},
        {"http://h:4318//", "http://h:4318/v1/traces"},
        {" http://h/otlp ", "http://h/otlp/v1/traces"},
        {"http://h/otlp/", "http://h/otlp/v1/traces"},
        {"http://h/v1/traces", "http://h/v1/traces"},
        {"http://h/otlp/v1/traces/", "http://h/otlp/v1/traces"},
        {"http://h/xv1/traces", "http://h/xv1/traces/v1/traces"},
        {"http://h?key=1", "http://h/v1/traces?key=1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK(with("OTEL_EXPORTER_OTLP_ENDPOINT", cases[i][0]));
        CHECK_EQ_TEXT(slice_of(destination.url), cases[i][1]);
    }
    CHECK(with("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://h/x/"));
    CHECK_EQ_TEXT(slice_of(destination.url), "http://h/x/");
    CHECK(with("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://h"));
    CHECK_EQ_TEXT(slice_of(destination.url), "http://h/");
}

TEST(says_what_is_wrong_with_an_address)
{
    CHECK(!with("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318"));
    CHECK_EQ_TEXT(slice_of(error.text), "OTEL_EXPORTER_OTLP_ENDPOINT cannot be used: it does not begin with http:// or https://");
    CHECK(!with("OTEL_EXPORTER_OTLP_ENDPOINT", "https://example.org"));
    CHECK_EQ_TEXT(slice_of(error.text), "https needs TLS, which this build lacks; send to a local collector over http");
    CHECK_EQ_TEXT(slice_of(destination.url), "https://example.org/v1/traces");
    CHECK(!with("SPANHOOK_EXPORTER_OTLP_ENDPOINT", "http://me:hunter2@h"));
    CHECK(strstr(error.text, "hunter2") == NULL && strstr(destination.url, "hunter2") == NULL);
    CHECK(strstr(error.text, "SPANHOOK_EXPORTER_OTLP_ENDPOINT") != NULL);
}

TEST(an_address_that_only_just_fits_is_whole)
{
    char text[1001] = "http://h/";
    memset(text + 9, 'a', sizeof text - 10);
    CHECK(with("OTEL_EXPORTER_OTLP_ENDPOINT", text));
    CHECK_EQ_INT(strlen(destination.url), 1010);
    CHECK(slice_ends_with(slice_of(destination.url), SLICE("aa/v1/traces")));
}

TEST(reads_headers)
{
    CHECK(with("OTEL_EXPORTER_OTLP_HEADERS", " api-key = a%20b%3Dc=d , x=1,, Authorization=Bearer%20t,empty="));
    CHECK_EQ_TEXT(slice_of(destination.headers), "api-key: a b=c=d\r\nx: 1\r\nAuthorization: Bearer t\r\nempty: \r\n");
    setenv("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "y=2", 1);
    CHECK(read());
    CHECK_EQ_TEXT(slice_of(destination.headers), "y: 2\r\n");
    setenv("SPANHOOK_EXPORTER_OTLP_HEADERS", "z=3;p=q", 1);
    CHECK(read());
    CHECK_EQ_TEXT(slice_of(destination.headers), "z: 3;p=q\r\n");
}

TEST(the_last_of_equal_headers_counts)
{
    CHECK(with("OTEL_EXPORTER_OTLP_HEADERS", "a=1,b=2,A=3"));
    CHECK_EQ_TEXT(slice_of(destination.headers), "b: 2\r\nA: 3\r\n");
}

TEST(leaves_out_headers_that_frame_the_message)
{
    CHECK(with("OTEL_EXPORTER_OTLP_HEADERS", "Content-Length=5,a=1,transfer-encoding=chunked,HOST=evil"));
    CHECK_EQ_TEXT(slice_of(destination.headers), "a: 1\r\n");
    CHECK_EQ_TEXT(slice_of(destination.warning),
                  "OTEL_EXPORTER_OTLP_HEADERS: Content-Length, transfer-encoding, HOST left out, spanhook sets these itself");
}

TEST(refuses_headers_that_would_inject)
{
    static const char *const cases[] = {
        "a=b%0d%0aX: 1", "a=b%0aX: 1", "a=b\r\nX: 1", "a=%00", "a=%7f", "a=\x01", "a b=1", "a:=1", "=1", "a", "a=%", "a=%4", "a=%zz",
        "a\n=1=2",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const bool taken = with("OTEL_EXPORTER_OTLP_HEADERS", cases[i]);
        /* a line end between name and '=' is a blank like any other, and goes */
        if (i == sizeof cases / sizeof cases[0] - 1) {
            CHECK_EQ_TEXT(slice_of(destination.headers), "a: 1=2\r\n");
            continue;
        }
        CHECK(!taken);
        CHECK_EQ_TEXT(slice_of(destination.headers), "");
    }
    CHECK(!with("OTEL_EXPORTER_OTLP_HEADERS", "token=hunter2%0a"));
    CHECK(strstr(error.text, "token") != NULL && strstr(error.text, "hunter2") == NULL);
}

TEST(bounds_headers)
{
    char text[8192] = "";
    size_t length = 0;
    for (unsigned i = 0; i < DESTINATION_HEADERS_MAX; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "h%u=v,", i);
    CHECK(with("OTEL_EXPORTER_OTLP_HEADERS", text));
    snprintf(text + length, sizeof text - length, "one=more");
    CHECK(!with("OTEL_EXPORTER_OTLP_HEADERS", text));
    memset(text, 'v', sizeof text);
    text[0] = 'h';
    text[1] = '=';
    /* "h: " + value + CR LF + terminator */
    text[2 + sizeof destination.headers - 6] = '\0';
    CHECK(with("OTEL_EXPORTER_OTLP_HEADERS", text));
    CHECK_EQ_INT(strlen(destination.headers), sizeof destination.headers - 1);
    text[2 + sizeof destination.headers - 6] = 'v';
    text[2 + sizeof destination.headers - 5] = '\0';
    CHECK(!with("OTEL_EXPORTER_OTLP_HEADERS", text));
}

TEST(reads_timeouts)
{
    CHECK(with("OTEL_EXPORTER_OTLP_TIMEOUT", "2500"));
    CHECK_EQ_INT(destination.timeout_milliseconds, 2500);
    CHECK(with("OTEL_EXPORTER_OTLP_TIMEOUT", "0"));
    CHECK_EQ_INT(destination.timeout_milliseconds, DESTINATION_TIMEOUT_MAX);
    CHECK_EQ_TEXT(slice_of(destination.warning), "");
    CHECK(with("OTEL_EXPORTER_OTLP_TIMEOUT", "86400000"));
    CHECK_EQ_INT(destination.timeout_milliseconds, DESTINATION_TIMEOUT_MAX);
    CHECK(destination.warning[0] != '\0');
    static const char *const bad[] = {"ten", "-1", "1.5", "10s", "99999999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK(with("SPANHOOK_EXPORTER_OTLP_TRACES_TIMEOUT", bad[i]));
        CHECK_EQ_INT(destination.timeout_milliseconds, 10000);
        CHECK(strstr(destination.warning, "SPANHOOK_EXPORTER_OTLP_TRACES_TIMEOUT: ") == destination.warning);
    }
}

TEST(can_be_switched_off)
{
    CHECK(with("OTEL_SDK_DISABLED", "TRUE"));
    CHECK(!destination.enabled && environment_disabled());
    CHECK_EQ_TEXT(slice_of(destination.source), "OTEL_SDK_DISABLED");
    CHECK(with("OTEL_SDK_DISABLED", "1"));
    CHECK(destination.enabled && !environment_disabled());
    CHECK(with("OTEL_TRACES_EXPORTER", "None"));
    CHECK(!destination.enabled && !environment_disabled());
    CHECK_EQ_TEXT(slice_of(destination.source), "OTEL_TRACES_EXPORTER");
    CHECK(with("OTEL_TRACES_EXPORTER", "otlp"));
    CHECK(destination.enabled);
    CHECK_EQ_TEXT(slice_of(destination.warning), "");
    CHECK(with("OTEL_TRACES_EXPORTER", "zipkin"));
    CHECK(destination.enabled && destination.warning[0] != '\0');
    clear();
    setenv("OTEL_SDK_DISABLED", "true", 1);
    setenv("SPANHOOK_SDK_DISABLED", "false", 1);
    CHECK(read());
    CHECK(destination.enabled);
    /* a bad address is no complaint while nothing is sent */
    setenv("SPANHOOK_SDK_DISABLED", "true", 1);
    setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "nonsense", 1);
    CHECK(read());
}

TEST(warns_of_grpc)
{
    CHECK(with("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"));
    CHECK(strstr(destination.warning, "gRPC") != NULL);
    CHECK(with("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"));
    CHECK_EQ_TEXT(slice_of(destination.warning), "");
}

TEST(settings_in_general)
{
    clear();
    CHECK(environment_setting("SERVICE_NAME") == NULL);
    setenv("OTEL_SERVICE_NAME", "o", 1);
    CHECK_EQ_TEXT(slice_of(environment_setting("SERVICE_NAME")), "o");
    setenv("SPANHOOK_SERVICE_NAME", "", 1);
    CHECK_EQ_TEXT(slice_of(environment_setting("SERVICE_NAME")), "o");
    setenv("SPANHOOK_SERVICE_NAME", "s", 1);
    CHECK_EQ_TEXT(slice_of(environment_setting("SERVICE_NAME")), "s");
    CHECK(environment_setting("A_NAME_THAT_IS_MUCH_TOO_LONG_TO_BE_THAT_OF_ANY_SETTING_THERE_IS") == NULL);
}

static const struct check_test tests[] = {
    CASE(defaults_to_a_local_collector),
    CASE(takes_the_first_in_order),
    CASE(counts_an_empty_value_as_unset),
    CASE(joins_the_base_with_one_slash),
    CASE(says_what_is_wrong_with_an_address),
    CASE(an_address_that_only_just_fits_is_whole),
    CASE(reads_headers),
    CASE(the_last_of_equal_headers_counts),
    CASE(leaves_out_headers_that_frame_the_message),
    CASE(refuses_headers_that_would_inject),
    CASE(bounds_headers),
    CASE(reads_timeouts),
    CASE(can_be_switched_off),
    CASE(warns_of_grpc),
    CASE(settings_in_general),
};
CHECK_MAIN(tests)
