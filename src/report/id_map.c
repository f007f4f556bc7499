#include "report/id_map.h"

#include <stdlib.h>

#define FIRST_CAPACITY 256

void id_map_init(struct id_map *map)
{
    *map = (struct id_map){NULL, 0, 0};
}

void id_map_free(struct id_map *map)
{
    free(map->slots);
    id_map_init(map);
}

/* The slot of that id, or the free one where it belongs. There is always a free one. */
static struct id_map_slot *slot_of(const struct id_map *map, uint64_t high, uint64_t low)
{
    uint64_t hash = (high ^ low * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xd6e8feb86659fd93);
    hash ^= hash >> 32;
    size_t at = (size_t)hash & (map->capacity - 1);
    while (map->slots[at].taken && (map->slots[at].high != high || map->slots[at].low != low))
        at = (at + 1) & (map->capacity - 1);
    return &map->slots[at];
}

static bool grow(struct id_map *map)
{
    struct id_map larger = {.capacity = map->capacity ? 2 * map->capacity : FIRST_CAPACITY, .count = map->count};
    larger.slots = calloc(larger.capacity, sizeof *larger.slots);
    if (!larger.slots)
        return false;
    for (size_t i = 0; i < map->capacity; i++)
        if (map->slots[i].taken)
            *slot_of(&larger, map->slots[i].high, map->slots[i].low) = map->slots[i];
    free(map->slots);
    *map = larger;
    return true;
}

uint32_t *id_map_find(const struct id_map *map, uint64_t high, uint64_t low)
{
    if (map->count == 0)
        return NULL;
    struct id_map_slot *slot = slot_of(map, high, low);
    return slot->taken ? &slot->value : NULL;
}

uint32_t *id_map_put(struct id_map *map, uint64_t high, uint64_t low, uint32_t value, bool *added)
{
    if (map->count >= map->capacity / 4 * 3 && !grow(map))
        return NULL;
    struct id_map_slot *slot = slot_of(map, high, low);
    if (added)
        *added = !slot->taken;
    if (!slot->taken) {
        *slot = (struct id_map_slot){high, low, value, true};
        map->count++;
    }
    return &slot->value;
}
