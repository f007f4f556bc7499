/* This program's own file: where it lies, whether somebody else could replace it, what it is. */
#ifndef SPANHOOK_AGENTS_OWN_BINARY_H
#define SPANHOOK_AGENTS_OWN_BINARY_H

#include "base/error.h"
#include "base/hash.h"

#include <limits.h>

#define SHA256_TEXT (2 * SHA256_SIZE + 1)

/* Absolute path without symbolic links. False: unknown, or the file has been replaced or removed since this process started. */
bool own_binary_path(char path[static PATH_MAX], struct error *error);
/* True if a user other than root and us could replace the file at the absolute `path`; *where is then the file or folder that lets them.
 * Group write counts unless the group is our own primary one. */
bool replaceable_by_others(const char *path, char where[static PATH_MAX]);
/* SHA-256 of a file or text as lower-case hex. */
bool file_sha256(const char *path, char hex[static SHA256_TEXT], struct error *error);
void text_sha256(struct slice text, char hex[static SHA256_TEXT]);

#endif
