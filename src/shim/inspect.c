#include "shim/inspect.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/harmless.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TEXT_SIZE 257

void inspect_init(struct inspect *inspect, uint64_t now)
{
    memset(inspect, 0, sizeof *inspect);
    inspect->begun = now;
}

/* Decoded, made harmless, cut to 256 bytes, zero-terminated. */
static const char *text_of(const struct mcp_message *message, enum mcp_text which, char storage[static TEXT_SIZE])
{
    char decoded[4 * MCP_TEXT_STORAGE];
    struct buffer whole, text;
    buffer_init_fixed(&whole, decoded, sizeof decoded);
    mcp_message_append_text(message, which, &whole);
    buffer_init_fixed(&text, storage, TEXT_SIZE);
    harmless_append(&text, buffer_slice(&whole), TEXT_SIZE - 1);
    return buffer_text(&text) ? storage : "";
}

static void describe(const struct mcp_message *message, char what[static 96])
{
    char method[TEXT_SIZE], name[TEXT_SIZE];
    text_of(message, MCP_TEXT_METHOD, method);
    text_of(message, MCP_TEXT_NAME, name);
    (void)snprintf(what, 96, "%.60s%s%.30s", method, name[0] ? " " : "", name);
}

/* The request that a response answers, or NULL. */
static struct inspect_request *find_open(struct inspect *inspect, const struct mcp_message *response)
{
    struct inspect_request *oldest = NULL;
    for (unsigned i = 0; i < INSPECT_OPEN_MAX; i++) {
        struct inspect_request *request = &inspect->open[i];
        if (request->begun && request->id == response->digests[MCP_DIGEST_ID] && request->direction != response->direction &&
            (!oldest || request->begun < oldest->begun))
            oldest = request;
    }
    return oldest;
}

static void write_line(struct inspect *inspect, const struct error *line)
{
    char text[sizeof line->text + 64];
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
    int length;
    if (poll(&out, 1, 0) != 1 || !(out.revents & POLLOUT)) {
        inspect->left_out++;
        return;
    }
    if (inspect->left_out)
        length = snprintf(text, sizeof text, "%s (%u lines left out before)\n", line->text, inspect->left_out);
    else
        length = snprintf(text, sizeof text, "%s\n", line->text);
    inspect->left_out = 0;
    if (length > 0 && write(STDERR_FILENO, text, (size_t)length) < 0)
        inspect->left_out++;
}

/* What a response says beside its size. */
static void describe_answer(const struct mcp_message *response, const struct inspect_request *request, struct buffer *extra)
{
    char code[TEXT_SIZE], said[TEXT_SIZE];
    if (response->failed) {
        text_of(response, MCP_TEXT_ERROR_CODE, code);
        text_of(response, MCP_TEXT_ERROR_MESSAGE, said);
        buffer_append_format(extra, "  code %.24s: %.200s", code, said);
    }
    if (request)
        buffer_append_format(extra, "  after %.3f ms", (double)(response->time - request->begun) / 1e6);
}

static const char *kind_of(const struct mcp_message *message)
{
    switch (message->kind) {
    case MCP_REQUEST:
        return "request";
    case MCP_NOTIFICATION:
        return "notification";
    case MCP_RESPONSE:
        return message->failed ? "error" : message->tool_error ? "tool error" : "result";
    case MCP_FOREIGN:
        break;
    }
    return "not JSON-RPC";
}

void inspect_message(struct inspect *inspect, const struct mcp_message *message)
{
    static const char *const arrows[] = {[MCP_TO_SERVER] = "-->", [MCP_TO_CLIENT] = "<--"};
    const uint64_t passed = message->time > inspect->begun ? message->time - inspect->begun : 0;
    char what[96] = "", id[TEXT_SIZE], storage[400];
    struct buffer extra;
    struct error line; /* whose text has no control characters */

    buffer_init_fixed(&extra, storage, sizeof storage);
    text_of(message, MCP_TEXT_ID, id);
    if (message->kind == MCP_RESPONSE) {
        struct inspect_request *request = find_open(inspect, message);
        describe_answer(message, request, &extra);
        if (request) {
            memcpy(what, request->what, sizeof what);
            request->begun = 0;
        }
    } else if (message->kind != MCP_FOREIGN) {
        describe(message, what);
    }
    if (message->kind == MCP_REQUEST) {
        struct inspect_request *request = &inspect->open[inspect->next++ % INSPECT_OPEN_MAX];
        *request = (struct inspect_request){message->direction, message->digests[MCP_DIGEST_ID], message->begun, ""};
        memcpy(request->what, what, sizeof what);
    }
    error_set(&line, "%10.6f %s %-12s id %-6.40s %-28s %llu bytes%s%s", (double)passed / 1e9, arrows[message->direction], kind_of(message),
              id[0] ? id : "-", what, (unsigned long long)message->size, message->in_batch ? " in a batch" : "",
              extra.length && buffer_text(&extra) ? storage : "");
    write_line(inspect, &line);
}
