#include "shim/inspect.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void inspect_init(struct inspect *inspect, uint64_t now)
{
    memset(inspect, 0, sizeof *inspect);
    inspect->begun = now;
}

/* Decoded, cut, zero-terminated. */
static const char *text_of(const struct mcp_message *message, enum mcp_text which, char storage[static 600])
{
    struct buffer text;
    buffer_init_fixed(&text, storage, 600);
    mcp_message_append_text(message, which, &text);
    return buffer_text(&text) ? storage : "";
}

static void describe(const struct mcp_message *message, char what[static 96])
{
    char method[600], name[600];
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

void inspect_message(struct inspect *inspect, const struct mcp_message *message)
{
    static const char *const arrows[] = {[MCP_TO_SERVER] = "-->", [MCP_TO_CLIENT] = "<--"};
    char what[96] = "", id[600], extra[600 + 64] = "", said[600];
    const char *kind = "not JSON-RPC";
    struct error line; /* whose text has no control characters */
    const uint64_t passed = message->time > inspect->begun ? message->time - inspect->begun : 0;

    text_of(message, MCP_TEXT_ID, id);
    if (message->kind == MCP_REQUEST) {
        struct inspect_request *request = &inspect->open[inspect->next++ % INSPECT_OPEN_MAX];
        kind = "request";
        describe(message, what);
        *request = (struct inspect_request){.direction = message->direction, .id = message->digests[MCP_DIGEST_ID], .begun = message->begun};
        memcpy(request->what, what, sizeof what);
    } else if (message->kind == MCP_NOTIFICATION) {
        kind = "notification";
        describe(message, what);
    } else if (message->kind == MCP_RESPONSE) {
        struct inspect_request *request = find_open(inspect, message);
        kind = message->failed ? "error" : message->tool_error ? "tool error" : "result";
        if (message->failed)
            (void)snprintf(extra, sizeof extra, "  code %.24s: %.200s", text_of(message, MCP_TEXT_ERROR_CODE, id), text_of(message, MCP_TEXT_ERROR_MESSAGE, said));
        text_of(message, MCP_TEXT_ID, id);
        if (request) {
            memcpy(what, request->what, sizeof what);
            const size_t used = strlen(extra);
            (void)snprintf(extra + used, sizeof extra - used, "  after %.3f ms", (double)(message->time - request->begun) / 1e6);
            request->begun = 0;
        }
    }
    error_set(&line, "%10.6f %s %-12s id %-6.40s %-28s %llu bytes%s%s", (double)passed / 1e9, arrows[message->direction], kind, id[0] ? id : "-", what,
              (unsigned long long)message->size, message->in_batch ? " in a batch" : "", extra);
    write_line(inspect, &line);
}
