#include "check.h"

#include "net/url.h"

static struct slice normal_form(const char *text)
{
    static char storage[2048];
    struct buffer out;
    struct url url;
    struct error error;
    buffer_init_fixed(&out, storage, sizeof storage);
    if (url_parse(slice_of(text), &url, &error))
        url_append(&out, &url);
    return buffer_slice(&out);
}

TEST(takes_what_exporters_are_given)
{
    static const char *const cases[][2] = {
        {"http://localhost:4318", "http://localhost:4318/"},
        {"http://localhost:4318/v1/traces", "http://localhost:4318/v1/traces"},
        {"HTTP://LocalHost:4318/V1/Traces", "http://localhost:4318/V1/Traces"},
        {"http://example:80/", "http://example/"},
        {"http://example:443/", "http://example:443/"},
        {"https://xray.eu-west-1.amazonaws.com/v1/traces", "https://xray.eu-west-1.amazonaws.com/v1/traces"},
        {"https://example:443", "https://example/"},
        {"http://127.0.0.1:9", "http://127.0.0.1:9/"},
        {"http://[::1]:4318/v1/traces", "http://[::1]:4318/v1/traces"},
        {"http://[0:0:0:0:0:0:0:1]", "http://[::1]/"},
        {"http://host?x=1", "http://host/?x=1"},
        {"http://host/a%2Fb?x=%41&y=/?", "http://host/a%2Fb?x=%41&y=/?"},
        {"http://my_collector-1.svc:4318/", "http://my_collector-1.svc:4318/"},
        {"http://collector2.local.:1/", "http://collector2.local.:1/"},
        {"http://host:65535/", "http://host:65535/"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_EQ_TEXT(normal_form(cases[i][0]), cases[i][1]);
}

TEST(refuses_everything_else)
{
    static const char *const cases[] = {
        "", "localhost:4318", "http:/host", "http//host", "ftp://host/", "http://", "http:///path", "http://:80/", "//host/",
        " http://host/",
        "http://host /", "http://user@host/", "http://user:secret@host/", "http://host:/", "http://host:0/", "http://host:080/",
        "http://host:65536/",
        "http://host:+80/", "http://host:99999999999/", "http://host:4318x/", "http://[::1/", "http://::1/", "http://[::1]x:1/",
        "http://[fe80::1%25eth0]/",
        "http://[127.0.0.1]/", "http://[]/", "http://127.1/", "http://0x7f.1/", "http://1.2.3.4.5/", "http://256.1.1.1/",
        "http://010.0.0.1/", "http://a..b/",
        "http://.a/", "http://ho%73t/", "http://h\xc3\xb6st/", "http://host/#f", "http://host/a b", "http://host/a\r\nX: 1",
        "http://host/%", "http://host/%4",
        "http://host/%zz", "http://host/\x7f", "http://host/\xff", "http://host/\"", "http://host/<", "http://host\\path",
    };
    struct url url;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct error error = {""};
        if (url_parse(slice_of(cases[i]), &url, &error))
            printf("taken: \"%s\"\n", cases[i]);
        CHECK(!url_parse(slice_of(cases[i]), &url, &error));
        CHECK(error.text[0] != '\0');
    }
}

TEST(refuses_a_nul_anywhere)
{
    struct url url;
    CHECK(!url_parse(SLICE("http://ho\0st/"), &url, NULL));
    CHECK(!url_parse(SLICE("http://host/\0"), &url, NULL));
    CHECK(!url_parse(SLICE("http://host:8\0/"), &url, NULL));
    CHECK(!url_parse(SLICE("http://[::1\0]/"), &url, NULL));
}

TEST(bounds_lengths)
{
    char text[URL_TEXT_MAX + 2] = "http://h/";
    struct url url;
    struct slice whole = {text, URL_TEXT_MAX};
    memset(text + 9, 'a', sizeof text - 9);
    CHECK(url_parse(whole, &url, NULL));
    CHECK_EQ_INT(strlen(url.path), URL_TEXT_MAX - 8);
    whole.length++;
    CHECK(!url_parse(whole, &url, NULL));

    /* four labels of 63 and their dots are 255: too long; a label of 64 as well */
    memset(text + 7, 'a', 64);
    whole.length = 7 + 63;
    CHECK(url_parse(whole, &url, NULL));
    whole.length = 7 + 64;
    CHECK(!url_parse(whole, &url, NULL));
    for (size_t i = 0; i < 4; i++) {
        memset(text + 7 + i * 64, 'a', 63);
        text[7 + i * 64 + 63] = '.';
    }
    whole.length = 7 + 253;
    CHECK(url_parse(whole, &url, NULL));
    whole.length = 7 + 255;
    CHECK(!url_parse(whole, &url, NULL));
}

TEST(never_repeats_a_secret)
{
    struct url url;
    struct error error;
    CHECK(!url_parse(SLICE("http://user:hunter2@host/"), &url, &error));
    CHECK(strstr(error.text, "hunter2") == NULL);
    CHECK_EQ_TEXT(slice_of(error.text), "user and password in it are not supported; use a header");
}

TEST(tells_parts)
{
    struct url url;
    CHECK(url_parse(SLICE("https://Example.org/a?b"), &url, NULL));
    CHECK(url.tls);
    CHECK_EQ_INT(url.port, 443);
    CHECK_EQ_INT(url.kind, URL_HOST_NAME);
    CHECK_EQ_TEXT(slice_of(url.host), "example.org");
    CHECK_EQ_TEXT(slice_of(url.path), "/a");
    CHECK_EQ_TEXT(slice_of(url.query), "?b");
    CHECK(url_parse(SLICE("http://10.0.0.1:1"), &url, NULL));
    CHECK_EQ_INT(url.kind, URL_HOST_IPV4);
    CHECK(url_parse(SLICE("http://[2001:db8::1]:1"), &url, NULL));
    CHECK_EQ_INT(url.kind, URL_HOST_IPV6);
    CHECK_EQ_TEXT(slice_of(url.host), "2001:db8::1");
}

static const struct check_test tests[] = {
    CASE(takes_what_exporters_are_given), CASE(refuses_everything_else), CASE(refuses_a_nul_anywhere), CASE(bounds_lengths),
    CASE(never_repeats_a_secret),         CASE(tells_parts),
};
CHECK_MAIN(tests)
