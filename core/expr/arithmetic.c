/* SPDX-License-Identifier: Apache-2.0 */

/* Python's arithmetic. Integers are of 64 bits; where Python would go beyond, it is an error. */
#include "expr/letters.h"
#include "expr/moment.h"
#include "expr/python.h"
#include "expr/value.h"

#include <math.h>

static json_t *unsupported(struct run *run, const char *operator, json_t *a, json_t *b)
{
        if (run_is_undefined(run, a) || run_is_undefined(run, b))
                return run_use_undefined(run, run_is_undefined(run, a) ? a : b);
        return run_raise(run, "TypeError", "unsupported operand type(s) for %s: '%s' and '%s'",
                         operator, python_type(&run->natures, a), python_type(&run->natures, b));
}

static json_t *overflow(struct run *run)
{
        return run_raise(run, "OverflowError", "the number does not fit into 64 bits");
}

static bool are_integers(const json_t *a, const json_t *b)
{
        return value_is_integer(a) && value_is_integer(b);
}

static bool are_numbers(const json_t *a, const json_t *b)
{
        return value_is_number(a) && value_is_number(b);
}

static bool are_texts(const struct run *run, const json_t *a, const json_t *b)
{
        return json_is_string(a) && json_is_string(b) && !nature_of(&run->natures, a) &&
                !nature_of(&run->natures, b);
}

static bool is_tuple(const struct run *run, const json_t *list)
{
        return nature_kind(&run->natures, list) == NATURE_TUPLE;
}

json_t *value_chain(struct run *run, json_t *a, json_t *b)
{
        json_t *made = run_list(run), *item;
        size_t i;

        json_array_foreach(a, i, item)
                if (!run_append(run, made, item))
                        return NULL;
        json_array_foreach(b, i, item)
                if (!run_append(run, made, item))
                        return NULL;
        return nature_kind(&run->natures, a) == NATURE_TUPLE
                ? run_nature(run, made, NATURE_TUPLE) : made;
}

static json_t *join(struct run *run, const json_t *a, const json_t *b)
{
        _text_ struct text text = TEXT_INIT;

        text_add_bytes(&text, json_string_value(a), json_string_length(a));
        text_add_bytes(&text, json_string_value(b), json_string_length(b));
        return run_take(run, &text);
}

json_t *value_add(struct run *run, json_t *a, json_t *b)
{
        json_int_t sum;

        if (are_integers(a, b))
                return __builtin_add_overflow(value_integer(a), value_integer(b), &sum)
                        ? overflow(run) : run_int(run, sum);
        if (are_numbers(a, b))
                return run_real(run, value_real(a) + value_real(b));
        if (are_texts(run, a, b))
                return join(run, a, b);
        if (json_is_array(a) && json_is_array(b))
                return is_tuple(run, a) == is_tuple(run, b) ? value_chain(run, a, b)
                        : run_raise(run, "TypeError", "can only concatenate %s (not \"%s\") to %s",
                                    python_type(&run->natures, a), python_type(&run->natures, b),
                                    python_type(&run->natures, a));
        if (json_is_string(a) && json_is_string(b) && !run_is_undefined(run, a) &&
            !run_is_undefined(run, b))
                return moment_add(run, a, b);
        if (json_is_string(a) && !run_is_undefined(run, a) && !run_is_undefined(run, b))
                return run_raise(run, "TypeError", "can only concatenate str (not \"%s\") to str",
                                 python_type(&run->natures, b));
        return unsupported(run, "+", a, b);
}

json_t *value_subtract(struct run *run, json_t *a, json_t *b)
{
        json_int_t rest;

        if (are_integers(a, b))
                return __builtin_sub_overflow(value_integer(a), value_integer(b), &rest)
                        ? overflow(run) : run_int(run, rest);
        if (are_numbers(a, b))
                return run_real(run, value_real(a) - value_real(b));
        if (json_is_string(a) && json_is_string(b) && !are_texts(run, a, b))
                return moment_subtract(run, a, b);
        return unsupported(run, "-", a, b);
}

static json_t *repeat_text(struct run *run, const json_t *text, int64_t times)
{
        size_t len = json_string_length(text);
        _text_ struct text made = TEXT_INIT;

        for (int64_t i = 0; len && i < times; i++) {
                text_add_bytes(&made, json_string_value(text), len);
                if (!run_afford(run, &made))
                        return NULL;
        }
        return run_take(run, &made);
}

static json_t *repeat_list(struct run *run, json_t *list, int64_t times)
{
        json_t *made = run_list(run), *item;
        size_t k;

        for (int64_t i = 0; json_array_size(list) && i < times; i++)
                json_array_foreach(list, k, item)
                        if (!run_append(run, made, item))
                                return NULL;
        return made;
}

static json_t *repeat(struct run *run, json_t *what, json_t *times)
{
        return json_is_string(what) ? repeat_text(run, what, value_integer(times))
                : repeat_list(run, what, value_integer(times));
}

static bool is_repeatable(const struct run *run, const json_t *what, const json_t *times)
{
        return value_is_integer(times) && !run_is_undefined(run, what) &&
                (json_is_string(what) || json_is_array(what));
}

json_t *value_multiply(struct run *run, json_t *a, json_t *b)
{
        json_int_t product;

        if (are_integers(a, b))
                return __builtin_mul_overflow(value_integer(a), value_integer(b), &product)
                        ? overflow(run) : run_int(run, product);
        if (are_numbers(a, b))
                return run_real(run, value_real(a) * value_real(b));
        if (is_repeatable(run, a, b))
                return repeat(run, a, b);
        if (is_repeatable(run, b, a))
                return repeat(run, b, a);
        return unsupported(run, "*", a, b);
}

static bool by_zero(struct run *run, const json_t *b, const char *what)
{
        if (value_real(b) != 0)
                return false;
        run_raise(run, "ZeroDivisionError", "%s", what);
        return true;
}

json_t *value_divide(struct run *run, json_t *a, json_t *b)
{
        if (!are_numbers(a, b))
                return unsupported(run, "/", a, b);
        if (by_zero(run, b, are_integers(a, b) ? "division by zero" : "float division by zero"))
                return NULL;
        return run_real(run, value_real(a) / value_real(b));
}

static bool is_least(const json_t *a, const json_t *b)
{
        return value_integer(a) == INT64_MIN && value_integer(b) == -1;
}

/* As Python: of the exact quotient, not of the rounded one. 7 // 0.1 is 69. */
static double floor_quotient(double a, double b)
{
        double rest = fmod(a, b), quotient = (a - rest) / b, whole;

        if (rest != 0 && (rest < 0) != (b < 0))
                quotient -= 1;
        if (quotient == 0)
                return copysign(0, a / b);
        whole = floor(quotient);
        return quotient - whole > 0.5 ? whole + 1 : whole;
}

json_t *value_floor_divide(struct run *run, json_t *a, json_t *b)
{
        int64_t x, y, quotient;

        if (!are_numbers(a, b))
                return unsupported(run, "//", a, b);
        if (by_zero(run, b, are_integers(a, b) ? "integer division or modulo by zero"
                    : "float floor division by zero"))
                return NULL;
        if (!are_integers(a, b))
                return run_real(run, floor_quotient(value_real(a), value_real(b)));
        if (is_least(a, b))
                return overflow(run);
        x = value_integer(a);
        y = value_integer(b);
        quotient = x / y;
        return run_int(run, quotient - (x % y && (x < 0) != (y < 0)));
}

json_t *value_modulo(struct run *run, json_t *a, json_t *b)
{
        int64_t rest, y;
        double real;

        if (!are_numbers(a, b))
                return unsupported(run, "%", a, b);
        if (by_zero(run, b, are_integers(a, b) ? "integer modulo by zero" : "float modulo"))
                return NULL;
        if (!are_integers(a, b)) {
                real = fmod(value_real(a), value_real(b));
                if (real != 0 && (real < 0) != (value_real(b) < 0))
                        real += value_real(b);
                return run_real(run, real == 0 ? copysign(0, value_real(b)) : real);
        }
        if (is_least(a, b))
                return run_int(run, 0);
        y = value_integer(b);
        rest = value_integer(a) % y;
        return run_int(run, rest && (rest < 0) != (y < 0) ? rest + y : rest);
}

json_t *value_power(struct run *run, json_t *a, json_t *b)
{
        int64_t base, power, result = 1;

        if (!are_numbers(a, b))
                return unsupported(run, "** or pow()", a, b);
        if (!are_integers(a, b) || value_integer(b) < 0) {
                if (value_real(b) < 0 && by_zero(run, a, "0.0 cannot be raised to a negative power"))
                        return NULL;
                return run_real(run, pow(value_real(a), value_real(b)));
        }
        base = value_integer(a);
        for (power = value_integer(b); power; power >>= 1) {
                if ((power & 1) && __builtin_mul_overflow(result, base, &result))
                        return overflow(run);
                if (power > 1 && __builtin_mul_overflow(base, base, &base))
                        return overflow(run);
        }
        return run_int(run, result);
}

json_t *value_negate(struct run *run, json_t *a)
{
        if (value_is_integer(a))
                return value_integer(a) == INT64_MIN ? overflow(run)
                        : run_int(run, -value_integer(a));
        if (json_is_real(a))
                return run_real(run, -json_real_value(a));
        if (nature_kind(&run->natures, a) == NATURE_SPAN)
                return span_new(run, -nature_of(&run->natures, a)->us);
        if (run_is_undefined(run, a))
                return run_use_undefined(run, a);
        return run_raise(run, "TypeError", "bad operand type for unary -: '%s'",
                         python_type(&run->natures, a));
}

json_t *value_concat(struct run *run, json_t *a, json_t *b)
{
        _text_ struct text text = TEXT_INIT;

        if (!run_print(run, a, false, &text) || !run_print(run, b, false, &text))
                return NULL;
        return run_take(run, &text);
}
