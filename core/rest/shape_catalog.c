/* SPDX-License-Identifier: Apache-2.0 */

/* What exists, as StackStorm shows it. Members are shared with the catalog: read, never changed. */

#include "rest/shape.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "flow/rule.h"
#include "flow/rulebook.h"

#include <string.h>

static void set_default(json_t *object, const char *key, json_t *value)
{
        if (json_object_get(object, key))
                json_decref(value);
        else
                json_object_set_new(object, key, value);
}

static void set_id(json_t *object, const char *kind, const char *ref)
{
        char id[ID_TEXT_SIZE];

        json_set_text(object, "id", shape_id(kind, ref, id));
}

json_t *shape_action(const struct catalog_action *action)
{
        json_t *out = json_copy((json_t *)action->metadata);

        set_id(out, "action", action->ref);
        json_object_set_new(out, "enabled", json_boolean(action->is_enabled));
        json_object_set_new(out, "readonly", json_boolean(action->is_readonly));
        json_object_set_new(out, "idempotent", json_boolean(action->is_idempotent));
        set_default(out, "metadata_file", json_string(""));
        if (action->contract)
                json_set_text(out, "domain", action->contract->domain);
        if (action->plugin)
                json_set_text(out, "plugin", action->plugin->name);
        return out;
}

static json_t *source_of(const struct schema *schema)
{
        const json_t *source = schema ? schema_source(schema) : NULL;

        return json_is_object(source) ? json_incref((json_t *)source) : json_object();
}

json_t *shape_trigger_type(const struct catalog_trigger *t)
{
        json_t *out = json_object();

        set_id(out, "trigger_type", t->ref);
        json_set_text(out, "ref", t->ref);
        json_object_set_new(out, "uid", json_sprintf("trigger_type:%s:%s", t->pack, t->name));
        json_set_text(out, "name", t->name);
        json_set_text(out, "pack", t->pack);
        json_set_text(out, "description", t->summary);
        json_object_set_new(out, "parameters_schema", source_of(t->parameters));
        json_object_set_new(out, "payload_schema", source_of(t->payload));
        json_object_set_new(out, "tags", json_array());
        json_set_text(out, "metadata_file", t->origin);
        return out;
}

/* ---- rules ---- */

static json_t *trigger_of(const struct catalog *catalog, const json_t *definition, bool view)
{
        json_t *given = json_object_get(definition, "trigger"), *out = json_copy(given);
        const char *type = json_text_of(given, "type", "");
        const struct catalog_trigger *trigger = catalog_trigger(catalog, type);

        if (!out)
                out = json_object();
        set_default(out, "ref", json_string(type));
        set_default(out, "parameters", json_object());
        set_default(out, "description", view && trigger && trigger->summary
                    ? json_string(trigger->summary)
                    : json_null());
        return out;
}

static json_t *action_of(const struct catalog *catalog, const json_t *definition, bool view)
{
        json_t *given = json_object_get(definition, "action"), *out = json_copy(given);
        const struct catalog_action *action = catalog_action(catalog,
                                                             json_text_of(given, "ref", ""));

        if (!out)
                out = json_object();
        set_default(out, "parameters", json_object());
        if (view)
                json_set_text(out, "description", action ? action->summary : NULL);
        return out;
}

struct finding {
        const char *name;
        const struct rule *found;
};

static int match(void *arg, const struct rule *rule)
{
        struct finding *finding = arg;

        if (shape_is("rule", rule_ref(rule), finding->name))
                finding->found = rule;
        return finding->found != NULL;
}

const struct rule *shape_find_rule(const struct catalog *catalog, const char *ref_or_id)
{
        const struct rulebook *book = catalog_rules(catalog);
        struct finding finding = { ref_or_id, rulebook_find(book, ref_or_id) };

        if (!finding.found)
                rulebook_each(book, match, &finding);
        return finding.found;
}

const char *shape_rule_ref(const struct catalog *catalog, const char *ref_or_id)
{
        const struct rule *rule = shape_find_rule(catalog, ref_or_id);

        return rule ? rule_ref(rule) : ref_or_id;
}

json_t *shape_rule(const struct catalog *catalog, const struct rule *rule, bool view)
{
        const json_t *definition = rule_definition(rule);
        const char *ref = rule_ref(rule), *dot = strchr(ref, '.');
        const char *origin = catalog_rule_origin(catalog, ref);
        json_t *out = json_copy((json_t *)definition);

        set_id(out, "rule", ref);
        json_set_text(out, "ref", ref);
        json_object_set_new(out, "pack", json_stringn(ref, strcspn(ref, ".")));
        json_set_text(out, "name", dot ? dot + 1 : ref);
        json_object_set_new(out, "uid", json_sprintf("rule:%s:%s", json_text_of(out, "pack", ""),
                                                     json_text_of(out, "name", "")));
        json_object_set_new(out, "enabled", json_boolean(rule_is_enabled(rule)));
        json_object_set_new(out, "trigger", trigger_of(catalog, definition, view));
        json_object_set_new(out, "action", action_of(catalog, definition, view));
        json_object_set_new(out, "metadata_file", json_string(origin && !text_equal(origin, "api")
                                                              ? origin : ""));
        json_set_text(out, "origin", origin);
        set_default(out, "description", json_string(""));
        set_default(out, "criteria", json_object());
        set_default(out, "context", json_object());
        set_default(out, "tags", json_array());
        set_default(out, "type", json_pack("{s:s, s:{}}", "ref", "standard", "parameters"));
        return out;
}

json_t *shape_trigger(const struct catalog *catalog, const char *type, const json_t *parameters)
{
        const struct catalog_trigger *trigger = catalog_trigger(catalog, type);
        _free_ char *key = trigger_key(type, parameters);
        const char *dot = strrchr(type, '.');
        json_t *out = json_object();
        char id[ID_TEXT_SIZE];

        json_set_text(out, "id", shape_id("trigger", key ? key : type, id));
        json_set_text(out, "ref", key ? key : type);
        json_object_set_new(out, "uid", json_sprintf("trigger:%s:%s", trigger ? trigger->pack : "",
                                                     id));
        json_set_text(out, "name", dot ? dot + 1 : type);
        json_object_set_new(out, "pack", json_stringn(type, strcspn(type, ".")));
        json_set_text(out, "type", type);
        json_object_set_new(out, "parameters", parameters ? json_incref((json_t *)parameters)
                            : json_object());
        json_set_text(out, "description", trigger ? trigger->summary : NULL);
        json_object_set_new(out, "parameters_schema",
                            source_of(trigger ? trigger->parameters : NULL));
        json_object_set_new(out, "payload_schema", source_of(trigger ? trigger->payload : NULL));
        json_object_set_new(out, "tags", json_array());
        json_set_text(out, "metadata_file", "");
        return out;
}

/* ---- instances, plugins, packs, runners ---- */

static const char *home_text(enum catalog_home home)
{
        return home == HOME_CORE ? "core" : home == HOME_HOST ? "host" : "auto";
}

json_t *shape_instance(const struct catalog_instance *i)
{
        json_t *out = json_object();

        set_id(out, "instance", i->name);
        json_set_text(out, "name", i->name);
        json_set_text(out, "ref", i->name);
        json_set_text(out, "plugin", i->plugin->name);
        json_set_text(out, "plugin_version", i->plugin->version);
        json_set_text(out, "domain", i->plugin->domain);
        json_set_text(out, "scope", i->scope);
        json_set_text(out, "home", home_text(i->home));
        json_set_text(out, "origin", i->origin);
        /*
         * Secrets stand in it as references only; the mask is for what a schema calls secret all
         * the same.
         */
        json_object_set_new(out, "config", i->config ? json_incref(i->config) : json_object());
        json_object_set_new(out, "egress", i->egress ? json_incref(i->egress) : json_null());
        return out;
}

json_t *shape_plugin(const struct manifest *plugin)
{
        json_t *out = json_copy(plugin->json);

        set_id(out, "plugin", plugin->name);
        json_set_text(out, "ref", plugin->name);
        json_set_text(out, "hash", plugin->hash);
        json_set_text(out, "path", plugin->path);
        return out;
}

json_t *shape_pack(const struct catalog_pack *pack)
{
        json_t *out = json_copy(pack->metadata);

        set_id(out, "pack", pack->name);
        json_set_text(out, "ref", pack->name);
        json_set_text(out, "name", pack->name);
        json_set_text(out, "version", pack->version);
        json_set_text(out, "path", pack->dir);
        json_object_set_new(out, "uid", json_sprintf("pack:%s", pack->name));
        set_default(out, "description", json_string(""));
        set_default(out, "author", json_string(""));
        set_default(out, "email", json_string(""));
        set_default(out, "keywords", json_array());
        set_default(out, "files", json_array());
        set_default(out, "dependencies", json_array());
        return out;
}

json_t *shape_runner(const struct catalog *catalog, const char *name)
{
        const struct catalog_runner *runner = catalog_runner(catalog, name);
        json_t *out = json_object();

        if (!runner)
                return out;
        set_id(out, "runner_type", name);
        json_set_text(out, "name", name);
        json_set_text(out, "ref", name);
        json_object_set_new(out, "uid", json_sprintf("runner_type:%s", name));
        json_set_text(out, "description", runner->summary);
        json_object_set_new(out, "enabled", json_boolean(runner->is_here));
        json_set_text(out, "runner_package", name);
        json_set_text(out, "runner_module", name);
        json_object_set_new(out, "runner_parameters", runner->parameters
                            ? json_incref((json_t *)runner->parameters) : json_object());
        json_set_text(out, "output_key", NULL);
        json_object_set_new(out, "output_schema", json_object());
        return out;
}
