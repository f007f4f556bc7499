/* SHA-256 (FIPS 180-4) by mbedTLS, and a fast 64-bit digest for telling inputs apart (FNV-1a; not for security). */
#ifndef SPANHOOK_BASE_HASH_H
#define SPANHOOK_BASE_HASH_H

#include "base/slice.h"

#include <mbedtls/sha256.h>

#define SHA256_SIZE 32

void hash_sha256(struct slice data, uint8_t digest[static SHA256_SIZE]);

/* In pieces: init, update…, final. final releases what init took. */
struct sha256 {
    mbedtls_sha256_context context;
};
void sha256_init(struct sha256 *hash);
void sha256_update(struct sha256 *hash, struct slice data);
void sha256_final(struct sha256 *hash, uint8_t digest[static SHA256_SIZE]);

#define FNV1A_START UINT64_C(0xcbf29ce484222325)
static inline uint64_t fnv1a_byte(uint64_t state, char byte)
{
    return (state ^ (uint8_t)byte) * UINT64_C(0x100000001b3);
}
static inline uint64_t fnv1a(uint64_t state, struct slice data)
{
    for (size_t i = 0; i < data.length; i++)
        state = fnv1a_byte(state, data.data[i]);
    return state;
}

#endif
