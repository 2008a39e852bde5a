/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Real content, where it is present: the rules of real packs, which compile or are refused with one
 * line that says why. (What was recorded of the operators is judged by tests/conformance.)
 */
#include "base/cleanup.h"
#include "base/yaml.h"
#include "expr/expr.h"
#include "flow/rule.h"

#include "suite.h"

#include <glob.h>

CLEANUP_DEFINE(struct rule *, rule_free);

static bool load_rule(const char *path, struct fault *fault)
{
        _cleanup_(rule_freep) struct rule *rule = NULL;
        _json_ json_t *definition = NULL;

        ck_assert_int_eq(yaml_parse_file(path, NULL, &definition, fault), 0);
        return rule_compile(definition, &rule, fault) == 0;
}

START_TEST(real_rules_compile_or_say_why)
{
        unsigned compiled = 0, refused = 0;
        char pattern[512];
        glob_t files;

        ck_assert(suite_corpus("packs", pattern, sizeof pattern - 32));
        strcat(pattern, "/*/rules/*.yaml");
        ck_assert_int_eq(glob(pattern, 0, NULL, &files), 0);
        for (size_t i = 0; i < files.gl_pathc; i++) {
                _fault_ struct fault fault = FAULT_INIT;

                if (load_rule(files.gl_pathv[i], &fault)) {
                        compiled++;
                        continue;
                }
                refused++;
                printf("%s: %s\n", strrchr(files.gl_pathv[i], '/') + 1, fault.what);
                ck_assert_ptr_null(strchr(fault.what, '\n'));
                ck_assert_msg(strstr(fault.what, "not supported"), "%s", fault.what);
        }
        printf("rules: %u compiled, %u refused\n", compiled, refused);
        globfree(&files);
        ck_assert_uint_ge(compiled, 60);
}
END_TEST

int main(void)
{
        char path[512];

        if (!suite_corpus("packs", path, sizeof path)) {
                printf("skip: corpus of packs absent\n");
                return SUITE_SKIPPED;
        }
        return SUITE("flow/corpus", ONCE(real_rules_compile_or_say_why));
}
