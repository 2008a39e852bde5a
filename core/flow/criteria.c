/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A criterion's pattern is known when the rule is loaded, unless it holds an expression; then its
 * matcher is made for each event. A search judges the items of a list by criteria of their own,
 * whose keys start with "item". A group joins whole objects of criteria, which are ANDed within.
 */
#include "flow/criterion.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "expr/expr.h"

#include <errno.h>
#include <string.h>

#define SEARCH_DEPTH_MAX 4
#define GROUP_DEPTH_MAX 8

/* How deep it stands: in searches and in groups. */
struct depth {
        unsigned searches, groups;
};

static int compile(const json_t *source, struct depth depth, struct criteria **ret,
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

static int compile_search(struct criterion *criterion, struct depth depth, struct fault *fault)
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
        if (depth.searches >= SEARCH_DEPTH_MAX)
                return wrong(criterion, fault, "searches are nested deeper than 4 levels");
        depth.searches++;
        r = compile(pattern, depth, &criterion->items, fault);
        return r == FAULT ? fault_at(fault, "pattern") : r;
}

/* "any", "all" or "not", where the key is one; what follows # only tells two of them apart. */
static const char *group_find(const char *key)
{
        static const char *const groups[] = { "any", "all", "not" };

        for (size_t i = 0; i < sizeof groups / sizeof *groups; i++)
                if (strcspn(key, "#") == 3 && strncmp(key, groups[i], 3) == 0)
                        return groups[i];
        return NULL;
}

static int compile_part(struct criterion *criterion, const json_t *part, struct depth depth,
                        struct fault *fault)
{
        int r;

        if (!json_object_size(part))
                return wrong(criterion, fault, "must hold criteria by key, such as "
                             "\"trigger.body.name\", not nothing");
        r = compile(part, depth, &criterion->parts[criterion->parts_n], fault);
        criterion->parts_n += r == 0;
        return r;
}

static int check_group(const struct criterion *criterion, struct depth depth, struct fault *fault)
{
        bool is_not = strcmp(criterion->operator, "not") == 0;
        size_t n = json_array_size(criterion->source);

        if (is_not ? !json_is_object(criterion->source) : !n)
                return wrong(criterion, fault, is_not ? "must be one object of criteria"
                             : "must be a list of objects of criteria, with one at least");
        if (n > CRITERIA_MAX)
                return fault_set(fault, 422, "rule.limit", "criteria \"%.200s\": %zu of them are "
                                 "more than the limit of %d", criterion->key, n, CRITERIA_MAX);
        if (depth.groups >= GROUP_DEPTH_MAX)
                return fault_set(fault, 422, "rule.limit", "criteria \"%.200s\": groups are "
                                 "nested deeper than the limit of %d", criterion->key,
                                 GROUP_DEPTH_MAX);
        return 0;
}

static int compile_group(struct criterion *criterion, struct depth depth, struct fault *fault)
{
        const json_t *part;
        size_t i;
        int r = check_group(criterion, depth, fault);

        if (r)
                return r;
        depth.groups++;
        criterion->parts = calloc(json_array_size(criterion->source) + 1,
                                  sizeof *criterion->parts);
        if (!criterion->parts)
                return -ENOMEM;
        if (json_is_object(criterion->source))
                return compile_part(criterion, criterion->source, depth, fault);
        json_array_foreach(criterion->source, i, part) {
                char step[24];

                snprintf(step, sizeof step, "%zu", i);
                r = compile_part(criterion, part, depth, fault);
                if (r)
                        return r == FAULT ? fault_at(fault, step) : r;
        }
        return 0;
}

static int check_root(const struct criterion *criterion, struct depth depth, struct fault *fault)
{
        const char *root = criterion->path->steps[0].name;

        if (strcmp(root, "trigger") == 0 || strcmp(root, "system") == 0 ||
            (depth.searches && strcmp(root, "item") == 0))
                return 0;
        wrong(criterion, fault, depth.searches ? "the key must start with item. (or trigger.)"
              : "the key must start with trigger.");
        return fault_try(fault, "write %s.%.200s", depth.searches ? "item" : "trigger", criterion->key);
}

static int compile_one(struct criterion *criterion, const char *key, json_t *source, struct depth depth,
                       struct fault *fault)
{
        int r;

        criterion->source = json_incref(source);
        criterion->key = strdup(key);
        if (!criterion->key)
                return -ENOMEM;
        criterion->operator = group_find(key);
        if (criterion->operator)
                return compile_group(criterion, depth, fault);
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

static int compile(const json_t *source, struct depth depth, struct criteria **ret, struct fault *fault)
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
                r = compile(source, (struct depth){ 0, 0 }, ret, fault);
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
                for (size_t k = 0; k < criteria->list[i].parts_n; k++)
                        criteria_free(criteria->list[i].parts[k]);
                free(criteria->list[i].parts);
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
