/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/function.h"

#include "expr/python.h"
#include "expr/value.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static struct param read_param(const char *s, size_t len)
{
        struct param param = { .name = s };
        const char *end = s + len;

        if (s + 1 < end && s[0] == '*' && s[1] == '*') {
                param.named = true;
                s += 2;
        }
        for (; *s == '*' || *s == '&'; s++) {
                param.rest |= *s == '*';
                param.lazy |= *s == '&';
        }
        param.name = s;
        while (s < end && (isalnum((unsigned char)*s) || *s == '_'))
                s++;
        param.name_len = (size_t)(s - param.name);
        if (s < end && *s == ':') {
                param.type = s[1];
                s += 2;
        }
        for (; s < end; s++) {
                param.nullable |= *s == '?';
                param.optional |= *s == '=';
        }
        return param;
}

static struct candidate *make_candidate(struct forest *forest, const struct function *function)
{
        struct candidate *candidate = arena_alloc(&forest->arena, sizeof *candidate +
                                                  PARAMS_MAX * sizeof *candidate->params);
        const char *s = function->params;

        if (!candidate)
                return NULL;
        candidate->function = function;
        candidate->n = 0;
        while (*s && candidate->n < PARAMS_MAX) {
                size_t len = strcspn(s, " ");

                candidate->params[candidate->n++] = read_param(s, len);
                s += len + (s[len] == ' ');
        }
        return candidate;
}

static int add_candidate(struct forest *forest, struct node *node, const struct function *function)
{
        const struct candidate **all = arena_alloc(&forest->arena,
                                                   (node->candidates_n + 1) * sizeof *all);
        struct candidate *candidate = make_candidate(forest, function);

        if (!all || !candidate)
                return -ENOMEM;
        for (size_t i = 0; i < node->candidates_n; i++)
                all[i] = node->candidates[i];
        all[node->candidates_n++] = candidate;
        node->candidates = all;
        return 0;
}

int function_find(struct forest *forest, struct node *node,
                  const struct function *const *tables, unsigned flags)
{
        for (; *tables; tables++)
                for (const struct function *f = *tables; f->name; f++)
                        if (strcmp(f->name, node->name) == 0 && (!flags || f->flags & flags) &&
                            add_candidate(forest, node, f) < 0)
                                return -ENOMEM;
        return 0;
}

/* What was given, and to which parameter of the present candidate it goes. */
struct actual {
        const struct node *node;
        const char *name;
        json_t *value;
        size_t param;
};

struct actuals {
        struct run *run;
        struct actual list[ARGUMENTS_MAX + 1];
        size_t n;
};

/* ignore_case and ignoreCase name one parameter: YAQL speaks camel case, Jinja does not. */
static bool is_named(const struct param *param, const char *name)
{
        const char *a = param->name, *end = a + param->name_len;

        while (a < end || *name) {
                if (*name == '_')
                        name++;
                else if (a < end && *a == '_')
                        a++;
                else if (a == end || tolower((unsigned char)*a++) != tolower((unsigned char)*name++))
                        return false;
        }
        return true;
}

static size_t param_named(const struct candidate *candidate, const char *name)
{
        size_t i;

        for (i = 0; i < candidate->n; i++)
                if (!candidate->params[i].rest && is_named(&candidate->params[i], name))
                        return i;
        for (i = 0; i < candidate->n; i++)
                if (candidate->params[i].named)
                        return i;
        return i;
}

/* Give each argument its parameter; false where the candidate takes more, fewer or others. */
static bool place(const struct candidate *candidate, struct actuals *actuals)
{
        bool given[PARAMS_MAX] = { false };
        size_t next = 0;

        for (size_t i = 0; i < actuals->n; i++) {
                struct actual *actual = &actuals->list[i];
                size_t p = actual->name ? param_named(candidate, actual->name) : next;

                if (p >= candidate->n || (!actual->name && candidate->params[p].named))
                        return false;
                if (given[p] && !candidate->params[p].rest && !candidate->params[p].named)
                        return false;
                if (!actual->name && !candidate->params[p].rest)
                        next++;
                given[p] = true;
                actual->param = p;
        }
        for (size_t p = 0; p < candidate->n; p++)
                if (!given[p] && !candidate->params[p].optional && !candidate->params[p].rest &&
                    !candidate->params[p].named)
                        return false;
        return true;
}

static bool is_list_of(enum nature_kind kind, char type)
{
        switch (type) {
        case 'c':
                return true;
        case 'q':
                return kind != NATURE_SET && kind != NATURE_ITERATOR && kind != NATURE_ORDERED;
        case 'e':
                return kind == NATURE_SET;
        case 'o':
                return kind == NATURE_ORDERED;
        default:
                return false;
        }
}

static bool is_text_of(enum nature_kind kind, char type)
{
        switch (type) {
        case 's':
                return kind != NATURE_MOMENT && kind != NATURE_SPAN && kind != NATURE_REGEX;
        case 't':
                return kind == NATURE_MOMENT;
        case 'p':
                return kind == NATURE_SPAN;
        case 'x':
                return kind == NATURE_REGEX;
        default:
                return false;
        }
}

static bool is_of(const struct run *run, const json_t *value, const struct param *param)
{
        if (!param->type)
                return true;
        switch (json_typeof(value)) {
        case JSON_NULL:
                return param->nullable;
        case JSON_OBJECT:
                return param->type == 'd';
        case JSON_ARRAY:
                return is_list_of(nature_kind(&run->natures, value), param->type);
        case JSON_STRING:
                return is_text_of(nature_kind(&run->natures, value), param->type);
        case JSON_TRUE:
        case JSON_FALSE:
                return param->type == 'b' || param->type == 'i';
        case JSON_INTEGER:
                return param->type == 'i' || param->type == 'n';
        case JSON_REAL:
                return param->type == 'n';
        }
        return false;
}

bool function_is_of(const struct run *run, const struct node *node, const json_t *receiver)
{
        for (size_t i = 0; i < node->candidates_n; i++)
                if (is_of(run, receiver, &node->candidates[i]->params[0]))
                        return true;
        return false;
}

static json_t *undefined_argument(struct run *run, const json_t *value)
{
        return run_is_empty(run, value) ? run_text(run, "", 0)
                : run_use_undefined(run, value);
}

/* The argument's value, evaluated once however many candidates look at it. */
static bool settle(struct actuals *actuals, struct actual *actual, unsigned flags)
{
        struct run *run = actuals->run;

        if (!actual->value)
                actual->value = run_node(run, actual->node);
        if (actual->value && !(flags & FUNCTION_UNDEFINED) && run->natures.used &&
            run_is_undefined(run, actual->value))
                actual->value = undefined_argument(run, actual->value);
        return actual->value != NULL;
}

static bool take(struct call *call, const struct param *param, const struct actual *actual)
{
        if (param->named) {
                if (!call->keywords)
                        call->keywords = run_object(call->run);
                return call->keywords &&
                        json_object_set(call->keywords, actual->name, actual->value) == 0;
        }
        if (param->rest) {
                call->rest[call->rest_n] = actual->value;
                call->rest_lazy[call->rest_n++] = param->lazy ? actual->node : NULL;
        } else {
                call->args[actual->param] = actual->value;
                call->lazy[actual->param] = param->lazy ? actual->node : NULL;
        }
        return true;
}

/* 1: it fits, and call is ready; 0: it does not; -1: an argument failed. */
static int bind(struct actuals *actuals, const struct candidate *candidate, struct call *call)
{
        if (!place(candidate, actuals))
                return 0;
        memset(call->args, 0, sizeof call->args);
        memset(call->lazy, 0, sizeof call->lazy);
        call->run = actuals->run;
        call->rest_n = 0;
        call->keywords = NULL;
        for (size_t i = 0; i < actuals->n; i++) {
                struct actual *actual = &actuals->list[i];
                const struct param *param = &candidate->params[actual->param];

                if (!param->lazy && !settle(actuals, actual, candidate->function->flags))
                        return -1;
                if (!param->lazy && !is_of(actuals->run, actual->value, param))
                        return 0;
                if (!take(call, param, actual))
                        return -1;
        }
        return 1;
}

static void collect(struct actuals *actuals, const struct node *node, json_t *receiver,
                    bool pairs_are_names)
{
        actuals->n = 0;
        if (receiver)
                actuals->list[actuals->n++] = (struct actual){ .value = receiver };
        for (size_t i = receiver ? 1 : 0; i < node->n && actuals->n <= ARGUMENTS_MAX; i++) {
                const struct node *kid = node->kids[i];
                struct actual *actual = &actuals->list[actuals->n++];

                *actual = (struct actual){ .node = kid, .name = node->names[i] };
                if (kid->kind == NODE_PAIR && pairs_are_names && kid->name) {
                        actual->name = kid->name;
                        actual->node = kid->kids[1];
                }
        }
}

/* The first candidate that fits; NULL without a failure where none does. */
static json_t *call_candidates(struct actuals *actuals, const struct node *node)
{
        struct call call;

        for (size_t i = 0; i < node->candidates_n; i++) {
                const struct candidate *candidate = node->candidates[i];
                int fits = bind(actuals, candidate, &call);

                if (fits < 0)
                        return NULL;
                if (fits)
                        return candidate->function->run(&call);
        }
        return NULL;
}

static json_t *fault_of_world(struct run *run, struct fault *fault)
{
        if (strcmp(fault->code, "expr.limit") == 0)
                return run_limit(run, fault->what);
        run_raise(run, fault->code, "%s", fault->what ? fault->what : "");
        if (fault->why && !run->why)
                run->why = strdup(fault->why);
        if (fault->remedy && !run->remedy)
                run->remedy = strdup(fault->remedy);
        return NULL;
}

json_t *function_of_world(struct run *run, const char *name, const json_t *args,
                          const json_t *kwargs)
{
        _fault_ struct fault fault = FAULT_INIT;
        json_t *made = NULL;
        int r;

        if (!run->world->call)
                return NULL;
        r = run->world->call(run->world->arg, name, args, kwargs, &made, &fault);
        if (r == 0)
                return run_keep(run, made);
        if (r == FAULT)
                return fault_of_world(run, &fault);
        return r < 0 ? run_no_memory(run) : NULL;
}

static json_t *call_world(struct actuals *actuals, const char *name)
{
        struct run *run = actuals->run;
        json_t *args, *kwargs;

        if (!run->world->call)
                return NULL;
        args = run_list(run);
        kwargs = run_object(run);
        for (size_t i = 0; args && kwargs && i < actuals->n; i++) {
                struct actual *actual = &actuals->list[i];

                if (!settle(actuals, actual, 0))
                        return NULL;
                if ((actual->name ? json_object_set(kwargs, actual->name, actual->value)
                     : json_array_append(args, actual->value)) < 0)
                        return run_no_memory(run);
        }
        return args && kwargs ? function_of_world(run, name, args, kwargs) : NULL;
}

json_t *function_call(struct run *run, const struct node *node, json_t *receiver)
{
        struct actuals actuals;
        json_t *made;

        actuals.run = run;
        collect(&actuals, node, receiver, true);
        made = node->candidates_n ? call_candidates(&actuals, node) : NULL;
        if (made || run->failure)
                return made;
        made = call_world(&actuals, node->name);
        if (made || run->failure)
                return made;
        if (node->candidates_n)
                return run_raise(run, "TypeError", "%s() does not take these arguments",
                                 node->name);
        return run_use_undefined(run, run_undefined(run, NULL, node->name));
}

static json_t *no_match(struct run *run, const struct node *node, const json_t *receiver)
{
        _text_ struct text shown = TEXT_INIT;
        bool known = node->candidates_n > 0;

        if (!receiver || *node->name == '#')            /* an operator is no method */
                return run_raise(run, known ? "NoMatchingFunctionException"
                                 : "NoFunctionRegisteredException",
                                 known ? "No function \"%s\" matches supplied arguments"
                                 : "Unknown function \"%s\"", node->name);
        python_show(&run->natures, receiver, false, 1000, &shown);
        return run_raise(run, known ? "NoMatchingMethodException" : "NoMethodRegisteredException",
                         known ? "No method \"%s\" for receiver %s matches supplied arguments"
                         : "Unknown method \"%s\" for receiver %s", node->name,
                         shown.s ? shown.s : "");
}

json_t *function_call_yaql(struct run *run, const struct node *node, json_t *receiver)
{
        struct actuals actuals;
        bool pairs = node->candidates_n && node->candidates[0]->function->flags & FUNCTION_PAIRS;
        json_t *made;

        actuals.run = run;
        collect(&actuals, node, receiver, !pairs);
        made = node->candidates_n ? call_candidates(&actuals, node) : NULL;
        if (made || run->failure)
                return made;
        made = receiver ? NULL : call_world(&actuals, node->name);
        return made || run->failure ? made : no_match(run, node, receiver);
}

const struct node *function_named(struct run *run, const struct function *const *tables,
                                  const char *name, const char *what)
{
        struct forest forest = { .arena = run->arena };
        struct node *node = node_new(&forest, NODE_FILTER, 0);
        int r = -ENOMEM;

        if (node) {
                node->name = arena_text(&forest.arena, name);
                r = node->name ? function_find(&forest, node, tables, 0) : -ENOMEM;
        }
        run->arena = forest.arena;
        if (r < 0)
                run_no_memory(run);
        else if (!node->candidates_n)
                run_raise(run, "TemplateRuntimeError", "No %s named '%s'.", what, name);
        return run->failure ? NULL : node;
}

json_t *function_apply(struct run *run, const struct node *named, json_t **args, size_t n)
{
        struct actuals actuals;
        json_t *made;

        actuals.run = run;
        actuals.n = 0;
        for (size_t i = 0; i < n && i <= ARGUMENTS_MAX; i++)
                actuals.list[actuals.n++] = (struct actual){ .value = args[i] };
        if (!run_step(run, 1))
                return NULL;
        made = call_candidates(&actuals, named);
        if (!made && !run->failure)
                run_raise(run, "TypeError", "%s() does not take these arguments", named->name);
        return made;
}

int64_t call_int(const struct call *call, size_t i, int64_t or_else)
{
        return call->args[i] && value_is_integer(call->args[i]) ? value_integer(call->args[i])
                : or_else;
}

bool call_flag(struct call *call, size_t i, bool or_else)
{
        return call->args[i] ? value_truth(call->run, call->args[i]) : or_else;
}

const char *call_text(const struct call *call, size_t i)
{
        return call->args[i] ? json_string_value(call->args[i]) : NULL;
}

json_t *call_lambda(struct call *call, size_t i, json_t *value)
{
        return run_lambda(call->run, call->lazy[i], value, NULL);
}
