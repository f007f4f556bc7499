#include "base/slice.h"
#include "base/version.h"
#include "verbs/verb.h"

#include <stdio.h>
#include <string.h>

static const char overview_head[] = "spanhook " SPANHOOK_VERSION ": what your coding agent did, as a trace\n"
                                    "\n"
                                    "usage: spanhook VERB [ARGUMENTS]\n"
                                    "\n";
static const char overview_tail[] = "\n"
                                    "spanhook help VERB says more of a verb; spanhook --version prints the version.\n";

/* Width of the first column. */
static int widest(size_t a, int b)
{
    return a > (size_t)b ? (int)a : b;
}

void verb_print_overview(bool to_stderr)
{
    FILE *out = to_stderr ? stderr : stdout;
    int width = 0;

    for (size_t i = 0; verb_table[i]; i++)
        if (!verb_table[i]->hidden)
            width = widest(strlen(verb_table[i]->name), width);
    (void)fputs(overview_head, out);
    for (size_t i = 0; verb_table[i]; i++)
        if (!verb_table[i]->hidden)
            (void)fprintf(out, "  %-*s  %s\n", width, verb_table[i]->name, verb_table[i]->summary);
    (void)fputs(overview_tail, out);
    (void)fflush(out);
}

static const struct verb_option help_option = {"--help", NULL, "this text", NULL};

static int option_width(const struct verb_option *option)
{
    return (int)(strlen(option->name) + (option->argument ? 1 + strlen(option->argument) : 0));
}

static void print_option(const struct verb_option *option, int width)
{
    printf("  %s%s%s%*s  %s\n", option->name, option->argument ? " " : "", option->argument ? option->argument : "",
           width - option_width(option), "", option->help);
}

void verb_print_help(const struct verb *verb)
{
    int width = option_width(&help_option);

    printf("spanhook %s: %s\n\nusage: spanhook %s%s%s", verb->name, verb->summary, verb->name, verb->positional[0] ? " " : "",
           verb->positional);
    printf(verb->options && verb->options[0].name ? " [OPTIONS]\n\n" : "\n\n");
    for (int i = 0; verb->options && verb->options[i].name; i++) {
        width = widest((size_t)option_width(&verb->options[i]), width);
    }
    for (int i = 0; verb->options && verb->options[i].name; i++)
        print_option(&verb->options[i], width);
    print_option(&help_option, width);
    if (verb->description)
        printf("\n%s\n", verb->description);
    (void)fflush(stdout);
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct verb_arguments arguments;
    int exit_code;

    if (!verb_begin(verb, argc, argv, &arguments, &exit_code))
        return exit_code;
    if (arguments.positional_count == 0) {
        verb_print_overview(false);
        return EXIT_OK;
    }
    const struct verb *wanted = verb_find(arguments.positional[0]);
    if (!wanted)
        return verb_unknown(arguments.positional[0]);
    verb_print_help(wanted);
    return EXIT_OK;
}

const struct verb verb_help = {
    .name = "help",
    .positional = "[VERB]",
    .positional_max = 1,
    .summary = "what there is, or what one verb does",
    .run = run,
};
