/* SPDX-License-Identifier: Apache-2.0 */

/* The evaluator of statements, which write to the run's text. */
#include "base/cleanup.h"
#include "expr/function.h"
#include "expr/python.h"
#include "expr/run.h"
#include "expr/value.h"

#include <string.h>

typedef bool renderer(struct run *run, const struct node *node);

static bool block(struct run *run, const struct node *node)
{
        for (size_t i = 0; i < node->n; i++)
                if (!run_statement(run, node->kids[i]))
                        return false;
        return true;
}

static bool text(struct run *run, const struct node *node)
{
        text_add_bytes(run->out, json_string_value(node->literal),
                       json_string_length(node->literal));
        return run_afford(run, run->out);
}

static bool output(struct run *run, const struct node *node)
{
        json_t *value = run_node(run, node->kids[0]);

        return value && run_print(run, value, false, run->out);
}

static bool condition(struct run *run, const struct node *node)
{
        json_t *value = run_node(run, node->kids[0]);
        bool truth = value && value_truth(run, value);

        if (!value || run->failure)
                return false;
        if (truth)
                return run_statement(run, node->kids[1]);
        return !node->kids[2] || run_statement(run, node->kids[2]);
}

static bool assign(struct run *run, const struct node *target, json_t *value);

static bool assign_each(struct run *run, const struct node *target, json_t *value)
{
        json_t *items = value_items(run, value);
        size_t n = json_array_size(items);

        if (!items)
                return false;
        if (n != target->n)
                return run_raise(run, "ValueError", "%s values to unpack (expected %zu, got %zu)",
                                 n < target->n ? "not enough" : "too many", target->n, n);
        for (size_t i = 0; i < n; i++)
                if (!assign(run, target->kids[i], json_array_get(items, i)))
                        return false;
        return true;
}

/* ns.x = value: only what namespace() made can be changed. */
static bool assign_member(struct run *run, const struct node *target, json_t *value)
{
        json_t *of = run_node(run, target->kids[0]);
        _json_ json_t *name = NULL;

        if (!of)
                return false;
        if (!json_is_object(of) || nature_kind(&run->natures, of) != NATURE_OWN)
                return run_raise(run, "TemplateRuntimeError",
                                 "cannot assign attribute on non-namespace object");
        name = json_string(target->name);
        return name ? run_put(run, of, name, value) : run_no_memory(run) != NULL;
}

static bool assign(struct run *run, const struct node *target, json_t *value)
{
        switch (target->kind) {
        case NODE_NAME:
                return frame_set(run, target->name, value);
        case NODE_MEMBER:
                return assign_member(run, target, value);
        default:
                return assign_each(run, target, value);
        }
}

static bool set(struct run *run, const struct node *node)
{
        json_t *value = run_node(run, node->kids[1]);

        return value && assign(run, node->kids[0], value);
}

/* What a body writes, as a value. */
static json_t *captured(struct run *run, const struct node *body, const struct node *filter)
{
        _text_ struct text made = TEXT_INIT;
        struct text *outer = run->out;
        json_t *outer_here = run->here, *value;
        struct frame frame;
        bool ok;

        run->out = &made;
        frame_enter(run, &frame);
        ok = run_statement(run, body);
        frame_leave(run, &frame);
        run->out = outer;
        value = ok ? run_take(run, &made) : NULL;
        if (!value || !filter)
                return value;
        run->here = value;
        value = run_node(run, filter);
        run->here = outer_here;
        return value;
}

static bool capture(struct run *run, const struct node *node)
{
        json_t *value = captured(run, node->kids[1], node->kids[2]);

        return value && assign(run, node->kids[0], value);
}

static bool filtered(struct run *run, const struct node *node)
{
        json_t *value = captured(run, node->kids[1], node->kids[0]);

        return value && run_print(run, value, false, run->out);
}

static bool with(struct run *run, const struct node *node)
{
        struct frame frame;
        bool ok = true;

        frame_enter(run, &frame);
        for (size_t i = 0; ok && i + 1 < node->n; i += 2) {
                json_t *value = run_node(run, node->kids[i + 1]);

                ok = value && assign(run, node->kids[i], value);
        }
        ok = ok && run_statement(run, node->kids[node->n - 1]);
        frame_leave(run, &frame);
        return ok;
}

/* The loop variable: only made where a body speaks of it. */
static json_t *loop_variable(struct run *run, const json_t *items, size_t i, unsigned depth)
{
        size_t n = json_array_size(items);
        json_t *previous = i ? json_array_get(items, i - 1)
                : run_undefined(run, NULL, "there is no previous item");
        json_t *next = i + 1 < n ? json_array_get(items, i + 1)
                : run_undefined(run, NULL, "there is no next item");

        return !previous || !next ? NULL : run_keep(run, json_pack(
                "{s:I, s:I, s:I, s:I, s:b, s:b, s:I, s:i, s:i, s:O, s:O}",
                "index", (json_int_t)i + 1, "index0", (json_int_t)i,
                "revindex", (json_int_t)(n - i), "revindex0", (json_int_t)(n - i - 1),
                "first", i == 0, "last", i + 1 == n, "length", (json_int_t)n,
                "depth", (int)depth, "depth0", (int)depth - 1,
                "previtem", previous, "nextitem", next));
}

/* The items that the loop's condition lets through. */
static json_t *chosen(struct run *run, const struct node *node, json_t *items)
{
        json_t *made, *item, *truth;
        size_t i;

        if (!node->kids[2])
                return items;
        made = run_list(run);
        json_array_foreach(items, i, item) {
                truth = assign(run, node->kids[0], item) ? run_node(run, node->kids[2]) : NULL;
                if (truth && value_truth(run, truth) && !run_append(run, made, item))
                        return NULL;
                if (!truth || run->failure)
                        return NULL;
        }
        return made;
}

static unsigned loop_depth(const struct run *run)
{
        json_t *loop = frame_get(run, "loop");

        return loop ? (unsigned)json_integer_value(json_object_get(loop, "depth")) + 1 : 1;
}

static bool each(struct run *run, const struct node *node, json_t *items)
{
        unsigned depth = node->flags & FOR_USES_LOOP ? loop_depth(run) : 1;
        struct frame frame;
        bool ok = true;

        for (size_t i = 0; ok && i < json_array_size(items); i++) {
                frame_enter(run, &frame);
                ok = run_step(run, 1) && assign(run, node->kids[0], json_array_get(items, i));
                if (ok && node->flags & FOR_USES_LOOP) {
                        json_t *loop = loop_variable(run, items, i, depth);

                        ok = loop && frame_set(run, "loop", loop);
                }
                ok = ok && run_statement(run, node->kids[3]);
                frame_leave(run, &frame);
        }
        return ok;
}

static bool loop(struct run *run, const struct node *node)
{
        json_t *list = run_node(run, node->kids[1]), *items = list ? value_items(run, list) : NULL;
        struct frame frame;

        if (!items)
                return false;
        frame_enter(run, &frame);
        items = chosen(run, node, items);
        frame_leave(run, &frame);
        if (!items)
                return false;
        if (!json_array_size(items))
                return !node->kids[4] || run_statement(run, node->kids[4]);
        return each(run, node, items);
}

static renderer *const renderers[] = {
        [NODE_BLOCK] = block, [NODE_TEXT] = text, [NODE_OUTPUT] = output, [NODE_IF] = condition,
        [NODE_FOR] = loop, [NODE_SET] = set, [NODE_CAPTURE] = capture, [NODE_WITH] = with,
        [NODE_FILTERED] = filtered,
};

bool run_statement(struct run *run, const struct node *node)
{
        bool ok;

        if (!run_step(run, 1))
                return false;
        if (!run->left.depth)
                return run_too_deep(run);
        run->left.depth--;
        ok = renderers[node->kind](run, node);
        run->left.depth++;
        return ok && !run->failure;
}
