/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Versions of packs and copies of plugins that nobody needs any more. Needed is what the catalog
 * has, what catalogs before it have that somebody still holds (an execution that began under one
 * ends under it), and the version of each pack that a rollback goes to. So a catalog that was
 * replaced is kept here until it is the last reference to it.
 *
 * A round follows the start and each new catalog, and again, less and less often, while an old one
 * is still held. It has the content lock: nothing is being described or installed meanwhile.
 */
#include "hub/room.h"

#include "catalog/pack.h"

#include <string.h>

#define FIRST_MS 200
#define LAST_MS 3600000

static int has_hash(void *arg, const struct manifest *plugin)
{
        return strcmp(plugin->hash, arg) == 0;
}

static bool any_catalog(struct hub *hub, bool (*has)(const struct catalog *, const char *,
                                                     const char *), const char *a, const char *b)
{
        bool found = has(hub->catalog, a, b);

        for (size_t i = 0; i < hub->sweeping.n && !found; i++)
                found = has(hub->sweeping.old[i], a, b);
        return found;
}

static bool has_plugin(const struct catalog *catalog, const char *hash, const char *unused)
{
        (void)unused;
        return catalog_each_plugin(catalog, has_hash, (void *)(uintptr_t)hash) != 0;
}

static bool has_version(const struct catalog *catalog, const char *name, const char *version)
{
        const struct catalog_pack *pack = catalog_pack(catalog, name);

        return pack && text_equal(pack->version, version);
}

/* Under the content lock the catalog is not replaced. */
static bool wants_plugin(void *hub, const char *hash)
{
        return any_catalog(hub, has_plugin, hash, NULL);
}

static bool wants_version(void *hub, const char *name, const char *version)
{
        return any_catalog(hub, has_version, name, version);
}

static void drop_unshared(struct sweeping *s)
{
        size_t left = 0;

        for (size_t i = 0; i < s->n; i++)
                if (catalog_is_shared(s->old[i]))
                        s->old[left++] = s->old[i];
                else
                        catalog_unref(s->old[i]);
        s->n = left;
}

static void again(void *arg)
{
        struct hub *hub = arg;
        int64_t *pause = &hub->sweeping.pause_ms;

        *pause = *pause * 2 < LAST_MS ? *pause * 2 : LAST_MS;
        loop_timer_set(hub->sweeping.timer, clock_mono_ms() + *pause);
}

static void run_round(void *arg)
{
        struct hub *hub = arg;
        _fault_ struct fault fault = FAULT_INIT;
        bool is_done;
        int r;

        pthread_mutex_lock(&hub->content_lock);
        drop_unshared(&hub->sweeping);
        is_done = hub->sweeping.n == 0;
        r = host_sweep(hub->o.state_dir, wants_plugin, hub);
        if (r == 0)
                r = pack_sweep(hub->o.state_dir, wants_version, hub, &fault);
        pthread_mutex_unlock(&hub->content_lock);
        if (fault_errno(&fault, r, "delete old versions of plugins and packs") != 0)
                log_warning("%s, retrying with the next change", fault.what);
        if (!is_done)
                loop_post(hub->o.loop, again, hub);
}

static void on_timer(void *arg)
{
        struct hub *hub = arg;

        (void)pool_run(hub->o.pool, run_round, hub);
}

static void soon(void *arg)
{
        struct hub *hub = arg;

        hub->sweeping.pause_ms = FIRST_MS;
        loop_timer_set(hub->sweeping.timer, clock_mono_ms() + FIRST_MS);
}

/* Without memory for it the old one goes at once, and its files too: a call of it may fail then. */
void sweep_later(struct hub *hub, struct catalog *old)
{
        struct sweeping *s = &hub->sweeping;
        struct catalog **more = realloc(s->old, (s->n + 1) * sizeof *more);

        if (more) {
                s->old = more;
                s->old[s->n++] = old;
        } else {
                catalog_unref(old);
        }
        loop_post(hub->o.loop, soon, hub);
}

int sweep_init(struct hub *hub)
{
        int r = loop_timer_new(hub->o.loop, on_timer, hub, &hub->sweeping.timer);

        if (r == 0)
                soon(hub);
        return r;
}

void sweep_deinit(struct hub *hub)
{
        struct sweeping *s = &hub->sweeping;

        s->timer = loop_timer_free(s->timer);
        while (s->n)
                catalog_unref(s->old[--s->n]);
        free(s->old);
}
