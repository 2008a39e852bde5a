/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Packs that are to be installed together, put in the order in which each finds what it needs. Of
 * those that are left, the first that needs none of the others is next; where there is none, they
 * need each other in a circle. Whoever installs asks here before the first of them is touched.
 */
#include "catalog/build.h"

#include "base/json.h"
#include "base/text.h"
#include "catalog/pack.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOWHERE SIZE_MAX

static const char *name_at(const json_t *metas, size_t i)
{
        return json_text_of(json_array_get(metas, i), "ref", "");
}

static size_t index_of(const json_t *metas, const char *name)
{
        for (size_t i = 0; i < json_array_size(metas); i++)
                if (text_equal(name_at(metas, i), name))
                        return i;
        return NOWHERE;
}

static int check_twice(const json_t *metas, struct fault *fault)
{
        for (size_t i = 0; i < json_array_size(metas); i++)
                if (index_of(metas, name_at(metas, i)) != i) {
                        fault_set(fault, 422, "pack.twice", "the pack '%s' is given twice",
                                  name_at(metas, i));
                        return fault_try(fault, "give the one version that is meant");
                }
        return 0;
}

/* ---- does each have what it needs? ---- */

static int check_need(const json_t *metas, size_t i, const char *text,
                      const struct packs_there *there, struct fault *fault)
{
        _free_ char *installed = NULL;
        const char *version;
        struct need need;
        size_t given;
        int r = need_read(text, &need, fault);

        if (r || text_equal(need.name, "core"))
                return r;
        given = index_of(metas, need.name);
        version = given == NOWHERE
                ? NULL : json_text_of(json_array_get(metas, given), "version", "");
        if (given == NOWHERE)
                r = there->version(there->arg, need.name, &installed, fault);
        return r ? r : need_check(&need, name_at(metas, i), version ? version : installed, fault);
}

static int check_needs(const json_t *metas, const struct packs_there *there, struct fault *fault)
{
        const json_t *meta, *item;
        size_t i, k;
        int r;

        json_array_foreach(metas, i, meta) {
                json_array_foreach(json_object_get(meta, "dependencies"), k, item) {
                        const char *text = json_string_value(item);

                        r = check_need(metas, i, text ? text : "", there, fault);
                        if (r)
                                return r;
                }
        }
        return 0;
}

/* ---- the order ---- */

/* The first of the given packs that this one needs and that is not placed yet. */
static size_t waits_for(const json_t *metas, size_t i, const bool *placed)
{
        const json_t *item;
        size_t k;

        json_array_foreach(json_object_get(json_array_get(metas, i), "dependencies"), k, item) {
                struct need need;
                size_t other;

                if (need_read(json_string_value(item), &need, NULL))
                        continue;
                other = index_of(metas, need.name);
                if (other != NOWHERE && !placed[other])
                        return other;
        }
        return NOWHERE;
}

/* Each that is left waits for another: whoever follows them comes round. */
static int fault_circle(const json_t *metas, const bool *placed, struct fault *fault)
{
        size_t at = 0, start;
        char trail[1024];
        size_t len;

        while (placed[at])
                at++;
        for (size_t i = 0; i < json_array_size(metas); i++)
                at = waits_for(metas, at, placed);
        start = at;
        len = (size_t)snprintf(trail, sizeof trail, "%s", name_at(metas, at));
        do {
                at = waits_for(metas, at, placed);
                if (len < sizeof trail)
                        len += (size_t)snprintf(trail + len, sizeof trail - len, " → %s",
                                                name_at(metas, at));
        } while (at != start);
        fault_set(fault, 422, "pack.circle", "dependencies: the packs need each other: %s", trail);
        return fault_try(fault, "take one of these dependencies out");
}

static size_t next_of(const json_t *metas, const bool *placed)
{
        for (size_t i = 0; i < json_array_size(metas); i++)
                if (!placed[i] && waits_for(metas, i, placed) == NOWHERE)
                        return i;
        return NOWHERE;
}

int packs_order(const json_t *metas, const struct packs_there *there, size_t *ret_order,
                struct fault *fault)
{
        size_t n = json_array_size(metas);
        _free_ bool *placed = calloc(n + 1, sizeof *placed);
        int r = placed ? check_twice(metas, fault) : -ENOMEM;

        if (!r)
                r = check_needs(metas, there, fault);
        for (size_t i = 0; !r && i < n; i++) {
                size_t next = next_of(metas, placed);

                if (next == NOWHERE)
                        return fault_circle(metas, placed, fault);
                placed[next] = true;
                ret_order[i] = next;
        }
        return r;
}
