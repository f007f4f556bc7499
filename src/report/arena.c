#include "report/arena.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE (256 * 1024)

struct arena_block {
    struct arena_block *older;
    size_t size, taken;
    _Alignas(max_align_t) char data[];
};

void arena_init(struct arena *arena, size_t ceiling)
{
    *arena = (struct arena){NULL, 0, ceiling};
}

void arena_free(struct arena *arena)
{
    while (arena->newest) {
        struct arena_block *older = arena->newest->older;
        free(arena->newest);
        arena->newest = older;
    }
    arena->used = 0;
}

void *arena_take(struct arena *arena, size_t size)
{
    struct arena_block *block = arena->newest;

    if (size > arena->ceiling)
        return NULL;
    size = (size + _Alignof(max_align_t) - 1) / _Alignof(max_align_t) * _Alignof(max_align_t);
    if (!block || size > block->size - block->taken) {
        const size_t block_size = size > BLOCK_SIZE ? size : BLOCK_SIZE;
        if (block_size > arena->ceiling - arena->used)
            return NULL;
        block = malloc(sizeof *block + block_size);
        if (!block)
            return NULL;
        *block = (struct arena_block){.older = arena->newest, .size = block_size};
        arena->newest = block;
        arena->used += block_size;
    }
    void *taken = block->data + block->taken;
    block->taken += size;
    return taken;
}

bool arena_copy(struct arena *arena, struct slice text, struct slice *copy)
{
    *copy = (struct slice){NULL, 0};
    if (text.length == 0)
        return true;
    char *data = arena_take(arena, text.length);
    if (!data)
        return false;
    memcpy(data, text.data, text.length);
    *copy = (struct slice){data, text.length};
    return true;
}
