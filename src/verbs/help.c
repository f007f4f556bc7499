#include "base/version.h"
#include "report/terminal.h"
#include "verbs/verb.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HELP_WIDTH_MAX 100 /* longer lines are hard to read */

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

/* Words up to the next white space. */
static size_t word_length(const char *text)
{
    return strcspn(text, " \n");
}

/* Paragraphs are filled to the width; a line that begins with a blank stands as it is. */
static void print_description(const char *text, size_t width)
{
    size_t column = 0;
    while (*text) {
        if (column == 0 && (*text == ' ' || *text == '\n')) {
            const size_t length = strcspn(text, "\n");
            printf("%.*s\n", (int)length, text);
            text += length + (text[length] == '\n');
            continue;
        }
        const size_t length = word_length(text);
        if (column && column + 1 + length > width) {
            putchar('\n');
            column = 0;
        }
        printf("%s%.*s", column ? " " : "", (int)length, text);
        column += length + (column ? 1 : 0);
        text += length;
        const bool line_ends = *text == '\n';
        text += *text != '\0';
        if (*text == '\0' || (line_ends && (*text == '\n' || *text == ' '))) {
            putchar('\n');
            column = 0;
        }
    }
}

void verb_print_help(const struct verb *verb)
{
    struct terminal terminal;
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
    if (verb->description) {
        terminal_detect(&terminal, STDOUT_FILENO, 0, TERMINAL_COLOUR_NEVER);
        putchar('\n');
        print_description(verb->description, terminal.width < HELP_WIDTH_MAX ? terminal.width : HELP_WIDTH_MAX);
    }
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
