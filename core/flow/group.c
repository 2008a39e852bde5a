/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Every constant of a path has a number, and a row of numbers leads from state to state, as in an
 * automaton, to a chain of rules. An event's values are looked up among the constants, which are
 * few and stay in the cache, however many rules there are; the only memory that grows with the
 * rules is touched once a path. Comparing with the constants of each rule instead cost three times
 * as much with a hundred thousand rules as with a hundred.
 */
#include "flow/group.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "flow/rule_criteria.h"

#include <errno.h>
#include <string.h>

/* From 64 bits to a number from 1; open addressing, one key may be there several times. */
struct slot {
        uint64_t key;
        uint32_t value;                 /* 0: empty */
};

struct table {
        struct slot *slots;
        size_t capacity, used;
};

struct constants {
        struct table table;             /* by hash */
        const json_t **list;            /* number 1 is list[0] */
        uint32_t n;
};

struct link {
        const struct rule *rule;
        uint32_t next;                  /* place from 1, 0: the end */
        uint32_t known;
};

struct group {
        const struct path **paths;
        struct constants *constants;    /* of each path */
        size_t n;
        struct table steps;             /* state and number to state; of the last path, to a link */
        uint32_t states;
        struct link *links;
        uint32_t links_n;
};

static uint64_t spread(uint64_t key)
{
        key *= 0x9e3779b97f4a7c15u;
        return key ^ key >> 32;
}

static struct slot *probe(const struct table *table, uint64_t key, size_t *at)
{
        *at = (*at + 1) & (table->capacity - 1);
        while (table->slots[*at].value && table->slots[*at].key != key)
                *at = (*at + 1) & (table->capacity - 1);
        return table->slots[*at].value ? &table->slots[*at] : NULL;
}

/* The first slot of key, or NULL; *at is where to go on, or where it would be put. */
static struct slot *table_find(const struct table *table, uint64_t key, size_t *at)
{
        if (!table->capacity)
                return NULL;
        *at = spread(key) - 1;
        return probe(table, key, at);
}

static void place(struct table *table, struct slot slot)
{
        size_t at = spread(slot.key) & (table->capacity - 1);

        while (table->slots[at].value)
                at = (at + 1) & (table->capacity - 1);
        table->slots[at] = slot;
}

static int table_add(struct table *table, uint64_t key, uint32_t value)
{
        if (table->used * 2 >= table->capacity) {
                struct table bigger = { NULL, table->capacity ? table->capacity * 2 : 8,
                                        table->used };

                bigger.slots = calloc(bigger.capacity, sizeof *bigger.slots);
                if (!bigger.slots)
                        return -ENOMEM;
                for (size_t i = 0; i < table->capacity; i++)
                        if (table->slots[i].value)
                                place(&bigger, table->slots[i]);
                free(table->slots);
                *table = bigger;
        }
        place(table, (struct slot){ key, value });
        table->used++;
        return 0;
}

static void *grow(void *list, size_t n, size_t size)
{
        return n & (n - 1) ? list : reallocarray(list, n ? n * 2 : 1, size);
}

/* The number of an equal constant, or 0. */
static uint32_t constant_find(const struct constants *constants, uint64_t hash, const json_t *value)
{
        size_t at;

        for (const struct slot *slot = table_find(&constants->table, hash, &at); slot;
             slot = probe(&constants->table, hash, &at))
                if (json_same(constants->list[slot->value - 1], value, JSON_SAME_PYTHON))
                        return slot->value;
        return 0;
}

static int constant_number(struct constants *constants, const json_t *value, uint32_t *ret)
{
        uint64_t hash = json_hash(value, JSON_SAME_PYTHON);
        const json_t **list;

        *ret = constant_find(constants, hash, value);
        if (*ret)
                return 0;
        list = grow(constants->list, constants->n, sizeof *list);
        if (!list)
                return -ENOMEM;
        constants->list = list;
        list[constants->n] = value;
        *ret = ++constants->n;
        return table_add(&constants->table, hash, *ret);
}

struct group *group_new(const struct path *const *paths, size_t n)
{
        struct group *group = calloc(1, sizeof *group);

        if (!group)
                return NULL;
        group->paths = calloc(n, sizeof *group->paths);
        group->constants = calloc(n, sizeof *group->constants);
        if (!group->paths || !group->constants)
                return group_free(group);
        memcpy(group->paths, paths, n * sizeof *paths);
        group->n = n;
        return group;
}

struct group *group_free(struct group *group)
{
        if (!group)
                return NULL;
        for (size_t i = 0; i < group->n; i++) {
                free(group->constants[i].table.slots);
                free(group->constants[i].list);
        }
        free(group->constants);
        free(group->paths);
        free(group->steps.slots);
        free(group->links);
        free(group);
        return NULL;
}

static uint64_t step_key(uint32_t state, uint32_t number)
{
        return (uint64_t)state << 32 | number;
}

static uint32_t known_of(const struct rule *rule)
{
        return (rule_is_backstop(rule) ? GROUP_RULE_BACKSTOP : 0) |
                (criteria_count_rest(rule_criteria(rule)) ? 0 : GROUP_RULE_SETTLED);
}

/* Put the rule in front of the chain that a slot of the last path leads to. */
static int add_link(struct group *group, uint64_t key, const struct rule *rule)
{
        struct link *links = grow(group->links, group->links_n, sizeof *links);
        struct slot *slot;
        size_t at;

        if (!links)
                return -ENOMEM;
        group->links = links;
        slot = table_find(&group->steps, key, &at);
        links[group->links_n++] = (struct link){ rule, slot ? slot->value : 0, known_of(rule) };
        if (!slot)
                return table_add(&group->steps, key, group->links_n);
        slot->value = group->links_n;
        return 0;
}

int group_add(struct group *group, const json_t *const *constants, const struct rule *rule)
{
        uint32_t state = 0, number;

        for (size_t i = 0; i < group->n; i++) {
                const struct slot *slot;
                size_t at;
                int r = constant_number(&group->constants[i], constants[i], &number);

                if (r)
                        return r;
                if (i + 1 == group->n)
                        return add_link(group, step_key(state, number), rule);
                slot = table_find(&group->steps, step_key(state, number), &at);
                if (!slot)
                        r = table_add(&group->steps, step_key(state, number), ++group->states);
                if (r)
                        return r;
                state = slot ? slot->value : group->states;
        }
        return 0;
}

/* What the values at the paths lead to: the first link, or 0. */
static uint32_t group_find(const struct group *group, const json_t *scope)
{
        uint32_t state = 0;

        for (size_t i = 0; i < group->n; i++) {
                const json_t *value = path_find(group->paths[i], scope);
                const struct slot *slot;
                uint32_t number;
                size_t at;

                if (!value)
                        return 0;
                number = constant_find(&group->constants[i], json_hash(value, JSON_SAME_PYTHON),
                                       value);
                slot = number ? table_find(&group->steps, step_key(state, number), &at) : NULL;
                if (!slot)
                        return 0;
                state = slot->value;
        }
        return state;
}

int group_visit(const struct group *group, const json_t *scope, group_visitor *visit, void *arg)
{
        int r = 0;

        for (uint32_t i = group_find(group, scope); i && !r; i = group->links[i - 1].next)
                r = visit(arg, group->links[i - 1].rule, group->links[i - 1].known);
        return r;
}
