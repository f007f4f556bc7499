#include "shim/skip.h"

#include "base/byte_block.h"

/* The usual way with blocks of JSON (Langdale and Lemire, "Parsing Gigabytes of JSON per Second", 2019, sections 3.1.1 and 3.1.2), written
 * anew for what is wanted here: where the container ends, and nothing else. */

/* The bytes that a backslash before them quotes. Runs of backslashes pair off from their start. */
static uint64_t find_escaped(struct skip *skip, uint64_t backslashes)
{
    uint64_t escaped = skip->escaped ? 1 : 0;
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

/* Each bit: how many bits are set up to and with it, odd or even. */
static uint64_t prefix_parity(uint64_t bits)
{
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    return bits ^ bits << 32;
}

static uint32_t count_bits(uint64_t bits)
{
    bits -= bits >> 1 & UINT64_C(0x5555555555555555);
    bits = (bits & UINT64_C(0x3333333333333333)) + (bits >> 2 & UINT64_C(0x3333333333333333));
    bits = (bits + (bits >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
    return (uint32_t)(bits * UINT64_C(0x0101010101010101) >> 56);
}

/* Walks the brackets of a block; the position behind the one that closes the last, or BYTE_BLOCK_SIZE + 1. */
static unsigned walk_brackets(struct skip *skip, uint64_t opening, uint64_t closing)
{
    const uint32_t closes = count_bits(closing);
    if (closes < skip->depth) {
        skip->depth += count_bits(opening) - closes;
        return BYTE_BLOCK_SIZE + 1;
    }
    for (uint64_t brackets = opening | closing; brackets; brackets &= brackets - 1) {
        const uint64_t bracket = brackets & -brackets;
        if (opening & bracket)
            skip->depth++;
        else if (--skip->depth == 0)
            return count_bits(bracket - 1) + 1;
    }
    return BYTE_BLOCK_SIZE + 1;
}

/* One block; how much of it is taken. */
static enum skip_result take_block(struct skip *skip, const char *bytes, unsigned *taken)
{
    struct byte_block block;
    byte_block_read(bytes, &block);
    *taken = BYTE_BLOCK_SIZE;
    const bool was_in_string = skip->in_string;
    if (block.newlines) {
        const uint64_t first = block.newlines & -block.newlines, before = first - 1;
        *taken = count_bits(before);
        block.quotes &= before;
        block.backslashes &= before;
        block.opening &= before;
        block.closing &= before;
    }
    if (block.backslashes || skip->escaped) {
        const uint64_t escaped = find_escaped(skip, block.backslashes);
        block.quotes &= ~escaped;
        block.opening &= ~escaped; /* matters outside strings only, where it is no JSON: but every split must see the same */
        block.closing &= ~escaped;
    }
    if (skip->depth == 0) { /* a string alone */
        if (block.quotes) {
            *taken = count_bits((block.quotes & -block.quotes) - 1) + 1;
            return SKIP_DONE;
        }
        return block.newlines ? SKIP_NEWLINE : SKIP_MORE;
    }
    /* From an opening quote up to before its closing one. */
    const uint64_t inside = prefix_parity(block.quotes) ^ (was_in_string ? UINT64_MAX : 0);
    skip->in_string = inside >> 63 != 0;
    const unsigned end = walk_brackets(skip, block.opening & ~inside, block.closing & ~inside);
    if (end <= BYTE_BLOCK_SIZE) {
        *taken = end;
        return SKIP_DONE;
    }
    return block.newlines ? SKIP_NEWLINE : SKIP_MORE;
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
    size_t at = 0, more = 0;
    while (text.length - at >= BYTE_BLOCK_SIZE) {
        unsigned of_block;
        const enum skip_result result = take_block(skip, text.data + at, &of_block);
        at += of_block;
        if (result != SKIP_MORE) {
            *taken = at;
            return result;
        }
    }
    const enum skip_result result = take_bytes(skip, slice_part(text, at, text.length), &more);
    *taken = at + more;
    return result;
}
