/* A temporary folder for a unit test, and files in it. Anything that goes wrong here ends the program: no test can go on without it. */
#ifndef SPANHOOK_TESTS_UNIT_TEMPORARY_H
#define SPANHOOK_TESTS_UNIT_TEMPORARY_H

#include "base/slice.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct temporary {
    char path[64];
    int folder;
};

static inline void temporary_require(bool condition, const char *what)
{
    if (condition)
        return;
    perror(what);
    exit(2);
}

static inline struct temporary temporary_new(void)
{
    struct temporary temporary = {"/tmp/spanhook-unit-XXXXXX", -1};
    temporary_require(mkdtemp(temporary.path) != NULL, "mkdtemp");
    temporary.folder = open(temporary.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    temporary_require(temporary.folder >= 0, "open temporary folder");
    return temporary;
}

static inline void temporary_empty(int folder)
{
    const int own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = own < 0 ? NULL : fdopendir(own);
    const struct dirent *item;
    if (!listing) {
        perror("list temporary folder");
        exit(2);
    }
    while ((item = readdir(listing))) {
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
            continue;
        if (unlinkat(folder, item->d_name, 0) == 0)
            continue;
        const int inner = openat(folder, item->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (inner >= 0) {
            temporary_empty(inner);
            close(inner);
        }
        unlinkat(folder, item->d_name, AT_REMOVEDIR);
    }
    closedir(listing);
}

static inline void temporary_free(struct temporary *temporary)
{
    temporary_empty(temporary->folder);
    close(temporary->folder);
    rmdir(temporary->path);
}

static inline void temporary_write(int folder, const char *name, int flags, struct slice content)
{
    const int file = openat(folder, name, O_WRONLY | O_CREAT | flags, 0600);
    temporary_require(file >= 0 && write(file, content.data, content.length) == (ssize_t)content.length, name);
    close(file);
}

/* The file's content in the caller's storage. */
static inline struct slice temporary_read(int folder, const char *name, char *storage, size_t size)
{
    const int file = openat(folder, name, O_RDONLY);
    const ssize_t count = file < 0 ? 0 : read(file, storage, size);
    if (file >= 0)
        close(file);
    return (struct slice){storage, count < 0 ? 0 : (size_t)count};
}

static inline void temporary_cut(int folder, const char *name, off_t length)
{
    const int file = openat(folder, name, O_WRONLY | O_CREAT, 0600);
    temporary_require(file >= 0 && ftruncate(file, length) == 0, name);
    close(file);
}

/* -1 if there is none. */
static inline long long temporary_size(int folder, const char *name)
{
    struct stat status;
    return fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 ? (long long)status.st_size : -1;
}

static inline void temporary_age(int folder, const char *name, unsigned seconds)
{
    struct timespec times[2];
    temporary_require(clock_gettime(CLOCK_REALTIME, &times[0]) == 0, "clock");
    times[0].tv_sec -= (time_t)seconds;
    times[1] = times[0];
    temporary_require(utimensat(folder, name, times, AT_SYMLINK_NOFOLLOW) == 0, name);
}

/* How many entries have names that begin so. */
static inline unsigned temporary_count(int folder, const char *prefix)
{
    unsigned count = 0;
    const struct dirent *item;
    const int own = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = own < 0 ? NULL : fdopendir(own);
    if (!listing) {
        perror("list temporary folder");
        exit(2);
    }
    while ((item = readdir(listing)))
        count += item->d_name[0] != '.' && strncmp(item->d_name, prefix, strlen(prefix)) == 0;
    closedir(listing);
    return count;
}

/* Runs `run` in a process of its own; its exit status, or 1000 + the signal that ended it. */
static inline int temporary_in_child(int (*run)(void *context), void *context)
{
    int status = 0;
    fflush(stdout);
    const pid_t child = fork();
    temporary_require(child >= 0, "fork");
    if (child == 0)
        _exit(run(context));
    temporary_require(waitpid(child, &status, 0) == child, "wait");
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

#endif
