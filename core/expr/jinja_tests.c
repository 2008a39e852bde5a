/* SPDX-License-Identifier: Apache-2.0 */

/* Jinja's tests (x is defined), and the names that all its templates know (range, dict …). */
#include "expr/function.h"
#include "expr/letters.h"
#include "expr/operate.h"
#include "expr/value.h"

#include <string.h>

static json_t *defined(struct call *call)
{
        return run_bool(!run_is_undefined(call->run, call->args[0]));
}

static json_t *undefined(struct call *call)
{
        return run_bool(run_is_undefined(call->run, call->args[0]));
}

static json_t *none(struct call *call)
{
        return run_bool(json_is_null(call->args[0]));
}

static bool is_plain_text(const struct call *call)
{
        enum nature_kind kind = nature_kind(&call->run->natures, call->args[0]);

        return json_is_string(call->args[0]) && kind != NATURE_UNDEFINED;
}

static json_t *string(struct call *call)
{
        return run_bool(is_plain_text(call));
}

static json_t *number(struct call *call)
{
        return run_bool(value_is_number(call->args[0]));
}

static json_t *integer(struct call *call)
{
        return run_bool(json_is_integer(call->args[0]));
}

static json_t *real(struct call *call)
{
        return run_bool(json_is_real(call->args[0]));
}

static json_t *boolean(struct call *call)
{
        return run_bool(json_is_boolean(call->args[0]));
}

static json_t *true_test(struct call *call)
{
        return run_bool(json_is_true(call->args[0]));
}

static json_t *false_test(struct call *call)
{
        return run_bool(json_is_false(call->args[0]));
}

static json_t *mapping(struct call *call)
{
        return run_bool(json_is_object(call->args[0]));
}

static json_t *sequence(struct call *call)
{
        return run_bool(json_is_array(call->args[0]) || json_is_object(call->args[0]) ||
                        is_plain_text(call));
}

static json_t *callable(struct call *call)
{
        (void)call;
        return json_false();
}

static json_t *rest_by(struct call *call, json_t *by)
{
        return by ? value_modulo(call->run, call->args[0], by) : NULL;
}

static json_t *odd(struct call *call)
{
        json_t *rest = rest_by(call, run_int(call->run, 2));

        return rest ? run_bool(value_real(rest) == 1) : NULL;
}

static json_t *even(struct call *call)
{
        json_t *rest = rest_by(call, run_int(call->run, 2));

        return rest ? run_bool(value_real(rest) == 0) : NULL;
}

static json_t *divisibleby(struct call *call)
{
        json_t *rest = rest_by(call, call->args[1]);

        return rest ? run_bool(value_real(rest) == 0) : NULL;
}

/* Without a letter that has two cases it is in neither. */
static json_t *cased(struct call *call, enum letters_case which, enum letters_case opposite)
{
        _text_ struct text shown = TEXT_INIT, same = TEXT_INIT, other = TEXT_INIT;

        if (!run_print(call->run, call->args[0], false, &shown))
                return NULL;
        letters_case(shown.s ? shown.s : "", shown.len, which, &same);
        letters_case(shown.s ? shown.s : "", shown.len, opposite, &other);
        return run_bool(text_equal(shown.s, same.s) && !text_equal(shown.s, other.s));
}

static json_t *lower(struct call *call)
{
        return cased(call, LETTERS_LOWER, LETTERS_UPPER);
}

static json_t *upper(struct call *call)
{
        return cased(call, LETTERS_UPPER, LETTERS_LOWER);
}

static json_t *sameas(struct call *call)
{
        bool scalar = !json_is_array(call->args[0]) && !json_is_object(call->args[0]);

        return run_bool(call->args[0] == call->args[1] ||
                        (scalar && json_equal(call->args[0], call->args[1])));
}

static json_t *compare(struct call *call, const char *operator)
{
        return (*operate_jinja(operator, strlen(operator)))(call->run, call->args[0],
                                                            call->args[1]);
}

static json_t *eq(struct call *call)
{
        return compare(call, "==");
}

static json_t *ne(struct call *call)
{
        return compare(call, "!=");
}

static json_t *lt(struct call *call)
{
        return compare(call, "<");
}

static json_t *le(struct call *call)
{
        return compare(call, "<=");
}

static json_t *gt(struct call *call)
{
        return compare(call, ">");
}

static json_t *ge(struct call *call)
{
        return compare(call, ">=");
}

static json_t *in(struct call *call)
{
        return compare(call, "in");
}

static json_t *known(struct call *call, const struct function *const *tables)
{
        for (; *tables; tables++)
                for (const struct function *f = *tables; f->name; f++)
                        if (call_text(call, 0) && strcmp(f->name, call_text(call, 0)) == 0)
                                return json_true();
        return json_false();
}

static json_t *filter(struct call *call)
{
        return known(call, jinja_filter_tables);
}

static json_t *test(struct call *call)
{
        return known(call, jinja_test_tables);
}

const struct function jinja_tests[] = {
        { "defined", "value", defined, FUNCTION_UNDEFINED },
        { "undefined", "value", undefined, FUNCTION_UNDEFINED },
        { "none", "value", none, FUNCTION_UNDEFINED },
        { "string", "value", string, FUNCTION_UNDEFINED },
        { "number", "value", number, FUNCTION_UNDEFINED },
        { "integer", "value", integer, FUNCTION_UNDEFINED },
        { "float", "value", real, FUNCTION_UNDEFINED },
        { "boolean", "value", boolean, FUNCTION_UNDEFINED },
        { "true", "value", true_test, FUNCTION_UNDEFINED },
        { "false", "value", false_test, FUNCTION_UNDEFINED },
        { "mapping", "value", mapping, FUNCTION_UNDEFINED },
        { "sequence", "value", sequence, 0 },
        { "iterable", "value", sequence, 0 },
        { "callable", "value", callable, FUNCTION_UNDEFINED },
        { "odd", "value", odd, 0 },
        { "even", "value", even, 0 },
        { "divisibleby", "value num", divisibleby, 0 },
        { "lower", "value", lower, 0 },
        { "upper", "value", upper, 0 },
        { "escaped", "value", callable, 0 },
        { "sameas", "value other", sameas, FUNCTION_UNDEFINED },
        { "eq", "a b", eq, 0 }, { "equalto", "a b", eq, 0 }, { "==", "a b", eq, 0 },
        { "ne", "a b", ne, 0 }, { "!=", "a b", ne, 0 },
        { "lt", "a b", lt, 0 }, { "lessthan", "a b", lt, 0 }, { "<", "a b", lt, 0 },
        { "le", "a b", le, 0 }, { "<=", "a b", le, 0 },
        { "gt", "a b", gt, 0 }, { "greaterthan", "a b", gt, 0 }, { ">", "a b", gt, 0 },
        { "ge", "a b", ge, 0 }, { ">=", "a b", ge, 0 },
        { "in", "value seq", in, 0 },
        { "filter", "value", filter, 0 },
        { "test", "value", test, 0 },
        { 0 },
};

static json_t *range(struct call *call)
{
        bool two = call->args[1] != NULL;
        int64_t from = two ? call_int(call, 0, 0) : 0, to = call_int(call, two ? 1 : 0, 0);
        int64_t step = call_int(call, 2, 1), i = from;
        json_t *made = run_list(call->run);

        if (!step)
                return run_raise(call->run, "ValueError", "range() arg 3 must not be zero");
        if ((step > 0 ? to - from : from - to) / (step > 0 ? step : -step) > 100000)
                return run_raise(call->run, "OverflowError",
                                 "Range too big. The sandbox blocks ranges larger than MAX_RANGE "
                                 "(100000).");
        while (made && (step > 0 ? i < to : i > to)) {
                if (!run_append(call->run, made, run_int(call->run, i)))
                        return NULL;
                if (__builtin_add_overflow(i, step, &i))
                        break;
        }
        return made;
}

static json_t *named(struct call *call, enum nature_kind kind)
{
        json_t *made = run_object(call->run), *value, *from = call->args[0];
        const char *key;

        json_object_foreach(from, key, value)
                if (made && json_object_set(made, key, value) < 0)
                        return run_no_memory(call->run);
        json_object_foreach(call->keywords, key, value)
                if (made && json_object_set(made, key, value) < 0)
                        return run_no_memory(call->run);
        return made && kind != NATURE_PLAIN ? run_nature(call->run, made, kind) : made;
}

static json_t *dict(struct call *call)
{
        return named(call, NATURE_PLAIN);
}

/* dict([[key, value], …], name=value) */
static json_t *dict_of_pairs(struct call *call)
{
        json_t *made = run_object(call->run), *pair;
        size_t i;

        json_array_foreach(call->args[0], i, pair) {
                json_t *both = value_items(call->run, pair);

                if (!both)
                        return NULL;
                if (json_array_size(both) != 2)
                        return run_raise(call->run, "ValueError", "dictionary update sequence "
                                         "element #%zu has length %zu; 2 is required", i,
                                         json_array_size(both));
                if (!run_put(call->run, made, json_array_get(both, 0), json_array_get(both, 1)))
                        return NULL;
        }
        call->args[0] = made;
        return made ? named(call, NATURE_PLAIN) : NULL;
}

static json_t *namespace(struct call *call)
{
        return named(call, NATURE_OWN);
}

const struct function jinja_globals[] = {
        { "range", "stop:i", range, 0 },
        { "range", "start:i stop:i step:i=", range, 0 },
        { "dict", "from:d= **named", dict, 0 },
        { "dict", "pairs:c **named", dict_of_pairs, 0 },
        { "namespace", "from:d= **named", namespace, 0 },
        { 0 },
};
