#include "agents/kiro_install.h"
#include "store/state.h"
#include "verbs/verb.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_MAX ((size_t)16 * 1024 * 1024)

enum { OPTION_DRY_RUN, OPTION_MCP };

static const struct verb_option options[] = {
    [OPTION_DRY_RUN] = {"--dry-run", NULL, "show what would change, change nothing", NULL},
    [OPTION_MCP] = {"--mcp", NULL, "only take the wrapping of the MCP servers out, the hooks stay", NULL},
    {NULL, NULL, NULL, NULL},
};

static void describe(const struct kiro_plan *plan, bool mcp_only, bool dry, struct buffer *out)
{
    struct state state;
    if (kiro_plan_size(plan) == 0) {
        buffer_append_text(out, mcp_only ? "not installed: no MCP server runs behind spanhook in "
                                         : "not installed: nothing of spanhook's in ");
        buffer_append_text(out, kiro_home_label(&plan->home));
        buffer_append_byte(out, '\n');
    } else {
        kiro_plan_describe(plan, dry, out);
        if (dry)
            kiro_plan_diff(plan, out);
    }
    if (!mcp_only && state_locate(&state, NULL) && access(state.path, F_OK) == 0) {
        buffer_append_text(out, "\nWhat was recorded stays in ");
        kiro_show_path(out, &plan->home, state.path);
        buffer_append_text(out, "; delete that folder if you no longer want it.\n");
    }
}

static int run(const struct verb *verb, int argc, char **argv)
{
    struct verb_arguments arguments;
    struct error error;
    struct buffer out;
    int code;

    if (!verb_begin(verb, argc, argv, &arguments, &code))
        return code;
    if (arguments.positional_count != 1 || strcmp(arguments.positional[0], "kiro") != 0) {
        (void)fprintf(stderr, "spanhook uninstall: say what to uninstall from: spanhook uninstall kiro\n");
        return EXIT_USAGE;
    }
    const bool dry = arguments.options[OPTION_DRY_RUN] != NULL;
    const bool mcp_only = arguments.options[OPTION_MCP] != NULL;
    struct kiro_plan *plan = kiro_plan_uninstall(mcp_only, &error);
    if (!plan)
        return verb_failed(verb, &error);
    buffer_init(&out, OUTPUT_MAX);
    if (!dry && !kiro_plan_apply(plan, &error)) {
        code = verb_failed(verb, &error);
    } else {
        describe(plan, mcp_only, dry, &out);
        if (out.length)
            (void)fwrite(out.data, 1, out.length, stdout);
        code = fflush(stdout) == 0 && !out.failed ? EXIT_OK : EXIT_FAILED;
    }
    buffer_free(&out);
    kiro_plan_free(plan);
    return code;
}

const struct verb verb_uninstall = {
    .name = "uninstall",
    .positional = "kiro",
    .positional_max = 1,
    .choices = "kiro",
    .summary = "take spanhook out of Kiro again",
    .description =
        "Removes exactly what \"spanhook install kiro\" put in. A file that nobody has\n"
        "changed since goes back to what it was, byte for byte; from one that was edited\n"
        "only spanhook's entries are taken. Files that the installation made are deleted\n"
        "unless you put something into them. Your former default agent is restored if\n"
        "spanhook's still is the default. MCP servers run by themselves again. What was\n"
        "recorded is kept.\n"
        "\n"
        "With --mcp only the MCP servers are unwrapped.",
    .options = options,
    .run = run,
    .hidden = false,
};
