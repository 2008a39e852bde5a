/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/table.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void *table_get(const struct table *table, const char *key)
{
        return map_get(&table->map, key);
}

int table_put(struct table *table, const char *key, void *value)
{
        return map_put(&table->map, key, value, NULL);
}

static int by_key(const void *a, const void *b)
{
        const struct table_row *x = a, *y = b;

        return strcmp(x->key, y->key);
}

int table_sort(struct table *table)
{
        const char *key;
        void *value;

        free(table->sorted);
        table->n = 0;
        table->sorted = calloc(table->map.used + 1, sizeof *table->sorted);
        if (!table->sorted)
                return -ENOMEM;
        for (size_t i = 0; map_next(&table->map, &i, &key, &value);)
                table->sorted[table->n++] = (struct table_row){ key, value };
        qsort(table->sorted, table->n, sizeof *table->sorted, by_key);
        return 0;
}

int table_each(const struct table *table, int (*visit)(void *arg, void *value), void *arg)
{
        int r = 0;

        for (size_t i = 0; i < table->n && r == 0; i++)
                r = visit(arg, table->sorted[i].value);
        return r;
}

/* For errors, which are rare: a sorted copy, whether or not the table is finished. */
static size_t copy_sorted(const struct table *table, struct table *ret)
{
        *ret = (struct table){ table->map, NULL, 0 };
        return table_sort(ret) < 0 ? 0 : ret->n;
}

char *table_names(const struct table *table)
{
        _text_ struct text names = TEXT_INIT;
        struct table copy;
        size_t n = copy_sorted(table, &copy);

        for (size_t i = 0; i < n; i++)
                text_addf(&names, "%s%s", i ? ", " : "", copy.sorted[i].key);
        free(copy.sorted);
        return text_take(&names);
}

const char *table_nearest(const struct table *table, const char *key)
{
        _free_ const char **candidates = NULL;
        struct table copy;
        size_t n = copy_sorted(table, &copy);

        candidates = calloc(n + 1, sizeof *candidates);
        for (size_t i = 0; candidates && i < n; i++)
                candidates[i] = copy.sorted[i].key;
        free(copy.sorted);
        return candidates ? text_nearest(key, candidates) : NULL;
}

void table_deinit(struct table *table, void (*free_value)(void *))
{
        free(table->sorted);
        table->sorted = NULL;
        map_deinit(&table->map, free_value);
}
