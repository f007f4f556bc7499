#include "agents/shell_word.h"

#include <string.h>

static bool is_plain(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           (byte != '\0' && strchr("/._-+=:,@%", byte) != NULL);
}

bool shell_needs_quotes(struct slice word)
{
    if (word.length == 0)
        return true;
    for (size_t i = 0; i < word.length; i++) {
        if (!is_plain(word.data[i]))
            return true;
    }
    return false;
}

void shell_append_word(struct buffer *out, struct slice word)
{
    if (!shell_needs_quotes(word)) {
        buffer_append_slice(out, word);
        return;
    }
    buffer_append_byte(out, '\'');
    for (size_t i = 0; i < word.length; i++) {
        if (word.data[i] == '\'')
            buffer_append_text(out, "'\\''");
        else
            buffer_append_byte(out, word.data[i]);
    }
    buffer_append_byte(out, '\'');
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n';
}

bool shell_next_word(struct slice command, size_t *position, size_t *start, struct buffer *word)
{
    size_t at = *position;
    while (at < command.length && is_blank(command.data[at]))
        at++;
    *start = at;
    char quote = 0;
    for (; at < command.length; at++) {
        const char byte = command.data[at];
        if (quote) {
            if (byte == quote) {
                quote = 0;
            } else if (quote == '"' && byte == '\\' && at + 1 < command.length && strchr("$`\"\\", command.data[at + 1])) {
                buffer_append_byte(word, command.data[++at]);
            } else {
                buffer_append_byte(word, byte);
            }
        } else if (byte == '\'' || byte == '"') {
            quote = byte;
        } else if (byte == '\\' && at + 1 < command.length) {
            buffer_append_byte(word, command.data[++at]);
        } else if (is_blank(byte)) {
            break;
        } else if (strchr("|&;<>()", byte)) {
            if (at == *start)
                return false;
            break;
        } else {
            buffer_append_byte(word, byte);
        }
    }
    *position = at;
    return at > *start && !quote && !word->failed;
}
