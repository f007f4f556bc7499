#include "store/counters.h"

#include "base/clock.h"
#include "store/file.h"
#include "store/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#define COUNTERS_NAME "counters"
#define COUNTERS_MAGIC UINT64_C(0x31746e756f637073) /* "spcount1", read as a little-endian number */
#define COUNTERS_FILE_SIZE 4096
#define COUNTERS_SLOTS (COUNTERS_FILE_SIZE / sizeof(uint64_t) - 8)
#define OPEN_TRIES 8

/* The file, in the machine's byte order: it never leaves the machine. */
struct counters_file {
    uint64_t magic;
    uint64_t reserved[6];
    uint64_t touched; /* see can_be_written */
    uint64_t values[COUNTERS_SLOTS];
};
_Static_assert(sizeof(struct counters_file) == COUNTERS_FILE_SIZE, "the file is one page");
_Static_assert(COUNTER_COUNT <= COUNTERS_SLOTS, "every counter has its place");

struct counters {
    int descriptor;
    struct counters_file *file;
};

/* ---- the file ------------------------------------------------------------------------------------------------------------------ */

static bool is_sound(int descriptor, const struct stat *status)
{
    uint64_t magic = 0;
    return status->st_size == COUNTERS_FILE_SIZE && file_read_at(descriptor, &magic, sizeof magic, 0) == (ssize_t)sizeof magic &&
           magic == COUNTERS_MAGIC;
}

/* Written whole, holes and all, so that it has its place on the disk before the disk is full. */
static bool fill(int descriptor)
{
    static const struct counters_file empty = {.magic = COUNTERS_MAGIC};
    return file_write_at(descriptor, &empty, sizeof empty, 0);
}

/* Under a lock on the damaged file: what has its name by now may be the sound file of another process. */
static bool replace(int ops_folder, const char *name, int damaged, const struct stat *damaged_status)
{
    struct stat named;
    if (flock(damaged, LOCK_EX | LOCK_NB) != 0) {
        const bool busy = errno == EWOULDBLOCK;
        clock_sleep_milliseconds(1);
        return busy;
    }
    if (fstatat(ops_folder, COUNTERS_NAME, &named, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT;
    return !file_is_same(&named, damaged_status) || renameat(ops_folder, name, ops_folder, COUNTERS_NAME) == 0;
}

/* Puts a new file in the place of `damaged`, or of none (-1): of any number of processes that try, one comes through. */
static bool make_file(int ops_folder, int damaged, const struct stat *damaged_status)
{
    char name[FILE_TEMPORARY_MAX];
    bool made;

    const int descriptor = file_create_temporary(ops_folder, COUNTERS_NAME, name);
    if (descriptor < 0)
        return false;
    if (!fill(descriptor))
        made = false;
    else if (damaged < 0)
        made = file_rename_to_new(ops_folder, name, COUNTERS_NAME) || errno == EEXIST;
    else
        made = replace(ops_folder, name, damaged, damaged_status);
    close(descriptor);
    unlinkat(ops_folder, name, 0); /* gone already if it was renamed */
    return made;
}

static int open_file(int ops_folder)
{
    struct stat status;
    for (int try = 0; try < OPEN_TRIES; try++) {
        const int descriptor = state_open_file_with_status(ops_folder, COUNTERS_NAME, O_RDWR, &status);
        if (descriptor < 0 && errno != ENOENT)
            return -1;
        if (descriptor >= 0 && is_sound(descriptor, &status))
            return descriptor;
        const bool made = make_file(ops_folder, descriptor, &status);
        if (descriptor >= 0)
            close(descriptor);
        if (!made)
            return -1;
    }
    return -1;
}

static bool open_map(int ops_folder, struct counters *map)
{
    map->descriptor = open_file(ops_folder);
    if (map->descriptor < 0)
        return false;
    void *address = mmap(NULL, COUNTERS_FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, map->descriptor, 0);
    if (address != MAP_FAILED) {
        map->file = address;
        return true;
    }
    close(map->descriptor);
    return false;
}

static void close_map(struct counters *map)
{
    munmap(map->file, COUNTERS_FILE_SIZE);
    close(map->descriptor);
}

/* A store to the mapping raises SIGBUS when the file was cut, or when a copy-on-write file system has no room for the page. The kernel's
 * own store, of what stands there already, fails with EFAULT instead and leaves the page ready. */
static bool can_be_written(const struct counters *map)
{
    return pread(map->descriptor, &map->file->touched, sizeof map->file->touched, offsetof(struct counters_file, touched)) ==
           (ssize_t)sizeof map->file->touched;
}

static void add(struct counters *map, enum counter counter, uint64_t amount)
{
    if (can_be_written(map))
        __atomic_fetch_add(&map->file->values[counter], amount, __ATOMIC_RELAXED);
}

/* ---- the interface ------------------------------------------------------------------------------------------------------------- */

void counters_create(int ops_folder)
{
    const int descriptor = open_file(ops_folder);
    if (descriptor >= 0)
        close(descriptor);
}

void counter_add(int ops_folder, enum counter counter, uint64_t amount)
{
    struct counters map;
    if (!open_map(ops_folder, &map))
        return;
    add(&map, counter, amount);
    close_map(&map);
}

struct counters *counters_open(int ops_folder)
{
    struct counters *map = malloc(sizeof *map);
    if (map && open_map(ops_folder, map))
        return map;
    free(map);
    return NULL;
}

void counters_add(struct counters *map, enum counter counter, uint64_t amount)
{
    if (map)
        add(map, counter, amount);
}

void counters_close(struct counters *map)
{
    if (!map)
        return;
    close_map(map);
    free(map);
}

bool counters_read(int ops_folder, uint64_t values[static COUNTER_COUNT])
{
    struct counters_file file = {0};
    struct stat status;

    memset(values, 0, COUNTER_COUNT * sizeof *values);
    const int descriptor = state_open_file_with_status(ops_folder, COUNTERS_NAME, O_RDONLY, &status);
    if (descriptor < 0)
        return false;
    const bool read = is_sound(descriptor, &status) && file_read_at(descriptor, &file, sizeof file, 0) == (ssize_t)sizeof file;
    close(descriptor);
    if (read)
        memcpy(values, file.values, COUNTER_COUNT * sizeof *values);
    return read;
}

static const struct {
    const char *name, *help;
} texts[COUNTER_COUNT] = {
#define COUNTER_TEXT(name, text, help) [COUNTER_##name] = {text, help},
    COUNTERS(COUNTER_TEXT)
#undef COUNTER_TEXT
};

const char *counter_name(enum counter counter)
{
    return texts[counter].name;
}

const char *counter_help(enum counter counter)
{
    return texts[counter].help;
}
