#include "net/http_response.h"

#include <string.h>

enum state {
    STATE_STATUS_LINE,
    STATE_HEADER,
    STATE_BODY_LENGTH,
    STATE_BODY_TO_END,
    STATE_CHUNK_SIZE,
    STATE_CHUNK_DATA,
    STATE_CHUNK_END,
    STATE_TRAILER,
    STATE_DONE,
    STATE_BAD
};

enum { SWITCHING_PROTOCOLS = 101, NO_CONTENT = 204, NOT_MODIFIED = 304 };

void http_response_init(struct http_response *response)
{
    memset(response, 0, sizeof *response);
    buffer_init(&response->body, HTTP_BODY_KEPT_MAX);
}

void http_response_reset(struct http_response *response)
{
    struct buffer body = response->body;
    buffer_clear(&body);
    memset(response, 0, sizeof *response);
    response->body = body;
}

void http_response_free(struct http_response *response)
{
    buffer_free(&response->body);
}

static bool fail(struct http_response *response, enum http_response_fault fault)
{
    response->fault = fault;
    response->keep_alive = false;
    response->p.state = STATE_BAD;
    return false;
}

static bool malformed(struct http_response *response)
{
    return fail(response, HTTP_FAULT_MALFORMED);
}

/* RFC 9110, 5.6.2 */
static bool is_token(struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        const char c = text.data[i];
        const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!alphanumeric && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL))
            return false;
    }
    return text.length > 0;
}

static struct slice trim_blanks(struct slice text)
{
    while (text.length > 0 && (text.data[0] == ' ' || text.data[0] == '\t'))
        text = slice_part(text, 1, text.length);
    while (text.length > 0 && (text.data[text.length - 1] == ' ' || text.data[text.length - 1] == '\t'))
        text.length--;
    return text;
}

static bool find_byte(struct slice text, char byte, size_t *position)
{
    return slice_find(text, (struct slice){&byte, 1}, 0, position);
}

/* ---- lines ---- */

/* Gathers one line up to CR LF. True when it is whole (then in p.line, without its end); false for more or for bad.
 * Only CR LF ends a line: whoever accepts a bare LF disagrees with somebody else on where a message ends. */
static bool take_line(struct http_response *response, struct slice piece, size_t *position, size_t limit, size_t *total, size_t total_limit)
{
    struct http_response_private *p = &response->p;
    while (*position < piece.length) {
        const unsigned char c = (unsigned char)piece.data[(*position)++];
        if (++*total > total_limit)
            return fail(response, HTTP_FAULT_TOO_LARGE);
        if (p->seen_cr) {
            p->seen_cr = false;
            return c == '\n' ? true : malformed(response);
        }
        if (c == '\r') {
            p->seen_cr = true;
            continue;
        }
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return malformed(response);
        if (p->line_length >= limit)
            return fail(response, HTTP_FAULT_TOO_LARGE);
        p->line[p->line_length++] = (char)c;
    }
    return false;
}

static struct slice line_of(struct http_response *response)
{
    const struct slice line = {response->p.line, response->p.line_length};
    response->p.line_length = 0;
    return line;
}

/* ---- the head ---- */

/* "HTTP/1.1 200 OK"; the blank before an empty reason may be missing, as some servers have it. */
static bool status_line(struct http_response *response, struct slice line)
{
    uint64_t status = 0;
    const struct slice version = slice_part(line, 0, 9);
    const bool http_1_0 = slice_equal(version, SLICE("HTTP/1.0 "));
    if (!http_1_0 && !slice_equal(version, SLICE("HTTP/1.1 ")))
        return malformed(response);
    const struct slice digits = slice_part(line, 9, 3);
    if (digits.length != 3 || !slice_to_u64(digits, &status) || status < 100 || status > 599 || status == SWITCHING_PROTOCOLS ||
        (line.length > 12 && line.data[12] != ' '))
        return malformed(response);
    response->status = (unsigned)status;
    response->p.http_1_0 = http_1_0;
    response->p.state = STATE_HEADER;
    return true;
}

static bool header_content_length(struct http_response *response, struct slice value)
{
    struct http_response_private *p = &response->p;
    uint64_t length = 0;
    if (!slice_to_u64(value, &length) || (value.length > 1 && value.data[0] == '0'))
        return malformed(response);
    if (p->has_length && p->content_length != length)
        return malformed(response);
    p->has_length = true;
    p->content_length = length;
    return true;
}

static bool header_transfer_encoding(struct http_response *response, struct slice value)
{
    if (response->p.chunked || response->p.http_1_0 || !slice_equal_ignoring_case(value, SLICE("chunked")))
        return malformed(response);
    response->p.chunked = true;
    return true;
}

static bool header_connection(struct http_response *response, struct slice value)
{
    while (value.length > 0) {
        size_t comma;
        if (!find_byte(value, ',', &comma))
            comma = value.length;
        if (slice_equal_ignoring_case(trim_blanks(slice_part(value, 0, comma)), SLICE("close")))
            response->p.close = true;
        value = slice_part(value, comma + 1, value.length);
    }
    return true;
}

/* Differing types in one head are somebody's trick; equal ones do no harm. */
static bool header_content_type(struct http_response *response, struct slice value)
{
    char type[sizeof response->content_type] = "";
    size_t end;
    if (find_byte(value, ';', &end))
        value = trim_blanks(slice_part(value, 0, end));
    /* one that does not fit is none that anybody compares with, but it is not an absent one either */
    if (value.length >= sizeof type)
        value = SLICE("?");
    for (size_t i = 0; i < value.length; i++) {
        type[i] = value.data[i];
        if (type[i] >= 'A' && type[i] <= 'Z')
            type[i] = (char)(type[i] - 'A' + 'a');
    }
    if (response->content_type[0] != '\0' && strcmp(response->content_type, type) != 0)
        return malformed(response);
    memcpy(response->content_type, type, sizeof type);
    return true;
}

static bool header_content_encoding(struct http_response *response, struct slice value)
{
    if (value.length > 0 && !slice_equal_ignoring_case(value, SLICE("identity")))
        response->encoded = true;
    return true;
}

static bool header_retry_after(struct http_response *response, struct slice value)
{
    if (response->retry_after[0] == '\0' && value.length > 0 && value.length < sizeof response->retry_after) {
        memcpy(response->retry_after, value.data, value.length);
        response->retry_after[value.length] = '\0';
    }
    return true;
}

static const struct {
    const char *name;
    bool (*take)(struct http_response *response, struct slice value);
} known_headers[] = {
    {"content-length", header_content_length},     {"transfer-encoding", header_transfer_encoding}, {"connection", header_connection},
    {"content-type", header_content_type},         {"content-encoding", header_content_encoding},   {"retry-after", header_retry_after},
};

static bool header_split(struct http_response *response, struct slice line, struct slice *name, struct slice *value)
{
    size_t colon;
    if (!find_byte(line, ':', &colon) || !is_token(slice_part(line, 0, colon)))
        return malformed(response);
    *name = slice_part(line, 0, colon);
    *value = trim_blanks(slice_part(line, colon + 1, line.length));
    return true;
}

static bool header_line(struct http_response *response, struct slice line)
{
    struct slice name, value;
    if (!header_split(response, line, &name, &value))
        return false;
    for (size_t i = 0; i < sizeof known_headers / sizeof known_headers[0]; i++)
        if (slice_equal_ignoring_case(name, slice_of(known_headers[i].name)))
            return known_headers[i].take(response, value);
    return true;
}

/* Forgets an interim response: the final one follows on the same connection. Its bytes stay counted, so that they cannot go on for ever. */
static void forget_interim(struct http_response *response)
{
    struct http_response_private *p = &response->p;
    response->status = 0;
    response->content_type[0] = response->retry_after[0] = '\0';
    response->encoded = false;
    p->has_length = p->chunked = p->close = false;
    p->content_length = 0;
    p->state = STATE_STATUS_LINE;
}

static void finish(struct http_response *response)
{
    response->keep_alive = !response->p.close && !response->p.http_1_0 && response->p.state != STATE_BODY_TO_END;
    response->p.state = STATE_DONE;
}

/* RFC 9112, 6.3: how the body is delimited. */
static bool head_end(struct http_response *response)
{
    struct http_response_private *p = &response->p;
    if (p->has_length && p->chunked)
        return malformed(response);
    if (response->status < 200) {
        forget_interim(response);
        return true;
    }
    response->head_complete = true;
    if (response->status == NO_CONTENT || response->status == NOT_MODIFIED) {
        if (response->status == NO_CONTENT && p->chunked)
            return malformed(response);
        finish(response);
    } else if (p->chunked) {
        p->state = STATE_CHUNK_SIZE;
    } else if (!p->has_length) {
        p->state = STATE_BODY_TO_END;
    } else if (p->content_length > HTTP_BODY_READ_MAX) {
        return fail(response, HTTP_FAULT_TOO_LARGE);
    } else {
        p->remaining = p->content_length;
        p->state = STATE_BODY_LENGTH;
        if (p->remaining == 0)
            finish(response);
    }
    return true;
}

/* ---- the body ---- */

static bool keep_body(struct http_response *response, struct slice data)
{
    const size_t room = HTTP_BODY_KEPT_MAX - response->body.length;
    if (data.length > room) {
        response->body_cut = true;
        data.length = room;
    }
    buffer_append_slice(&response->body, data);
    return response->body.failed ? fail(response, HTTP_FAULT_MEMORY) : true;
}

/* Takes at most p.remaining bytes. */
static bool take_body(struct http_response *response, struct slice piece, size_t *position, enum state then)
{
    struct http_response_private *p = &response->p;
    struct slice data = slice_part(piece, *position, piece.length);
    if (data.length > p->remaining)
        data.length = (size_t)p->remaining;
    *position += data.length;
    p->remaining -= data.length;
    p->body_bytes += data.length;
    if (!keep_body(response, data))
        return false;
    if (p->remaining == 0) {
        if (then == STATE_DONE)
            finish(response);
        else
            p->state = (int)then;
    }
    return true;
}

static bool take_to_end(struct http_response *response, struct slice piece, size_t *position)
{
    const struct slice data = slice_part(piece, *position, piece.length);
    const uint64_t room = HTTP_BODY_READ_MAX - response->p.body_bytes;
    const struct slice taken = slice_part(data, 0, data.length > room ? (size_t)room : data.length);
    *position += taken.length;
    response->p.body_bytes += taken.length;
    if (!keep_body(response, taken))
        return false;
    return taken.length == data.length ? true : fail(response, HTTP_FAULT_TOO_LARGE);
}

/* RFC 9112, 7.1: hex digits (at most 16), then nothing or an extension. */
static bool chunk_size(struct http_response *response, struct slice line)
{
    struct http_response_private *p = &response->p;
    size_t end;
    uint64_t size = 0;
    if (!find_byte(line, ';', &end))
        end = line.length;
    if (!slice_hex_to_u64(slice_part(line, 0, end), &size))
        return malformed(response);
    if (size > HTTP_BODY_READ_MAX - p->body_bytes)
        return fail(response, HTTP_FAULT_TOO_LARGE);
    p->remaining = size;
    p->state = size == 0 ? STATE_TRAILER : STATE_CHUNK_DATA;
    return true;
}

/* Lines inside a chunked body count as body, so that framing alone cannot pass the limit. */
static bool take_chunk_line(struct http_response *response, struct slice piece, size_t *position, size_t limit)
{
    size_t total = (size_t)response->p.body_bytes;
    const bool whole = take_line(response, piece, position, limit, &total, HTTP_BODY_READ_MAX);
    response->p.body_bytes = total;
    return whole;
}

/* ---- the machine ---- */

/* One step: true to go on with what is left of the piece. */
static bool step(struct http_response *response, struct slice piece, size_t *position)
{
    struct http_response_private *p = &response->p;
    struct slice line, name, value;
    switch ((enum state)p->state) {
    case STATE_STATUS_LINE:
    case STATE_HEADER:
        if (!take_line(response, piece, position, HTTP_HEAD_MAX, &p->head_bytes, HTTP_HEAD_MAX))
            return false;
        line = line_of(response);
        if (p->state == STATE_STATUS_LINE)
            return status_line(response, line);
        return line.length == 0 ? head_end(response) : header_line(response, line);
    case STATE_BODY_LENGTH:
        return take_body(response, piece, position, STATE_DONE);
    case STATE_BODY_TO_END:
        return take_to_end(response, piece, position);
    case STATE_CHUNK_SIZE:
        return take_chunk_line(response, piece, position, HTTP_CHUNK_LINE_MAX) && chunk_size(response, line_of(response));
    case STATE_CHUNK_DATA:
        return take_body(response, piece, position, STATE_CHUNK_END);
    case STATE_CHUNK_END:
        if (!take_chunk_line(response, piece, position, HTTP_CHUNK_LINE_MAX))
            return false;
        if (line_of(response).length != 0)
            return malformed(response);
        p->state = STATE_CHUNK_SIZE;
        return true;
    case STATE_TRAILER:
        if (!take_line(response, piece, position, HTTP_TRAILER_MAX, &p->trailer_bytes, HTTP_TRAILER_MAX))
            return false;
        line = line_of(response);
        if (line.length > 0)
            return header_split(response, line, &name, &value);
        finish(response);
        return true;
    case STATE_DONE:
    case STATE_BAD:
        break;
    }
    return false;
}

static enum http_response_result result_of(const struct http_response *response)
{
    if (response->p.state == STATE_DONE)
        return HTTP_RESPONSE_DONE;
    return response->p.state == STATE_BAD ? HTTP_RESPONSE_BAD : HTTP_RESPONSE_PARTIAL;
}

enum http_response_result http_response_feed(struct http_response *response, struct slice piece, size_t *consumed)
{
    size_t position = 0;
    if (piece.length > 0)
        response->started = true;
    while (position < piece.length && step(response, piece, &position))
        continue;
    *consumed = position;
    return result_of(response);
}

enum http_response_result http_response_end(struct http_response *response)
{
    if (response->p.state == STATE_BODY_TO_END)
        finish(response);
    else if (response->p.state != STATE_DONE && response->p.state != STATE_BAD)
        fail(response, HTTP_FAULT_TORN);
    return result_of(response);
}
