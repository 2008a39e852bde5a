/* SPDX-License-Identifier: Apache-2.0 */

/* What the tests of catalogs share: a folder that goes with the test, and what faults must say. */

#ifndef UNIT_CATALOG_FIXTURE_H
#define UNIT_CATALOG_FIXTURE_H

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "catalog/catalog.h"
#include "catalog/tree.h"
#include "flow/rulebook.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

CLEANUP_DEFINE(struct catalog *, catalog_unref);

#define _catalog_ _cleanup_(catalog_unrefp)
#define JSON(...) #__VA_ARGS__

static char dir[64];

static inline void setup(void)
{
        snprintf(dir, sizeof dir, "/tmp/catalog-test-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(dir));
}

static inline void teardown(void)
{
        tree_remove(dir);
}

static inline void write_file(const char *path, const char *text)
{
        char whole[512];
        FILE *file;

        snprintf(whole, sizeof whole, "%s/%s", dir, path);
        for (char *slash = strchr(whole + strlen(dir) + 1, '/'); slash;
             slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                mkdir(whole, 0755);
                *slash = '/';
        }
        file = fopen(whole, "w");
        ck_assert_ptr_nonnull(file);
        fputs(text, file);
        fclose(file);
}

static inline const char *path_of(const char *name)
{
        static char path[256];

        snprintf(path, sizeof path, "%s/%s", dir, name);
        return path;
}

static inline json_t *json_of(const char *text)
{
        json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);

        ck_assert_msg(json, "not JSON: %s", text);
        return json;
}

static inline void expect(const struct fault *fault, int status, const char *code, const char *says)
{
        ck_assert_msg(fault->what, "no fault was set");
        ck_assert_msg(fault->status == status, "%d: %s", fault->status, fault->what);
        ck_assert_str_eq(fault->code, code);
        ck_assert_msg(strstr(fault->what, says), "'%s' does not say '%s'", fault->what, says);
}

static inline bool fits(const struct catalog *catalog, const char *ref, const char *args)
{
        const struct catalog_action *action = catalog_action(catalog, ref);
        _json_ json_t *value = json_of(args);

        ck_assert_msg(action, "no %s", ref);
        ck_assert_int_eq(schema_fill_defaults(action->params, value), 0);
        return schema_check(action->params, value, NULL) == 0;
}

static const char rule_text[] __attribute__((unused)) = "name: on_alert\nenabled: true\ntrigger:\n  type: "
                                "core.st2.webhook\n  parameters:\n    url: alerts\n"
                                "action:\n  ref: core.noop\n";

#endif
