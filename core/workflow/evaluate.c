/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The functions through which expressions reach a life. Nothing is prepared for them: a variable
 * is looked up when it is asked for, a result loaded when it is, so an expression costs what it
 * uses.
 *
 * In a plan some values are unknown. Asking for one fails the evaluation, and the failure is
 * recognised afterwards by what was asked (met_unknown): the language need not know of it.
 */
#include "workflow/evaluate.h"

#include "base/cleanup.h"
#include "base/json.h"

#include <errno.h>
#include <string.h>

void scope_deinit(struct scope *scope)
{
        json_decref(scope->loaded);
}

static int fail(struct fault *fault, const char *type, const char *message)
{
        return fault_set(fault, 422, type, "%s", message);
}

static int meets_unknown(struct scope *scope, struct fault *fault)
{
        scope->met_unknown = true;
        return fault_set(fault, 422, "expr.unknown", "the value is not known while planning");
}

static int ctx_all(struct scope *scope, json_t **ret)
{
        json_t *all = scope->is_bare ? json_object() :
                context_all(&scope->c->contexts, scope->vars), *value;
        const char *name;

        scope->met_unknown |= (scope->vars && scope->vars->hides) ||
                json_object_size(scope->rolling_unknown);
        if (all && json_object_size(scope->rolling)) {
                json_t *copy = json_copy(all);

                json_decref(all);
                all = copy;
                json_object_foreach(scope->rolling, name, value)
                        if (strncmp(name, "__", 2))
                                json_object_set(all, name, value);
        }
        *ret = all;
        return all ? 0 : -ENOMEM;
}

static bool is_private(const char *name)
{
        static const char *const ours[] = { "__state", "__current_task", "__current_item" };

        for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
                if (!strcmp(ours[i], name))
                        return true;
        return false;
}

static int ctx_one(struct scope *scope, const char *name, json_t **ret, struct fault *fault)
{
        json_t *value = json_incref(json_object_get(scope->rolling, name));
        bool is_unknown = !value && json_object_get(scope->rolling_unknown, name);

        if (!value && !is_unknown && !scope->is_bare)
                value = context_variable(&scope->c->contexts, scope->vars, name, &is_unknown);
        if (is_unknown)
                return meets_unknown(scope, fault);
        if (!value && !(scope->node && is_private(name)))
                return fault_set(fault, 422, "VariableUndefinedError",
                                 "The variable \"%s\" is undefined.", name);
        if (!strncmp(name, "__", 2)) {
                json_decref(value);
                return fault_set(fault, 422, "VariableInaccessibleError", "The variable \"%s\" is "
                                 "for internal use and inaccessible.", name);
        }
        *ret = value;
        return 0;
}

/* The first argument, by place or by name; NULL: none. */
static const json_t *argument(const json_t *args, const json_t *kwargs, size_t at, const char *name)
{
        const json_t *value = json_array_get(args, at);

        return value ? value : json_object_get(kwargs, name);
}

static int call_ctx(struct scope *scope, const json_t *args, const json_t *kwargs, json_t **ret,
                    struct fault *fault)
{
        const char *name = json_string_value(argument(args, kwargs, 0, "key"));

        return name && *name ? ctx_one(scope, name, ret, fault) : ctx_all(scope, ret);
}

static int call_item(struct scope *scope, const json_t *args, const json_t *kwargs, json_t **ret,
                     struct fault *fault)
{
        const char *key = json_string_value(argument(args, kwargs, 0, "key"));
        json_t *value;

        if (!key || !*key) {
                *ret = scope->item ? json_incref((json_t *)scope->item) : json_null();
                return 0;
        }
        if (!json_is_object(scope->item))
                return fail(fault, "ExpressionEvaluationException",
                            "Item is not type of collections.abc.Mapping.");
        value = json_object_get(scope->item, key);
        if (!value)
                return fault_set(fault, 422, "ExpressionEvaluationException",
                                 "Item does not have key \"%s\".", key);
        *ret = json_incref(value);
        return 0;
}

static int no_task(struct fault *fault)
{
        return fail(fault, "ExpressionEvaluationException",
                    "The current task is not set in the context.");
}

static int items_result(const struct scope *scope, json_t **ret, struct fault *fault)
{
        _json_ json_t *list = json_array();

        for (size_t i = 0; i < scope->items->count; i++) {
                json_t *value = NULL;
                int r = outcome_load(scope->c, &scope->items->item[i].outcome, &value, fault);

                if (r)
                        return r;
                if (!value) {
                        *ret = NULL;
                        return 0;
                }
                if (json_array_append_new(list, value))
                        return -ENOMEM;
        }
        *ret = TAKE(list);
        return *ret ? 0 : -ENOMEM;
}

static int call_result(struct scope *scope, const json_t *args, const json_t *kwargs,
                       json_t **ret, struct fault *fault)
{
        json_t *value = NULL;
        int r = 0;

        (void)args, (void)kwargs;
        if (!scope->node)
                return no_task(fault);
        if (scope->loaded)
                value = json_incref(scope->loaded);
        else if (scope->items)
                r = items_result(scope, &value, fault);
        else if (scope->result)
                r = outcome_load(scope->c, scope->result, &value, fault);
        else
                value = json_null();
        if (r)
                return r;
        if (!value)
                return meets_unknown(scope, fault);
        if (!scope->loaded)
                scope->loaded = json_incref(value);
        *ret = value;
        return 0;
}

static int call_task_status(struct scope *scope, const json_t *args, const json_t *kwargs,
                            json_t **ret, struct fault *fault)
{
        const char *name = json_string_value(argument(args, kwargs, 0, "task_id"));
        const json_t *on = argument(args, kwargs, 1, "route");
        unsigned route = json_is_integer(on) ? (unsigned)json_integer_value(on) : scope->route;
        const struct node *node = name ? workflow_node(scope->c->workflow, name) : NULL;
        const struct entry *entry = node ? route_number(scope->c, node, route) : NULL;

        (void)fault;
        *ret = json_string(status_name(entry ? entry->status : STATUS_UNSET));
        return *ret ? 0 : -ENOMEM;
}

static int status_now(const struct scope *scope, enum status *ret, struct fault *fault)
{
        const struct entry *entry;

        if (!scope->node)
                return no_task(fault);
        entry = route_number(scope->c, scope->node, scope->route);
        *ret = entry ? entry->status : STATUS_UNSET;
        return 0;
}

static int call_succeeded(struct scope *scope, const json_t *args, const json_t *kwargs,
                          json_t **ret, struct fault *fault)
{
        enum status status = STATUS_UNSET;
        int r = status_now(scope, &status, fault);

        (void)args, (void)kwargs;
        *ret = r ? NULL : json_boolean(status == STATUS_SUCCEEDED);
        return r;
}

static int call_failed(struct scope *scope, const json_t *args, const json_t *kwargs,
                       json_t **ret, struct fault *fault)
{
        enum status status = STATUS_UNSET;
        int r = status_now(scope, &status, fault);

        (void)args, (void)kwargs;
        *ret = r ? NULL : json_boolean(status == STATUS_FAILED);
        return r;
}

static int call_completed(struct scope *scope, const json_t *args, const json_t *kwargs,
                          json_t **ret, struct fault *fault)
{
        enum status status = STATUS_UNSET;
        int r = status_now(scope, &status, fault);

        (void)args, (void)kwargs;
        *ret = r ? NULL : json_boolean(status_is_completed(status));
        return r;
}

/* What the owner answers: it has the store. */
static int call_owner(struct scope *scope, const char *name, const json_t *args,
                      const json_t *kwargs, json_t **ret, struct fault *fault)
{
        _json_ json_t *at = NULL;

        if (!scope->c->calls.function)
                return EXPR_NOT_MINE;
        if (scope->node)
                at = json_pack("{s:s, s:i}", "id", scope->node->name, "route", (int)scope->route);
        return scope->c->calls.function(scope->c->calls.user, name, args, kwargs, at, ret, fault);
}

typedef int function(struct scope *scope, const json_t *args, const json_t *kwargs, json_t **ret,
                     struct fault *fault);

static const struct {
        const char *name;
        function *call;                 /* NULL: the owner's */
} functions[] = {
        { "ctx", call_ctx },
        { "item", call_item },
        { "result", call_result },
        { "succeeded", call_succeeded },
        { "failed", call_failed },
        { "completed", call_completed },
        { "task_status", call_task_status },
        { "task", NULL },
        { "st2kv", NULL },
        { "st2kv_", NULL },
        { "decrypt_kv", NULL },
};

static int call(void *arg, const char *name, const json_t *args, const json_t *kwargs,
                json_t **ret, struct fault *fault)
{
        struct scope *scope = arg;

        for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
                if (strcmp(functions[i].name, name))
                        continue;
                if (!functions[i].call)
                        return call_owner(scope, name, args, kwargs, ret, fault);
                if (scope->c->workflow->is_chain)
                        return EXPR_NOT_MINE;
                return functions[i].call(scope, args, kwargs, ret, fault);
        }
        return EXPR_NOT_MINE;
}

bool fault_is_unknown(const struct fault *fault)
{
        return !strcmp(fault->code, "expr.unknown");
}

/* A chain's expressions are plain templates over names, with all results under __results. */
static json_t *names_of(struct scope *scope)
{
        _json_ json_t *all = NULL;
        json_t *names, *results = json_incref(json_object_get(scope->rolling, "__results"));
        bool is_unknown;

        if (ctx_all(scope, &all))
                return NULL;
        if (!results)
                results = context_variable(&scope->c->contexts, scope->vars, "__results", &is_unknown);
        names = json_copy(all);
        json_object_set_new(names, "__results", results ? results : json_object());
        return names;
}

int evaluate(const struct expr *expr, struct scope *scope, json_t **ret, struct fault *fault)
{
        _json_ json_t *names = NULL;
        struct expr_world world = { .call = call, .arg = scope };
        int r;

        scope->met_unknown = false;
        if (!expr) {
                *ret = json_null();
                return 0;
        }
        if (scope->c->workflow->is_chain) {
                names = names_of(scope);
                if (!names)
                        return -ENOMEM;
                world.names = names;
        }
        r = expr_eval_in(expr, &world, ret, fault);
        if (r > 0 && scope->met_unknown)
                return fault_set(fault, 422, "expr.unknown",
                                 "it depends on a result that is not known before the run");
        return r < 0 ? fault_errno(fault, r, "evaluating an expression") : r;
}

int evaluate_number(const struct number *number, struct scope *scope, int64_t *ret,
                    const char *exception, const char *message, struct fault *fault)
{
        _json_ json_t *value = NULL;
        int r;

        if (number->value) {
                r = evaluate(number->value, scope, &value, fault);
                if (r)
                        return r;
        } else {
                value = json_incref((json_t *)number->source);
        }
        if (json_is_boolean(value)) {   /* Python counts them among the integers */
                *ret = json_is_true(value);
                return 0;
        }
        if (!json_is_integer(value))
                return refuse(fault, 422, "workflow.type", exception, "%s", message);
        *ret = json_integer_value(value);
        return 0;
}
