#include "trace/skill.h"

#include "check.h"

static void expect(const char *path, const char *expected_name, const char *expected_resource)
{
    struct slice name = {NULL, 0}, resource = {NULL, 0};
    const bool found = skill_of_path(slice_of(path), &name, &resource);
    CHECK_EQ_INT(found, expected_name != NULL);
    if (found && expected_name) {
        CHECK_EQ_TEXT(name, expected_name);
        CHECK_EQ_TEXT(resource, expected_resource);
    }
}

TEST(skill_files)
{
    expect("/home/dev/shop/.kiro/skills/release-notes/SKILL.md", "release-notes", "");
    expect(".kiro/skills/a/SKILL.md", "a", "");
    expect("skills/a/SKILL.md", "a", "");
    expect("~/.kiro/skills/a/references/policy.md", "a", "references/policy.md");
    expect("C:\\dev\\.kiro\\skills\\a\\SKILL.md", "a", "");
}

TEST(an_agents_own_root_settles_it)
{
    expect("/home/dev/skills/shop/.kiro/skills/a/SKILL.md", "a", "");
    expect("/home/dev/.kiro/skills/a/skills/b/x.md", "a", "skills/b/x.md");
    expect("/srv/skills/shop/skills/a/SKILL.md", "a", "");
}

TEST(other_paths)
{
    expect("", NULL, NULL);
    expect("/home/dev/skills", NULL, NULL);
    expect("/home/dev/skills/", NULL, NULL);
    expect("/home/dev/skills/a", NULL, NULL);
    expect("/home/dev/skills/a/", NULL, NULL);
    expect("/home/dev/myskills/a/b", NULL, NULL);
    expect("/home/dev/skillset/a/b", NULL, NULL);
    expect("/home/dev/.kiro/skills/**/SKILL.md", NULL, NULL);
    expect("/home/dev/.kiro/skills/../x", NULL, NULL);
    expect("SKILL.md", NULL, NULL);
}

static const struct check_test tests[] = {CASE(skill_files), CASE(an_agents_own_root_settles_it), CASE(other_paths)};
CHECK_MAIN(tests)
