/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Packs that real people wrote. They are not part of the tree: $KANAME_CORPUS, or ../shared/corpus
 * beside it. Everything that StackStorm takes must load; the few files that it refuses too are
 * counted, and each must be a warning that says where.
 */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "catalog/catalog.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>

CLEANUP_DEFINE(struct catalog *, catalog_unref);

static char *packs;

static int is_visible(const struct dirent *entry)
{
        return entry->d_name[0] != '.';
}

/* How many YAML files a folder of a pack holds. */
static size_t count_yaml(const char *pack, const char *sub)
{
        _free_ char *path = NULL;
        size_t count = 0;
        struct dirent *entry;
        DIR *dir;

        ck_assert_int_ge(asprintf(&path, "%s/%s", pack, sub), 0);
        dir = opendir(path);
        while (dir && (entry = readdir(dir)))
                count += text_ends_with(entry->d_name, ".yaml") ||
                         text_ends_with(entry->d_name, ".yml");
        if (dir)
                closedir(dir);
        return count;
}

struct counts {
        size_t files, actions, rules, warnings;
};

static int count_action(void *arg, const struct catalog_action *action)
{
        struct counts *counts = arg;

        counts->actions += !text_equal(action->pack, "core");
        return 0;
}

static void load_pack(const char *name, struct counts *counts)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = catalog_new();
        _fault_ struct fault fault = FAULT_INIT;
        _free_ char *path = NULL;
        const json_t *warning;
        size_t i;

        ck_assert_int_ge(asprintf(&path, "%s/%s", packs, name), 0);
        if (text_equal(name, "core")) {
                ck_assert_int_eq(catalog_add_pack(catalog, path, &fault), FAULT);
                ck_assert_str_eq(fault.code, "pack.duplicate");
                return;
        }
        ck_assert_msg(catalog_add_pack(catalog, path, &fault) == 0, "%s: %s", name, fault.what);
        counts->files += count_yaml(path, "actions") + count_yaml(path, "rules");
        json_array_foreach(catalog_warnings(catalog), i, warning) {
                printf("%s\n", json_text_of(warning, "what", ""));
                ck_assert_msg(text_starts_with(json_text_of(warning, "what", ""), path),
                              "it names no file");
                counts->warnings++;
        }
        ck_assert_int_eq(catalog_finish(catalog, &fault), 0);
        catalog_each_action(catalog, count_action, counts);
        counts->rules += count_yaml(path, "rules");
}

START_TEST(real_packs_load)
{
        struct counts counts = { 0, 0, 0, 0 };
        struct dirent **entries;
        int n = scandir(packs, &entries, is_visible, alphasort);

        ck_assert_int_gt(n, 30);
        for (int i = 0; i < n; i++) {
                load_pack(entries[i]->d_name, &counts);
                free(entries[i]);
        }
        free(entries);
        printf("%zu files: %zu actions, %zu rules, %zu warnings\n", counts.files, counts.actions,
               counts.rules, counts.warnings);
        ck_assert_uint_gt(counts.actions, 1500);
        /* nothing is dropped in silence */
        ck_assert_uint_ge(counts.actions + counts.rules + counts.warnings, counts.files);
        ck_assert_uint_le(counts.warnings * 100, counts.files);
}
END_TEST

int main(void)
{
        const char *top = getenv("TOP_SRCDIR"), *corpus = getenv("KANAME_CORPUS");
        Suite *suite = suite_create("catalog_corpus");
        TCase *tcase = tcase_create("all");
        SRunner *runner;
        int failed;

        if ((corpus ? asprintf(&packs, "%s/packs", corpus)
                    : asprintf(&packs, "%s/../shared/corpus/packs", top ? top : "..")) < 0)
                return 1;
        if (access(packs, R_OK) < 0) {
                printf("skip: corpus of packs absent\n");
                return 77;
        }
        tcase_set_timeout(tcase, 60);
        tcase_add_test(tcase, real_packs_load);
        suite_add_tcase(suite, tcase);
        runner = srunner_create(suite);
        srunner_run_all(runner, CK_NORMAL);
        failed = srunner_ntests_failed(runner);
        srunner_free(runner);
        free(packs);
        return failed ? 1 : 0;
}
