#include "base/version.h"
#include "verbs/verb.h"

#include <stdio.h>
#include <string.h>

const struct verb *const verb_table[] = {
    &verb_view,   &verb_sessions,  &verb_install, &verb_uninstall,  &verb_doctor, &verb_status,
    &verb_flush,  &verb_mcp,       &verb_hook,    &verb_relay,     &verb_completion, &verb_help, NULL,
};

static bool is_either(const char *argument, const char *name, const char *short_name)
{
    return strcmp(argument, name) == 0 || strcmp(argument, short_name) == 0;
}

/* For --version and --help, which stand alone. */
static int takes_no_more(char **argv)
{
    struct error shown;
    error_set(&shown, "%s takes no arguments: \"%.64s\"", argv[1], argv[2]);
    (void)fprintf(stderr, "spanhook: %s; see: spanhook help\n", shown.text);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return verb_print_overview(true);
    const bool version = is_either(argv[1], "--version", "-V");
    if (version || is_either(argv[1], "--help", "-h")) {
        int exit_code = EXIT_OK;
        if (argc > 2)
            return takes_no_more(argv);
        if (!version)
            return verb_print_overview(false);
        verb_write(NULL, SLICE("spanhook " SPANHOOK_VERSION "\n"), &exit_code);
        return exit_code;
    }
    const struct verb *verb = verb_find(argv[1]);
    return verb ? verb->run(verb, argc - 1, argv + 1) : verb_unknown(argv[1]);
}
