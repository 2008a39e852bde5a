/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Sensors: what plugins watch by themselves. A polled sensor is a call that comes back; what it
 * emitted and what it keeps are committed together when it returned 0, else nothing is, and the
 * same poll happens again after a growing pause. A running sensor is one long call; each event is
 * durable, with its cursor, when emit() returns. Both go on from their cursor after any crash.
 */
#include "hub/room.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define BACKOFF_MAX_MS 60000

struct put {
        struct put *next;
        char *path, *json;              /* json NULL: removed */
        uint64_t seq;
};

struct sensor {
        struct list link;
        struct hub *hub;
        struct catalog *catalog;        /* keeps instance and row */
        const struct catalog_instance *instance;
        const struct manifest_sensor *row;
        struct loop_timer *timer;
        struct host_call *call;
        int64_t again_ms;               /* the plugin's wish; 0: none */
        unsigned failures;
        bool is_wanted, is_stopping;
        char *last_error;
        int64_t last_ok_ms;
        uint64_t n_events;

        pthread_mutex_t lock;           /* guards the batch of the present poll */
        json_t *batch;                  /* [{trigger, payload, id}] */
        struct put *puts;
};

static void sensor_begin(void *arg);

/* ---- what a poll collected ---- */

static void batch_clear(struct sensor *s)
{
        json_decref(s->batch);
        s->batch = NULL;
        while (s->puts) {
                struct put *put = s->puts;

                s->puts = put->next;
                free(put->path);
                free(put->json);
                free(put);
        }
}

static struct put *find_put(struct sensor *s, const char *path)
{
        for (struct put *put = s->puts; put; put = put->next)
                if (strcmp(put->path, path) == 0)
                        return put;
        return NULL;
}

/* The trigger's full name: a domain's where its contract has it, else the plugin's own. */
static void trigger_ref(const struct sensor *s, const char *name, char ref[256])
{
        const struct manifest *plugin = s->instance->plugin;
        size_t i = 0;

        do
                snprintf(ref, 256, "%s.%s",
                         i < plugin->n_domains ? plugin->domains[i] : plugin->name, name);
        while (i++ < plugin->n_domains && !catalog_trigger(s->catalog, ref));
}

static int keep_event(struct sensor *s, const struct host_event *event)
{
        json_t *payload = json_loads(event->payload ? event->payload : "{}",
                                     JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
        char ref[256];

        if (!json_is_object(payload)) {
                json_decref(payload);
                return KN_EARG;
        }
        trigger_ref(s, event->trigger, ref);
        if (!s->batch)
                s->batch = json_array();
        json_array_append_new(s->batch, json_pack("{s:s, s:o, s:s*}", "trigger", ref, "payload",
                                                  payload, "id", event->id));
        return KN_OK;
}

static int keep_put(struct sensor *s, const char *path, const char *json, uint64_t seq)
{
        struct put *put = find_put(s, path);

        if (!put) {
                put = calloc(1, sizeof *put);
                if (!put)
                        return KN_ENOMEM;
                put->path = strdup(path);
                put->seq = seq;
                put->next = s->puts;
                s->puts = put;
        }
        free(put->json);
        put->json = json ? strdup(json) : NULL;
        return KN_OK;
}

/*
 * ---- committing: each event judged alone, the puts after them, in one commit of the engine ----
 */

struct commit {
        struct sensor *s;
        struct intake intake;
        struct id id;
};

static void event_committed(void *arg, enum store_outcome outcome, const struct id *first,
                            uint64_t seq)
{
        struct commit *commit = arg;

        (void)first;
        if (outcome == STORE_DONE) {
                struct hub_notice notice = {
                        .topic = HUB_EVENT, .id = commit->id, .seq = seq, .at_ms = clock_real_ms()
                };

                atomic_fetch_add(&commit->intake.hub->figures.events, 1);
                hub_announce(commit->intake.hub, &notice);
        }
        intake_committed(&commit->intake, outcome);
        free(commit);
}

static struct store_txn *event_txn(struct sensor *s, const json_t *row, struct commit **ret,
                                   struct fault *fault)
{
        struct commit *commit = calloc(1, sizeof *commit);
        const char *id = json_text_of(row, "id", NULL);
        char scope[160], source[160];
        struct hub_event event = { .trigger = json_text_of(row, "trigger", ""), .source = source,
                                   .payload = json_object_get(row, "payload") };

        if (!commit)
                return NULL;
        snprintf(source, sizeof source, "sensor:%s", s->instance->name);
        snprintf(scope, sizeof scope, "sensor:%s", s->instance->name);
        commit->s = s;
        commit->id = id_new();
        intake_init(&commit->intake, s->hub);
        if (id)
                store_txn_once(commit->intake.txn, scope, id, NULL, &commit->id,
                               clock_real_ms() + 86400000);
        if (intake_event(&commit->intake, s->catalog, &event, &commit->id, fault) == 0) {
                *ret = commit;
                return commit->intake.txn;
        }
        store_txn_free(commit->intake.txn);
        intake_committed(&commit->intake, STORE_CONFLICT);
        free(commit);
        return NULL;
}

static void add_puts(struct sensor *s, struct store_txn *txn)
{
        for (struct put *put = s->puts; put; put = put->next) {
                struct store_key key = { .scope = "plugin",
                                         .owner = s->instance->name,
                                         .name = put->path,
                                         .value = put->json };

                store_txn_key(txn, &key, put->seq);
        }
}

/*
 * Events first, each on its own; the puts last and waited for, so that all before them are
 * committed too.
 */
static enum store_outcome commit_batch(struct sensor *s)
{
        struct store_txn *txn = store_txn_new();
        size_t i;
        json_t *row;

        if (!txn)
                return STORE_FAILED_IO;
        json_array_foreach(s->batch, i, row) {
                _fault_ struct fault fault = FAULT_INIT;
                struct commit *commit = NULL;
                struct store_txn *one = event_txn(s, row, &commit, &fault);

                if (one)
                        store_commit(s->hub->o.store, one, event_committed, commit);
                else
                        log_warning("sensor '%s' of instance '%s': %s, ignoring this event",
                                    s->row->name, s->instance->name,
                                    fault.what ? fault.what : "out of memory");
        }
        s->n_events += json_array_size(s->batch);
        add_puts(s, txn);
        return store_commit_wait(s->hub->o.store, txn, NULL, NULL);
}

/* ---- doors ---- */

static int sensor_emit(void *arg, const struct host_event *event)
{
        struct sensor *s = arg;
        int r;

        pthread_mutex_lock(&s->lock);
        r = keep_event(s, event);
        if (r == KN_OK && event->cursor)
                r = keep_put(s, "cursor", event->cursor, STORE_ANY);
        if (r == KN_OK && !s->row->is_polled) {
                r = commit_batch(s) == STORE_DONE ? KN_OK : KN_ETEMP;
                batch_clear(s);
        }
        pthread_mutex_unlock(&s->lock);
        return r;
}

static int take_value(void *arg, const struct store_key *key)
{
        struct put *put = arg;

        put->json = strdup(key->value);
        put->seq = key->seq;
        return 0;
}

static int sensor_get(void *arg, const char *path, char **ret_json, uint64_t *ret_seq)
{
        struct sensor *s = arg;
        struct put found = { .seq = 0 }, *put;

        pthread_mutex_lock(&s->lock);
        put = find_put(s, path);
        if (put && put->json)
                found.json = strdup(put->json);
        pthread_mutex_unlock(&s->lock);
        if (!put)
                store_get_key(s->hub->o.store, "plugin", s->instance->name, path, take_value,
                              &found, NULL);
        if (!found.json)
                return KN_ENOENT;
        *ret_json = found.json;
        *ret_seq = found.seq;
        return KN_OK;
}

static int sensor_put(void *arg, const char *path, const char *json, uint64_t seq)
{
        struct sensor *s = arg;
        int r;

        pthread_mutex_lock(&s->lock);
        r = keep_put(s, path, json, seq);
        if (r == KN_OK && !s->row->is_polled) {
                r = commit_batch(s) == STORE_DONE ? KN_OK : KN_ECONFLICT;
                batch_clear(s);
        }
        pthread_mutex_unlock(&s->lock);
        return r;
}

static void sensor_log(void *arg, int level, const char *text)
{
        struct sensor *s = arg;

        log_write(level >= KN_WARNING ? LOG_WARNING_
                  : level == KN_DEBUG ? LOG_DEBUG_
                                      : LOG_INFO_,
                  LOG_FIELDS("sensor", s->row->name, "instance", s->instance->name),
                  "sensor says: %s", text);
}

static void sensor_stream(void *arg, uint32_t kind, const void *data, size_t len)
{
        (void)arg, (void)kind, (void)data, (void)len;
}

static int sensor_secret(void *arg, const char *path, char **ret)
{
        struct sensor *s = arg;

        return call_secret(s->hub, s->instance, path, ret);
}

static int sensor_change(void *arg, const struct kn_change *change)
{
        (void)arg, (void)change;
        return KN_EDENIED;              /* a sensor watches */
}

static int sensor_changed(void *arg, int ticket, int outcome, const char *observed)
{
        (void)arg, (void)ticket, (void)outcome, (void)observed;
        return KN_EARG;
}

static void sensor_again(void *arg, int64_t ms)
{
        struct sensor *s = arg;

        s->again_ms = ms;
}

/* ---- the rounds ---- */

static void sensor_free(struct sensor *s)
{
        list_unlink(&s->link);
        loop_timer_free(s->timer);
        batch_clear(s);
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

static void sensor_done(void *arg, int code, const char *sentence, json_t *result)
{
        struct sensor *s = arg;

        json_decref(result);
        pthread_mutex_lock(&s->lock);
        if (code >= 0 && commit_batch(s) == STORE_DONE) {
                s->failures = 0;
                s->last_ok_ms = clock_real_ms();
                free(s->last_error);
                s->last_error = NULL;
        } else if (code != KN_ECANCELED) {
                note_failure(s, code >= 0  ? "its events could not be recorded"
                                : sentence ? sentence
                                           : host_code_text(code));
        }
        batch_clear(s);
        pthread_mutex_unlock(&s->lock);
        loop_post(s->hub->o.loop, sensor_over, s);
}

static const struct host_doors sensor_doors = {
        .done = sensor_done, .log = sensor_log, .stream = sensor_stream, .secret = sensor_secret,
        .store_get = sensor_get, .store_put = sensor_put, .emit = sensor_emit,
        .change = sensor_change, .changed = sensor_changed, .again = sensor_again,
};

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
