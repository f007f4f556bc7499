/* The names of op logs. */
#ifndef SPANHOOK_STORE_OPLOG_NAME_H
#define SPANHOOK_STORE_OPLOG_NAME_H

#include "base/slice.h"

#define OPLOG_KEY_SIZE 32
#define OPLOG_NAME_MAX 80

/* <key>.log, <key>.pos */
void oplog_name(const char *key, const char *extension, char name[static OPLOG_NAME_MAX]);
/* Whether it is the name of a log, and of which: <key>.log or p-<key>-<16 hex>.log. */
bool oplog_name_parse(const char *name, char key[static OPLOG_KEY_SIZE + 1], bool *private_file);
/* The same for <key>.pos. */
bool oplog_name_parse_position(const char *name, char key[static OPLOG_KEY_SIZE + 1]);

#endif
