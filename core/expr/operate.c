/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Jinja's operators are Python's. YAQL's are functions of its library: null has an order (before
 * everything), / of integers rounds down, and what does not fit is no match.
 */
#include "expr/operate.h"

#include "expr/moment.h"
#include "expr/regular.h"
#include "expr/sets.h"
#include "expr/value.h"

#include <string.h>

static json_t *equal(struct run *run, json_t *a, json_t *b)
{
        return run_bool(value_equal(run, a, b));
}

static json_t *unequal(struct run *run, json_t *a, json_t *b)
{
        return run_bool(!value_equal(run, a, b));
}

static json_t *less(struct run *run, json_t *a, json_t *b)
{
        int order;

        return value_compare(run, a, b, "<", &order) ? run_bool(order < 0) : NULL;
}

static json_t *greater(struct run *run, json_t *a, json_t *b)
{
        int order;

        return value_compare(run, a, b, ">", &order) ? run_bool(order > 0) : NULL;
}

static json_t *at_most(struct run *run, json_t *a, json_t *b)
{
        int order;

        return value_compare(run, a, b, "<=", &order) ? run_bool(order <= 0) : NULL;
}

static json_t *at_least(struct run *run, json_t *a, json_t *b)
{
        int order;

        return value_compare(run, a, b, ">=", &order) ? run_bool(order >= 0) : NULL;
}

static json_t *in(struct run *run, json_t *a, json_t *b)
{
        bool found = value_contains(run, b, a);

        return run->failure ? NULL : run_bool(found);
}

static json_t *not_in(struct run *run, json_t *a, json_t *b)
{
        bool found = value_contains(run, b, a);

        return run->failure ? NULL : run_bool(!found);
}

static bool is_tuple(const struct run *run, const json_t *value)
{
        return nature_kind(&run->natures, value) == NATURE_TUPLE;
}

static json_t *strict_equal(struct run *run, json_t *a, json_t *b)
{
        const json_t *wrong = run_is_undefined(run, a) ? a : run_is_undefined(run, b) ? b : NULL;

        if (wrong && !run_is_empty(run, wrong))
                return run_use_undefined(run, wrong);
        if (json_is_array(a) && json_is_array(b) && is_tuple(run, a) != is_tuple(run, b))
                return json_false();
        return equal(run, a, b);
}

static json_t *strict_unequal(struct run *run, json_t *a, json_t *b)
{
        json_t *is = strict_equal(run, a, b);

        return is ? run_bool(!json_is_true(is)) : NULL;
}

static json_t *no_match(struct run *run, const char *operator)
{
        return run_raise(run, "NoMatchingFunctionException",
                         "No function \"#operator_%s\" matches supplied arguments", operator);
}

static bool is_real_number(const json_t *value)
{
        return json_is_number(value);
}

static bool are_plain_texts(const struct run *run, const json_t *a, const json_t *b)
{
        return json_is_string(a) && json_is_string(b) && !nature_of(&run->natures, a) &&
                !nature_of(&run->natures, b);
}

/* The order of two values that YAQL lets be compared; -2 where it does not. */
static int order_of(struct run *run, json_t *a, json_t *b)
{
        int order = 0;

        if (json_is_null(a) || json_is_null(b))
                return (json_is_null(b) ? 1 : 0) - (json_is_null(a) ? 1 : 0);
        if ((is_real_number(a) && is_real_number(b)) ||
            (json_is_string(a) && json_is_string(b))) {
                if (value_compare(run, a, b, "<", &order))
                        return order;
                run_forgive(run);
        }
        return -2;
}

static json_t *yaql_less(struct run *run, json_t *a, json_t *b)
{
        int order = order_of(run, a, b);

        return order > -2 ? run_bool(order < 0) : sets_below(run, a, b, "<");
}

static json_t *yaql_greater(struct run *run, json_t *a, json_t *b)
{
        int order = order_of(run, a, b);

        return order > -2 ? run_bool(order > 0) : sets_below(run, b, a, ">");
}

static json_t *yaql_at_most(struct run *run, json_t *a, json_t *b)
{
        int order = order_of(run, a, b);

        return order > -2 ? run_bool(order <= 0) : sets_below(run, a, b, "<=");
}

static json_t *yaql_at_least(struct run *run, json_t *a, json_t *b)
{
        int order = order_of(run, a, b);

        return order > -2 ? run_bool(order >= 0) : sets_below(run, b, a, ">=");
}

static json_t *merge(struct run *run, json_t *a, json_t *b)
{
        json_t *made = run_object(run), *value;
        const char *key;

        if (!made)
                return NULL;
        json_object_foreach(a, key, value)
                if (json_object_set(made, key, value) < 0)
                        return run_no_memory(run);
        json_object_foreach(b, key, value)
                if (json_object_set(made, key, value) < 0)
                        return run_no_memory(run);
        return run_step(run, json_object_size(made)) ? made : NULL;
}

static bool is_coming(const struct run *run, const json_t *list)
{
        return nature_kind(&run->natures, list) == NATURE_ITERATOR;
}

static json_t *yaql_add(struct run *run, json_t *a, json_t *b)
{
        if ((is_real_number(a) && is_real_number(b)) || are_plain_texts(run, a, b))
                return value_add(run, a, b);
        if (json_is_array(a) && json_is_array(b))
                return is_coming(run, a) || is_coming(run, b)
                        ? run_nature(run, value_chain(run, a, b), NATURE_ITERATOR)
                        : sets_chain(run, a, b);
        if (json_is_object(a) && json_is_object(b))
                return merge(run, a, b);
        if (json_is_string(a) && json_is_string(b))
                return moment_add(run, a, b);
        return no_match(run, "+");
}

static json_t *yaql_subtract(struct run *run, json_t *a, json_t *b)
{
        if (is_real_number(a) && is_real_number(b))
                return value_subtract(run, a, b);
        if (json_is_array(a) && json_is_array(b))
                return sets_without(run, a, b);
        if (json_is_string(a) && json_is_string(b) && !are_plain_texts(run, a, b))
                return moment_subtract(run, a, b);
        return no_match(run, "-");
}

/* A list that is all there: what a query gives comes item by item. */
static bool is_repeatable(const json_t *value, enum nature_kind kind)
{
        return json_is_string(value) ||
                (json_is_array(value) && kind != NATURE_ITERATOR && kind != NATURE_ORDERED &&
                 kind != NATURE_SET);
}

static json_t *yaql_multiply(struct run *run, json_t *a, json_t *b)
{
        enum nature_kind ka = nature_kind(&run->natures, a), kb = nature_kind(&run->natures, b);

        if (is_real_number(a) && kb == NATURE_SPAN)
                return moment_scale(run, b, value_real(a));
        if (is_real_number(b) && ka == NATURE_SPAN)
                return moment_scale(run, a, value_real(b));
        if ((is_real_number(a) && is_real_number(b)) ||
            (value_is_integer(a) && is_repeatable(b, kb)) ||
            (value_is_integer(b) && is_repeatable(a, ka)))
                return value_multiply(run, a, b);
        return no_match(run, "*");
}

static json_t *yaql_divide(struct run *run, json_t *a, json_t *b)
{
        if (nature_kind(&run->natures, a) == NATURE_SPAN)
                return moment_divide(run, a, b);
        if (!is_real_number(a) || !is_real_number(b))
                return no_match(run, "/");
        return json_is_integer(a) && json_is_integer(b) ? value_floor_divide(run, a, b)
                : value_divide(run, a, b);
}

static json_t *yaql_modulo(struct run *run, json_t *a, json_t *b)
{
        return is_real_number(a) && is_real_number(b) ? value_modulo(run, a, b)
                : no_match(run, "mod");
}

static json_t *yaql_in(struct run *run, json_t *a, json_t *b)
{
        bool both = are_plain_texts(run, a, b);

        return both || json_is_array(b) ? in(run, a, b) : no_match(run, "in");
}

static json_t *matches(struct run *run, json_t *a, json_t *b)
{
        int r = json_is_string(a) && json_is_string(b) ? regular_search(run, b, a) : -1;

        return r < 0 ? no_match(run, "=~") : run->failure ? NULL : run_bool(r);
}

static json_t *matches_not(struct run *run, json_t *a, json_t *b)
{
        json_t *is = matches(run, a, b);

        return is ? run_bool(!json_is_true(is)) : NULL;
}

struct row {
        const char *name;
        operation *operates;
};

static const struct row yaql[] = {
        { "+", yaql_add }, { "-", yaql_subtract }, { "*", yaql_multiply }, { "/", yaql_divide },
        { "mod", yaql_modulo }, { "=", equal }, { "!=", unequal }, { "<", yaql_less },
        { ">", yaql_greater }, { "<=", yaql_at_most }, { ">=", yaql_at_least }, { "in", yaql_in },
        { "=~", matches }, { "!~", matches_not }, { NULL, NULL },
};

static const struct row jinja[] = {
        { "+", value_add }, { "-", value_subtract }, { "*", value_multiply }, { "/", value_divide },
        { "//", value_floor_divide }, { "%", value_modulo_or_format }, { "**", value_power },
        { "~", value_concat }, { "==", strict_equal }, { "!=", strict_unequal }, { "<", less },
        { ">", greater }, { "<=", at_most }, { ">=", at_least }, { "in", in },
        { "not in", not_in }, { NULL, NULL },
};

static operation *const *find(const struct row *row, const char *operator, size_t len)
{
        for (; row->name; row++)
                if (strlen(row->name) == len && memcmp(row->name, operator, len) == 0)
                        return &row->operates;
        return NULL;
}

operation *const *operate_yaql(const char *operator, size_t len)
{
        return find(yaql, operator, len);
}

operation *const *operate_jinja(const char *operator, size_t len)
{
        return find(jinja, operator, len);
}
