#include "base/buffer.h"
#include "base/io.h"
#include "base/version.h"
#include "report/terminal.h"
#include "verbs/verb.h"

#include <string.h>
#include <unistd.h>

#define HELP_BYTES_MAX (64UL * 1024)
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

/* What was put together goes out at once, so that a failure is seen. */
static int finish(const struct verb *verb, struct buffer *out)
{
    struct error error;
    int exit_code = EXIT_OK;
    if (out->failed) {
        error_set(&error, "no memory to show it");
        exit_code = verb_failed(verb, &error);
    } else {
        verb_write(verb, buffer_slice(out), &exit_code);
    }
    buffer_free(out);
    return exit_code;
}

int verb_print_overview(bool to_stderr)
{
    struct buffer out;
    int width = 0;

    buffer_init(&out, HELP_BYTES_MAX);
    for (size_t i = 0; verb_table[i]; i++)
        if (!verb_table[i]->hidden)
            width = widest(strlen(verb_table[i]->name), width);
    buffer_append_text(&out, overview_head);
    for (size_t i = 0; verb_table[i]; i++)
        if (!verb_table[i]->hidden)
            buffer_append_format(&out, "  %-*s  %s\n", width, verb_table[i]->name, verb_table[i]->summary);
    buffer_append_text(&out, overview_tail);
    if (!to_stderr)
        return finish(NULL, &out);
    io_write_all(STDERR_FILENO, buffer_slice(&out));
    buffer_free(&out);
    return EXIT_USAGE;
}

static const struct verb_option help_option = {"--help", NULL, "this text", NULL};

static int option_width(const struct verb_option *option)
{
    return (int)(strlen(option->name) + (option->argument ? 1 + strlen(option->argument) : 0));
}

static void append_option(struct buffer *out, const struct verb_option *option, int width)
{
    buffer_append_format(out, "  %s%s%s%*s  %s\n", option->name, option->argument ? " " : "", option->argument ? option->argument : "",
                         width - option_width(option), "", option->help);
}

/* Words up to the next white space. */
static size_t word_length(const char *text)
{
    return strcspn(text, " \n");
}

/* Paragraphs are filled to the width; a line that begins with a blank stands as it is. */
static void append_description(struct buffer *out, const char *text, size_t width)
{
    size_t column = 0;
    while (*text) {
        if (column == 0 && (*text == ' ' || *text == '\n')) {
            const size_t length = strcspn(text, "\n");
            buffer_append_format(out, "%.*s\n", (int)length, text);
            text += length + (text[length] == '\n');
            continue;
        }
        const size_t length = word_length(text);
        if (column && column + 1 + length > width) {
            buffer_append_byte(out, '\n');
            column = 0;
        }
        buffer_append_format(out, "%s%.*s", column ? " " : "", (int)length, text);
        column += length + (column ? 1 : 0);
        text += length;
        const bool line_ends = *text == '\n';
        text += *text != '\0';
        if (*text == '\0' || (line_ends && (*text == '\n' || *text == ' '))) {
            buffer_append_byte(out, '\n');
            column = 0;
        }
    }
}

int verb_print_help(const struct verb *verb)
{
    struct terminal terminal;
    struct buffer out;
    int width = option_width(&help_option);

    buffer_init(&out, HELP_BYTES_MAX);
    /* Behind "--" nothing is an option. */
    const bool options_first = slice_starts_with(slice_of(verb->positional), SLICE("--"));
    const char *options = verb->options && verb->options[0].name ? " [OPTIONS]" : "";
    buffer_append_format(&out, "spanhook %s: %s\n\nusage: spanhook %s%s%s%s%s\n\n", verb->name, verb->summary, verb->name,
                         options_first ? options : "", verb->positional[0] ? " " : "", verb->positional, options_first ? "" : options);
    for (int i = 0; verb->options && verb->options[i].name; i++)
        width = widest((size_t)option_width(&verb->options[i]), width);
    for (int i = 0; verb->options && verb->options[i].name; i++)
        append_option(&out, &verb->options[i], width);
    append_option(&out, &help_option, width);
    if (verb->description) {
        terminal_detect(&terminal, STDOUT_FILENO, 0, TERMINAL_COLOUR_NEVER);
        buffer_append_byte(&out, '\n');
        append_description(&out, verb->description, terminal.width < HELP_WIDTH_MAX ? terminal.width : HELP_WIDTH_MAX);
    }
    return finish(verb, &out);
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct verb_arguments arguments;
    int exit_code;

    if (!verb_begin(verb, argc, argv, &arguments, &exit_code))
        return exit_code;
    if (arguments.positional_count == 0)
        return verb_print_overview(false);
    const struct verb *wanted = verb_find(arguments.positional[0]);
    if (!wanted)
        return verb_unknown(arguments.positional[0]);
    return verb_print_help(wanted);
}

const struct verb verb_help = {
    .name = "help",
    .positional = "[VERB]",
    .positional_max = 1,
    .summary = "what there is, or what one verb does",
    .run = run,
};
