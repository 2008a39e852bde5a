/* SPDX-License-Identifier: Apache-2.0 */

/*
 * An owner is a contact that is assigned to the object in one role, "Owner" unless the configuration
 * says otherwise. A contact belongs to the CMDB: one is found by its mail address, and made where
 * there is none; it is never renamed or deleted. Assignments in other roles are left alone.
 */

#include "cmdb/netbox/netbox.h"

#include "web.h"

#include <strings.h>

#define ASSIGNMENTS_MAX 20000

static const char *owner_role(struct kn_ctx *ctx)
{
        return kn_config_str(ctx, "owner_role", "Owner");
}

int netbox_find_contact(struct kn_ctx *ctx, const char *mail, json_t **ret)
{
        const struct make *make = netbox_make(ctx);
        _free_ char *address = web_escape(mail), *path = NULL;
        _json_ json_t *rows = json_array();
        json_t *contact;
        size_t i;
        int r;

        if (!address || asprintf(&path, "%s?email__ie=%s", make->contacts, address) < 0)
                return KN_ENOMEM;
        r = netbox_list_all(ctx, path, "the contacts", 1000, rows);
        if (r < 0)
                return r;
        json_array_foreach(rows, i, contact)
                if (strcasecmp(json_member(contact, "email", ""), mail) == 0) {
                        *ret = json_incref(contact);
                        return KN_OK;
                }
        return KN_OK;
}

/* An assignment's contact, whole: NetBox shows only its name there. */
static int whole_contact(struct kn_ctx *ctx, const json_t *assignment, json_t **ret)
{
        json_t *contact = json_object_get(assignment, "contact");
        _free_ char *id = netbox_id(contact), *path = NULL;

        if (json_object_get(contact, "email")) {
                *ret = json_incref(contact);
                return KN_OK;
        }
        if (!id || asprintf(&path, "%s%s/", netbox_make(ctx)->contacts, id) < 0)
                return KN_ENOMEM;
        return netbox_get(ctx, path, "a contact", ret);
}

/* The assignments in the owner's role of the objects in "&id=…" form. */
static int list_assignments(struct kn_ctx *ctx, const struct netbox_kind *kind, const char *ids,
                            json_t *rows)
{
        const struct make *make = netbox_make(ctx);
        _json_ json_t *all = json_array();
        _free_ char *path = NULL;
        json_t *row;
        size_t i;
        int r;

        if (asprintf(&path, "%s?%s=%s%s%s", make->assignments, make->object_type, kind->type, ids,
                     make->depth) < 0)
                return KN_ENOMEM;
        r = netbox_list_all(ctx, path, "the contacts of an object", ASSIGNMENTS_MAX, all);
        json_array_foreach(all, i, row)
                if (strcasecmp(json_member(json_object_get(row, "role"), "name", ""),
                               owner_role(ctx)) == 0)
                        json_array_append(rows, row);
        return r;
}

static json_t *find_view(const json_t *views, const json_t *assignment, const char *member)
{
        const json_t *id = json_object_get(assignment, member);
        char number[24];
        json_t *view;
        size_t i;

        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(id));
        json_array_foreach(views, i, view)
                if (strcmp(json_member(view, "id", ""),
                           json_is_string(id) ? json_string_value(id) : number) == 0)
                        return view;
        return NULL;
}

static int put_owner(struct kn_ctx *ctx, const json_t *views, const json_t *assignment)
{
        json_t *view = find_view(views, assignment, netbox_make(ctx)->object_id);
        _json_ json_t *contact = NULL;
        int r = whole_contact(ctx, assignment, &contact);

        if (r < 0 || !view)
                return r;
        return json_object_set_new(json_object_get(view, "value"), "owner",
                                   cmdb_owner(json_member(contact, "name", NULL),
                                              json_member(contact, "email", NULL))) < 0 ? KN_ENOMEM
                                                                                        : KN_OK;
}

char *netbox_ids(const json_t *objects, size_t from, const char *name)
{
        size_t to = from + NETBOX_IDS_AT_ONCE;
        char *ret = strdup(""), *longer;

        for (size_t i = from; ret && i < json_array_size(objects) && i < to; i++) {
                if (asprintf(&longer, "%s&%s=%s", ret, name,
                             json_member(json_array_get(objects, i), "id", "")) < 0)
                        longer = NULL;
                free(ret);
                ret = longer;
        }
        return ret;
}

int netbox_put_owners(struct kn_ctx *ctx, const struct netbox_kind *kind, json_t *views)
{
        for (size_t from = 0; from < json_array_size(views); from += NETBOX_IDS_AT_ONCE) {
                _free_ char *ids = netbox_ids(views, from, netbox_make(ctx)->object_id);
                _json_ json_t *rows = json_array();
                int r = ids ? list_assignments(ctx, kind, ids, rows) : KN_ENOMEM;

                for (size_t i = 0; r == 0 && i < json_array_size(rows); i++)
                        r = put_owner(ctx, views, json_array_get(rows, i));
                if (r < 0)
                        return r;
        }
        return KN_OK;
}

int netbox_owned(struct kn_ctx *ctx, const struct netbox_kind *kind, const char *mail,
                 json_t *objects)
{
        _json_ json_t *contact = NULL, *rows = json_array();
        _free_ char *id = NULL, *filter = NULL;
        json_t *row;
        size_t i;
        int r = netbox_find_contact(ctx, mail, &contact);

        id = contact ? netbox_id(contact) : NULL;
        if (id && asprintf(&filter, "&contact=%s", id) < 0)
                return KN_ENOMEM;
        if (r == 0 && filter)
                r = list_assignments(ctx, kind, filter, rows);
        if (r < 0)
                return r;
        json_array_foreach(rows, i, row) {
                const json_t *object = json_object_get(row, netbox_make(ctx)->object_id);

                json_array_append_new(objects, json_is_string(object)
                        ? json_pack("{s:O}", "id", object)
                        : json_pack("{s:o}", "id", json_sprintf("%lld", (long long)
                                                                json_integer_value(object))));
        }
        return KN_OK;
}

/* ---- writing ---- */

static int make_contact(struct kn_ctx *ctx, const json_t *owner, json_t **ret)
{
        _json_ json_t *body = json_pack("{s:s, s:s}", "name", json_member(owner, "name", ""), "email",
                                        json_member(owner, "mail", ""));

        return netbox_send(ctx, "POST", netbox_make(ctx)->contacts, body, "a new contact", ret);
}

static int assign(struct kn_ctx *ctx, const struct netbox_kind *kind, const char *id,
                  const json_t *owner)
{
        const struct make *make = netbox_make(ctx);
        _json_ json_t *contact = NULL, *body = NULL;
        int r = netbox_find_contact(ctx, json_member(owner, "mail", ""), &contact);

        if (r == 0 && !contact)
                r = make_contact(ctx, owner, &contact);
        if (r < 0)
                return r;
        body = json_pack("{s:s, s:s, s:O, s:{s:s}}", make->object_type, kind->type, make->object_id,
                         id, "contact", json_object_get(contact, "id"), "role", "name",
                         owner_role(ctx));
        if (body && make->has_plain_status)
                json_object_set_new(body, "priority", json_string("primary"));
        else if (body)
                json_object_set_new(body, "status", json_pack("{s:s}", "name", "Active"));
        return netbox_send(ctx, "POST", make->assignments, body, "the owner (is there a role of "
                           "that name for contacts?)", NULL);
}

int netbox_set_owner(struct kn_ctx *ctx, const struct netbox_kind *kind, const char *id,
                     const json_t *owner)
{
        const struct make *make = netbox_make(ctx);
        _json_ json_t *rows = json_array();
        _free_ char *ids = NULL;
        int r;

        if (asprintf(&ids, "&%s=%s", make->object_id, id) < 0)
                return KN_ENOMEM;
        r = list_assignments(ctx, kind, ids, rows);
        for (size_t i = 0; r == 0 && i < json_array_size(rows); i++) {
                _free_ char *one = netbox_id(json_array_get(rows, i)), *path = NULL;

                if (!one || asprintf(&path, "%s%s/", make->assignments, one) < 0)
                        return KN_ENOMEM;
                r = netbox_send(ctx, "DELETE", path, NULL, "the owner of before", NULL);
        }
        return r < 0 || json_is_null(owner) ? r : assign(ctx, kind, id, owner);
}
