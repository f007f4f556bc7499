#include "verbs/findings.h"

#include "base/json_write.h"
#include "report/screen_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_COLUMNS 2000 /* nothing is cut */

static const char *const names[FINDING_STATUSES] = {"pass", "warn", "fail", "info"};
static const char *const signs[2][FINDING_STATUSES] = {{"ok  ", "warn", "FAIL", "info"},
                                                       {"\xe2\x9c\x93 ok  ", "! warn", "\xe2\x9c\x97 fail", "\xc2\xb7 info"}};

void findings_add(struct findings *findings, const char *id, enum finding_status status, const char *fix, const char *format, ...)
{
    va_list arguments;
    findings->summary[status]++;
    if (findings->count == FINDINGS_MAX)
        return;
    struct finding *finding = &findings->items[findings->count++];
    finding->id = id;
    finding->status = status;
    (void)snprintf(finding->fix, sizeof(finding->fix), "%s", fix ? fix : "");
    va_start(arguments, format);
    (void)vsnprintf(finding->text, sizeof(finding->text), format, arguments);
    va_end(arguments);
}

void findings_write_json(const struct findings *findings, struct buffer *out)
{
    buffer_append_text(out, "{\"schema_version\":1,\"findings\":[");
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        buffer_append_format(out, "%s{\"id\":\"%s\",\"status\":\"%s\",\"text\":", i ? ",\n" : "\n", finding->id, names[finding->status]);
        json_write_string(out, slice_of(finding->text));
        buffer_append_text(out, ",\"fix\":");
        json_write_string(out, slice_of(finding->fix));
        buffer_append_byte(out, '}');
    }
    buffer_append_text(out, "],\n\"summary\":{");
    for (unsigned i = 0; i < FINDING_STATUSES; i++)
        buffer_append_format(out, "%s\"%s\":%u", i ? "," : "", names[i], findings->summary[i]);
    buffer_append_text(out, "}}\n");
}

void findings_write_text(const struct findings *findings, bool unicode, struct buffer *out)
{
    size_t width = 0;
    for (size_t i = 0; i < findings->count; i++) {
        const size_t length = strlen(findings->items[i].id);
        width = length > width ? length : width;
    }
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        buffer_append_format(out, "%s  %-*s  ", signs[unicode][finding->status], (int)width, finding->id);
        (void)screen_text_append(out, slice_of(finding->text), TEXT_COLUMNS, unicode);
        buffer_append_byte(out, '\n');
        if (finding->fix[0]) {
            buffer_append_format(out, "%*s  %*s  fix: ", unicode ? 6 : 4, "", (int)width, "");
            (void)screen_text_append(out, slice_of(finding->fix), TEXT_COLUMNS, unicode);
            buffer_append_byte(out, '\n');
        }
    }
    buffer_append_format(out, "\n%u ok, %u warnings, %u failures, %u notes\n", findings->summary[FINDING_PASS],
                         findings->summary[FINDING_WARN], findings->summary[FINDING_FAIL], findings->summary[FINDING_INFO]);
}
