#include "net/http_client.h"

#include "base/version.h"
#include "net/connection.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RECEIVE_SIZE = 16384, REQUEST_HEAD_MAX = 8192 };

struct http_client {
    struct url url;
    struct buffer head_start; /* request line and the headers that never change */
    struct buffer head;
    struct http_response response;
    unsigned timeout_milliseconds;
    int descriptor; /* the kept connection, or -1 */
};

/* What is left to send. */
struct outgoing {
    struct slice head, body;
};

static void close_connection(struct http_client *client)
{
    if (client->descriptor >= 0)
        close(client->descriptor);
    client->descriptor = -1;
}

static void build_head_start(struct http_client *client, struct slice headers)
{
    struct buffer *head = &client->head_start;
    buffer_append_text(head, "POST ");
    buffer_append_text(head, client->url.path);
    buffer_append_text(head, client->url.query);
    buffer_append_text(head, " HTTP/1.1\r\nHost: ");
    url_append_authority(head, &client->url);
    buffer_append_text(head, "\r\nUser-Agent: spanhook/" SPANHOOK_VERSION "\r\nContent-Type: application/json\r\n");
    buffer_append_slice(head, headers);
    buffer_append_text(head, "Content-Length: ");
}

struct http_client *http_client_new(const struct url *url, struct slice headers, unsigned timeout_milliseconds, struct error *error)
{
    if (url->tls) {
        error_set(error, "https needs TLS, which this build lacks");
        return NULL;
    }
    struct http_client *client = calloc(1, sizeof *client);
    if (client) {
        client->url = *url;
        client->timeout_milliseconds = timeout_milliseconds;
        client->descriptor = -1;
        http_response_init(&client->response);
        buffer_init(&client->head_start, REQUEST_HEAD_MAX);
        buffer_init(&client->head, REQUEST_HEAD_MAX);
        build_head_start(client, headers);
        if (!client->head_start.failed)
            return client;
        http_client_free(client);
    }
    error_set(error, "no memory for the HTTP client, or its headers are too long");
    return NULL;
}

void http_client_free(struct http_client *client)
{
    if (!client)
        return;
    close_connection(client);
    buffer_free(&client->head);
    buffer_free(&client->head_start);
    http_response_free(&client->response);
    free(client);
}

static bool build_head(struct http_client *client, size_t body_length)
{
    buffer_clear(&client->head);
    buffer_append_slice(&client->head, buffer_slice(&client->head_start));
    buffer_append_u64(&client->head, body_length);
    buffer_append_text(&client->head, "\r\n\r\n");
    return !client->head.failed;
}

static bool all_sent(const struct outgoing *outgoing)
{
    return outgoing->head.length == 0 && outgoing->body.length == 0;
}

static void drop_sent(struct slice *part, size_t *count)
{
    const size_t taken = *count < part->length ? *count : part->length;
    *part = slice_part(*part, taken, part->length);
    *count -= taken;
}

/* False: the peer takes no more. An answer may still be there to read: a server that refuses a body closes early. */
static bool send_some(int descriptor, struct outgoing *outgoing)
{
    const ssize_t sent = connection_send(descriptor, outgoing->head, outgoing->body);
    if (sent < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK;
    size_t count = (size_t)sent;
    drop_sent(&outgoing->head, &count);
    drop_sent(&outgoing->body, &count);
    return true;
}

static enum http_outcome broken(struct error *error, int reason)
{
    if (reason == 0) {
        error_set(error, "the connection was closed before the answer was whole");
    } else {
        errno = reason;
        error_set_errno(error, "the connection failed before the answer was whole");
    }
    return HTTP_BROKEN;
}

static enum http_outcome unreadable(const struct http_response *response, struct error *error)
{
    if (response->fault == HTTP_FAULT_MEMORY) {
        error_set(error, "no memory for the answer");
        return HTTP_LOCAL_FAILURE;
    }
    error_set(error, "%s", response->fault == HTTP_FAULT_TOO_LARGE ? "the answer is larger than an answer may be"
                                                                  : "the answer is not HTTP as it should be");
    return HTTP_UNREADABLE;
}

/* One receive. True when the exchange is over, with its *outcome; *stray: the peer sent more than its answer. */
static bool receive_some(struct http_client *client, enum http_outcome *outcome, bool *stray, struct error *error)
{
    char data[RECEIVE_SIZE];
    const ssize_t received = recv(client->descriptor, data, sizeof data, 0);
    if (received < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
            return false;
        *outcome = broken(error, errno);
        return true;
    }
    enum http_response_result result;
    size_t consumed = 0;
    if (received == 0)
        result = http_response_end(&client->response);
    else
        result = http_response_feed(&client->response, (struct slice){data, (size_t)received}, &consumed);
    if (result == HTTP_RESPONSE_PARTIAL)
        return false;
    *stray = consumed < (size_t)received;
    if (result == HTTP_RESPONSE_DONE)
        *outcome = HTTP_ANSWERED;
    else
        *outcome = client->response.fault == HTTP_FAULT_TORN ? broken(error, 0) : unreadable(&client->response, error);
    return true;
}

/* Sends and receives at once, because an answer may come before the request is through. Leaves the connection open only when it can be used
 * again. */
static enum http_outcome exchange(struct http_client *client, struct outgoing outgoing, deadline until, struct error *error)
{
    enum http_outcome outcome = HTTP_TIMED_OUT;
    bool sending = true, stray = false;
    http_response_reset(&client->response);
    for (;;) {
        const short events = (short)(sending && !all_sent(&outgoing) ? POLLIN | POLLOUT : POLLIN);
        const int ready = deadline_poll(client->descriptor, events, deadline_earlier(until, deadline_after(HTTP_STALL_MILLISECONDS)));
        if (ready <= 0) {
            outcome = ready == 0 ? HTTP_TIMED_OUT : HTTP_LOCAL_FAILURE;
            error_set(error, "%s", ready == 0 ? "no whole answer in time" : "waiting for the answer failed");
            break;
        }
        if ((ready & ~POLLOUT) && receive_some(client, &outcome, &stray, error))
            break;
        if ((ready & POLLOUT) && sending)
            sending = send_some(client->descriptor, &outgoing);
        /* checked here as well, because a peer that trickles bytes never lets the poll run out */
        if (clock_since_boot() >= until) {
            error_set(error, "no whole answer in time");
            break;
        }
    }
    if (outcome != HTTP_ANSWERED || !client->response.keep_alive || stray || !all_sent(&outgoing))
        close_connection(client);
    return outcome;
}

static bool connect_fresh(struct http_client *client, deadline until, struct error *error)
{
    http_response_reset(&client->response);
    client->descriptor = connection_open(&client->url, until, error);
    return client->descriptor >= 0;
}

enum http_outcome http_client_post(struct http_client *client, struct slice body, const struct http_response **response,
                                   struct error *error)
{
    const deadline until = deadline_after(client->timeout_milliseconds);
    *response = &client->response;
    if (!build_head(client, body.length)) {
        http_response_reset(&client->response);
        error_set(error, "no memory for the request");
        return HTTP_LOCAL_FAILURE;
    }
    const struct outgoing outgoing = {buffer_slice(&client->head), body};
    if (client->descriptor >= 0 && connection_is_idle(client->descriptor)) {
        const enum http_outcome outcome = exchange(client, outgoing, until, error);
        if (outcome != HTTP_BROKEN || client->response.started)
            return outcome;
    }
    close_connection(client);
    return connect_fresh(client, until, error) ? exchange(client, outgoing, until, error) : HTTP_NOT_CONNECTED;
}
