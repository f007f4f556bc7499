#include "export/destination_headers.h"

#include "export/destination.h"

#include <string.h>

enum { NAME_SHOWN_MAX = 64 };

struct member {
    struct slice name, value; /* the value still percent-encoded */
};

/* Who sets these decides where a message ends, who it is for and how it is read. */
static const char *const own_names[] = {
    "host",    "connection", "content-length", "content-type", "content-encoding", "transfer-encoding", "te",
    "trailer", "upgrade",    "expect",         "keep-alive",   "proxy-connection", "accept-encoding",   "user-agent",
};

static bool is_own_name(struct slice name)
{
    for (size_t i = 0; i < sizeof own_names / sizeof own_names[0]; i++)
        if (slice_equal_ignoring_case(name, slice_of(own_names[i])))
            return true;
    return false;
}

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

static bool split_member(struct slice text, unsigned number, struct member *member, struct error *error)
{
    size_t equals;
    if (!slice_find(text, SLICE("="), 0, &equals))
        return error_set(error, "member %u has no '='", number);
    member->name = slice_trim(slice_part(text, 0, equals));
    member->value = slice_trim(slice_part(text, equals + 1, text.length));
    return is_token(member->name) ? true : error_set(error, "the name of member %u is no header name", number);
}

static bool split_members(struct slice text, struct member members[static DESTINATION_HEADERS_MAX], size_t *count, struct error *error)
{
    unsigned number = 0;
    *count = 0;
    for (size_t start = 0, end; start < text.length; start = end + 1) {
        if (!slice_find(text, SLICE(","), start, &end))
            end = text.length;
        const struct slice part = slice_trim(slice_part(text, start, end - start));
        number++;
        if (part.length == 0)
            continue;
        if (*count == DESTINATION_HEADERS_MAX)
            return error_set(error, "there are more than %d headers", DESTINATION_HEADERS_MAX);
        if (!split_member(part, number, &members[*count], error))
            return false;
        (*count)++;
    }
    return true;
}

static bool is_repeated_later(const struct member *members, size_t count, size_t index)
{
    for (size_t i = index + 1; i < count; i++)
        if (slice_equal_ignoring_case(members[i].name, members[index].name))
            return true;
    return false;
}

/* A control character here would let a value end its line and add others. */
static bool append_decoded(struct buffer *lines, struct member member, struct error *error)
{
    const int shown = (int)(member.name.length < NAME_SHOWN_MAX ? member.name.length : NAME_SHOWN_MAX);
    for (size_t i = 0; i < member.value.length; i++) {
        uint64_t byte = (unsigned char)member.value.data[i];
        if (byte == '%') {
            if (member.value.length - i < 3 || !slice_hex_to_u64(slice_part(member.value, i + 1, 2), &byte))
                return error_set(error, "the value of %.*s has a percent sign without two hex digits", shown, member.name.data);
            i += 2;
        }
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            return error_set(error, "the value of %.*s holds a control character", shown, member.name.data);
        buffer_append_byte(lines, (char)(unsigned char)byte);
    }
    return true;
}

bool destination_headers_parse(struct slice text, struct buffer *lines, struct buffer *ignored, struct error *error)
{
    struct member members[DESTINATION_HEADERS_MAX] = {0};
    size_t count;
    if (!split_members(text, members, &count, error))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (is_repeated_later(members, count, i))
            continue;
        if (is_own_name(members[i].name)) {
            buffer_append_text(ignored, ignored->length > 0 ? ", " : "");
            buffer_append_slice(ignored, members[i].name);
            continue;
        }
        buffer_append_slice(lines, members[i].name);
        buffer_append_text(lines, ": ");
        if (!append_decoded(lines, members[i], error))
            return false;
        buffer_append_text(lines, "\r\n");
    }
    return lines->failed ? error_set(error, "the headers are too long together") : true;
}
