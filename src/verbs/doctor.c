#include "verbs/doctor.h"

#include "base/clock.h"
#include "base/version.h"
#include "verbs/verb.h"

#include <stdio.h>
#include <stdlib.h>

#define OUTPUT_MAX (1024 * 1024)

enum { OPTION_JSON };

static const struct verb_option options[] = {
    [OPTION_JSON] = {"--json", NULL, "print the findings as JSON", NULL},
    {NULL, NULL, NULL, NULL},
};

/* The first of the locale variables that is set decides, as setlocale would have it. */
static bool terminal_takes_utf8(void)
{
    static const char *const variables[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        const struct slice value = slice_of(getenv(variables[i]));
        if (value.length == 0)
            continue;
        for (size_t from = 0; from < value.length; from++) {
            if (slice_equal_ignoring_case(slice_part(value, from, 5), SLICE("UTF-8")) ||
                slice_equal_ignoring_case(slice_part(value, from, 4), SLICE("UTF8")))
                return true;
        }
        return false;
    }
    return false;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct verb_arguments arguments;
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
    doctor_check_hook(findings);
    doctor_check_state(findings);
    doctor_check_clock(findings, realtime, since_boot);
    doctor_check_endpoint(findings);

    buffer_init(&out, OUTPUT_MAX);
    if (arguments.options[OPTION_JSON])
        findings_write_json(findings, &out);
    else
        findings_write_text(findings, terminal_takes_utf8(), &out);
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
        "Looks at the installation in Kiro's user and project folders, runs the hook to see that it is silent, that it records and what it costs on this\n"
        "machine, and checks the state folder, the clock and the endpoint. Each finding is pass, warn, fail or info; where something can be\n"
        "mended, the command follows. Nothing is changed. Exit code 1 if anything fails.",
    .options = options,
    .run = run,
    .hidden = false,
};
