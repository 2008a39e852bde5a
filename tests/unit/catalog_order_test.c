/* SPDX-License-Identifier: Apache-2.0 */

/* Packs that are given together: in which order, or why in none. */

#include "base/cleanup.h"
#include "base/json.h"
#include "catalog/pack.h"
#include "suite.h"

#include <string.h>

#define JSON(...) #__VA_ARGS__

static int there(void *arg, const char *name, char **ret_version, struct fault *fault)
{
        (void)arg;
        (void)fault;
        *ret_version = strcmp(name, "there") == 0 ? strdup("1.2.0") : NULL;
        return 0;
}

static const struct {
        const char *metas, *order, *says;
} sets[] = {
        { JSON([{ "ref": "a", "version": "1.0.0" }, { "ref": "b", "version": "1.0.0" }]), "ab",
          NULL },
        { JSON([{ "ref": "a", "version": "1.0.0", "dependencies": ["b", "core"] },
                { "ref": "b", "version": "1.0.0", "dependencies": ["c>=1.0", "there"] },
                { "ref": "c", "version": "1.0.0", "dependencies": null },
                { "ref": "d", "version": "1.0.0", "dependencies": ["c"] }]), "cbad", NULL },
        { JSON([{ "ref": "a", "version": "1.0.0", "dependencies": ["there>=1.3"] }]), NULL,
          "'a' needs the pack 'there' in version >=1.3, and 1.2.0 is installed" },
        { JSON([{ "ref": "a", "version": "1.0.0", "dependencies": ["b=2.0"] },
                { "ref": "b", "version": "1.0.0" }]), NULL, "in version =2.0, and 1.0.0" },
        { JSON([{ "ref": "a", "version": "1.0.0", "dependencies": ["away"] }]), NULL,
          "'a' needs the pack 'away', which is not installed" },
        { JSON([{ "ref": "a", "version": "1.0.0", "dependencies": [7] }]), NULL, "names no pack" },
        { JSON([{ "ref": "a", "version": "1.0.0" }, { "ref": "a", "version": "1.1.0" }]), NULL,
          "'a' is given twice" },
        { JSON([{ "ref": "a", "version": "1.0.0" },
                { "ref": "b", "version": "1.0.0", "dependencies": ["c"] },
                { "ref": "c", "version": "1.0.0", "dependencies": ["a", "d"] },
                { "ref": "d", "version": "1.0.0", "dependencies": ["c"] }]), NULL,
          "need each other: " },
        { JSON([{ "ref": "a", "version": "1.0.0", "dependencies": ["a"] }]), NULL,
          "need each other: a → a" },
};

START_TEST(packs_given_together_find_an_order_or_none)
{
        const struct packs_there packs = { there, NULL };
        _json_ json_t *metas = json_loads(sets[_i].metas, 0, NULL);
        _fault_ struct fault fault = FAULT_INIT;
        size_t order[8];
        char names[8] = "";
        int r;

        ck_assert_ptr_nonnull(metas);
        r = packs_order(metas, &packs, order, &fault);
        ck_assert_int_eq(r, sets[_i].order ? 0 : FAULT);
        for (size_t i = 0; !r && i < json_array_size(metas); i++)
                strcat(names, json_text_of(json_array_get(metas, order[i]), "ref", ""));
        if (sets[_i].order)
                ck_assert_str_eq(names, sets[_i].order);
        else
                ck_assert_msg(strstr(fault.what, sets[_i].says), "%s", fault.what);
}
END_TEST

int main(void)
{
        return SUITE("catalog/order",
                     EACH(packs_given_together_find_an_order_or_none, sets));
}
