/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From metadata to an action that can be run: the shape that StackStorm's users read, and one JSON
 * Schema that arguments are checked against. StackStorm merges the runner's parameters with those
 * of the action, where the action may narrow what the runner has; an optional parameter also takes
 * null; an immutable one only its default; what neither names is refused.
 */
#include "base/json.h"
#include "base/text.h"
#include "catalog/build.h"
#include "catalog/form.h"
#include "catalog/tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void set_default(json_t *object, const char *key, json_t *value)
{
        if (json_object_get(object, key))
                json_decref(value);
        else
                json_object_set_new(object, key, value);
}

static int complete(json_t *metadata)
{
        const char *pack = json_text_of(metadata, "pack", "default");
        const char *name = json_text_of(metadata, "name", "");

        json_object_set_new(metadata, "ref", json_sprintf("%s.%s", pack, name));
        json_object_set_new(metadata, "uid", json_sprintf("action:%s:%s", pack, name));
        set_default(metadata, "description", json_null());
        set_default(metadata, "enabled", json_true());
        set_default(metadata, "entry_point", json_string(""));
        set_default(metadata, "parameters", json_object());
        set_default(metadata, "output_schema", json_object());
        set_default(metadata, "tags", json_array());
        set_default(metadata, "notify", json_object());
        return json_object_get(metadata, "ref") ? 0 : -ENOMEM;
}

static int duplicate(const struct catalog *catalog, const json_t *metadata, struct fault *fault)
{
        const char *ref = json_text_of(metadata, "ref", "");
        const struct catalog_action *there = catalog_action(catalog, ref);

        fault_set(fault, 409, "action.duplicate", "the action '%s' is there already", ref);
        fault_why(fault, "it comes from %s",
                  json_text_of(there->metadata, "metadata_file", "the core"));
        return fault_try(fault, "rename one of the two");
}

static bool has_computed(const struct schema *params)
{
        const json_t *parameter;
        const char *name;

        json_object_foreach(json_object_get(schema_source(params), "properties"), name, parameter)
                if (catalog_has_template(json_object_get(parameter, "default")))
                        return true;
        return false;
}

static void fill(struct catalog_action *action, const json_t *metadata)
{
        action->metadata = metadata;
        action->ref = json_text_of(metadata, "ref", NULL);
        action->pack = json_text_of(metadata, "pack", NULL);
        action->name = json_text_of(metadata, "name", NULL);
        action->summary = json_text_of(metadata, "description", NULL);
        action->runner = json_text_of(metadata, "runner_type", NULL);
        action->entry_point = json_text_of(metadata, "entry_point", NULL);
        action->is_enabled = json_bool_of(metadata, "enabled", true);
        action->is_idempotent = json_bool_of(metadata, "idempotent", false);
        action->is_readonly = json_bool_of(metadata, "readonly", false);
        action->timeout_ms = json_int_of(metadata, "timeout_ms", 0);
}

/* The schemas (taken) are what arguments and results must fit. */
static int action_put(struct catalog *catalog, json_t *metadata, struct schema *params,
                      struct schema *returns, struct catalog_action **ret, struct fault *fault)
{
        struct catalog_action *action = calloc(1, sizeof *action);
        int r = action && params ? complete(metadata) : -ENOMEM;

        if (r == 0 && catalog_action(catalog, json_text_of(metadata, "ref", "")))
                r = duplicate(catalog, metadata, fault);
        if (r == 0) {
                fill(action, metadata);
                r = table_put(&catalog->actions, action->ref, action);
        }
        if (r) {
                json_decref(metadata);
                schema_unref(params);
                schema_unref(returns);
                free(action);
                return r;
        }
        action->params = params;
        action->has_computed = has_computed(params);
        action->returns = returns;
        if (ret)
                *ret = action;
        return 0;
}

/* ---- StackStorm's parameters to a schema ---- */

static void allow_null(json_t *parameter)
{
        json_t *type = json_object_get(parameter, "type"), *types = json_array();
        json_t *values = json_object_get(parameter, "enum");

        if (json_is_string(type))
                json_array_append(types, type);
        else if (json_is_array(type))
                json_array_extend(types, type);
        if (json_array_size(types)) {
                json_array_append_new(types, json_string("null"));
                json_object_set(parameter, "type", types);
        }
        if (json_is_array(values))
                json_array_append_new(values, json_null());
        json_decref(types);
}

static void tighten(json_t *parameter)
{
        json_t *value = json_object_get(parameter, "default");

        if (json_bool_of(parameter, "immutable", false) && value && !catalog_has_template(value))
                json_object_set(parameter, "const", value);
        else if (!json_bool_of(parameter, "required", false) && (!value || json_is_null(value)))
                allow_null(parameter);
}

/* The runner's parameters, each overlaid by what the action says of it, then the action's own. */
static json_t *merge(const json_t *runner, const json_t *own)
{
        json_t *merged = runner ? json_deep_copy(runner) : json_object(), *parameter, *there;
        const char *name;
        void *next;

        json_object_foreach((json_t *)own, name, parameter) {
                there = json_object_get(merged, name);
                if (there)
                        json_object_update(there, parameter);
                else
                        json_object_set_new(merged, name, json_deep_copy(parameter));
        }
        json_object_foreach_safe(merged, next, name, parameter)
                tighten(parameter);
        return merged;
}

static json_t *schema_of(const struct catalog_runner *runner, const json_t *own)
{
        json_t *schema = runner->constraint ? json_deep_copy(runner->constraint) : json_object();

        json_object_set_new(schema, "type", json_string("object"));
        json_object_set_new(schema, "properties", merge(runner->parameters, own));
        if (runner->is_here)
                json_object_set_new(schema, "additionalProperties", json_false());
        return schema;
}

int parameters_compile(const json_t *parameters, struct schema **ret, struct fault *fault)
{
        _json_ json_t *schema = json_pack("{s:s, s:o, s:b}", "type", "object", "properties",
                                          merge(NULL, parameters), "additionalProperties", 0);

        return schema ? schema_compile(schema, ret, fault) : -ENOMEM;
}

static int unknown_runner(const struct catalog *catalog, const char *name, struct fault *fault)
{
        const char *near = table_nearest(&catalog->runners, name);
        _free_ char *names = table_names(&catalog->runners);

        fault_set(fault, 422, "action.unknown-runner", "runner_type: there is no runner '%s'",
                  name);
        return near ? fault_try(fault, "did you mean '%s'?", near)
                : fault_try(fault, "one of: %s", names ? names : "");
}

static int compile_metadata(const struct catalog *catalog, const json_t *metadata,
                            struct schema **ret_params, struct schema **ret_returns,
                            struct fault *fault)
{
        const char *name = json_text_of(metadata, "runner_type", "");
        const struct catalog_runner *runner = catalog_runner(catalog, name);
        _cleanup_(schema_unrefp) struct schema *params = NULL;
        _json_ json_t *source = NULL;
        int r;

        if (!runner)
                return unknown_runner(catalog, name, fault);
        source = schema_of(runner, json_object_get(metadata, "parameters"));
        r = schema_compile(source, &params, fault);
        if (r == FAULT)
                return fault_prefix(fault, "parameters");
        /* StackStorm's output_schema is a bare map of properties, and is not enforced. */
        if (r == 0)
                r = schema_compile(NULL, ret_returns, fault);
        if (r == 0)
                *ret_params = TAKE(params);
        return r;
}

int action_put_metadata(struct catalog *catalog, json_t *metadata, struct catalog_action **ret,
                        struct fault *fault)
{
        struct schema *params = NULL, *returns = NULL;
        int r = form_check("action", metadata, fault);

        if (r == 0)
                r = compile_metadata(catalog, metadata, &params, &returns, fault);
        if (r) {
                json_decref(metadata);
                return r;
        }
        return action_put(catalog, metadata, params, returns, ret, fault);
}

int catalog_entry_file(const struct catalog *catalog, const struct catalog_action *action,
                       char **ret, struct fault *fault)
{
        const struct catalog_pack *pack = catalog_pack(catalog, action->pack);
        _free_ char *path = NULL;

        if (!pack || !action->entry_point || tree_check_path(action->entry_point, NULL) != 0)
                return fault_set(fault, 404, "action.no-file", "%s has no entry point file",
                                 action->ref);
        if (asprintf(&path, "%s/actions/%s", pack->dir, action->entry_point) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        if (access(path, R_OK) < 0)
                return fault_set(fault, 404, "action.no-file",
                                 "%s: its entry point %s is not there", action->ref,
                                 action->entry_point);
        *ret = TAKE(path);
        return 0;
}

/* An entry point is a file of a pack's: what has none there cannot run. */
static int check_entry_point(const struct catalog *catalog, const json_t *definition,
                             struct fault *fault)
{
        const char *entry = json_text_of(definition, "entry_point", "");
        const struct catalog_runner *runner =
                catalog_runner(catalog, json_text_of(definition, "runner_type", ""));

        if (!*entry || !runner || !runner->is_here)
                return 0;
        fault_set(fault, 422, "action.entry-point",
                  "entry_point: '%s' is a file, and only packs bring files", entry);
        return fault_try(fault, "put the action into a pack: kaname pack install FOLDER");
}

int catalog_add_action(struct catalog *catalog, const json_t *definition, const char *pack,
                       const char *origin, struct fault *fault)
{
        json_t *metadata = json_deep_copy(definition);
        int r = metadata ? check_entry_point(catalog, metadata, fault) : -ENOMEM;

        if (r) {
                json_decref(metadata);
                return r;
        }
        if (!json_text_of(metadata, "pack", NULL))
                json_set_text(metadata, "pack", pack);
        json_set_text(metadata, "metadata_file", origin);
        return action_put_metadata(catalog, metadata, NULL, fault);
}

/* ---- a plugin's schema, and from it StackStorm's parameters ---- */

static json_t *with_instance(const json_t *source)
{
        json_t *schema = json_is_object(source) ? json_deep_copy(source) : json_object();
        json_t *properties = json_object_get(schema, "properties");

        if (!properties) {
                properties = json_object();
                json_object_set_new(schema, "properties", properties);
                if (!json_is_object(source))
                        json_object_set_new(schema, "additionalProperties", json_false());
        }
        json_object_set_new(schema, "type", json_string("object"));
        json_object_set_new(properties, "instance",
                            json_pack("{s:s, s:s}", "type", "string", "description",
                                      "Who serves; absent: the instance whose scope fits best"));
        return schema;
}

static json_t *parameters_of(const json_t *schema)
{
        json_t *parameters = json_deep_copy(json_object_get(schema, "properties")), *name;
        json_t *required = json_object_get(schema, "required");
        size_t i;

        json_array_foreach(required, i, name) {
                json_t *parameter = json_object_get(parameters, json_string_value(name));

                if (json_is_object(parameter))
                        json_object_set_new(parameter, "required", json_true());
        }
        return parameters;
}

int action_put_schema(struct catalog *catalog, json_t *metadata, const struct schema *source,
                      struct schema *returns, struct catalog_action **ret, struct fault *fault)
{
        const json_t *given = source ? schema_source(source) : NULL;
        _json_ json_t *schema = with_instance(given);
        struct schema *params = NULL;
        int r = 0;

        if (json_object_get(json_object_get(given, "properties"), "instance")) {
                fault_set(fault, 422, "action.reserved-parameter",
                          "the action '%s' has a parameter 'instance'",
                          json_text_of(metadata, "name", ""));
                r = fault_try(fault,
                              "rename it: the hub chooses by that name which instance serves");
        }
        if (r == 0)
                r = schema_compile(schema, &params, fault);
        if (r) {
                json_decref(metadata);
                schema_unref(returns);
                return r;
        }
        json_object_set_new(metadata, "parameters", parameters_of(schema));
        if (returns && schema_source(returns))
                json_object_set(metadata, "output_schema", (json_t *)schema_source(returns));
        return action_put(catalog, metadata, params, returns, ret, fault);
}
