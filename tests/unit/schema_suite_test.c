/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The public JSON Schema test suite (Debian's json-schema-test-suite), draft 7. Skipped where it is
 * not installed. Groups that refer outside of the schema are refused and counted.
 */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "schema/schema.h"

#include "suite.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define PUBLISHED "/usr/share/json-schema-test-suite/tests/draft7"

struct tally {
        unsigned passed, failed, refused, house;
};

/* Only references into the schema itself are followed; what else a schema says must compile. */
static bool is_foreign(const struct fault *fault)
{
        return strstr(fault->what, "$ref must be a local reference") != NULL;
}

/* Ours: a root with "properties" and without "type" means an object. */
static bool is_house_rule(const json_t *schema, const json_t *data)
{
        return json_object_get(schema, "properties") && !json_object_get(schema, "type") &&
                !json_object_get(schema, "$ref") && !json_is_object(data);
}

static void run_test(const struct schema *schema, const json_t *group, const json_t *test,
                     struct tally *tally)
{
        const json_t *data = json_object_get(test, "data");
        bool wanted = json_is_true(json_object_get(test, "valid")), fits;
        _fault_ struct fault fault = FAULT_INIT;

        if (is_house_rule(json_object_get(group, "schema"), data)) {
                tally->house++;
                return;
        }
        fits = schema_check(schema, data, &fault) == 0;
        if (fits == wanted) {
                tally->passed++;
                return;
        }
        tally->failed++;
        printf("%s: %s: %s (%s)\n", json_text_of(group, "description", ""),
               json_text_of(test, "description", ""), wanted ? "refused" : "accepted",
               fault.what ? fault.what : "");
}

static void run_group(const json_t *group, struct tally *tally)
{
        const char *name = json_text_of(group, "description", "");
        _fault_ struct fault fault = FAULT_INIT;
        struct schema *schema = NULL;
        json_t *test;
        size_t i;

        if (schema_compile(json_object_get(group, "schema"), &schema, &fault)) {
                if (is_foreign(&fault)) {
                        tally->refused++;
                        return;
                }
                printf("%s: does not compile: %s\n", name, fault.what);
                tally->failed++;
                return;
        }
        json_array_foreach(json_object_get(group, "tests"), i, test)
                run_test(schema, group, test, tally);
        schema_unref(schema);
}

static void run_file(const char *path, struct tally *tally)
{
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *groups = NULL;
        json_t *group;
        size_t i;

        ck_assert_msg(json_parse_file(path, NULL, &groups, &fault) == 0, "%s", fault.what);
        json_array_foreach(groups, i, group)
                run_group(group, tally);
}

static void run_directory(const char *path, struct tally *tally)
{
        struct dirent **entries;
        int n = scandir(path, &entries, NULL, alphasort);

        for (int i = 0; i < n; i++) {
                char file[512];

                snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
                if (text_ends_with(file, ".json"))
                        run_file(file, tally);
                free(entries[i]);
        }
        free(entries);
}

START_TEST(draft7_as_published)
{
        struct tally tally = { 0, 0, 0, 0 };

        run_directory(PUBLISHED, &tally);
        printf("draft 7: %u passed, %u failed; %u groups refused (references outside), "
               "%u by our rule for roots\n",
               tally.passed, tally.failed, tally.refused, tally.house);
        ck_assert_uint_eq(tally.failed, 0);
        ck_assert_uint_gt(tally.passed, 380);
        ck_assert_uint_le(tally.refused, 12);
}
END_TEST

START_TEST(formats_as_published)
{
        static const char *const formats[] = { "date-time", "date", "time", "ipv4", "ipv6",
                                               "hostname", "uri", "email", "uuid", "regex" };
        struct tally tally = { 0, 0, 0, 0 };

        for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
                char file[512];

                snprintf(file, sizeof file, PUBLISHED "/optional/format/%s.json", formats[i]);
                if (access(file, R_OK) == 0)
                        run_file(file, &tally);
        }
        printf("formats: %u passed, %u failed\n", tally.passed, tally.failed);
        ck_assert_uint_eq(tally.failed, 0);
        ck_assert_uint_gt(tally.passed, 50);
}
END_TEST

int main(void)
{
        if (access(PUBLISHED, R_OK) != 0) {
                printf("skip: json-schema-test-suite absent\n");
                return SUITE_SKIPPED;
        }
        return SUITE("schema/suite", ONCE(draft7_as_published), ONCE(formats_as_published));
}
