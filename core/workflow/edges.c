/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From `next` to edges: one for each task that a transition names, in the order of their names, as
 * StackStorm numbers them (task__t0, task__t1). What a transition publishes belongs to all of its
 * edges.
 */
#include "workflow/spec.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "workflow/params.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int publish_read(struct workflow *workflow, const json_t *transition,
                        struct variables **ret, struct fault *fault)
{
        const json_t *publish = json_object_get(transition, "publish");
        _json_ json_t *parsed = NULL;
        int r;

        if (json_is_string(publish)) {
                parsed = params_parse(json_string_value(publish));
                if (!parsed)
                        return -ENOMEM;
                /* The names are borrowed by what is compiled: they live as long as the tasks. */
                if (json_object_set((json_t *)transition, "publish", parsed))
                        return -ENOMEM;
                publish = parsed;
        }
        *ret = &workflow->publishes[workflow->publish_count++];
        r = spec_variables(publish, *ret, fault);
        return r;
}

struct reading {
        struct workflow *workflow;
        struct node *node;
        struct variables **publishes;   /* by transition */
        struct fault *fault;
};

static int when_read(const json_t *transition, struct expr **ret, struct fault *fault)
{
        return spec_compile(json_object_get(transition, "when"), ret, fault);
}

/* `do: retry` is the task's retry, run on this transition's condition. */
static int retry_command(struct node *node, const json_t *transition, struct fault *fault)
{
        const char *when = json_text_of(transition, "when", "<% completed() %>");

        node->retry_when = expr_free(node->retry_when);
        expr_free(node->retry_count.value);
        expr_free(node->retry_delay.value);
        node->retry_delay = (struct number){ false, NULL, NULL };
        node->retry_count = (struct number){ true, NULL, NULL };        /* three times */
        node->has_retry = true;
        return spec_compile_text(when, &node->retry_when, fault);
}

static bool has_edge(const struct node *node, unsigned to, const struct variables *publish)
{
        for (size_t i = 0; i < node->out_count; i++)
                if (node->out[i].to == to && node->out[i].publish == publish)
                        return true;
        return false;
}

static int edge_add(struct reading *reading, const char *name, size_t index,
                    const json_t *transition)
{
        struct node *node = reading->node, *to = workflow_node(reading->workflow, name);
        struct variables *publish = reading->publishes[index];
        struct edge *edge = &node->out[node->out_count];
        unsigned at = (unsigned)(to - reading->workflow->nodes);

        if (!strcmp(name, "retry"))
                return retry_command(node, transition, reading->fault);
        if (!to || has_edge(node, at, publish))
                return 0;
        *edge = (struct edge){ .to = at, .publish = publish,
                               .from = (unsigned)(node - reading->workflow->nodes) };
        node->out_count++;
        for (size_t i = 0; i + 1 < node->out_count; i++)
                edge->key += node->out[i].to == at;
        if (asprintf(&edge->name, "%s__t%u", to->name, edge->key) < 0)
                edge->name = NULL;
        if (asprintf(&edge->backref, "%s__t%u", node->name, edge->key) < 0)
                edge->backref = NULL;
        if (!edge->name || !edge->backref)
                return -ENOMEM;
        edge->condition = json_object_get(transition, "when") ? WHEN_EXPR : WHEN_ALWAYS;
        return when_read(transition, &edge->when, reading->fault);
}

/* What `do` names, to be sorted by name; the order of equal names is kept. */
struct named {
        char *name;
        size_t index, order;
};

struct names {
        struct named *list;
        size_t count;
};

static int name_count(void *arg, const char *name, size_t len, size_t index,
                      const json_t *transition)
{
        (void)name, (void)len, (void)index, (void)transition;
        ++*(size_t *)arg;
        return 0;
}

static int name_collect(void *arg, const char *name, size_t len, size_t index,
                        const json_t *transition)
{
        struct names *names = arg;
        struct named *one = &names->list[names->count];

        (void)transition;
        *one = (struct named){ strndup(name, len), index, names->count };
        names->count++;
        return one->name ? 0 : -ENOMEM;
}

static int by_name(const void *a, const void *b)
{
        const struct named *x = a, *y = b;
        int order = strcmp(x->name, y->name);

        return order ? order : x->order < y->order ? -1 : x->order > y->order;
}

static void names_deinit(struct names *names)
{
        for (size_t i = 0; names->list && i < names->count; i++)
                free(names->list[i].name);
        free(names->list);
}

static int publishes_read(struct reading *reading)
{
        const json_t *next = json_object_get(reading->node->spec, "next"), *transition;
        size_t i;
        int r;

        json_array_foreach(next, i, transition) {
                r = publish_read(reading->workflow, transition, &reading->publishes[i],
                                 reading->fault);
                if (r)
                        return r;
        }
        return 0;
}

int edges_read(struct workflow *workflow, struct node *node, struct fault *fault)
{
        size_t transitions = json_array_size(json_object_get(node->spec, "next")), n = 0;
        _free_ struct variables **publishes = calloc(transitions + 1, sizeof *publishes);
        _cleanup_(names_deinit) struct names names = { NULL, 0 };
        struct reading reading = { workflow, node, publishes, fault };
        int r;

        spec_each_next(node->spec, name_count, &n);
        names.list = calloc(n + 1, sizeof *names.list);
        node->out = calloc(n + 1, sizeof *node->out);
        if (!publishes || !names.list || !node->out)
                return -ENOMEM;
        r = publishes_read(&reading);
        if (r == 0)
                r = spec_each_next(node->spec, name_collect, &names);
        if (r)
                return r;
        qsort(names.list, names.count, sizeof *names.list, by_name);
        for (size_t i = 0; i < names.count; i++) {
                const json_t *next = json_object_get(node->spec, "next");
                size_t index = names.list[i].index;

                r = edge_add(&reading, names.list[i].name, index, json_array_get(next, index));
                if (r)
                        return r;
        }
        return 0;
}
