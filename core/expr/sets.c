/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/sets.h"

#include "expr/value.h"

#include <errno.h>
#include <string.h>

static bool grow(struct twins *seen)
{
        struct twins larger = { NULL, seen->capacity ? seen->capacity * 2 : 32, seen->used };

        larger.slots = calloc(larger.capacity, sizeof *larger.slots);
        if (!larger.slots)
                return false;
        for (size_t i = 0; i < seen->capacity; i++) {
                size_t k = seen->slots[i].hash & (larger.capacity - 1);

                if (!seen->slots[i].value)
                        continue;
                while (larger.slots[k].value)
                        k = (k + 1) & (larger.capacity - 1);
                larger.slots[k] = seen->slots[i];
        }
        free(seen->slots);
        *seen = larger;
        return true;
}

int twins_add(struct run *run, struct twins *seen, json_t *value, size_t *ret_number)
{
        uint64_t hash = value_hash(run, value);
        size_t i;

        if (run->failure)
                return -1;
        if (seen->used * 2 >= seen->capacity && !grow(seen)) {
                run_no_memory(run);
                return -1;
        }
        for (i = hash & (seen->capacity - 1); seen->slots[i].value;
             i = (i + 1) & (seen->capacity - 1))
                if (seen->slots[i].hash == hash &&
                    value_equal(run, seen->slots[i].value, value)) {
                        *ret_number = seen->slots[i].number;
                        return 1;
                }
        if (run->failure)
                return -1;
        *ret_number = seen->used++;
        seen->slots[i] = (struct twins_slot){ hash, value, *ret_number };
        return 0;
}

void twins_deinit(struct twins *seen)
{
        free(seen->slots);
}

#define _twins_ __attribute__((cleanup(twins_deinit)))

/* Those of list that are not in seen yet; in seen afterwards. */
static bool add_new(struct run *run, struct twins *seen, const json_t *list, json_t *made)
{
        json_t *item;
        size_t i, number;
        int r;

        json_array_foreach((json_t *)list, i, item) {
                r = twins_add(run, seen, item, &number);
                if (r < 0 || (r == 0 && made && !run_append(run, made, item)))
                        return false;
        }
        return true;
}

json_t *sets_of(struct run *run, const json_t *a, const json_t *b)
{
        _twins_ struct twins seen = { 0 };
        json_t *made = run_list(run);

        if (!made || !add_new(run, &seen, a, made) || (b && !add_new(run, &seen, b, made)))
                return NULL;
        return run_nature(run, made, NATURE_SET);
}

static bool is_set(const struct run *run, const json_t *value)
{
        return nature_kind(&run->natures, value) == NATURE_SET;
}

json_t *sets_chain(struct run *run, json_t *a, json_t *b)
{
        return is_set(run, a) && is_set(run, b) ? sets_of(run, a, b) : value_chain(run, a, b);
}

json_t *sets_without(struct run *run, json_t *a, json_t *b)
{
        _twins_ struct twins seen = { 0 };
        json_t *made = run_list(run);

        if (!is_set(run, a) || !is_set(run, b))
                return run_raise(run, "NoMatchingFunctionException",
                                 "No function \"#operator_-\" matches supplied arguments");
        if (!made || !add_new(run, &seen, b, NULL) || !add_new(run, &seen, a, made))
                return NULL;
        return run_nature(run, made, NATURE_SET);
}

json_t *sets_below(struct run *run, json_t *a, json_t *b, const char *operator)
{
        size_t na = json_array_size(a), nb = json_array_size(b);
        json_t *rest;

        if (!is_set(run, a) || !is_set(run, b))
                return run_raise(run, "NoMatchingFunctionException",
                                 "No function \"#operator_%s\" matches supplied arguments",
                                 operator);
        rest = sets_without(run, a, b);
        return rest ? run_bool(!json_array_size(rest) && (operator[1] == '=' || na < nb)) : NULL;
}
