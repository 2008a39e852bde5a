/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Devices and virtual machines as items. An attribute is a field of the object, the name of another
 * object that it refers to, or else a custom field of text; what an item depends on stands in one
 * custom field too, as a JSON list in its text, so that both makes can search in it.
 */

#include "cmdb/netbox/netbox.h"

#include "web.h"

#include <ctype.h>
#include <strings.h>

static const char *const device[] = { "asset_tag", "description", "location", "model", "os", "role",
                                      "serial", NULL };
static const char *const machine[] = { "cluster", "description", "os", "role", NULL };

const struct netbox_kind netbox_kinds[] = {
        { "server", "/dcim/devices/", "dcim.device", device },
        { "vm", "/virtualization/virtual-machines/", "virtualization.virtualmachine", machine },
};

static const struct row {
        const char *attribute, *field, *member; /* member NULL: the field is the text itself */
} rows_of_attributes[] = {
        { "asset_tag", "asset_tag", NULL },
        { "cluster", "cluster", "name" },
        { "description", "comments", NULL },
        { "location", NULL, "name" },           /* the make's place */
        { "model", "device_type", "model" },
        { "os", "platform", "name" },
        { "role", "role", "name" },
        { "serial", "serial", NULL },
};

const struct netbox_kind *netbox_kind(const char *kind)
{
        for (size_t i = 0; i < NETBOX_KINDS; i++)
                if (strcmp(netbox_kinds[i].kind, kind) == 0)
                        return &netbox_kinds[i];
        return NULL;
}

const struct netbox_kind *netbox_kind_of_type(const char *type)
{
        for (size_t i = 0; i < NETBOX_KINDS; i++)
                if (strcmp(netbox_kinds[i].type, type) == 0)
                        return &netbox_kinds[i];
        return NULL;
}

/* The row of an attribute that the kind has; NULL: it is a custom field. */
static const struct row *find_row(const struct netbox_kind *kind, const char *attribute)
{
        for (size_t i = 0; kind->attributes[i]; i++)
                for (size_t j = 0; strcmp(kind->attributes[i], attribute) == 0 &&
                     j < KN_ROWS(rows_of_attributes); j++)
                        if (strcmp(rows_of_attributes[j].attribute, attribute) == 0)
                                return &rows_of_attributes[j];
        return NULL;
}

static const char *field_of(struct kn_ctx *ctx, const struct row *row)
{
        return row->field ? row->field : netbox_make(ctx)->place;
}

const char *netbox_depends_field(struct kn_ctx *ctx)
{
        return kn_config_str(ctx, "depends_field", "depends_on");
}

/* ---- status ---- */

/* "Decommissioning" is what the domain calls retired; all else in small letters. */
static void status_of(struct kn_ctx *ctx, const json_t *object, char *ret, size_t size)
{
        const json_t *status = json_object_get(object, "status");
        const struct make *make = netbox_make(ctx);
        const char *name = json_member(status, make->has_plain_status ? "value" : "name", "unknown");

        snprintf(ret, size, "%s", strcasecmp(name, make->retired) == 0 ? "retired" : name);
        for (char *p = ret; *p; p++)
                *p = (char)tolower((unsigned char)*p);
}

/* A status as it is written: Nautobot's is an object with a name of its own spelling. */
static int status_ref(struct kn_ctx *ctx, const char *status, json_t **ret)
{
        const struct make *make = netbox_make(ctx);
        const char *word = strcmp(status, "retired") == 0 ? make->retired : status;
        _free_ char *path = web_path("/extras/statuses/?name__ie=%s", word);
        _json_ json_t *found = json_array();
        int r;

        if (make->has_plain_status) {
                *ret = json_string(word);
                return *ret ? KN_OK : KN_ENOMEM;
        }
        r = netbox_list(ctx, path, "the statuses", 1, found);
        if (r < 0)
                return r;
        if (json_array_size(found) == 0)
                return kn_fail(ctx, KN_EARG, "Nautobot has no status '%.60s': use one that it has "
                               "(planned, active, failed, offline, retired mean the same everywhere)",
                               word);
        *ret = json_pack("{s:O}", "id", json_object_get(json_array_get(found, 0), "id"));
        return *ret ? KN_OK : KN_ENOMEM;
}

/* ---- an object as a view ---- */

static json_t *relations_of(struct kn_ctx *ctx, const json_t *object)
{
        const char *text = json_member(json_object_get(object, "custom_fields"),
                                       netbox_depends_field(ctx), "[]");
        json_t *list = json_loads(text, 0, NULL), *row;
        size_t i;

        json_array_foreach(list, i, row)
                if (!json_is_string(row)) {
                        json_decref(list);
                        return json_array();
                }
        if (json_is_array(list))
                return list;
        json_decref(list);
        return json_array();
}

static void put_custom(struct kn_ctx *ctx, const struct netbox_kind *kind, const json_t *object,
                       json_t *attributes)
{
        const char *name;
        json_t *text;

        json_object_foreach(json_object_get(object, "custom_fields"), name, text)
                if (json_string_length(text) > 0 && !find_row(kind, name) &&
                    strcmp(name, netbox_depends_field(ctx)) != 0)
                        json_object_set(attributes, name, text);
}

static json_t *attributes_of(struct kn_ctx *ctx, const struct netbox_kind *kind,
                             const json_t *object)
{
        json_t *ret = json_object();

        for (size_t i = 0; kind->attributes[i]; i++) {
                const struct row *row = find_row(kind, kind->attributes[i]);
                json_t *text = json_object_get(object, field_of(ctx, row));

                if (row->member)
                        text = json_object_get(text, row->member);
                if (json_string_length(text) > 0)
                        json_object_set(ret, row->attribute, text);
        }
        put_custom(ctx, kind, object, ret);
        return ret;
}

/* Nothing hangs on it that item.create would not write again. */
static bool is_plain(const json_t *object)
{
        static const char *const members[] = { "rack", "tenant", "primary_ip4", "primary_ip6",
                                               "virtual_chassis", "parent_bay" };
        const char *name;
        json_t *field;

        for (size_t i = 0; i < KN_ROWS(members); i++)
                if (json_is_object(json_object_get(object, members[i])))
                        return false;
        json_object_foreach(json_object_get(object, "custom_fields"), name, field)
                if (!json_is_string(field) && !json_is_null(field))
                        return false;
        return json_array_size(json_object_get(object, "tags")) == 0;
}

static json_t *view_of(struct kn_ctx *ctx, const struct netbox_kind *kind, const json_t *object)
{
        const json_t *ip = json_object_get(object, "primary_ip4");
        const char *address = json_member(json_is_object(ip) ? ip
                                          : json_object_get(object, "primary_ip6"), "address", "");
        _free_ char *id = netbox_id(object);
        char status[64];
        json_t *value;

        status_of(ctx, object, status, sizeof status);
        value = cmdb_value(status, json_null(), attributes_of(ctx, kind, object),
                           relations_of(ctx, object));
        return json_pack("{s:s, s:s, s:o, s:s, s:o, s:o, s:s, s:s, s:b}", "kind", kind->kind,
                         "name", json_member(object, "name", ""), "value", value,
                         "id", id ? id : "",
                         "url", json_sprintf("%s%s%s/", kn_config_str(ctx, "url", ""), kind->path, id),
                         "address", json_stringn(address, strcspn(address, "/")),
                         "updated_at", json_member(object, "last_updated", ""),
                         "mark", json_member(object, "last_updated", ""),
                         "plain", is_plain(object));
}

/* ---- reading ---- */

static int list_objects(struct kn_ctx *ctx, const struct netbox_kind *kind, const char *filter,
                        size_t max, json_t *rows)
{
        _free_ char *path = NULL;

        if (asprintf(&path, "%s?%s%s", kind->path, filter, netbox_make(ctx)->depth) < 0)
                return KN_ENOMEM;
        return netbox_list(ctx, path, kind->type, max, rows);
}

int cmdb_system_read(struct kn_ctx *ctx, const struct cmdb_key *key, json_t **ret)
{
        const struct netbox_kind *kind = netbox_kind(key->kind);
        _free_ char *filter = web_path("name=%s", key->name);
        _json_ json_t *found = json_array(), *views = json_array();
        json_t *object;
        size_t i;
        int r;

        if (!kind)
                return cmdb_fail_kind(ctx, key->kind, NETBOX_KINDS_TEXT);
        r = filter ? list_objects(ctx, kind, filter, 10, found) : KN_ENOMEM;
        json_array_foreach(found, i, object)
                if (strcmp(json_member(object, "name", ""), key->name) == 0)
                        json_array_append_new(views, view_of(ctx, kind, object));
        if (json_array_size(views) > 1)
                return kn_fail(ctx, KN_ECONFLICT, "%s has %zu of %.40s %.150s, at several places or "
                               "of several tenants: give them names that differ",
                               netbox_make(ctx)->name, json_array_size(views), key->kind, key->name);
        if (r > 0)
                return netbox_fail_more(ctx, kind->type, json_array_size(found));
        if (r == 0)
                r = netbox_put_owners(ctx, kind, views);
        if (r == 0 && json_array_size(views) == 1)
                *ret = json_incref(json_array_get(views, 0));
        return r;
}

/* ---- searching: narrowed down by what both makes can do in the same way ---- */

#define SEARCH_MAX 20000

static char *filter_of(struct kn_ctx *ctx, const struct cmdb_query *query, const char *ids)
{
        _json_ json_t *ref = query->depends_on ? json_string(query->depends_on) : NULL;
        _free_ char *quoted = ref ? json_dumps(ref, JSON_ENCODE_ANY) : NULL;
        _free_ char *text = query->text ? web_path("&name__ic=%s", query->text) : strdup("");
        _free_ char *depends = quoted ? web_path("&cf_%s__ic=%s", netbox_depends_field(ctx), quoted)
                                      : strdup("");
        char *ret;

        if (!text || !depends || asprintf(&ret, "%s=name%s%s%s", netbox_make(ctx)->sort, text,
                                          depends, ids) < 0)
                return NULL;
        return ret;
}

/* Those of a kind that fit, among these ids ("": among all); 1: not all could be looked at. */
static int search_some(struct kn_ctx *ctx, const struct netbox_kind *kind,
                       const struct cmdb_query *query, const char *ids, json_t *rows)
{
        struct cmdb_query but_owner = *query;
        _json_ json_t *found = json_array(), *views = json_array();
        _free_ char *filter = ids ? filter_of(ctx, query, ids) : NULL;
        json_t *object;
        size_t i;
        int r = filter ? list_objects(ctx, kind, filter, SEARCH_MAX, found) : KN_ENOMEM, owners = 0;

        but_owner.mail = NULL;
        json_array_foreach(found, i, object) {
                _json_ json_t *view = view_of(ctx, kind, object);

                if (view && cmdb_fits(view, &but_owner) && json_array_size(views) <= query->limit)
                        json_array_append(views, view);
        }
        if (r >= 0)
                owners = netbox_put_owners(ctx, kind, views);
        json_array_extend(rows, views);
        return owners < 0 ? owners : r;
}

static int search_owned(struct kn_ctx *ctx, const struct netbox_kind *kind,
                        const struct cmdb_query *query, json_t *rows)
{
        _json_ json_t *owned = json_array();
        int r = netbox_owned(ctx, kind, query->mail, owned), is_cut = 0;

        for (size_t from = 0; r >= 0 && from < json_array_size(owned); from += NETBOX_IDS_AT_ONCE) {
                _free_ char *ids = netbox_ids(owned, from, "id");

                r = search_some(ctx, kind, query, ids, rows);
                is_cut |= r > 0;
        }
        return r < 0 ? r : is_cut;
}

int cmdb_system_search(struct kn_ctx *ctx, const struct cmdb_query *query, json_t *rows)
{
        int r = KN_OK, is_cut = 0;

        if (query->kind && !netbox_kind(query->kind))
                return cmdb_fail_kind(ctx, query->kind, NETBOX_KINDS_TEXT);
        for (size_t i = 0; r >= 0 && i < NETBOX_KINDS; i++) {
                if (query->kind && strcmp(query->kind, netbox_kinds[i].kind) != 0)
                        continue;
                r = query->mail ? search_owned(ctx, &netbox_kinds[i], query, rows)
                                : search_some(ctx, &netbox_kinds[i], query, "", rows);
                is_cut |= r > 0;
        }
        return r < 0 ? r : is_cut;
}

/* ---- what can be kept ---- */

/* What the configuration says of a new item of this kind and the call does not. */
static void put_defaults(struct kn_ctx *ctx, const char *kind, json_t *attributes)
{
        _json_ json_t *defaults = json_loads(kn_config_str(ctx, "defaults", "{}"), 0, NULL);
        const char *name;
        json_t *text;

        json_object_foreach(json_object_get(defaults, kind), name, text)
                if (!json_object_get(attributes, name))
                        json_object_set(attributes, name, text);
}

/* A name that the API does not know it would leave out without a word. */
static int check_custom(struct kn_ctx *ctx, const struct netbox_kind *kind, const json_t *before,
                        const json_t *after)
{
        _json_ json_t *fields = NULL;
        const char *name;
        json_t *text;
        int r = KN_OK;

        json_object_foreach((json_t *)cmdb_attributes(after), name, text) {
                if (find_row(kind, name) || json_object_get(cmdb_attributes(before), name))
                        continue;
                if (!fields)
                        r = netbox_custom_fields(ctx, kind, &fields);
                if (r < 0)
                        return r;
                if (!json_object_get(fields, name))
                        return kn_fail(ctx, KN_EARG, "a %s in %s has neither a field nor a custom "
                                       "field for the attribute %.64s: make one of type text, or "
                                       "leave it out", kind->kind, netbox_make(ctx)->name, name);
        }
        return KN_OK;
}

int cmdb_system_fit(struct kn_ctx *ctx, const struct cmdb_key *key, const json_t *before,
                    json_t *after)
{
        json_t *owner = json_object_get(after, "owner");
        _json_ json_t *contact = NULL;
        const char *mail = json_member(owner, "mail", NULL);
        const struct netbox_kind *kind = netbox_kind(key->kind);
        int r;

        if (!kind)
                return cmdb_fail_kind(ctx, key->kind, NETBOX_KINDS_TEXT);
        if (!before)
                put_defaults(ctx, key->kind, json_object_get(after, "attributes"));
        r = check_custom(ctx, kind, before, after);
        if (r < 0)
                return r;
        if (mail && !json_same(owner, json_object_get(before, "owner")))
                r = netbox_find_contact(ctx, mail, &contact);
        if (r == 0 && contact)
                json_object_set_new(after, "owner", cmdb_owner(json_member(contact, "name", NULL),
                                                               json_member(contact, "email", NULL)));
        return r;
}

/* ---- writing ---- */

/* An attribute as the API takes it: a text, {"name": text}, or null for none. */
static json_t *written(const struct row *row, const char *text)
{
        if (row && row->member)
                return *text ? json_pack("{s:s}", row->member, text) : json_null();
        if (!*text && (!row || strcmp(row->attribute, "asset_tag") == 0))
                return json_null();
        return json_string(text);
}

static void put_attribute(struct kn_ctx *ctx, const struct netbox_kind *kind, const char *name,
                          const char *text, json_t *body)
{
        const struct row *row = find_row(kind, name);
        json_t *to = body;

        if (!row) {
                to = json_object_get(body, "custom_fields");
                if (!to) {
                        to = json_object();
                        json_object_set_new(body, "custom_fields", to);
                }
        }
        json_object_set_new(to, row ? field_of(ctx, row) : name, written(row, text));
}

static void put_attributes(struct kn_ctx *ctx, const struct netbox_kind *kind,
                           const json_t *before, const json_t *after, json_t *body)
{
        const json_t *was = cmdb_attributes(before), *is = cmdb_attributes(after);
        const char *name;
        json_t *text;

        json_object_foreach((json_t *)is, name, text)
                if (!json_same(text, json_object_get(was, name)))
                        put_attribute(ctx, kind, name, json_string_value(text), body);
        json_object_foreach((json_t *)was, name, text)
                if (!json_object_get(is, name))
                        put_attribute(ctx, kind, name, "", body);
}

static int body_of(struct kn_ctx *ctx, const struct netbox_kind *kind, const json_t *before,
                   const json_t *after, json_t *body)
{
        const json_t *next = json_object_get(after, "depends_on");
        json_t *status = NULL;
        int r = KN_OK;

        put_attributes(ctx, kind, before, after, body);
        if (before ? !json_equal(next, json_object_get(before, "depends_on"))
                   : json_array_size(next) > 0) {
                _free_ char *text = change_text(next);

                put_attribute(ctx, kind, netbox_depends_field(ctx),
                              json_array_size(next) > 0 && text ? text : "", body);
        }
        if (strcmp(cmdb_status(before), cmdb_status(after)) != 0) {
                r = status_ref(ctx, cmdb_status(after), &status);
                if (r == 0)
                        json_object_set_new(body, "status", status);
        }
        return r;
}

static int write_object(struct kn_ctx *ctx, const struct netbox_kind *kind, const char *id,
                        const json_t *body, json_t **ret)
{
        _free_ char *path = NULL;

        if (id && json_object_size(body) == 0)
                return KN_OK;
        if (id && asprintf(&path, "%s%s/", kind->path, id) < 0)
                return KN_ENOMEM;
        return netbox_send(ctx, id ? "PATCH" : "POST", id ? path : kind->path, body, kind->type, ret);
}

int cmdb_system_write(struct kn_ctx *ctx, const struct cmdb_key *key, const json_t *view,
                      const json_t *after)
{
        const struct netbox_kind *kind = netbox_kind(key->kind);
        const json_t *before = json_object_get(view, "value");
        json_t *owner = json_object_get(after, "owner");
        const char *id = json_member(view, "id", NULL);
        _json_ json_t *body = view ? json_object() : json_pack("{s:s}", "name", key->name);
        _json_ json_t *made = NULL;
        _free_ char *path = NULL, *new_id = NULL;
        int r;

        if (!after)
                return asprintf(&path, "%s%s/", kind->path, id) < 0 ? KN_ENOMEM
                       : netbox_send(ctx, "DELETE", path, NULL, kind->type, NULL);
        r = body ? body_of(ctx, kind, before, after, body) : KN_ENOMEM;
        if (r == 0)
                r = write_object(ctx, kind, id, body, &made);
        if (r < 0)
                return r;
        new_id = made ? netbox_id(made) : strdup(id);
        if (before ? json_equal(owner, json_object_get(before, "owner")) : json_is_null(owner))
                return KN_OK;
        return new_id ? netbox_set_owner(ctx, kind, new_id, owner) : KN_ENOMEM;
}
