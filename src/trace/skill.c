#include "trace/skill.h"

static bool is_separator(char c)
{
    return c == '/' || c == '\\';
}

/* "skills" at `at` as a whole path component that is followed by <name>/<something>. */
static bool skill_at(struct slice path, size_t at, struct slice *name, struct slice *resource)
{
    const size_t name_start = at + sizeof "skills";
    size_t name_end = name_start;

    if ((at > 0 && !is_separator(path.data[at - 1])) || name_start >= path.length || !is_separator(path.data[name_start - 1]))
        return false;
    while (name_end < path.length && !is_separator(path.data[name_end]))
        name_end++;
    if (name_end == name_start || name_end + 1 >= path.length)
        return false;
    *name = slice_part(path, name_start, name_end - name_start);
    /* A search pattern such as skills / ** / SKILL.md reads no one skill. */
    if (slice_starts_with(*name, SLICE(".")) || slice_starts_with(*name, SLICE("*")))
        return false;
    *resource = slice_part(path, name_end + 1, path.length);
    if (slice_equal(*resource, SLICE("SKILL.md")))
        *resource = (struct slice){NULL, 0};
    return true;
}

/* True for ….kiro/skills, ….claude/skills and the like: the folder before is a dot folder. */
static bool in_dot_folder(struct slice path, size_t at)
{
    size_t start = at > 0 ? at - 1 : 0;
    while (start > 0 && !is_separator(path.data[start - 1]))
        start--;
    return start + 1 < at && path.data[start] == '.' && path.data[start + 1] != '.';
}

bool skill_of_path(struct slice path, struct slice *name, struct slice *resource)
{
    bool found = false;
    /* An agent's own root settles it. Elsewhere the innermost counts, as a checkout may itself lie below a folder named "skills". */
    for (size_t at = 0; slice_find(path, SLICE("skills"), at, &at); at++) {
        struct slice candidate_name, candidate_resource;
        if (!skill_at(path, at, &candidate_name, &candidate_resource))
            continue;
        *name = candidate_name;
        *resource = candidate_resource;
        found = true;
        if (in_dot_folder(path, at))
            break;
    }
    return found;
}
