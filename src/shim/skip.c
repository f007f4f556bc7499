#include "shim/skip.h"

#include "base/byte_block.h"

#define WIDE_FROM 4096 /* bytes */

/* The bytes that a backslash before them quotes. Runs of backslashes pair off from their start; mostly there are none. */
static uint64_t find_escaped(struct skip *skip, uint64_t backslashes)
{
    uint64_t escaped = skip->escaped ? 1 : 0;
    if ((backslashes & (backslashes << 1 | escaped)) == 0) {
        skip->escaped = backslashes >> 63 != 0;
        return backslashes << 1 | escaped;
    }
    backslashes &= ~escaped;
    while (backslashes) {
        const uint64_t first = backslashes & -backslashes;
        const uint64_t next = first << 1; /* 0: it is in the next block */
        escaped |= next;
        skip->escaped = next == 0;
        backslashes &= ~(first | next);
        if (next == 0)
            return escaped;
    }
    skip->escaped = false;
    return escaped;
}

#define byte_block_count byte_block_count_plain
#define byte_block_parity byte_block_parity_plain
#define SKIP_BLOCKS take_blocks
#define SKIP_TARGET
#define SKIP_USE(name) name
#include "shim/skip_blocks.inc"
#undef byte_block_count
#undef byte_block_parity

#ifdef BYTE_BLOCK_WIDE
#define SKIP_BLOCKS take_blocks_wide
#define SKIP_TARGET BYTE_BLOCK_WIDE
#define SKIP_USE(name) name##_wide
#include "shim/skip_blocks.inc"
#else
#define take_blocks_wide take_blocks
#define byte_block_is_wide() false
#endif

/* The machine is asked once, and only where much is to be passed over. */
static bool is_worth_wide(size_t length)
{
    static enum { NOT_ASKED, WIDE, NARROW } machine = NOT_ASKED;
    if (length < WIDE_FROM)
        return false;
    if (machine == NOT_ASKED)
        machine = byte_block_is_wide() ? WIDE : NARROW;
    return machine == WIDE;
}

/* The same, byte by byte, for what is shorter than a block. */
static enum skip_result take_bytes(struct skip *skip, struct slice text, size_t *taken)
{
    for (size_t i = 0; i < text.length; i++) {
        const char c = text.data[i];
        *taken = i;
        if (c == '\n')
            return SKIP_NEWLINE;
        *taken = i + 1;
        if (skip->escaped) {
            skip->escaped = false;
        } else if (c == '\\') {
            skip->escaped = true;
        } else if (c == '"') {
            skip->in_string = !skip->in_string;
            if (skip->depth == 0)
                return SKIP_DONE;
        } else if (!skip->in_string && (c == '{' || c == '[')) {
            skip->depth++;
        } else if (!skip->in_string && (c == '}' || c == ']') && --skip->depth == 0) {
            return SKIP_DONE;
        }
    }
    return SKIP_MORE;
}

enum skip_result skip_feed(struct skip *skip, struct slice text, size_t *taken)
{
    enum skip_result result = SKIP_MORE;
    size_t of_blocks = 0, of_bytes = 0;
    if (is_worth_wide(text.length))
        result = take_blocks_wide(skip, text, &of_blocks);
    else if (text.length >= BYTE_BLOCK_SIZE)
        result = take_blocks(skip, text, &of_blocks);
    if (result == SKIP_MORE)
        result = take_bytes(skip, slice_part(text, of_blocks, text.length), &of_bytes);
    *taken = of_blocks + of_bytes;
    return result;
}
