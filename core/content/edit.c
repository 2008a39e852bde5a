/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What people make, change and switch at run time: each is a document in the store, put there when
 * the catalog stands that is built from it and all others; where it would not, the reason is the
 * answer and nothing was written. What a file or a plugin defines can be switched, and nothing
 * else: a document of kind "enabled" says so.
 */
#include "content/room.h"

#include "flow/rulebook.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- documents ---- */

static int take_body(void *arg, const struct store_doc *doc)
{
        *(char **)arg = strdup(doc->body);
        return 0;
}

static char *stored_body(struct content *content, const char *kind, const char *name)
{
        char *body = NULL;

        store_get_doc(content->o.store, kind, name, take_body, &body, NULL);
        return body;
}

int content_store_doc(struct content *content, const char *kind, const char *name,
                      const char *body, struct fault *fault)
{
        struct store_txn *txn = store_txn_new();

        if (!txn)
                return fault_errno(fault, -ENOMEM, kind);
        store_txn_doc(txn, kind, name, body, STORE_ANY);
        return store_outcome_fault(store_commit_wait(content->o.store, txn, NULL, NULL), fault);
}

static int exists(const char *kind, const char *name, struct fault *fault)
{
        fault_set(fault, 409, "content.exists", "the %s '%s' is there already", kind, name);
        if (text_equal(kind, "instance"))
                return fault_try(fault, "kaname instance add %s --replace …, or choose another "
                                 "name", name);
        return fault_try(fault, "change it with PUT, or choose another name");
}

/*
 * The catalog comes first: what it refuses never reaches the disk, where a secret that stood in the
 * wrong place would stay.
 */
static int build_and_put(struct content *content, const struct store_doc *draft,
                         struct fault *fault)
{
        struct catalog *catalog = NULL;
        int r = content_build_draft(content, draft, &catalog, fault);

        if (r == 0)
                r = content_store_doc(content, draft->kind, draft->name, draft->body, fault);
        if (r == 0)
                content_swap(content, catalog);
        else
                catalog_unref(catalog);
        return r;
}

/* Rebuild with one document and commit it; on a fault nothing has changed. */
static int put_doc(struct content *content, const char *kind, const char *name,
                   const json_t *body, bool create, struct fault *fault)
{
        _free_ char *text = body ? json_compact(body) : NULL, *old = NULL;
        const struct store_doc draft = { .kind = kind, .name = name, .body = text };
        int r;

        if (body && !text)
                return fault_errno(fault, -ENOMEM, name);
        pthread_mutex_lock(&content->lock);
        old = stored_body(content, kind, name);
        if (create && old)
                r = exists(kind, name, fault);
        else if (!body && !old)
                r = fault_set(fault, 404, "content.unknown",
                              "there is no %s '%s' that was made at run time", kind, name);
        else
                r = build_and_put(content, &draft, fault);
        pthread_mutex_unlock(&content->lock);
        return r;
}

/* ---- who defines it: "api", or a file, a plugin …; NULL: nobody does ---- */

static const char *alias_origin(const struct catalog *catalog, const char *ref)
{
        const struct catalog_alias *alias = catalog_alias(catalog, ref);

        return alias ? alias->origin : NULL;
}

static const char *action_origin(const struct catalog *catalog, const char *ref)
{
        const struct catalog_action *action = catalog_action(catalog, ref);

        return action ? json_text_of(action->metadata, "metadata_file", "the hub itself") : NULL;
}

static const char *policy_origin(const struct catalog *catalog, const char *ref)
{
        const struct catalog_policy *policy = catalog_policy(catalog, ref);

        return policy ? policy->origin : NULL;
}

static const char *trigger_origin(const struct catalog *catalog, const char *ref)
{
        const struct catalog_trigger *trigger = catalog_trigger(catalog, ref);

        return trigger ? trigger->origin : NULL;
}

/* The one that a plugin gets without being asked is there to be replaced. */
static const char *instance_origin(const struct catalog *catalog, const char *name)
{
        const struct catalog_instance *instance = catalog_instance(catalog, name);

        return instance && !text_starts_with(instance->origin, "plugin ") ? instance->origin
                                                                          : NULL;
}

struct sensor_search {
        const char *ref, *origin;
};

static int find_sensor(void *arg, const struct catalog_sensor *sensor)
{
        struct sensor_search *search = arg;

        if (text_equal(sensor->ref, search->ref))
                search->origin = sensor->origin;
        return search->origin != NULL;
}

static const char *sensor_origin(const struct catalog *catalog, const char *ref)
{
        struct sensor_search search = { ref, NULL };

        catalog_each_sensor(catalog, find_sensor, &search);
        return search.origin;
}

/* ---- what else must be right ---- */

CLEANUP_DEFINE(struct rule *, rule_free);

/* Who switches a timer on now is told that it is too late; what is wrong else is told elsewhere. */
static int check_fires(const struct content_item *item, struct fault *fault)
{
        _cleanup_(rule_freep) struct rule *rule = NULL;

        if (rule_compile(item->body, &rule, NULL) || !rule_is_enabled(rule))
                return 0;
        return rule_check_fires(rule, clock_real_ms(), fault);
}

static int check_name(const struct content_item *item, struct fault *fault)
{
        if (text_is_name(item->ref))
                return 0;
        return fault_set(fault, 400, "instance.name",
                         "'%s' is no name: letters, digits, _ . - only", item->ref);
}

/* ---- kinds ---- */

struct kind {
        const char *name;
        const char *(*origin)(const struct catalog *catalog, const char *ref);
        int (*check)(const struct content_item *item, struct fault *fault);     /* may be NULL */
        /* What to do where a file defines it: the command that switches it off, or a sentence. */
        const char *off, *instead;
};

static const struct kind kinds[] = {
        { "rule", catalog_rule_origin, check_fires, "kaname rule disable", NULL },
        { "policy", policy_origin, NULL, "kaname policy disable", NULL },
        { "alias", alias_origin, NULL, "kaname alias disable", NULL },
        { "action", action_origin, NULL, NULL,
          "change it there, or switch it off with {\"enabled\": false}" },
        { "sensor", sensor_origin, NULL, NULL,
          "change it there, or switch it off with {\"enabled\": false}" },
        { "instance", instance_origin, check_name, NULL,
          "edit that file and reload: kaname status names the configuration" },
        { "trigger", trigger_origin, NULL, NULL, "change it there" },
};

static const struct kind *kind_of(const struct content_item *item)
{
        size_t i = 0;

        while (i < sizeof kinds / sizeof *kinds && strcmp(kinds[i].name, item->kind) != 0)
                i++;
        assert(i < sizeof kinds / sizeof *kinds);
        return &kinds[i];
}

static int defined_elsewhere(const struct kind *kind, const char *ref, const char *origin,
                             struct fault *fault)
{
        char code[48];

        snprintf(code, sizeof code, "%s.from-file", kind->name);
        fault_set(fault, 409, code, "the %s '%s' is defined by %s", kind->name, ref, origin);
        if (kind->instead)
                return fault_try(fault, "%s", kind->instead);
        return fault_try(fault, "edit that file and reload, or switch the %s off: %s %s",
                         kind->name, kind->off, ref);
}

static int unknown(const struct content_item *item, struct fault *fault)
{
        char code[48];

        snprintf(code, sizeof code, "%s.unknown", item->kind);
        fault_set(fault, 404, code, "there is no %s '%s'", item->kind, item->ref);
        return fault_try(fault, "kaname %s list", item->kind);
}

int content_put(struct content *content, const struct content_item *item, bool create,
                struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(content->hub);
        const struct kind *kind = kind_of(item);
        const char *origin = kind->origin(catalog, item->ref);
        int r = 0;

        if (origin && !text_equal(origin, "api"))
                return defined_elsewhere(kind, item->ref, origin, fault);
        if (item->body && kind->check)
                r = kind->check(item, fault);
        if (r == 0)
                r = put_doc(content, item->kind, item->ref, item->body, create, fault);
        if (r == 0)
                content_tell(item->kind, item->ref, !item->body ? "deleted"
                             : create ? "created" : "changed", item->user);
        return r;
}

/* ---- on and off ---- */

static int override(struct content *content, const struct content_item *item, bool enabled,
                    struct fault *fault)
{
        _json_ json_t *body = json_pack("{s:b}", "enabled", enabled);
        _free_ char *name = NULL;

        if (asprintf(&name, "%s:%s", item->kind, item->ref) < 0) {
                name = NULL;
                return fault_errno(fault, -ENOMEM, "enable");
        }
        return put_doc(content, "enabled", name, body, false, fault);
}

/* A rule of a file, too, is not switched on when its time is over. */
static int check_on(const struct catalog *catalog, const struct content_item *item,
                    struct fault *fault)
{
        const struct rule *rule = rulebook_find(catalog_rules(catalog), item->ref);

        return text_equal(item->kind, "rule") && rule
                       ? rule_check_fires(rule, clock_real_ms(), fault) : 0;
}

int content_enable(struct content *content, const struct content_item *item, bool enabled,
                   struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(content->hub);
        const char *origin = kind_of(item)->origin(catalog, item->ref);
        _free_ char *own = text_equal(origin, "api") ? stored_body(content, item->kind, item->ref)
                           : NULL;
        _json_ json_t *body = own ? json_stored(own) : NULL;
        int r = !origin ? unknown(item, fault) : enabled ? check_on(catalog, item, fault) : 0;

        if (r)
                return r;
        if (body && json_object_set_new(body, "enabled", json_boolean(enabled)) < 0)
                return fault_errno(fault, -ENOMEM, item->ref);
        r = body ? put_doc(content, item->kind, item->ref, body, false, fault)
                 : override(content, item, enabled, fault);
        if (r == 0)
                content_tell(item->kind, item->ref, enabled ? "enabled" : "disabled", item->user);
        return r;
}
