/* SPDX-License-Identifier: Apache-2.0 */

/* A folder with a pack in it, and a state directory for what becomes of it. */

#ifndef TESTS_CATALOG_PACK_FIXTURE_H
#define TESTS_CATALOG_PACK_FIXTURE_H

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "catalog/pack.h"
#include "catalog/tree.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static char dir[64], state[128], folder[128];

static const char meta_text[] = "name: demo\nversion: 1.0.0\n";

static void write_file(const char *root, const char *path, const char *text)
{
        char whole[512];
        FILE *file;

        snprintf(whole, sizeof whole, "%s/%s", root, path);
        unlink(whole);
        if (strchr(path, '/')) {
                *strrchr(whole, '/') = '\0';
                mkdir(whole, 0755);
                snprintf(whole, sizeof whole, "%s/%s", root, path);
        }
        file = fopen(whole, "w");
        ck_assert_ptr_nonnull(file);
        fputs(text, file);
        fclose(file);
}

__attribute__((unused)) static char *read_text(const char *root, const char *path)
{
        char whole[512], text[4096];
        size_t n;
        FILE *file;

        snprintf(whole, sizeof whole, "%s/%s", root, path);
        file = fopen(whole, "r");
        if (!file)
                return NULL;
        n = fread(text, 1, sizeof text - 1, file);
        text[n] = '\0';
        fclose(file);
        return strdup(text);
}

static void setup(void)
{
        snprintf(dir, sizeof dir, "/tmp/catalog-pack-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(dir));
        snprintf(state, sizeof state, "%s/state", dir);
        snprintf(folder, sizeof folder, "%s/demo", dir);
        ck_assert_int_eq(mkdir(state, 0755), 0);
        ck_assert_int_eq(mkdir(folder, 0755), 0);
        write_file(folder, "pack.yaml", meta_text);
        write_file(folder, "rules/a.yaml", "name: a\n");
}

static void teardown(void)
{
        tree_remove(dir);
}

static bool is_empty_state(void)
{
        char path[160];
        struct stat st;

        snprintf(path, sizeof path, "%s/packs/demo", state);
        return stat(path, &st) < 0;
}

#endif
