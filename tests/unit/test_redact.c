#include "trace/redact.h"

#include "check.h"

static char storage[65536];

static void expect(const char *text, const char *expected)
{
    struct buffer out;
    buffer_init_fixed(&out, storage, sizeof storage);
    redact_append(&out, slice_of(text));
    CHECK_EQ_TEXT(buffer_slice(&out), expected);
}

/* The shapes are put together here, so that no scanner takes this file for a leak. */
#define KEY "AKIA" "IOSFODNN7EXAMPLE"
#define GITHUB "ghp_" "0123456789abcdefghijABCDEFGHIJ012345"
#define ANTHROPIC "sk-ant-" "api03-abcdefghijklmnopqrstuvwxyz0123456789"
#define JWT "eyJ" "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"

TEST(T06_tokens_by_prefix)
{
    expect("use " KEY " please", "use [redacted] please");
    expect(GITHUB, "[redacted]");
    expect("(" GITHUB ")", "([redacted])");
    expect("key " ANTHROPIC ".", "key [redacted].");
    expect("jwt " JWT " end", "jwt [redacted] end");
    expect("glpat-" "0123456789abcdefghij x", "[redacted] x");
    expect("xoxb-" "123456789012-abcdef", "[redacted]");
}

TEST(T06_private_keys)
{
    expect("a -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- b", "a [redacted] b");
    expect("a -----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl", "a [redacted]");
    expect("-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----");
}

TEST(T06_headers)
{
    expect("curl -H 'Authorization: Bearer abcdefgh12345' x", "curl -H 'Authorization: [redacted]' x");
    expect("use bearer abcdefgh12345 here", "use bearer [redacted] here");
    expect("x-api-key: 12345678\nnext", "x-api-key: [redacted]\nnext");
}

TEST(T06_passwords_in_urls)
{
    expect("postgres://shop:hunter2@db/orders", "postgres://shop:[redacted]@db/orders");
    expect("https://example.com:8080/a@b", "https://example.com:8080/a@b");
    expect("https://user@example.com/", "https://user@example.com/");
}

TEST(T06_named_values)
{
    expect("password=hunter2 rest", "password=[redacted] rest");
    expect("PASSWORD: hunter2", "PASSWORD: [redacted]");
    expect("{\"api_key\": \"abc\", \"x\": 1}", "{\"api_key\": \"[redacted]\", \"x\": 1}");
    expect("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG", "AWS_SECRET_ACCESS_KEY=[redacted]");
    expect("dbPassword = 'x y'", "dbPassword = '[redacted] y'");
    expect("client-secret=abc&x=1", "client-secret=[redacted]&x=1");
}

TEST(ordinary_text_stays)
{
    expect("", "");
    expect("Fix the password dialog and the token ring", "Fix the password dialog and the token ring");
    expect("sk-short ghp_x AKIA eyJ", "sk-short ghp_x AKIA eyJ");
    expect("Ändere die Währung auf € 🛒", "Ändere die Währung auf € 🛒");
    expect("a ratio of 3:4 and https://example.com/x", "a ratio of 3:4 and https://example.com/x");
}

TEST(preview_cuts_characters_not_bytes)
{
    struct buffer out;
    buffer_init_fixed(&out, storage, sizeof storage);
    redact_preview(&out, SLICE("€🛒€x"), 3);
    CHECK_EQ_TEXT(buffer_slice(&out), "€🛒€");
    buffer_clear(&out);
    redact_preview(&out, SLICE("a\nb\tc"), 10);
    CHECK_EQ_TEXT(buffer_slice(&out), "a b c");
    buffer_clear(&out);
    redact_preview(&out, SLICE("abc"), 0);
    CHECK_EQ_INT(out.length, 0);
}

TEST(preview_never_shows_a_secret_that_the_cut_splits)
{
    struct buffer out;
    buffer_init_fixed(&out, storage, sizeof storage);
    redact_preview(&out, SLICE("12345 " KEY), 12);
    CHECK_EQ_TEXT(buffer_slice(&out), "12345 [redac");
}

static const struct check_test tests[] = {
    CASE(T06_tokens_by_prefix),        CASE(T06_private_keys), CASE(T06_headers), CASE(T06_passwords_in_urls), CASE(T06_named_values),
    CASE(ordinary_text_stays),         CASE(preview_cuts_characters_not_bytes),
    CASE(preview_never_shows_a_secret_that_the_cut_splits)};
CHECK_MAIN(tests)
