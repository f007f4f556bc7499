#include "store/counters.h"

#include "base/slice.h"
#include "store/state.h"
#include "trace/ids.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define COUNTERS_NAME "counters"
#define COUNTERS_SIZE 4096
static const char magic[8] = "SPHKCNT1";

struct counters {
    char magic[sizeof magic];
    uint64_t values[COUNTER_COUNT];
};

static const char *const names[] = {
#define COUNTER_NAME(name, text, help) text,
    COUNTERS(COUNTER_NAME)
#undef COUNTER_NAME
};
static const char *const helps[] = {
#define COUNTER_HELP(name, text, help) help,
    COUNTERS(COUNTER_HELP)
#undef COUNTER_HELP
};

const char *counter_name(enum counter counter)
{
    return names[counter];
}

const char *counter_help(enum counter counter)
{
    return helps[counter];
}

/* All blocks are there from the start: on a full disk a store into a hole would kill the process. */
static bool fill(int file)
{
    char block[COUNTERS_SIZE] = {0};
    memcpy(block, magic, sizeof magic);
    return write(file, block, sizeof block) == (ssize_t)sizeof block;
}

/* A new file becomes visible whole or not at all, and never replaces one that another process made in the meantime. */
static void create(int ops_folder, bool replace)
{
    char temporary[40], id[SPAN_ID_HEX + 1];
    span_id_new((uint64_t)getpid(), id);
    snprintf(temporary, sizeof temporary, "t-%s", id);
    const int file = state_open_file(ops_folder, temporary, O_RDWR | O_CREAT | O_EXCL);
    if (file < 0)
        return;
    if (!fill(file) || (replace ? renameat(ops_folder, temporary, ops_folder, COUNTERS_NAME)
                                : linkat(ops_folder, temporary, ops_folder, COUNTERS_NAME, 0)) != 0 || !replace)
        unlinkat(ops_folder, temporary, 0);
    close(file);
}

static struct counters *map_file(int file)
{
    struct stat status;
    if (fstat(file, &status) != 0 || status.st_size != COUNTERS_SIZE)
        return NULL;
    void *address = mmap(NULL, COUNTERS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (address == MAP_FAILED)
        return NULL;
    if (memcmp(address, magic, sizeof magic) != 0) {
        munmap(address, COUNTERS_SIZE);
        return NULL;
    }
    return address;
}

struct counters *counters_open(int ops_folder)
{
    for (int attempt = 0; attempt < 3; attempt++) {
        const int file = openat(ops_folder, COUNTERS_NAME, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
        if (file >= 0) {
            struct counters *map = map_file(file);
            close(file);
            if (map)
                return map;
        }
        create(ops_folder, file >= 0);
    }
    return NULL;
}

void counters_add(struct counters *map, enum counter counter, uint64_t amount)
{
    if (map)
        __atomic_fetch_add(&map->values[counter], amount, __ATOMIC_RELAXED);
}

void counters_close(struct counters *map)
{
    if (map)
        munmap(map, COUNTERS_SIZE);
}

void counter_add(int ops_folder, enum counter counter, uint64_t amount)
{
    struct counters *map = counters_open(ops_folder);
    counters_add(map, counter, amount);
    counters_close(map);
}

bool counters_read(int ops_folder, uint64_t values[static COUNTER_COUNT])
{
    struct counters *map = NULL;
    const int file = openat(ops_folder, COUNTERS_NAME, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    memset(values, 0, COUNTER_COUNT * sizeof *values);
    if (file >= 0) {
        map = map_file(file);
        close(file);
    }
    if (!map)
        return false;
    for (unsigned i = 0; i < COUNTER_COUNT; i++)
        values[i] = __atomic_load_n(&map->values[i], __ATOMIC_RELAXED);
    counters_close(map);
    return true;
}
