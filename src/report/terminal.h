/* What the place that is written to can show: width, colours, characters. */
#ifndef SPANHOOK_REPORT_TERMINAL_H
#define SPANHOOK_REPORT_TERMINAL_H

#include <stdbool.h>

#define TERMINAL_WIDTH_MIN 40
#define TERMINAL_WIDTH_MAX 400
#define TERMINAL_WIDTH_DEFAULT 80

struct terminal {
    unsigned width; /* columns, within the bounds above */
    bool colour;
    bool unicode;   /* the locale is a UTF-8 one; else nothing but ASCII may be written */
};

enum terminal_colour { TERMINAL_COLOUR_AUTO, TERMINAL_COLOUR_ALWAYS, TERMINAL_COLOUR_NEVER };

/* "auto", "always", "never". */
bool terminal_colour_parse(const char *text, enum terminal_colour *colour);

/* width: `width` unless 0, else that of the terminal, else COLUMNS, else the default; clipped to the bounds.
 * colour: as said; with AUTO never where NO_COLOR is not empty, then always where FORCE_COLOR is (unless "0" or "false"), else on a
 * terminal whose TERM is not "dumb".
 * unicode: LC_ALL, LC_CTYPE or LANG, the first that is not empty, names UTF-8. */
void terminal_detect(struct terminal *terminal, int fd, long width, enum terminal_colour colour);

#endif
