/* SPDX-License-Identifier: Apache-2.0 */

/* Any text as an expression, alone and inside a value: refused with a reason, or evaluated. */
#include "base/cleanup.h"
#include "base/text.h"
#include "expr/expr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

CLEANUP_DEFINE(struct expr *, expr_free);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(expr_freep) struct expr *expr = NULL;
        _json_ json_t *text = json_stringn((const char *)data, size), *made = NULL;
        _json_ json_t *source = NULL, *scope = NULL;
        _fault_ struct fault fault = FAULT_INIT;

        if (!text)
                return 0;
        source = json_pack("{s:O, s:[O, i]}", "a", text, "b", text, 1);
        scope = json_pack("{s:{s:[i, s, n, b, f], s:s, s:{s:i}}, s:{}}", "trigger", "list", 1,
                          "two", 1, 2.5, "name", "it's", "a-b", "c", 1, "system");
        if (expr_compile(source, &expr, &fault)) {
                if (!fault.what)
                        abort();
                return 0;
        }
        if (expr_eval(expr, scope, &made, &fault)) {
                if (made || !fault.what)
                        abort();
        } else if (expr_is_constant(expr) && !json_equal(made, source)) {
                abort();
        }
        return 0;
}
