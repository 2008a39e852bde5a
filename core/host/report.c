/* SPDX-License-Identifier: Apache-2.0 */
#include "host/process.h"

#include <string.h>

static const char *state_text(const struct resident *resident)
{
        static const char *const texts[] = { "starting", "ready", "leaving", "gone" };

        if (resident->process)
                return texts[resident->process->state];
        return resident->is_starting ? "starting" : resident->retry_ms ? "crashed" : "idle";
}

static void add_process(const struct resident *resident, json_t *row)
{
        const struct process *process = resident->process;

        json_object_set_new(row, "state", json_string(state_text(resident)));
        json_object_set_new(row, "pid", process ? json_integer(process->pid) : json_null());
        json_object_set_new(row, "starts", json_integer(resident->n_starts));
        json_object_set_new(row, "crashes", json_integer(resident->n_crashes));
        json_object_set_new(row, "last_crash",
                            *resident->last_crash ? json_string(resident->last_crash)
                                                  : json_null());
        json_object_set(row, "sandbox",
                        process && process->sandbox ? process->sandbox : json_null());
}

static json_t *row_of(struct resident *resident)
{
        const struct manifest *manifest = resident->manifest;
        json_t *row = json_object();
        char why[160];
        enum catalog_home home = seat_home(resident->host, manifest, HOME_AUTO, why);

        list_each(at, &resident->seats)
                if (!list_entry(at, struct seat, link)->is_retired)
                        home = list_entry(at, struct seat, link)->home;
        json_object_set_new(row, "plugin", json_string(manifest->name));
        json_object_set_new(row, "version", json_string(manifest->version));
        json_object_set_new(row, "hash", json_string(manifest->hash));
        json_object_set_new(row, "home", json_string(home == HOME_CORE ? "core" : "host"));
        json_object_set_new(row, "why", json_string(why));
        json_object_set_new(row, "calls", json_integer((json_int_t)resident->n_calls));
        add_process(resident, row);
        return row;
}

json_t *host_report(struct host *host)
{
        json_t *rows = json_array();
        const char *hash;
        void *resident;

        pthread_mutex_lock(&host->lock);
        for (size_t i = 0; map_next(&host->residents, &i, &hash, &resident);)
                json_array_append_new(rows, row_of(resident));
        pthread_mutex_unlock(&host->lock);
        return rows;
}
