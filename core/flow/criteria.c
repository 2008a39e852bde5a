/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A criterion's pattern is known when the rule is loaded, unless it holds an expression; then its
 * matcher is made for each event. A search judges the items of a list by criteria of their own,
 * whose keys start with "item".
 */
#include "flow/criteria.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "expr/expr.h"

#include <errno.h>
#include <string.h>

#define SEARCH_DEPTH_MAX 4

struct criterion {
        char *key;
        const char *operator;
        struct path *path;
        struct matcher *matcher;        /* of a constant pattern, or */
        struct expr *pattern;           /* of one that holds expressions, or */
        struct criteria *items;         /* of a search */
        bool every_item, any_pattern;   /* of a search */
        bool is_equality;               /* with a constant, and the first one on its path */
        json_t *source;
};

struct criteria {
        struct criterion *list;
        size_t n;
};

static int compile(const json_t *source, unsigned depth, struct criteria **ret,
                   struct fault *fault);

static int wrong(const struct criterion *criterion, struct fault *fault, const char *what)
{
        return fault_set(fault, 422, "rule.criterion", "criteria \"%.200s\": %s", criterion->key,
                         what);
}

static int check_members(const struct criterion *criterion, struct fault *fault)
{
        static const char *const known[] = { "type", "pattern", "condition", NULL };
        const char *key, *nearest;
        json_t *value;

        json_object_foreach(criterion->source, key, value) {
                if (strcmp(key, "type") == 0 || strcmp(key, "pattern") == 0 ||
                    strcmp(key, "condition") == 0)
                        continue;
                nearest = text_nearest(key, known);
                fault_set(fault, 422, "rule.criterion",
                          "criteria \"%.200s\": \"%.80s\" is not known "
                          "here",
                          criterion->key, key);
                fault_at_key(fault, key);
                return nearest ? fault_try(fault, "did you mean \"%s\"?", nearest)
                               : fault_try(fault, "a criterion has type, pattern and, for search, "
                                                  "condition");
        }
        return 0;
}

static int find_operator(struct criterion *criterion, struct fault *fault)
{
        const char *name = json_text_of(criterion->source, "type", NULL), *nearest;

        if (!name)
                return wrong(criterion, fault, "type is missing: it names the operator, as in "
                             "\"type: equals\"");
        criterion->operator = operator_find(name);
        if (criterion->operator)
                return 0;
        nearest = operator_nearest(name);
        fault_set(fault, 422, "rule.operator",
                  "criteria \"%.200s\": there is no operator \"%.80s\"", criterion->key, name);
        fault_at(fault, "type");
        return nearest ? fault_try(fault, "did you mean \"%s\"?", nearest)
                : fault_try(fault, "use one of equals, contains, regex, startswith, greaterthan, "
                            "exists, inside, search and their kin");
}

static int compile_pattern(struct criterion *criterion, struct fault *fault)
{
        const json_t *pattern = json_object_get(criterion->source, "pattern");
        int r;

        if (operator_needs_pattern(criterion->operator) && !pattern)
                return wrong(criterion, fault, "pattern is missing");
        if (!operator_needs_pattern(criterion->operator))
                pattern = NULL;
        r = json_is_string(pattern) ? expr_compile(pattern, &criterion->pattern, fault) : 0;
        if (r)
                return r;
        if (criterion->pattern && !expr_is_constant(criterion->pattern))
                return 0;
        criterion->pattern = expr_free(criterion->pattern);
        r = matcher_compile(criterion->operator, pattern, &criterion->matcher, fault);
        return r == FAULT ? fault_at(fault, "pattern") : r;
}

static int compile_search(struct criterion *criterion, unsigned depth, struct fault *fault)
{
        const json_t *pattern = json_object_get(criterion->source, "pattern");
        const char *condition = json_text_of(criterion->source, "condition", "any");
        int r;

        criterion->every_item = strncmp(condition, "all", 3) == 0;
        criterion->any_pattern = text_ends_with(condition, "2any");
        if (strcmp(condition, "any") != 0 && strcmp(condition, "all") != 0 &&
            strcmp(condition, "any2any") != 0 && strcmp(condition, "all2any") != 0)
                return wrong(criterion, fault, "condition must be any, all, any2any or all2any");
        if (!json_object_size(pattern))
                return wrong(criterion, fault,
                             "the pattern of search must be an object of criteria, "
                             "with keys such as item.name");
        if (depth >= SEARCH_DEPTH_MAX)
                return wrong(criterion, fault, "searches are nested deeper than 4 levels");
        r = compile(pattern, depth + 1, &criterion->items, fault);
        return r == FAULT ? fault_at(fault, "pattern") : r;
}

static int check_root(const struct criterion *criterion, unsigned depth, struct fault *fault)
{
        const char *root = criterion->path->steps[0].name;

        if (strcmp(root, "trigger") == 0 || strcmp(root, "system") == 0 ||
            (depth && strcmp(root, "item") == 0))
                return 0;
        wrong(criterion, fault, depth ? "the key must start with item. (or trigger.)"
              : "the key must start with trigger.");
        return fault_try(fault, "write %s.%.200s", depth ? "item" : "trigger", criterion->key);
}

static int compile_one(struct criterion *criterion, const char *key, json_t *source, unsigned depth,
                       struct fault *fault)
{
        int r;

        criterion->source = json_incref(source);
        criterion->key = strdup(key);
        if (!criterion->key)
                return -ENOMEM;
        if (!json_is_object(source))
                return wrong(criterion, fault, "must be an object with type and pattern");
        r = check_members(criterion, fault);
        if (!r)
                r = find_operator(criterion, fault);
        if (!r)
                r = path_parse(key, &criterion->path, fault);
        if (!r)
                r = check_root(criterion, depth, fault);
        if (r)
                return r;
        r = operator_is_search(criterion->operator) ? compile_search(criterion, depth, fault)
                : compile_pattern(criterion, fault);
        return r == FAULT && !text_starts_with(fault && fault->what ? fault->what : "", "criteria ")
                ? fault_prefix(fault, "criteria \"%.200s\"", key) : r;
}

static bool is_first_equality(const struct criteria *criteria, const struct criterion *criterion)
{
        if (!criterion->matcher || !matcher_equal_to(criterion->matcher) ||
            criterion->path->has_any)
                return false;
        for (const struct criterion *c = criteria->list; c < criterion; c++)
                if (c->is_equality && path_equal(c->path, criterion->path))
                        return false;
        return true;
}

static int compile(const json_t *source, unsigned depth, struct criteria **ret, struct fault *fault)
{
        struct criteria *criteria = calloc(1, sizeof *criteria);
        const char *key;
        json_t *value;
        int r = 0;

        if (!criteria)
                return -ENOMEM;
        criteria->list = calloc(json_object_size(source) + 1, sizeof *criteria->list);
        if (!criteria->list)
                r = -ENOMEM;
        else if (json_object_size(source) > CRITERIA_MAX)
                r = fault_set(fault, 422, "rule.limit", "criteria: %zu of them are more than the "
                              "limit of %d", json_object_size(source), CRITERIA_MAX);
        if (r) {
                criteria_free(criteria);
                return r;
        }
        json_object_foreach((json_t *)source, key, value) {
                struct criterion *criterion = &criteria->list[criteria->n++];

                r = compile_one(criterion, key, value, depth, fault);
                if (r) {
                        criteria_free(criteria);
                        return r == FAULT ? fault_at_key(fault, key) : r;
                }
                criterion->is_equality = is_first_equality(criteria, criterion);
        }
        *ret = criteria;
        return 0;
}

int criteria_compile(const json_t *source, struct criteria **ret, struct fault *fault)
{
        int r;

        if (source && !json_is_null(source) && !json_is_object(source))
                r = fault_set(fault, 422, "rule.criterion", "criteria must be an object of "
                              "criteria by key, such as \"trigger.body.name\"");
        else
                r = compile(source, 0, ret, fault);
        return r == FAULT ? fault_at(fault, "criteria") : r;
}

struct criteria *criteria_free(struct criteria *criteria)
{
        if (!criteria)
                return NULL;
        for (size_t i = 0; i < criteria->n; i++) {
                free(criteria->list[i].key);
                path_free(criteria->list[i].path);
                matcher_free(criteria->list[i].matcher);
                expr_free(criteria->list[i].pattern);
                criteria_free(criteria->list[i].items);
                json_decref(criteria->list[i].source);
        }
        free(criteria->list);
        free(criteria);
        return NULL;
}

size_t criteria_count(const struct criteria *criteria)
{
        return criteria->n;
}

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

static int judge_one(const struct criterion *criterion, const json_t *scope, struct fault *fault);

/* Which criteria are asked, and how they are joined. */
struct ask {
        const struct criteria *criteria;
        bool any, rest_only;
};

static int judge_all(const struct ask *ask, const json_t *scope, struct fault *fault)
{
        const struct criteria *criteria = ask->criteria;
        int decisive = ask->any ? VERDICT_YES : VERDICT_NO;
        int known = ask->any ? VERDICT_NO : VERDICT_YES;
        _fault_ struct fault first = FAULT_INIT;

        for (size_t i = 0; i < criteria->n; i++) {
                struct fault found = FAULT_INIT;
                int verdict;

                if (ask->rest_only && criteria->list[i].is_equality)
                        continue;
                verdict = judge_one(&criteria->list[i], scope, &found);
                if (settle(verdict, decisive, &known, &found, &first)) {
                        fault_deinit(&found);
                        return known;
                }
        }
        if (known == VERDICT_FAULT)
                fault_move(fault, &first);
        return known;
}

/* The names that an item's criteria see: the event's, and the item. */
static json_t *scope_of_item(const json_t *scope, const json_t *item)
{
        json_t *inner = json_copy((json_t *)scope);

        if (inner)
                json_object_set(inner, "item", (json_t *)item);
        return inner;
}

static int judge_item(const struct criterion *criterion, const json_t *scope, const json_t *item,
                      struct fault *fault)
{
        const struct ask ask = { criterion->items, criterion->any_pattern, false };
        _json_ json_t *inner = scope_of_item(scope, item);

        return inner ? judge_all(&ask, inner, fault) : -ENOMEM;
}

static int judge_items(const struct criterion *criterion, const json_t *scope, const json_t *items,
                       struct fault *fault)
{
        int decisive = criterion->every_item ? VERDICT_NO : VERDICT_YES;
        int known = criterion->every_item ? VERDICT_YES : VERDICT_NO;
        _fault_ struct fault first = FAULT_INIT;

        for (size_t i = 0; i < json_array_size(items); i++) {
                struct fault found = FAULT_INIT;
                int verdict = judge_item(criterion, scope, json_array_get(items, i), &found);

                if (settle(verdict, decisive, &known, &found, &first)) {
                        fault_deinit(&found);
                        return known;
                }
        }
        if (known == VERDICT_FAULT)
                fault_move(fault, &first);
        return known;
}

static int judge_search(const struct criterion *criterion, const json_t *scope,
                        const json_t *value, struct fault *fault)
{
        if (json_is_array(value))
                return judge_items(criterion, scope, value, fault);
        if (json_is_object(value))
                return judge_item(criterion, scope, value, fault);
        fault_set(fault, 422, "rule.types", "search needs a list, and there is %s",
                  value && !json_is_null(value) ? "something else" : "nothing");
        return VERDICT_FAULT;
}

/* A pattern with expressions makes its matcher for this one event. */
static int judge_rendered(const struct criterion *criterion, const json_t *scope,
                          const json_t *value, struct fault *fault)
{
        struct matcher *matcher = NULL;
        _json_ json_t *pattern = NULL;
        int r = expr_eval(criterion->pattern, scope, &pattern, fault);

        if (!r)
                r = matcher_compile(criterion->operator, pattern, &matcher, fault);
        if (r)
                return r == FAULT ? VERDICT_FAULT : r;
        r = matcher_judge(matcher, value, fault);
        matcher_free(matcher);
        return r;
}

static int judge_one(const struct criterion *criterion, const json_t *scope, struct fault *fault)
{
        const json_t *value = path_find(criterion->path, scope);
        int verdict = criterion->items ? judge_search(criterion, scope, value, fault)
                : criterion->matcher ? matcher_judge(criterion->matcher, value, fault)
                : judge_rendered(criterion, scope, value, fault);

        if (verdict == VERDICT_FAULT)
                fault_prefix(fault, "criteria \"%.200s\"", criterion->key);
        return verdict;
}

int criteria_judge(const struct criteria *criteria, const json_t *scope, struct fault *fault)
{
        const struct ask ask = { criteria, false, false };

        return judge_all(&ask, scope, fault);
}

static json_t *pattern_shown(const struct criterion *criterion, const json_t *scope)
{
        json_t *pattern = json_object_get(criterion->source, "pattern"), *rendered = NULL;

        if (criterion->pattern && expr_eval(criterion->pattern, scope, &rendered, NULL) == 0)
                return rendered;
        return pattern ? json_deep_copy(pattern) : json_null();
}

static json_t *explain_one(const struct criterion *criterion, const json_t *scope)
{
        const json_t *value = path_find(criterion->path, scope);
        _fault_ struct fault fault = FAULT_INIT;
        int verdict = judge_one(criterion, scope, &fault);
        json_t *row = json_pack("{s:s, s:s, s:o, s:o, s:b}", "key", criterion->key, "operator",
                                criterion->operator, "pattern", pattern_shown(criterion, scope),
                                "value", value ? json_deep_copy(value) : json_null(), "matched",
                                verdict == VERDICT_YES);

        if (verdict == VERDICT_FAULT)
                json_set_text(row, "error", fault.what);
        else if (verdict < 0)
                json_set_text(row, "error", strerror(-verdict));
        return row;
}

json_t *criteria_explain(const struct criteria *criteria, const json_t *scope)
{
        json_t *rows = json_array();

        for (size_t i = 0; i < criteria->n; i++)
                json_array_append_new(rows, explain_one(&criteria->list[i], scope));
        return rows;
}

bool criteria_equality(const struct criteria *criteria, size_t i, const struct path **ret_path,
                       const json_t **ret_constant)
{
        const struct criterion *criterion = &criteria->list[i];

        if (!criterion->is_equality)
                return false;
        *ret_path = criterion->path;
        *ret_constant = matcher_equal_to(criterion->matcher);
        return true;
}

size_t criteria_count_rest(const struct criteria *criteria)
{
        size_t n = 0;

        for (size_t i = 0; i < criteria->n; i++)
                n += !criteria->list[i].is_equality;
        return n;
}

int criteria_judge_rest(const struct criteria *criteria, const json_t *scope, struct fault *fault)
{
        const struct ask ask = { criteria, false, true };

        return judge_all(&ask, scope, fault);
}
