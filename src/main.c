#include "base/version.h"
#include "verbs/verb.h"

#include <stdio.h>
#include <string.h>

const struct verb *const verb_table[] = {
    &verb_view,   &verb_sessions,  &verb_install, &verb_uninstall,  &verb_doctor, &verb_status,
    &verb_flush,  &verb_hook,      &verb_relay,   &verb_completion, &verb_help,   NULL,
};

int main(int argc, char **argv)
{
    if (argc < 2) {
        verb_print_overview(true);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        return puts("spanhook " SPANHOOK_VERSION) < 0 || fflush(stdout) != 0 ? EXIT_FAILED : EXIT_OK;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        verb_print_overview(false);
        return EXIT_OK;
    }
    const struct verb *verb = verb_find(argv[1]);
    return verb ? verb->run(verb, argc - 1, argv + 1) : verb_unknown(argv[1]);
}
