/* Where a program lies that is called by its name alone; it is looked for, never run. */
#ifndef SPANHOOK_VERBS_FIND_PROGRAM_H
#define SPANHOOK_VERBS_FIND_PROGRAM_H

#include "base/slice.h"

#include <limits.h>

/* The first executable regular file of that name in PATH; false if there is none. Empty parts of PATH, which mean the working folder, are
 * passed over. */
bool find_program(struct slice name, char path[static PATH_MAX]);

#endif
