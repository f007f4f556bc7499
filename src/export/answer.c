#include "export/answer.h"

#include "base/json.h"
#include "base/utf8.h"
#include "trace/redact.h"

#include <stdio.h>
#include <string.h>

enum { ANSWER_TOKENS_MAX = 16384, MESSAGE_BYTES_MAX = 65536 };

static const struct {
    unsigned status;
    enum answer_action action;
} actions[] = {
    {401, ANSWER_MISDIRECTED}, {403, ANSWER_MISDIRECTED}, {404, ANSWER_MISDIRECTED}, {405, ANSWER_MISDIRECTED},
    {407, ANSWER_MISDIRECTED}, {408, ANSWER_MISDIRECTED}, {415, ANSWER_MISDIRECTED},
    {429, ANSWER_LATER},       {502, ANSWER_LATER},       {503, ANSWER_LATER},       {504, ANSWER_LATER},
};

static const struct {
    unsigned status;
    const char *name;
} names[] = {
    {301, "Moved Permanently"},     {302, "Found"},
    {307, "Temporary Redirect"},    {308, "Permanent Redirect"},
    {400, "Bad Request"},           {401, "Unauthorized"},
    {403, "Forbidden"},             {404, "Not Found"},
    {405, "Method Not Allowed"},    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {413, "Content Too Large"},     {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"}, {429, "Too Many Requests"},
    {500, "Internal Server Error"}, {501, "Not Implemented"},
    {502, "Bad Gateway"},           {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
};

static enum answer_action action_of(unsigned status)
{
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        if (actions[i].status == status)
            return actions[i].action;
    if (status < 300)
        return ANSWER_TAKEN;
    if (status < 400)
        return ANSWER_MISDIRECTED;
    return ANSWER_REFUSED;
}

static const char *name_of(unsigned status)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].status == status)
            return names[i].name;
    return "";
}

static bool is_json(const struct answer_received *received)
{
    return !received->encoded && slice_equal(received->content_type, SLICE("application/json"));
}

/* ---- what the peer says ---- */

/* Not shown: control characters, and what changes direction or line: text of a peer ends up on terminals. */
static bool is_harmless(uint32_t code_point)
{
    return code_point >= 0x20 && !(code_point >= 0x7f && code_point < 0xa0) && code_point != 0x61c && code_point != 0xfeff &&
           !(code_point >= 0x200b && code_point <= 0x200f) && !(code_point >= 0x2028 && code_point <= 0x202e) &&
           !(code_point >= 0x2060 && code_point <= 0x206f);
}

static void append_harmless(struct buffer *out, struct slice text)
{
    for (size_t i = 0; i < text.length;) {
        uint32_t code_point = 0;
        const size_t size = utf8_decode(slice_part(text, i, text.length), &code_point);
        if (size > 0 && is_harmless(code_point))
            buffer_append_slice(out, slice_part(text, i, size));
        else
            buffer_append_byte(out, ' ');
        i += size > 0 ? size : 1;
    }
}

/* Appends "prefix: message" to the answer's text, redacted, harmless and short. */
static void append_message(struct answer *answer, struct slice message)
{
    struct buffer redacted, harmless;
    buffer_init(&redacted, 2UL * MESSAGE_BYTES_MAX);
    buffer_init(&harmless, 2UL * MESSAGE_BYTES_MAX);
    redact_append(&redacted, slice_trim(message));
    append_harmless(&harmless, buffer_slice(&redacted));
    struct slice shown = utf8_prefix(slice_trim(buffer_slice(&harmless)), ANSWER_MESSAGE_MAX);
    const size_t used = strlen(answer->text), room = sizeof answer->text - used - sizeof ": ";
    if (shown.length > room) {
        shown.length = room;
        /* never half a sequence */
        while (shown.length > 0 && ((unsigned char)shown.data[shown.length] & 0xc0) == 0x80)
            shown.length--;
    }
    if (shown.length > 0)
        snprintf(answer->text + used, sizeof answer->text - used, "%s%.*s", used ? ": " : "", (int)shown.length, shown.data);
    buffer_free(&harmless);
    buffer_free(&redacted);
}

static void append_json_message(struct answer *answer, const struct json *document, int value)
{
    struct buffer message;
    buffer_init(&message, MESSAGE_BYTES_MAX);
    if (json_append_string(document, value, &message))
        append_message(answer, buffer_slice(&message));
    buffer_free(&message);
}

/* google.rpc.Status as JSON, or plain text; a web page says nothing that fits on a line. */
static void append_error_message(struct answer *answer, const struct answer_received *received)
{
    struct json document;
    if (received->encoded || received->body_cut)
        return;
    if (is_json(received) && json_parse_allocating(&document, received->body, ANSWER_TOKENS_MAX)) {
        append_json_message(answer, &document, json_get(&document, 0, "message"));
        json_release(&document);
    } else if (slice_equal(received->content_type, SLICE("text/plain"))) {
        append_message(answer, received->body);
    }
}

/* ---- 2xx ---- */

static void read_partial_success(const struct json *document, struct answer *answer)
{
    const int partial = json_get(document, 0, "partialSuccess");
    uint64_t rejected = 0;
    if (json_unsigned(document, json_get(document, partial, "rejectedSpans"), &rejected))
        answer->rejected = rejected;
    append_json_message(answer, document, json_get(document, partial, "errorMessage"));
}

static bool begins_like_an_object(struct slice body)
{
    const struct slice start = slice_trim(body);
    return start.length == 0 || start.data[0] == '{';
}

static bool is_plausible_json(const struct answer_received *received, struct answer *answer)
{
    struct json document;
    if (received->ending == ANSWER_CUT || received->body_cut)
        return begins_like_an_object(received->body);
    if (!json_parse_allocating(&document, received->body, ANSWER_TOKENS_MAX))
        return false;
    const bool object = json_type(&document, 0) == JSON_OBJECT;
    if (object)
        read_partial_success(&document, answer);
    json_release(&document);
    return object;
}

static bool is_web_page(const struct answer_received *received)
{
    struct slice start = received->body;
    if (slice_starts_with(start, SLICE("\xef\xbb\xbf")))
        start = slice_part(start, 3, start.length);
    return slice_equal(received->content_type, SLICE("text/html")) || slice_starts_with(slice_trim(start), SLICE("<"));
}

static bool is_plausible(const struct answer_received *received, struct answer *answer)
{
    const bool whole = received->ending == ANSWER_WHOLE && !received->body_cut;
    if (whole && received->body.length == 0)
        return true;
    if (is_json(received))
        return is_plausible_json(received, answer);
    return received->body.length > 0 && !received->encoded && !is_web_page(received);
}

static void tell_implausible(const struct answer_received *received, struct answer *answer)
{
    snprintf(answer->text, sizeof answer->text, "answered %u, but not as an OTLP receiver does", received->status);
    if (received->content_type.length > 0)
        append_message(answer, received->content_type);
}

void answer_classify(const struct answer_received *received, struct answer *answer)
{
    memset(answer, 0, sizeof *answer);
    answer->action = ANSWER_LATER;
    if (received->ending == ANSWER_NONE)
        return;
    answer->action = action_of(received->status);
    if (received->ending == ANSWER_CUT && received->status >= 500)
        answer->action = ANSWER_LATER;
    if (answer->action != ANSWER_TAKEN) {
        const char *name = name_of(received->status);
        snprintf(answer->text, sizeof answer->text, "answered %u%s%s", received->status, *name ? " " : "", name);
        append_error_message(answer, received);
    } else if (!is_plausible(received, answer)) {
        answer->action = ANSWER_MISDIRECTED;
        answer->rejected = 0;
        tell_implausible(received, answer);
    }
}
