/* SPDX-License-Identifier: Apache-2.0 */

/* Open addressing with linear probing and backward-shift deletion: no tombstones, so a map that is
 * filled and emptied for years keeps its speed. */
#include "base/map.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct map_slot {
        char *key;
        uint64_t hash;
        void *value;
};

static uint64_t hash_text(const char *s)
{
        uint64_t h = 0xcbf29ce484222325u;

        for (; *s; s++)
                h = (h ^ (uint8_t)*s) * 0x100000001b3u;
        return h ^ h >> 32;
}

static size_t probe(const struct map *map, const char *key, uint64_t hash)
{
        size_t mask = map->capacity - 1, i = hash & mask;

        while (map->slots[i].key &&
               (map->slots[i].hash != hash || strcmp(map->slots[i].key, key) != 0))
                i = (i + 1) & mask;
        return i;
}

void *map_get(const struct map *map, const char *key)
{
        return map->used ? map->slots[probe(map, key, hash_text(key))].value : NULL;
}

static int grow(struct map *map)
{
        struct map bigger = { NULL, map->capacity ? map->capacity * 2 : 16, map->used };

        bigger.slots = calloc(bigger.capacity, sizeof *bigger.slots);
        if (!bigger.slots)
                return -ENOMEM;
        for (size_t i = 0; i < map->capacity; i++)
                if (map->slots[i].key)
                        bigger.slots[probe(&bigger, map->slots[i].key, map->slots[i].hash)] =
                                map->slots[i];
        free(map->slots);
        *map = bigger;
        return 0;
}

int map_put(struct map *map, const char *key, void *value, void **ret_old)
{
        uint64_t hash = hash_text(key);
        struct map_slot *slot;

        if (map->used * 4 >= map->capacity * 3 && grow(map) < 0)
                return -ENOMEM;
        slot = &map->slots[probe(map, key, hash)];
        if (ret_old)
                *ret_old = slot->value;
        if (!slot->key) {
                slot->key = strdup(key);
                if (!slot->key)
                        return -ENOMEM;
                slot->hash = hash;
                map->used++;
        }
        slot->value = value;
        return 0;
}

void *map_remove(struct map *map, const char *key)
{
        size_t mask = map->capacity - 1, hole, next;
        void *value;

        if (!map->used)
                return NULL;
        hole = probe(map, key, hash_text(key));
        if (!map->slots[hole].key)
                return NULL;
        value = map->slots[hole].value;
        free(map->slots[hole].key);
        map->used--;
        for (next = (hole + 1) & mask; map->slots[next].key; next = (next + 1) & mask) {
                size_t home = map->slots[next].hash & mask;

                if (((next - home) & mask) < ((next - hole) & mask))
                        continue;
                map->slots[hole] = map->slots[next];
                hole = next;
        }
        memset(&map->slots[hole], 0, sizeof map->slots[hole]);
        return value;
}

int map_next(const struct map *map, size_t *at, const char **ret_key, void **ret_value)
{
        for (; *at < map->capacity; (*at)++) {
                if (!map->slots[*at].key)
                        continue;
                if (ret_key)
                        *ret_key = map->slots[*at].key;
                if (ret_value)
                        *ret_value = map->slots[*at].value;
                (*at)++;
                return 1;
        }
        return 0;
}

void map_deinit(struct map *map, void (*free_value)(void *))
{
        for (size_t i = 0; i < map->capacity; i++) {
                if (!map->slots[i].key)
                        continue;
                free(map->slots[i].key);
                if (free_value)
                        free_value(map->slots[i].value);
        }
        free(map->slots);
        memset(map, 0, sizeof *map);
}
