/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Retries: count and delay are rendered once, when the task begins for the first time; each end of
 * it asks `when` and stages the same run again.
 */
#include "workflow/step.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <errno.h>

#define COMMAND_TIMES 3         /* what `do: retry` means */

static int rendered(const struct number *number, struct scope *scope, const char *what,
                    int64_t *ret, struct fault *fault)
{
        _text_ struct text message = TEXT_INIT;

        if (!number->is_there)
                return 0;
        if (!number->source) {
                *ret = COMMAND_TIMES;
                return 0;
        }
        text_addf(&message, "The retry %s for task \"%s\" is not an integer.", what,
                  scope->node->name);
        return evaluate_number(number, scope, ret, "ValueError", message.s, fault);
}

int retry_prepare(struct conductor *c, struct entry *entry, struct fault *fault)
{
        struct scope scope = { .c = c, .vars = entry->in, .node = entry->node,
                               .route = entry->route };
        int r;

        entry->has_retry = true;
        r = rendered(&entry->node->retry_delay, &scope, "delay", &entry->retry_delay, fault);
        return r ? r :
                rendered(&entry->node->retry_count, &scope, "count", &entry->retry_count, fault);
}

bool is_truthy(const json_t *value)
{
        switch (value ? json_typeof(value) : JSON_NULL) {
        case JSON_STRING:
                return json_string_length(value) > 0;
        case JSON_INTEGER:
                return json_integer_value(value) != 0;
        case JSON_REAL:
                return json_real_value(value) < 0 || json_real_value(value) > 0;
        case JSON_ARRAY:
                return json_array_size(value) > 0;
        case JSON_OBJECT:
                return json_object_size(value) > 0;
        default:
                return json_is_true(value);
        }
}

int retry_is_due(struct conductor *c, const struct entry *entry, struct scope *scope, bool *ret,
                 struct fault *fault)
{
        _json_ json_t *value = NULL;
        int r;

        (void)c;
        *ret = false;
        if (!entry->has_retry || entry->tally >= entry->retry_count)
                return 0;
        if (!entry->node->retry_when) {
                *ret = status_is_abended(entry->status);
                return 0;
        }
        r = evaluate(entry->node->retry_when, scope, &value, fault);
        if (r == 0)
                *ret = is_truthy(value);
        return r;
}

int retry_stage(struct conductor *c, struct entry *entry)
{
        struct staged *staged = staged_find(c, entry->node, entry->route);
        int r;

        entry->tally++;
        r = entry_mark(c, entry);
        if (r == 0)
                r = staged_remove(c, staged);
        if (r == 0)
                r = staged_add(c, entry->node, entry->route, entry->in, &staged);
        if (r)
                return r;
        staged->prev = entry->prev;
        staged->prev.room = 0;
        staged->is_retry = true;
        staged->retry_delay = entry->retry_delay;
        return staged_set(c, staged, true, false);
}
