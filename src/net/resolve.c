#include "net/resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RESOLVER_LIFE_SECONDS = 60, DESCRIPTORS_CLOSED = 1024, SERVICE_TEXT = 8 };

/* What the resolving process says; smaller than PIPE_BUF, so it comes whole or not at all. */
struct resolver_answer {
    int code; /* of getaddrinfo */
    struct address_list list;
};

static void add_ipv4(struct address_list *list, const char *text, uint16_t port)
{
    struct sockaddr_in socket = {.sin_family = AF_INET, .sin_port = htons(port)};
    if (list->count == RESOLVE_ADDRESSES_MAX || inet_pton(AF_INET, text, &socket.sin_addr) != 1)
        return;
    struct address *address = &list->items[list->count++];
    memcpy(&address->socket, &socket, sizeof socket);
    address->length = sizeof socket;
}

static void add_ipv6(struct address_list *list, const char *text, uint16_t port)
{
    struct sockaddr_in6 socket = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (list->count == RESOLVE_ADDRESSES_MAX || inet_pton(AF_INET6, text, &socket.sin6_addr) != 1)
        return;
    struct address *address = &list->items[list->count++];
    memcpy(&address->socket, &socket, sizeof socket);
    address->length = sizeof socket;
}

static void ask_resolver(const struct url *url, struct resolver_answer *answer)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char service[SERVICE_TEXT];
    snprintf(service, sizeof service, "%u", (unsigned)url->port);
    answer->code = getaddrinfo(url->host, service, &hints, &found);
    if (answer->code != 0)
        return;
    for (const struct addrinfo *entry = found; entry && answer->list.count < RESOLVE_ADDRESSES_MAX; entry = entry->ai_next) {
        if (entry->ai_addrlen > sizeof(struct sockaddr_storage))
            continue;
        struct address *address = &answer->list.items[answer->list.count++];
        memcpy(&address->socket, entry->ai_addr, entry->ai_addrlen);
        address->length = entry->ai_addrlen;
    }
    freeaddrinfo(found);
}

/* The child's whole life. It keeps no descriptor of its parent: the relay lock lives as long as the last copy of its descriptor. */
static _Noreturn void resolver_process(const struct url *url, int output)
{
    struct resolver_answer answer;
    memset(&answer, 0, sizeof answer);
    signal(SIGALRM, SIG_DFL);
    alarm(RESOLVER_LIFE_SECONDS);
    for (int descriptor = 0; descriptor < DESCRIPTORS_CLOSED; descriptor++)
        if (descriptor != output)
            close(descriptor);
    ask_resolver(url, &answer);
    const ssize_t written = write(output, &answer, sizeof answer);
    _exit(written == (ssize_t)sizeof answer ? 0 : 1);
}

static bool read_answer(int input, deadline until, struct resolver_answer *answer, struct error *error)
{
    const int ready = deadline_poll(input, POLLIN, until);
    if (ready == 0)
        return error_set(error, "the name was not resolved in time");
    ssize_t count;
    do
        count = read(input, answer, sizeof *answer);
    while (count < 0 && errno == EINTR);
    return count == (ssize_t)sizeof *answer ? true : error_set(error, "the resolver ended without an answer");
}

static bool resolve_name(const struct url *url, deadline until, struct address_list *list, struct error *error)
{
    struct resolver_answer answer = {0};
    int ends[2];
    if (pipe(ends) < 0)
        return error_set_errno(error, "cannot make a pipe");
    const pid_t child = fork();
    if (child == 0)
        resolver_process(url, ends[1]);
    close(ends[1]);
    bool resolved = false;
    if (child < 0) {
        error_set_errno(error, "cannot start a process");
    } else {
        resolved = read_answer(ends[0], until, &answer, error);
        kill(child, SIGKILL);
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    close(ends[0]);
    if (!resolved)
        return false;
    if (answer.code != 0)
        return error_set(error, "%s: %s", url->host, gai_strerror(answer.code));
    *list = answer.list;
    return list->count > 0 ? true : error_set(error, "%s has no address", url->host);
}

bool resolve_url(const struct url *url, deadline until, struct address_list *list, struct error *error)
{
    memset(list, 0, sizeof *list);
    switch (url->kind) {
    case URL_HOST_IPV4:
        add_ipv4(list, url->host, url->port);
        return true;
    case URL_HOST_IPV6:
        add_ipv6(list, url->host, url->port);
        return true;
    case URL_HOST_NAME:
        break;
    }
    if (strcmp(url->host, "localhost") != 0)
        return resolve_name(url, until, list, error);
    add_ipv4(list, "127.0.0.1", url->port);
    add_ipv6(list, "::1", url->port);
    return true;
}
