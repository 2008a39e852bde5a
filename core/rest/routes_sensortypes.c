/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sensors in StackStorm's shape: those of plugins, which run with their instances, and Python's,
 * which packs bring and which are shown only.
 */

#include "rest/edit.h"
#include "rest/shape.h"

#include "base/json.h"
#include "base/text.h"
#include "hub/hub.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void identify(json_t *out, const char *pack, const char *name)
{
        _json_ json_t *ref = json_sprintf("%s.%s", pack, name);
        char id[ID_TEXT_SIZE];

        json_set_text(out, "id", shape_id("sensor", json_string_value(ref), id));
        json_object_set(out, "ref", ref);
        json_object_set_new(out, "uid", json_sprintf("sensor_type:%s:%s", pack, name));
        json_set_text(out, "pack", pack);
        json_set_text(out, "name", name);
}

static json_t *refs_of(const json_t *triggers, const char *pack)
{
        json_t *refs = json_array();
        const json_t *one;
        size_t i;

        json_array_foreach(triggers, i, one)
                json_array_append_new(refs, json_sprintf("%s.%s", pack,
                                                         json_text_of(one, "name", "")));
        return refs;
}

static json_t *shape_python(const struct catalog_sensor *sensor)
{
        json_t *out = json_copy(sensor->definition);

        identify(out, sensor->pack, json_text_of(sensor->definition, "name", ""));
        json_object_set_new(out, "trigger_types",
                            refs_of(json_object_get(sensor->definition, "trigger_types"),
                                    sensor->pack));
        json_set_text(out, "artifact_uri", sensor->origin);
        json_object_set_new(out, "enabled", json_boolean(sensor->is_enabled));
        json_set_text(out, "runner", "python");
        json_object_set_new(out, "runner_is_here", json_false());
        return out;
}

/* One that runs, for an instance of its plugin. */
static json_t *shape_running(struct request *req, const json_t *sensor)
{
        json_t *out = json_copy((json_t *)sensor);
        const char *pack = json_text_of(sensor, "pack", "");
        const struct manifest *plugin = catalog_plugin(request_catalog(req), pack);
        json_t *triggers = json_array();

        for (size_t i = 0; plugin && i < plugin->n_triggers; i++)
                json_array_append_new(triggers,
                                      json_sprintf("%s.%s", pack, plugin->triggers[i].name));
        identify(out, json_text_of(sensor, "instance", ""), json_text_of(sensor, "name", ""));
        json_set_text(out, "pack", pack);
        json_set_text(out, "class_name", json_text_of(sensor, "name", ""));
        json_set_text(out, "entry_point", pack);
        json_object_set_new(out, "enabled", json_true());
        json_set_text(out, "description", "");
        json_object_set_new(out, "trigger_types", triggers);
        json_set_text(out, "runner", "plugin");
        json_object_set_new(out, "runner_is_here", json_true());
        return out;
}

/* ---- all of them: one list, walked for each question ---- */

static int add_python(void *arg, const struct catalog_sensor *sensor)
{
        json_array_append_new(arg, shape_python(sensor));
        return 0;
}

static json_t *collect(struct request *req)
{
        _json_ json_t *running = hub_sensors(request_hub(req));
        json_t *all = json_array();
        const json_t *one;
        size_t i;

        catalog_each_sensor(request_catalog(req), add_python, all);
        json_array_foreach(running, i, one)
                json_array_append_new(all, shape_running(req, one));
        return all;
}

static bool differs(struct request *req, const json_t *sensor, const char *key)
{
        const char *wanted = query_text(&req->query, key);

        return wanted && !text_equal(json_text_of(sensor, key, NULL), wanted);
}

static bool has_trigger(const json_t *sensor, const char *trigger)
{
        const json_t *one;
        size_t i;

        json_array_foreach(json_object_get(sensor, "trigger_types"), i, one)
                if (text_equal(json_string_value(one), trigger))
                        return true;
        return false;
}

static int list(struct request *req, struct fault *fault)
{
        _page_ struct page page = { 0 };
        _json_ json_t *all = NULL;
        const char *trigger = query_text(&req->query, "trigger");
        bool enabled = false;
        json_t *one;
        size_t i;
        int r = page_init(&page, req, fault);

        if (!r)
                r = query_bool(&req->query, "enabled", &enabled, fault);
        if (r)
                return r;
        all = collect(req);
        json_array_foreach(all, i, one) {
                if (differs(req, one, "id") || differs(req, one, "name") ||
                    differs(req, one, "pack") || (trigger && !has_trigger(one, trigger)) ||
                    (query_text(&req->query, "enabled") &&
                     json_bool_of(one, "enabled", true) != enabled))
                        continue;
                if (page_takes(&page))
                        page_add(&page, json_incref(one));
        }
        return page_answer(&page);
}

static int find(struct request *req, json_t **ret, struct fault *fault)
{
        const char *name = request_param(req, "ref");
        _json_ json_t *all = collect(req);
        json_t *one;
        size_t i;

        json_array_foreach(all, i, one)
                if (shape_is("sensor", json_text_of(one, "ref", ""), name)) {
                        *ret = json_incref(one);
                        return 0;
                }
        fault_set(fault, 404, "sensor.unknown", "there is no sensor '%.128s'", name);
        return fault_try(fault, "GET /api/v1/sensortypes lists them");
}

static int get(struct request *req, struct fault *fault)
{
        json_t *sensor = NULL;
        int r = find(req, &sensor, fault);

        return r ? r : answer_object(req, 200, sensor);
}

/* StackStorm changes nothing but "enabled" of a sensor, and so do we. */
static int update(struct request *req, struct fault *fault)
{
        const json_t *enabled = json_object_get(req->json, "enabled");
        _json_ json_t *sensor = NULL;
        int r = find(req, &sensor, fault);

        if (r)
                return r;
        if (!json_is_boolean(enabled))
                return fault_set(fault, 400, "sensor.update",
                                 "only \"enabled\" of a sensor can be changed");
        if (text_equal(json_text_of(sensor, "runner", ""), "plugin")) {
                fault_set(fault, 409, "sensor.of-plugin",
                          "the sensor '%s' runs with the instances of its plugin",
                          json_text_of(sensor, "ref", ""));
                return fault_try(fault, "kaname instance remove, or switch its rules off");
        }
        r = edit_enable(req, "sensor", json_text_of(sensor, "ref", ""), json_is_true(enabled),
                        fault);
        return r ? r : get(req, fault);
}

#define S "/api/v1/sensortypes"
#define LIST "limit offset include_attributes exclude_attributes id name pack trigger enabled"

static const struct route rows[] = {
        { "GET", S, list, AUTH_READ, 0, 200, "Sensors: of plugins, and Python's (shown, not run)",
          LIST, NULL, "[Sensor]" },
        { "GET", S "/{ref}", get, AUTH_READ, 0, 200, "One sensor", "", NULL, "Sensor" },
        { "PUT", S "/{ref}", update, AUTH_ADMINISTER, 0, 200, "Switch a sensor on or off", "",
          "Object", "Sensor" },
};

ROUTE_TABLE(routes_sensortypes);
