/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Aliases, actions and sensors that people make, change or switch at run time: documents, as edit.c
 * has it. What a file or a plugin defines can be switched, and nothing else.
 */
#include "hub/room.h"

#include "flow/alias.h"

#include <errno.h>

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

/* "api", or who else defines it; NULL: nobody does. */
static const char *origin_of(const struct catalog *catalog, const char *kind, const char *ref)
{
        const struct catalog_alias *alias;
        const struct catalog_action *action;
        struct sensor_search search = { ref, NULL };

        if (text_equal(kind, "alias")) {
                alias = catalog_alias(catalog, ref);
                return alias ? alias->origin : NULL;
        }
        if (text_equal(kind, "sensor")) {
                catalog_each_sensor(catalog, find_sensor, &search);
                return search.origin;
        }
        action = catalog_action(catalog, ref);
        return !action ? NULL : json_text_of(action->metadata, "metadata_file", "the hub itself");
}

static int not_ours(const char *kind, const char *ref, const char *origin, struct fault *fault)
{
        char code[48];

        snprintf(code, sizeof code, "%s.from-file", kind);
        fault_set(fault, 409, code, "the %s '%s' is defined by %s", kind, ref, origin);
        return fault_try(fault, "change it there, or switch it off with {\"enabled\": false}");
}

static void tell(const char *kind, const char *ref, const char *what, const char *user)
{
        log_write(LOG_NOTICE_, LOG_FIELDS("user", user), "%s '%s' %s", kind, ref, what);
}

int hub_put_content(struct hub *hub, const struct hub_content *content, bool create,
                    struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(hub);
        const char *origin = origin_of(catalog, content->kind, content->ref);
        int r;

        if (origin && !text_equal(origin, "api"))
                return not_ours(content->kind, content->ref, origin, fault);
        r = content_put_doc(hub, content->kind, content->ref, content->body, create, fault);
        if (r == 0)
                tell(content->kind, content->ref, !content->body ? "deleted"
                     : create ? "created" : "changed", content->user);
        return r;
}

int hub_enable_content(struct hub *hub, const struct hub_content *content, bool enabled,
                       struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(hub);
        _json_ json_t *body = json_pack("{s:b}", "enabled", enabled);
        _free_ char *name = NULL;
        int r;

        if (!origin_of(catalog, content->kind, content->ref)) {
                fault_set(fault, 404, "content.unknown", "there is no %s '%s'", content->kind,
                          content->ref);
                return fault_try(fault, "kaname %s list", content->kind);
        }
        if (asprintf(&name, "%s:%s", content->kind, content->ref) < 0) {
                name = NULL;
                return fault_errno(fault, -ENOMEM, "enable");
        }
        r = content_put_doc(hub, "enabled", name, body, false, fault);
        if (r == 0)
                tell(content->kind, content->ref, enabled ? "enabled" : "disabled", content->user);
        return r;
}
