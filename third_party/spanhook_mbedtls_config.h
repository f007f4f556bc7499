/* The whole configuration of mbedTLS: what is not named here is not compiled in. */
#ifndef SPANHOOK_MBEDTLS_CONFIG_H
#define SPANHOOK_MBEDTLS_CONFIG_H

#define MBEDTLS_SHA256_C
/* One block at a time in a loop instead of unrolled: a hook hashes a few hundred bytes, and every page of code costs it a page fault. */
#define MBEDTLS_SHA256_SMALLER

#endif
