#include "net/url.h"

#include <arpa/inet.h>
#include <string.h>

enum { PORT_HTTP = 80, PORT_HTTPS = 443, PORT_DIGITS_MAX = 5 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char lower(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c - 'A' + 'a');
    return c;
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* Position of the first byte at or after `from` that stands in `set`, or the end. */
static size_t find_any(struct slice text, size_t from, const char *set)
{
    while (from < text.length && !is_one_of(text.data[from], set))
        from++;
    return from;
}

static bool copy(char *to, size_t size, struct slice from)
{
    if (from.length >= size)
        return false;
    if (from.length > 0)
        memcpy(to, from.data, from.length);
    to[from.length] = '\0';
    return true;
}

static bool parse_scheme(struct slice text, struct url *url, size_t *position, struct error *error)
{
    static const struct slice http = {"http://", 7}, https = {"https://", 8};
    url->tls = slice_equal_ignoring_case(slice_part(text, 0, https.length), https);
    if (!url->tls && !slice_equal_ignoring_case(slice_part(text, 0, http.length), http))
        return error_set(error, "it does not begin with http:// or https://");
    *position = url->tls ? https.length : http.length;
    return true;
}

/* A host whose last label begins with a digit and is a number in C's sense would be taken for an address by the resolver, in forms
 * nobody expects (octal, hex, fewer parts). Only the plain form is an address here. */
static bool looks_numeric(struct slice host)
{
    size_t start = host.length;
    while (start > 0 && host.data[start - 1] != '.')
        start--;
    if (start == host.length || !is_digit(host.data[start]))
        return false;
    const bool hex = start + 1 < host.length && host.data[start] == '0' && lower(host.data[start + 1]) == 'x';
    for (size_t i = hex ? start + 2 : start; i < host.length; i++)
        if (hex ? !is_hex(host.data[i]) : !is_digit(host.data[i]))
            return false;
    return true;
}

static bool parse_host_name(struct slice host, struct url *url, struct error *error)
{
    if (host.length == 0)
        return error_set(error, "it has no host");
    size_t label = 0;
    for (size_t i = 0; i < host.length; i++) {
        const char c = host.data[i];
        const bool dot = c == '.';
        if (!dot && !is_letter(c) && !is_digit(c) && c != '-' && c != '_')
            return error_set(error, "its host holds a character that no host name has");
        if (dot && label == 0)
            return error_set(error, "its host has an empty part");
        label = dot ? 0 : label + 1;
        if (label > 63)
            return error_set(error, "a part of its host is longer than 63 characters");
    }
    if (!copy(url->host, sizeof url->host, host))
        return error_set(error, "its host is longer than %d characters", URL_HOST_MAX);
    for (char *c = url->host; *c; c++)
        *c = lower(*c);
    url->kind = URL_HOST_NAME;
    if (looks_numeric(host)) {
        struct in_addr address;
        if (inet_pton(AF_INET, url->host, &address) != 1)
            return error_set(error, "its host looks like an IPv4 address but is none");
        url->kind = URL_HOST_IPV4;
    }
    return true;
}

static bool parse_host_ipv6(struct slice host, struct url *url, struct error *error)
{
    struct in6_addr address;
    char text[INET6_ADDRSTRLEN];
    if (!copy(text, sizeof text, host) || strlen(text) != host.length || inet_pton(AF_INET6, text, &address) != 1 ||
        inet_ntop(AF_INET6, &address, url->host, sizeof url->host) == NULL)
        return error_set(error, "what stands in brackets is no IPv6 address");
    url->kind = URL_HOST_IPV6;
    return true;
}

static bool parse_port(struct slice digits, struct url *url, struct error *error)
{
    uint64_t port = 0;
    if (digits.length == 0 || digits.length > PORT_DIGITS_MAX || digits.data[0] == '0' || !slice_to_u64(digits, &port) || port > UINT16_MAX)
        return error_set(error, "its port is no number from 1 to 65535");
    url->port = (uint16_t)port;
    return true;
}

static bool parse_authority(struct slice authority, struct url *url, struct error *error)
{
    if (find_any(authority, 0, "@") < authority.length)
        return error_set(error, "user and password in it are not supported; use a header");
    size_t end;
    if (authority.length > 0 && authority.data[0] == '[') {
        end = find_any(authority, 0, "]");
        if (end == authority.length)
            return error_set(error, "a closing bracket is missing");
        if (!parse_host_ipv6(slice_part(authority, 1, end - 1), url, error))
            return false;
        end++;
    } else {
        end = find_any(authority, 0, ":");
        if (!parse_host_name(slice_part(authority, 0, end), url, error))
            return false;
    }
    url->port = url->tls ? PORT_HTTPS : PORT_HTTP;
    if (end == authority.length)
        return true;
    if (authority.data[end] != ':')
        return error_set(error, "something stands between its host and its port");
    return parse_port(slice_part(authority, end + 1, authority.length), url, error);
}

/* pchar, "/" and "?" of RFC 3986: what may stand in a request line without being encoded. */
static bool check_target(struct slice target, struct error *error)
{
    for (size_t i = 0; i < target.length; i++) {
        const char c = target.data[i];
        if (c == '#')
            return error_set(error, "a fragment (#) has no meaning here");
        if (c == '%') {
            if (target.length - i < 3 || !is_hex(target.data[i + 1]) || !is_hex(target.data[i + 2]))
                return error_set(error, "a percent sign is not followed by two hex digits");
            continue;
        }
        if (!is_letter(c) && !is_digit(c) && !is_one_of(c, "-._~!$&'()*+,;=:@/?"))
            return error_set(error, "its path holds a character that must be percent-encoded");
    }
    return true;
}

bool url_parse(struct slice text, struct url *url, struct error *error)
{
    *url = (struct url){.port = PORT_HTTP};
    if (text.length > URL_TEXT_MAX)
        return error_set(error, "it is longer than %d bytes", URL_TEXT_MAX);
    size_t start = 0;
    if (!parse_scheme(text, url, &start, error))
        return false;
    const size_t path = find_any(text, start, "/?#");
    if (!parse_authority(slice_part(text, start, path - start), url, error))
        return false;
    const struct slice target = slice_part(text, path, text.length);
    if (!check_target(target, error))
        return false;
    const size_t query = find_any(target, 0, "?");
    if (!copy(url->path, sizeof url->path, query > 0 ? slice_part(target, 0, query) : SLICE("/")) ||
        !copy(url->query, sizeof url->query, slice_part(target, query, target.length)))
        return error_set(error, "it is too long");
    return true;
}

void url_append_authority(struct buffer *out, const struct url *url)
{
    if (url->kind == URL_HOST_IPV6)
        buffer_append_byte(out, '[');
    buffer_append_text(out, url->host);
    if (url->kind == URL_HOST_IPV6)
        buffer_append_byte(out, ']');
    if (url->port != (url->tls ? PORT_HTTPS : PORT_HTTP)) {
        buffer_append_byte(out, ':');
        buffer_append_u64(out, url->port);
    }
}

void url_append(struct buffer *out, const struct url *url)
{
    buffer_append_text(out, url->tls ? "https://" : "http://");
    url_append_authority(out, url);
    buffer_append_text(out, url->path);
    buffer_append_text(out, url->query);
}
