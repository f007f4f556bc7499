#include "shim/skip.h"

#include "check.h"

#include <stdlib.h>

/* What skip_feed must agree with, one byte at a time and in the plainest words. `text` begins behind the opening bracket or quote. */
static enum skip_result skip_plainly(struct slice text, bool string, size_t *taken)
{
    unsigned depth = string ? 0 : 1;
    bool inside = string, escaped = false;
    for (size_t i = 0; i < text.length; i++) {
        const char c = text.data[i];
        *taken = i;
        if (c == '\n')
            return SKIP_NEWLINE;
        *taken = i + 1;
        if (escaped) {
            escaped = false;
            continue;
        }
        if (c == '\\')
            escaped = true;
        if (c == '"') {
            inside = !inside;
            if (depth == 0)
                return SKIP_DONE;
        }
        if (inside)
            continue;
        if (c == '{' || c == '[')
            depth++;
        if ((c == '}' || c == ']') && --depth == 0)
            return SKIP_DONE;
    }
    *taken = text.length;
    return SKIP_MORE;
}

static void compare(struct slice text, bool string, size_t size)
{
    struct skip skip;
    size_t expected_taken = 0, taken = 0;
    enum skip_result result = SKIP_MORE;
    const enum skip_result expected = skip_plainly(text, string, &expected_taken);
    if (string)
        skip_begin_string(&skip);
    else
        skip_begin_container(&skip);
    while (result == SKIP_MORE && taken < text.length) {
        size_t more = 0;
        result = skip_feed(&skip, slice_part(text, taken, size), &more);
        taken += more;
    }
    CHECK_EQ_INT(result, expected);
    CHECK_EQ_INT(taken, expected_taken);
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

TEST(agrees_with_the_plain_form)
{
    static const char alphabet[] = "{}[]\"\"\\\\ab,: \n\xc3\xa9";
    uint32_t state = 7;
    for (unsigned round = 0; round < 20000; round++) {
        const size_t length = next_random(&state) % 300;
        /* newlines and brackets that close are rare, so that texts get long */
        char *text = malloc(length + 1);
        if (!text)
            abort();
        for (size_t i = 0; i < length; i++) {
            do
                text[i] = alphabet[next_random(&state) % (sizeof alphabet - 1)];
            while ((text[i] == '\n' || text[i] == '}' || text[i] == ']' || text[i] == '"') && next_random(&state) % 4);
        }
        const size_t size = round % 3 ? next_random(&state) % 200 + 1 : SIZE_MAX / 2;
        compare((struct slice){text, length}, round % 2, size);
        free(text);
    }
}

/* Long enough for the widest instructions that the machine has. */
TEST(agrees_with_the_plain_form_on_long_texts)
{
    static const char alphabet[] = "{}[]\"\"\\\\ab,: \n\xc3\xa9";
    static char text[20000];
    uint32_t state = 11;
    for (unsigned round = 0; round < 400; round++) {
        const size_t length = 5000 + next_random(&state) % 15000;
        const uint32_t rare = 1 + next_random(&state) % 4000;
        for (size_t i = 0; i < length; i++) {
            do
                text[i] = next_random(&state) % 8 ? 'x' : alphabet[next_random(&state) % (sizeof alphabet - 1)];
            while ((text[i] == '\n' || text[i] == '}' || text[i] == ']') && next_random(&state) % rare);
        }
        compare((struct slice){text, length}, round % 2, round % 3 ? SIZE_MAX / 2 : 4096 + next_random(&state) % 2000);
    }
}

TEST(passes_over_long_texts)
{
    static char text[1 << 20];
    memset(text, 'x', sizeof text);
    text[0] = '"';
    text[sizeof text - 2] = '"';
    text[sizeof text - 1] = '}';
    for (size_t size = 63; size < 67; size++)
        compare((struct slice){text, sizeof text}, false, size);
    compare((struct slice){text + 1, sizeof text - 1}, true, sizeof text);
    memset(text + 1, '\\', sizeof text - 3); /* an odd number: the last one quotes the quote */
    compare((struct slice){text, sizeof text}, false, 64);
    memset(text, '[', sizeof text);
    compare((struct slice){text, sizeof text}, false, sizeof text);
}

static const struct check_test tests[] = {CASE(agrees_with_the_plain_form), CASE(agrees_with_the_plain_form_on_long_texts),
                                          CASE(passes_over_long_texts)};
CHECK_MAIN(tests)
