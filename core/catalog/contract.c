/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog/contract.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "catalog/form.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

CLEANUP_DEFINE(struct contract *, contract_free);

static int read_action(const json_t *row, struct contract_action *action, struct fault *fault)
{
        int r;

        action->name = json_text_of(row, "name", NULL);
        action->summary = json_text_of(row, "summary", NULL);
        action->resource = json_text_of(row, "resource", NULL);
        action->scope_parameter = json_text_of(row, "scope", NULL);
        action->is_readonly = json_bool_of(row, "readonly", false);
        action->is_idempotent = json_bool_of(row, "idempotent", false);
        action->is_optional = json_bool_of(row, "optional", false);
        action->timeout_ms = json_int_of(row, "timeout_ms", 0);
        r = form_schema(row, "params", &action->params, fault);
        if (r == 0)
                r = form_schema(row, "returns", &action->returns, fault);
        return r == FAULT ? fault_prefix(fault, "action '%s'", action->name) : r;
}

static int read_trigger(const json_t *row, struct contract_trigger *trigger, struct fault *fault)
{
        int r;

        trigger->name = json_text_of(row, "name", NULL);
        trigger->summary = json_text_of(row, "summary", NULL);
        r = form_schema(row, "payload", &trigger->payload, fault);
        return r == FAULT ? fault_prefix(fault, "trigger '%s'", trigger->name) : r;
}

static void read_scope(struct contract *c)
{
        const json_t *scope = json_object_get(c->json, "scope");
        const char *match = json_text_of(scope, "match", "exact");

        c->scope_parameter = json_text_of(scope, "parameter", NULL);
        c->scope_match = text_equal(match, "suffix") ? SCOPE_SUFFIX
                : text_equal(match, "prefix") ? SCOPE_PREFIX : SCOPE_EXACT;
}

static int read_contract(struct contract *c, struct fault *fault)
{
        const json_t *actions = json_object_get(c->json, "actions");
        const json_t *triggers = json_object_get(c->json, "triggers");
        int r = form_check("contract", c->json, fault);

        if (r)
                return r;
        c->domain = json_text_of(c->json, "domain", NULL);
        c->version = json_text_of(c->json, "version", NULL);
        c->summary = json_text_of(c->json, "summary", NULL);
        read_scope(c);
        c->actions = calloc(json_array_size(actions) + 1, sizeof *c->actions);
        c->triggers = calloc(json_array_size(triggers) + 1, sizeof *c->triggers);
        if (!c->actions || !c->triggers)
                return -ENOMEM;
        while (r == 0 && c->n_actions < json_array_size(actions)) {
                r = read_action(json_array_get(actions, c->n_actions), &c->actions[c->n_actions],
                                fault);
                c->n_actions++;
        }
        while (r == 0 && c->n_triggers < json_array_size(triggers)) {
                r = read_trigger(json_array_get(triggers, c->n_triggers),
                                 &c->triggers[c->n_triggers], fault);
                c->n_triggers++;
        }
        return r;
}

int contract_load(const char *path, struct contract **ret, struct fault *fault)
{
        _cleanup_(contract_freep) struct contract *c = calloc(1, sizeof *c);
        int r;

        if (!c)
                return -ENOMEM;
        r = json_parse_file(path, NULL, &c->json, fault);
        if (r)
                return r;
        r = read_contract(c, fault);
        if (r == FAULT)
                return fault_prefix(fault, "%s", path);
        if (r == 0)
                *ret = TAKE(c);
        return r;
}

struct contract *contract_free(struct contract *c)
{
        if (!c)
                return NULL;
        for (size_t i = 0; i < c->n_actions; i++) {
                schema_unref(c->actions[i].params);
                schema_unref(c->actions[i].returns);
        }
        for (size_t i = 0; i < c->n_triggers; i++)
                schema_unref(c->triggers[i].payload);
        free(c->actions);
        free(c->triggers);
        json_decref(c->json);
        free(c);
        return NULL;
}

const struct contract_action *contract_action(const struct contract *contract, const char *name)
{
        for (size_t i = 0; i < contract->n_actions; i++)
                if (text_equal(contract->actions[i].name, name))
                        return &contract->actions[i];
        return NULL;
}

/* "example.com." and "Example.COM" are one zone. */
static size_t length_without_dot(const char *s)
{
        size_t n = strlen(s);

        return n > 1 && s[n - 1] == '.' ? n - 1 : n;
}

static bool matches_suffix(const char *scope, const char *value)
{
        size_t n = length_without_dot(scope), m = length_without_dot(value);

        return m >= n && strncasecmp(value + m - n, scope, n) == 0 &&
               (m == n || strchr(".@", value[m - n - 1]) || scope[0] == '.');
}

static bool matches_prefix(const char *scope, const char *value)
{
        size_t n = strlen(scope);

        return n && strncmp(value, scope, n) == 0 &&
               (!isalnum((unsigned char)value[n]) || !isalnum((unsigned char)scope[n - 1]));
}

size_t contract_scope(const struct contract *contract, const char *scope, const char *value)
{
        bool matches = false;

        if (!scope || text_equal(scope, "*"))
                return 1;
        if (contract->scope_match == SCOPE_SUFFIX)
                matches = matches_suffix(scope, value);
        else if (contract->scope_match == SCOPE_PREFIX)
                matches = matches_prefix(scope, value);
        else
                matches = text_equal(scope, value);
        return matches ? strlen(scope) + 1 : 0;
}
