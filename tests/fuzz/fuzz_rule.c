/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One JSON list of a rule's definition and a payload. What compiles is judged alone and through a
 * rulebook, and both must say the same.
 */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "flow/rulebook.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

CLEANUP_DEFINE(struct rulebook *, rulebook_unref);

static int note(void *arg, const struct rule *rule, const struct fault *fault)
{
        (void)rule;
        *(int *)arg = fault ? 2 : 1;
        return 0;
}

static void judge(struct rulebook *book, struct rule *rule, const json_t *payload)
{
        _json_ json_t *told = NULL, *parameters = NULL;
        bool matched = false, explained = false;
        int r = rule_matches(rule, NULL, payload, &matched, NULL), visited = 0;
        int wanted = r == FAULT ? 2 : matched;

        told = rule_explain(rule, NULL, payload, &explained);
        rule_parameters(rule, NULL, payload, &parameters, NULL);
        if (explained != matched)
                abort();
        if (!rule_is_enabled(rule))
                wanted = 0;
        if (rulebook_add(book, rule))
                abort();
        rulebook_match(book, rule_trigger_key(rule), NULL, payload, note, &visited);
        if (visited != wanted)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_(rulebook_unrefp) struct rulebook *book = rulebook_new();
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *both = NULL;
        struct rule *rule = NULL;

        clock_fake(1795330492482);
        if (json_parse((const char *)data, size, NULL, &both, NULL) || json_array_size(both) != 2)
                return 0;
        if (rule_compile(json_array_get(both, 0), &rule, &fault)) {
                if (!fault.what)
                        abort();
                return 0;
        }
        judge(book, rule, json_array_get(both, 1));
        return 0;
}
