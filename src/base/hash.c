#include "base/hash.h"

#include <string.h>

void sha256_init(struct sha256 *hash)
{
    mbedtls_sha256_init(&hash->context);
    /* Only a replaced (hardware) implementation of mbedTLS can fail here; the built-in one always answers 0. */
    (void)!mbedtls_sha256_starts(&hash->context, 0);
}

void sha256_update(struct sha256 *hash, struct slice data)
{
    if (data.length > 0)
        (void)!mbedtls_sha256_update(&hash->context, (const unsigned char *)data.data, data.length);
}

void sha256_final(struct sha256 *hash, uint8_t digest[static SHA256_SIZE])
{
    if (mbedtls_sha256_finish(&hash->context, digest) != 0)
        memset(digest, 0, SHA256_SIZE);
    mbedtls_sha256_free(&hash->context);
}

void hash_sha256(struct slice data, uint8_t digest[static SHA256_SIZE])
{
    struct sha256 hash;
    sha256_init(&hash);
    sha256_update(&hash, data);
    sha256_final(&hash, digest);
}
