/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What went wrong, each thing once. Two errors are one when they say the same of the same task with
 * the same result; the result is looked at once, here, and kept as its hash, since it may be long
 * and lie elsewhere.
 */
#include "workflow/life.h"

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

int refuse(struct fault *fault, int status, const char *code, const char *exception,
           const char *fmt, ...)
{
        _free_ char *what = NULL;
        va_list args;

        va_start(args, fmt);
        if (vasprintf(&what, fmt, args) < 0)
                what = NULL;
        va_end(args);
        fault_set(fault, status, code, "%s", what ? what : fmt);
        return fault_detail(fault, "exception", json_string(exception));
}

static char *fingerprint(const struct conductor *c, const json_t *entry,
                         const struct outcome *result)
{
        _free_ char *said = json_canonical(entry), *text = NULL;
        _json_ json_t *value = NULL;
        uint8_t hash[HASH_SIZE];
        char hex[HASH_TEXT_SIZE] = "";
        _fault_ struct fault ignored = FAULT_INIT;
        char *key = NULL;

        if (result && outcome_load(c, result, &value, &ignored) == 0 && value)
                text = json_canonical(value);
        if (text) {
                hash_bytes(text, strlen(text), hash);
                hash_text(hash, hex);
        }
        if (!said || asprintf(&key, "%s%s", hex, said) < 0)
                return NULL;
        return key;
}

static bool has_result(const struct outcome *result)
{
        return result && (result->reference || (result->value && !json_is_null(result->value)));
}

/* The entry is stolen. A result that is a reference stands in "result" as {"$load": reference}. */
int error_add(struct conductor *c, json_t *entry, const struct outcome *result)
{
        _free_ char *key = entry ? fingerprint(c, entry, has_result(result) ? result : NULL) : NULL;
        _json_ json_t *mine = entry;

        if (!key)
                return -ENOMEM;
        if (map_get(&c->said, key))
                return 0;
        if (has_result(result) && json_object_set(mine, result->value ? "result" : "$result",
                                                  result->value ? result->value :
                                                  result->reference))
                return -ENOMEM;
        if (map_put(&c->said, key, c, NULL) || json_array_append(c->errors, mine))
                return -ENOMEM;
        delta_add(c, json_pack("{s:O, s:s}", "error", mine, "key", key));
        return 0;
}

int error_fault(struct conductor *c, const struct fault *fault, const struct entry *at,
                const struct edge *edge)
{
        const char *exception = json_text_of(fault->detail, "exception", NULL);
        json_t *entry = json_object();

        json_object_set_new(entry, "type", json_string("error"));
        json_object_set_new(entry, "message", exception ?
                            json_sprintf("%s: %s", exception, fault->what) :
                            json_string(fault->what ? fault->what : fault->code));
        if (at) {
                json_object_set_new(entry, "task_id", json_string(at->node->name));
                json_object_set_new(entry, "route", json_integer(at->route));
        }
        if (edge)
                json_object_set_new(entry, "task_transition_id", json_string(edge->name));
        return error_add(c, entry, NULL);
}

void errors_recall(struct conductor *c)
{
        json_t *entry;
        size_t i;

        map_deinit(&c->said, NULL);
        c->said = (struct map)MAP_INIT;
        json_array_foreach(c->errors, i, entry) {
                _json_ json_t *bare = json_copy(entry);
                struct outcome result = { json_object_get(entry, "result"),
                                          json_object_get(entry, "$result"), false };
                _free_ char *key = NULL;

                json_object_del(bare, "result");
                json_object_del(bare, "$result");
                key = fingerprint(c, bare, has_result(&result) ? &result : NULL);
                if (key)
                        map_put(&c->said, key, c, NULL);
        }
}

void errors_forget(struct conductor *c, const char *task_id)
{
        bool is_changed = false;

        for (size_t i = json_array_size(c->errors); i-- > 0;) {
                const char *of = json_text_of(json_array_get(c->errors, i), "task_id", NULL);

                if (!of || strcmp(of, task_id))
                        continue;
                json_array_remove(c->errors, i);
                is_changed = true;
        }
        if (!is_changed)
                return;
        delta_add(c, json_pack("{s:s}", "forget", task_id));
        if (!c->is_restoring)
                errors_recall(c);
}

int log_add(struct conductor *c, json_t *entry)
{
        if (!entry || json_array_append(c->log, entry)) {
                json_decref(entry);
                return -ENOMEM;
        }
        delta_add(c, json_pack("{s:o}", "log", entry));
        return 0;
}
