/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a sensor says through its doors: events and puts are collected, and committed together, the
 * puts last, so that the cursor never passes an event that is not recorded.
 */
#include "hub/sensor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- what a poll collected ---- */

void sensor_clear(struct sensor *s)
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
enum store_outcome sensor_commit(struct sensor *s)
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
                r = sensor_commit(s) == STORE_DONE ? KN_OK : KN_ETEMP;
                sensor_clear(s);
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
                r = sensor_commit(s) == STORE_DONE ? KN_OK : KN_ECONFLICT;
                sensor_clear(s);
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

const struct host_doors sensor_doors = {
        .done = sensor_done, .log = sensor_log, .stream = sensor_stream, .secret = sensor_secret,
        .store_get = sensor_get, .store_put = sensor_put, .emit = sensor_emit,
        .change = sensor_change, .changed = sensor_changed, .again = sensor_again,
};
