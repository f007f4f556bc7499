#include "trace/redact.h"

#include "base/utf8.h"
#include "trace/redact_match.h"

static const struct slice mark = {"[redacted]", 10};

/* Keeps name_start and name_end around the place of the scan. */
static void enter_identifier(struct redact_scan *scan, size_t at)
{
    if (at < scan->name_end || !redact_is_identifier(scan->text.data[at]))
        return;
    scan->name_start = at;
    while (redact_is_identifier(redact_byte(scan->text, at)))
        at++;
    scan->name_end = at;
}

/* The first secret that is known of at `at`, which may be the end of the text. */
static bool match(struct redact_scan *scan, size_t at, struct redact_span *span)
{
    const char c = redact_byte(scan->text, at);
    if (c == ':' && redact_match_url(scan, at, span))
        return true;
    /* The name's own characters have been looked at by then: they may be a secret as well. */
    if (at == scan->name_end && at > scan->name_start && redact_match_named(scan, span))
        return true;
    if (at == scan->text.length)
        return false;
    /* A command goes on behind a backslash at the end of the line. */
    if (c == '\n' && (at == 0 || scan->text.data[at - 1] != '\\'))
        scan->curl = scan->sshpass = false;
    enter_identifier(scan, at);
    return redact_match_shape(scan, at, span);
}

unsigned redact_append(struct buffer *out, struct slice text)
{
    struct redact_scan scan = {.text = text};
    unsigned count = 0;
    size_t copied = 0;

    for (size_t at = 0; at <= text.length;) {
        struct redact_span span;
        /* A value may begin inside its option, as in -ppassword, and be redacted already by its shape, at least in part. */
        if (!match(&scan, at, &span) || span.end <= copied) {
            at++;
            continue;
        }
        if (span.start < copied)
            span.start = copied;
        buffer_append(out, text.data + copied, span.start - copied);
        buffer_append_slice(out, mark);
        at = copied = span.end;
        count++;
    }
    buffer_append(out, text.data ? text.data + copied : "", text.length - copied);
    return count;
}

void redact_preview(struct buffer *out, struct slice text, size_t characters)
{
    const size_t start = out->length;

    if (characters == 0)
        return;
    redact_append(out, text);
    if (out->failed)
        return;
    const struct slice whole = {out->data + start, out->length - start};
    for (size_t i = start; i < out->length; i++)
        if ((unsigned char)out->data[i] < 0x20 || out->data[i] == 0x7f)
            out->data[i] = ' ';
    out->length = start + utf8_prefix(whole, characters).length;
}
