#include "check.h"

#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int folder_fd = -1;
static char folder[] = "/tmp/spanhook-test-io-XXXXXX";

static void enter_folder(void)
{
    if (folder_fd < 0 && mkdtemp(folder))
        folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder_fd < 0)
        abort();
}

static void leave_folder(void)
{
    static const char *const names[] = {"file", "link", "fifo", "folder"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlinkat(folder_fd, names[i], i == 3 ? AT_REMOVEDIR : 0);
    close(folder_fd);
    rmdir(folder);
}

static void write_file(const char *name, size_t size)
{
    const int fd = openat(folder_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct buffer content;
    buffer_init(&content, size);
    for (size_t i = 0; i < size; i++)
        buffer_append_byte(&content, (char)('a' + i % 26));
    CHECK(io_write_all(fd, buffer_slice(&content)));
    close(fd);
    buffer_free(&content);
}

TEST(reads_files_up_to_the_ceiling)
{
    static const size_t sizes[] = {0, 1, 65536, 65537, 200000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct buffer out;
        struct error error;
        write_file("file", sizes[i]);
        buffer_init(&out, sizes[i] + 2);
        buffer_append_text(&out, ">");
        CHECK(io_read_file(folder_fd, "file", &out, &error));
        CHECK_EQ_INT(out.length, sizes[i] + 1);
        CHECK(!out.failed);
        CHECK_EQ_INT(out.data[sizes[i]], sizes[i] == 0 ? '>' : 'a' + (int)((sizes[i] - 1) % 26));
        buffer_free(&out);

        buffer_init(&out, sizes[i]); /* exactly */
        CHECK(io_read_file(folder_fd, "file", &out, NULL));
        CHECK_EQ_INT(out.length, sizes[i]);
        buffer_free(&out);

        if (sizes[i] == 0)
            continue;
        buffer_init(&out, sizes[i]);
        buffer_append_text(&out, ">");
        errno = 0;
        CHECK(!io_read_file(folder_fd, "file", &out, &error));
        CHECK_EQ_INT(errno, EFBIG);
        CHECK_EQ_TEXT(buffer_slice(&out), ">");
        CHECK(!out.failed);
        CHECK(slice_starts_with(slice_of(error.text), SLICE("cannot read file: ")));
        buffer_free(&out);
    }
}

TEST(refuses_what_is_no_file_of_ours)
{
    struct buffer out;
    struct error error;
    char path[100];
    buffer_init(&out, 100);
    CHECK(!io_read_file(folder_fd, "absent", &out, &error));
    CHECK_EQ_INT(errno, ENOENT);
    CHECK_EQ_INT(mkdirat(folder_fd, "folder", 0700), 0);
    CHECK(!io_read_file(folder_fd, "folder", &out, &error));
    CHECK_EQ_INT(errno, EINVAL);
    snprintf(path, sizeof path, "%s/fifo", folder);
    CHECK_EQ_INT(mkfifo(path, 0600), 0);
    alarm(10); /* it must not wait for a writer */
    CHECK(!io_read_file(folder_fd, "fifo", &out, &error));
    alarm(0);
    CHECK_EQ_INT(errno, EINVAL);

    write_file("file", 3);
    CHECK_EQ_INT(symlinkat("file", folder_fd, "link"), 0);
    CHECK(!io_read_file(folder_fd, "link", &out, &error));
    CHECK_EQ_INT(errno, ELOOP);
    CHECK_EQ_INT(out.length, 0);
    snprintf(path, sizeof path, "%s/link", folder);
    CHECK(io_read_file(AT_FDCWD, path, &out, &error));
    CHECK_EQ_TEXT(buffer_slice(&out), "abc");

    out.failed = true;
    CHECK(!io_read_file(folder_fd, "file", &out, &error));
    CHECK(out.failed);
    buffer_free(&out);
}

/* More than a pipe holds, to a reader that is slow: several short writes make the whole. */
TEST(writes_all)
{
    enum { SIZE = 300000 };
    int ends[2];
    CHECK_EQ_INT(pipe(ends), 0);
    const pid_t child = fork();
    if (child == 0) {
        char bytes[1000];
        size_t seen = 0;
        ssize_t count;
        close(ends[1]);
        while ((count = read(ends[0], bytes, sizeof bytes)) > 0)
            seen += (size_t)count;
        _exit(seen == SIZE ? 0 : 1);
    }
    close(ends[0]);
    char *data = calloc(SIZE, 1);
    CHECK(data != NULL && io_write_all(ends[1], (struct slice){data, SIZE}));
    CHECK(io_write_all(ends[1], SLICE("")));
    close(ends[1]);
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    free(data);
    errno = 0;
    CHECK(!io_write_all(-1, SLICE("x")));
    CHECK_EQ_INT(errno, EBADF);
    const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (full >= 0) {
        CHECK(!io_write_all(full, SLICE("x")));
        CHECK_EQ_INT(errno, ENOSPC);
        close(full);
    }
}

static void note_signal(int number)
{
    (void)number;
}

/* A signal without SA_RESTART while the pipe is full. */
TEST(interrupted_writes_go_on)
{
    enum { SIZE = 200000 };
    const struct sigaction action = {.sa_handler = note_signal};
    struct sigaction before;
    int ends[2];
    CHECK_EQ_INT(pipe(ends), 0);
    sigaction(SIGUSR1, &action, &before);
    const pid_t parent = getpid(), child = fork();
    if (child == 0) {
        char bytes[4096];
        size_t seen = 0;
        ssize_t count;
        close(ends[1]);
        for (int i = 0; i < 5; i++) {
            usleep(20000);
            kill(parent, SIGUSR1);
        }
        while ((count = read(ends[0], bytes, sizeof bytes)) > 0)
            seen += (size_t)count;
        _exit(seen == SIZE ? 0 : 1);
    }
    close(ends[0]);
    char *data = calloc(SIZE, 1);
    CHECK(data != NULL && io_write_all(ends[1], (struct slice){data, SIZE}));
    close(ends[1]);
    int status = -1;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    CHECK_EQ_INT(status, 0);
    sigaction(SIGUSR1, &before, NULL);
    free(data);
}

/* Runs in a child whose standard streams may be lost. */
static bool holds_in_child(bool (*check)(void))
{
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0)
        _exit(check() ? 0 : 1);
    int status = -1;
    return waitpid(child, &status, 0) == child && status == 0;
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static bool moves_above_standard(void)
{
    close(0);
    close(2);
    const int low = open("/dev/null", O_RDONLY);
    const int high = io_above_standard(low);
    return low == 0 && high >= 3 && !is_open(0) && (fcntl(high, F_GETFD) & FD_CLOEXEC) && io_above_standard(high) == high &&
           io_above_standard(-1) == -1;
}

static bool fills_closed_streams(void)
{
    struct stat null_status, status;
    close(0);
    close(2);
    if (stat("/dev/null", &null_status) != 0 || !io_open_null_on_standard())
        return false;
    for (int fd = 0; fd < 3; fd += 2) {
        if (fstat(fd, &status) != 0 || status.st_rdev != null_status.st_rdev || (fcntl(fd, F_GETFD) & FD_CLOEXEC) ||
            (fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDWR)
            return false;
    }
    return true;
}

static bool fills_all_streams(void)
{
    close(0);
    close(1);
    close(2);
    return io_open_null_on_standard() && is_open(0) && is_open(1) && is_open(2);
}

static bool leaves_open_streams_alone(void)
{
    struct stat before, after;
    return fstat(1, &before) == 0 && io_open_null_on_standard() && fstat(1, &after) == 0 && before.st_ino == after.st_ino;
}

TEST(standard_descriptors)
{
    CHECK(holds_in_child(moves_above_standard));
    CHECK(holds_in_child(fills_closed_streams));
    CHECK(holds_in_child(fills_all_streams));
    CHECK(holds_in_child(leaves_open_streams_alone));
}

static const struct check_test tests[] = {CASE(reads_files_up_to_the_ceiling), CASE(refuses_what_is_no_file_of_ours), CASE(writes_all),
                                          CASE(interrupted_writes_go_on), CASE(standard_descriptors)};

int main(void)
{
    enter_folder();
    const int result = check_run(tests, sizeof tests / sizeof *tests);
    leave_folder();
    return result;
}
