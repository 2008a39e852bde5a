/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Configurations of packs: documents of the store, with what the schema marks secret sealed, each
 * under its own path so that no sealed value fits another place. They are opened, filled with
 * defaults and their expressions rendered when an action of the pack asks for config_context.
 */
#include "content/room.h"

#include "expr/expr.h"

#include <errno.h>
#include <string.h>

#define SEALED "kn1:"

/* ---- walking values and their schema together ---- */

struct walk {
        struct content *content;
        const char *pack;
        /* *ret stays NULL where the value stays. */
        int (*visit)(const struct walk *walk, const json_t *schema, const char *path,
                     const json_t *value, json_t **ret, struct fault *fault);
        const struct expr_world *world; /* of render_one() */
};

static const json_t *schema_of(const json_t *schema, const char *key)
{
        const json_t *own = json_object_get(json_object_get(schema, "properties"), key);

        return own ? own : json_object_get(schema, "additionalProperties");
}

static int walk(const struct walk *w, const json_t *schema, const char *path, json_t *value,
                struct fault *fault);

static int step(const struct walk *w, const json_t *schema, const char *path, json_t *value,
                json_t **ret, struct fault *fault)
{
        int r;

        *ret = NULL;
        r = w->visit(w, schema, path, value, ret, fault);
        return r || *ret ? r : walk(w, schema, path, value, fault);
}

static int walk(const struct walk *w, const json_t *schema, const char *path, json_t *value,
                struct fault *fault)
{
        json_t *inner, *made;
        const char *key;
        size_t i;
        void *next;
        int r = 0;

        json_object_foreach_safe(value, next, key, inner) {
                _free_ char *below = NULL;

                if (r || asprintf(&below, "%s/%s", path, key) < 0) {
                        below = NULL;
                        return r ? r : -ENOMEM;
                }
                r = step(w, schema_of(schema, key), below, inner, &made, fault);
                if (r == 0 && made)
                        json_object_set_new(value, key, made);
        }
        json_array_foreach(value, i, inner) {
                if (r)
                        return r;
                r = step(w, json_object_get(schema, "items"), path, inner, &made, fault);
                if (r == 0 && made)
                        json_array_set_new(value, i, made);
        }
        return r;
}

static int walk_all(const struct walk *w, const struct catalog_pack *pack, json_t *values,
                    struct fault *fault)
{
        _json_ json_t *schema = json_pack("{s:O*}", "properties", pack->config_schema);

        return schema ? walk(w, schema, "", values, fault) : -ENOMEM;
}

static bool is_secret(const json_t *schema)
{
        return json_bool_of(schema, "secret", false) || json_bool_of(schema, "writeOnly", false);
}

static int name_of(const struct walk *w, const char *path, char **ret)
{
        if (asprintf(ret, "config.%s%s", w->pack, path) >= 0)
                return 0;
        *ret = NULL;
        return -ENOMEM;
}

static int seal_one(const struct walk *w, const json_t *schema, const char *path,
                    const json_t *value, json_t **ret, struct fault *fault)
{
        _free_ char *name = NULL, *plain = NULL, *sealed = NULL;
        int r;

        if (!is_secret(schema) || json_is_null(value))
                return 0;
        plain = json_compact(value);
        r = plain ? name_of(w, path, &name) : -ENOMEM;
        if (r == 0)
                r = seal_text(w->content->o.seal, name, plain, &sealed, fault);
        if (r == 0)
                *ret = json_string(sealed);
        if (r == 0 && json_is_string(value))
                log_mask(json_string_value(value));
        return r ? r : *ret ? 0 : -ENOMEM;
}

static int open_one(const struct walk *w, const json_t *schema, const char *path,
                    const json_t *value, json_t **ret, struct fault *fault)
{
        const char *sealed = json_string_value(value);
        _free_ char *name = NULL, *plain = NULL;
        int r;

        if (!sealed || !text_starts_with(sealed, SEALED))
                return 0;
        (void)schema;
        r = name_of(w, path, &name);
        if (r == 0)
                r = seal_unseal(w->content->o.seal, name, sealed, &plain, fault);
        if (r)
                return r;
        *ret = json_stored(plain);
        if (json_is_string(*ret))
                log_mask(json_string_value(*ret));
        return *ret ? 0 : -ENOMEM;
}

/* ---- expressions in values ---- */

CLEANUP_DEFINE(struct expr *, expr_free);

/* A secret attribute is given what a secret key holds in the clear. */
static int call_open(void *arg, const char *function, const json_t *args, const json_t *kwargs,
                     json_t **ret, struct fault *fault)
{
        const struct expr_world *world = arg;
        _json_ json_t *with = json_is_object(kwargs) ? json_copy((json_t *)kwargs) : json_object();

        if (!with || json_object_set_new(with, "decrypt", json_true()) < 0)
                return -ENOMEM;
        return world->call(world->arg, function, args, with, ret, fault);
}

static int render_one(const struct walk *w, const json_t *schema, const char *path,
                      const json_t *value, json_t **ret, struct fault *fault)
{
        _cleanup_(expr_freep) struct expr *expr = NULL;
        const struct expr_world open = { .call = call_open, .arg = (void *)(uintptr_t)w->world };
        json_t *made = NULL;
        int r;

        if (!catalog_is_template(value))
                return 0;
        r = expr_compile(value, &expr, fault);
        if (r == 0)
                r = expr_eval_in(expr, is_secret(schema) ? &open : w->world, &made, fault);
        if (r == FAULT)
                return fault_prefix(fault, "configuration of the pack '%s': %s", w->pack,
                                    path + (*path == '/'));
        if (r == 0)
                *ret = json_deep_copy(made);
        json_decref(made);
        return r ? r : *ret ? 0 : -ENOMEM;
}

/* ---- put and get ---- */

static int no_pack(const char *pack, struct fault *fault)
{
        fault_set(fault, 404, "pack.unknown", "the pack '%s' is not installed", pack);
        return fault_try(fault, "kaname pack list");
}

static int take_body(void *arg, const struct store_doc *doc)
{
        *(json_t **)arg = json_stored(doc->body);
        return 0;
}

/* As it is stored; an empty object where nothing was set. */
static int stored(struct content *content, const char *pack, json_t **ret)
{
        json_t *body = NULL;

        store_get_doc(content->o.store, "config", pack, take_body, &body, NULL);
        *ret = json_is_object(body) ? body : json_object();
        if (*ret != body)
                json_decref(body);
        return *ret ? 0 : -ENOMEM;
}

int content_config_put(struct content *content, const char *name, const json_t *values,
                       const char *user, struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(content->hub);
        const struct catalog_pack *pack = catalog_pack(catalog, name);
        const struct walk seal = { content, name, seal_one, NULL };
        _json_ json_t *copy = json_deep_copy(values);
        _free_ char *body = NULL;
        int r;

        if (!pack)
                return no_pack(name, fault);
        if (!json_is_object(copy))
                return fault_set(fault, 400, "config.not-object",
                                 "a configuration is a JSON object");
        r = catalog_check_config(pack, copy, fault);
        if (r == 0)
                r = walk_all(&seal, pack, copy, fault);
        if (r == 0 && !(body = json_compact(copy)))
                r = -ENOMEM;
        if (r == 0)
                r = content_store_doc(content, "config", name, body, fault);
        if (r == 0)
                content_tell("configuration of the pack", name, "set", user);
        return fault_errno(fault, r, "configuration");
}

int content_config_get(struct content *content, const char *name, bool in_clear, json_t **ret,
                       struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(content->hub);
        const struct catalog_pack *pack = catalog_pack(catalog, name);
        const struct walk open = { content, name, open_one, NULL };
        _json_ json_t *values = NULL;
        int r = pack ? stored(content, name, &values) : no_pack(name, fault);

        if (r == 0 && in_clear)
                r = walk_all(&open, pack, values, fault);
        if (r)
                return fault_errno(fault, r, "configuration");
        *ret = in_clear || !pack->config ? TAKE(values) : schema_mask(pack->config, values);
        return 0;
}

int content_config_context(void *content, const struct expr_world *world,
                           const struct catalog *catalog, const char *name, json_t **ret,
                           struct fault *fault)
{
        const struct walk open = { content, name, open_one, NULL },
                          render = { content, name, render_one, world };
        const struct catalog_pack *pack = catalog_pack(catalog, name);
        _json_ json_t *values = NULL;
        int r = stored(content, name, &values);

        if (r == 0 && pack)
                r = walk_all(&open, pack, values, fault);
        if (r == 0 && pack && pack->config)
                r = schema_fill_defaults(pack->config, values);
        if (r == 0 && pack)
                r = walk_all(&render, pack, values, fault);
        if (r == 0)
                *ret = TAKE(values);
        return r;
}
