#include "trace/ids.h"

#include "base/clock.h"
#include "base/hash.h"

#include <sys/random.h>
#include <unistd.h>

static const char hex_digits[] = "0123456789abcdef";

static void write_hex(uint64_t value, char text[static SPAN_ID_HEX + 1])
{
    for (unsigned i = 0; i < SPAN_ID_HEX; i++)
        text[i] = hex_digits[(value >> (60 - 4 * i)) & 0xf];
    text[SPAN_ID_HEX] = '\0';
}

/* The finaliser of SplitMix64: every input bit reaches every output bit. */
static uint64_t mix(uint64_t value)
{
    value ^= value >> 30;
    value *= UINT64_C(0xbf58476d1ce4e5b9);
    value ^= value >> 27;
    value *= UINT64_C(0x94d049bb133111eb);
    value ^= value >> 31;
    return value;
}

bool span_id_new(uint64_t salt, char id[static SPAN_ID_HEX + 1])
{
    uint64_t value = 0;
    const bool random = getentropy(&value, sizeof value) == 0;
    if (!random)
        value = mix(clock_realtime() ^ mix((uint64_t)getpid() ^ mix(clock_since_boot() ^ mix(salt))));
    write_hex(value ? value : 1, id);
    return random;
}

void span_id_derive(const char from[static SPAN_ID_HEX + 1], uint64_t purpose, char id[static SPAN_ID_HEX + 1])
{
    uint64_t value = 0;
    slice_hex_to_u64((struct slice){from, SPAN_ID_HEX}, &value);
    uint64_t derived = mix(value + (purpose + 1) * UINT64_C(0x9e3779b97f4a7c15));
    if (derived == 0 || derived == value)
        derived = value + 1 ? value + 1 : 1;
    write_hex(derived, id);
}

void trace_id_make(uint32_t epoch_second, struct slice session_id, char id[static TRACE_ID_HEX + 1])
{
    uint8_t digest[SHA256_SIZE];
    hash_sha256(session_id, digest);
    for (unsigned i = 0; i < 8; i++)
        id[i] = hex_digits[(epoch_second >> (28 - 4 * i)) & 0xf];
    for (unsigned i = 0; i < 12; i++) {
        id[8 + 2 * i] = hex_digits[digest[i] >> 4];
        id[9 + 2 * i] = hex_digits[digest[i] & 0xf];
    }
    id[TRACE_ID_HEX] = '\0';
}

bool id_valid(struct slice text, size_t digits)
{
    bool nonzero = false;
    if (text.length != digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        const char c = text.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
        nonzero |= c != '0';
    }
    return nonzero;
}
