#include "verbs/find_program.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

bool find_program(struct slice name, char path[static PATH_MAX])
{
    for (struct slice rest = slice_of(getenv("PATH")); rest.length;) {
        size_t end = 0;
        while (end < rest.length && rest.data[end] != ':')
            end++;
        struct stat found;
        const bool usable = end > 0 && end < PATH_MAX && name.length > 0 && name.length < PATH_MAX;
        const int length = usable ? snprintf(path, PATH_MAX, "%.*s/%.*s", (int)end, rest.data, (int)name.length, name.data) : 0;
        if (length > 0 && length < PATH_MAX && stat(path, &found) == 0 && S_ISREG(found.st_mode) && access(path, X_OK) == 0)
            return true;
        rest = slice_part(rest, end + (end < rest.length), rest.length);
    }
    return false;
}
