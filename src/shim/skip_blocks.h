/* The part of skip.c that goes through whole blocks. Included once for each set of instructions, with SKIP_BLOCKS the name of the function,
 * SKIP_TARGET the attribute of what it is made of, and SKIP_USE(x) x in that set's form. Hence no guard.
 *
 * The usual way with blocks of JSON (Langdale and Lemire, "Parsing Gigabytes of JSON per Second", 2019, sections 3.1.1 and 3.1.2), written anew
 * for what is wanted here: where the container ends, and nothing else. */

/* Walks the brackets of a block; the position behind the one that closes the last, or BYTE_BLOCK_SIZE + 1. */
static inline SKIP_TARGET unsigned SKIP_USE(walk_brackets)(struct skip *skip, uint64_t opening, uint64_t closing)
{
    const uint32_t closes = SKIP_USE(byte_block_count)(closing);
    if (closes < skip->depth) {
        skip->depth += SKIP_USE(byte_block_count)(opening) - closes;
        return BYTE_BLOCK_SIZE + 1;
    }
    for (uint64_t brackets = opening | closing; brackets; brackets &= brackets - 1) {
        const uint64_t bracket = brackets & -brackets;
        if (opening & bracket)
            skip->depth++;
        else if (--skip->depth == 0)
            return SKIP_USE(byte_block_count)(bracket - 1) + 1;
    }
    return BYTE_BLOCK_SIZE + 1;
}

/* One block; how much of it is taken. */
static inline SKIP_TARGET enum skip_result SKIP_USE(take_block)(struct skip *skip, const char *bytes, unsigned *taken)
{
    struct byte_marks marks;
    struct byte_brackets brackets;
    uint64_t escaped = 0, limit = UINT64_MAX;
    SKIP_USE(byte_block_marks)(bytes, &marks);
    *taken = BYTE_BLOCK_SIZE;
    if (skip->in_string && !skip->escaped && (marks.quotes | marks.backslashes | marks.newlines) == 0)
        return SKIP_MORE;
    if (marks.newlines) {
        limit = (marks.newlines & -marks.newlines) - 1;
        *taken = SKIP_USE(byte_block_count)(limit);
    }
    if (marks.backslashes || skip->escaped)
        escaped = find_escaped(skip, marks.backslashes & limit);
    const uint64_t quotes = marks.quotes & limit & ~escaped;
    if (skip->depth == 0) { /* a string alone */
        if (quotes) {
            *taken = SKIP_USE(byte_block_count)((quotes & -quotes) - 1) + 1;
            return SKIP_DONE;
        }
        return marks.newlines ? SKIP_NEWLINE : SKIP_MORE;
    }
    /* From an opening quote up to before its closing one. */
    const uint64_t inside = SKIP_USE(byte_block_parity)(quotes) ^ (skip->in_string ? UINT64_MAX : 0);
    skip->in_string = inside >> 63 != 0;
    SKIP_USE(byte_block_brackets)(bytes, &brackets);
    /* An escape outside strings is no JSON, but every split must see the same. */
    const uint64_t outside = ~inside & limit & ~escaped;
    const unsigned end = SKIP_USE(walk_brackets)(skip, brackets.opening & outside, brackets.closing & outside);
    if (end <= BYTE_BLOCK_SIZE) {
        *taken = end;
        return SKIP_DONE;
    }
    return marks.newlines ? SKIP_NEWLINE : SKIP_MORE;
}

/* All whole blocks of the text, or up to what ends it; *taken bytes. */
static SKIP_TARGET enum skip_result SKIP_BLOCKS(struct skip *skip, struct slice text, size_t *taken)
{
    struct skip state = *skip; /* kept in registers */
    enum skip_result result = SKIP_MORE;
    size_t at = 0;
    while (result == SKIP_MORE && text.length - at >= BYTE_BLOCK_SIZE) {
        unsigned of_block;
        result = SKIP_USE(take_block)(&state, text.data + at, &of_block);
        at += of_block;
    }
    *skip = state;
    *taken = at;
    return result;
}

#undef SKIP_BLOCKS
#undef SKIP_TARGET
#undef SKIP_USE
