/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sensors: what plugins watch by themselves. A polled sensor is a call that comes back; what it
 * emitted and what it keeps are committed together when it returned 0, else nothing is, and the
 * same poll happens again after a growing pause. A running sensor is one long call; each event is
 * durable, with its cursor, when emit() returns. Both go on from their cursor after any crash.
 */
#include "hub/sensor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BACKOFF_MAX_MS 60000

/* ---- the rounds ---- */

static void sensor_free(struct sensor *s)
{
        list_unlink(&s->link);
        loop_timer_free(s->timer);
        sensor_clear(s);
        free(s->last_error);
        catalog_unref(s->catalog);
        pthread_mutex_destroy(&s->lock);
        free(s);
}

static int64_t next_pause_ms(struct sensor *s)
{
        int64_t pause = s->row->is_polled ? s->row->interval_ms : 1000;

        if (s->again_ms > 0 && !s->failures)
                pause = s->again_ms;
        s->again_ms = 0;
        for (unsigned i = 1; i < s->failures && pause < BACKOFF_MAX_MS; i++)
                pause *= 2;
        return pause < BACKOFF_MAX_MS || !s->failures ? pause : BACKOFF_MAX_MS;
}

static void sensor_over(void *arg)
{
        struct sensor *s = arg;
        struct hub *hub = s->hub;

        pthread_mutex_lock(&hub->sensors.lock);
        host_release(s->call);
        s->call = NULL;
        if (!s->is_wanted)
                sensor_free(s);
        else if (!s->is_stopping)
                loop_timer_set(s->timer, clock_mono_ms() + next_pause_ms(s));
        pthread_mutex_unlock(&hub->sensors.lock);
}

static void note_failure(struct sensor *s, const char *sentence)
{
        s->failures++;
        if (!s->last_error || strcmp(s->last_error, sentence) != 0)
                log_write(LOG_WARNING_, LOG_FIELDS("instance", s->instance->name),
                          "sensor '%s' failed: %s, retrying", s->row->name, sentence);
        free(s->last_error);
        s->last_error = strdup(sentence);
}

void sensor_done(void *arg, int code, const char *sentence, json_t *result)
{
        struct sensor *s = arg;

        json_decref(result);
        pthread_mutex_lock(&s->lock);
        if (code >= 0 && sensor_commit(s) == STORE_DONE) {
                s->failures = 0;
                s->last_ok_ms = clock_real_ms();
                free(s->last_error);
                s->last_error = NULL;
        } else if (code != KN_ECANCELED) {
                note_failure(s, code >= 0  ? "its events could not be recorded"
                                : sentence ? sentence
                                           : host_code_text(code));
        }
        sensor_clear(s);
        pthread_mutex_unlock(&s->lock);
        loop_post(s->hub->o.loop, sensor_over, s);
}

static void sensor_begin(void *arg)
{
        struct sensor *s = arg;
        struct host_request request = {
                .entry = s->row->is_polled ? HOST_POLL : HOST_SENSOR,
                .instance = s->instance, .name = s->row->name,
                .mode = "run", .id = "",
                .action = s->row->name, .attempt = 1,
                .doors = &sensor_doors, .arg = s,
                .deadline_mono_ms =
                        s->row->is_polled ? clock_mono_ms() + s->hub->o.default_timeout_ms : 0
        };

        if (s->is_stopping || s->call || !s->is_wanted)
                return;
        pthread_mutex_lock(&s->hub->sensors.lock);
        s->call = host_start(s->hub->o.host, &request);
        if (!s->call)
                loop_timer_set(s->timer, clock_mono_ms() + 1000);
        pthread_mutex_unlock(&s->hub->sensors.lock);
}

/* ---- which sensors there are ---- */

static bool is_same(const struct sensor *s, const struct catalog_instance *instance,
                    const struct manifest_sensor *row)
{
        return strcmp(s->instance->name, instance->name) == 0 &&
               strcmp(s->row->name, row->name) == 0 &&
               strcmp(s->instance->plugin->hash, instance->plugin->hash) == 0 &&
               json_equal(s->instance->config, instance->config);
}

/* Nothing differs, but the old catalog need not be kept for it; a call still points into it. */
static void move_to(struct sensor *s, struct catalog *catalog,
                    const struct catalog_instance *instance, const struct manifest_sensor *row)
{
        if (s->call)
                return;
        catalog_unref(s->catalog);
        s->catalog = catalog_ref(catalog);
        s->instance = instance;
        s->row = row;
}

static void want_row(struct hub *hub, struct catalog *catalog,
                     const struct catalog_instance *instance, const struct manifest_sensor *row)
{
        struct sensor *s;

        list_each(pos, &hub->sensors.sensors) {
                s = list_entry(pos, struct sensor, link);
                if (is_same(s, instance, row)) {
                        s->is_wanted = true;
                        move_to(s, catalog, instance, row);
                        return;
                }
        }
        s = calloc(1, sizeof *s);
        if (!s)
                return;
        s->hub = hub;
        s->catalog = catalog_ref(catalog);
        s->instance = instance;
        s->row = row;
        s->is_wanted = true;
        pthread_mutex_init(&s->lock, NULL);
        list_append(&hub->sensors.sensors, &s->link);
        if (loop_timer_new(hub->o.loop, sensor_begin, s, &s->timer) == 0)
                loop_timer_set(s->timer, clock_mono_ms());
}

struct wanting {
        struct hub *hub;
        struct catalog *catalog;
};

static int want(void *arg, const struct catalog_instance *instance)
{
        struct wanting *wanting = arg;

        for (size_t i = 0; i < instance->plugin->n_sensors; i++)
                want_row(wanting->hub, wanting->catalog, instance, &instance->plugin->sensors[i]);
        return 0;
}

static void sync_on_loop(void *arg)
{
        struct hub *hub = arg;
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(hub);
        struct wanting wanting = { hub, catalog };

        pthread_mutex_lock(&hub->sensors.lock);
        list_each(pos, &hub->sensors.sensors)
                list_entry(pos, struct sensor, link)->is_wanted = false;
        catalog_each_instance(catalog, want, &wanting);
        list_each_safe(pos, &hub->sensors.sensors) {
                struct sensor *s = list_entry(pos, struct sensor, link);

                if (s->is_wanted)
                        continue;
                if (s->call)
                        host_cancel(hub->o.host, s->call);
                else
                        sensor_free(s);
        }
        pthread_mutex_unlock(&hub->sensors.lock);
}

void sensors_sync(struct hub *hub)
{
        loop_post(hub->o.loop, sync_on_loop, hub);
}

void sensors_init(struct hub *hub)
{
        list_init(&hub->sensors.sensors);
        pthread_mutex_init(&hub->sensors.lock, NULL);
}

void sensors_stop(struct hub *hub)
{
        pthread_mutex_lock(&hub->sensors.lock);
        list_each(pos, &hub->sensors.sensors) {
                struct sensor *s = list_entry(pos, struct sensor, link);

                s->is_stopping = true;
                loop_timer_unset(s->timer);
                if (s->call)
                        host_cancel(hub->o.host, s->call);
        }
        pthread_mutex_unlock(&hub->sensors.lock);
}

void sensors_deinit(struct hub *hub)
{
        list_each_safe(pos, &hub->sensors.sensors)
                sensor_free(list_entry(pos, struct sensor, link));
        pthread_mutex_destroy(&hub->sensors.lock);
}

json_t *hub_sensors(struct hub *hub)
{
        json_t *list = json_array();
        char when[CLOCK_TEXT_SIZE];

        pthread_mutex_lock(&hub->sensors.lock);
        list_each(pos, &hub->sensors.sensors) {
                struct sensor *s = list_entry(pos, struct sensor, link);

                json_array_append_new(list,
                                      json_pack("{s:s, s:s, s:s, s:s, s:b, s:i, s:s?, s:s?, s:I}",
                                                "name", s->row->name, "instance", s->instance->name,
                                                "pack", s->instance->plugin->name, "kind",
                                                s->row->is_polled ? "poll" : "run", "running",
                                                s->call != NULL, "failures", (int)s->failures,
                                                "last_error", s->last_error, "last_ok",
                                                s->last_ok_ms ? clock_text(s->last_ok_ms, when)
                                                              : NULL,
                                                "events", (json_int_t)s->n_events));
        }
        pthread_mutex_unlock(&hub->sensors.lock);
        return list;
}
