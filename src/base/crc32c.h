/* CRC-32C (Castagnoli), as in RFC 3720 appendix B.4: crc32c("123456789") = 0xe3069283. */
#ifndef SPANHOOK_BASE_CRC32C_H
#define SPANHOOK_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(const void *data, size_t length);

#endif
