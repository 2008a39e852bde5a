/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Reading Orquesta's tasks into nodes. The inspection has found the definition well-formed before;
 * what is left to decide here is what a form means: inline parameters, short `with`, and the
 * default of `do`.
 */
#include "workflow/spec.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "workflow/params.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

int list_grow(void **list, size_t *room, size_t count, size_t size)
{
        size_t more = *room ? *room * 2 : 8;
        void *grown;

        if (count < *room)
                return 0;
        grown = realloc(*list, more * size);
        if (!grown)
                return -ENOMEM;
        *list = grown;
        *room = more;
        return 0;
}

int spec_compile(const json_t *value, struct expr **ret, struct fault *fault)
{
        return value && !json_is_null(value) ?
                expr_compile_for(value, EXPR_WORKFLOW, ret, fault) : 0;
}

int spec_compile_text(const char *s, struct expr **ret, struct fault *fault)
{
        _json_ json_t *text = json_string(s);

        return text ? spec_compile(text, ret, fault) : -ENOMEM;
}

static int number_read(const json_t *value, struct number *ret, struct fault *fault)
{
        ret->is_there = value && !json_is_null(value);
        ret->source = value;
        return json_is_string(value) ? spec_compile(value, &ret->value, fault) : 0;
}

static int variable_read(const json_t *item, struct variable *ret, struct fault *fault)
{
        const char *name;
        json_t *value;

        if (json_is_string(item)) {
                ret->name = json_string_value(item);
                return 0;
        }
        json_object_foreach((json_t *)item, name, value) {
                ret->name = name;
                return spec_compile(value, &ret->value, fault);
        }
        return 0;
}

int spec_variables(const json_t *list, struct variables *ret, struct fault *fault)
{
        size_t n = json_array_size(list);
        int r;

        ret->list = calloc(n + 1, sizeof *ret->list);
        if (!ret->list)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                r = variable_read(json_array_get(list, i), &ret->list[ret->count], fault);
                if (r)
                        return r;
                if (ret->list[ret->count].name)
                        ret->count++;
        }
        return 0;
}

static void variables_deinit(struct variables *variables)
{
        for (size_t i = 0; variables->list && i < variables->count; i++)
                expr_free(variables->list[i].value);
        free(variables->list);
}

/* Where the action's name ends and its parameters begin: the first blank behind an expression. */
static size_t action_length(const char *s)
{
        const char *from = s, *close = NULL;

        if (!strncmp(s, "<%", 2))
                close = strstr(s, "%>");
        else if (!strncmp(s, "{{", 2))
                close = strstr(s, "}}");
        if (close)
                from = close + 2;
        return (size_t)(from - s) + strcspn(from, " \t\n");
}

static int action_read(struct node *node, struct fault *fault)
{
        const json_t *action = json_object_get(node->spec, "action");
        _json_ json_t *params = NULL, *name = NULL;
        int r;

        if (!json_is_string(action))
                return spec_compile(json_object_get(node->spec, "input"), &node->input, fault);
        params = params_object(json_string_value(action));
        if (!params)
                return -ENOMEM;
        if (!json_object_size(params)) {
                r = spec_compile(action, &node->action, fault);
                return r ? r :
                        spec_compile(json_object_get(node->spec, "input"), &node->input, fault);
        }
        name = json_stringn(json_string_value(action), action_length(json_string_value(action)));
        if (!name)
                return -ENOMEM;
        r = spec_compile(name, &node->action, fault);
        return r ? r : spec_compile(params, &node->input, fault);
}

/* Is s[0..len) the names before " in ": words, commas and blanks? */
static bool are_names(const char *s, size_t len)
{
        for (size_t i = 0; i < len; i++)
                if (!isalnum((unsigned char)s[i]) && !strchr("_, ", s[i]) &&
                    (unsigned char)s[i] < 0x80)
                        return false;
        return true;
}

static char **keys_split(const char *s, size_t len)
{
        char **keys = calloc(len + 2, sizeof *keys);
        size_t n = 0, end;

        for (size_t at = 0; keys && at <= len; at = end + 1) {
                _text_ struct text key = TEXT_INIT;

                end = at;
                text_add(&key, "");
                for (; end < len && s[end] != ','; end++)
                        if (s[end] != ' ')
                                text_add_bytes(&key, s + end, 1);
                keys[n++] = text_take(&key);
        }
        return keys;
}

static char *trimmed(const char *s)
{
        size_t len;

        s += strspn(s, " \t\r\n\f\v");
        len = strlen(s);
        while (len && isspace((unsigned char)s[len - 1]))
                len--;
        return strndup(s, len);
}

static int items_read(struct node *node, struct fault *fault)
{
        const json_t *with = json_object_get(node->spec, "with");
        const char *s = json_text_of(with, "items", ""), *in = strstr(s, " in ");
        int r;

        node->has_items = json_is_object(with);
        if (!node->has_items)
                return 0;
        if (in && are_names(s, (size_t)(in - s))) {
                node->keys = keys_split(s, (size_t)(in - s));
                if (!node->keys)
                        return -ENOMEM;
                s = in + strlen(" in ");
        }
        node->items_text = trimmed(s);
        if (!node->items_text)
                return -ENOMEM;
        r = spec_compile_text(node->items_text, &node->items, fault);
        return r ? r : number_read(json_object_get(with, "concurrency"), &node->concurrency, fault);
}

static int retry_read(struct node *node, struct fault *fault)
{
        const json_t *retry = json_object_get(node->spec, "retry");
        int r;

        node->has_retry = json_is_object(retry);
        if (!node->has_retry)
                return 0;
        r = spec_compile(json_object_get(retry, "when"), &node->retry_when, fault);
        if (r == 0)
                r = number_read(json_object_get(retry, "count"), &node->retry_count, fault);
        return r ? r : number_read(json_object_get(retry, "delay"), &node->retry_delay, fault);
}

static void join_read(struct node *node)
{
        const json_t *join = json_object_get(node->spec, "join");

        node->has_barrier = json_is_string(join) || json_is_integer(join);
        node->barrier = json_is_string(join) ? UINT32_MAX : (unsigned)json_integer_value(join);
        node->barrier_counts = node->has_barrier && node->barrier;
}

static int node_read(struct node *node, struct fault *fault)
{
        int r = action_read(node, fault);

        join_read(node);
        if (r == 0)
                r = items_read(node, fault);
        if (r == 0)
                r = retry_read(node, fault);
        if (r == 0)
                r = number_read(json_object_get(node->spec, "delay"), &node->delay, fault);
        return r ? r : number_read(json_object_get(node->spec, "timeout"), &node->timeout, fault);
}

/* "a, b" */
static int each_word(const char *s, const json_t *transition, size_t index, spec_visitor *visit,
                     void *arg)
{
        int r = 0;

        for (const char *end; r == 0 && s; s = *end ? end + 1 : NULL) {
                const char *last;

                s += strspn(s, " \t\r\n\f\v");
                end = s + strcspn(s, ",");
                for (last = end; last > s && isspace((unsigned char)last[-1]);)
                        last--;
                r = visit(arg, s, (size_t)(last - s), index, transition);
        }
        return r;
}

/* Where a dictionary stands, which is wrong, its keys are what StackStorm takes for the names. */
static int each_name(const json_t *transition, size_t index, spec_visitor *visit, void *arg)
{
        const json_t *todo = json_object_get(transition, "do");
        const char *s = json_text_of(transition, "do", "continue"), *key;
        json_t *name;
        size_t k;
        int r = 0;

        if (!json_array_size(todo) && !json_object_size(todo))
                return each_word(*s ? s : "continue", transition, index, visit, arg);
        json_array_foreach(todo, k, name)
                if (r == 0 && json_is_string(name))
                        r = visit(arg, json_string_value(name), json_string_length(name), index,
                                  transition);
        json_object_foreach((json_t *)todo, key, name)
                if (r == 0)
                        r = visit(arg, key, strlen(key), index, transition);
        return r;
}

int spec_each_next(const json_t *task, spec_visitor *visit, void *arg)
{
        const json_t *next = json_object_get(task, "next"), *transition;
        size_t i;
        int r = 0;

        json_array_foreach(next, i, transition)
                if (r == 0)
                        r = each_name(transition, i, visit, arg);
        return r;
}

static const struct {
        const char *name;
        enum command command;
} commands[] = {
        { "noop", COMMAND_NOOP },
        { "fail", COMMAND_FAIL },
        { "continue", COMMAND_CONTINUE },
        { "retry", COMMAND_NONE },
};

#define COMMAND_NODES 3

enum command command_of(const char *name)
{
        for (size_t i = 0; i < COMMAND_NODES; i++)
                if (!strcmp(commands[i].name, name))
                        return commands[i].command;
        return COMMAND_NONE;
}

bool command_is_reserved(const char *name)
{
        for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
                if (!strcmp(commands[i].name, name))
                        return true;
        return false;
}

struct node *workflow_node(const struct workflow *workflow, const char *name)
{
        return map_get(&workflow->by_name, name);
}

static int nodes_make(struct workflow *workflow)
{
        size_t transitions = 0;
        const char *name;
        json_t *task;

        workflow->nodes = calloc(json_object_size(workflow->tasks) + COMMAND_NODES,
                                 sizeof *workflow->nodes);
        if (!workflow->nodes)
                return -ENOMEM;
        json_object_foreach(workflow->tasks, name, task) {
                workflow->nodes[workflow->node_count++] = (struct node){ .name = name,
                                                                         .spec = task };
                transitions += json_array_size(json_object_get(task, "next"));
        }
        for (size_t i = 0; i < COMMAND_NODES; i++)
                workflow->nodes[workflow->node_count++] =
                        (struct node){ .name = commands[i].name, .command = commands[i].command };
        for (size_t i = 0; i < workflow->node_count; i++)
                if (map_put(&workflow->by_name, workflow->nodes[i].name, &workflow->nodes[i], NULL))
                        return -ENOMEM;
        workflow->publishes = calloc(transitions + 1, sizeof *workflow->publishes);
        return workflow->publishes ? 0 : -ENOMEM;
}

int spec_read(struct workflow *workflow, struct fault *fault)
{
        const json_t *definition = workflow->definition;
        int r = nodes_make(workflow);

        if (r == 0)
                r = spec_variables(json_object_get(definition, "input"), &workflow->input, fault);
        if (r == 0)
                r = spec_variables(json_object_get(definition, "vars"), &workflow->vars, fault);
        if (r == 0)
                r = spec_variables(json_object_get(definition, "output"), &workflow->output, fault);
        if (r == 0)
                r = number_read(json_object_get(definition, "timeout"), &workflow->timeout, fault);
        for (size_t i = 0; r == 0 && i < workflow->node_count; i++)
                if (workflow->nodes[i].spec)
                        r = node_read(&workflow->nodes[i], fault);
        for (size_t i = 0; r == 0 && i < workflow->node_count; i++)
                if (workflow->nodes[i].spec)
                        r = edges_read(workflow, &workflow->nodes[i], fault);
        return r;
}

static void edge_deinit(struct edge *edge)
{
        expr_free(edge->when);
        free(edge->name);
        free(edge->backref);
}

static void node_deinit(struct node *node)
{
        for (size_t i = 0; i < node->out_count; i++)
                edge_deinit(&node->out[i]);
        free(node->out);
        free(node->in);
        for (char **key = node->keys; key && *key; key++)
                free(*key);
        free(node->keys);
        free(node->items_text);
        expr_free(node->action);
        expr_free(node->input);
        expr_free(node->items);
        expr_free(node->concurrency.value);
        expr_free(node->delay.value);
        expr_free(node->timeout.value);
        expr_free(node->retry_when);
        expr_free(node->retry_count.value);
        expr_free(node->retry_delay.value);
}

void spec_deinit(struct workflow *workflow)
{
        for (size_t i = 0; workflow->nodes && i < workflow->node_count; i++)
                node_deinit(&workflow->nodes[i]);
        for (size_t i = 0; workflow->publishes && i < workflow->publish_count; i++)
                variables_deinit(&workflow->publishes[i]);
        variables_deinit(&workflow->input);
        variables_deinit(&workflow->vars);
        variables_deinit(&workflow->output);
        expr_free(workflow->timeout.value);
        map_deinit(&workflow->by_name, NULL);
        free(workflow->nodes);
        free(workflow->publishes);
        free(workflow->roots);
        json_decref(workflow->tasks);
        json_decref(workflow->definition);
}
