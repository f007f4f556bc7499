#include "agents/own_binary.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "export/destination.h"
#include "store/lock.h"
#include "store/state.h"
#include "verbs/doctor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define RUNS 25
#define RUN_SECONDS_MOST 5
#define SLOW_MICROSECONDS 20000
#define VARIABLES_MAX 4096

extern char **environ;

static const char sample[] = "{\"hook_event_name\":\"preToolUse\",\"session_id\":\"00000000-0000-4000-8000-000000000000\","
                             "\"cwd\":\"/\",\"tool_name\":\"shell\","
                             "\"tool_input\":{\"command\":\"true\",\"__tool_use_purpose\":\"a sample of spanhook doctor\"}}";

struct bench {
    char binary[PATH_MAX];
    char home[PATH_MAX]; /* the temporary state folder */
    char home_variable[PATH_MAX + 32];
    char **environment;
    int lock;      /* the relay lock of the temporary folder: while it is held, no hook starts a relay there */
    int output[2]; /* what the runs print */
    uint64_t microseconds[RUNS];
};

/* Ours first, then everything else of the environment. */
static bool make_environment(struct bench *bench)
{
    static char no_export[] = "SPANHOOK_TRACES_EXPORTER=none", no_relay[] = "SPANHOOK_RELAY=off";
    size_t count = 0;
    bench->environment = calloc(VARIABLES_MAX, sizeof(*bench->environment));
    if (!bench->environment)
        return false;
    (void)snprintf(bench->home_variable, sizeof(bench->home_variable), "SPANHOOK_HOME=%s", bench->home);
    bench->environment[count++] = bench->home_variable;
    bench->environment[count++] = no_export;
    if (bench->lock < 0)
        bench->environment[count++] = no_relay;
    for (char **variable = environ; variable && *variable && count < VARIABLES_MAX - 1; variable++) {
        if (strncmp(*variable, "SPANHOOK_HOME=", 14) != 0 && strncmp(*variable, "SPANHOOK_TRACES_EXPORTER=", 25) != 0 &&
            strncmp(*variable, "SPANHOOK_RELAY=", 15) != 0)
            bench->environment[count++] = *variable;
    }
    return true;
}

static bool make_home(struct bench *bench)
{
    struct state state;
    struct stat found;
    char ops[PATH_MAX];
    int length = -1;
    /* on the same file system as the real one, as far as there is one */
    if (state_locate(&state, NULL) && lstat(state.path, &found) == 0 && S_ISDIR(found.st_mode) && found.st_uid == geteuid())
        length = snprintf(bench->home, sizeof(bench->home), "%s/doctor-XXXXXX", state.path);
    if (length < 0 || length >= (int)sizeof(bench->home) || !mkdtemp(bench->home)) {
        (void)snprintf(bench->home, sizeof(bench->home), "/tmp/spanhook-doctor-XXXXXX");
        if (!mkdtemp(bench->home)) {
            bench->home[0] = '\0';
            return false;
        }
    }
    if (snprintf(ops, sizeof(ops), "%s/ops", bench->home) >= (int)sizeof(ops) || mkdir(ops, 0700) != 0)
        return false;
    const int folder = open(ops, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return false;
    bench->lock = relay_lock_take(folder, 100);
    close(folder);
    return true;
}

static void interrupt_wait(int signal_number)
{
    (void)signal_number; /* its only work is to end waitpid */
}

/* Runs the binary once with `input` on stdin. True if it exited with 0 in time; *microseconds is from start to end. */
static bool run_once(const struct bench *bench, char *const *arguments, struct slice input, uint64_t *microseconds)
{
    posix_spawn_file_actions_t actions;
    int feed[2], status = -1;
    pid_t child;
    if (pipe(feed) != 0)
        return false;
    /* small enough for the pipe's buffer, so that it is all there when the child starts, as with a quick agent */
    bool good = write(feed[1], input.data, input.length) == (ssize_t)input.length;
    close(feed[1]);
    if (!good || posix_spawn_file_actions_init(&actions) != 0) {
        close(feed[0]);
        return false;
    }
    good = posix_spawn_file_actions_adddup2(&actions, feed[0], 0) == 0 &&
        posix_spawn_file_actions_adddup2(&actions, bench->output[1], 1) == 0 &&
           posix_spawn_file_actions_adddup2(&actions, bench->output[1], 2) == 0 &&
               posix_spawn_file_actions_addclose(&actions, feed[0]) == 0;
    const uint64_t start = clock_since_boot();
    good = good && posix_spawn(&child, bench->binary, &actions, NULL, arguments, bench->environment) == 0;
    if (good) {
        alarm(RUN_SECONDS_MOST);
        while (waitpid(child, &status, 0) < 0) {
            if (errno != EINTR)
                break;
            kill(child, SIGKILL);
        }
        alarm(0);
    }
    *microseconds = (clock_since_boot() - start) / 1000;
    posix_spawn_file_actions_destroy(&actions);
    close(feed[0]);
    return good && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int compare(const void *left, const void *right)
{
    const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static bool median_of_runs(struct bench *bench, char *const *arguments, struct slice input, uint64_t *median)
{
    for (unsigned i = 0; i < RUNS; i++) {
        if (!run_once(bench, arguments, input, &bench->microseconds[i]))
            return false;
    }
    qsort(bench->microseconds, RUNS, sizeof(bench->microseconds[0]), compare);
    *median = bench->microseconds[RUNS / 2];
    return true;
}

static size_t drain_output(const struct bench *bench)
{
    char piece[4096];
    size_t size = 0;
    for (ssize_t got; (got = read(bench->output[0], piece, sizeof(piece))) > 0;)
        size += (size_t)got;
    return size;
}

/* Bytes in the op logs below the temporary folder. */
static uint64_t recorded_bytes(const struct bench *bench)
{
    char ops[PATH_MAX];
    uint64_t size = 0;
    if (snprintf(ops, sizeof(ops), "%s/ops", bench->home) >= (int)sizeof(ops))
        return 0;
    DIR *stream = opendir(ops);
    for (const struct dirent *entry; stream && (entry = readdir(stream)) != NULL;) {
        struct stat found;
        if (slice_ends_with(slice_of(entry->d_name), SLICE(".log")) &&
            fstatat(dirfd(stream), entry->d_name, &found, AT_SYMLINK_NOFOLLOW) == 0)
            size += (uint64_t)found.st_size;
    }
    if (stream)
        closedir(stream);
    return size;
}

/* Empties and removes the temporary folder: files and folders of files, as deep as a state folder goes. */
static void remove_home(const char *path)
{
    DIR *outer = opendir(path);
    for (const struct dirent *entry; outer && (entry = readdir(outer)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        const int folder = openat(dirfd(outer), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        DIR *inner = folder >= 0 ? fdopendir(folder) : NULL;
        for (const struct dirent *file; inner && (file = readdir(inner)) != NULL;)
            (void)unlinkat(folder, file->d_name, 0);
        if (inner)
            closedir(inner);
        else if (folder >= 0)
            close(folder);
        (void)unlinkat(dirfd(outer), entry->d_name, folder >= 0 ? AT_REMOVEDIR : 0);
    }
    if (outer)
        closedir(outer);
    (void)rmdir(path);
}

static void measure(struct findings *findings, struct bench *bench)
{
    static char verb[] = "hook", agent[] = "--agent", kiro[] = "kiro", from[] = "--from", place[] = "agent", version[] = "--version";
    char *const hook[] = {bench->binary, verb, agent, kiro, from, place, NULL};
    char *const floor[] = {bench->binary, version, NULL};
    uint64_t cost = 0, floor_cost = 0;
    const char *const fix = "spanhook status";
    if (!median_of_runs(bench, hook, (struct slice){sample, sizeof(sample) - 1}, &cost)) {
        findings_add(findings, "hook.runs", FINDING_FAIL, fix, "%s hook did not end with 0 within %d s", bench->binary, RUN_SECONDS_MOST);
        return;
    }
    const uint64_t most = bench->microseconds[RUNS - 1];
    const size_t printed = drain_output(bench);
    if (printed)
        findings_add(findings, "hook.runs", FINDING_FAIL, fix, "the hook printed %zu bytes, which can reach the model", printed);
    else if (environment_disabled())
        findings_add(findings, "hook.runs", FINDING_INFO, "unset OTEL_SDK_DISABLED SPANHOOK_SDK_DISABLED",
                     "the hook is switched off: it ends at once and records nothing");
    else if (recorded_bytes(bench) == 0)
        findings_add(findings, "hook.runs", FINDING_FAIL, fix, "the hook ended well but recorded nothing");
    else
        findings_add(findings, "hook.runs", FINDING_PASS, NULL, "silent, exit 0, records");
    if (!median_of_runs(bench, floor, (struct slice){sample, sizeof(sample) - 1}, &floor_cost))
        floor_cost = 0;
    (void)drain_output(bench);
    const bool slow = cost > SLOW_MICROSECONDS;
    findings_add(findings, "hook.cost", slow ? FINDING_WARN : FINDING_PASS,
                 slow ? "put SPANHOOK_HOME on a local disk, and the binary where no scanner checks each start" : NULL,
                 "%llu us a run (median of %d, at most %llu us); starting the program alone takes %llu us", (unsigned long long)cost, RUNS,
                 (unsigned long long)most, (unsigned long long)floor_cost);
}

void doctor_check_hook(struct findings *findings)
{
    struct bench *bench = calloc(1, sizeof(*bench));
    struct sigaction action = {.sa_handler = interrupt_wait}, former;
    struct error error = {"no memory"};
    if (!bench || !own_binary_path(bench->binary, &error)) {
        findings_add(findings, "hook.runs", FINDING_FAIL, NULL, "%s", error.text);
        free(bench);
        return;
    }
    bench->lock = bench->output[0] = bench->output[1] = -1;
    if (!make_home(bench) || !make_environment(bench) || pipe(bench->output) != 0 || fcntl(bench->output[0], F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(bench->output[1], F_SETFL, O_NONBLOCK) != 0) {
        findings_add(findings, "hook.runs", FINDING_WARN, "export SPANHOOK_HOME=/a/folder/you/can/write",
                     "no temporary folder to run the hook in: %s",
                     strerror(errno));
    } else {
        /* without SA_RESTART, so that the alarm ends a wait for a hook that hangs */
        sigemptyset(&action.sa_mask);
        sigaction(SIGALRM, &action, &former);
        measure(findings, bench);
        sigaction(SIGALRM, &former, NULL);
    }
    for (unsigned i = 0; i < 2; i++) {
        if (bench->output[i] >= 0)
            close(bench->output[i]);
    }
    if (bench->lock >= 0)
        close(bench->lock);
    if (bench->home[0])
        remove_home(bench->home);
    free(bench->environment);
    free(bench);
}
