/* Kiro's hook payloads, in its three dialects (classic v1, TUI v2, v3 and IDE 1.x), and the USER_PROMPT of IDE 0.12, as ops. */
#ifndef SPANHOOK_AGENTS_KIRO_H
#define SPANHOOK_AGENTS_KIRO_H

#include "base/json_scan.h"
#include "trace/op.h"

#define KIRO_PROMPT_CHARS_DEFAULT 200
#define KIRO_PROMPT_CHARS_MAX 4096

/* Which of the two places where hooks can be configured started us: v3 reads both. */
enum kiro_origin { KIRO_FROM_ANYWHERE, KIRO_FROM_AGENT_FILE, KIRO_FROM_HOOKS_FILE };

struct kiro_options {
    struct slice agent;    /* --agent */
    struct slice event;    /* --event: used where the payload names none */
    size_t prompt_chars;   /* characters of a prompt's preview; 0: none */
    enum kiro_origin origin;
};

/* Fills `op` but for id, time and resource. `sizes` is the scan that made the document's text. The op's strings live in `text` (fixed
 * storage that does not move, KIRO_TEXT_SIZE) or are constant. False: this run repeats another one and records nothing. */
#define KIRO_TEXT_SIZE (256 * 1024)
bool kiro_op(const struct json *payload, const struct json_scan *sizes, const struct kiro_options *options, struct op *op,
             struct buffer *text);

/* The same for a USER_PROMPT of IDE 0.12, {toolName, toolArgs, toolResult, toolSuccess}. False: it is none. */
bool kiro_op_of_user_prompt(const struct json *payload, const struct json_scan *sizes, const struct kiro_options *options, struct op *op,
                            struct buffer *text);

/* A USER_PROMPT of IDE 0.12 that is the prompt itself; needs options->event. False: nothing says what happened. */
bool kiro_op_of_prompt_text(struct slice prompt, const struct kiro_options *options, struct op *op, struct buffer *text);

/* The agent's name for an op: as the command line says, "kiro" where it says nothing usable. */
struct slice kiro_agent_name(const struct kiro_options *options);

/* The session of an op that has no id of its own: KIRO_SESSION_ID, else the agent's process. Appended to `text`. */
struct slice kiro_fallback_session(struct buffer *text);

#endif
