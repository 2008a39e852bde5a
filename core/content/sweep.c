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
#include "content/room.h"

#include "catalog/pack.h"

#include <string.h>

#define FIRST_MS 200
#define LAST_MS 3600000

static int has_hash(void *arg, const struct manifest *plugin)
{
        return strcmp(plugin->hash, arg) == 0;
}

static bool any_catalog(struct content *content, bool (*has)(const struct catalog *, const char *,
                                                     const char *), const char *a, const char *b)
{
        _cleanup_(catalog_unrefp) struct catalog *present = hub_catalog(content->hub);
        bool found = has(present, a, b);

        for (size_t i = 0; i < content->sweeping.n && !found; i++)
                found = has(content->sweeping.old[i], a, b);
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
static bool wants_plugin(void *content, const char *hash)
{
        return any_catalog(content, has_plugin, hash, NULL);
}

static bool wants_version(void *content, const char *name, const char *version)
{
        return any_catalog(content, has_version, name, version);
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
        struct content *content = arg;
        int64_t *pause = &content->sweeping.pause_ms;

        *pause = *pause * 2 < LAST_MS ? *pause * 2 : LAST_MS;
        loop_timer_set(content->sweeping.timer, clock_mono_ms() + *pause);
}

static void run_round(void *arg)
{
        struct content *content = arg;
        _fault_ struct fault fault = FAULT_INIT;
        bool is_done;
        int r;

        pthread_mutex_lock(&content->lock);
        drop_unshared(&content->sweeping);
        is_done = content->sweeping.n == 0;
        r = host_sweep(content->o.state_dir, wants_plugin, content);
        if (r == 0)
                r = pack_sweep(content->o.state_dir, wants_version, content, &fault);
        pthread_mutex_unlock(&content->lock);
        if (fault_errno(&fault, r, "delete old versions of plugins and packs") != 0)
                log_warning("%s, retrying with the next change", fault.what);
        if (!is_done)
                loop_post(content->o.loop, again, content);
}

static void on_timer(void *arg)
{
        struct content *content = arg;

        (void)pool_run(content->o.pool, run_round, content);
}

static void soon(void *arg)
{
        struct content *content = arg;

        content->sweeping.pause_ms = FIRST_MS;
        loop_timer_set(content->sweeping.timer, clock_mono_ms() + FIRST_MS);
}

/* Without memory for it the old one goes at once, and its files too: a call of it may fail then. */
void sweep_later(struct content *content, struct catalog *old)
{
        struct sweeping *s = &content->sweeping;
        struct catalog **more = realloc(s->old, (s->n + 1) * sizeof *more);

        if (more) {
                s->old = more;
                s->old[s->n++] = old;
        } else {
                catalog_unref(old);
        }
        loop_post(content->o.loop, soon, content);
}

int sweep_init(struct content *content)
{
        return loop_timer_new(content->o.loop, on_timer, content, &content->sweeping.timer);
}

void sweep_soon(struct content *content)
{
        loop_post(content->o.loop, soon, content);
}

void sweep_deinit(struct content *content)
{
        struct sweeping *s = &content->sweeping;

        s->timer = loop_timer_free(s->timer);
        while (s->n)
                catalog_unref(s->old[--s->n]);
        free(s->old);
}
