/* Which skill a path belongs to (Agent Skills layout: <root>/skills/<name>/SKILL.md and resources beside it). */
#ifndef SPANHOOK_TRACE_SKILL_H
#define SPANHOOK_TRACE_SKILL_H

#include "base/slice.h"

/* True if `path` lies in a folder below a folder named "skills" (…/skills/<name>/…, also with backslashes). `name` is that folder's
 * name, `resource` the path below it, empty for SKILL.md itself. Both are parts of `path`. */
bool skill_of_path(struct slice path, struct slice *name, struct slice *resource);

#endif
