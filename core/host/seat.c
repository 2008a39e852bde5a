/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Residents and seats: what the host remembers of plugins and instances between calls. A seat is
 * made when an instance is first called and given up when its configuration is no longer the one
 * it was made with: calls that wait in it still run there, the next ones get a new seat.
 */

#include "host/process.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "host/egress.h"
#include "host/guard.h"
#include "host/public.h"
#include "host/trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- homes ---- */

enum catalog_home seat_home(struct host *host, const struct manifest *manifest,
                            enum catalog_home wanted, char why[160])
{
        const struct resident *resident = map_get(&host->residents, manifest->hash);
        const char *reason = NULL;

        if (wanted == HOME_AUTO && host->default_home == HOME_HOST)
                reason = "default_home says so";
        else if (wanted == HOME_HOST)
                reason = "the instance says so";
        else if (!map_get(&host->trusted, manifest->hash))
                reason = "not shipped with kaname; `kaname plugin trust` admits it to the core";
        else if (wanted == HOME_AUTO && manifest->has_own_sockets)
                reason = "it opens connections of its own";
        else if (guard_is_suspect(host->guard, manifest->hash))
                reason = "it was running in the core when the hub died; `kaname plugin trust` "
                         "readmits it";
        else if (resident && resident->is_wedged)
                reason = "a call of it in the core did not end";
        snprintf(why, 160, reason ? "host: %s" : "core", reason);
        return reason ? HOME_HOST : HOME_CORE;
}

enum catalog_home host_home(struct host *host, const struct catalog_instance *instance,
                            char why[160])
{
        enum catalog_home home;

        pthread_mutex_lock(&host->lock);
        home = seat_home(host, instance->plugin, instance->home, why);
        pthread_mutex_unlock(&host->lock);
        return home;
}

int host_trust(struct host *host, const char *hash, struct fault *fault)
{
        struct resident *resident;
        int r = trust_add(host->state_dir, hash, fault);

        if (r != 0)
                return r;
        pthread_mutex_lock(&host->lock);
        r = map_put(&host->trusted, hash, host, NULL);
        guard_clear(host->guard, hash);
        resident = map_get(&host->residents, hash);
        if (resident)
                resident->is_wedged = false;
        pthread_mutex_unlock(&host->lock);
        return r;
}

/* ---- residents ---- */

struct resident *resident_find(struct host *host, struct manifest *manifest)
{
        struct resident *resident = map_get(&host->residents, manifest->hash);

        if (resident)
                return resident;
        resident = calloc(1, sizeof *resident);
        if (!resident)
                return NULL;
        if (map_put(&host->residents, manifest->hash, resident, NULL) < 0) {
                free(resident);
                return NULL;
        }
        resident->host = host;
        resident->manifest = manifest_ref(manifest);
        resident->guard_slot = guard_slot(host->guard, manifest->hash);
        list_init(&resident->seats);
        list_init(&resident->waiting);
        pthread_mutex_init(&resident->loading, NULL);
        return resident;
}

static void seat_release(struct seat *seat)
{
        list_unlink(&seat->link);
        core_destroy(seat);
        pthread_mutex_destroy(&seat->making);
        json_decref(seat->config);
        json_decref(seat->egress);
        json_decref(seat->public);
        json_decref(seat->allowed);
        free(seat->name);
        free(seat);
}

void resident_free(void *arg)
{
        struct resident *resident = arg;

        list_each_safe(at, &resident->seats)
                seat_release(list_entry(at, struct seat, link));
        module_free(resident->module);
        manifest_unref(resident->manifest);
        pthread_mutex_destroy(&resident->loading);
        free(resident);
}

/* ---- seats ---- */

static bool is_same(const json_t *a, const json_t *b)
{
        return a == b || (a && b && json_equal(a, b));
}

static json_t *share(json_t *json)
{
        return json && !json_is_null(json) ? json_incref(json) : NULL;
}

/* Once for each seat, so with each start and each change of the configuration. */
static void warn(const struct seat *seat)
{
        if (!json_bool_of(json_object_get(seat->public, "tls"), "verify", true))
                log_warning("instance '%s' does not check with whom it speaks TLS: tls.verify is "
                            "false", seat->name);
}

static struct seat *seat_new(struct resident *resident, const struct catalog_instance *instance,
                             enum catalog_home home)
{
        struct seat *seat = calloc(1, sizeof *seat);

        if (!seat)
                return NULL;
        seat->resident = resident;
        seat->number = ++resident->last_seat;
        seat->refs = 1;
        seat->name = strdup(instance->name);
        seat->wanted = instance->home;
        seat->home = home;
        seat->config = share(instance->config);
        seat->egress = share(instance->egress);
        seat->public = public_config(resident->manifest->config, instance->config);
        seat->allowed = seat->egress ? json_incref(seat->egress) : egress_derive(instance->config);
        list_init(&seat->queue);
        pthread_mutex_init(&seat->making, NULL);
        list_append(&resident->seats, &seat->link);
        warn(seat);
        return seat;
}

/* The list's reference goes later, in a place without the lock. */
static void unref_later(void *arg)
{
        struct seat *seat = arg;
        struct host *host = seat->resident->host;

        seat_unref(seat);
        host_posted(host);
}

static void retire(struct seat *seat)
{
        seat->is_retired = true;
        host_run(seat->resident->host, unref_later, seat);
}

static bool still_fits(const struct seat *seat, const struct catalog_instance *instance,
                       enum catalog_home home)
{
        json_t *egress = json_is_null(instance->egress) ? NULL : instance->egress;

        return seat->home == home && seat->wanted == instance->home &&
               is_same(seat->config, instance->config) &&
               is_same(seat->egress, egress);
}

struct seat *seat_find(struct resident *resident, const struct catalog_instance *instance)
{
        char why[160];
        enum catalog_home home = seat_home(resident->host, resident->manifest, instance->home, why);
        struct seat *found = NULL;

        list_each(at, &resident->seats) {
                struct seat *seat = list_entry(at, struct seat, link);

                if (!seat->is_retired && strcmp(seat->name, instance->name) == 0)
                        found = seat;
        }
        if (found && !still_fits(found, instance, home)) {
                retire(found);
                found = NULL;
        }
        return found ? found : seat_new(resident, instance, home);
}

void seat_unref(struct seat *seat)
{
        struct host *host = seat->resident->host;
        struct process *process = NULL;
        bool is_last;

        pthread_mutex_lock(&host->lock);
        is_last = --seat->refs == 0;
        if (is_last) {
                list_unlink(&seat->link);
                process = seat->home == HOME_HOST ? seat->resident->process : NULL;
                if (process)
                        process = process_ref(process);
        }
        pthread_mutex_unlock(&host->lock);
        if (process) {
                process_drop_seat(process, seat);
                process_unref(process);
        }
        if (is_last)
                seat_release(seat);
}
