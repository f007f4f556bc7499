/* The verbs: one file each; main.c holds the table of them. Help, completions and option parsing all read the same tables. */
#ifndef SPANHOOK_VERBS_VERB_H
#define SPANHOOK_VERBS_VERB_H

#include "base/error.h"
#include "base/slice.h"
#include "report/source.h"

#define VERB_OPTIONS_MAX 12
#define VERB_POSITIONAL_MAX 4

/* Exit codes of every verb but `hook`, which always exits 0. */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct verb_option {
    const char *name;     /* "--json"; NULL ends the list */
    const char *argument; /* "N" for "--width N"; NULL: a flag */
    const char *help;     /* one line */
    const char *choices;  /* blank-separated words for completion, or NULL */
};

struct verb {
    const char *name;
    const char *positional;  /* usage of the positional arguments: "[SESSION]", "" for none */
    int positional_max;
    const char *choices;     /* blank-separated words for completion of the first positional argument, or NULL */
    const char *summary;     /* one line, for the list */
    const char *description; /* paragraphs, for `help VERB` */
    const struct verb_option *options;
    int (*run)(const struct verb *verb, int argc, char **argv); /* argv[0] is the verb; returns the exit code */
    bool hidden;             /* not in the list (relay) */
};

extern const struct verb verb_hook, verb_mcp, verb_relay, verb_view, verb_sessions, verb_flush, verb_status, verb_install, verb_uninstall,
    verb_doctor, verb_help, verb_completion;
/* NULL-terminated, in the order of the list; in main.c. */
extern const struct verb *const verb_table[];

struct verb_arguments {
    const char *options[VERB_OPTIONS_MAX]; /* by index in the verb's table: the argument, "" for a given flag, NULL when not given */
    const char *positional[VERB_POSITIONAL_MAX];
    int positional_count;
};
/* "--name value", "--name=value", "--" ends options; a repeated option: the last wins. False at the first thing that cannot be
 * understood, of which *error tells; the rest is read all the same. */
bool verb_parse(const struct verb *verb, int argc, char **argv, struct verb_arguments *arguments, struct error *error);
/* verb_parse that reports for itself: on an error prints one line to stderr and returns EXIT_USAGE; on --help prints the
 * verb's help and returns EXIT_OK; both through *exit_code, with false. */
bool verb_begin(const struct verb *verb, int argc, char **argv, struct verb_arguments *arguments, int *exit_code);
/* Prints "spanhook VERB: message" to stderr, "spanhook: message" for NULL, and returns EXIT_FAILED. */
int verb_failed(const struct verb *verb, const struct error *error);
/* The same for a mistake in the arguments: names the verb's help and returns EXIT_USAGE. */
int verb_misused(const struct verb *verb, const struct error *error);
/* Tells on stderr, in one line, of op logs that were left out; nothing where there are none. */
void verb_tell_skipped(const struct verb *verb, const struct source_skipped *skipped);
/* Writes to stdout. False if that cannot be done; *exit_code is then EXIT_OK when the reader has gone (it had enough), else it has been
 * complained of and is EXIT_FAILED. */
bool verb_write(const struct verb *verb, struct slice text, int *exit_code);
/* Returns the exit code, as verb_write gives it. */
int verb_print_help(const struct verb *verb);
/* Argument of an option as a number in [low, high]. */
bool verb_number(const char *text, long low, long high, long *number);

/* The verb of that name, hidden ones included; NULL if there is none. */
const struct verb *verb_find(const char *name);
/* Complains of an unknown verb, with the one that was perhaps meant, and returns EXIT_USAGE. */
int verb_unknown(const char *name);
/* The list of verbs: on stdout, or as an answer to a mistake on stderr. Returns the exit code: as above, or EXIT_USAGE. */
int verb_print_overview(bool to_stderr);

#endif
