/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The beginning and the end of a life: inputs and vars become the first context, the start tasks
 * are staged; when all is over the contexts at the ends are joined and the output is rendered.
 */
#include "workflow/conductor.h"

#include "base/cleanup.h"
#include "workflow/delta.h"
#include "workflow/evaluate.h"
#include "workflow/life.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

CLEANUP_DEFINE(struct conductor *, conductor_free);

/* A value that was given may hold expressions, too. */
static int render_given(struct scope *scope, const json_t *given, json_t **ret,
                        struct fault *fault)
{
        struct expr *expr = NULL;
        int r;

        if (scope->c->workflow->is_chain || !expr_has_expressions(given)) {
                *ret = json_incref((json_t *)given);
                return 0;
        }
        r = expr_compile_for(given, EXPR_WORKFLOW, &expr, fault);
        if (r == 0)
                r = evaluate(expr, scope, ret, fault);
        expr_free(expr);
        return r;
}

static int render_input(struct scope *scope, const struct variable *input, json_t *ret_set)
{
        const json_t *given = json_object_get(scope->c->input, input->name);
        _fault_ struct fault fault = FAULT_INIT;
        json_t *value = NULL;
        int r = given ? render_given(scope, given, &value, &fault) :
                evaluate(input->value, scope, &value, &fault);

        if (r > 0)
                return error_fault(scope->c, &fault, NULL, NULL);
        if (r == 0 && (json_object_set(scope->rolling, input->name, value) ||
                       json_object_set(ret_set, input->name, value)))
                r = -ENOMEM;
        json_decref(value);
        return r;
}

/* An error of one leaves the others: it is noted, and *ret_failed set. */
static int render_list(struct scope *scope, const struct variables *variables, json_t *ret_set,
                       bool *ret_failed)
{
        int r = 0;

        for (size_t i = 0; r == 0 && i < variables->count; i++) {
                _fault_ struct fault fault = FAULT_INIT;
                json_t *value = NULL;

                r = evaluate(variables->list[i].value, scope, &value, &fault);
                *ret_failed |= r > 0;
                if (r > 0)
                        r = error_fault(scope->c, &fault, NULL, NULL);
                else if (r == 0 &&
                         (json_object_set(scope->rolling, variables->list[i].name, value) ||
                          json_object_set(ret_set, variables->list[i].name, value)))
                        r = -ENOMEM;
                json_decref(value);
        }
        return r;
}

/* What is merged into the first context so far is what the next list sees. */
static int roll(struct scope *scope, json_t **all, json_t *set)
{
        json_t *merged = json_merge_deep(*all, set);

        json_decref(*all);
        *all = merged;
        json_decref(scope->rolling);
        scope->rolling = merged ? json_copy(merged) : NULL;
        return scope->rolling ? 0 : -ENOMEM;
}

/* The inputs that a chain has are all that it was given. */
static int render_first(struct conductor *c, json_t **ret)
{
        struct scope scope = { .c = c, .rolling = json_copy(c->context) };
        _json_ json_t *inputs = json_object(), *vars = json_object();
        json_t *all = json_copy(c->context);
        bool failed = false;            /* begin() asks the errors */
        int r = scope.rolling && inputs && vars && all ? 0 : -ENOMEM;

        if (r == 0 && c->workflow->is_chain)
                r = json_object_update(inputs, c->input) ? -ENOMEM : 0;
        for (size_t i = 0; r == 0 && i < c->workflow->input.count; i++)
                r = render_input(&scope, &c->workflow->input.list[i], inputs);
        if (r == 0)
                r = roll(&scope, &all, inputs);
        if (r == 0)
                r = render_list(&scope, &c->workflow->vars, vars, &failed);
        if (r == 0)
                r = roll(&scope, &all, vars);
        json_decref(scope.rolling);
        *ret = all;
        return r;
}

static int render_timeout(struct conductor *c, const struct context *root)
{
        struct scope scope = { .c = c, .vars = root };
        _fault_ struct fault fault = FAULT_INIT;
        int r;

        if (!c->workflow->timeout.is_there)
                return 0;
        r = evaluate_number(&c->workflow->timeout, &scope, &c->timeout, "TypeError",
                            "The value of workflow timeout is not type of integer.", &fault);
        if (r > 0) {
                r = error_fault(c, &fault, NULL, NULL);
                return r ? r : workflow_fail(c);
        }
        delta_add(c, json_pack("{s:I}", "timeout", c->timeout));
        return r;
}

static int begin(struct conductor *c)
{
        json_t *first = NULL;
        struct context *root;
        struct staged *staged;
        unsigned route;
        int r = render_first(c, &first);

        if (r == 0 && json_array_size(c->errors)) {
                json_decref(first);
                return workflow_fail(c);
        }
        r = r ? r : contexts_root(&c->contexts, first, &root);
        if (r)
                return r;
        delta_root(c);
        r = route_add(c, 0, NULL, &route);
        if (r == 0)
                r = render_timeout(c, root);
        for (size_t i = 0; r == 0 && i < c->workflow->root_count; i++) {
                r = staged_add(c, c->workflow->roots[i], route, root, &staged);
                if (r == 0)
                        r = staged_set(c, staged, true, false);
        }
        return r;
}

static int check_depth(const struct conductor *c, unsigned depth, struct fault *fault)
{
        if (depth <= c->workflow->limits.depth)
                return 0;
        refuse(fault, 422, "workflow.limit", "WorkflowLimitError",
               "the workflow is called %u workflows deep; %u are allowed (setting "
               "limits.workflow_depth)", depth, c->workflow->limits.depth);
        return fault_try(fault, "look for a workflow that calls itself");
}

int life_make(const struct conductor_setup *setup, struct conductor **ret, struct fault *fault)
{
        _cleanup_(conductor_freep) struct conductor *c = calloc(1, sizeof *c);
        int r;

        if (!c)
                return -ENOMEM;
        list_init(&c->staged);
        c->timeout = -1;
        c->workflow = workflow_ref(setup->workflow);
        if (setup->calls)
                c->calls = *setup->calls;
        c->input = setup->input && !json_is_null(setup->input) ?
                json_incref((json_t *)setup->input) : json_object();
        c->context = setup->context && !json_is_null(setup->context) ?
                json_incref((json_t *)setup->context) : json_object();
        c->errors = json_array();
        c->log = json_array();
        r = contexts_init(&c->contexts);
        if (r || !c->input || !c->context || !c->errors || !c->log)
                return -ENOMEM;
        c->contexts.replaces = c->workflow->is_chain;
        r = check_depth(c, setup->depth, fault);
        if (r == 0)
                *ret = TAKE(c);
        return r;
}

int conductor_new(const struct conductor_setup *setup, struct conductor **ret,
                  struct fault *fault)
{
        _cleanup_(conductor_freep) struct conductor *c = NULL;
        int r = life_make(setup, &c, fault);

        if (r == 0)
                r = begin(c);
        if (r == 0)
                *ret = TAKE(c);
        return r;
}

struct conductor *conductor_free(struct conductor *c)
{
        if (!c)
                return NULL;
        list_each(at, &c->staged)
                staged_drop_items(list_entry(at, struct staged, link));
        workflow_unref(c->workflow);
        map_deinit(&c->latest, NULL);
        map_deinit(&c->staged_at, NULL);
        map_deinit(&c->said, NULL);
        json_decref(c->input);
        json_decref(c->context);
        json_decref(c->errors);
        json_decref(c->log);
        json_decref(c->output);
        json_decref(c->delta);
        free(c->entries);
        free(c->routes);
        free(c->dirty_entries);
        free(c->dirty_staged);
        contexts_deinit(&c->contexts);
        free(c);
        return NULL;
}

/* The contexts at all ends, the later over the earlier; NULL where nothing ended. */
static int last_context(struct conductor *c, struct context **ret)
{
        struct context *last = NULL;
        int r = 0;

        for (size_t i = 0; r == 0 && i < c->entry_count; i++) {
                struct context *in = c->entries[i]->in;

                if (!c->entries[i]->is_terminal || last == in)
                        continue;
                if (!last)
                        last = in;
                else
                        r = contexts_join(&c->contexts, last, in, &last);
        }
        *ret = last;
        return r;
}

static int render_output(struct conductor *c, const struct context *last)
{
        _json_ json_t *rolling = json_object(), *output = json_object();
        struct scope scope = { .c = c, .vars = last, .is_bare = !last, .rolling = rolling };
        bool failed = false;
        int r = render_list(&scope, &c->workflow->output, output, &failed);

        if (r == 0 && json_object_size(output)) {
                c->output = json_incref(output);
                delta_add(c, json_pack("{s:O}", "output", output));
        }
        if (r == 0 && failed &&
            (c->status == STATUS_SUCCEEDED || c->status == STATUS_FAILED))
                r = workflow_fail(c);
        return r;
}

/* A chain always answers with its tasks, their results, and what they published. */
static int chain_output(struct conductor *c, const struct context *last)
{
        bool is_unknown;
        _json_ json_t *results = context_variable(&c->contexts, last, "__results", &is_unknown);
        json_t *tasks = json_array(), *published = json_object();

        for (size_t i = 0; i < c->entry_count; i++) {
                const struct entry *entry = c->entries[i];
                const struct edge *edge = entry->node->out;
                json_t *result = json_object_get(results, entry->node->name);

                if (entry->node->command)
                        continue;
                json_array_append_new(tasks, json_pack("{s:s, s:s, s:O?}", "name",
                                                       entry->node->name, "state",
                                                       status_name(entry->status), "result",
                                                       result));
                for (size_t k = 0; edge->publish && k < edge->publish->count; k++) {
                        const char *name = edge->publish->list[k].name;
                        json_t *value = context_variable(&c->contexts, last, name, &is_unknown);

                        if (value)
                                json_object_set_new(published, name, value);
                }
        }
        c->output = json_pack("{s:o, s:o}", "tasks", tasks, "published", published);
        delta_add(c, json_pack("{s:O}", "output", c->output));
        return c->output ? 0 : -ENOMEM;
}

int conductor_finish(struct conductor *c, struct fault *fault)
{
        unsigned kept = c->contexts.count;
        struct context *last = NULL;
        int r;

        (void)fault;
        if (!status_is_completed(c->status) || c->output)
                return 0;
        r = last_context(c, &last);
        if (r == 0)
                r = c->workflow->is_chain ? chain_output(c, last) : render_output(c, last);
        c->contexts.count = kept;       /* what was joined here is none of the life's */
        return r;
}

int conductor_final_context(const struct conductor *c, json_t **ret, struct fault *fault)
{
        struct conductor *mine = (struct conductor *)c;
        unsigned kept = c->contexts.count;
        struct context *last = NULL;
        int r;

        if (!status_is_completed(c->status))
                return refuse(fault, 409, "workflow.is-active", "WorkflowContextError",
                              "Workflow is not in completed status.");
        r = last_context(mine, &last);
        if (r == 0)
                *ret = last ? context_all(&mine->contexts, last) : json_object();
        mine->contexts.count = kept;
        return r;
}
