/* Where the bytes stand that JSON's structure hangs on, in blocks of 64, as bit masks (bit i: byte i). In two steps, as most blocks of long
 * texts need only the first. Vector instructions that every machine of the kind has (SSE2, NEON), else plain C; on x86-64 also AVX2, for
 * machines that have it, in functions with the attribute BYTE_BLOCK_WIDE. */
#ifndef SPANHOOK_BASE_BYTE_BLOCK_H
#define SPANHOOK_BASE_BYTE_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define BYTE_BLOCK_SIZE 64

struct byte_marks {
    uint64_t quotes, backslashes, newlines;
};
struct byte_brackets {
    uint64_t opening, closing; /* of either kind */
};

/* '[' and '{', and ']' and '}', differ in this bit alone. */
#define BYTE_BLOCK_FOLD 0x20

/* ---- plain C ---------------------------------------------------------------------------------------------------------------- */

static inline uint32_t byte_block_count_plain(uint64_t bits)
{
    bits -= bits >> 1 & UINT64_C(0x5555555555555555);
    bits = (bits & UINT64_C(0x3333333333333333)) + (bits >> 2 & UINT64_C(0x3333333333333333));
    bits = (bits + (bits >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (uint32_t)(bits * UINT64_C(0x0101010101010101) >> 56);
}

/* Each bit: whether the number of bits up to and with it is odd. */
static inline uint64_t byte_block_parity_plain(uint64_t bits)
{
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    return bits ^ bits << 32;
}

#if defined(__SSE2__)
#include <cpuid.h>
#include <immintrin.h>

/* ---- SSE2 ------------------------------------------------------------------------------------------------------------------- */

static inline uint64_t byte_block_join(const __m128i equal[4])
{
    return (uint64_t)(uint32_t)_mm_movemask_epi8(equal[0]) | (uint64_t)(uint32_t)_mm_movemask_epi8(equal[1]) << 16 |
           (uint64_t)(uint32_t)_mm_movemask_epi8(equal[2]) << 32 | (uint64_t)(uint32_t)_mm_movemask_epi8(equal[3]) << 48;
}

static inline uint64_t byte_block_find(const __m128i parts[4], char byte)
{
    const __m128i wanted = _mm_set1_epi8(byte);
    const __m128i equal[4] = {_mm_cmpeq_epi8(parts[0], wanted), _mm_cmpeq_epi8(parts[1], wanted), _mm_cmpeq_epi8(parts[2], wanted),
                              _mm_cmpeq_epi8(parts[3], wanted)};
    return byte_block_join(equal);
}

static inline void byte_block_marks(const char *bytes, struct byte_marks *marks)
{
    __m128i parts[4];
    for (unsigned i = 0; i < 4; i++)
        parts[i] = _mm_loadu_si128((const __m128i *)(const void *)(bytes + 16 * i));
    marks->quotes = byte_block_find(parts, '"');
    /* Backslashes and newlines are rare: one look at both. */
    const __m128i backslash = _mm_set1_epi8('\\'), newline = _mm_set1_epi8('\n');
    __m128i any = _mm_setzero_si128();
    for (unsigned i = 0; i < 4; i++)
        any = _mm_or_si128(any, _mm_or_si128(_mm_cmpeq_epi8(parts[i], backslash), _mm_cmpeq_epi8(parts[i], newline)));
    const bool some = _mm_movemask_epi8(any) != 0;
    marks->backslashes = some ? byte_block_find(parts, '\\') : 0;
    marks->newlines = some ? byte_block_find(parts, '\n') : 0;
}

static inline void byte_block_brackets(const char *bytes, struct byte_brackets *brackets)
{
    __m128i parts[4];
    for (unsigned i = 0; i < 4; i++)
        parts[i] = _mm_or_si128(_mm_loadu_si128((const __m128i *)(const void *)(bytes + 16 * i)), _mm_set1_epi8(BYTE_BLOCK_FOLD));
    brackets->opening = byte_block_find(parts, '{');
    brackets->closing = byte_block_find(parts, '}');
}

/* ---- AVX2 ------------------------------------------------------------------------------------------------------------------- */

#define BYTE_BLOCK_WIDE __attribute__((target("avx2,popcnt,bmi,pclmul")))

/* Whether the machine can run them, and the system keeps the wide registers (Intel SDM, volume 1, section 14.3). Not by the compiler's
 * __builtin_cpu_supports: that asks at every start of the program, hooks too, and each question leaves a virtual machine for 10 µs. */
static inline bool byte_block_is_wide(void)
{
    enum { LEAF_1_ECX = bit_PCLMUL | bit_POPCNT | bit_OSXSAVE | bit_AVX, LEAF_7_EBX = bit_AVX2 | bit_BMI, XMM_AND_YMM = 6 };
    unsigned a, b, c, d, kept, unused;
    if (!__get_cpuid(1, &a, &b, &c, &d) || (c & LEAF_1_ECX) != LEAF_1_ECX)
        return false;
    __asm__ volatile("xgetbv" : "=a"(kept), "=d"(unused) : "c"(0));
    return (kept & XMM_AND_YMM) == XMM_AND_YMM && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & LEAF_7_EBX) == LEAF_7_EBX;
}

static inline BYTE_BLOCK_WIDE uint64_t byte_block_find_wide(__m256i low, __m256i high, char byte)
{
    const __m256i wanted = _mm256_set1_epi8(byte);
    return (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted)) |
           (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted)) << 32;
}

static inline BYTE_BLOCK_WIDE void byte_block_marks_wide(const char *bytes, struct byte_marks *marks)
{
    const __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)bytes);
    const __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + 32));
    marks->quotes = byte_block_find_wide(low, high, '"');
    marks->backslashes = byte_block_find_wide(low, high, '\\');
    marks->newlines = byte_block_find_wide(low, high, '\n');
}

static inline BYTE_BLOCK_WIDE void byte_block_brackets_wide(const char *bytes, struct byte_brackets *brackets)
{
    const __m256i fold = _mm256_set1_epi8(BYTE_BLOCK_FOLD);
    const __m256i low = _mm256_or_si256(_mm256_loadu_si256((const __m256i *)(const void *)bytes), fold);
    const __m256i high = _mm256_or_si256(_mm256_loadu_si256((const __m256i *)(const void *)(bytes + 32)), fold);
    brackets->opening = byte_block_find_wide(low, high, '{');
    brackets->closing = byte_block_find_wide(low, high, '}');
}

static inline BYTE_BLOCK_WIDE uint32_t byte_block_count_wide(uint64_t bits)
{
    return (uint32_t)__builtin_popcountll(bits);
}

static inline BYTE_BLOCK_WIDE uint64_t byte_block_parity_wide(uint64_t bits)
{
    return (uint64_t)_mm_cvtsi128_si64(_mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)bits), _mm_set1_epi8((char)0xff), 0));
}

#elif defined(__ARM_NEON) && defined(__aarch64__)
#include <arm_neon.h>

/* ---- NEON ------------------------------------------------------------------------------------------------------------------- */

/* Each byte of the four vectors is 0 or 0xff. */
static inline uint64_t byte_block_join(uint8x16_t a, uint8x16_t b, uint8x16_t c, uint8x16_t d)
{
    static const uint8_t weights[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    const uint8x16_t weight = vld1q_u8(weights);
    const uint8x16_t ab = vpaddq_u8(vandq_u8(a, weight), vandq_u8(b, weight));
    const uint8x16_t cd = vpaddq_u8(vandq_u8(c, weight), vandq_u8(d, weight));
    const uint8x16_t abcd = vpaddq_u8(ab, cd);
    return vgetq_lane_u64(vreinterpretq_u64_u8(vpaddq_u8(abcd, abcd)), 0);
}

static inline uint64_t byte_block_find(const uint8x16_t parts[4], uint8_t byte)
{
    const uint8x16_t wanted = vdupq_n_u8(byte);
    return byte_block_join(vceqq_u8(parts[0], wanted), vceqq_u8(parts[1], wanted), vceqq_u8(parts[2], wanted), vceqq_u8(parts[3], wanted));
}

static inline void byte_block_marks(const char *bytes, struct byte_marks *marks)
{
    uint8x16_t parts[4];
    for (unsigned i = 0; i < 4; i++)
        parts[i] = vld1q_u8((const uint8_t *)bytes + 16 * i);
    marks->quotes = byte_block_find(parts, '"');
    marks->backslashes = byte_block_find(parts, '\\');
    marks->newlines = byte_block_find(parts, '\n');
}

static inline void byte_block_brackets(const char *bytes, struct byte_brackets *brackets)
{
    uint8x16_t parts[4];
    for (unsigned i = 0; i < 4; i++)
        parts[i] = vorrq_u8(vld1q_u8((const uint8_t *)bytes + 16 * i), vdupq_n_u8(BYTE_BLOCK_FOLD));
    brackets->opening = byte_block_find(parts, '{');
    brackets->closing = byte_block_find(parts, '}');
}

#else

static inline uint64_t byte_block_find(const char *bytes, int fold, char byte)
{
    uint64_t mask = 0;
    for (unsigned i = 0; i < BYTE_BLOCK_SIZE; i++)
        mask |= (uint64_t)((char)(bytes[i] | fold) == byte) << i;
    return mask;
}

static inline void byte_block_marks(const char *bytes, struct byte_marks *marks)
{
    marks->quotes = byte_block_find(bytes, 0, '"');
    marks->backslashes = byte_block_find(bytes, 0, '\\');
    marks->newlines = byte_block_find(bytes, 0, '\n');
}

static inline void byte_block_brackets(const char *bytes, struct byte_brackets *brackets)
{
    brackets->opening = byte_block_find(bytes, BYTE_BLOCK_FOLD, '{');
    brackets->closing = byte_block_find(bytes, BYTE_BLOCK_FOLD, '}');
}

#endif
#endif
