#include "check.h"

#include "base/clock.h"
#include "base/version.h"
#include "net/connection.h"
#include "net/http_client.h"
#include "net/resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A server in a process of its own plays one script; what it saw it says on a pipe at its end. */
typedef void script(int listener, int report);

struct server {
    pid_t process;
    int report;
    struct url url;
};

static int listen_on_loopback(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(listener >= 0 && bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 8) == 0 &&
          getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    *port = ntohs(address.sin_port);
    return listener;
}

static struct server serve(script *play)
{
    struct server server = {.process = -1, .report = -1};
    uint16_t port = 0;
    int ends[2];
    const int listener = listen_on_loopback(&port);
    CHECK(pipe(ends) == 0);
    fflush(stdout);
    server.process = fork();
    if (server.process == 0) {
        signal(SIGPIPE, SIG_IGN);
        alarm(20);
        play(listener, ends[1]);
        _exit(0);
    }
    close(listener);
    close(ends[1]);
    server.report = ends[0];
    char text[64];
    snprintf(text, sizeof text, "http://127.0.0.1:%u/v1/traces?q=1", (unsigned)port);
    CHECK(url_parse(slice_of(text), &server.url, NULL));
    return server;
}

/* Waits for the end of the script; its report in a static text. */
static const char *finish(struct server *server)
{
    static char report[8192];
    size_t length = 0;
    ssize_t count;
    while (length < sizeof report - 1 && (count = read(server->report, report + length, sizeof report - 1 - length)) > 0)
        length += (size_t)count;
    report[length] = '\0';
    close(server->report);
    waitpid(server->process, NULL, 0);
    return report;
}

static void say(int descriptor, const char *text)
{
    if (write(descriptor, text, strlen(text)) < 0)
        _exit(1);
}

/* Reads one request whole; its bytes in `text`. False: the peer closed first. */
static bool read_request(int connection, char *text, size_t size)
{
    size_t length = 0;
    for (;;) {
        const ssize_t count = read(connection, text + length, size - 1 - length);
        if (count <= 0)
            return false;
        length += (size_t)count;
        text[length] = '\0';
        const char *end = strstr(text, "\r\n\r\n"), *field = strstr(text, "Content-Length: ");
        if (end && field && length >= (size_t)(end + 4 - text) + strtoul(field + 16, NULL, 10))
            return true;
    }
}

static int await(int listener)
{
    const int connection = accept(listener, NULL, NULL);
    if (connection < 0)
        _exit(1);
    return connection;
}

static void reset(int connection)
{
    const struct linger now = {1, 0};
    setsockopt(connection, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(connection);
}

#define LARGE ((size_t)64 * 1024 * 1024) /* more than any socket buffers */
#define BODY_SIZE ((size_t)2 * 1024 * 1024)

#define OK "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"

static enum http_outcome post_to(const struct server *server, unsigned timeout, struct http_client **client,
                                 const struct http_response **response, struct error *error)
{
    *client = http_client_new(&server->url, SLICE("x-key: 1\r\n"), timeout, error);
    CHECK(*client != NULL);
    return http_client_post(*client, SLICE("{\"a\":1}"), response, error);
}

/* Once: the outcome, and what is left of the response in *status and *head_complete. */
static enum http_outcome post_once(script *play, unsigned timeout, unsigned *status)
{
    struct server server = serve(play);
    struct http_client *client;
    const struct http_response *response;
    struct error error = {""};
    const enum http_outcome outcome = post_to(&server, timeout, &client, &response, &error);
    *status = response->head_complete ? response->status : 0;
    CHECK((error.text[0] != '\0') == (outcome != HTTP_ANSWERED));
    http_client_free(client);
    kill(server.process, SIGKILL);
    finish(&server);
    return outcome;
}

/* ---- requests and connections ---- */

static void two_on_one_connection(int listener, int report)
{
    char text[4096];
    const int connection = await(listener);
    for (int i = 0; i < 2 && read_request(connection, text, sizeof text); i++) {
        say(report, text);
        say(report, "|");
        say(connection, OK);
    }
}

TEST(sends_a_proper_request_and_keeps_the_connection)
{
    struct server server = serve(two_on_one_connection);
    struct http_client *client;
    const struct http_response *response;
    char wanted[1024];
    CHECK_EQ_INT(post_to(&server, 5000, &client, &response, NULL), HTTP_ANSWERED);
    CHECK_EQ_INT(response->status, 200);
    CHECK_EQ_TEXT(buffer_slice(&response->body), "{}");
    CHECK_EQ_INT(http_client_post(client, SLICE("{}"), &response, NULL), HTTP_ANSWERED);
    http_client_free(client);
    char head[256];
    snprintf(head, sizeof head,
             "POST /v1/traces?q=1 HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUser-Agent: spanhook/" SPANHOOK_VERSION
             "\r\nContent-Type: application/json\r\nx-key: 1\r\nContent-Length: ",
             (unsigned)server.url.port);
    snprintf(wanted, sizeof wanted, "%s7\r\n\r\n{\"a\":1}|%s2\r\n\r\n{}|", head, head);
    CHECK_EQ_TEXT(slice_of(finish(&server)), wanted);
}

static void closes_after_each(int listener, int report)
{
    char text[4096];
    for (int i = 0; i < 2; i++) {
        const int connection = await(listener);
        if (read_request(connection, text, sizeof text))
            say(connection, OK);
        say(report, "c");
        close(connection);
    }
}

TEST(notices_a_connection_closed_while_idle)
{
    struct server server = serve(closes_after_each);
    struct http_client *client;
    const struct http_response *response;
    char byte;
    CHECK_EQ_INT(post_to(&server, 5000, &client, &response, NULL), HTTP_ANSWERED);
    CHECK_EQ_INT(read(server.report, &byte, 1), 1);
    clock_sleep_milliseconds(20);
    CHECK_EQ_INT(http_client_post(client, SLICE("{}"), &response, NULL), HTTP_ANSWERED);
    http_client_free(client);
    CHECK_EQ_TEXT(slice_of(finish(&server)), "c");
}

/* Answers once, then takes the second request and closes without a word; the third comes on another connection. */
static void drops_the_second_request(int listener, int report)
{
    char text[4096];
    int connection = await(listener);
    if (read_request(connection, text, sizeof text))
        say(connection, OK);
    if (read_request(connection, text, sizeof text))
        say(report, "dropped ");
    reset(connection);
    connection = await(listener);
    if (read_request(connection, text, sizeof text))
        say(connection, OK);
    say(report, "again");
    close(connection);
}

TEST(repeats_once_when_a_kept_connection_was_closed)
{
    struct server server = serve(drops_the_second_request);
    struct http_client *client;
    const struct http_response *response;
    CHECK_EQ_INT(post_to(&server, 5000, &client, &response, NULL), HTTP_ANSWERED);
    CHECK_EQ_INT(http_client_post(client, SLICE("{}"), &response, NULL), HTTP_ANSWERED);
    http_client_free(client);
    CHECK_EQ_TEXT(slice_of(finish(&server)), "dropped again");
}

/* The same, but with one byte of an answer: that request may have been taken and is not repeated here. */
static void answers_in_part(int listener, int report)
{
    char text[4096];
    const int connection = await(listener);
    if (read_request(connection, text, sizeof text))
        say(connection, OK);
    if (read_request(connection, text, sizeof text))
        say(connection, "H");
    close(connection);
    const int flags = fcntl(listener, F_GETFL);
    clock_sleep_milliseconds(100);
    fcntl(listener, F_SETFL, flags | O_NONBLOCK);
    say(report, accept(listener, NULL, NULL) < 0 ? "not repeated" : "repeated");
}

TEST(repeats_nothing_that_was_answered_in_part)
{
    struct server server = serve(answers_in_part);
    struct http_client *client;
    const struct http_response *response;
    CHECK_EQ_INT(post_to(&server, 5000, &client, &response, NULL), HTTP_ANSWERED);
    CHECK_EQ_INT(http_client_post(client, SLICE("{}"), &response, NULL), HTTP_BROKEN);
    CHECK(response->started && !response->head_complete);
    http_client_free(client);
    CHECK_EQ_TEXT(slice_of(finish(&server)), "not repeated");
}

static void says_too_much(int listener, int report)
{
    char text[4096];
    for (int i = 0; i < 2; i++) {
        const int connection = await(listener);
        if (read_request(connection, text, sizeof text))
            say(connection, OK "HTTP/1.1 200 OK\r\n");
        say(report, "c");
    }
}

TEST(does_not_keep_a_connection_with_stray_bytes)
{
    struct server server = serve(says_too_much);
    struct http_client *client;
    const struct http_response *response;
    CHECK_EQ_INT(post_to(&server, 5000, &client, &response, NULL), HTTP_ANSWERED);
    CHECK_EQ_INT(http_client_post(client, SLICE("{}"), &response, NULL), HTTP_ANSWERED);
    http_client_free(client);
    CHECK_EQ_TEXT(slice_of(finish(&server)), "cc");
}

/* Says the answer to a request that was not made, while the connection is idle. */
static void answers_in_advance(int listener, int report)
{
    char text[4096];
    int connection = await(listener);
    if (read_request(connection, text, sizeof text))
        say(connection, OK);
    clock_sleep_milliseconds(20);
    say(connection, "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
    say(report, "!");
    connection = await(listener);
    if (read_request(connection, text, sizeof text))
        say(connection, OK);
    say(report, "again");
}

TEST(takes_no_answer_from_before_the_question)
{
    struct server server = serve(answers_in_advance);
    struct http_client *client;
    const struct http_response *response;
    char byte;
    CHECK_EQ_INT(post_to(&server, 5000, &client, &response, NULL), HTTP_ANSWERED);
    CHECK_EQ_INT(read(server.report, &byte, 1), 1);
    clock_sleep_milliseconds(20);
    CHECK_EQ_INT(http_client_post(client, SLICE("{}"), &response, NULL), HTTP_ANSWERED);
    CHECK_EQ_INT(response->status, 200);
    http_client_free(client);
    CHECK_EQ_TEXT(slice_of(finish(&server)), "again");
}

TEST(raises_no_signal_when_the_peer_is_gone)
{
    int ends[2] = {-1, -1};
    CHECK(signal(SIGPIPE, SIG_DFL) != SIG_ERR && socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    close(ends[1]);
    CHECK_EQ_INT(connection_send(ends[0], SLICE("a"), SLICE("b")), -1);
    CHECK_EQ_INT(errno, EPIPE);
    close(ends[0]);
}

/* ---- peers that misbehave ---- */

static void never_answers(int listener, int report)
{
    (void)report;
    await(listener);
    pause();
}

TEST(gives_up_on_a_silent_peer)
{
    unsigned status;
    const uint64_t start = clock_since_boot();
    CHECK_EQ_INT(post_once(never_answers, 200, &status), HTTP_TIMED_OUT);
    const uint64_t took = (clock_since_boot() - start) / NANOSECONDS_PER_MILLISECOND;
    CHECK(took >= 200 && took < 2000);
    CHECK_EQ_INT(status, 0);
}

static void trickles(int listener, int report)
{
    const char *answer = OK;
    const int connection = await(listener);
    (void)report;
    for (; *answer; answer++) {
        if (write(connection, answer, 1) < 0)
            _exit(0);
        clock_sleep_milliseconds(20);
    }
}

TEST(gives_up_on_a_peer_that_trickles)
{
    unsigned status;
    const uint64_t start = clock_since_boot();
    CHECK_EQ_INT(post_once(trickles, 300, &status), HTTP_TIMED_OUT);
    CHECK((clock_since_boot() - start) / NANOSECONDS_PER_MILLISECOND < 2000);
    CHECK_EQ_INT(status, 0);
}

static void stops_in_the_body(int listener, int report)
{
    char text[4096];
    const int connection = await(listener);
    (void)report;
    if (read_request(connection, text, sizeof text))
        say(connection, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{");
    pause();
}

TEST(tells_what_came_before_the_deadline)
{
    unsigned status;
    CHECK_EQ_INT(post_once(stops_in_the_body, 200, &status), HTTP_TIMED_OUT);
    CHECK_EQ_INT(status, 200);
}

static void resets_in_the_body(int listener, int report)
{
    char text[4096];
    const int connection = await(listener);
    (void)report;
    if (read_request(connection, text, sizeof text))
        say(connection, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{");
    clock_sleep_milliseconds(20);
    reset(connection);
}

/* A reset is no end of a body, not even of one that only the connection's end delimits. */
TEST(tells_a_reset_from_an_end)
{
    unsigned status;
    CHECK_EQ_INT(post_once(resets_in_the_body, 5000, &status), HTTP_BROKEN);
    CHECK_EQ_INT(status, 200);
}

static void closes_at_once(int listener, int report)
{
    (void)report;
    close(await(listener));
}

static void speaks_something_else(int listener, int report)
{
    char text[4096];
    const int connection = await(listener);
    (void)report;
    read_request(connection, text, sizeof text);
    say(connection, "SSH-2.0-OpenSSH_9.2\r\n");
    pause();
}

static void floods(int listener, int report)
{
    static char block[65536];
    const int connection = await(listener);
    (void)report;
    memset(block, 'x', sizeof block);
    say(connection, "HTTP/1.1 200 OK\r\n\r\n");
    while (write(connection, block, sizeof block) > 0)
        continue;
}

TEST(gives_up_on_what_is_no_answer)
{
    unsigned status;
    CHECK_EQ_INT(post_once(closes_at_once, 5000, &status), HTTP_BROKEN);
    CHECK_EQ_INT(post_once(speaks_something_else, 5000, &status), HTTP_UNREADABLE);
    CHECK_EQ_INT(status, 0);
    CHECK_EQ_INT(post_once(floods, 5000, &status), HTTP_UNREADABLE);
    CHECK_EQ_INT(status, 200);
}

/* Refuses a large body before it has come, and reads no more of it. */
static void refuses_early(int listener, int report)
{
    char text[256];
    const int connection = await(listener);
    if (read(connection, text, sizeof text) > 0)
        say(connection, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
    say(report, "refused");
    pause();
}

TEST(takes_an_answer_that_comes_before_the_request_is_through)
{
    struct server server = serve(refuses_early);
    const struct slice body = {calloc(1, LARGE), LARGE};
    struct http_client *client = http_client_new(&server.url, SLICE(""), 5000, NULL);
    const struct http_response *response;
    CHECK(client != NULL && body.data != NULL);
    CHECK_EQ_INT(http_client_post(client, body, &response, NULL), HTTP_ANSWERED);
    CHECK_EQ_INT(response->status, 413);
    http_client_free(client);
    free((void *)(uintptr_t)body.data);
    kill(server.process, SIGKILL);
    CHECK_EQ_TEXT(slice_of(finish(&server)), "refused");
}

static void takes_a_large_body(int listener, int report)
{
    static char text[3 * 1024 * 1024];
    const int connection = await(listener);
    if (read_request(connection, text, sizeof text))
        say(connection, OK);
    say(report, strchr(text, 'x') && strlen(strstr(text, "\r\n\r\n") + 4) == BODY_SIZE ? "whole" : "not whole");
}

TEST(sends_large_bodies_whole)
{
    struct server server = serve(takes_a_large_body);
    const size_t length = BODY_SIZE;
    char *body = malloc(length);
    struct http_client *client = http_client_new(&server.url, SLICE(""), 10000, NULL);
    const struct http_response *response;
    CHECK(client != NULL && body != NULL);
    if (!body)
        return;
    memset(body, 'x', length);
    CHECK_EQ_INT(http_client_post(client, (struct slice){body, length}, &response, NULL), HTTP_ANSWERED);
    http_client_free(client);
    free(body);
    CHECK_EQ_TEXT(slice_of(finish(&server)), "whole");
}

/* ---- addresses ---- */

TEST(says_that_nobody_listens)
{
    uint16_t port = 0;
    char text[64];
    struct url url;
    struct error error = {""};
    const struct http_response *response;
    close(listen_on_loopback(&port));
    snprintf(text, sizeof text, "http://localhost:%u/", (unsigned)port);
    CHECK(url_parse(slice_of(text), &url, NULL));
    struct http_client *client = http_client_new(&url, SLICE(""), 5000, NULL);
    CHECK_EQ_INT(http_client_post(client, SLICE("{}"), &response, &error), HTTP_NOT_CONNECTED);
    CHECK(!response->started);
    CHECK(strstr(error.text, "cannot connect to localhost port ") == error.text && strstr(error.text, "refused") != NULL);
    http_client_free(client);
}

TEST(knows_local_addresses_without_asking)
{
    struct address_list list = {0};
    struct url url;
    CHECK(url_parse(SLICE("http://localhost:4318/"), &url, NULL) && resolve_url(&url, 0, &list, NULL));
    CHECK_EQ_INT(list.count, 2);
    CHECK_EQ_INT(list.items[0].socket.ss_family, AF_INET);
    CHECK_EQ_INT(list.items[1].socket.ss_family, AF_INET6);
    struct sockaddr_in first;
    memcpy(&first, &list.items[0].socket, sizeof first);
    CHECK_EQ_INT(ntohl(first.sin_addr.s_addr), INADDR_LOOPBACK);
    CHECK_EQ_INT(ntohs(first.sin_port), 4318);
    CHECK(url_parse(SLICE("http://[::1]:1/"), &url, NULL) && resolve_url(&url, 0, &list, NULL));
    CHECK_EQ_INT(list.count, 1);
    CHECK(url_parse(SLICE("http://10.1.2.3/"), &url, NULL) && resolve_url(&url, 0, &list, NULL));
    CHECK_EQ_INT(list.count, 1);
}

/* A name that cannot exist (RFC 6761), with and without time to ask: an error either way, and no child left. */
TEST(asks_for_names_in_a_bounded_time)
{
    struct address_list list = {0};
    struct url url;
    struct error error = {""};
    CHECK(url_parse(SLICE("http://nobody.invalid/"), &url, NULL));
    const uint64_t start = clock_since_boot();
    CHECK(!resolve_url(&url, deadline_after(1500), &list, &error));
    CHECK(error.text[0] != '\0');
    CHECK(!resolve_url(&url, 0, &list, &error));
    CHECK_EQ_TEXT(slice_of(error.text), "the name was not resolved in time");
    CHECK((clock_since_boot() - start) / NANOSECONDS_PER_MILLISECOND < 3000);
    CHECK_EQ_INT(waitpid(-1, NULL, WNOHANG), -1);
}

TEST(uses_descriptors_above_the_standard_streams)
{
    struct server server = serve(two_on_one_connection);
    struct http_client *client;
    const struct http_response *response;
    const int saved = fcntl(0, F_DUPFD, 10);
    close(0);
    CHECK_EQ_INT(post_to(&server, 5000, &client, &response, NULL), HTTP_ANSWERED);
    CHECK_EQ_INT(fcntl(0, F_GETFD), -1);
    for (int descriptor = 3; descriptor < 10; descriptor++) {
        struct sockaddr_storage peer;
        socklen_t size = sizeof peer;
        if (getpeername(descriptor, (struct sockaddr *)&peer, &size) == 0)
            CHECK(fcntl(descriptor, F_GETFD) & FD_CLOEXEC);
    }
    http_client_free(client);
    if (saved >= 0) {
        dup2(saved, 0);
        close(saved);
    }
    kill(server.process, SIGKILL);
    finish(&server);
}

TEST(has_no_tls)
{
    struct url url;
    struct error error;
    CHECK(url_parse(SLICE("https://example.org/"), &url, NULL));
    CHECK(http_client_new(&url, SLICE(""), 1000, &error) == NULL);
    CHECK(strstr(error.text, "TLS") != NULL);
}

static const struct check_test tests[] = {
    CASE(sends_a_proper_request_and_keeps_the_connection),
    CASE(notices_a_connection_closed_while_idle),
    CASE(repeats_once_when_a_kept_connection_was_closed),
    CASE(repeats_nothing_that_was_answered_in_part),
    CASE(does_not_keep_a_connection_with_stray_bytes),
    CASE(takes_no_answer_from_before_the_question),
    CASE(raises_no_signal_when_the_peer_is_gone),
    CASE(gives_up_on_a_silent_peer),
    CASE(gives_up_on_a_peer_that_trickles),
    CASE(tells_what_came_before_the_deadline),
    CASE(tells_a_reset_from_an_end),
    CASE(gives_up_on_what_is_no_answer),
    CASE(takes_an_answer_that_comes_before_the_request_is_through),
    CASE(sends_large_bodies_whole),
    CASE(says_that_nobody_listens),
    CASE(knows_local_addresses_without_asking),
    CASE(asks_for_names_in_a_bounded_time),
    CASE(uses_descriptors_above_the_standard_streams),
    CASE(has_no_tls),
};
CHECK_MAIN(tests)
