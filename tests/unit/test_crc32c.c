#include "check.h"

#include "base/crc32c.h"

/* RFC 3720, appendix B.4, and the usual check value. */
TEST(published_values)
{
    uint8_t bytes[32];
    CHECK_EQ_INT(crc32c("123456789", 9), 0xe3069283);
    CHECK_EQ_INT(crc32c("", 0), 0);
    memset(bytes, 0, sizeof bytes);
    CHECK_EQ_INT(crc32c(bytes, sizeof bytes), 0x8a9136aa);
    memset(bytes, 0xff, sizeof bytes);
    CHECK_EQ_INT(crc32c(bytes, sizeof bytes), 0x62a8ab43);
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    CHECK_EQ_INT(crc32c(bytes, sizeof bytes), 0x46dd794e);
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(31 - i);
    CHECK_EQ_INT(crc32c(bytes, sizeof bytes), 0x113fdb5c);
}

/* The definition, bit by bit: it covers every entry of the table. */
TEST(every_byte_agrees_with_the_definition)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        const uint8_t data = (uint8_t)byte;
        uint32_t crc = UINT32_MAX ^ byte;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ UINT32_C(0x82f63b78) : crc >> 1;
        CHECK_EQ_INT(crc32c(&data, 1), ~crc);
    }
}

static const struct check_test tests[] = {CASE(published_values), CASE(every_byte_agrees_with_the_definition)};
CHECK_MAIN(tests)
