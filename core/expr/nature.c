/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/nature.h"

#include <errno.h>
#include <stdlib.h>

static size_t slot_of(const struct natures *natures, const json_t *value)
{
        uint64_t key = (uint64_t)(uintptr_t)value >> 4;
        size_t i = (size_t)((key * 0x9e3779b97f4a7c15u) >> 32) & (natures->capacity - 1);

        while (natures->slots[i].value && natures->slots[i].value != value)
                i = (i + 1) & (natures->capacity - 1);
        return i;
}

static int grow(struct natures *natures)
{
        struct natures larger = *natures;

        larger.capacity = natures->capacity ? natures->capacity * 2 : 16;
        larger.slots = calloc(larger.capacity, sizeof *larger.slots);
        if (!larger.slots)
                return -ENOMEM;
        for (size_t i = 0; i < natures->capacity; i++)
                if (natures->slots[i].value)
                        larger.slots[slot_of(&larger, natures->slots[i].value)] = natures->slots[i];
        free(natures->slots);
        *natures = larger;
        return 0;
}

int nature_set(struct natures *natures, const struct nature *nature)
{
        size_t i;

        if (natures->used * 2 >= natures->capacity && grow(natures) < 0)
                return -ENOMEM;
        i = slot_of(natures, nature->value);
        natures->used += !natures->slots[i].value;
        natures->slots[i] = *nature;
        return 0;
}

const struct nature *nature_of(const struct natures *natures, const json_t *value)
{
        const struct nature *nature;

        if (!natures || !natures->used)
                return NULL;
        nature = &natures->slots[slot_of(natures, value)];
        return nature->value ? nature : NULL;
}

enum nature_kind nature_kind(const struct natures *natures, const json_t *value)
{
        const struct nature *nature = nature_of(natures, value);

        return nature ? nature->kind : NATURE_PLAIN;
}

void natures_deinit(struct natures *natures)
{
        free(natures->slots);
        *natures = (struct natures){ 0 };
}
