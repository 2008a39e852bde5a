/* SPDX-License-Identifier: Apache-2.0 */

/* What StackStorm's language adds to what is shown: policies and inquiries. */

#include "rest/shape.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"

#include <string.h>

static void set_identity(json_t *out, const char *kind, const char *ref)
{
        const char *dot = strchr(ref, '.');
        char id[ID_TEXT_SIZE];

        json_set_text(out, "id", shape_id(kind, ref, id));
        json_set_text(out, "ref", ref);
        json_object_set_new(out, "uid", json_sprintf("%s:%.*s:%s", kind,
                                                     (int)strcspn(ref, "."), ref,
                                                     dot ? dot + 1 : ""));
}

json_t *shape_policy(const struct catalog_policy *policy)
{
        bool is_ours = text_equal(policy->origin, "api");
        json_t *out = json_copy(policy->definition);

        set_identity(out, "policy", policy->ref);
        json_object_set_new(out, "enabled", json_boolean(policy->is_enabled));
        if (!json_object_get(out, "description"))
                json_object_set_new(out, "description", json_null());
        json_set_text(out, "origin", policy->origin);
        json_set_text(out, "metadata_file", is_ours ? "" : policy->origin);
        return out;
}

json_t *shape_policy_type(const json_t *type)
{
        const char *ref = json_text_of(type, "name", ""), *dot = strchr(ref, '.');
        json_t *out = json_object(),
               *parameters = json_object_get(json_object_get(type, "schema"), "properties");

        set_identity(out, "policy_type", ref);
        json_set_text(out, "name", dot ? dot + 1 : ref);
        json_object_set_new(out, "resource_type", json_stringn(ref, strcspn(ref, ".")));
        json_set_text(out, "description", json_text_of(type, "description", NULL));
        json_set_text(out, "module", "kaname");
        json_object_set_new(out, "enabled", json_true());
        json_object_set(out, "parameters", parameters);
        return out;
}

/* ---- inquiries ---- */

static json_t *lost_part(void)
{
        return json_pack("{s:s, s:{s:s, s:{s:{s:s, s:[s, s], s:b, s:s}}}, s:[], s:[], s:s, s:i}",
                         "kind", "lost", "schema", "type", "object", "properties", "answer",
                         "type", "string", "enum", "retry", "fail", "required", 1, "description",
                         "start it once more, or call it failed", "users", "roles", "route", "",
                         "ttl", 0);
}

static json_t *question_part(const struct store_execution *execution)
{
        static const char *const asked[] = { "schema", "users", "roles", "route", "ttl" };
        _json_ json_t *params = json_stored(execution->params),
                      *result = json_stored(execution->result);
        json_t *out = json_pack("{s:s, s:{}, s:[], s:[], s:s, s:i}", "kind", "question", "schema",
                                "users", "roles", "route", "", "ttl", 1440);

        for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
                if (json_object_get(params, asked[i]))
                        json_object_set(out, asked[i], json_object_get(params, asked[i]));
        if (json_object_get(result, "response"))
                json_object_set(out, "response", json_object_get(result, "response"));
        return out;
}

json_t *shape_inquiry(const struct store_execution *execution)
{
        bool is_question = execution->runner && text_equal(execution->runner, "inquirer");
        bool waits = execution->status == STORE_PENDING;
        json_t *out;

        if (!is_question && !waits)
                return json_null();
        out = is_question ? question_part(execution) : lost_part();
        json_object_set_new(out, "id", shape_ref(&execution->id));
        json_set_text(out, "status", store_status_text(execution->status));
        json_set_text(out, "action", execution->action);
        json_set_text(out, "user", execution->user);
        json_object_set_new(out, "parent", shape_ref(&execution->parent));
        json_object_set_new(out, "asked_at", shape_time(execution->created_ms));
        json_object_set_new(out, "expires_at", shape_time(waits ? execution->run_at_ms : 0));
        json_set_text(out, "note", execution->note);
        return out;
}
