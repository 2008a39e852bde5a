/* SPDX-License-Identifier: Apache-2.0 */

/* YAQL's functions of numbers and booleans, branches, and names (let, with). */
#include "base/id.h"
#include "expr/function.h"
#include "expr/numbers.h"
#include "expr/value.h"

#include <math.h>
#include <sodium.h>
#include <string.h>

static json_t *to_int(struct call *call)
{
        return json_is_null(call->args[0]) ? run_int(call->run, 0)
                : numbers_int(call->run, call->args[0], 10);
}

static json_t *to_float(struct call *call)
{
        return json_is_null(call->args[0]) ? run_real(call->run, 0)
                : numbers_real(call->run, call->args[0]);
}

static json_t *absolute(struct call *call)
{
        return value_real(call->args[0]) < 0 ? value_negate(call->run, call->args[0])
                : call->args[0];
}

static json_t *random_real(struct call *call)
{
        return run_real(call->run, (double)randombytes_uniform(UINT32_MAX) / UINT32_MAX);
}

static json_t *random_between(struct call *call)
{
        int64_t from = call_int(call, 0, 0), to = call_int(call, 1, 0);
        uint64_t room = (uint64_t)to - (uint64_t)from + 1, number;

        if (to < from)
                return run_raise(call->run, "ValueError", "empty range for randrange()");
        randombytes_buf(&number, sizeof number);
        return run_int(call->run, (int64_t)((uint64_t)from + (room ? number % room : number)));
}

static json_t *bit_and(struct call *call)
{
        return run_int(call->run, call_int(call, 0, 0) & call_int(call, 1, 0));
}

static json_t *bit_or(struct call *call)
{
        return run_int(call->run, call_int(call, 0, 0) | call_int(call, 1, 0));
}

static json_t *bit_xor(struct call *call)
{
        return run_int(call->run, call_int(call, 0, 0) ^ call_int(call, 1, 0));
}

static json_t *bit_not(struct call *call)
{
        return run_int(call->run, ~call_int(call, 0, 0));
}

static json_t *shift_right(struct call *call)
{
        int64_t bits = call_int(call, 1, 0);

        return bits < 0 ? run_raise(call->run, "ValueError", "negative shift count")
                : run_int(call->run, call_int(call, 0, 0) >> (bits > 63 ? 63 : bits));
}

static json_t *shift_left(struct call *call)
{
        int64_t bits = call_int(call, 1, 0), made;

        if (bits < 0)
                return run_raise(call->run, "ValueError", "negative shift count");
        if (bits > 62 || __builtin_mul_overflow(call_int(call, 0, 0), (int64_t)1 << bits, &made))
                return run_raise(call->run, "OverflowError",
                                 "the number does not fit into 64 bits");
        return run_int(call->run, made);
}

static json_t *power(struct call *call)
{
        json_t *made = value_power(call->run, call->args[0], call->args[1]);

        return made && call->args[2] && !json_is_null(call->args[2])
                ? value_modulo(call->run, made, call->args[2]) : made;
}

static json_t *sign(struct call *call)
{
        double real = value_real(call->args[0]);

        return run_int(call->run, (real > 0) - (real < 0));
}

static json_t *rounded(struct call *call)
{
        return numbers_round(call->run, call->args[0], call_int(call, 1, 0), false);
}

static json_t *hex(struct call *call)
{
        int64_t n = call_int(call, 0, 0);
        _text_ struct text text = TEXT_INIT;

        text_addf(&text, "%s0x%llx", n < 0 ? "-" : "",
                  n < 0 ? 0ull - (unsigned long long)n : (unsigned long long)n);
        return run_take(call->run, &text);
}

static json_t *is_integer(struct call *call)
{
        return run_bool(json_is_integer(call->args[0]));
}

static json_t *is_number(struct call *call)
{
        return run_bool(json_is_number(call->args[0]));
}

static json_t *is_boolean(struct call *call)
{
        return run_bool(json_is_boolean(call->args[0]));
}

static json_t *to_bool(struct call *call)
{
        return run_bool(value_truth(call->run, call->args[0]));
}

const struct function yaql_numbers[] = {
        { "int", "value", to_int, FUNCTION_ALONE },
        { "float", "value", to_float, FUNCTION_ALONE },
        { "bool", "value", to_bool, FUNCTION_ALONE },
        { "abs", "op:n", absolute, FUNCTION_ALONE },
        { "random", "", random_real, FUNCTION_ALONE },
        { "random", "from:i to:i", random_between, FUNCTION_ALONE },
        { "bitwiseAnd", "left:i right:i", bit_and, FUNCTION_ALONE },
        { "bitwiseOr", "left:i right:i", bit_or, FUNCTION_ALONE },
        { "bitwiseXor", "left:i right:i", bit_xor, FUNCTION_ALONE },
        { "bitwiseNot", "arg:i", bit_not, FUNCTION_ALONE },
        { "shiftBitsRight", "value:i bitsNumber:i", shift_right, FUNCTION_ALONE },
        { "shiftBitsLeft", "value:i bitsNumber:i", shift_left, FUNCTION_ALONE },
        { "pow", "a:n b:n c:n?=", power, FUNCTION_ALONE },
        { "sign", "num:n", sign, FUNCTION_ALONE },
        { "round", "number:n ndigits:i=", rounded, FUNCTION_ALONE },
        { "hex", "num:i", hex, FUNCTION_ALONE },
        { "isInteger", "value", is_integer, FUNCTION_ALONE },
        { "isNumber", "value", is_number, FUNCTION_ALONE },
        { "isBoolean", "value", is_boolean, FUNCTION_ALONE },
        { 0 },
};

static json_t *switch_pairs(struct call *call)
{
        for (size_t i = 0; i < call->rest_n; i++) {
                const struct node *pair = call->rest_lazy[i];
                json_t *is;

                if (pair->kind != NODE_PAIR)
                        return run_raise(call->run, "NoMatchingFunctionException",
                                         "No function \"switch\" matches supplied arguments");
                is = run_node(call->run, pair->kids[0]);
                if (is && value_truth(call->run, is))
                        return run_node(call->run, pair->kids[1]);
                if (!is || call->run->failure)
                        return NULL;
        }
        return json_null();
}

/* The number of the first that holds, all those, or what each says. */
static json_t *cases(struct call *call, bool all, bool as_truth)
{
        json_t *made = run_list(call->run);
        size_t i;

        for (i = 0; made && i < call->rest_n; i++) {
                json_t *value = run_node(call->run, call->rest_lazy[i]);
                bool is = value && value_truth(call->run, value);

                if (!value || call->run->failure)
                        return NULL;
                if (is && !all && !as_truth)
                        break;
                if ((as_truth || is) && !run_append(call->run, made, as_truth ? run_bool(is)
                                                    : run_int(call->run, (int64_t)i)))
                        return NULL;
        }
        if (!all && !as_truth)
                return run_int(call->run, (int64_t)i);
        return run_nature(call->run, made, NATURE_ITERATOR);
}

static json_t *select_case(struct call *call)
{
        return cases(call, false, false);
}

static json_t *select_all_cases(struct call *call)
{
        return cases(call, true, false);
}

static json_t *examine(struct call *call)
{
        return cases(call, true, true);
}

static json_t *switch_case(struct call *call)
{
        int64_t i = call_int(call, 0, 0);

        if (!call->rest_n)
                return json_null();
        return run_node(call->run, call->rest_lazy[i >= 0 && (uint64_t)i < call->rest_n
                                                   ? (size_t)i : call->rest_n - 1]);
}

static json_t *coalesce(struct call *call)
{
        for (size_t i = 0; i < call->rest_n; i++) {
                json_t *value = run_node(call->run, call->rest_lazy[i]);

                if (!value || !json_is_null(value))
                        return value;
        }
        return json_null();
}

const struct function yaql_branches[] = {
        { "switch", "*&args", switch_pairs, FUNCTION_ALONE | FUNCTION_PAIRS },
        { "selectCase", "*&args", select_case, FUNCTION_ALONE },
        { "selectAllCases", "*&args", select_all_cases, FUNCTION_ALONE },
        { "examine", "*&args", examine, FUNCTION_ALONE },
        { "switchCase", "case:i *&args", switch_case, FUNCTION_METHOD },
        { "coalesce", "*&args", coalesce, FUNCTION_ALONE },
        { 0 },
};

/* Names for what follows ->: $1, $2 … and those that were given. */
static json_t *let(struct call *call)
{
        json_t *made = run_object(call->run), *value;
        const char *key;
        char number[24];

        for (size_t i = 0; made && i < call->rest_n; i++) {
                snprintf(number, sizeof number, "%zu", i + 1);
                if (json_object_set(made, number, call->rest[i]) < 0)
                        return run_no_memory(call->run);
        }
        json_object_foreach(call->keywords, key, value)
                if (made && json_object_set(made, key, value) < 0)
                        return run_no_memory(call->run);
        return made ? run_nature(call->run, made, NATURE_OWN) : NULL;
}

static json_t *unpack(struct call *call)
{
        json_t *made = run_object(call->run), *item;
        size_t i, n = json_array_size(call->args[0]);
        char number[24];

        if (call->rest_n && call->rest_n != n)
                return run_raise(call->run, "ValueError", "Cannot unpack %zu elements into %zu", n,
                                 call->rest_n);
        json_array_foreach(call->args[0], i, item) {
                snprintf(number, sizeof number, "%zu", i + 1);
                if (made && json_object_set(made, call->rest_n ? json_string_value(call->rest[i])
                                            : number, item) < 0)
                        return run_no_memory(call->run);
        }
        return made ? run_nature(call->run, made, NATURE_OWN) : NULL;
}

static json_t *assert_that(struct call *call)
{
        json_t *is = call_lambda(call, 1, call->args[0]);
        bool truth = is && value_truth(call->run, is);

        if (!is || call->run->failure)
                return NULL;
        return truth ? call->args[0] : run_raise(call->run, "AssertionError", "%s", call_text(call, 2)
                                                 ? call_text(call, 2) : "Assertion failed");
}

const struct function yaql_objects[] = {
        { "let", "*args **named", let, FUNCTION_ALONE },
        { "with", "*args", let, FUNCTION_ALONE },
        { "unpack", "sequence:c *args:s", unpack, FUNCTION_METHOD },
        { "assert", "obj &condition message:s=", assert_that, FUNCTION_METHOD },
        { 0 },
};
