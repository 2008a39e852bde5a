/* SPDX-License-Identifier: Apache-2.0 */
#include "host/process.h"

#include <string.h>

static const char *state_text(const struct resident *resident)
{
        static const char *const texts[] = { "starting", "ready", "leaving", "gone" };

        if (!resident)
                return "idle";
        if (resident->process)
                return texts[resident->process->state];
        return resident->is_starting ? "starting" : resident->retry_ms ? "crashed" : "idle";
}

static void add_process(const struct resident *resident, json_t *row)
{
        const struct process *process = resident ? resident->process : NULL;
        const char *last_crash = resident && *resident->last_crash ? resident->last_crash : NULL;

        json_object_set_new(row, "calls",
                            json_integer(resident ? (json_int_t)resident->n_calls : 0));
        json_object_set_new(row, "state", json_string(state_text(resident)));
        json_object_set_new(row, "pid", process ? json_integer(process->pid) : json_null());
        json_object_set_new(row, "starts", json_integer(resident ? resident->n_starts : 0));
        json_object_set_new(row, "crashes", json_integer(resident ? resident->n_crashes : 0));
        json_object_set_new(row, "last_crash", last_crash ? json_string(last_crash) : json_null());
        json_object_set(row, "sandbox",
                        process && process->sandbox ? process->sandbox : json_null());
}

/* What the last instance that was called wants; the home itself is that of its next call. */
static enum catalog_home wanted_home(const struct resident *resident)
{
        enum catalog_home wanted = HOME_AUTO;

        if (resident)
                list_each(at, &resident->seats)
                        if (!list_entry(at, struct seat, link)->is_retired)
                                wanted = list_entry(at, struct seat, link)->wanted;
        return wanted;
}

static json_t *row_of(struct host *host, const struct manifest *manifest,
                      const struct resident *resident)
{
        json_t *row = json_object();
        char why[160];
        enum catalog_home home = seat_home(host, manifest, wanted_home(resident), why);

        json_object_set_new(row, "plugin", json_string(manifest->name));
        json_object_set_new(row, "version", json_string(manifest->version));
        json_object_set_new(row, "hash", json_string(manifest->hash));
        json_object_set_new(row, "home", json_string(home == HOME_CORE ? "core" : "host"));
        json_object_set_new(row, "why", json_string(why));
        add_process(resident, row);
        return row;
}

struct report {
        struct host *host;
        json_t *rows;
};

/* Nobody called it yet: where it would go is known all the same. */
static int add_unused(void *arg, const struct manifest *manifest)
{
        struct report *report = arg;

        if (!map_get(&report->host->residents, manifest->hash))
                json_array_append_new(report->rows, row_of(report->host, manifest, NULL));
        return 0;
}

json_t *host_report(struct host *host, const struct catalog *catalog)
{
        struct report report = { host, json_array() };
        const char *hash;
        void *resident;

        pthread_mutex_lock(&host->lock);
        for (size_t i = 0; map_next(&host->residents, &i, &hash, &resident);)
                json_array_append_new(report.rows,
                                      row_of(host, ((struct resident *)resident)->manifest,
                                             resident));
        if (catalog)
                catalog_each_plugin(catalog, add_unused, &report);
        pthread_mutex_unlock(&host->lock);
        return report.rows;
}
