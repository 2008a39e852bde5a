/* SPDX-License-Identifier: Apache-2.0 */

/* The index must change no answer: random rules and events, judged both ways. */
#include "base/cleanup.h"
#include "base/json.h"
#include "flow/rulebook.h"

#include "suite.h"

#include <errno.h>
#include <pthread.h>

CLEANUP_DEFINE(struct rulebook *, rulebook_unref);

static uint32_t seed = 1;

static unsigned dice(unsigned sides)
{
        seed = seed * 1664525 + 1013904223;
        return (seed >> 10) % sides;
}

static const char *const paths[] = { "trigger.a",          "trigger.b",       "trigger.o.x",
                                     "trigger.o[\"y.z\"]", "trigger.l[0]",    "trigger.l[-1]",
                                     "trigger.l.1",        "trigger.l[*]",    "trigger.o",
                                     "trigger.a#2",        "trigger.l[\"0\"]" };
static const char *const operators[] = { "eq", "equals", "eq",       "equals", "neq",
                                         "gt", "exists", "contains", "in" };
static const char *const values[] = { "1",
                                      "1.0",
                                      "true",
                                      "\"1\"",
                                      "0",
                                      "false",
                                      "null",
                                      "\"x\"",
                                      "[1]",
                                      "[true]",
                                      "{\"x\":1}",
                                      "2",
                                      "\"\"",
                                      "9007199254740993",
                                      "9007199254740992.0" };
#define PICK(list) list[dice(sizeof list / sizeof *list)]

static json_t *value(void)
{
        return json_loads(PICK(values), JSON_DECODE_ANY, NULL);
}

static json_t *random_criteria(unsigned depth)
{
        static const char *const groups[] = { "any", "all", "any#2" };
        json_t *criteria = json_object();

        if (depth && !dice(4))
                json_object_set_new(criteria, PICK(groups),
                                    json_pack("[o, o]", random_criteria(depth - 1),
                                              random_criteria(depth - 1)));
        if (depth && !dice(8))
                json_object_set_new(criteria, "not", random_criteria(depth - 1));
        /* A part of a group must not be empty. */
        for (unsigned i = depth < 2 ? 1 + dice(3) : dice(4); i > 0; i--) {
                json_t *pattern = dice(8) ? value() : json_string("{{ trigger.a }}");

                json_object_set_new(criteria, PICK(paths),
                                    json_pack("{s:s, s:o}", "type", PICK(operators), "pattern",
                                              pattern));
        }
        return criteria;
}

static struct rule *make(const char *name, json_t *criteria, bool enabled, bool backstop)
{
        _json_ json_t *definition =
                json_pack("{s:s, s:b, s:{s:s}, s:{s:s}, s:{s:s}, s:o}", "name", name, "enabled",
                          enabled, "type", "ref", backstop ? "backstop" : "standard", "trigger",
                          "type", "t.t", "action", "ref", "c.n", "criteria", criteria);
        struct rule *made = NULL;

        return rule_compile(definition, &made, NULL) ? NULL : made;
}

static json_t *random_payload(void)
{
        json_t *payload =
                json_pack("{s:o, s:o, s:{s:o, s:o}, s:[o, o]}", "a", value(), "b", value(), "o",
                          "x", value(), "y.z", value(), "l", value(), value());

        if (!dice(4))
                json_object_del(payload, PICK(((const char *const[]){ "a", "b", "o", "l" })));
        if (!dice(6))
                json_object_set_new(payload, "l", json_pack("{s:o}", "0", value()));
        if (!dice(30))
                json_object_clear(payload);
        return payload;
}

struct told {
        char refs[20000];
};

static int note(void *arg, const struct rule *rule, const struct fault *fault)
{
        struct told *told = arg;

        strcat(told->refs, rule_ref(rule));
        strcat(told->refs, fault ? "! " : " ");
        return 0;
}

struct linear {
        const json_t *payload;
        struct told standard, backstop;
        bool matched;
};

static int judge(void *arg, const struct rule *rule)
{
        struct linear *linear = arg;
        _fault_ struct fault fault = FAULT_INIT;
        bool matched = false;
        int r = rule_is_enabled(rule) ? rule_matches(rule, NULL, linear->payload, &matched, &fault) : 0;

        if (!matched && r != FAULT)
                return 0;
        linear->matched |= matched && !rule_is_backstop(rule);
        note(&linear->standard, rule, r == FAULT ? &fault : NULL);
        if (!rule_is_backstop(rule))
                note(&linear->backstop, rule, r == FAULT ? &fault : NULL);
        return 0;
}

static void compare(const struct rulebook *book, const json_t *payload)
{
        struct linear *linear = calloc(1, sizeof *linear);
        struct told *told = calloc(1, sizeof *told);
        _free_ char *text = json_compact(payload);

        linear->payload = payload;
        ck_assert_int_eq(rulebook_each(book, judge, linear), 0);
        ck_assert_int_eq(rulebook_match(book, "t.t", NULL, payload, note, told), 0);
        /* with a standard match the backstops are silent */
        ck_assert_msg(strcmp(told->refs,
                             linear->matched ? linear->backstop.refs : linear->standard.refs) == 0,
                      "%s: %s, not %s", text, told->refs, linear->standard.refs);
        free(linear);
        free(told);
}

START_TEST(agrees_with_asking_every_rule)
{
        for (int round = 0; round < 20; round++) {
                _cleanup_(rulebook_unrefp) struct rulebook *book = rulebook_new();

                for (int i = 0; i < 200; i++) {
                        struct rule *rule;
                        char name[16];

                        snprintf(name, sizeof name, "r%03u", (unsigned)i * 7 % 200);
                        rule = make(name, random_criteria(2), dice(10) != 0, dice(20) == 0);
                        if (rule)
                                ck_assert_int_eq(rulebook_add(book, rule), 0);
                }
                for (int i = 0; i < 100; i++) {
                        _json_ json_t *payload = random_payload();

                        compare(book, payload);
                }
        }
}
END_TEST

static struct rule *equals(const char *name, const char *key, json_t *pattern, bool backstop)
{
        return make(name, json_pack("{s:{s:s, s:o}}", key, "type", "eq", "pattern", pattern), true,
                    backstop);
}

START_TEST(backstops_take_what_is_left)
{
        _cleanup_(rulebook_unrefp) struct rulebook *book = rulebook_new();
        _json_ json_t *one = json_pack("{s:i}", "a", 1), *two = json_pack("{s:i}", "a", 2);
        struct told told = { "" };

        rulebook_add(book, equals("standard", "trigger.a", json_integer(1), false));
        rulebook_add(book, make("rest", json_object(), true, true));
        rulebook_match(book, "t.t", NULL, one, note, &told);
        ck_assert_str_eq(told.refs, "default.standard ");
        told.refs[0] = '\0';
        rulebook_match(book, "t.t", NULL, two, note, &told);
        ck_assert_str_eq(told.refs, "default.rest ");
        told.refs[0] = '\0';
        rulebook_match(book, "other", NULL, two, note, &told);
        ck_assert_str_eq(told.refs, "");
}
END_TEST

static int stop(void *arg, const struct rule *rule, const struct fault *fault)
{
        (void)rule;
        (void)fault;
        return ++*(int *)arg == 2 ? 77 : 0;
}

START_TEST(keeps_books)
{
        _cleanup_(rulebook_unrefp) struct rulebook *book = rulebook_new();
        _json_ json_t *payload = json_pack("{s:i}", "a", 1);
        struct rule *again = make("b", json_object(), true, false);
        int visited = 0;

        ck_assert_int_eq(rulebook_add(book, make("b", json_object(), true, false)), 0);
        ck_assert_int_eq(rulebook_add(book, make("a", json_object(), true, false)), 0);
        ck_assert_int_eq(rulebook_add(book, make("c", json_object(), true, false)), 0);
        ck_assert_int_eq(rulebook_add(book, again), -EEXIST);
        rule_free(again);
        ck_assert_str_eq(rule_ref(rulebook_find(book, "default.a")), "default.a");
        ck_assert_ptr_null(rulebook_find(book, "default.x"));
        ck_assert(rulebook_has(book, "t.t") && !rulebook_has(book, "t.u"));
        ck_assert_int_eq(rulebook_match(book, "t.t", NULL, payload, stop, &visited), 77);
        ck_assert_int_eq(visited, 2);
}
END_TEST

START_TEST(disabled_rules_do_not_listen)
{
        _cleanup_(rulebook_unrefp) struct rulebook *book = rulebook_new();

        rulebook_add(book, make("off", json_object(), false, false));
        ck_assert_ptr_nonnull(rulebook_find(book, "default.off"));
        ck_assert(!rulebook_has(book, "t.t"));
}
END_TEST

static void *match_often(void *arg)
{
        struct rulebook *book = arg;

        for (int i = 0; i < 2000; i++) {
                _json_ json_t *payload = json_pack("{s:i}", "a", i % 50);
                struct told told = { "" };
                char wanted[32];

                snprintf(wanted, sizeof wanted, "default.r%d ", i % 50);
                if (rulebook_match(book, "t.t", NULL, payload, note, &told) ||
                    strcmp(told.refs, wanted) != 0)
                        return (void *)1;
        }
        rulebook_unref(book);
        return NULL;
}

START_TEST(many_threads_read_one_book)
{
        struct rulebook *book = rulebook_new();
        pthread_t threads[4];
        void *failed;

        for (int i = 0; i < 50; i++) {
                char name[16];

                snprintf(name, sizeof name, "r%d", i);
                rulebook_add(book, equals(name, "trigger.a", json_integer(i), false));
        }
        for (int i = 0; i < 4; i++)
                ck_assert_int_eq(pthread_create(&threads[i], NULL, match_often, rulebook_ref(book)),
                                 0);
        ck_assert_ptr_null(rulebook_unref(book));
        for (int i = 0; i < 4; i++) {
                pthread_join(threads[i], &failed);
                ck_assert_ptr_null(failed);
        }
}
END_TEST

int main(void)
{
        return SUITE("flow/rulebook", ONCE(agrees_with_asking_every_rule),
                     ONCE(backstops_take_what_is_left), ONCE(keeps_books),
                     ONCE(disabled_rules_do_not_listen), ONCE(many_threads_read_one_book));
}
