/* A hash table from ids of at most 128 bits to small numbers. */
#ifndef SPANHOOK_REPORT_ID_MAP_H
#define SPANHOOK_REPORT_ID_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct id_map_slot {
    uint64_t high, low;
    uint32_t value;
    bool taken;
};

struct id_map {
    struct id_map_slot *slots;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

void id_map_init(struct id_map *map);
void id_map_free(struct id_map *map);
/* Where the value of that id stands, until the next id_map_put; NULL if there is none. */
uint32_t *id_map_find(const struct id_map *map, uint64_t high, uint64_t low);
/* The same, adding the id with `value` where it is new (*added, NULL allowed). NULL if memory is short. */
uint32_t *id_map_put(struct id_map *map, uint64_t high, uint64_t low, uint32_t value, bool *added);

#endif
