/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/expr.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"

#include "suite.h"

#include <pthread.h>

CLEANUP_DEFINE(struct expr *, expr_free);

static const char scope_text[] =
        "{\"trigger\":{\"name\":\"srv\",\"n\":7,\"f\":2.5,\"whole\":3.0,\"t\":true,\"none\":null,"
        "\"list\":[1,\"a\",{\"k\":\"v\"}],\"a-b\":{\"c d\":1},\"0\":\"zero\",\"q\":\"it's "
        "\\\"x\\\"\",\"e\":\"\","
        "\"s\":\"it's\",\"nl\":\"a\\nb\",\"big\":1e22,\"tiny\":1e-7,\"tenth\":0.1,\"日本\":"
        "\"東京\"},\"system\":{}}";

static json_t *scope(void)
{
        return json_loads(scope_text, 0, NULL);
}

static const struct {
        const char *text, *json;
} rows[] = {
        /* alone: the value, type and all */
        { "{{ trigger.n }}", "7" },
        { "{{trigger.t}}", "true" },
        { "{{ trigger.none }}", "null" },
        { "  {{ trigger.list }}\n", "[1,\"a\",{\"k\":\"v\"}]" },
        { "{{ trigger.name }}", "\"srv\"" },
        { "{{ trigger.list[2].k }}", "\"v\"" },
        { "{{ trigger.list.2.k }}", "\"v\"" },
        { "{{ trigger.list[-1]['k'] }}", "\"v\"" },
        { "{{ trigger[\"a-b\"][ 'c d' ] }}", "1" },
        { "{{ trigger.0 }}", "\"zero\"" },
        { "{{ trigger['0'] }}", "\"zero\"" },
        { "{{ trigger [ \"n\" ] }}", "7" },
        { "{{ trigger.日本 }}", "\"東京\"" },
        { "{{\n trigger . n\n}}", "7" },
        { "{{ trigger.e }}", "\"\"" },
        /* among text: what Python prints */
        { "n={{ trigger.n }}", "\"n=7\"" },
        { "{{ trigger.n }}{{ trigger.n }}", "\"77\"" },
        { "{{ trigger.t }}/{{ trigger.none }}", "\"True/None\"" },
        { "x{{ trigger.f }},{{ trigger.whole }}", "\"x2.5,3.0\"" },
        { "x{{ trigger.big }},{{ trigger.tiny }},{{ trigger.tenth }}", "\"x1e+22,1e-07,0.1\"" },
        { "x {{ trigger.list }}", "\"x [1, 'a', {'k': 'v'}]\"" },
        { "{{ trigger.name }}.example", "\"srv.example\"" },
        { "x{{ trigger.e }}y", "\"xy\"" },
        { "a {{ trigger.name }}\n", "\"a srv\"" },
        { "a {{ trigger.name }}\n\n", "\"a srv\\n\"" },
        { "é{{ trigger.日本 }}é", "\"é東京é\"" },
        /* no expression: untouched */
        { "plain", "\"plain\"" },
        { "plain\n", "\"plain\\n\"" },
        { "", "\"\"" },
        { "} }} { {", "\"} }} { {\"" },
        { "%{http_code}", "\"%{http_code}\"" },
        { "{ {{ trigger.n }} }", "\"{ 7 }\"" },
};

START_TEST(gives)
{
        _json_ json_t *source = json_string(rows[_i].text), *names = scope(), *made = NULL;
        _cleanup_(expr_freep) struct expr *expr = NULL;
        _fault_ struct fault fault = FAULT_INIT;
        _free_ char *text = NULL;

        ck_assert_msg(expr_compile(source, &expr, &fault) == 0, "%s", fault.what);
        ck_assert_msg(expr_eval(expr, names, &made, &fault) == 0, "%s", fault.what);
        text = json_compact(made);
        ck_assert_str_eq(text, rows[_i].json);
        ck_assert(expr_is_constant(expr) == !strstr(rows[_i].text, "{{"));
}
END_TEST

static const struct {
        const char *text, *told;
} wrong[] = {
        { "{{", "character 3: unexpected 'end of template'" },
        { "a {{ b", "expected 'end of print statement'" },
        { "{{}}", "character 3: unexpected 'end of print statement'" },
        { "{{ a. }}", "character 7: expected token 'name', got 'end of print statement'" },
        { "{{ a..b }}", "character 6: expected token 'name', got '.'" },
        { "{{ a b }}", "character 6: expected token 'end of print statement', got 'b'" },
        { "{{ a[ }}", "character 7: unexpected '}', expected ']'" },
        { "{{ a['x }}", "unexpected char" },
        { "{{ a['x] }}'", "unexpected end of template, expected ','" },
        { "{{ a | nofilter }}", "No filter named 'nofilter'." },
        { "{{ a is notest }}", "No test named 'notest'." },
        { "{{ a.b.c()() }}", "only functions and methods can be called" },
        { "{{ f(*a) }}", "* and ** in arguments are not supported" },
        { "{% if x %}", "looking for the following tags: 'elif' or 'else' or 'endif'" },
        { "{% macro x() %}{% endmacro %}", "Encountered unknown tag 'macro'." },
        { "{% for x in y recursive %}{% endfor %}", "unexpected 'recursive'" },
        { "{% raw %}", "Missing end of raw directive" },
        { "{# note", "Missing end of comment tag" },
        { "{{ {{ a }} }}", "character 9: expected token ':', got '}'" },
        { "{{ .a }}", "character 4: unexpected '.'" },
        { "{{ 99999999999999999999 }}", "does not fit into 64 bits" },
        { "{{ 1e1000 }}", "the number 1e1000 is not finite" },
        { "{{ 0b19 }}", "0b19 is not a number of base 2" },
};

START_TEST(refuses_with_a_place)
{
        _json_ json_t *source = json_pack("{s:[i, s]}", "k", 1, wrong[_i].text);
        _fault_ struct fault fault = FAULT_INIT;
        struct expr *expr = NULL;
        char all[600];

        ck_assert_msg(expr_compile(source, &expr, &fault) == FAULT, "%s", wrong[_i].text);
        ck_assert_ptr_null(expr);
        ck_assert_str_eq(fault.code, "expr.syntax");
        ck_assert_int_eq(fault.status, 422);
        snprintf(all, sizeof all, "%s | %s", fault.what, fault.remedy ? fault.remedy : "");
        ck_assert_msg(strncmp(all, "k: 1: ", 6) == 0 && strstr(all, wrong[_i].told), "%s", all);
}
END_TEST

static const struct {
        const char *text, *what, *why, *remedy;
} undefined[] = {
        { "{{ trigger.nmae }}", "{{ trigger.nmae }}: 'dict object' has no attribute 'nmae'",
          "has no \"nmae\"", "\"name\"" },
        { "x {{ triger.n }}", "'triger' is undefined", "no name \"triger\"",
          "\"trigger\"" },
        { "{{ trigger.name.x }}", "{{ trigger.name.x }}", "asked of text", NULL },
        { "{{ trigger.list[3] }}", "{{ trigger.list[3] }}", "asked of a list, which has no \"3\"",
          NULL },
        { "{{ trigger.list[-4] }}", "{{ trigger.list[-4] }}", "\"-4\"", NULL },
        { "{{ trigger.list['0'] }}", "no attribute", "has no \"0\"", NULL },
        { "{{ trigger.none.x }}", "'None' has no attribute 'x'", "asked of null", NULL },
};

START_TEST(tells_what_is_undefined)
{
        _json_ json_t *source = json_string(undefined[_i].text), *names = scope();
        _cleanup_(expr_freep) struct expr *expr = NULL;
        _fault_ struct fault fault = FAULT_INIT;
        json_t *made = NULL;

        ck_assert_int_eq(expr_compile(source, &expr, &fault), 0);
        ck_assert_int_eq(expr_eval(expr, names, &made, &fault), FAULT);
        ck_assert_ptr_null(made);
        ck_assert_str_eq(fault.code, "expr.undefined");
        ck_assert_msg(strstr(fault.what, undefined[_i].what), "%s", fault.what);
        ck_assert_msg(strstr(fault.why, undefined[_i].why), "%s", fault.why);
        if (undefined[_i].remedy)
                ck_assert_ptr_nonnull(strstr(fault.remedy, undefined[_i].remedy));
}
END_TEST

START_TEST(results_are_copies)
{
        _json_ json_t *source = json_string("{{ trigger.list }}"), *names = scope(), *made = NULL,
                      *again = NULL;
        _cleanup_(expr_freep) struct expr *expr = NULL;

        ck_assert_int_eq(expr_compile(source, &expr, NULL), 0);
        ck_assert_int_eq(expr_eval(expr, names, &made, NULL), 0);
        json_array_clear(made);
        ck_assert_int_eq(expr_eval(expr, names, &again, NULL), 0);
        ck_assert_uint_eq(json_array_size(again), 3);
}
END_TEST

START_TEST(other_values_are_themselves)
{
        _json_ json_t *source = json_loads("{\"a\":[1,2.5,true,null,{\"{{ key }}\":\"x\"}]}", 0,
                                           NULL),
                      *made = NULL;
        _cleanup_(expr_freep) struct expr *expr = NULL;

        ck_assert_int_eq(expr_compile(source, &expr, NULL), 0);
        ck_assert(expr_is_constant(expr));
        ck_assert_int_eq(expr_eval(expr, NULL, &made, NULL), 0);
        ck_assert(json_equal(source, made) && source != made);
}
END_TEST

/* A small rule and a large event must not make an enormous result. */
START_TEST(results_are_limited)
{
        _json_ json_t *source = json_array(), *names = json_object(), *large = json_array();
        _cleanup_(expr_freep) struct expr *expr = NULL;
        _fault_ struct fault fault = FAULT_INIT;
        json_t *made = NULL;

        for (int i = 0; i < 300; i++) {
                json_array_append_new(source, json_string("{{ trigger }}"));
                json_array_append_new(source, json_string("x{{ trigger }}"));
        }
        for (int i = 0; i < 1000; i++)
                json_array_append_new(large, json_integer(i));
        json_object_set(names, "trigger", large);
        ck_assert_int_eq(expr_compile(source, &expr, &fault), 0);
        ck_assert_int_eq(expr_eval(expr, names, &made, &fault), FAULT);
        ck_assert_str_eq(fault.code, "expr.limit");
        ck_assert_ptr_null(made);
}
END_TEST

START_TEST(depth_is_limited)
{
        _json_ json_t *source = json_string("x");
        _fault_ struct fault fault = FAULT_INIT;
        struct expr *expr = NULL;

        for (int i = 0; i < 200; i++)
                source = json_pack("[o]", source);
        ck_assert_int_eq(expr_compile(source, &expr, &fault), FAULT);
        ck_assert_str_eq(fault.code, "expr.limit");
}
END_TEST

static void *eval_often(void *arg)
{
        _json_ json_t *names = scope();

        for (int i = 0; i < 1000; i++) {
                _json_ json_t *made = NULL;

                if (expr_eval(arg, names, &made, NULL) ||
                    !text_equal(json_string_value(json_array_get(made, 1)), "srv-7"))
                        return (void *)1;
        }
        return NULL;
}

START_TEST(many_threads_evaluate_one)
{
        _json_ json_t *source = json_pack("[s, s, {s:s}]", "{{ trigger.list }}",
                                          "{{ trigger.name }}-{{ trigger.n }}", "k", "constant");
        _cleanup_(expr_freep) struct expr *expr = NULL;
        pthread_t threads[4];
        void *failed;

        ck_assert_int_eq(expr_compile(source, &expr, NULL), 0);
        for (int i = 0; i < 4; i++)
                ck_assert_int_eq(pthread_create(&threads[i], NULL, eval_often, expr), 0);
        for (int i = 0; i < 4; i++) {
                pthread_join(threads[i], &failed);
                ck_assert_ptr_null(failed);
        }
}
END_TEST

/* A store of one key, that answers as StackStorm's does. */
static int from_store(void *arg, const char *function, const json_t *args, const json_t *kwargs,
                      json_t **ret, struct fault *fault)
{
        const char *key = json_string_value(json_array_get(args, 0));

        (void)arg;
        if (strcmp(function, "st2kv") != 0)
                return EXPR_NOT_MINE;
        if (strcmp(key, "system.slack.channel") == 0)
                *ret = json_string("#ops");
        else if (json_object_get(kwargs, "default"))
                *ret = json_incref(json_object_get(kwargs, "default"));
        else
                return fault_set(fault, 404, "KeyError", "there is no key %s", key);
        return 0;
}

static const struct {
        const char *text, *json;
} stored[] = {
        { "{{ st2kv.system.slack.channel }}", "\"#ops\"" },
        { "to {{ system.slack.channel }}", "\"to #ops\"" },
        { "{{ st2kv.system.slack.channel.upper() }}", "\"#OPS\"" },
        { "{{ st2kv.system.slack.channel | length }}", "4" },
        { "{{ st2kv.system.nothing | default('x', true) }}", "\"x\"" },
        { "{{ st2kv('system.slack.channel') }}", "\"#ops\"" },
        { "{% set system = {'slack': 'mine'} %}{{ system.slack }}", "\"mine\"" },
};

START_TEST(keys_are_read_by_dots)
{
        _json_ json_t *source = json_string(stored[_i].text), *ret = NULL,
                      *wanted = json_loads(stored[_i].json, JSON_DECODE_ANY, NULL);
        const struct expr_world world = { .call = from_store };
        _cleanup_(expr_freep) struct expr *expr = NULL;
        _fault_ struct fault fault = FAULT_INIT;

        ck_assert_int_eq(expr_compile(source, &expr, &fault), 0);
        ck_assert_msg(expr_eval_in(expr, &world, &ret, &fault) == 0, "%s", fault.what);
        ck_assert_msg(json_equal(ret, wanted), "%s", json_dumps(ret, JSON_ENCODE_ANY));
}
END_TEST

START_TEST(keys_need_a_store)
{
        _json_ json_t *source = json_string("{{ st2kv.system.a }}"), *ret = NULL;
        _cleanup_(expr_freep) struct expr *expr = NULL;
        _fault_ struct fault fault = FAULT_INIT;

        ck_assert_int_eq(expr_compile(source, &expr, NULL), 0);
        ck_assert_int_eq(expr_eval(expr, NULL, &ret, &fault), FAULT);
        ck_assert_str_eq(fault.code, "expr.undefined");
}
END_TEST

int main(void)
{
        return SUITE("expr/expr", EACH(gives, rows), EACH(refuses_with_a_place, wrong),
                     EACH(tells_what_is_undefined, undefined), ONCE(results_are_copies),
                     ONCE(other_values_are_themselves), ONCE(results_are_limited),
                     ONCE(depth_is_limited), ONCE(many_threads_evaluate_one),
                     EACH(keys_are_read_by_dots, stored), ONCE(keys_need_a_store));
}
