/* File names of the archive. Private to it. */
#ifndef SPANHOOK_STORE_ARCHIVE_NAME_H
#define SPANHOOK_STORE_ARCHIVE_NAME_H

#include <stdint.h>

#define ARCHIVE_NAME_MAX 40

void archive_name(uint32_t date, uint32_t part, char name[static ARCHIVE_NAME_MAX]);

#endif
