#include "verbs/verb.h"

#include "base/io.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char help_option[] = "--help";

/* ---- parsing ---------------------------------------------------------------------------------------------------------------- */

/* Index of the option that `argument` names up to an '='; -1 if there is none. *value: what follows the '=', or NULL. */
static int find_option(const struct verb *verb, const char *argument, const char **value)
{
    const char *equals = strchr(argument, '=');
    const size_t length = equals ? (size_t)(equals - argument) : strlen(argument);

    *value = equals ? equals + 1 : NULL;
    for (int i = 0; i < VERB_OPTIONS_MAX && verb->options && verb->options[i].name; i++)
        if (strlen(verb->options[i].name) == length && memcmp(verb->options[i].name, argument, length) == 0)
            return i;
    return -1;
}

static bool take_positional(const struct verb *verb, const char *argument, struct verb_arguments *arguments, struct error *error)
{
    const int maximum = verb->positional_max < VERB_POSITIONAL_MAX ? verb->positional_max : VERB_POSITIONAL_MAX;
    if (arguments->positional_count >= maximum)
        return error_set(error, maximum ? "too many arguments: \"%s\"" : "takes no arguments: \"%s\"", argument);
    arguments->positional[arguments->positional_count++] = argument;
    return true;
}

/* Takes the option at argv[*at] and, if it has one, its argument. */
static bool take_option(const struct verb *verb, int argc, char **argv, int *at, struct verb_arguments *arguments, struct error *error)
{
    const char *value;
    const int index = find_option(verb, argv[*at], &value);

    if (index < 0)
        return error_set(error, "no option \"%s\"", argv[*at]);
    const struct verb_option *option = &verb->options[index];
    if (!option->argument) {
        if (value)
            return error_set(error, "%s takes no argument", option->name);
        value = "";
    } else if (!value) {
        if (*at + 1 >= argc)
            return error_set(error, "%s needs an argument: %s", option->name, option->argument);
        value = argv[++*at];
    }
    arguments->options[index] = value;
    return true;
}

bool verb_parse(const struct verb *verb, int argc, char **argv, struct verb_arguments *arguments, struct error *error)
{
    struct error later = {""};
    bool understood = true, options_ended = false;

    memset(arguments, 0, sizeof *arguments);
    for (int at = 1; at < argc; at++) {
        struct error *reason = understood ? error : &later;
        if (!options_ended && strcmp(argv[at], "--") == 0)
            options_ended = true;
        else if (!options_ended && argv[at][0] == '-' && argv[at][1] != '\0')
            understood &= take_option(verb, argc, argv, &at, arguments, reason);
        else
            understood &= take_positional(verb, argv[at], arguments, reason);
    }
    return understood;
}

static bool asks_for_help(int argc, char **argv)
{
    for (int at = 1; at < argc && strcmp(argv[at], "--") != 0; at++)
        if (strcmp(argv[at], help_option) == 0 || strcmp(argv[at], "-h") == 0)
            return true;
    return false;
}

bool verb_begin(const struct verb *verb, int argc, char **argv, struct verb_arguments *arguments, int *exit_code)
{
    struct error error;
    if (asks_for_help(argc, argv)) {
        *exit_code = verb_print_help(verb);
        return false;
    }
    if (verb_parse(verb, argc, argv, arguments, &error))
        return true;
    *exit_code = verb_misused(verb, &error);
    return false;
}

bool verb_number(const char *text, long low, long high, long *number)
{
    const bool negative = text[0] == '-';
    uint64_t value;

    if (!slice_to_u64(slice_of(negative ? text + 1 : text), &value) || value > INT32_MAX)
        return false;
    const long found = negative ? -(long)value : (long)value;
    if (found < low || found > high)
        return false;
    *number = found;
    return true;
}

/* ---- answering -------------------------------------------------------------------------------------------------------------- */

int verb_failed(const struct verb *verb, const struct error *error)
{
    (void)fprintf(stderr, "spanhook%s%s: %s\n", verb ? " " : "", verb ? verb->name : "", error->text);
    return EXIT_FAILED;
}

int verb_misused(const struct verb *verb, const struct error *error)
{
    (void)fprintf(stderr, "spanhook %s: %s; see: spanhook help %s\n", verb->name, error->text, verb->name);
    return EXIT_USAGE;
}

void verb_tell_skipped(const struct verb *verb, const struct source_skipped *skipped)
{
    if (skipped->count == 1)
        (void)fprintf(stderr, "spanhook %s: one session is left out or cut short: %s\n", verb->name, skipped->first.text);
    else if (skipped->count > 1)
        (void)fprintf(stderr, "spanhook %s: %zu sessions are left out or cut short, of the first: %s\n", verb->name, skipped->count,
                      skipped->first.text);
}

bool verb_write(const struct verb *verb, struct slice text, int *exit_code)
{
    struct error error;
    signal(SIGPIPE, SIG_IGN);
    if (io_write_all(STDOUT_FILENO, text))
        return true;
    *exit_code = EXIT_OK;
    if (errno != EPIPE) {
        error_set_errno(&error, "cannot write");
        *exit_code = verb_failed(verb, &error);
    }
    return false;
}

const struct verb *verb_find(const char *name)
{
    for (size_t i = 0; verb_table[i]; i++)
        if (strcmp(verb_table[i]->name, name) == 0)
            return verb_table[i];
    return NULL;
}

/* Insertions, deletions, substitutions and swaps of neighbours that lead from one to the other (optimal string alignment). */
enum { WORD_MAX = 24 };
static unsigned distance(const char *from, const char *to)
{
    unsigned rows[WORD_MAX + 1][WORD_MAX + 1];
    const size_t from_length = strlen(from), to_length = strlen(to);

    if (from_length > WORD_MAX || to_length > WORD_MAX)
        return WORD_MAX;
    for (size_t i = 0; i <= from_length; i++) {
        for (size_t j = 0; j <= to_length; j++) {
            if (i == 0 || j == 0) {
                rows[i][j] = (unsigned)(i + j);
                continue;
            }
            unsigned best = rows[i - 1][j - 1] + (from[i - 1] != to[j - 1]);
            best = rows[i - 1][j] + 1 < best ? rows[i - 1][j] + 1 : best;
            best = rows[i][j - 1] + 1 < best ? rows[i][j - 1] + 1 : best;
            if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] && rows[i - 2][j - 2] + 1 < best)
                best = rows[i - 2][j - 2] + 1;
            rows[i][j] = best;
        }
    }
    return rows[from_length][to_length];
}

int verb_unknown(const char *name)
{
    struct error shown; /* an error's text has no control characters */
    const char *closest = NULL;
    unsigned least = 3;

    for (size_t i = 0; verb_table[i]; i++) {
        const unsigned steps = distance(name, verb_table[i]->name);
        if (!verb_table[i]->hidden && steps < least && steps < strlen(verb_table[i]->name)) {
            least = steps;
            closest = verb_table[i]->name;
        }
    }
    error_set(&shown, "%.64s", name);
    if (closest)
        (void)fprintf(stderr, "spanhook: no verb \"%s\"; did you mean \"%s\"?\n", shown.text, closest);
    else
        (void)fprintf(stderr, "spanhook: no verb \"%s\"; see: spanhook help\n", shown.text);
    return EXIT_USAGE;
}
