/* Calls on files that go on after EINTR and short transfers; and what the parts of the store share about names. */
#ifndef SPANHOOK_STORE_FILE_H
#define SPANHOOK_STORE_FILE_H

#include "base/slice.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/types.h>

/* Reads until `length` bytes are there or the file ends; how many, or -1 with errno. */
ssize_t file_read_at(int descriptor, void *data, size_t length, uint64_t offset);
/* Writes all of it in place, or false with errno. */
bool file_write_at(int descriptor, const void *data, size_t length, uint64_t offset);

/* Lists a folder through a descriptor of its own; closedir() ends it. NULL with errno. */
DIR *file_list(int folder);
bool file_is_mine(const struct stat *status);
/* What an entry of a listing is, not followed: true only for a regular file that is ours and has one link. */
bool file_is_ours(int folder, const char *name, struct stat *status);
bool file_is_same(const struct stat *a, const struct stat *b);
/* Last modification in ns since 1970; 0 before that. */
uint64_t file_modified(const struct stat *status);

/* Renames, but never onto something. False with errno (EEXIST). */
bool file_rename_to_new(int folder, const char *from, const char *to);

/* A new file t-<what>-<16 hex>, open for reading and writing; -1 with errno. A leftover of a crash is known by the "t-" in its name. */
#define FILE_TEMPORARY_PREFIX "t-"
#define FILE_TEMPORARY_MAX 64
int file_create_temporary(int folder, const char *what, char name[static FILE_TEMPORARY_MAX]);

bool file_is_hex(struct slice text);

#endif
