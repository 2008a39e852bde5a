/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The JSON comes out of a process that ran the plugin's own code, so nothing in it is believed:
 * its form is checked first, and whatever is indexed afterwards is known to have its type.
 */
#include "catalog/manifest.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"
#include "catalog/form.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

CLEANUP_DEFINE(struct manifest *, manifest_unref);

static bool has_flag(const json_t *object, const char *flag)
{
        size_t i;
        json_t *item;

        json_array_foreach(json_object_get(object, "flags"), i, item)
                if (text_equal(json_string_value(item), flag))
                        return true;
        return false;
}

/* What the author left out stays NULL: whoever asks knows what stands in for it. */
static int compile(const json_t *row, const char *key, struct schema **ret, struct fault *fault)
{
        const json_t *source = json_object_get(row, key);
        int r;

        if (!source || json_is_null(source))
                return 0;
        r = schema_compile(source, ret, fault);
        if (r == FAULT)
                fault_prefix(fault, "%s of '%s'", key, json_text_of(row, "name", "?"));
        return r;
}

static int read_action(const json_t *row, struct manifest_action *action, struct fault *fault)
{
        int r;

        action->name = json_text_of(row, "name", NULL);
        action->summary = json_text_of(row, "summary", NULL);
        action->is_idempotent = has_flag(row, "idempotent");
        action->is_readonly = has_flag(row, "readonly");
        action->timeout_ms = json_int_of(row, "timeout_ms", 0);
        r = compile(row, "params", &action->params, fault);
        return r ? r : compile(row, "returns", &action->returns, fault);
}

static int read_trigger(const json_t *row, struct manifest_trigger *trigger, struct fault *fault)
{
        trigger->name = json_text_of(row, "name", NULL);
        trigger->summary = json_text_of(row, "summary", NULL);
        return compile(row, "payload", &trigger->payload, fault);
}

static void read_sensor(const json_t *row, struct manifest_sensor *sensor)
{
        sensor->name = json_text_of(row, "name", NULL);
        sensor->summary = json_text_of(row, "summary", NULL);
        sensor->is_polled = text_equal(json_text_of(row, "kind", NULL), "poll");
        sensor->interval_ms = json_int_of(row, "interval_ms", 0);
}

static int twice(const json_t *rows, const char *what, struct fault *fault)
{
        size_t i, k;
        json_t *a, *b;

        json_array_foreach(rows, i, a)
                for (k = 0; k < i; k++) {
                        b = json_array_get(rows, k);
                        if (json_equal(json_object_get(a, "name"), json_object_get(b, "name")))
                                return fault_set(fault, 422, "plugin.invalid",
                                                 "it names the %s '%s' twice", what,
                                                 json_text_of(a, "name", ""));
                }
        return 0;
}

static int read_rows(struct manifest *m, struct fault *fault)
{
        const json_t *actions = json_object_get(m->json, "actions");
        const json_t *triggers = json_object_get(m->json, "triggers");
        const json_t *sensors = json_object_get(m->json, "sensors");
        int r = 0;

        if (twice(actions, "action", fault) || twice(triggers, "trigger", fault) ||
            twice(sensors, "sensor", fault))
                return FAULT;
        m->actions = calloc(json_array_size(actions) + 1, sizeof *m->actions);
        m->triggers = calloc(json_array_size(triggers) + 1, sizeof *m->triggers);
        m->sensors = calloc(json_array_size(sensors) + 1, sizeof *m->sensors);
        if (!m->actions || !m->triggers || !m->sensors)
                return -ENOMEM;
        while (r == 0 && m->n_actions < json_array_size(actions)) {
                r = read_action(json_array_get(actions, m->n_actions), &m->actions[m->n_actions],
                                fault);
                m->n_actions++;
        }
        while (r == 0 && m->n_triggers < json_array_size(triggers)) {
                r = read_trigger(json_array_get(triggers, m->n_triggers),
                                 &m->triggers[m->n_triggers], fault);
                m->n_triggers++;
        }
        for (; m->n_sensors < json_array_size(sensors); m->n_sensors++)
                read_sensor(json_array_get(sensors, m->n_sensors), &m->sensors[m->n_sensors]);
        return r;
}

/* The form has counted the words, and how long they are. */
static int read_domains(struct manifest *m, struct fault *fault)
{
        for (const char *s = m->domain; s; s = *s ? s + 1 : NULL) {
                char *word = m->domains[m->n_domains];

                snprintf(word, sizeof *m->domains, "%.*s", (int)strcspn(s, " "), s);
                if (manifest_claims(m, word))
                        return fault_set(fault, 422, "plugin.invalid",
                                         "it names the domain '%s' twice", word);
                m->n_domains++;
                s += strlen(word);
        }
        return 0;
}

static int read_manifest(struct manifest *m, struct fault *fault)
{
        int r = form_check("plugin", m->json, fault);

        if (r)
                return r;
        m->name = json_text_of(m->json, "name", NULL);
        m->version = json_text_of(m->json, "version", NULL);
        m->summary = json_text_of(m->json, "summary", NULL);
        m->domain = json_text_of(m->json, "domain", NULL);
        r = read_domains(m, fault);
        if (r)
                return r;
        m->access = json_object_get(m->json, "access");
        m->is_parallel = has_flag(m->json, "parallel");
        m->has_own_sockets = has_flag(m->json, "own_sockets");
        m->has_check = json_bool_of(m->json, "check", false);
        r = form_schema(m->json, "config", &m->config, fault);
        if (r == FAULT)
                return fault_prefix(fault, "its config schema");
        return r ? r : read_rows(m, fault);
}

bool manifest_claims(const struct manifest *m, const char *domain)
{
        for (size_t i = 0; i < m->n_domains; i++)
                if (text_equal(m->domains[i], domain))
                        return true;
        return false;
}

int manifest_new(json_t *json, const char *path, const char *hash, struct manifest **ret,
                 struct fault *fault)
{
        _cleanup_(manifest_unrefp) struct manifest *m = calloc(1, sizeof *m);
        int r;

        if (!m) {
                json_decref(json);
                return -ENOMEM;
        }
        m->refs = 1;
        m->json = json;
        snprintf(m->path, sizeof m->path, "%s", path);
        snprintf(m->hash, sizeof m->hash, "%s", hash);
        r = read_manifest(m, fault);
        if (r == FAULT)
                return fault_prefix(fault, "%s: plugin '%s'", json_text_of(json, "source", path),
                                    json_text_of(json, "name", "?"));
        if (r == 0)
                *ret = TAKE(m);
        return r;
}

struct manifest *manifest_ref(struct manifest *manifest)
{
        __atomic_add_fetch(&manifest->refs, 1, __ATOMIC_RELAXED);
        return manifest;
}

struct manifest *manifest_unref(struct manifest *m)
{
        if (!m || __atomic_sub_fetch(&m->refs, 1, __ATOMIC_ACQ_REL) > 0)
                return NULL;
        for (size_t i = 0; i < m->n_actions; i++) {
                schema_unref(m->actions[i].params);
                schema_unref(m->actions[i].returns);
        }
        for (size_t i = 0; i < m->n_triggers; i++)
                schema_unref(m->triggers[i].payload);
        schema_unref(m->config);
        free(m->actions);
        free(m->triggers);
        free(m->sensors);
        json_decref(m->json);
        free(m);
        return NULL;
}

const struct manifest_action *manifest_action(const struct manifest *manifest, const char *name)
{
        for (size_t i = 0; i < manifest->n_actions; i++)
                if (text_equal(manifest->actions[i].name, name))
                        return &manifest->actions[i];
        return NULL;
}

const struct manifest_trigger *manifest_trigger(const struct manifest *manifest, const char *name)
{
        for (size_t i = 0; i < manifest->n_triggers; i++)
                if (text_equal(manifest->triggers[i].name, name))
                        return &manifest->triggers[i];
        return NULL;
}
