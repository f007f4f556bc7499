#include "agents/kiro.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/process.h"
#include "export/destination.h"
#include "store/agent_log.h"
#include "store/settings.h"
#include "store/state.h"
#include "trace/ids.h"
#include "trace/names.h"
#include "verbs/payload.h"
#include "verbs/relay_start.h"
#include "verbs/verb.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

/* The agent's own limit is 3 s; whatever hangs below us, we are gone before. */
#define HARD_DEADLINE_MS 2600
#define LATE_MS 800
#define RELAY_START_MS 1000
#define TOKENS_MAX 32768

enum { OPTION_AGENT, OPTION_EVENT, OPTION_PROMPT_CHARS, OPTION_FROM };

static const struct verb_option options[] = {
    [OPTION_AGENT] = {"--agent", "NAME", "the agent that runs the hook (default: kiro)", "kiro"},
    [OPTION_EVENT] = {"--event", "NAME", "the event, where the payload does not name one",
                      "agentSpawn userPromptSubmit preToolUse postToolUse stop"},
    [OPTION_PROMPT_CHARS] = {"--prompt-chars", "N", "characters of a prompt that are kept, 0 to 4096 (default: 200)", NULL},
    [OPTION_FROM] = {"--from", "PLACE", "where this hook is configured: agent (file) or hooks (file)", "agent hooks"},
    {NULL, NULL, NULL, NULL},
};

/* Not on the stack, so that pages nobody needs are never touched. */
static char copy_storage[JSON_SCAN_COPY_MAX], text_storage[KIRO_TEXT_SIZE], record_storage[OP_SIZE_MAX];
static jsmntok_t tokens[TOKENS_MAX];
static struct payload payload;
static struct op op;

static void give_up(int signal_number)
{
    (void)signal_number;
    _exit(0);
}

/* The agent may be interrupted while we write, and it must never see us die. Blocked signals stay pending, those of a failing write among
 * them: one call where ignoring each would take five. */
static void be_unobtrusive(uint64_t started)
{
    static const int unwanted[] = {SIGPIPE, SIGXFSZ, SIGHUP, SIGINT, SIGTERM};
    struct itimerval deadline = {.it_value = {HARD_DEADLINE_MS / 1000, HARD_DEADLINE_MS % 1000 * 1000}};
    sigset_t signals;

    /* Exactly these: a mask is inherited, and the agent may have blocked the alarm. */
    sigemptyset(&signals);
    for (size_t i = 0; i < sizeof unwanted / sizeof *unwanted; i++)
        sigaddset(&signals, unwanted[i]);
    signal(SIGALRM, give_up);
    sigprocmask(SIG_SETMASK, &signals, NULL);
    /* Already late: enough for the record and for nothing else. */
    if (clock_since_boot() - started > HARD_DEADLINE_MS * NANOSECONDS_PER_MILLISECOND)
        deadline.it_value = (struct timeval){0, LATE_MS * 1000};
    setitimer(ITIMER_REAL, &deadline, NULL);
}

static struct kiro_options read_options(const struct verb *verb, int argc, char **argv)
{
    struct kiro_options result = {.prompt_chars = KIRO_PROMPT_CHARS_DEFAULT};
    struct verb_arguments arguments;
    long characters;

    /* Nobody reads a complaint here: what cannot be understood is left at its default. */
    verb_parse(verb, argc, argv, &arguments, NULL);
    result.agent = slice_of(arguments.options[OPTION_AGENT]);
    result.event = slice_part(slice_of(arguments.options[OPTION_EVENT]), 0, OP_TOOL_NAME_MAX);
    const char *prompt_chars = arguments.options[OPTION_PROMPT_CHARS];
    if (prompt_chars && verb_number(prompt_chars, 0, KIRO_PROMPT_CHARS_MAX, &characters))
        result.prompt_chars = (size_t)characters;
    const struct slice from = slice_of(arguments.options[OPTION_FROM]);
    if (slice_equal(from, SLICE("agent")))
        result.origin = KIRO_FROM_AGENT_FILE;
    else if (slice_equal(from, SLICE("hooks")))
        result.origin = KIRO_FROM_HOOKS_FILE;
    return result;
}

/* What is left of a payload that is no JSON: that it came, how large it was, and which it was. */
static void unparsed_op(const struct kiro_options *chosen, struct buffer *text)
{
    uint8_t digest[SHA256_SIZE];
    hash_sha256(payload.first, digest);
    const size_t at = text->length;
    buffer_append_hex(text, digest, sizeof digest);
    op.kind = OP_POINT;
    op.agent = kiro_agent_name(chosen);
    op.event = SLICE("unparsed");
    attribute_set_string(&op.attributes, NAME_PAYLOAD_HASH, (struct slice){text->data + at, text->length - at});
    attribute_set_integer(&op.attributes, NAME_PAYLOAD_SIZE, (int64_t)payload.scan.bytes);
    op.session_id = kiro_fallback_session(text);
}

static bool op_of_user_prompt(struct slice prompt, const struct kiro_options *chosen, struct buffer *copy, struct buffer *text)
{
    struct json document;
    json_scan_init(&payload.scan, copy);
    json_scan_feed(&payload.scan, prompt);
    if (json_scan_end(&payload.scan) == JSON_SCAN_DONE && json_parse_copy(&document, buffer_slice(copy), tokens, TOKENS_MAX) &&
        kiro_op_of_user_prompt(&document, &payload.scan, chosen, &op, text))
        return true;
    memset(&op, 0, sizeof op);
    return kiro_op_of_prompt_text(prompt, chosen, &op, text);
}

/* Fills the op from whatever there is; false if there is nothing to record. *noted is a counter to raise, or COUNTER_COUNT. */
static bool make_op(const struct kiro_options *chosen, struct buffer *text, enum counter *noted)
{
    const struct slice user_prompt = slice_of(getenv("USER_PROMPT"));
    size_t unused;
    /* Elsewhere the variable holds what the user typed, which may be JSON, too. */
    const bool prompt_is_payload =
        slice_starts_with(user_prompt, SLICE("{")) && slice_find(user_prompt, SLICE("\"toolName\""), 0, &unused);
    struct buffer copy;
    struct json document;

    buffer_init_fixed(&copy, copy_storage, sizeof copy_storage);
    json_scan_init(&payload.scan, &copy);
    const enum payload_state state = payload_read(&payload, prompt_is_payload ? PAYLOAD_SILENCE_MS : PAYLOAD_DEADLINE_MS);
    *noted = COUNTER_COUNT;
    switch (state) {
    case PAYLOAD_COMPLETE:
        if (json_parse_copy(&document, buffer_slice(&copy), tokens, TOKENS_MAX) && json_type(&document, 0) == JSON_OBJECT) {
            if (payload.scan.replaced)
                *noted = COUNTER_UTF8_REPLACED;
            else if (payload.scan.truncated)
                *noted = COUNTER_PAYLOAD_TRUNCATED;
            if (kiro_op(&document, &payload.scan, chosen, &op, text))
                return true;
            *noted = COUNTER_EVENTS_DOUBLED;
            return false;
        }
        break;
    case PAYLOAD_EMPTY:
    case PAYLOAD_SILENT:
        buffer_clear(&copy);
        if (user_prompt.length && op_of_user_prompt(user_prompt, chosen, &copy, text))
            return true;
        *noted = state == PAYLOAD_EMPTY ? COUNTER_INPUT_EMPTY : COUNTER_INPUT_TIMEOUT;
        return false;
    case PAYLOAD_LATE:
        *noted = COUNTER_INPUT_TIMEOUT;
        return false;
    case PAYLOAD_BAD:
        break;
    }
    *noted = COUNTER_JSON_BAD;
    unparsed_op(chosen, text);
    return true;
}

/* The shim in front of an MCP server finds the session by the agent that runs both of us: who begins something that a server may be part of
 * says so. */
static void tell_shims(int ops_folder)
{
    char storage[PROCESS_IDENTITY_MAX];
    struct buffer identity;
    const bool is_mcp = op.kind == OP_START && attribute_find(&op.attributes, NAME_MCP_SERVER);
    if (op.kind != OP_SESSION && op.kind != OP_PROMPT && !is_mcp)
        return;
    buffer_init_fixed(&identity, storage, sizeof storage);
    process_agent_identity(&identity);
    if (!identity.failed)
        agent_log_append(ops_folder, buffer_slice(&identity), &op);
}

static void record(uint64_t time, uint64_t since_boot, const struct kiro_options *chosen)
{
    struct state state;
    struct buffer text, record;
    enum counter noted, lost;
    char key[SESSION_KEY_HEX + 1];

    buffer_init_fixed(&text, text_storage, sizeof text_storage);
    buffer_init_fixed(&record, record_storage, sizeof record_storage);
    const bool made = make_op(chosen, &text, &noted);
    if (!state_open_ops(&state, NULL))
        return;
    if (noted != COUNTER_COUNT)
        counter_add(state.folders[STATE_OPS], noted, 1);
    if (!made)
        return;

    op.time = time;
    op.since_boot = since_boot;
    op.service_name = slice_part(slice_of(environment_setting("SERVICE_NAME")), 0, OP_TOOL_NAME_MAX);
    op.resource_attributes = slice_part(slice_of(environment_setting("RESOURCE_ATTRIBUTES")), 0, OP_RESOURCE_ATTRIBUTES_MAX + 1);
    if (!span_id_new(since_boot, op.id))
        attribute_set_string(&op.attributes, NAME_ID_SOURCE, SLICE("fallback"));
    session_key(op.session_id, key);
    if (!op_encode(&op, &record))
        counter_add(state.folders[STATE_OPS], COUNTER_DROPPED_SIZE, 1);
    else if (!oplog_append(state.folders[STATE_OPS], key, buffer_slice(&record), &lost))
        counter_add(state.folders[STATE_OPS], lost, 1);
    else
        tell_shims(state.folders[STATE_OPS]);
    /* Late as we are, the next hook may do it. */
    const bool late = clock_since_boot() - since_boot > RELAY_START_MS * NANOSECONDS_PER_MILLISECOND;
    if (!late && !settings_relay_off())
        relay_start_if_none(state.folders[STATE_OPS]);
}

/* Switched off; the agent gets its payload taken all the same, as a broken pipe is an error to it. */
static void drain(void)
{
    json_scan_init(&payload.scan, NULL);
    payload_read(&payload, PAYLOAD_DEADLINE_MS);
}

static int run(const struct verb *verb, int argc, char **argv)
{
    const uint64_t time = clock_realtime(), since_boot = clock_since_boot();

    if (argc > 1 && slice_equal(slice_of(argv[1]), SLICE("--help"))) {
        verb_print_help(verb);
        return EXIT_OK;
    }
    be_unobtrusive(since_boot);
    const struct kiro_options chosen = read_options(verb, argc, argv);
    if (environment_disabled())
        drain();
    else
        record(time, since_boot, &chosen);
    _exit(0); /* nothing is buffered, and nothing may delay the agent any more */
}

const struct verb verb_hook = {
    .name = "hook",
    .positional = "",
    .summary = "record one lifecycle event of an agent (the agent's hook command)",
    .description = "Reads the event's JSON from standard input, appends one record to the\n"
                   "session's log and ends. Prints nothing and exits 0 whatever happens. A relay\n"
                   "is started in the background when none runs; the hook itself never touches the\n"
                   "network.",
    .options = options,
    .run = run,
};
