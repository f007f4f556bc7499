#include "store/state.h"

#include "unit/check.h"
#include "unit/temporary.h"

#include <errno.h>

#define OTHER_USER 54321

static void set(const char *name, const char *value)
{
    if (value)
        setenv(name, value, 1);
    else
        unsetenv(name);
}

static void environment(const char *spanhook_home, const char *state_home, const char *home, const char *runtime)
{
    set("SPANHOOK_HOME", spanhook_home);
    set("XDG_STATE_HOME", state_home);
    set("HOME", home);
    set("XDG_RUNTIME_DIR", runtime);
}

/* A path below the folder, in static storage. */
static const char *below(const struct temporary *temporary, const char *name)
{
    static char paths[4][160];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", temporary->path, name);
    return path;
}

static mode_t mode_of(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? status.st_mode & 07777 : 0;
}

TEST(locate_takes_the_first_absolute_path)
{
    struct state state;
    environment("/a", "/b", "/c", "/d");
    CHECK(state_locate(&state, NULL));
    CHECK_EQ_TEXT(slice_of(state.path), "/a");
    environment("a", "/b/", "/c", "/d");
    CHECK(state_locate(&state, NULL));
    CHECK_EQ_TEXT(slice_of(state.path), "/b/spanhook");
    environment("", "./b", "/c//", "/d");
    CHECK(state_locate(&state, NULL));
    CHECK_EQ_TEXT(slice_of(state.path), "/c/.local/state/spanhook");
    environment(NULL, NULL, NULL, "/d");
    CHECK(state_locate(&state, NULL));
    CHECK_EQ_TEXT(slice_of(state.path), "/d/spanhook");
    for (size_t i = 0; i < STATE_FOLDERS; i++)
        CHECK_EQ_INT(state.folders[i], -1);
}

TEST(locate_without_a_place)
{
    struct state state;
    struct error error = {""};
    char longer[PATH_MAX + 10];
    environment(NULL, "b", "c", "d");
    CHECK(!state_locate(&state, &error));
    CHECK(strstr(error.text, "HOME") != NULL);
    CHECK(!state_open_ops(&state, NULL));
    memset(longer, 'x', sizeof longer);
    longer[0] = '/';
    longer[sizeof longer - 1] = '\0';
    environment(longer, NULL, "/c", NULL);
    CHECK(!state_locate(&state, NULL));
    longer[PATH_MAX - 3] = '\0'; /* fits, but "/ops" does not */
    environment(longer, NULL, "/c", NULL);
    CHECK(!state_open_ops(&state, NULL));
}

TEST(open_ops_makes_the_chain_of_folders)
{
    struct temporary home = temporary_new();
    struct state state;
    struct stat first, again;
    environment(NULL, NULL, home.path, NULL);
    const mode_t mask = umask(0);
    CHECK(state_open_ops(&state, NULL));
    umask(mask);
    CHECK(state.folders[STATE_OPS] > 2 && state.folders[STATE_TRACES] == -1);
    CHECK_EQ_INT(fcntl(state.folders[STATE_OPS], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    CHECK_EQ_INT(mode_of(below(&home, ".local")), 0700);
    CHECK_EQ_INT(mode_of(below(&home, ".local/state")), 0700);
    CHECK_EQ_INT(mode_of(below(&home, ".local/state/spanhook")), 0700);
    CHECK_EQ_INT(mode_of(below(&home, ".local/state/spanhook/ops")), 0700);
    /* so that drops can be counted on a disk that is full from now on */
    CHECK_EQ_INT(temporary_size(state.folders[STATE_OPS], "counters"), 4096);
    CHECK(fstat(state.folders[STATE_OPS], &first) == 0);
    state_close(&state);
    CHECK_EQ_INT(state.folders[STATE_OPS], -1);
    CHECK(state_open_ops(&state, NULL));
    CHECK(fstat(state.folders[STATE_OPS], &again) == 0 && first.st_ino == again.st_ino);
    state_close(&state);
    temporary_free(&home);
}

TEST(open_creates_all_or_asks_for_the_folder)
{
    struct temporary home = temporary_new();
    struct state state;
    struct error error = {""};
    environment(below(&home, "state"), NULL, NULL, NULL);
    CHECK(!state_open(&state, false, &error));
    CHECK(strstr(error.text, "no state folder") != NULL);
    CHECK_EQ_INT(mode_of(below(&home, "state")), 0);
    CHECK(state_open(&state, true, &error));
    for (size_t i = 0; i < STATE_FOLDERS; i++)
        CHECK(state.folders[i] > 2);
    state_close(&state);
    CHECK(rmdir(below(&home, "state/rejected")) == 0);
    CHECK(state_open(&state, false, &error));
    CHECK_EQ_INT(mode_of(below(&home, "state/rejected")), 0700);
    state_close(&state);
    temporary_free(&home);
}

static bool refused(const char *spanhook_home)
{
    struct state state;
    struct error error = {""};
    bool result = true;
    environment(spanhook_home, NULL, NULL, NULL);
    result &= !state_open(&state, false, &error) && strstr(error.text, "refused") != NULL;
    result &= !state_open(&state, true, NULL);
    result &= !state_open_ops(&state, &error) && strstr(error.text, "refused") != NULL;
    for (size_t i = 0; i < STATE_FOLDERS; i++)
        result &= state.folders[i] == -1;
    return result;
}

TEST(S20_state_folder_is_a_symlink)
{
    struct temporary home = temporary_new();
    CHECK(mkdir(below(&home, "real"), 0700) == 0 && symlink("real", below(&home, "link")) == 0);
    CHECK(symlink("nowhere", below(&home, "dangling")) == 0);
    CHECK(refused(below(&home, "link")));
    CHECK(refused(below(&home, "dangling")));
    CHECK_EQ_INT(temporary_size(home.folder, "real/ops"), -1);
    CHECK_EQ_INT(temporary_size(home.folder, "nowhere"), -1);
    CHECK(mkdir(below(&home, "real/ops"), 0700) == 0); /* a whole state folder, but behind a link */
    CHECK(refused(below(&home, "link")));
    temporary_write(home.folder, "file", 0, SLICE("x"));
    CHECK(refused(below(&home, "file")));
    temporary_free(&home);
}

TEST(S20_folder_below_is_a_symlink)
{
    struct temporary home = temporary_new();
    struct state state;
    CHECK(mkdir(below(&home, "real"), 0700) == 0 && mkdir(below(&home, "state"), 0700) == 0);
    CHECK(symlink("../real", below(&home, "state/ops")) == 0);
    CHECK(refused(below(&home, "state")));
    CHECK(unlink(below(&home, "state/ops")) == 0 && symlink("../real", below(&home, "state/traces")) == 0);
    CHECK(!state_open(&state, true, NULL)); /* the hook does not look at traces */
    CHECK_EQ_INT(temporary_count(home.folder, "real"), 1);
    CHECK(rmdir(below(&home, "real")) == 0); /* nothing was put there */
    temporary_free(&home);
}

TEST(S20_folder_open_to_others)
{
    static const mode_t modes[] = {0777, 0720, 0702};
    struct temporary home = temporary_new();
    struct state state;
    for (size_t i = 0; i < 3; i++) {
        const char *path = below(&home, "state");
        CHECK(mkdir(path, 0700) == 0 && chmod(path, modes[i]) == 0);
        CHECK(refused(path));
        CHECK(chmod(path, 0700) == 0);
        CHECK(mkdir(below(&home, "state/ops"), 0700) == 0 && chmod(below(&home, "state/ops"), modes[i]) == 0);
        CHECK(refused(path));
        temporary_empty(home.folder);
    }
    /* made by hand, readable by others: ours all the same */
    CHECK(mkdir(below(&home, "state"), 0755) == 0 && mkdir(below(&home, "state/ops"), 0755) == 0);
    environment(below(&home, "state"), NULL, NULL, NULL);
    CHECK(state_open_ops(&state, NULL));
    state_close(&state);
    temporary_free(&home);
}

TEST(S20_H28_folder_of_another_user)
{
    struct temporary home = temporary_new();
    if (geteuid() == 0) {
        CHECK(mkdir(below(&home, "state"), 0700) == 0 && chown(below(&home, "state"), OTHER_USER, OTHER_USER) == 0);
        CHECK(refused(below(&home, "state")));
        CHECK(chown(below(&home, "state"), 0, 0) == 0);
        CHECK(mkdir(below(&home, "state/ops"), 0700) == 0 && chown(below(&home, "state/ops"), OTHER_USER, OTHER_USER) == 0);
        CHECK(refused(below(&home, "state")));
    }
    temporary_free(&home);
}

TEST(H16_another_place_only_where_the_usual_one_cannot_be)
{
    struct temporary runtime = temporary_new(), home = temporary_new();
    struct state state;
    struct error error = {""};

    environment(NULL, NULL, "/dev/null", runtime.path); /* a file: ENOTDIR */
    CHECK(!state_open(&state, false, &error));
    CHECK(strstr(error.text, "/dev/null/.local/state/spanhook") != NULL);
    CHECK(state_open_ops(&state, &error));
    CHECK_EQ_TEXT(slice_of(state.path), below(&runtime, "spanhook"));
    state_close(&state);
    CHECK(state_open(&state, false, &error)); /* readers find the same place */
    CHECK_EQ_TEXT(slice_of(state.path), below(&runtime, "spanhook"));
    state_close(&state);
    temporary_empty(runtime.folder);

    environment("/dev/null/state", NULL, "/dev/null", runtime.path); /* asked for by name: there or nowhere */
    CHECK(!state_open_ops(&state, &error));
    CHECK(strstr(error.text, "/dev/null/state") != NULL);
    environment(NULL, NULL, "/dev/null", "run");
    CHECK(!state_open_ops(&state, &error));
    environment(NULL, NULL, home.path, runtime.path); /* there, but refused: no quiet way round */
    CHECK(mkdir(below(&home, ".local"), 0700) == 0 && mkdir(below(&home, ".local/state"), 0700) == 0);
    CHECK(mkdir(below(&home, "elsewhere"), 0700) == 0 && symlink("../../elsewhere", below(&home, ".local/state/spanhook")) == 0);
    CHECK(!state_open_ops(&state, &error));
    CHECK(rmdir(below(&home, "elsewhere")) == 0); /* still empty */
    CHECK_EQ_INT(temporary_count(runtime.folder, ""), 0);
    temporary_free(&home);
    temporary_free(&runtime);
}

static int open_without_standard_streams(void *context)
{
    struct state state;
    (void)context;
    close(0);
    close(1);
    close(2);
    if (!state_open(&state, true, NULL))
        return 1;
    for (size_t i = 0; i < STATE_FOLDERS; i++)
        if (state.folders[i] <= 2)
            return 2;
    const int file = state_open_file(state.folders[STATE_OPS], "file", O_RDWR | O_CREAT);
    if (file <= 2 || !(fcntl(file, F_GETFD) & FD_CLOEXEC))
        return 3;
    return fcntl(0, F_GETFD) != -1 || fcntl(1, F_GETFD) != -1 || fcntl(2, F_GETFD) != -1 ? 4 : 0;
}

TEST(H18_descriptors_above_the_standard_ones)
{
    struct temporary home = temporary_new();
    environment(below(&home, "state"), NULL, NULL, NULL);
    CHECK_EQ_INT(temporary_in_child(open_without_standard_streams, NULL), 0);
    temporary_free(&home);
}

TEST(S19_file_is_something_else)
{
    struct temporary home = temporary_new();
    char storage[16];
    temporary_write(home.folder, "target", 0, SLICE("precious"));
    CHECK(symlinkat("target", home.folder, "symlink") == 0 && symlinkat("nothing", home.folder, "dangling") == 0);
    CHECK(mkfifo(below(&home, "fifo"), 0600) == 0 && mkdirat(home.folder, "folder", 0700) == 0);
    CHECK(linkat(home.folder, "target", home.folder, "hard", 0) == 0);
    static const char *const names[] = {"symlink", "dangling", "fifo", "folder", "hard", "target"};
    static const int flags[] = {O_RDONLY, O_WRONLY | O_APPEND | O_CREAT, O_RDWR | O_CREAT | O_TRUNC};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (size_t k = 0; k < 3; k++)
            CHECK_EQ_INT(state_open_file(home.folder, names[i], flags[k]), -1);
    CHECK_EQ_TEXT(temporary_read(home.folder, "target", storage, sizeof storage), "precious");
    CHECK_EQ_INT(temporary_size(home.folder, "nothing"), -1);
    CHECK_EQ_INT(state_open_file(home.folder, "hard", O_RDONLY), -1);
    CHECK_EQ_INT(errno, EPERM);
    CHECK(unlinkat(home.folder, "hard", 0) == 0);
    if (geteuid() == 0) {
        CHECK(fchownat(home.folder, "target", OTHER_USER, OTHER_USER, 0) == 0);
        CHECK_EQ_INT(state_open_file(home.folder, "target", O_RDWR | O_TRUNC), -1);
        CHECK_EQ_TEXT(temporary_read(home.folder, "target", storage, sizeof storage), "precious");
        CHECK(fchownat(home.folder, "target", 0, 0, 0) == 0);
    }
    const int file = state_open_file(home.folder, "target", O_RDWR | O_TRUNC);
    CHECK(file > 2);
    CHECK_EQ_INT(temporary_size(home.folder, "target"), 0);
    close(file);
    temporary_free(&home);
}

TEST(open_file_is_for_us_alone)
{
    struct temporary home = temporary_new();
    struct stat status;
    const mode_t mask = umask(0);
    const int file = state_open_file_with_status(home.folder, "new", O_WRONLY | O_CREAT, &status);
    umask(mask);
    CHECK(file > 2 && S_ISREG(status.st_mode) && status.st_size == 0);
    CHECK_EQ_INT(status.st_mode & 07777, 0600);
    close(file);
    CHECK_EQ_INT(state_open_file(home.folder, "missing", O_RDONLY), -1);
    CHECK_EQ_INT(errno, ENOENT);
    temporary_free(&home);
}

static const struct check_test tests[] = {CASE(locate_takes_the_first_absolute_path),
                                          CASE(locate_without_a_place),
                                          CASE(open_ops_makes_the_chain_of_folders),
                                          CASE(open_creates_all_or_asks_for_the_folder),
                                          CASE(S20_state_folder_is_a_symlink),
                                          CASE(S20_folder_below_is_a_symlink),
                                          CASE(S20_folder_open_to_others),
                                          CASE(S20_H28_folder_of_another_user),
                                          CASE(H16_another_place_only_where_the_usual_one_cannot_be),
                                          CASE(H18_descriptors_above_the_standard_ones),
                                          CASE(S19_file_is_something_else),
                                          CASE(open_file_is_for_us_alone)};
CHECK_MAIN(tests)
