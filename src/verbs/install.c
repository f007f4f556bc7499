#include "agents/kiro.h"
#include "agents/kiro_install.h"
#include "verbs/verb.h"

#include <stdio.h>
#include <string.h>

#define OUTPUT_MAX ((size_t)16 * 1024 * 1024)

enum { OPTION_AGENT, OPTION_DRY_RUN, OPTION_MCP, OPTION_PROMPT_CHARS };

static const struct verb_option options[] = {
    [OPTION_AGENT] = {"--agent", "NAME", "add the hooks to this agent of yours and leave the default agent alone", NULL},
    [OPTION_DRY_RUN] = {"--dry-run", NULL, "show what would change, change nothing", NULL},
    [OPTION_MCP] = {"--mcp", NULL, "wrap the MCP servers too, so that their calls are recorded from within", NULL},
    [OPTION_PROMPT_CHARS] = {"--prompt-chars", "N", "characters of each prompt to keep, 0 for none (default: 200)", NULL},
    {NULL, NULL, NULL, NULL},
};

static void print(FILE *stream, const struct buffer *text)
{
    if (text->length)
        (void)fwrite(text->data, 1, text->length, stream);
}

static int show(const struct kiro_plan *plan, bool dry, struct buffer *out)
{
    print(stderr, &plan->warnings);
    if (kiro_plan_size(plan) == 0) {
        buffer_append_text(out, "already installed: ");
        buffer_append_text(out, kiro_home_label(&plan->home));
        buffer_append_text(out, " needs no change\n");
        buffer_append_slice(out, buffer_slice(&plan->remarks));
    } else {
        kiro_plan_describe(plan, dry, out);
        if (dry)
            kiro_plan_diff(plan, out);
        else
            buffer_append_text(out, "\nNext: start kiro-cli (a running one must be restarted), then see what it did: spanhook view\n"
                                    "Check it: spanhook doctor    Take it back: spanhook uninstall kiro\n");
    }
    print(stdout, out);
    return fflush(stdout) == 0 && !out->failed ? EXIT_OK : EXIT_FAILED;
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct verb_arguments arguments;
    struct kiro_install_options install = {.prompt_chars = -1};
    struct error error;
    struct buffer out;
    int code;

    if (!verb_begin(verb, argc, argv, &arguments, &code))
        return code;
    if (arguments.positional_count != 1 || strcmp(arguments.positional[0], "kiro") != 0) {
        (void)fprintf(stderr, "spanhook install: say what to install into: spanhook install kiro\n");
        return EXIT_USAGE;
    }
    install.agent = arguments.options[OPTION_AGENT];
    if (arguments.options[OPTION_PROMPT_CHARS] &&
        !verb_number(arguments.options[OPTION_PROMPT_CHARS], 0, KIRO_PROMPT_CHARS_MAX, &install.prompt_chars)) {
        (void)fprintf(stderr, "spanhook install: --prompt-chars takes a number from 0 to %d\n", KIRO_PROMPT_CHARS_MAX);
        return EXIT_USAGE;
    }
    install.mcp = arguments.options[OPTION_MCP] != NULL;
    const bool dry = arguments.options[OPTION_DRY_RUN] != NULL;
    struct kiro_plan *plan = kiro_plan_install(&install, &error);
    if (!plan)
        return verb_failed(verb, &error);
    buffer_init(&out, OUTPUT_MAX);
    if (!dry && !kiro_plan_apply(plan, &error))
        code = verb_failed(verb, &error);
    else
        code = show(plan, dry, &out);
    buffer_free(&out);
    kiro_plan_free(plan);
    return code;
}

const struct verb verb_install = {
    .name = "install",
    .positional = "kiro",
    .positional_max = 1,
    .choices = "kiro",
    .summary = "wire spanhook into Kiro",
    .description =
        "Adds spanhook's hooks to your own Kiro configuration (~/.kiro, or an absolute\n"
        "KIRO_HOME); a project's .kiro is never touched.\n"
        "\n"
        "Kiro v1 and v2 run the hooks of one agent. If you have chosen a default agent\n"
        "that has a file, that file gets the hooks and your choice stands. Otherwise an\n"
        "agent \"spanhook\" is made, with the tools and resources of kiro_default, and\n"
        "becomes the default; the former one is remembered. With --agent NAME the hooks\n"
        "go into that agent instead. Kiro v3 and the IDE get ~/.kiro/hooks/spanhook.json.\n"
        "\n"
        "Each event gets exactly one entry; entries of other tools and the rest of each\n"
        "file stay as they are, byte for byte. A file is copied to FILE.spanhook-backup\n"
        "before its first change. Links, read-only files and files that are not valid\n"
        "JSON are refused before anything is changed. The path of the binary stands in\n"
        "the hooks, in single quotes where a shell needs them. Running it again repairs\n"
        "and updates; --prompt-chars keeps its last value unless given.\n"
        "\n"
        "--mcp also puts \"spanhook mcp --name SERVER --\" in front of the command of every\n"
        "MCP server in ~/.kiro/settings/mcp.json and in your agents' files, with --state\n"
        "where your state folder is not the usual one. Servers that are reached over HTTP\n"
        "stay as they are and are named; so do those whose command has a ~ or $ for Kiro\n"
        "to expand. Without --mcp wrapped servers are brought up to date, and no others\n"
        "are wrapped.",
    .options = options,
    .run = run,
    .hidden = false,
};
