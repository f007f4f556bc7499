#include "verbs/doctor.h"

#include "base/clock.h"
#include "base/version.h"
#include "report/terminal.h"
#include "verbs/verb.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define OUTPUT_MAX ((size_t)1024 * 1024)

enum { OPTION_JSON };

static const struct verb_option options[] = {
    [OPTION_JSON] = {"--json", NULL, "print the findings as JSON", NULL},
    {NULL, NULL, NULL, NULL},
};

static int run(const struct verb *verb, int argc, char **argv)
{
    struct verb_arguments arguments;
    struct terminal terminal;
    struct buffer out;
    int code;

    if (!verb_begin(verb, argc, argv, &arguments, &code))
        return code;
    struct findings *findings = calloc(1, sizeof(*findings));
    if (!findings) {
        const struct error error = {"no memory"};
        return verb_failed(verb, &error);
    }
    const uint64_t realtime = clock_realtime(), since_boot = clock_since_boot();
    findings_add(findings, "version", FINDING_INFO, NULL, "spanhook " SPANHOOK_VERSION);
    doctor_check_kiro(findings);
    doctor_check_mcp(findings);
    doctor_check_hook(findings);
    doctor_check_state(findings);
    doctor_check_clock(findings, realtime, since_boot);
    doctor_check_endpoint(findings);

    terminal_detect(&terminal, STDOUT_FILENO, 0, TERMINAL_COLOUR_NEVER);
    buffer_init(&out, OUTPUT_MAX);
    if (arguments.options[OPTION_JSON])
        findings_write_json(findings, &out);
    else
        findings_write_text(findings, terminal.unicode, &out);
    if (out.length)
        (void)fwrite(out.data, 1, out.length, stdout);
    code = fflush(stdout) == 0 && !out.failed && findings->summary[FINDING_FAIL] == 0 ? EXIT_OK : EXIT_FAILED;
    buffer_free(&out);
    free(findings);
    return code;
}

const struct verb verb_doctor = {
    .name = "doctor",
    .positional = "",
    .positional_max = 0,
    .choices = NULL,
    .summary = "check the installation and this machine",
    .description =
        "Looks at the installation in Kiro's user folder, at the MCP servers there, and at\n"
        "the working folder's .kiro, runs the hook to see that it is silent, that it\n"
        "records and what it costs on this machine, and checks the state folder, the\n"
        "clock and the endpoint. Each finding is pass, warn, fail or info; where something\n"
        "can be mended, the command follows. Nothing is changed. Exit code 1 if anything\n"
        "fails.",
    .options = options,
    .run = run,
    .hidden = false,
};
