#include "shim/message.h"

#include "base/json.h"
#include "base/utf8.h"

static const uint16_t maxima[MCP_TEXTS] = MCP_TEXT_MAXIMA;

static size_t offset_of(enum mcp_text text)
{
    size_t offset = 0;
    for (unsigned i = 0; i < text; i++)
        offset += maxima[i];
    return offset;
}

struct slice mcp_message_raw(const struct mcp_message *message, enum mcp_text text)
{
    return (struct slice){message->storage + offset_of(text), message->texts[text].length};
}

char *mcp_message_storage(struct mcp_message *message, enum mcp_text text, size_t *maximum)
{
    *maximum = maxima[text];
    return message->storage + offset_of(text);
}

bool mcp_message_is(const struct mcp_message *message, const char *method)
{
    return slice_equal(mcp_message_raw(message, MCP_TEXT_METHOD), slice_of(method));
}

/* Without what a cut has left of an escape or a character at the end. */
static struct slice whole_part(struct slice raw)
{
    const size_t tail = raw.length > 12 ? raw.length - 12 : 0; /* \uXXXX\uXXXX */
    size_t end = raw.length;
    for (size_t i = end; i > tail; i--) {
        /* An odd run of backslashes begins an escape; what precedes the run is whole. */
        if (raw.data[i - 1] != '\\')
            continue;
        size_t run = i;
        while (run > 0 && raw.data[run - 1] == '\\')
            run--;
        if ((i - run) % 2)
            end = i - 1;
        i = run + 1 > tail ? run + 1 : tail + 1;
    }
    while (end > 0 && ((unsigned char)raw.data[end - 1] & 0xc0) == 0x80)
        end--;
    if (end > 0 && (unsigned char)raw.data[end - 1] >= 0xc0)
        end--;
    return slice_part(raw, 0, end);
}

void mcp_message_append_text(const struct mcp_message *message, enum mcp_text text, struct buffer *out)
{
    char storage[MCP_TEXT_STORAGE + 2];
    struct buffer quoted;
    struct json document;
    jsmntok_t token[2];
    struct slice raw = mcp_message_raw(message, text);

    if (message->texts[text].cut)
        raw = whole_part(raw);
    if (message->texts[text].quoted) {
        buffer_init_fixed(&quoted, storage, sizeof storage);
        buffer_append_byte(&quoted, '"');
        buffer_append_slice(&quoted, raw);
        buffer_append_byte(&quoted, '"');
        if (json_parse(&document, buffer_slice(&quoted), token, 2) && json_append_string(&document, 0, out))
            return;
    }
    utf8_append_repaired(out, raw);
}
