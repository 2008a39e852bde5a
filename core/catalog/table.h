/* SPDX-License-Identifier: Apache-2.0 */

/* Rows by name while a catalog is built, and in the order of their names once it stands. */

#ifndef CATALOG_TABLE_H
#define CATALOG_TABLE_H

#include "base/map.h"

struct table_row {
        const char *key;
        void *value;
};

struct table {
        struct map map;
        struct table_row *sorted;       /* NULL before table_sort() */
        size_t n;
};

void *table_get(const struct table *table, const char *key);
int table_put(struct table *table, const char *key, void *value);       /* 0 or -ENOMEM */
int table_sort(struct table *table); /* 0 or -ENOMEM; nothing is put after it */
int table_each(const struct table *table, int (*visit)(void *arg, void *value), void *arg);
/* "a, b, c" for an error; new string, NULL when out of memory. */
char *table_names(const struct table *table);
/* The name that was probably meant, or NULL. Borrowed. */
const char *table_nearest(const struct table *table, const char *key);
void table_deinit(struct table *table, void (*free_value)(void *));

#endif
