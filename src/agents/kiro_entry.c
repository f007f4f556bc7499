#include "agents/kiro_entry.h"

#include "agents/json_edit.h"
#include "agents/shell_word.h"
#include "base/json_write.h"

#include <string.h>

#define COMMAND_MAX 16384

const char *const kiro_agent_events[KIRO_EVENTS] = {"agentSpawn", "userPromptSubmit", "preToolUse", "postToolUse", "stop"};
const char *const kiro_triggers[KIRO_EVENTS] = {"SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "Stop"};

void kiro_command(struct buffer *out, enum kiro_form form, const char *binary, long prompt_chars)
{
    shell_append_word(out, slice_of(binary));
    buffer_append_text(out, " hook --agent kiro --from ");
    buffer_append_text(out, form == KIRO_AGENT_FILE ? "agent" : "hooks");
    if (prompt_chars >= 0) {
        buffer_append_text(out, " --prompt-chars ");
        buffer_append_i64(out, prompt_chars);
    }
}

static bool is_assignment(struct slice word)
{
    for (size_t i = 0; i < word.length; i++) {
        const char byte = word.data[i];
        if (byte == '=')
            return i > 0;
        if (!(byte == '_' || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (i > 0 && byte >= '0' && byte <= '9')))
            return false;
    }
    return false;
}

bool kiro_command_is_ours(struct slice command, size_t *program_at, struct buffer *program)
{
    struct buffer word;
    size_t position = 0, start = 0;
    bool ours = false;
    buffer_init(&word, COMMAND_MAX);
    do {
        buffer_clear(&word);
        if (!shell_next_word(command, &position, &start, &word))
            goto out;
    } while (is_assignment(slice_part(command, start, position - start)));
    if (!slice_equal(slice_base_name(buffer_slice(&word)), SLICE("spanhook")))
        goto out;
    if (program_at)
        *program_at = start;
    const size_t path_length = word.length;
    if (!shell_next_word(command, &position, &start, &word))
        goto out;
    ours = slice_equal(slice_part(buffer_slice(&word), path_length, word.length), SLICE("hook"));
    if (ours && program)
        buffer_append_slice(program, slice_part(buffer_slice(&word), 0, path_length));
out:
    buffer_free(&word);
    return ours;
}

bool kiro_entry_command(enum kiro_form form, const struct json *document, int entry, struct buffer *command)
{
    buffer_clear(command);
    const int value = json_find(document, entry, form == KIRO_AGENT_FILE ? "command" : "action.command");
    return json_append_string(document, value, command);
}

void kiro_each_entry(enum kiro_form form, const struct json *document, kiro_entry_visitor *visitor, void *context)
{
    struct buffer command, event;
    buffer_init(&command, JSON_EDIT_TEXT_MAX);
    buffer_init(&event, JSON_EDIT_TEXT_MAX);
    const int hooks = json_get(document, 0, "hooks");
    if (form == KIRO_HOOKS_FILE) {
        for (int entry = json_type(document, hooks) == JSON_ARRAY ? json_first(document, hooks) : JSON_NONE; entry != JSON_NONE;
             entry = json_next(document, entry)) {
            buffer_clear(&event);
            (void)json_append_string(document, json_get(document, entry, "trigger"), &event);
            if (kiro_entry_command(form, document, entry, &command))
                visitor(context, document, entry, buffer_slice(&event), buffer_slice(&command),
                        kiro_command_is_ours(buffer_slice(&command), NULL, NULL));
        }
    } else if (form == KIRO_AGENT_FILE && json_type(document, hooks) == JSON_OBJECT) {
        for (int key = json_first(document, hooks); key != JSON_NONE; key = json_next(document, key)) {
            const int list = json_member_value(document, key);
            buffer_clear(&event);
            (void)json_append_string(document, key, &event);
            for (int entry = json_type(document, list) == JSON_ARRAY ? json_first(document, list) : JSON_NONE; entry != JSON_NONE;
                 entry = json_next(document, entry)) {
                if (kiro_entry_command(form, document, entry, &command))
                    visitor(context, document, entry, buffer_slice(&event), buffer_slice(&command),
                            kiro_command_is_ours(buffer_slice(&command), NULL, NULL));
            }
        }
    }
    buffer_free(&command);
    buffer_free(&event);
}

static void count_entry(void *context, const struct json *document, int entry, struct slice event, struct slice command, bool ours)
{
    (void)document;
    (void)entry;
    (void)event;
    (void)command;
    *(size_t *)context += ours;
}

size_t kiro_count_ours(enum kiro_form form, struct slice text)
{
    struct json document;
    size_t count = 0;
    if (json_parse_allocating(&document, text, JSON_EDIT_TOKENS_MAX))
        kiro_each_entry(form, &document, count_entry, &count);
    json_release(&document);
    return count;
}

void kiro_write_entry(struct buffer *out, enum kiro_form form, unsigned event, struct slice command)
{
    if (form == KIRO_AGENT_FILE) {
        buffer_append_text(out, "{\"command\":");
        json_write_string(out, command);
        buffer_append_format(out, ",\"timeout_ms\":%d}", KIRO_TIMEOUT_MILLISECONDS);
        return;
    }
    /* ".*" stands where a tool's name is matched: all published tool hooks of v3 have a matcher there */
    const bool tool = strstr(kiro_triggers[event], "ToolUse") != NULL;
    buffer_append_format(out, "{\"name\":\"spanhook-%s\",\"trigger\":\"%s\",", kiro_triggers[event], kiro_triggers[event]);
    if (tool)
        buffer_append_text(out, "\"matcher\":\".*\",");
    buffer_append_text(out, "\"action\":{\"type\":\"command\",\"command\":");
    json_write_string(out, command);
    buffer_append_format(out, "},\"timeout\":%d,\"enabled\":true}", KIRO_TIMEOUT_MILLISECONDS / 1000);
}

static const char *const template_resources[] = {"AGENTS.md", "README.md"};

void kiro_agent_template(struct buffer *out, struct slice command, const char *home)
{
    buffer_append_text(out, "{\n  \"name\": \"" KIRO_OWN_AGENT "\",\n"
                            "  \"description\": \"kiro_default with tracing by spanhook\",\n"
                            "  \"tools\": [\n    \"*\"\n  ],\n"
                            "  \"resources\": [\n");
    for (size_t i = 0; i < sizeof(template_resources) / sizeof(template_resources[0]); i++)
        buffer_append_format(out, "    \"file://%s\",\n", template_resources[i]);
    static const char *const below[] = {"file://", "/steering/**/*.md", "skill://", "/skills/**/SKILL.md"};
    for (unsigned i = 0; i < 4; i += 2) {
        const char *const folders[] = {".kiro", home};
        for (unsigned k = 0; k < 2; k++) {
            struct buffer uri;
            buffer_init(&uri, COMMAND_MAX);
            buffer_append_text(&uri, below[i]);
            buffer_append_text(&uri, folders[k]);
            buffer_append_text(&uri, below[i + 1]);
            buffer_append_text(out, "    ");
            json_write_string(out, buffer_slice(&uri));
            buffer_append_text(out, i == 2 && k == 1 ? "\n" : ",\n");
            buffer_free(&uri);
        }
    }
    buffer_append_text(out, "  ],\n  \"hooks\": {\n");
    for (unsigned event = 0; event < KIRO_EVENTS; event++) {
        buffer_append_format(out, "    \"%s\": [\n      {\n        \"command\": ", kiro_agent_events[event]);
        json_write_string(out, command);
        buffer_append_format(out, ",\n        \"timeout_ms\": %d\n      }\n    ]%s\n", KIRO_TIMEOUT_MILLISECONDS,
                             event + 1 < KIRO_EVENTS ? "," : "");
    }
    buffer_append_text(out, "  },\n  \"includeMcpJson\": true\n}\n");
}
