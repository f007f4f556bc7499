#include "base/version.h"
#include "verbs/verb.h"

#include <stdio.h>
#include <string.h>

const struct verb *const verb_table[] = {
    &verb_install, &verb_uninstall, &verb_view,  &verb_sessions,   &verb_status, &verb_flush,
    &verb_doctor,  &verb_hook,      &verb_relay, &verb_completion, &verb_help,   NULL,
};

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: spanhook VERB [OPTIONS]; spanhook help lists the verbs\n");
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        printf("spanhook " SPANHOOK_VERSION "\n");
        return EXIT_OK;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return verb_help.run(&verb_help, 1, argv + 1);
    for (const struct verb *const *verb = verb_table; *verb; verb++)
        if (strcmp(argv[1], (*verb)->name) == 0)
            return (*verb)->run(*verb, argc - 1, argv + 1);
    fprintf(stderr, "spanhook: there is no verb %s; spanhook help lists them\n", argv[1]);
    return EXIT_USAGE;
}
