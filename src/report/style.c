#include "report/style.h"

static const char *const sequences[] = {
    [STYLE_PLAIN] = "",         [STYLE_STRONG] = "\033[1m", [STYLE_FAINT] = "\033[2m", [STYLE_BAD] = "\033[31m",
    [STYLE_UNSURE] = "\033[33m", [STYLE_SKILL] = "\033[35m", [STYLE_TOOL] = "\033[36m", [STYLE_PROMPT] = "\033[32m",
};

void style_begin(struct buffer *out, enum style style, bool colour)
{
    if (colour)
        buffer_append_text(out, sequences[style]);
}

void style_end(struct buffer *out, enum style style, bool colour)
{
    if (colour && style != STYLE_PLAIN)
        buffer_append_text(out, "\033[0m");
}
