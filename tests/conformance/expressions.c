/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Recorded evaluations of Orquesta and StackStorm. The functions that belong to a workflow (ctx,
 * item, succeeded …) answer here from the recorded state, as upstream's do.
 */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "expr/expr.h"

#include "frame.h"

#include <string.h>

CLEANUP_DEFINE(struct expr *, expr_free);

static int raise(struct fault *fault, const char *type, const char *fmt, const char *name)
{
        _free_ char *what = NULL;

        if (asprintf(&what, "%s%s", fmt, name) < 0)
                return -1;
        return fault_set(fault, 422, type, "%s", what);
}

static int ctx(const json_t *data, const json_t *args, json_t **ret, struct fault *fault)
{
        const char *key = json_string_value(json_array_get(args, 0)), *name;
        json_t *value, *all;

        if (key && *key) {
                value = json_object_get(data, key);
                if (!value)
                        return raise(fault, "VariableUndefinedError", "undefined variable ", key);
                if (strncmp(key, "__", 2) == 0)
                        return raise(fault, "VariableInaccessibleError", "private ", key);
                *ret = json_incref(value);
                return 0;
        }
        all = json_object();
        json_object_foreach((json_t *)data, name, value)
                if (strncmp(name, "__", 2) != 0)
                        json_object_set(all, name, value);
        *ret = all;
        return 0;
}

static bool is_within(const json_t *part, const json_t *whole)
{
        json_t *a, *b;
        size_t i, k;

        json_array_foreach(part, i, a) {
                bool found = false;

                json_array_foreach(whole, k, b)
                        found |= json_equal(a, b);
                if (!found)
                        return false;
        }
        return true;
}

/* A task that is not on this route ran on the longest route that leads to it. */
static const char *status_of(const json_t *state, const char *task, int64_t route)
{
        const json_t *routes = json_object_get(state, "routes"), *at;
        _free_ char *id = NULL;

        if (asprintf(&id, "%s__r%lld", task, (long long)route) < 0)
                return NULL;
        at = json_object_get(json_object_get(state, "tasks"), id);
        if (at)
                return json_text_of(json_array_get(json_object_get(state, "sequence"),
                                                   (size_t)json_integer_value(at)), "status", NULL);
        for (int64_t earlier = route - 1; earlier >= 0; earlier--)
                if (is_within(json_array_get(routes, (size_t)earlier),
                              json_array_get(routes, (size_t)route)))
                        return status_of(state, task, earlier);
        return NULL;
}

static int status(const json_t *data, const char *function, const json_t *args, json_t **ret,
                  struct fault *fault)
{
        static const char *const completed[] = { "succeeded", "failed", "expired", "abandoned",
                                                 "canceled", NULL };
        const json_t *task = json_object_get(data, "__current_task");
        bool is_named = strcmp(function, "task_status") == 0, is = false;
        const char *name = is_named ? json_string_value(json_array_get(args, 0))
                : json_text_of(task, "id", NULL), *known;

        if (!is_named && !json_object_size(task))
                return raise(fault, "ExpressionEvaluationException",
                             "The current task is not set in the context.", "");
        known = status_of(json_object_get(data, "__state"), name ? name : "",
                          json_int_of(task, "route", 0));
        if (is_named) {
                *ret = known ? json_string(known) : json_null();
                return 0;
        }
        if (strcmp(function, "completed") == 0)
                for (const char *const *c = completed; *c; c++)
                        is |= text_equal(*c, known);
        *ret = json_boolean(is || text_equal(function, known));
        return 0;
}

static int item(const json_t *data, const json_t *args, json_t **ret, struct fault *fault)
{
        json_t *present = json_object_get(data, "__current_item"), *value;
        const char *key = json_string_value(json_array_get(args, 0));

        if (!key || !*key) {
                *ret = present ? json_incref(present) : json_null();
                return 0;
        }
        if (!json_is_object(present))
                return raise(fault, "ExpressionEvaluationException",
                             "Item is not type of collections.abc.Mapping.", "");
        value = json_object_get(present, key);
        if (!value)
                return raise(fault, "ExpressionEvaluationException", "Item does not have key ",
                             key);
        *ret = json_incref(value);
        return 0;
}

static int result(const json_t *data, json_t **ret, struct fault *fault)
{
        const json_t *task = json_object_get(data, "__current_task");
        json_t *value = json_object_get(task, "result");

        if (!json_object_size(task))
                return raise(fault, "ExpressionEvaluationException",
                             "The current task is not set in the context.", "");
        *ret = value ? json_incref(value) : json_null();
        return 0;
}

static int call(void *arg, const char *function, const json_t *args, const json_t *kwargs,
                json_t **ret, struct fault *fault)
{
        static const char *const statuses[] = { "task_status", "succeeded", "failed", "completed",
                                                NULL };

        (void)kwargs;
        if (strcmp(function, "ctx") == 0)
                return ctx(arg, args, ret, fault);
        if (strcmp(function, "item") == 0)
                return item(arg, args, ret, fault);
        if (strcmp(function, "result") == 0)
                return result(arg, ret, fault);
        for (const char *const *s = statuses; *s; s++)
                if (strcmp(*s, function) == 0)
                        return status(arg, function, args, ret, fault);
        return EXPR_NOT_MINE;
}

/* An error agrees by its kind and its expression; its tail names Python's types. */
static void compare_error(struct outcome *ret, const json_t *raises, const struct fault *fault)
{
        const char *expected = json_text_of(raises, "message", ""), *tail = strstr(expected, "'. ");
        const char *exception = json_text_of(fault->detail, "exception", "?");
        size_t len = strlen(expected);

        if (tail && strncmp(expected, "Unable to evaluate", 18) == 0)
                len = (size_t)(tail - expected) + 3 + strcspn(tail + 3, ":");
        if (text_equal(json_text_of(raises, "exception", ""), exception) && fault->what &&
            strncmp(expected, fault->what, len) == 0) {
                ret->verdict = AGREED;
                return;
        }
        outcome_set(ret, DIFFERED, "expected %s: %s, got %s: %s",
                    json_text_of(raises, "exception", "?"), expected, exception,
                    fault->what ? fault->what : "no message");
}

static void evaluate(const json_t *line, const struct expr_world *world, enum expr_rules rules,
                     struct outcome *ret, struct fault *fault)
{
        _cleanup_(expr_freep) struct expr *expr = NULL;
        const json_t *raises = json_object_get(line, "raises");
        const char *text = rules == EXPR_TEXT ? "template" : "text";
        _json_ json_t *made = NULL;

        if (expr_compile_for(json_object_get(line, text), rules, &expr, fault) ||
            expr_eval_in(expr, world, &made, fault)) {
                if (!raises)
                        outcome_set(ret, DIFFERED, "failed: %s", fault->what);
                return;
        }
        if (raises)
                outcome_set(ret, DIFFERED, "should have failed");
        else
                outcome_compare(ret, json_object_get(line, "returns"), made);
}

static bool is_beyond_json(const json_t *line)
{
        _free_ char *returns = json_compact(json_object_get(line, "returns"));

        return returns && strstr(returns, "repr(");
}

void judge_eval(const json_t *line, struct outcome *ret)
{
        struct expr_world world = { .call = call, .arg = json_object_get(line, "data") };
        const json_t *raises = json_object_get(line, "raises");
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *errors = NULL;

        if (is_beyond_json(line)) {
                outcome_set(ret, SKIPPED, "a value that only Python has");
        } else if (strstr(json_text_of(line, "text", ""), "random(") &&
                   !text_equal(json_text_of(line, "op", ""), "validate")) {
                outcome_set(ret, SKIPPED, "chance is not recorded");
        } else if (text_equal(json_text_of(line, "op", ""), "validate")) {
                errors = expr_validate(json_object_get(line, "text"));
                outcome_compare(ret, json_object_get(line, "returns"), errors);
        } else {
                evaluate(line, &world, EXPR_WORKFLOW, ret, &fault);
                if (raises && fault.what)
                        compare_error(ret, raises, &fault);
        }
}

/*
 * Whether undefined names were allowed is not recorded: where upstream gave a value, they may be.
 */
void judge_jinja(const json_t *line, struct outcome *ret)
{
        const char *raises = json_text_of(line, "raises", NULL);
        struct expr_world world = { .names = json_object_get(line, "context"),
                                    .undefined_is_empty = !raises };
        _fault_ struct fault fault = FAULT_INIT;
        const char *type;

        evaluate(line, &world, EXPR_TEXT, ret, &fault);
        if (!raises || !fault.what)
                return;
        type = json_text_of(fault.detail, "type", "?");
        if (text_equal(raises, type))
                ret->verdict = AGREED;
        else
                outcome_set(ret, DIFFERED, "expected %s, got %s: %s", raises, type, fault.what);
}
