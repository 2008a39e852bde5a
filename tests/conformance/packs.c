/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Packs as people publish them: each is loaded whole or refused for reasons that are printed. The
 * pack core is built in here, with runners of our own, so it is left out.
 */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "catalog/catalog.h"

#include "frame.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define LOADED_MIN 95                   /* percent */

CLEANUP_DEFINE(struct catalog *, catalog_unref);

struct tally {
        const struct catalog *catalog;
        size_t packs, loaded, runnable, shown, aliases, sensors;
};

static int count_action(void *arg, const struct catalog_action *action)
{
        struct tally *tally = arg;
        const struct catalog_runner *runner = catalog_runner(tally->catalog, action->runner);

        if (text_equal(action->pack, "core"))
                return 0;
        if (runner && runner->is_here)
                tally->runnable++;
        else
                tally->shown++;
        return 0;
}

static int count_alias(void *arg, const struct catalog_alias *alias)
{
        (void)alias;
        ((struct tally *)arg)->aliases++;
        return 0;
}

static int count_sensor(void *arg, const struct catalog_sensor *sensor)
{
        (void)sensor;
        ((struct tally *)arg)->sensors++;
        return 0;
}

static void load(const char *path, const char *name, struct tally *tally)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = catalog_new();
        _fault_ struct fault fault = FAULT_INIT;
        const json_t *warning;
        size_t i;

        tally->packs++;
        if (catalog_add_pack(catalog, path, &fault) != 0) {
                printf("  refused packs/%s: %s\n", name, fault.what ? fault.what : "?");
                return;
        }
        json_array_foreach(catalog_warnings(catalog), i, warning)
                printf("  refused packs/%s: %s\n", name, json_text_of(warning, "what", "?"));
        tally->loaded += i == 0;
        catalog_finish(catalog, &fault);
        tally->catalog = catalog;
        catalog_each_action(catalog, count_action, tally);
        catalog_each_alias(catalog, count_alias, tally);
        catalog_each_sensor(catalog, count_sensor, tally);
}

static int is_pack(const struct dirent *entry)
{
        return entry->d_name[0] != '.' && !text_equal(entry->d_name, "core");
}

bool judge_packs(const char *dir)
{
        _free_ char *path = NULL;
        struct dirent **entries = NULL;
        struct tally tally = { 0 };
        bool holds;
        int n;

        if (asprintf(&path, "%s/packs", dir) < 0)
                return false;
        n = scandir(path, &entries, is_pack, alphasort);
        for (int i = 0; i < n; i++) {
                _free_ char *pack = NULL;

                if (asprintf(&pack, "%s/%s", path, entries[i]->d_name) >= 0)
                        load(pack, entries[i]->d_name, &tally);
                free(entries[i]);
        }
        free(entries);
        holds = tally.packs && tally.loaded * 100 >= tally.packs * LOADED_MIN;
        printf("packs: %zu packs, %zu loaded, %zu refused; %d %% must load: %s\n"
               "packs: %zu actions can run here, %zu are only shown (their runner is not here); "
               "%zu aliases, %zu sensors\n", tally.packs, tally.loaded,
               tally.packs - tally.loaded, LOADED_MIN, holds ? "holds" : "DOES NOT HOLD",
               tally.runnable, tally.shown, tally.aliases, tally.sensors);
        return holds;
}
