/* SPDX-License-Identifier: Apache-2.0 */

/* The evaluator of expressions: one function for each kind of node, found by a table. */
#include "base/cleanup.h"
#include "expr/function.h"
#include "expr/moment.h"
#include "expr/python.h"
#include "expr/run.h"
#include "expr/value.h"

#include <string.h>

typedef json_t *evaluator(struct run *run, const struct node *node);

static json_t *literal(struct run *run, const struct node *node)
{
        (void)run;
        return node->literal;
}

static json_t *name(struct run *run, const struct node *node)
{
        json_t *found = run->frame ? frame_get(run, node->name) : NULL;

        if (!found && run->world->names)
                found = json_object_get(run->world->names, node->name);
        return found ? found : run_undefined(run, run->world->names, node->name);
}

static json_t *variable(struct run *run, const struct node *node)
{
        json_t *found = run->frame ? frame_get(run, node->name) : NULL;

        if (!found && strcmp(node->name, "1") == 0)
                found = (json_t *)run->world->names;
        return found ? found : json_null();
}

/* Python's own attributes are methods here, so what is left of a.b is the item. */
static json_t *member(struct run *run, const struct node *node)
{
        json_t *of = run_node(run, node->kids[0]), *found;

        if (!of)
                return NULL;
        found = json_object_get(of, node->name);
        if (found)
                return found;
        if (run->natures.used && run_is_undefined(run, of))
                return run_use_undefined(run, of);
        return run_undefined(run, of, node->name);
}

static bool is_shadowed(struct run *run, const struct node *node)
{
        while (node->kind != NODE_NAME)
                node = node->kids[0];
        return (run->frame && frame_get(run, node->name)) ||
                json_object_get(run->world->names, node->name);
}

/* As in StackStorm, a key that is not there is an empty text. */
static json_t *stored(struct run *run, const struct node *node)
{
        json_t *args, *kwargs, *found;

        if (run->is_workflow || !run->world->call || !strchr(node->key, '.') ||
            is_shadowed(run, node))
                return member(run, node);
        args = run_list(run);
        kwargs = run_object(run);
        if (!run_append(run, args, run_text(run, node->key, strlen(node->key))) ||
            json_object_set_new(kwargs, "default", json_string("")) < 0)
                return run->failure ? NULL : run_no_memory(run);
        found = function_of_world(run, "st2kv", args, kwargs);
        return found || run->failure ? found : member(run, node);
}

static json_t *property_of(struct run *run, json_t *of, const struct node *node);

/* The property of a list is that of its items. */
static json_t *property_of_items(struct run *run, json_t *list, const struct node *node)
{
        json_t *made = run_list(run), *item;
        size_t i;

        json_array_foreach(list, i, item)
                if (!run_append(run, made, property_of(run, item, node)))
                        return NULL;
        return run_nature(run, made, NATURE_ITERATOR);
}

static json_t *property_of(struct run *run, json_t *of, const struct node *node)
{
        json_t *found = json_object_get(of, node->name);

        if (found)
                return found;
        if (json_is_object(of))
                return run_raise(run, "KeyError", "%s", node->name);
        if (json_is_array(of))
                return property_of_items(run, of, node);
        found = moment_property(run, of, node->name);
        return found || run->failure ? found
                : run_raise(run, "NoFunctionRegisteredException",
                            "Unknown function \"#property#%s\"", node->name);
}

static json_t *property(struct run *run, const struct node *node)
{
        json_t *of = run_node(run, node->kids[0]);

        return of ? property_of(run, of, node) : NULL;
}

static json_t *item(struct run *run, const struct node *node)
{
        json_t *of = run_node(run, node->kids[0]);
        json_t *key = of ? run_node(run, node->kids[1]) : NULL, *found;

        if (!key)
                return NULL;
        if (run->natures.used && (run_is_undefined(run, of) || run_is_undefined(run, key)))
                return run_use_undefined(run, run_is_undefined(run, of) ? of : key);
        found = value_item(run, of, key);
        if (!found && run_forgive(run)) {
                _text_ struct text shown = TEXT_INIT;

                if (run_print(run, key, false, &shown))
                        found = run_undefined(run, of, shown.s ? shown.s : "");
        }
        return found;
}

static json_t *slice(struct run *run, const struct node *node)
{
        json_t *of = run_node(run, node->kids[0]), *bounds[3] = { NULL };

        for (size_t i = 0; of && i < 3; i++)
                if (node->kids[i + 1] && !(bounds[i] = run_node(run, node->kids[i + 1])))
                        return NULL;
        if (of && run_is_undefined(run, of))
                return run_use_undefined(run, of);
        return of ? value_slice(run, of, (const json_t *const *)bounds) : NULL;
}

static json_t *call(struct run *run, const struct node *node)
{
        if (node->flags == SPELLING_YAQL)
                return function_call_yaql(run, node, NULL);
        if ((run->frame && frame_get(run, node->name)) ||
            json_object_get(run->world->names, node->name))
                return run_raise(run, "TypeError", "'%s' is a value, not a function", node->name);
        return function_call(run, node, NULL);
}

static json_t *method(struct run *run, const struct node *node)
{
        json_t *of = run_node(run, node->kids[0]);

        if (!of)
                return NULL;
        if (node->flags == SPELLING_YAQL)
                return function_call_yaql(run, node, of);
        if (run_is_undefined(run, of))
                return run_use_undefined(run, of);
        if (json_object_get(of, node->name) && !node->candidates_n)
                return run_raise(run, "TypeError", "'%s' object is not callable",
                                 python_type(&run->natures, json_object_get(of, node->name)));
        return function_is_of(run, node, of) ? function_call(run, node, of)
                : run_use_undefined(run, run_undefined(run, of, node->name));
}

static json_t *filter(struct run *run, const struct node *node)
{
        json_t *of = run_node(run, node->kids[0]);

        return of ? function_call(run, node, of) : NULL;
}

/* YAQL's signs are functions of numbers and spans, and true is none. */
static bool takes_sign(struct run *run, const struct node *node, const json_t *of)
{
        bool takes = json_is_number(of) || nature_kind(&run->natures, of) == NATURE_SPAN;

        if (node->flags == SPELLING_YAQL && !takes)
                run_raise(run, "NoMatchingFunctionException",
                          "No function \"#unary_operator_%s\" matches supplied arguments",
                          node->kind == NODE_NEGATE ? "-" : "+");
        return node->flags != SPELLING_YAQL || takes;
}

static json_t *negate(struct run *run, const struct node *node)
{
        json_t *of = run_node(run, node->kids[0]);

        return of && takes_sign(run, node, of) ? value_negate(run, of) : NULL;
}

static json_t *plus(struct run *run, const struct node *node)
{
        json_t *of = run_node(run, node->kids[0]);

        if (!of || !takes_sign(run, node, of))
                return NULL;
        if (value_is_number(of) || nature_kind(&run->natures, of) == NATURE_SPAN)
                return of;
        return run_is_undefined(run, of) ? run_use_undefined(run, of)
                : run_raise(run, "TypeError", "bad operand type for unary +: '%s'",
                            python_type(&run->natures, of));
}

static json_t *not(struct run *run, const struct node *node)
{
        json_t *of = run_node(run, node->kids[0]);
        bool truth = of && value_truth(run, of);

        return of && !run->failure ? run_bool(!truth) : NULL;
}

static json_t *binary(struct run *run, const struct node *node)
{
        json_t *a = run_node(run, node->kids[0]);
        json_t *b = a ? run_node(run, node->kids[1]) : NULL, *made;

        made = b ? (*node->operates)(run, a, b) : NULL;
        return run->failure ? NULL : made;
}

static json_t *compare(struct run *run, const struct node *node)
{
        json_t *a = run_node(run, node->kids[0]), *b, *made = a ? json_true() : NULL;

        for (size_t i = 1; a && i < node->n; i++, a = b) {
                b = run_node(run, node->kids[i]);
                made = b ? node->operates[i - 1](run, a, b) : NULL;
                if (!made || run->failure)
                        return NULL;
                if (!json_is_true(made))
                        break;
        }
        return made;
}

/* Both give one of their values, as in Python. */
static json_t *either(struct run *run, const struct node *node)
{
        json_t *a = run_node(run, node->kids[0]);
        bool truth = a && value_truth(run, a);

        if (!a || run->failure)
                return NULL;
        return truth == (node->kind == NODE_OR) ? a : run_node(run, node->kids[1]);
}

static json_t *choice(struct run *run, const struct node *node)
{
        json_t *condition = run_node(run, node->kids[0]);
        bool truth = condition && value_truth(run, condition);

        if (!condition || run->failure)
                return NULL;
        if (truth)
                return run_node(run, node->kids[1]);
        return node->kids[2] ? run_node(run, node->kids[2])
                : run_nothing(run);
}

static json_t *safe(struct run *run, const struct node *node)
{
        json_t *of = run_node(run, node->kids[0]), *outer = run->here, *made;

        if (!of || json_is_null(of))
                return of;
        run->here = of;
        made = run_node(run, node->kids[1]);
        run->here = outer;
        return made;
}

/* let(a => 1) -> $a: what let gives is the names of a frame. */
static json_t *send(struct run *run, const struct node *node)
{
        json_t *names = run_node(run, node->kids[0]), *value, *made;
        struct frame frame;
        const char *key;

        if (!names)
                return NULL;
        if (nature_kind(&run->natures, names) != NATURE_OWN)
                return run_raise(run, "NoMatchingFunctionException",
                                 "No function \"#operator_->\" matches supplied arguments");
        frame_enter(run, &frame);
        json_object_foreach(names, key, value)
                if (!frame_set(run, key, value))
                        break;
        made = run->failure ? NULL : run_node(run, node->kids[1]);
        frame_leave(run, &frame);
        return made;
}

static json_t *list(struct run *run, const struct node *node)
{
        json_t *made = run_list(run);

        for (size_t i = 0; made && i < node->n; i++)
                if (!run_append(run, made, run_node(run, node->kids[i])))
                        return NULL;
        return node->kind == NODE_TUPLE ? run_nature(run, made, NATURE_TUPLE) : made;
}

static json_t *dict(struct run *run, const struct node *node)
{
        json_t *made = run_object(run);

        for (size_t i = 0; made && i + 1 < node->n; i += 2) {
                json_t *key = run_node(run, node->kids[i]);

                if (!key || !run_put(run, made, key, run_node(run, node->kids[i + 1])))
                        return NULL;
        }
        return made;
}

static json_t *here(struct run *run, const struct node *node)
{
        (void)node;
        return run->here ? run->here : json_null();
}

static json_t *stray_pair(struct run *run, const struct node *node)
{
        (void)node;
        return run_raise(run, "MappingTranslationException",
                         "Cannot convert mapping to keyword argument");
}

static evaluator *const evaluators[] = {
        [NODE_LITERAL] = literal, [NODE_NAME] = name, [NODE_VARIABLE] = variable,
        [NODE_MEMBER] = member, [NODE_PROPERTY] = property, [NODE_ITEM] = item,
        [NODE_SLICE] = slice, [NODE_CALL] = call, [NODE_METHOD] = method, [NODE_FILTER] = filter,
        [NODE_TEST] = filter, [NODE_STORED] = stored, [NODE_NEGATE] = negate, [NODE_PLUS] = plus, [NODE_NOT] = not,
        [NODE_BINARY] = binary, [NODE_COMPARE] = compare, [NODE_AND] = either, [NODE_OR] = either,
        [NODE_CHOICE] = choice, [NODE_SAFE] = safe, [NODE_SEND] = send, [NODE_LIST] = list,
        [NODE_TUPLE] = list, [NODE_DICT] = dict, [NODE_PAIR] = stray_pair, [NODE_HERE] = here,
};

json_t *run_node(struct run *run, const struct node *node)
{
        json_t *made;

        if (!run_step(run, 1))
                return NULL;
        if (!run->left.depth)
                return run_too_deep(run);
        run->left.depth--;
        made = evaluators[node->kind](run, node);
        run->left.depth++;
        return made;
}

json_t *run_lambda(struct run *run, const struct node *node, json_t *a, json_t *b)
{
        struct frame frame;
        json_t *made;

        frame_enter(run, &frame);
        made = (!a || frame_set(run, "1", a)) && (!b || frame_set(run, "2", b))
                ? run_node(run, node) : NULL;
        frame_leave(run, &frame);
        return made;
}
