/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Any text as a text of a workflow, in both spellings: evaluated with little to spend, or refused
 * with a reason; and inspected.
 */
#include "base/cleanup.h"
#include "base/text.h"
#include "expr/expr.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

CLEANUP_DEFINE(struct expr *, expr_free);

static int call(void *arg, const char *function, const json_t *args, const json_t *kwargs,
                json_t **ret, struct fault *fault)
{
        json_t *value = json_object_get(arg, json_is_string(json_array_get(args, 0))
                                        ? json_string_value(json_array_get(args, 0)) : "");

        (void)kwargs;
        if (strcmp(function, "ctx") != 0)
                return EXPR_NOT_MINE;
        if (!value && json_array_size(args))
                return fault_set(fault, 422, "VariableUndefinedError", "no such name");
        *ret = json_incref(value ? value : arg);
        return 0;
}

static void evaluate(const json_t *text, enum expr_rules rules, json_t *names)
{
        static const struct expr_limits limits = { 20000, 50, 65536, 5000 };
        struct expr_world world = { .names = rules == EXPR_TEXT ? names : NULL, .call = call,
                                    .arg = names, .limits = &limits };
        _cleanup_(expr_freep) struct expr *expr = NULL;
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *made = NULL;
        int r = expr_compile_for(text, rules, &expr, &fault);

        if (!r)
                r = expr_eval_in(expr, &world, &made, &fault);
        if (r && (made || (r == FAULT && !fault.what)))
                abort();
        if (!r && rules == EXPR_TEXT && !json_is_string(made))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _json_ json_t *text = json_stringn((const char *)data, size), *errors = NULL, *vars = NULL;
        _json_ json_t *names = NULL;

        if (!text)
                return 0;
        names = json_pack("{s:[i, s, n, b, f, {s:i}], s:s, s:{s:i, s:[[i, i], [i, i]]}, s:i}",
                          "l", 3, "two", 1, 2.5, "v", 1, "s", "it's <b>", "d", "a", 1, "c", 1, 2, 3,
                          4, "n", 5);
        evaluate(text, EXPR_WORKFLOW, names);
        evaluate(text, EXPR_TEXT, names);
        errors = expr_validate(text);
        vars = expr_vars(text);
        if (!errors || !vars)
                abort();
        return 0;
}
