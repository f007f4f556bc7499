/* What spanhook writes into Kiro's configuration: commands, hook entries, an own agent; and how it recognises them again.
 *
 * Two forms, because Kiro has three engines: v1 and v2 read the "hooks" of an agent's JSON file (flat entries; unknown fields make Kiro
 * refuse the whole agent), v3 and the IDE read ~/.kiro/hooks/NAME.json. v3 reads agent files too for a transition period, so the
 * commands say where they stand (--from agent, --from hooks) and the hook verb drops what v3 delivers through the agent file.
 *
 * An entry is ours when its command runs a program called "spanhook" with the first argument "hook"; NAME=value words before the
 * program are passed over. */
#ifndef SPANHOOK_AGENTS_KIRO_ENTRY_H
#define SPANHOOK_AGENTS_KIRO_ENTRY_H

#include "base/json.h"

#define KIRO_EVENTS 5
#define KIRO_TIMEOUT_MILLISECONDS 3000
#define KIRO_OWN_AGENT "spanhook"

/* agentSpawn, userPromptSubmit, preToolUse, postToolUse, stop; and the v3 names in the same order. */
extern const char *const kiro_agent_events[KIRO_EVENTS];
extern const char *const kiro_triggers[KIRO_EVENTS];

/* KIRO_SERVERS_FILE has no hooks, or none that matter: only its MCP servers are looked at. */
enum kiro_form { KIRO_AGENT_FILE, KIRO_HOOKS_FILE, KIRO_SERVERS_FILE };

/* Appends the command for entries of this form. `binary` is an absolute path; prompt_chars < 0: the hook's default. */
void kiro_command(struct buffer *out, enum kiro_form form, const char *binary, long prompt_chars);
/* Is it ours? *program_at (may be NULL) is where the program's word starts; `program` (may be NULL) takes its path, appended. */
bool kiro_command_is_ours(struct slice command, size_t *program_at, struct buffer *program);

/* Appends our entry for an event (index in the tables above), as compact JSON. */
void kiro_write_entry(struct buffer *out, enum kiro_form form, unsigned event, struct slice command);
/* Clears `command` and decodes that of an entry into it; false if it has none. */
bool kiro_entry_command(enum kiro_form form, const struct json *document, int entry, struct buffer *command);

/* Called for each hook entry of a file: the event (agent file) or trigger (hooks file) as written there, the entry's JSON value, its
 * command decoded, whether it is ours. */
typedef void kiro_entry_visitor(void *context, const struct json *document, int entry, struct slice event, struct slice command, bool ours);
/* Visits the entries that have a command. */
void kiro_each_entry(enum kiro_form form, const struct json *document, kiro_entry_visitor *visitor, void *context);
/* How many entries of ours. */
size_t kiro_count_ours(enum kiro_form form, struct slice text);

/* Appends our own agent, whole: kiro_default's tools and resources, and the hooks. `home` is how its resources name the Kiro folder
 * ("~/.kiro"). */
void kiro_agent_template(struct buffer *out, struct slice command, const char *home);

#endif
