/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Criteria asked: yes, no, or a fault where values cannot be compared or an expression fails. What
 * decides decides, whether or not others can be judged, so no answer depends on an order.
 */
#include "flow/criterion.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "expr/expr.h"

#include <errno.h>
#include <string.h>

/* Many verdicts of one kind: those of criteria, of a list's items or of a group's parts. */
struct question {
        const struct criterion *criterion;      /* of items and parts */
        const struct criteria *criteria;
        const json_t *items;
        const struct expr_world *world;
        bool rest_only;
};

typedef int judge_nth(const struct question *question, size_t i, struct fault *fault);

/*
 * One more verdict under "and" (decisive: no) or "or" (decisive: yes): true when it settles the
 * matter. A fault settles nothing, but stands where nothing else does; the first one is kept.
 */
static bool settle(int verdict, int decisive, int *known, struct fault *found, struct fault *fault)
{
        if (verdict < 0 || verdict == decisive) {
                *known = verdict;
                return true;
        }
        if (verdict == VERDICT_FAULT && *known != VERDICT_FAULT) {
                *known = VERDICT_FAULT;
                fault_move(fault, found);
        }
        fault_deinit(found);
        return false;
}

static int join(const struct question *question, size_t n, judge_nth *judge, bool any,
                struct fault *fault)
{
        int decisive = any ? VERDICT_YES : VERDICT_NO, known = any ? VERDICT_NO : VERDICT_YES;
        _fault_ struct fault first = FAULT_INIT;

        for (size_t i = 0; i < n; i++) {
                struct fault found = FAULT_INIT;

                if (settle(judge(question, i, &found), decisive, &known, &found, &first)) {
                        fault_deinit(&found);
                        return known;
                }
        }
        if (known == VERDICT_FAULT)
                fault_move(fault, &first);
        return known;
}

static int judge_one(const struct criterion *criterion, const struct expr_world *world,
                     struct fault *fault);

static int judge_criterion(const struct question *question, size_t i, struct fault *fault)
{
        const struct criterion *criterion = &question->criteria->list[i];

        return question->rest_only && criterion->is_equality ? VERDICT_YES
                : judge_one(criterion, question->world, fault);
}

static int judge_criteria(const struct criteria *criteria, const struct expr_world *world,
                          bool any, struct fault *fault)
{
        const struct question question = { .criteria = criteria, .world = world };

        return join(&question, criteria->n, judge_criterion, any, fault);
}

/* ---- searches ---- */

/* The names that an item's criteria see: the event's, and the item. */
static int judge_item(const struct criterion *criterion, const struct expr_world *world,
                      const json_t *item, struct fault *fault)
{
        _json_ json_t *names = json_copy((json_t *)world->names);
        struct expr_world inner = *world;

        if (!names || json_object_set(names, "item", (json_t *)item) < 0)
                return -ENOMEM;
        inner.names = names;
        return judge_criteria(criterion->items, &inner, criterion->any_pattern, fault);
}

static int judge_nth_item(const struct question *question, size_t i, struct fault *fault)
{
        return judge_item(question->criterion, question->world,
                          json_array_get(question->items, i), fault);
}

static int judge_search(const struct criterion *criterion, const struct expr_world *world,
                        const json_t *value, struct fault *fault)
{
        const struct question items = { .criterion = criterion, .items = value, .world = world };

        if (json_is_array(value))
                return join(&items, json_array_size(value), judge_nth_item,
                            !criterion->every_item, fault);
        if (json_is_object(value))
                return judge_item(criterion, world, value, fault);
        fault_set(fault, 422, "rule.types", "search needs a list, and there is %s",
                  value && !json_is_null(value) ? "something else" : "nothing");
        return VERDICT_FAULT;
}

/* ---- groups ---- */

static int judge_part(const struct question *question, size_t i, struct fault *fault)
{
        return judge_criteria(question->criterion->parts[i], question->world, false, fault);
}

static int judge_group(const struct criterion *criterion, const struct expr_world *world,
                       struct fault *fault)
{
        const struct question parts = { .criterion = criterion, .world = world };
        int verdict = join(&parts, criterion->parts_n, judge_part,
                           strcmp(criterion->operator, "any") == 0, fault);

        if (strcmp(criterion->operator, "not") != 0)
                return verdict;
        return verdict == VERDICT_YES ? VERDICT_NO : verdict == VERDICT_NO ? VERDICT_YES : verdict;
}

/* ---- one ---- */

/* A pattern with expressions makes its matcher for this one event. */
static int judge_rendered(const struct criterion *criterion, const struct expr_world *world,
                          const json_t *value, struct fault *fault)
{
        struct matcher *matcher = NULL;
        _json_ json_t *pattern = NULL;
        int r = expr_eval_in(criterion->pattern, world, &pattern, fault);

        if (!r)
                r = matcher_compile(criterion->operator, pattern, &matcher, fault);
        if (r)
                return r == FAULT ? VERDICT_FAULT : r;
        r = matcher_judge(matcher, value, fault);
        matcher_free(matcher);
        return r;
}

static int judge_one(const struct criterion *criterion, const struct expr_world *world,
                     struct fault *fault)
{
        const json_t *value = criterion->path ? path_find(criterion->path, world->names) : NULL;
        int verdict = criterion->parts ? judge_group(criterion, world, fault)
                : criterion->items ? judge_search(criterion, world, value, fault)
                : criterion->matcher ? matcher_judge(criterion->matcher, value, fault)
                : judge_rendered(criterion, world, value, fault);

        if (verdict == VERDICT_FAULT)
                fault_prefix(fault, "criteria \"%.200s\"", criterion->key);
        return verdict;
}

int criteria_judge(const struct criteria *criteria, const struct expr_world *world,
                   struct fault *fault)
{
        return judge_criteria(criteria, world, false, fault);
}

int criteria_judge_rest(const struct criteria *criteria, const struct expr_world *world,
                        struct fault *fault)
{
        const struct question question = { .criteria = criteria, .world = world,
                                           .rest_only = true };

        return join(&question, criteria->n, judge_criterion, false, fault);
}

/* ---- told in full ---- */

static json_t *pattern_shown(const struct criterion *criterion, const struct expr_world *world)
{
        json_t *pattern = json_object_get(criterion->source, "pattern"), *shown;
        _json_ json_t *rendered = NULL;

        if (criterion->pattern && expr_eval_in(criterion->pattern, world, &rendered, NULL) == 0)
                pattern = rendered;
        shown = pattern && !criterion->parts ? json_deep_copy(pattern) : NULL;
        return shown ? shown : json_null();
}

static json_t *explain_parts(const struct criterion *criterion, const struct expr_world *world)
{
        json_t *parts = json_array();

        for (size_t i = 0; i < criterion->parts_n; i++) {
                int verdict = judge_criteria(criterion->parts[i], world, false, NULL);

                json_array_append_new(parts, json_pack("{s:b, s:o}", "matched",
                                                       verdict == VERDICT_YES, "criteria",
                                                       criteria_explain(criterion->parts[i],
                                                                        world)));
        }
        return parts;
}

static json_t *explain_one(const struct criterion *criterion, const struct expr_world *world)
{
        const json_t *value = criterion->path ? path_find(criterion->path, world->names) : NULL;
        _fault_ struct fault fault = FAULT_INIT;
        int verdict = judge_one(criterion, world, &fault);
        json_t *row = json_pack("{s:s, s:s, s:o, s:o, s:b}", "key", criterion->key, "operator",
                                criterion->operator, "pattern", pattern_shown(criterion, world),
                                "value", value ? json_deep_copy(value) : json_null(), "matched",
                                verdict == VERDICT_YES);

        if (verdict == VERDICT_FAULT)
                json_set_text(row, "error", fault.what);
        else if (verdict < 0)
                json_set_text(row, "error", strerror(-verdict));
        if (criterion->parts)
                json_object_set_new(row, "parts", explain_parts(criterion, world));
        return row;
}

json_t *criteria_explain(const struct criteria *criteria, const struct expr_world *world)
{
        json_t *rows = json_array();

        for (size_t i = 0; i < criteria->n; i++)
                json_array_append_new(rows, explain_one(&criteria->list[i], world));
        return rows;
}
