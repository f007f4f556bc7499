/* Where certain bytes stand in a block of 64, as bit masks (bit i: byte i). Vector instructions that every machine of the kind has (SSE2,
 * NEON), else plain C. */
#ifndef SPANHOOK_BASE_BYTE_BLOCK_H
#define SPANHOOK_BASE_BYTE_BLOCK_H

#include <stdint.h>

#define BYTE_BLOCK_SIZE 64

/* The bytes that JSON's structure hangs on. */
struct byte_block {
    uint64_t quotes, backslashes, newlines;
    uint64_t opening, closing; /* brackets of either kind */
};

#if defined(__SSE2__)
#include <emmintrin.h>

static inline uint64_t byte_block_mask(__m128i equal)
{
    return (uint64_t)(uint32_t)_mm_movemask_epi8(equal);
}

static inline void byte_block_read(const char *bytes, struct byte_block *block)
{
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), newline = _mm_set1_epi8('\n');
    /* '[' and '{', and ']' and '}', differ in this bit alone. */
    const __m128i bit = _mm_set1_epi8(0x20), open = _mm_set1_epi8('{'), close = _mm_set1_epi8('}');
    *block = (struct byte_block){0, 0, 0, 0, 0};
    for (unsigned i = 0; i < 4; i++) {
        const __m128i part = _mm_loadu_si128((const __m128i *)(const void *)(bytes + 16 * i));
        const __m128i folded = _mm_or_si128(part, bit);
        block->quotes |= byte_block_mask(_mm_cmpeq_epi8(part, quote)) << (16 * i);
        block->backslashes |= byte_block_mask(_mm_cmpeq_epi8(part, backslash)) << (16 * i);
        block->newlines |= byte_block_mask(_mm_cmpeq_epi8(part, newline)) << (16 * i);
        block->opening |= byte_block_mask(_mm_cmpeq_epi8(folded, open)) << (16 * i);
        block->closing |= byte_block_mask(_mm_cmpeq_epi8(folded, close)) << (16 * i);
    }
}

#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>

/* Each byte of the four vectors is 0 or 0xff. */
static inline uint64_t byte_block_mask(uint8x16_t a, uint8x16_t b, uint8x16_t c, uint8x16_t d)
{
    static const uint8_t weights[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint8x16_t weight = vld1q_u8(weights);
    const uint8x16_t ab = vpaddq_u8(vandq_u8(a, weight), vandq_u8(b, weight));
    const uint8x16_t cd = vpaddq_u8(vandq_u8(c, weight), vandq_u8(d, weight));
    const uint8x16_t abcd = vpaddq_u8(ab, cd);
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(abcd, abcd)), 0);
}

static inline uint64_t byte_block_find(const uint8x16_t part[4], uint8_t byte)
{
    const uint8x16_t wanted = vdupq_n_u8(byte);
    return byte_block_mask(vceqq_u8(part[0], wanted), vceqq_u8(part[1], wanted), vceqq_u8(part[2], wanted), vceqq_u8(part[3], wanted));
}

static inline void byte_block_read(const char *bytes, struct byte_block *block)
{
    uint8x16_t part[4];
    for (unsigned i = 0; i < 4; i++)
        part[i] = vld1q_u8((const uint8_t *)bytes + 16 * i);
    block->quotes = byte_block_find(part, '"');
    block->backslashes = byte_block_find(part, '\\');
    block->newlines = byte_block_find(part, '\n');
    for (unsigned i = 0; i < 4; i++)
        part[i] = vorrq_u8(part[i], vdupq_n_u8(0x20));
    block->opening = byte_block_find(part, '{');
    block->closing = byte_block_find(part, '}');
}

#else

static inline void byte_block_read(const char *bytes, struct byte_block *block)
{
    *block = (struct byte_block){0, 0, 0, 0, 0};
    for (unsigned i = 0; i < BYTE_BLOCK_SIZE; i++) {
        const uint64_t bit = UINT64_C(1) << i;
        const char folded = (char)(bytes[i] | 0x20);
        block->quotes |= bytes[i] == '"' ? bit : 0;
        block->backslashes |= bytes[i] == '\\' ? bit : 0;
        block->newlines |= bytes[i] == '\n' ? bit : 0;
        block->opening |= folded == '{' ? bit : 0;
        block->closing |= folded == '}' ? bit : 0;
    }
}

#endif
#endif
