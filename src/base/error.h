/* The one error idiom: a function returns false and says why in a caller-owned struct error (NULL: not wanted). */
#ifndef SPANHOOK_BASE_ERROR_H
#define SPANHOOK_BASE_ERROR_H

#include <stdbool.h>

struct error {
    char text[512]; /* zero-terminated, one line, control characters become blanks; longer texts are cut */
};

/* Sets the text and returns false, so that a failing branch is one line: return error_set(error, "…"). */
bool error_set(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same with ": <strerror(errno)>" appended; errno stays as it is. */
bool error_set_errno(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
