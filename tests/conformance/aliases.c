/* SPDX-License-Identifier: Apache-2.0 */

/* What StackStorm's own tests read out of commands with the formats of aliases. */
#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "flow/alias.h"

#include "frame.h"

#include <string.h>

CLEANUP_DEFINE(struct alias_format *, alias_format_free);

/* A key that the format has is no pair behind the command. */
static bool is_named(const char *format, const char *key)
{
        for (const char *at = strstr(format, key); at; at = strstr(at + 1, key))
                if (at > format && strchr("{ <", at[-1]))
                        return true;
        return false;
}

/* The command was recorded when the pairs behind it had been taken off; the result still has them. */
static char *command_of(const json_t *line)
{
        const char *format = json_text_of(line, "format", ""), *key;
        json_t *value;
        struct text command = TEXT_INIT;

        text_add(&command, json_text_of(line, "stream", ""));
        json_object_foreach(json_object_get(line, "returns"), key, value) {
                const char *s = json_string_value(value);

                if (!is_named(format, key))
                        text_addf(&command, *s == '{' ? " %s=%s" : " %s=\"%s\"", key, s);
        }
        return text_take(&command);
}

void judge_alias(const json_t *line, struct outcome *ret)
{
        _cleanup_(alias_format_freep) struct alias_format *format = NULL;
        const json_t *returns = json_object_get(line, "returns");
        _fault_ struct fault fault = FAULT_INIT;
        _free_ char *command = command_of(line);
        _json_ json_t *got = NULL;

        if (alias_format_compile(json_text_of(line, "format", ""), &format, &fault) != 0)
                outcome_set(ret, DIFFERED, "%s", fault.what);
        else if (alias_format_match(format, command, &got) != (returns != NULL))
                outcome_set(ret, DIFFERED, "\"%s\" on \"%s\": expected %s match", command,
                            json_text_of(line, "format", ""), returns ? "a" : "no");
        else if (returns)
                outcome_compare(ret, returns, got);
        else
                ret->verdict = AGREED;
}
