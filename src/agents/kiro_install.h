/* Installing spanhook into Kiro's user configuration and taking it out again. Project folders (.kiro in a repository) are never
 * touched.
 *
 * v1 and v2 run the hooks of one agent. With an agent named, that agent's file gets them. Otherwise, if the user has chosen a default
 * agent that has a file, that file gets them and the choice stands; if not, an own agent like kiro_default is made and becomes the
 * default. Every agent file that has entries of ours already is brought up to date too. v3 and the IDE get a hooks file.
 *
 * Both functions only plan: kiro_plan_apply carries out. NULL with a reason; release with kiro_plan_free. */
#ifndef SPANHOOK_AGENTS_KIRO_INSTALL_H
#define SPANHOOK_AGENTS_KIRO_INSTALL_H

#include "agents/kiro_plan.h"

struct kiro_install_options {
    const char *agent;  /* NULL: see above */
    long prompt_chars;  /* 0 to KIRO_PROMPT_CHARS_MAX; -1: as installed before, else the hook's default */
    bool mcp;           /* wrap the MCP servers of the agents and of settings/mcp.json; wrapped ones are brought up to date anyway */
};
struct kiro_plan *kiro_plan_install(const struct kiro_install_options *options, struct error *error);

/* Takes out hooks and wrapping, or, with `mcp_only`, the wrapping alone; hooks and record then stay. A plan without changes and with
 * before->exists false: it is not installed. */
struct kiro_plan *kiro_plan_uninstall(bool mcp_only, struct error *error);

/* The commands as they are to stand in the files, for this binary. */
struct kiro_commands {
    char agent[2 * PATH_MAX + 128];
    char hooks[2 * PATH_MAX + 128];
};
bool kiro_commands_for(const char *binary, long prompt_chars, struct kiro_commands *commands, struct error *error);

#endif
