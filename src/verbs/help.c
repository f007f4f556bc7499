#include "verbs/verb.h"

#include <stdio.h>
#include <string.h>

static const struct verb_option options[] = {{NULL, NULL, NULL, NULL}};

static const struct verb *find(const char *name)
{
    for (const struct verb *const *verb = verb_table; *verb; verb++)
        if (strcmp((*verb)->name, name) == 0)
            return *verb;
    return NULL;
}

static void print_list(void)
{
    printf("spanhook: traces of what a coding agent does\n\nusage: spanhook VERB [OPTIONS]\n\n");
    for (const struct verb *const *verb = verb_table; *verb; verb++)
        if (!(*verb)->hidden)
            printf("  %-11s %s\n", (*verb)->name, (*verb)->summary);
    printf("\nspanhook help VERB tells more; spanhook --version tells the version.\n");
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct verb_arguments arguments;
    struct error error;
    int exit_code;

    if (!verb_begin(verb, argc, argv, &arguments, &exit_code))
        return exit_code;
    if (arguments.positional_count == 0) {
        print_list();
        return EXIT_OK;
    }
    const struct verb *asked = find(arguments.positional[0]);
    if (!asked) {
        error_set(&error, "there is no verb %s", arguments.positional[0]);
        verb_failed(verb, &error);
        return EXIT_USAGE;
    }
    verb_print_help(asked);
    return EXIT_OK;
}

const struct verb verb_help = {
    .name = "help",
    .positional = "[VERB]",
    .positional_max = 1,
    .summary = "this list, or what one verb does",
    .description = "",
    .options = options,
    .run = run,
};
