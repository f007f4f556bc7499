#include "trace/redact.h"

#include "check.h"

#include <time.h>

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
#define AWS_SECRET "wJalrXUtnFEMI/K7MDENG" "/bPxRfiCYEXAMPLEKE1"
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
    expect("dbPassword = 'x y'", "dbPassword = '[redacted]'");
    expect("client-secret=abc&x=1", "client-secret=[redacted]&x=1");
}

TEST(T06_more_shapes)
{
    expect("https://hooks.slack.com/services/" "T000/B000/abcdefgh x", "https://[redacted] x");
    expect("glrt-" "0123456789abcdefghij x", "[redacted] x");
    expect("whsec_" "0123456789abcdefghij+/= x", "[redacted] x");
    expect("ghs_" "0123456789abcdefghijABCDEFGHIJ012345", "[redacted]");
}

TEST(T06_bare_aws_secret_keys)
{
    expect("key " AWS_SECRET " end", "key [redacted] end");
    expect("(" AWS_SECRET ").", "([redacted]).");
    expect(AWS_SECRET, "[redacted]");
    expect("X=" AWS_SECRET, "X=[redacted]");
    expect("aws_secret_access_key " "abcdefghijklmnopqrstuvwxyzabcdef", "aws_secret_access_key [redacted]");
    expect("aws_secret_access_key\t " "abcdefghijklmnopqrstuvwxyzabcdef x", "aws_secret_access_key\t [redacted] x");
    expect("aws_secret_access_key is unset", "aws_secret_access_key is unset");
    /* An object id, one character more or less, one kind of character missing, a file name. */
    expect("3f786850e387550fdab836ed7e6dc881de23001b", "3f786850e387550fdab836ed7e6dc881de23001b");
    expect(AWS_SECRET "x", AWS_SECRET "x");
    expect("abcdefghij/ABCDEFGHIJ/0123456789/abcdef", "abcdefghij/ABCDEFGHIJ/0123456789/abcdef");
    expect("abcdefghij/abcdefghij/0123456789/abcdefg", "abcdefghij/abcdefghij/0123456789/abcdefg");
    expect("abcdefghijkABCDEFGHIJK0123456789zabcdefg", "abcdefghijkABCDEFGHIJK0123456789zabcdefg");
    expect("abcdefghij/ABCDEFGHIJ/0123456789/abcdefg.c", "abcdefghij/ABCDEFGHIJ/0123456789/abcdefg.c");
}

TEST(T06_quoted_values)
{
    expect("password=\"my secret phrase\" x", "password=\"[redacted]\" x");
    expect("{\"password\":\"a\\\"b secret\",\"x\":1}", "{\"password\":\"[redacted]\",\"x\":1}");
    expect("{\"password\":\"ends in \\\\\",\"x\":1}", "{\"password\":\"[redacted]\",\"x\":1}");
    expect("api_key='x y' z", "api_key='[redacted]' z");
    expect("api_key='it is \"so\" y' z", "api_key='[redacted]' z");
    expect("password: `a b` c", "password: `[redacted]` c");
    expect("password=\"never closed and so on", "password=\"[redacted]");
    expect("password=\"\" x", "password=\"\" x");
    expect("password = \"\"\"a \"b\"\"\" x", "password = \"\"\"[redacted]\"b\"\"\" x");
    expect("password = f\"a b\" x", "password = f\"[redacted]\" x");
    expect("config[\"password\"] = \"a b\"", "config[\"password\"] = \"[redacted]\"");
    expect("'secret' => 'a b', 'x'", "'secret' => '[redacted]', 'x'");
    /* JSON inside of a JSON string, once and twice. */
    expect("{\\\"password\\\":\\\"a \\\\\\\"b\\\\\\\" c\\\",\\\"x\\\":1}", "{\\\"password\\\":\\\"[redacted]\\\",\\\"x\\\":1}");
    expect("{\\\\\\\"token\\\\\\\":\\\\\\\"a b\\\\\\\",1", "{\\\\\\\"token\\\\\\\":\\\\\\\"[redacted]\\\\\\\",1");
    expect("\"cmd\":\"echo \\\"password=abc\\\" x\"", "\"cmd\":\"echo \\\"password=[redacted]\\\" x\"");
}

TEST(T06_unquoted_values)
{
    expect("password=abc,defghi;zz x", "password=[redacted] x");
    expect("password=abc, user=x", "password=[redacted], user=x");
    expect("password=abc; echo", "password=[redacted]; echo");
    expect("password=abc;", "password=[redacted];");
    expect("f(password=abc) x", "f(password=[redacted]) x");
    expect("'password=abc' x", "'password=[redacted]' x");
    expect("password=ab)cd\"ef'gh x", "password=[redacted] x");
    expect("[password=a&b&c]", "[password=[redacted]]");
    expect("token=abc&password=def&x=1", "token=[redacted]&password=[redacted]&x=1");
    expect("password=abc,token=\"x y\"", "password=[redacted],token=\"[redacted]\"");
    expect("{password:abc,\"token\":\"x y\"}", "{password:[redacted],\"token\":\"[redacted]\"}");
    /* The value is a structure, another name, a scheme. */
    expect("credentials: {\"user\": \"x\", \"password\": \"a b\"}", "credentials: {\"user\": \"x\", \"password\": \"[redacted]\"}");
    expect("credentials: {password: abc}", "credentials: {password: [redacted]}");
    expect("secret: password: abc", "secret: password: [redacted]");
    expect("token: Bearer abc", "token: Bearer [redacted]");
    expect("PWD={a;b c", "PWD=[redacted] c");
}

TEST(T06_names_with_prefixes)
{
    static const char *const names[] = {
        "PGPASSWORD", "dbpassword", "mysql_passwd", "sshPassphrase", "DB_PWD", "topSecret", "secretKey", "app-secret-key", "authToken",
        "my_api_key", "OPENAI_APIKEY", "awsAccessKey", "access-key", "AccountKey", "account_key", "privateKey", "PRIVATE_KEY",
        "clientSecret", "client_secret", "gcp_credentials", "ConnectionString", "connection-string", "pass", "DB_PASS", "db-pass",
        "dbPass"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[128], expected[128];
        snprintf(text, sizeof text, "a %s=abc,d b", names[i]);
        snprintf(expected, sizeof expected, "a %s=[redacted] b", names[i]);
        expect(text, expected);
        snprintf(text, sizeof text, "{\"%s\": \"a b\"}", names[i]);
        snprintf(expected, sizeof expected, "{\"%s\": \"[redacted]\"}", names[i]);
        expect(text, expected);
    }
    expect("secretKey: abc", "secretKey: [redacted]");
    expect("openssl -passin pass:abc x", "openssl -passin pass:[redacted] x");
    expect("DB_PASS: abc", "DB_PASS: [redacted]");
}

TEST(T06_options)
{
    expect("login --password abc -v", "login --password [redacted] -v");
    expect("login --password=abc -v", "login --password=[redacted] -v");
    expect("login --password 'a b' -v", "login --password '[redacted]' -v");
    expect("login --token \t abc", "login --token \t [redacted]");
    expect("login --secret abc", "login --secret [redacted]");
    expect("login --api-key abc", "login --api-key [redacted]");
    expect("[\"--token\", \"a b\", \"-v\"]", "[\"--token\", \"[redacted]\", \"-v\"]");
    expect("login --password --verbose", "login --password --verbose");
    expect("login --password-stdin x", "login --password-stdin x");
    expect("sshpass -p abc ssh -p 22 host", "sshpass -p [redacted] ssh -p 22 host");
    expect("sshpass -p 'a b' ssh", "sshpass -p '[redacted]' ssh");
    expect("sshpass -pabc ssh", "sshpass -p[redacted] ssh");
    expect("sshpass -pabc", "sshpass -p[redacted]");
    expect("sshpass -p" GITHUB " ssh", "sshpass -p[redacted] ssh");
    expect("curl -u me:abc https://x", "curl -u me:[redacted] https://x");
    expect("curl -sS \\\n -u 'me:a b' x", "curl -sS \\\n -u 'me:[redacted]' x");
    expect("curl -uadmin:abc x", "curl -uadmin:[redacted] x");
    expect("curl -su me:abc x", "curl -su me:[redacted] x");
    expect("curl --user me:abc x", "curl --user me:[redacted] x");
    expect("curl --user=\"me:a b\" x", "curl --user=\"me:[redacted]\" x");
    expect("curl -u me x", "curl -u me x");
    expect("curl x\ndocker run -u 1000:1000 -p 80:80", "curl x\ndocker run -u 1000:1000 -p 80:80");
}

TEST(T06_header_lines)
{
    expect("Bearer\tabcdefgh x", "Bearer\t[redacted] x");
    expect("Bearer \n abcdefgh", "Bearer \n [redacted]");
    expect("Basic  dXNlcjpwdw== x", "Basic  [redacted] x");
    expect("Authorization: Digest username=\"x\", response=\"y\"\nnext", "Authorization: [redacted]\nnext");
    expect("Proxy-Authorization: Basic abc\r\nnext", "Proxy-Authorization: [redacted]\r\nnext");
    expect("{\"Authorization\": \"Bearer a b\", \"x\": 1}", "{\"Authorization\": \"[redacted]\", \"x\": 1}");
    expect("curl -H \"Cookie: a=\\\"b\\\"; c=d\" x", "curl -H \"Cookie: [redacted]\" x");
    expect("Cookie: a=b; c=d\nnext", "Cookie: [redacted]\nnext");
    expect("Set-Cookie: a=b; Path=/\nnext", "Set-Cookie: [redacted]\nnext");
    expect("\\\"Cookie: a=b; c=d\\\" x", "\\\"Cookie: [redacted]\\\" x");
}

TEST(T06_urls_of_any_password)
{
    expect("postgres://u:p@ssw0rd@host/db x@y", "postgres://u:[redacted]@host/db x@y");
    expect("postgres://u:pa/ss?w#0rd@host/db", "postgres://u:[redacted]@host/db");
    expect("redis://:abc@host", "redis://:[redacted]@host");
    expect("\"https://u:p:w@host\",", "\"https://u:[redacted]@host\",");
    expect("https://" "abcdefgh01234567@github.com/x", "https://[redacted]@github.com/x");
    expect("https://" "abcdefgh01234567:x-oauth-basic@github.com/x", "https://[redacted]@github.com/x");
    expect("https://x-access-token:abc@github.com/x", "https://x-access-token:[redacted]@github.com/x");
    expect("a://h/x,b://u:p@h2 x", "a://h/x,b://u:[redacted]@h2 x");
    expect("ssh://git@github.com/x", "ssh://git@github.com/x");
    expect("http://localhost:8080/@x/y", "http://localhost:8080/@x/y");
    expect("https://medium.com/@someone/a:b@c", "https://medium.com/@someone/a:b@c");
    expect("http://host:8080/x me@example.com", "http://host:8080/x me@example.com");
}

static void stays(const char *text)
{
    expect(text, text);
}

TEST(ordinary_text_stays)
{
    stays("");
    stays("Fix the password dialog and the token ring");
    stays("sk-short ghp_x AKIA eyJ");
    stays("Ändere die Währung auf € 🛒");
    stays("a ratio of 3:4 and https://example.com/x");
    stays("3 passed: ok, 1 failed");
    stays("pass: fail");
    stays("bypass: on, compass=north, sshpass: missing");
    stays("tokens: 500, max_tokens=200, token_count: 3, passwords: none");
    stays("Which token? The secret, of course; a password (long) is best.");
    stays("token::parse and token://x, broken: yes");
    stays("Basic functionality, basic authentication; bearer of news; Forbearer abcdefgh1");
    stays("the cookie jar, cookies: two, document.cookie = x");
    stays("ssh -p 22 host; mkdir -p a/b; docker run -u 1000:1000");
    stays("git show 3f786850e387550fdab836ed7e6dc881de23001b");
    stays("password:");
    stays("password = ");
    stays("--password");
}

/* What a quadratic scan would need many seconds for; under the sanitizers, too. */
TEST(hostile_text_takes_linear_time)
{
    static const char *const pieces[] = {
        "password", "password:", "password ", "password=\"\"", "--password ", "://", "://a", "://a@", "\"", ":", "eyJ-", "eyJhbGciOi.",
        "-----BEGIN ", "bearer ", "cookie:", "a;", "a,b=", "&a", "\\", "curl -u ", "sshpass -p", "a/", "password{", "secret: secret:",
        "password\\\"", "A1b/", "- ", "a "};
    static char text[256 * 1024 + 1], room[4 * 1024 * 1024];
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        const size_t length = strlen(pieces[i]);
        struct buffer out;
        size_t at = 0;
        for (; at + length < sizeof text; at += length)
            memcpy(text + at, pieces[i], length);
        buffer_init_fixed(&out, room, sizeof room);
        const clock_t before = clock();
        redact_append(&out, (struct slice){text, at});
        const double seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
        CHECK(!out.failed);
        if (seconds > 1)
            printf("%s: %.1f s\n", pieces[i], seconds);
        CHECK(seconds <= 1);
    }
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
    CASE(T06_tokens_by_prefix),
    CASE(T06_private_keys),
    CASE(T06_headers),
    CASE(T06_passwords_in_urls),
    CASE(T06_named_values),
    CASE(T06_more_shapes),
    CASE(T06_bare_aws_secret_keys),
    CASE(T06_quoted_values),
    CASE(T06_unquoted_values),
    CASE(T06_names_with_prefixes),
    CASE(T06_options),
    CASE(T06_header_lines),
    CASE(T06_urls_of_any_password),
    CASE(ordinary_text_stays),
    CASE(hostile_text_takes_linear_time),
    CASE(preview_cuts_characters_not_bytes),
    CASE(preview_never_shows_a_secret_that_the_cut_splits),
};
CHECK_MAIN(tests)
