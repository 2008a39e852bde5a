/* SPDX-License-Identifier: Apache-2.0 */

/* Trigger types: what events are called, and what they and their parameters look like. */
#include "base/json.h"
#include "base/text.h"
#include "catalog/build.h"
#include "catalog/form.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int duplicate(const struct catalog_trigger *there, const char *origin, struct fault *fault)
{
        fault_set(fault, 409, "trigger.duplicate", "the trigger type '%s' of %s is there already",
                  there->ref, origin);
        fault_why(fault, "it comes from %s", there->origin);
        return fault_try(fault, "rename one of the two");
}

static struct catalog_trigger *make(const char *pack, const char *name, const char *summary,
                                    const char *origin)
{
        struct catalog_trigger *trigger = calloc(1, sizeof *trigger);
        char *ref = NULL;

        if (!trigger)
                return NULL;
        if (asprintf(&ref, "%s.%s", pack, name) < 0)
                ref = NULL;
        trigger->ref = ref;
        trigger->name = ref ? ref + strlen(pack) + 1 : NULL;
        trigger->pack = strdup(pack);
        trigger->summary = summary ? strdup(summary) : NULL;
        trigger->origin = strdup(origin);
        return trigger;
}

int trigger_put(struct catalog *catalog, const char *pack, const json_t *definition,
                const char *origin, struct fault *fault)
{
        const char *summary = json_text_of(definition, "description",
                                           json_text_of(definition, "summary", NULL));
        struct catalog_trigger *trigger = make(pack, json_text_of(definition, "name", ""), summary,
                                               origin);
        const char *payload = json_object_get(definition, "payload") ? "payload" : "payload_schema";
        int r = trigger && trigger->ref && trigger->pack && trigger->origin ? 0 : -ENOMEM;

        if (r == 0 && catalog_trigger(catalog, trigger->ref))
                r = duplicate(catalog_trigger(catalog, trigger->ref), origin, fault);
        if (r == 0)
                r = form_schema(definition, "parameters_schema", &trigger->parameters, fault);
        if (r == 0)
                r = form_schema(definition, payload, &trigger->payload, fault);
        if (r == 0)
                r = table_put(&catalog->triggers, trigger->ref, trigger);
        if (r)
                trigger_free(trigger);
        return r;
}

void trigger_free(void *value)
{
        struct catalog_trigger *trigger = value;

        if (!trigger)
                return;
        schema_unref(trigger->parameters);
        schema_unref(trigger->payload);
        free((char *)trigger->ref);
        free((char *)trigger->pack);
        free((char *)trigger->summary);
        free((char *)trigger->origin);
        free(trigger);
}

int catalog_add_trigger(struct catalog *catalog, const json_t *definition, const char *pack,
                        const char *origin, struct fault *fault)
{
        int r = form_check("trigger", definition, fault);

        return r ? r : trigger_put(catalog, json_text_of(definition, "pack", pack), definition,
                                   origin, fault);
}
