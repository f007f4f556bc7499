#include "check.h"

#include "base/json_scan.h"
#include "base/json_write.h"

#include <math.h>
#include <stdlib.h>

static char storage[4096];
static struct buffer out;

static struct slice written_string(struct slice text)
{
    buffer_init_fixed(&out, storage, sizeof storage);
    json_write_string(&out, text);
    return buffer_slice(&out);
}

static struct slice written_double(double value)
{
    buffer_init_fixed(&out, storage, sizeof storage);
    json_write_double(&out, value);
    return buffer_slice(&out);
}

TEST(strings)
{
    CHECK_EQ_TEXT(written_string(SLICE("")), "\"\"");
    CHECK_EQ_TEXT(written_string(slice_of(NULL)), "\"\"");
    CHECK_EQ_TEXT(written_string(SLICE("a/b \xc3\xa9\xf0\x9f\x98\x80")), "\"a/b \xc3\xa9\xf0\x9f\x98\x80\"");
    CHECK_EQ_TEXT(written_string(SLICE("\"\\")), "\"\\\"\\\\\"");
    CHECK_EQ_TEXT(written_string(SLICE("\b\f\n\r\t")), "\"\\b\\f\\n\\r\\t\"");
    CHECK_EQ_TEXT(written_string(SLICE("\0\x1b\x1f\x7f")), "\"\\u0000\\u001b\\u001f\\u007f\"");
    CHECK_EQ_TEXT(written_string(SLICE("a\xff\n\xe2\x82\"")), "\"a\xef\xbf\xbd\\n\xef\xbf\xbd\\\"\"");
}

TEST(every_byte_gives_valid_json)
{
    for (unsigned a = 0; a < 256; a++) {
        for (unsigned b = 0; b < 256; b += 5) {
            const char text[2] = {(char)a, (char)b};
            const struct slice json = written_string((struct slice){text, 2});
            if (!json_valid(json))
                CHECK_EQ_INT(a, 256);
            for (size_t i = 0; i < json.length; i++)
                CHECK((unsigned char)json.data[i] >= 0x20 && json.data[i] != 0x7f);
        }
    }
}

TEST(doubles)
{
    CHECK_EQ_TEXT(written_double(0), "0");
    CHECK_EQ_TEXT(written_double(-0.0), "-0");
    CHECK_EQ_TEXT(written_double(1), "1");
    CHECK_EQ_TEXT(written_double(-1.5), "-1.5");
    CHECK_EQ_TEXT(written_double(0.1), "0.1");
    CHECK_EQ_TEXT(written_double(1.0 / 3), "0.3333333333333333");
    CHECK_EQ_TEXT(written_double(0.1 + 0.2), "0.30000000000000004");
    CHECK_EQ_TEXT(written_double(1e300), "1e+300");
    CHECK_EQ_TEXT(written_double(123456789012), "123456789012");
    CHECK_EQ_TEXT(written_double((double)NAN), "\"NaN\"");
    CHECK_EQ_TEXT(written_double((double)INFINITY), "\"Infinity\"");
    CHECK_EQ_TEXT(written_double(-(double)INFINITY), "\"-Infinity\"");
}

TEST(doubles_read_back_the_same)
{
    uint64_t seed = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {
        double value;
        uint64_t bits;
        char text[64];
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        memcpy(&value, &seed, sizeof value);
        if (!isfinite(value))
            continue;
        const struct slice json = written_double(value);
        CHECK(json_valid(json) && json.length < sizeof text);
        memcpy(text, json.data, json.length);
        text[json.length] = '\0';
        value = strtod(text, NULL);
        memcpy(&bits, &value, sizeof bits);
        CHECK(bits == seed);
    }
}

TEST(booleans)
{
    buffer_init_fixed(&out, storage, sizeof storage);
    json_write_bool(&out, true);
    json_write_bool(&out, false);
    CHECK_EQ_TEXT(buffer_slice(&out), "truefalse");
}

static const struct check_test tests[] = {CASE(strings), CASE(every_byte_gives_valid_json), CASE(doubles), CASE(doubles_read_back_the_same),
                                          CASE(booleans)};
CHECK_MAIN(tests)
