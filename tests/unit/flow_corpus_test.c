/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Real content, where it is present: what StackStorm's own operators answered in its own tests, and
 * the rules of real packs, which compile or are refused with one line that says why.
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "base/yaml.h"
#include "expr/expr.h"
#include "flow/criteria.h"
#include "flow/rule.h"

#include "suite.h"

#include <glob.h>

CLEANUP_DEFINE(struct criteria *, criteria_free);
CLEANUP_DEFINE(struct rule *, rule_free);

/* Bytes were Python's; in JSON both are text. */
static json_t *plain(const json_t *value)
{
        const json_t *bytes = json_object_get(value, "__bytes__");

        return bytes ? json_deep_copy(bytes) : value ? json_deep_copy(value) : json_null();
}

/* A recorded time close to the recording keeps its distance: the clock goes there. */
static void set_clock(const json_t *value)
{
        int64_t then_ms;

        clock_fake(1795330584000);
        if (json_is_string(value) && clock_parse(json_string_value(value), &then_ms) == 0 &&
            then_ms > 1700000000000)
                clock_fake(then_ms + 1);
}

/* The recorded search looked at item.to_value whatever its criteria's keys said. */
static json_t *children_of(const json_t *pattern)
{
        json_t *children = json_object(), *child;
        const char *key;

        json_object_foreach((json_t *)pattern, key, child) {
                _free_ char *name = NULL;
                const char *rest = strstr(key, "waterLevel");

                ck_assert_int_ge(asprintf(&name, "item.%s%s", rest ? "to_value" : key + 5,
                                          rest ? rest + strlen("waterLevel") : ""), 0);
                json_object_set(children, name, child);
        }
        return children;
}

static json_t *criterion_of(const json_t *line)
{
        const json_t *args = json_object_get(line, "args");
        const char *name = json_text_of(line, "name", "");
        json_t *criterion = json_pack("{s:s}", "type", name);

        if (strcmp(name, "search") == 0) {
                json_object_set_new(criterion, "pattern", children_of(json_array_get(args, 1)));
                json_object_set(criterion, "condition", json_array_get(args, 2));
        } else {
                json_object_set_new(criterion, "pattern", plain(json_array_get(args, 1)));
        }
        return json_pack("{s:o}", "trigger.value", criterion);
}

static bool agrees(const json_t *line)
{
        _cleanup_(criteria_freep) struct criteria *criteria = NULL;
        _json_ json_t *source = criterion_of(line),
                      *value = plain(json_array_get(json_object_get(line, "args"), 0));
        _json_ json_t *scope = json_pack("{s:{s:O}}", "trigger", "value", value);
        const struct expr_world world = { .names = scope };
        const json_t *returns = json_object_get(line, "returns");
        _fault_ struct fault fault = FAULT_INIT;
        int verdict;

        set_clock(value);
        if (criteria_compile(source, &criteria, &fault))
                return !returns;
        verdict = criteria_judge(criteria, &world, &fault);
        return returns ? verdict == (json_is_true(returns) ? VERDICT_YES : VERDICT_NO)
                : verdict == VERDICT_FAULT;
}

START_TEST(operators_answer_as_recorded)
{
        unsigned same = 0, other = 0;
        char path[512], *text = NULL;
        size_t room = 0;
        ssize_t n;
        FILE *file;

        ck_assert(suite_corpus("conformance/st2_golden.jsonl", path, sizeof path));
        file = fopen(path, "r");
        while ((n = getline(&text, &room, file)) > 0) {
                _json_ json_t *line = json_loads(text, 0, NULL);

                if (!text_equal(json_text_of(line, "kind", NULL), "operator"))
                        continue;
                if (agrees(line)) {
                        same++;
                } else {
                        other++;
                        printf("differs: %s", text);
                }
        }
        fclose(file);
        free(text);
        printf("operators: %u as recorded, %u not\n", same, other);
        ck_assert_uint_eq(other, 0);
        ck_assert_uint_ge(same, 150);
}
END_TEST

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
        return SUITE("flow/corpus", ONCE(operators_answer_as_recorded),
                     ONCE(real_rules_compile_or_say_why));
}
