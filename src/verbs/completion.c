#include "base/buffer.h"
#include "verbs/verb.h"

#include <stdio.h>
#include <string.h>

/* The scripts know nothing but what the verb tables say. */

#define SCRIPT_MAX (256 * 1024)

/* Appends `text` inside single quotes of a shell, with a backslash before each of `escaped`. */
static void append_quoted(struct buffer *out, const char *text, const char *escaped, const char *quote)
{
    for (; *text; text++) {
        if (*text == '\'') {
            buffer_append_text(out, quote);
            continue;
        }
        if (strchr(escaped, *text))
            buffer_append_byte(out, '\\');
        buffer_append_byte(out, *text);
    }
}

static void append_verb_names(struct buffer *out)
{
    const char *separator = "";
    for (size_t i = 0; verb_table[i]; i++) {
        if (verb_table[i]->hidden)
            continue;
        buffer_append_text(out, separator);
        buffer_append_text(out, verb_table[i]->name);
        separator = " ";
    }
}

/* What the first positional argument may be: a fixed list, or for help the verbs. True if anything is known. */
static bool append_choices(struct buffer *out, const struct verb *verb)
{
    if (verb == &verb_help)
        append_verb_names(out);
    else if (verb->choices)
        buffer_append_text(out, verb->choices);
    return verb == &verb_help || verb->choices;
}

/* ---- bash ------------------------------------------------------------------------------------------------------------------- */

static void bash_verb(struct buffer *out, const struct verb *verb)
{
    const struct verb_option *option;

    buffer_append_format(out, "    %s)\n        case $previous in\n", verb->name);
    for (option = verb->options; option && option->name; option++)
        if (option->argument)
            buffer_append_format(out, "        %s) words='%s' ;;\n", option->name, option->choices ? option->choices : "");
    buffer_append_text(out, "        *)\n            if [[ $current == -* ]]; then\n                words='");
    for (option = verb->options; option && option->name; option++)
        buffer_append_format(out, "%s ", option->name);
    buffer_append_text(out, "--help'\n            else\n                words='");
    append_choices(out, verb);
    buffer_append_text(out, "'\n            fi\n            ;;\n        esac\n        ;;\n");
}

static void bash_script(struct buffer *out)
{
    buffer_append_text(out, "# bash completion for spanhook: source <(spanhook completion bash)\n"
                            "_spanhook()\n"
                            "{\n"
                            "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words=''\n"
                            "    # --name=value comes as three words\n"
                            "    if [[ $current == = ]]; then\n"
                            "        current=''\n"
                            "    elif [[ $previous == = ]]; then\n"
                            "        previous=${COMP_WORDS[COMP_CWORD-2]}\n"
                            "    fi\n"
                            "    if ((COMP_CWORD == 1)); then\n"
                            "        words='");
    append_verb_names(out);
    buffer_append_text(out, " --help --version'\n"
                            "    else\n"
                            "    case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; verb_table[i]; i++)
        if (!verb_table[i]->hidden)
            bash_verb(out, verb_table[i]);
    buffer_append_text(out, "    esac\n"
                            "    fi\n"
                            "    COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
                            "}\n"
                            "complete -F _spanhook spanhook\n");
}

/* ---- zsh -------------------------------------------------------------------------------------------------------------------- */

static const char zsh_quote[] = "'\\''";

static void zsh_verb(struct buffer *out, const struct verb *verb)
{
    buffer_append_format(out, "    %s)\n        _arguments", verb->name);
    for (const struct verb_option *option = verb->options; option && option->name; option++) {
        buffer_append_format(out, " \\\n            '%s%s[", option->name, option->argument ? "=" : "");
        append_quoted(out, option->help, "[]\\", zsh_quote);
        buffer_append_byte(out, ']');
        if (option->argument)
            buffer_append_format(out, ":%s:", option->argument);
        if (option->choices)
            buffer_append_format(out, "(%s)", option->choices);
        buffer_append_byte(out, '\'');
    }
    buffer_append_text(out, " \\\n            '--help[this text]'");
    if (verb->positional_max > 0) {
        buffer_append_text(out, " \\\n            '1:");
        append_quoted(out, verb->positional, ":\\", zsh_quote);
        buffer_append_text(out, ":(");
        append_choices(out, verb);
        buffer_append_text(out, ")'");
    }
    buffer_append_text(out, "\n        ;;\n");
}

static void zsh_script(struct buffer *out)
{
    buffer_append_text(out, "#compdef spanhook\n"
                            "# zsh completion for spanhook: a file _spanhook on $fpath, or source <(spanhook completion zsh)\n"
                            "_spanhook()\n"
                            "{\n"
                            "    local -a verbs=(\n");
    for (size_t i = 0; verb_table[i]; i++) {
        if (verb_table[i]->hidden)
            continue;
        buffer_append_format(out, "        '%s:", verb_table[i]->name);
        append_quoted(out, verb_table[i]->summary, ":\\", zsh_quote);
        buffer_append_text(out, "'\n");
    }
    buffer_append_text(out, "    )\n"
                            "    if ((CURRENT == 2)); then\n"
                            "        _describe verb verbs\n"
                            "        return\n"
                            "    fi\n"
                            "    local verb=$words[2]\n"
                            "    shift words\n"
                            "    ((CURRENT--))\n"
                            "    case $verb in\n");
    for (size_t i = 0; verb_table[i]; i++)
        if (!verb_table[i]->hidden)
            zsh_verb(out, verb_table[i]);
    buffer_append_text(out, "    esac\n"
                            "}\n"
                            "if [[ $funcstack[1] == _spanhook ]]; then\n"
                            "    _spanhook \"$@\"\n"
                            "else\n"
                            "    compdef _spanhook spanhook\n"
                            "fi\n");
}

/* ---- fish ------------------------------------------------------------------------------------------------------------------- */

static const char fish_quote[] = "\\'";

static void fish_verb(struct buffer *out, const struct verb *verb)
{
    buffer_append_format(out, "complete -c spanhook -n __fish_use_subcommand -a %s -d '", verb->name);
    append_quoted(out, verb->summary, "\\", fish_quote);
    buffer_append_text(out, "'\n");
    for (const struct verb_option *option = verb->options; option && option->name; option++) {
        buffer_append_format(out, "complete -c spanhook -n '__fish_seen_subcommand_from %s' -l %s", verb->name, option->name + 2);
        if (option->argument)
            buffer_append_text(out, " -x");
        if (option->choices)
            buffer_append_format(out, " -a '%s'", option->choices);
        buffer_append_text(out, " -d '");
        append_quoted(out, option->help, "\\", fish_quote);
        buffer_append_text(out, "'\n");
    }
    if (verb->choices || verb == &verb_help) {
        buffer_append_format(out, "complete -c spanhook -n '__fish_seen_subcommand_from %s' -a '", verb->name);
        append_choices(out, verb);
        buffer_append_text(out, "'\n");
    }
}

static void fish_script(struct buffer *out)
{
    buffer_append_text(out, "# fish completion for spanhook: spanhook completion fish | source\n"
                            "complete -c spanhook -f\n"
                            "complete -c spanhook -l help -d 'this text'\n"
                            "complete -c spanhook -n __fish_use_subcommand -l version -d 'the version'\n");
    for (size_t i = 0; verb_table[i]; i++)
        if (!verb_table[i]->hidden)
            fish_verb(out, verb_table[i]);
}

/* ----------------------------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*write)(struct buffer *out);
} shells[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};

static int run(const struct verb *verb, int argc, char **argv)
{
    struct verb_arguments arguments;
    struct error error;
    struct buffer script;
    int exit_code;

    if (!verb_begin(verb, argc, argv, &arguments, &exit_code))
        return exit_code;
    for (size_t i = 0; arguments.positional_count && i < sizeof shells / sizeof *shells; i++) {
        if (strcmp(arguments.positional[0], shells[i].name) != 0)
            continue;
        buffer_init(&script, SCRIPT_MAX);
        shells[i].write(&script);
        if (script.failed) {
            error_set(&error, "no memory");
            exit_code = verb_failed(verb, &error);
        } else if (verb_write(verb, buffer_slice(&script), &exit_code)) {
            exit_code = EXIT_OK;
        }
        buffer_free(&script);
        return exit_code;
    }
    error_set(&error, "say for which shell: bash, zsh or fish");
    return verb_misused(verb, &error);
}

const struct verb verb_completion = {
    .name = "completion",
    .positional = "SHELL",
    .positional_max = 1,
    .choices = "bash zsh fish",
    .summary = "print a completion script for bash, zsh or fish",
    .description = "  bash   source <(spanhook completion bash)       in ~/.bashrc\n"
                   "  zsh    source <(spanhook completion zsh)        in ~/.zshrc, after compinit\n"
                   "  fish   spanhook completion fish | source        in ~/.config/fish/config.fish",
    .run = run,
};
