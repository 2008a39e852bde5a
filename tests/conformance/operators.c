/* SPDX-License-Identifier: Apache-2.0 */

/* What StackStorm's own operators answered in its own tests. */
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "expr/expr.h"
#include "flow/criteria.h"

#include "frame.h"

#include <string.h>

CLEANUP_DEFINE(struct criteria *, criteria_free);

/* Bytes were Python's; in JSON both are text. */
static json_t *plain(const json_t *value)
{
        const json_t *bytes = json_object_get(value, "__bytes__");

        return bytes ? json_deep_copy(bytes) : value ? json_deep_copy(value) : json_null();
}

/* A recorded time close to the recording keeps its distance: the clock goes there. */
static void set_clock(const json_t *value)
{
        int64_t then_ms;

        clock_fake(1795330584000);
        if (json_is_string(value) && clock_parse(json_string_value(value), &then_ms) == 0 &&
            then_ms > 1700000000000)
                clock_fake(then_ms + 1);
}

/* The recorded search looked at item.to_value whatever its criteria's keys said. */
static json_t *children_of(const json_t *pattern)
{
        json_t *children = json_object(), *child;
        const char *key;

        json_object_foreach((json_t *)pattern, key, child) {
                _free_ char *name = NULL;
                const char *rest = strstr(key, "waterLevel");

                if (asprintf(&name, "item.%s%s", rest ? "to_value" : key + 5,
                             rest ? rest + strlen("waterLevel") : "") < 0)
                        continue;
                json_object_set(children, name, child);
        }
        return children;
}

static json_t *criterion_of(const json_t *line)
{
        const json_t *args = json_object_get(line, "args");
        const char *name = json_text_of(line, "name", "");
        json_t *criterion = json_pack("{s:s}", "type", name);

        if (strcmp(name, "search") == 0) {
                json_object_set_new(criterion, "pattern", children_of(json_array_get(args, 1)));
                json_object_set(criterion, "condition", json_array_get(args, 2));
        } else {
                json_object_set_new(criterion, "pattern", plain(json_array_get(args, 1)));
        }
        return json_pack("{s:o}", "trigger.value", criterion);
}

void judge_operator(const json_t *line, struct outcome *ret)
{
        _cleanup_(criteria_freep) struct criteria *criteria = NULL;
        _json_ json_t *source = criterion_of(line),
                      *value = plain(json_array_get(json_object_get(line, "args"), 0));
        _json_ json_t *scope = json_pack("{s:{s:O}}", "trigger", "value", value);
        const struct expr_world world = { .names = scope };
        const json_t *returns = json_object_get(line, "returns");
        _fault_ struct fault fault = FAULT_INIT;
        int verdict = VERDICT_FAULT, wanted = !returns ? VERDICT_FAULT : json_is_true(returns)
                ? VERDICT_YES : VERDICT_NO;

        set_clock(value);
        if (criteria_compile(source, &criteria, &fault) == 0)
                verdict = criteria_judge(criteria, &world, &fault);
        if (verdict == wanted)
                ret->verdict = AGREED;
        else
                outcome_set(ret, DIFFERED, "%s: expected %d, got %d (%s)",
                            json_text_of(line, "name", "?"), wanted, verdict,
                            fault.what ? fault.what : "no fault");
}
