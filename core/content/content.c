/* SPDX-License-Identifier: Apache-2.0 */
#include "content/room.h"

#include <errno.h>

static struct content *content_new(const struct content_options *options)
{
        struct content *content = calloc(1, sizeof *content);

        if (!content)
                return NULL;
        content->o = *options;
        if (!content->o.copies_dir)
                content->o.copies_dir = content->o.state_dir;
        content->instances =
                options->instances ? json_incref((json_t *)options->instances) : json_array();
        content->problems = json_object();
        pthread_mutex_init(&content->lock, NULL);
        return content;
}

int content_open(const struct content_options *options, struct content **ret,
                 struct catalog **ret_catalog, struct fault *fault)
{
        struct content *content = content_new(options);
        int r = content ? sweep_init(content) : -ENOMEM;

        if (r == 0)
                r = content_build(content, content->instances, false, ret_catalog, fault);
        if (r != 0) {
                content_close(content);
                return fault_errno(fault, r, "build the catalog");
        }
        *ret = content;
        return 0;
}

static json_t *left_out(const struct content *content)
{
        json_t *list = json_array(), *problem;
        const char *what;

        json_object_foreach(content->problems, what, problem)
                json_array_append(list, problem);
        return list;
}

int content_check(const struct content_options *options, json_t **ret, struct fault *fault)
{
        _cleanup_(content_closep) struct content *content = content_new(options);
        _cleanup_(catalog_unrefp) struct catalog *catalog = NULL;
        int r = content ? content_build(content, content->instances, false, &catalog, fault)
                        : -ENOMEM;

        if (r == 0)
                *ret = left_out(content);
        return r;
}

void content_serve(struct content *content, struct hub *hub)
{
        content->hub = hub;
        sweep_soon(content);
}

struct content *content_close(struct content *content)
{
        if (!content)
                return NULL;
        sweep_deinit(content);
        json_decref(content->instances);
        json_decref(content->problems);
        pthread_mutex_destroy(&content->lock);
        free(content);
        return NULL;
}

/* ---- the catalog in force ---- */

void content_swap(struct content *content, struct catalog *catalog)
{
        sweep_later(content, hub_set_catalog(content->hub, catalog));
}

static int renew_with(struct content *content, const json_t *instances, struct fault *fault)
{
        struct catalog *catalog = NULL;
        int r = content_build(content, instances, true, &catalog, fault);

        if (r == 0)
                content_swap(content, catalog);
        return r;
}

int content_renew(struct content *content, struct fault *fault)
{
        return renew_with(content, content->instances, fault);
}

int content_reload(struct content *content, const json_t *instances, struct fault *fault)
{
        int r;

        pthread_mutex_lock(&content->lock);
        r = renew_with(content, instances, fault);
        if (r == 0) {
                json_decref(content->instances);
                content->instances = json_incref((json_t *)instances);
        }
        pthread_mutex_unlock(&content->lock);
        return r;
}

int content_rebuild(struct content *content, struct fault *fault)
{
        int r;

        pthread_mutex_lock(&content->lock);
        r = content_renew(content, fault);
        pthread_mutex_unlock(&content->lock);
        return r;
}

json_t *content_problems(struct content *content)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = NULL;
        json_t *list;

        pthread_mutex_lock(&content->lock);
        catalog = hub_catalog(content->hub);
        list = left_out(content);
        pthread_mutex_unlock(&content->lock);
        json_array_extend(list, (json_t *)catalog_warnings(catalog));
        return list;
}

void content_tell(const char *kind, const char *name, const char *what, const char *user)
{
        log_write(LOG_NOTICE_, LOG_FIELDS("user", user), "%s '%s' %s", kind, name, what);
}
