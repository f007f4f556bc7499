#include "trace/input_key.h"

#define NAME(text) {text, sizeof(text) - 1}

/* Kiro adds the first to every call; v3 sets the others after the call began. */
static const struct slice volatile_names[] = {NAME("__tool_use_purpose"), NAME("cwd"), NAME("description"), NAME("timeout")};

void input_key_begin(struct json_digest *digest)
{
    json_digest_begin(digest, volatile_names, sizeof volatile_names / sizeof *volatile_names);
}

uint64_t input_key_end(struct json_digest *digest)
{
    json_digest_end(digest);
    if (digest->empty || digest->deep)
        return 0;
    return digest->members == 0 || digest->value == 0 ? INPUT_KEY_NOTHING : digest->value;
}
