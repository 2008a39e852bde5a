/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sensors that packs describe: Python's, which no runner here runs yet. They are shown, and the
 * events that they would send are known, so that rules about them are whole.
 */
#include "base/json.h"
#include "base/text.h"
#include "catalog/build.h"
#include "catalog/form.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_known(const struct catalog *catalog, const char *pack, const json_t *trigger)
{
        _free_ char *ref = NULL;

        if (asprintf(&ref, "%s.%s", pack, json_text_of(trigger, "name", "")) < 0) {
                ref = NULL;
                return false;
        }
        return catalog_trigger(catalog, ref);
}

/* Two sensors of a pack may send the same. */
static int add_triggers(struct catalog *catalog, const json_t *definition, const char *pack,
                        const char *origin, struct fault *fault)
{
        json_t *trigger;
        char index[24];
        size_t i;
        int r = 0;

        json_array_foreach(json_object_get(definition, "trigger_types"), i, trigger) {
                if (is_known(catalog, pack, trigger))
                        continue;
                r = catalog_add_trigger(catalog, trigger, pack, origin, fault);
                if (r == FAULT) {
                        snprintf(index, sizeof index, "%zu", i);
                        fault_at(fault, index);
                        return fault_at(fault, "trigger_types");
                }
                if (r)
                        return r;
        }
        return r;
}

static int put(struct catalog *catalog, json_t *definition, const char *origin,
               struct fault *fault)
{
        const char *ref = json_text_of(definition, "ref", "");
        const struct catalog_sensor *there = table_get(&catalog->sensors, ref);
        struct catalog_sensor *sensor;

        if (there) {
                fault_set(fault, 409, "sensor.duplicate", "the sensor '%s' is there already", ref);
                fault_why(fault, "it comes from %s", there->origin);
                return fault_try(fault, "rename one of the two");
        }
        sensor = calloc(1, sizeof *sensor);
        if (!sensor)
                return -ENOMEM;
        *sensor = (struct catalog_sensor){
                .ref = ref, .pack = json_text_of(definition, "pack", NULL),
                .is_enabled = json_bool_of(definition, "enabled", true),
                .origin = strdup(origin), .definition = json_incref(definition),
        };
        if (sensor->origin && table_put(&catalog->sensors, ref, sensor) == 0)
                return 0;
        sensor_row_free(sensor);
        return -ENOMEM;
}

int sensor_put(struct catalog *catalog, const json_t *source, const char *pack,
               const char *origin, struct fault *fault)
{
        _json_ json_t *definition = json_deep_copy(source);
        int r = definition ? form_check("sensor", definition, fault) : -ENOMEM;

        if (r == 0)
                r = add_triggers(catalog, definition, pack, origin, fault);
        if (r)
                return r;
        json_set_text(definition, "pack", pack);
        json_object_set_new(definition, "name",
                            json_incref(json_object_get(definition, "class_name")));
        json_object_set_new(definition, "ref",
                            json_sprintf("%s.%s", pack, json_text_of(definition, "name", "")));
        return put(catalog, definition, origin, fault);
}

void sensor_row_free(void *value)
{
        struct catalog_sensor *sensor = value;

        json_decref(sensor->definition);
        free((char *)sensor->origin);
        free(sensor);
}
