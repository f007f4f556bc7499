#include "base/error.h"

#include "base/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* One line, and no half of a UTF-8 sequence where the text was cut. */
static void tidy(char *text, size_t length, bool cut)
{
    if (cut) {
        size_t lead = length;
        while (lead > 0 && ((unsigned char)text[lead - 1] & 0xc0) == 0x80)
            lead--;
        if (lead > 0 && utf8_is_partial((struct slice){text + lead - 1, length - lead + 1}))
            text[lead - 1] = '\0';
    }
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = ' ';
    }
}

__attribute__((format(printf, 3, 0))) static void set_text(struct error *error, const char *reason, const char *format, va_list arguments)
{
    const size_t size = sizeof error->text;
    const int wanted = vsnprintf(error->text, size, format, arguments);
    if (wanted < 0)
        error->text[0] = '\0';
    size_t length = strlen(error->text);
    bool cut = wanted > 0 && (size_t)wanted > length;
    if (reason && !cut) {
        const int added = snprintf(error->text + length, size - length, ": %s", reason);
        cut = added > 0 && (size_t)added >= size - length;
        length = strlen(error->text);
    }
    tidy(error->text, length, cut);
}

bool error_set(struct error *error, const char *format, ...)
{
    if (!error)
        return false;
    va_list arguments;
    va_start(arguments, format);
    set_text(error, NULL, format, arguments);
    va_end(arguments);
    return false;
}

bool error_set_errno(struct error *error, const char *format, ...)
{
    if (!error)
        return false;
    const int number = errno;
    va_list arguments;
    va_start(arguments, format);
    set_text(error, strerror(number), format, arguments);
    va_end(arguments);
    errno = number; /* callers still branch on it */
    return false;
}
