/* SPDX-License-Identifier: Apache-2.0 */

/* A hash map from text to pointer. Keys are copied, values are the caller's. Not locked. */

#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stddef.h>

struct map {
        struct map_slot *slots;
        size_t capacity, used;
};

#define MAP_INIT { NULL, 0, 0 }

void *map_get(const struct map *map, const char *key); /* NULL where there is none */
/* 0 or -ENOMEM; *ret_old (may be NULL) gets the value that was replaced, or NULL. */
int map_put(struct map *map, const char *key, void *value, void **ret_old);
void *map_remove(struct map *map, const char *key);                     /* the value, or NULL */
/*
 * Walk in no order: `for (size_t i = 0; map_next(&m, &i, &key, &value);)`. Do not change it
 * meanwhile.
 */
int map_next(const struct map *map, size_t *at, const char **ret_key, void **ret_value);
/* Frees the keys and, where free_value is given, the values. */
void map_deinit(struct map *map, void (*free_value)(void *));

#endif
