#include "verbs/verb.h"

#include "base/slice.h"

#include <stdio.h>
#include <string.h>

static int find_option(const struct verb *verb, struct slice name)
{
    for (int i = 0; i < VERB_OPTIONS_MAX && verb->options[i].name; i++)
        if (slice_equal(name, slice_of(verb->options[i].name)))
            return i;
    return -1;
}

bool verb_parse(const struct verb *verb, int argc, char **argv, struct verb_arguments *arguments, struct error *error)
{
    bool only_positional = false;

    memset(arguments, 0, sizeof *arguments);
    for (int i = 1; i < argc; i++) {
        const struct slice text = slice_of(argv[i]);
        size_t equals;

        if (!only_positional && slice_equal(text, SLICE("--"))) {
            only_positional = true;
        } else if (!only_positional && text.length > 1 && text.data[0] == '-') {
            const bool joined = slice_find(text, SLICE("="), 0, &equals);
            const struct slice name = joined ? slice_part(text, 0, equals) : text;
            const int option = find_option(verb, name);
            if (option < 0)
                return error_set(error, "unknown option %s (see spanhook help %s)", argv[i], verb->name);
            if (!verb->options[option].argument) {
                if (joined)
                    return error_set(error, "%s takes no value", verb->options[option].name);
                arguments->options[option] = "";
            } else if (joined) {
                arguments->options[option] = argv[i] + equals + 1;
            } else if (i + 1 < argc) {
                arguments->options[option] = argv[++i];
            } else {
                return error_set(error, "%s needs a value: %s %s", argv[i], argv[i], verb->options[option].argument);
            }
        } else if (arguments->positional_count >= verb->positional_max || arguments->positional_count >= VERB_POSITIONAL_MAX) {
            return error_set(error, "unexpected argument %s (see spanhook help %s)", argv[i], verb->name);
        } else {
            arguments->positional[arguments->positional_count++] = argv[i];
        }
    }
    return true;
}

static bool wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

bool verb_begin(const struct verb *verb, int argc, char **argv, struct verb_arguments *arguments, int *exit_code)
{
    struct error error = {""};
    if (wants_help(argc, argv)) {
        verb_print_help(verb);
        *exit_code = EXIT_OK;
        return false;
    }
    if (verb_parse(verb, argc, argv, arguments, &error))
        return true;
    fprintf(stderr, "spanhook %s: %s\n", verb->name, error.text);
    *exit_code = EXIT_USAGE;
    return false;
}

int verb_failed(const struct verb *verb, const struct error *error)
{
    fprintf(stderr, "spanhook %s: %s\n", verb->name, error->text);
    return EXIT_FAILED;
}

void verb_print_help(const struct verb *verb)
{
    const bool any = verb->options[0].name != NULL;
    printf("usage: spanhook %s%s%s%s\n\n%s\n", verb->name, any ? " [OPTIONS]" : "", verb->positional[0] ? " " : "", verb->positional,
           verb->summary);
    if (verb->description[0])
        printf("\n%s\n", verb->description);
    if (any)
        printf("\noptions:\n");
    for (int i = 0; i < VERB_OPTIONS_MAX && verb->options[i].name; i++) {
        char left[48];
        snprintf(left, sizeof left, "%s%s%s", verb->options[i].name, verb->options[i].argument ? " " : "",
                 verb->options[i].argument ? verb->options[i].argument : "");
        printf("  %-22s %s\n", left, verb->options[i].help);
    }
}

bool verb_number(const char *text, long low, long high, long *number)
{
    uint64_t value;
    if (!slice_to_u64(slice_of(text), &value) || value > INT32_MAX || (long)value < low || (long)value > high)
        return false;
    *number = (long)value;
    return true;
}
