#include "report/terminal.h"

#include "base/slice.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool terminal_colour_parse(const char *text, enum terminal_colour *colour)
{
    static const char *const names[] = {
        [TERMINAL_COLOUR_AUTO] = "auto", [TERMINAL_COLOUR_ALWAYS] = "always", [TERMINAL_COLOUR_NEVER] = "never"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(text, names[i]) == 0) {
            *colour = (enum terminal_colour)i;
            return true;
        }
    }
    return false;
}

static struct slice environment(const char *name)
{
    return slice_of(getenv(name));
}

static unsigned find_width(int fd, long width)
{
    struct winsize size;
    uint64_t columns = 0;

    if (width > 0)
        columns = (uint64_t)width;
    else if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        columns = size.ws_col;
    else if (!slice_to_u64(environment("COLUMNS"), &columns) || columns == 0)
        columns = TERMINAL_WIDTH_DEFAULT;
    if (columns < TERMINAL_WIDTH_MIN)
        return TERMINAL_WIDTH_MIN;
    return columns > TERMINAL_WIDTH_MAX ? TERMINAL_WIDTH_MAX : (unsigned)columns;
}

static bool find_colour(int fd, enum terminal_colour colour)
{
    const struct slice force = environment("FORCE_COLOR");
    if (colour != TERMINAL_COLOUR_AUTO)
        return colour == TERMINAL_COLOUR_ALWAYS;
    if (environment("NO_COLOR").length)
        return false;
    if (force.length)
        return !slice_equal(force, SLICE("0")) && !slice_equal_ignoring_case(force, SLICE("false"));
    return isatty(fd) && !slice_equal(environment("TERM"), SLICE("dumb"));
}

static bool find_unicode(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct slice locale = environment(names[i]);
        if (locale.length == 0)
            continue;
        for (size_t at = 0; at < locale.length; at++) {
            const struct slice rest = slice_part(locale, at, locale.length);
            if (slice_equal_ignoring_case(slice_part(rest, 0, 5), SLICE("UTF-8")) ||
                slice_equal_ignoring_case(slice_part(rest, 0, 4), SLICE("UTF8")))
                return true;
        }
        return false;
    }
    return false;
}

void terminal_detect(struct terminal *terminal, int fd, long width, enum terminal_colour colour)
{
    terminal->width = find_width(fd, width);
    terminal->colour = find_colour(fd, colour);
    terminal->unicode = find_unicode();
}
