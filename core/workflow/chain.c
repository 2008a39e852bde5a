/* SPDX-License-Identifier: Apache-2.0 */

/*
 * An action-chain as a graph: each task leads on by how it ended, and what it publishes hangs on
 * both ways. Where `on-success` is absent the chain is done, where `on-failure` is, it has failed;
 * both are said by an engine command, so that a last task publishes, too. Expressions are plain
 * Jinja over names: the parameters, vars, each task's result under its name, and __results.
 */
#include "workflow/spec.h"

#include "base/cleanup.h"
#include "base/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int compile(const json_t *value, struct expr **ret, struct fault *fault)
{
        return value && !json_is_null(value) ?
                expr_compile_for(value, EXPR_TEMPLATE, ret, fault) : 0;
}

static int variables_read(const json_t *object, struct variables *ret, struct fault *fault)
{
        const char *name;
        json_t *value;

        ret->list = calloc(json_object_size(object) + 1, sizeof *ret->list);
        if (!ret->list)
                return -ENOMEM;
        json_object_foreach((json_t *)object, name, value) {
                int r = compile(value, &ret->list[ret->count].value, fault);

                if (r)
                        return r;
                ret->list[ret->count++].name = name;
        }
        return 0;
}

static int node_read(struct node *node, struct fault *fault)
{
        const json_t *params = json_object_get(node->spec, "parameters");
        int r = compile(json_object_get(node->spec, "ref"), &node->action, fault);

        if (!params)
                params = json_object_get(node->spec, "params");
        if (r == 0)
                r = compile(params, &node->input, fault);
        return r > 0 ? fault_prefix(fault, "task \"%s\"", node->name) : r;
}

static int edge_add(struct workflow *workflow, struct node *node, const char *key,
                    const char *or_else, enum condition condition)
{
        const struct node *to = workflow_node(workflow, json_text_of(node->spec, key, or_else));
        struct edge *edge = &node->out[node->out_count];

        *edge = (struct edge){ .from = (unsigned)(node - workflow->nodes),
                               .to = (unsigned)(to - workflow->nodes),
                               .condition = condition,
                               .publish = &workflow->publishes[workflow->publish_count - 1] };
        edge->key = node->out_count && node->out[0].to == edge->to;
        node->out_count++;
        if (asprintf(&edge->name, "%s__t%u", to->name, edge->key) < 0)
                edge->name = NULL;
        if (asprintf(&edge->backref, "%s__t%u", node->name, edge->key) < 0)
                edge->backref = NULL;
        return edge->name && edge->backref ? 0 : -ENOMEM;
}

static int edges_add(struct workflow *workflow, struct node *node, struct fault *fault)
{
        struct variables *publish = &workflow->publishes[workflow->publish_count++];
        int r = variables_read(json_object_get(node->spec, "publish"), publish, fault);

        node->out = calloc(2, sizeof *node->out);
        if (!node->out)
                return -ENOMEM;
        if (r == 0)
                r = edge_add(workflow, node, "on-success", "continue", WHEN_SUCCEEDED);
        return r ? r : edge_add(workflow, node, "on-failure", "fail", WHEN_FAILED);
}

static int nodes_make(struct workflow *workflow, const json_t *chain)
{
        static const char *const ends[] = { "continue", "fail" };
        const json_t *task;
        size_t i, n = json_array_size(chain);

        workflow->nodes = calloc(n + 2, sizeof *workflow->nodes);
        workflow->publishes = calloc(n + 1, sizeof *workflow->publishes);
        if (!workflow->nodes || !workflow->publishes)
                return -ENOMEM;
        json_array_foreach(chain, i, task)
                workflow->nodes[workflow->node_count++] =
                        (struct node){ .name = json_text_of(task, "name", ""), .spec = task };
        for (i = 0; i < 2; i++)
                workflow->nodes[workflow->node_count++] =
                        (struct node){ .name = ends[i], .command = command_of(ends[i]) };
        for (i = 0; i < workflow->node_count; i++)
                if (map_put(&workflow->by_name, workflow->nodes[i].name, &workflow->nodes[i], NULL))
                        return -ENOMEM;
        return 0;
}

int chain_read(struct workflow *workflow, struct fault *fault)
{
        const json_t *chain = json_object_get(workflow->definition, "chain");
        const char *first = json_text_of(json_array_get(chain, 0), "name", "");
        const json_t *vars = json_object_get(workflow->definition, "vars");
        int r = nodes_make(workflow, chain);

        if (r == 0)
                r = variables_read(vars, &workflow->vars, fault);
        for (size_t i = 0; r == 0 && i < json_array_size(chain); i++) {
                r = node_read(&workflow->nodes[i], fault);
                if (r == 0)
                        r = edges_add(workflow, &workflow->nodes[i], fault);
        }
        if (r == 0)
                workflow->start = workflow_node(workflow, json_text_of(workflow->definition,
                                                                       "default", first));
        return r;
}
