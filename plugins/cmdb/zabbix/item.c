/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Hosts and their inventory as items. Zabbix has a field for nearly all of it: what is not an
 * attribute of its own name in the inventory is
 *
 *   kind         inventory.type, "server" where that is empty
 *   status       inventory.deployment_status, "active" where that is empty
 *   owner        inventory.poc_1_name and .poc_1_email
 *   serial       inventory.serialno_a
 *   description  the host's own
 *   role         a tag, and so is each depends_on
 *   groups       the host's groups, by name
 *   monitored    "yes" or "no": whether the host is enabled
 *
 * Zabbix keeps no mark of a host's last change, so two looks are compared by value. Only what differs
 * is written, but tags and groups are written whole, since the API takes them so.
 */

#include "cmdb/cmdb.h"
#include "cmdb/zabbix/zabbix.h"

#include <time.h>

#define TAG_DEPENDS     "depends_on"
#define TAG_ROLE        "role"

/* The inventory's fields, but for those that are something else in an item. */
static const char *const fields[] = {
        "alias", "asset_tag", "chassis", "contact", "contract_number", "date_hw_decomm",
        "date_hw_expiry", "date_hw_install", "date_hw_purchase", "hardware", "hardware_full",
        "host_netmask", "host_networks", "host_router", "hw_arch", "installer_name", "location",
        "location_lat", "location_lon", "macaddress_a", "macaddress_b", "model", "name", "notes",
        "oob_ip", "oob_netmask", "oob_router", "os", "os_full", "os_short", "poc_1_cell",
        "poc_1_notes", "poc_1_phone_a", "poc_1_phone_b", "poc_1_screen", "poc_2_cell",
        "poc_2_email", "poc_2_name", "poc_2_notes", "poc_2_phone_a", "poc_2_phone_b",
        "poc_2_screen", "serialno_b", "site_address_a", "site_address_b", "site_address_c",
        "site_city", "site_country", "site_notes", "site_rack", "site_state", "site_zip",
        "software", "software_app_a", "software_app_b", "software_app_c", "software_app_d",
        "software_app_e", "software_full", "tag", "type_full", "url_a", "url_b", "url_c", "vendor",
};

static const char *const others[] = { "description", "groups", "monitored", "role", "serial" };

static bool is_one_of(const char *const *list, size_t n, const char *name)
{
        for (size_t i = 0; i < n; i++)
                if (strcmp(list[i], name) == 0)
                        return true;
        return false;
}

#define IS_FIELD(name) is_one_of(fields, KN_ROWS(fields), name)
#define IS_OTHER(name) is_one_of(others, KN_ROWS(others), name)

/* ---- a host as a view ---- */

static void put_text(json_t *object, const char *name, const char *text)
{
        if (text && *text)
                json_object_set_new(object, name, json_string(text));
}

/* The names of the groups, sorted, with a comma and a space between. */
static char *groups_of(const json_t *host)
{
        _json_ json_t *names = json_array(), *sorted = NULL;
        json_t *group;
        size_t i, size = 1;
        char *ret, *to;

        json_array_foreach(json_object_get(host, "groups"), i, group) {
                const char *name = json_member(group, "name", "");

                json_array_append_new(names, json_string(name));
                size += strlen(name) + 2;
        }
        sorted = cmdb_sorted(json_incref(names));
        ret = to = malloc(size);
        for (i = 0; ret && i < json_array_size(sorted); i++)
                to += sprintf(to, "%s%s", i ? ", " : "", json_string_value(json_array_get(sorted, i)));
        if (ret)
                *to = 0;
        return ret;
}

static json_t *attributes_of(const json_t *host)
{
        const json_t *inventory = json_object_get(host, "inventory");
        json_t *ret = json_object(), *tag;
        _free_ char *groups = groups_of(host);
        size_t i;

        for (i = 0; i < KN_ROWS(fields); i++)
                put_text(ret, fields[i], json_member(inventory, fields[i], NULL));
        put_text(ret, "serial", json_member(inventory, "serialno_a", NULL));
        put_text(ret, "description", json_member(host, "description", NULL));
        put_text(ret, "groups", groups);
        put_text(ret, "monitored", zabbix_int(host, "status") == 0 ? "yes" : "no");
        json_array_foreach(json_object_get(host, "tags"), i, tag)
                if (strcmp(json_member(tag, "tag", ""), TAG_ROLE) == 0)
                        put_text(ret, "role", json_member(tag, "value", NULL));
        return ret;
}

static json_t *relations_of(const json_t *host)
{
        json_t *ret = json_array(), *tag;
        size_t i;

        json_array_foreach(json_object_get(host, "tags"), i, tag)
                if (strcmp(json_member(tag, "tag", ""), TAG_DEPENDS) == 0)
                        json_array_append_new(ret, json_string(json_member(tag, "value", "")));
        return ret;
}

static const char *or_default(const char *text, const char *or_else)
{
        return text && *text ? text : or_else;
}

static const char *address_of(const json_t *host)
{
        const json_t *interface = json_array_get(json_object_get(host, "interfaces"), 0);

        return or_default(json_member(interface, "ip", NULL), json_member(interface, "dns", ""));
}

/* Counts come as text; what hangs on a host is not written again by item.create. */
static bool is_plain(const json_t *host)
{
        return zabbix_int(host, "items") == 0 && zabbix_int(host, "triggers") == 0 &&
               json_array_size(json_object_get(host, "parentTemplates")) == 0 &&
               json_array_size(json_object_get(host, "interfaces")) == 0;
}

static json_t *view_of(struct kn_ctx *ctx, const json_t *host)
{
        const json_t *inventory = json_object_get(host, "inventory");
        const char *id = json_member(host, "hostid", "");
        json_t *owner = cmdb_owner(json_member(inventory, "poc_1_name", NULL),
                                   json_member(inventory, "poc_1_email", NULL));
        json_t *value = cmdb_value(or_default(json_member(inventory, "deployment_status", NULL),
                                              "active"),
                                   owner, attributes_of(host), relations_of(host));

        return json_pack("{s:s, s:s, s:o, s:s, s:o, s:s, s:s, s:O, s:b, s:O}",
                         "kind", or_default(json_member(inventory, "type", NULL), "server"),
                         "name", json_member(host, "host", ""), "value", value, "id", id,
                         "url", json_sprintf("%s/hostinventories.php?hostid=%s",
                                             kn_config_str(ctx, "url", ""), id),
                         "address", address_of(host), "updated_at", "",
                         "mark", json_object_get(host, "hostid"), "plain", is_plain(host),
                         "tags", json_object_get(host, "tags"));
}

/* ---- reading ---- */

static json_t *ask_hosts(const char *filter, json_t *value, int limit)
{
        return json_pack("{s:[s,s,s,s], s:s, s:[s,s], s:[s,s], s:[s,s], s:[s], s:s, s:s, s:{s:o}, s:i}",
                         "output", "hostid", "host", "status", "description",
                         "selectInventory", "extend", "selectTags", "tag", "value",
                         "selectGroups", "groupid", "name", "selectInterfaces", "ip", "dns",
                         "selectParentTemplates", "templateid", "selectItems", "count",
                         "selectTriggers", "count", filter, "host", value, "limit", limit);
}

int cmdb_system_read(struct kn_ctx *ctx, const struct cmdb_key *key, json_t **ret)
{
        _json_ json_t *host = NULL, *view = NULL;
        int r = zabbix_first(ctx, "host.get", ask_hosts("filter", json_string(key->name), 1), &host);

        if (r < 0 || !host)
                return r;
        view = view_of(ctx, host);
        if (!view)
                return KN_ENOMEM;
        if (strcmp(json_member(view, "kind", ""), key->kind) != 0)
                return kn_fail(ctx, KN_ECONFLICT, "%.150s is in Zabbix as a %.60s, not as a %.40s: "
                               "ask for it with that kind, or change the host's inventory type",
                               key->name, json_member(view, "kind", ""), key->kind);
        *ret = json_incref(view);
        return KN_OK;
}

static void narrow(json_t *params, const struct cmdb_query *query)
{
        if (query->mail)
                json_object_set_new(params, "searchInventory",
                                    json_pack("{s:s}", "poc_1_email", query->mail));
        if (query->depends_on)
                json_object_set_new(params, "tags", json_pack("[{s:s, s:s, s:i}]", "tag", TAG_DEPENDS,
                                                              "value", query->depends_on,
                                                              "operator", 1));
}

/* The API has no pages: what it does not narrow down itself is asked whole, up to its end. */
#define SEARCH_MAX 50000

int cmdb_system_search(struct kn_ctx *ctx, const struct cmdb_query *query, json_t *rows)
{
        _json_ json_t *hosts = NULL;
        json_t *params = ask_hosts("search", query->text ? json_string(query->text) : json_array(),
                                   SEARCH_MAX), *host;
        size_t i;
        int r;

        if (!params)
                return KN_ENOMEM;
        if (!query->text)
                json_object_del(params, "search");
        narrow(params, query);
        r = zabbix_call(ctx, "host.get", params, &hosts);
        json_array_foreach(hosts, i, host)
                json_array_append_new(rows, view_of(ctx, host));
        return r < 0 ? r : json_array_size(hosts) >= SEARCH_MAX;
}

/* ---- what can be kept ---- */

static int check_name(struct kn_ctx *ctx, const char *name)
{
        size_t n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_. ");

        if (!name[n] && strlen(name) <= 128)
                return KN_OK;
        return kn_fail(ctx, KN_EARG, "Zabbix takes no host named '%.150s': at most 128 letters "
                       "(ASCII), digits, spaces, dots, dashes and underscores; write an "
                       "international name as A-labels (xn--…)", name);
}

static int check_attributes(struct kn_ctx *ctx, const json_t *attributes)
{
        const char *name, *monitored = json_member(attributes, "monitored", "yes");
        json_t *text;

        json_object_foreach((json_t *)attributes, name, text)
                if (!IS_FIELD(name) && !IS_OTHER(name))
                        return kn_fail(ctx, KN_EARG, "Zabbix's inventory has no field for the "
                                       "attribute %.64s: see kaname-zabbix(7) for those it has",
                                       name);
        if (strcmp(monitored, "yes") != 0 && strcmp(monitored, "no") != 0)
                return kn_fail(ctx, KN_EARG, "the attribute monitored is yes or no, not '%.40s'",
                               monitored);
        return KN_OK;
}

/* What is planned or retired is not watched; what comes from there is again. */
static bool is_at_rest(const char *status)
{
        return strcmp(status, "planned") == 0 || strcmp(status, "retired") == 0;
}

static void fit_monitored(const json_t *before, json_t *after)
{
        json_t *attributes = json_object_get(after, "attributes");
        const char *was = before ? cmdb_status(before) : "", *is = cmdb_status(after);
        const json_t *given = json_object_get(attributes, "monitored");
        bool is_given = given && !json_same(given, json_object_get(cmdb_attributes(before),
                                                                   "monitored"));

        if (!is_given && (!given || is_at_rest(was) != is_at_rest(is)))
                json_object_set_new(attributes, "monitored", json_string(is_at_rest(is) ? "no" : "yes"));
}

int cmdb_system_fit(struct kn_ctx *ctx, const struct cmdb_key *key, const json_t *before,
                    json_t *after)
{
        json_t *attributes = json_object_get(after, "attributes");
        int r = check_name(ctx, key->name);

        if (r == 0)
                r = check_attributes(ctx, attributes);
        if (r < 0)
                return r;
        fit_monitored(before, after);
        if (!json_object_get(attributes, "groups"))
                json_object_set_new(attributes, "groups",
                                    json_string(kn_config_str(ctx, "group", "")));
        if (*json_member(attributes, "groups", ""))
                return KN_OK;
        return kn_fail(ctx, KN_EARG, "a host in Zabbix is in a group, and none is named: give the "
                       "attribute groups, or set group in the instance's configuration");
}

/* ---- writing ---- */

/* The ids of the groups that a text names; all have to be there. */
static int find_groups(struct kn_ctx *ctx, const char *names, json_t **ret)
{
        _json_ json_t *list = json_array(), *found = NULL;
        int r;

        for (const char *p = names; *p; p += strspn(p, ", ")) {
                size_t n = strstr(p, ", ") ? (size_t)(strstr(p, ", ") - p) : strlen(p);

                json_array_append_new(list, json_stringn(p, n));
                p += n;
        }
        r = zabbix_call(ctx, "hostgroup.get", json_pack("{s:[s], s:{s:O}}", "output", "groupid",
                                                        "filter", "name", list), &found);
        if (r < 0)
                return r;
        if (json_array_size(found) != json_array_size(list))
                return kn_fail(ctx, KN_EARG, "Zabbix has not all of the host groups '%.200s', or "
                               "the token's user does not see them: make them first", names);
        *ret = json_incref(found);
        return KN_OK;
}

/* Tags that are none of ours stay. */
static json_t *tags_of(const json_t *view, const json_t *after)
{
        json_t *tags = json_array(), *row;
        const char *role = json_member(cmdb_attributes(after), "role", "");
        size_t i;

        json_array_foreach(json_object_get(view, "tags"), i, row) {
                const char *tag = json_member(row, "tag", "");

                if (strcmp(tag, TAG_DEPENDS) != 0 && strcmp(tag, TAG_ROLE) != 0)
                        json_array_append_new(tags, json_pack("{s:s, s:s}", "tag", tag, "value",
                                                              json_member(row, "value", "")));
        }
        if (*role)
                json_array_append_new(tags, json_pack("{s:s, s:s}", "tag", TAG_ROLE, "value", role));
        json_array_foreach(json_object_get(after, "depends_on"), i, row)
                json_array_append_new(tags, json_pack("{s:s, s:O}", "tag", TAG_DEPENDS, "value", row));
        return tags;
}

/* One field of the inventory where it differs. */
static void put_differing(json_t *inventory, const char *field, const char *was, const char *is)
{
        if (strcmp(was, is) != 0)
                json_object_set_new(inventory, field, json_string(is));
}

static json_t *inventory_of(const struct cmdb_key *key, const json_t *before, const json_t *after)
{
        const json_t *was = cmdb_attributes(before), *is = cmdb_attributes(after);
        const json_t *owner = json_object_get(before, "owner"), *next = json_object_get(after, "owner");
        json_t *ret = json_object();

        for (size_t i = 0; i < KN_ROWS(fields); i++)
                put_differing(ret, fields[i], json_member(was, fields[i], ""),
                              json_member(is, fields[i], ""));
        put_differing(ret, "serialno_a", json_member(was, "serial", ""), json_member(is, "serial", ""));
        put_differing(ret, "deployment_status", cmdb_status(before), cmdb_status(after));
        put_differing(ret, "poc_1_name", json_member(owner, "name", ""), json_member(next, "name", ""));
        put_differing(ret, "poc_1_email", json_member(owner, "mail", ""), json_member(next, "mail", ""));
        if (!before)
                json_object_set_new(ret, "type", json_string(key->kind));
        return ret;
}

/* What host.create and host.update are given: only what differs from before. */
static int host_params(struct kn_ctx *ctx, const struct cmdb_key *key, const json_t *view,
                       const json_t *after, json_t *params)
{
        const json_t *before = json_object_get(view, "value");
        const json_t *was = cmdb_attributes(before), *is = cmdb_attributes(after);
        json_t *inventory = inventory_of(key, before, after), *groups = NULL;
        int r = KN_OK;

        json_object_set_new(params, "inventory", inventory);
        if (json_object_size(inventory) == 0)
                json_object_del(params, "inventory");
        else
                json_object_set_new(params, "inventory_mode", json_integer(0));
        put_differing(params, "description", json_member(was, "description", ""),
                      json_member(is, "description", ""));
        if (!json_same(json_object_get(was, "monitored"), json_object_get(is, "monitored")))
                json_object_set_new(params, "status", json_integer(
                        strcmp(json_member(is, "monitored", "yes"), "no") == 0));
        if (!json_same(json_object_get(was, "role"), json_object_get(is, "role")) ||
            !json_same(json_object_get(before, "depends_on"), json_object_get(after, "depends_on")))
                json_object_set_new(params, "tags", tags_of(view, after));
        if (!json_same(json_object_get(was, "groups"), json_object_get(is, "groups"))) {
                r = find_groups(ctx, json_member(is, "groups", ""), &groups);
                if (r == 0)
                        json_object_set_new(params, "groups", groups);
        }
        return r;
}

int cmdb_system_write(struct kn_ctx *ctx, const struct cmdb_key *key, const json_t *view,
                      const json_t *after)
{
        _json_ json_t *params = NULL;
        int r;

        if (!after)
                return zabbix_call(ctx, "host.delete", json_pack("[O]", json_object_get(view, "id")),
                                   NULL);
        params = view ? json_pack("{s:O}", "hostid", json_object_get(view, "id"))
                      : json_pack("{s:s}", "host", key->name);
        r = params ? host_params(ctx, key, view, after, params) : KN_ENOMEM;
        return r < 0 ? r : zabbix_call(ctx, view ? "host.update" : "host.create",
                                       json_incref(params), NULL);
}

/* ---- the change log: the audit log's entries of hosts ---- */

#define AUDIT_HOST      4
#define AUDIT_MAX       10000

static json_t *entry_of(const json_t *row)
{
        static const char *const words[] = { "created", "updated", "removed" };
        int64_t action = zabbix_int(row, "action"), clock = zabbix_int(row, "clock");
        time_t when = (time_t)clock;
        struct tm tm;
        char at[40];

        if (action < 0 || action > 2)
                return NULL;
        gmtime_r(&when, &tm);
        strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%SZ", &tm);
        return json_pack("{s:O, s:I, s:s, s:s, s:O, s:s, s:s}", "id", json_object_get(row, "auditid"),
                         "time", (json_int_t)clock, "at", at, "kind", "server",
                         "name", json_object_get(row, "resourcename"),
                         "change", words[action], "by", json_member(row, "username", ""));
}

int cmdb_system_changes(struct kn_ctx *ctx, int64_t since, json_t *rows)
{
        _json_ json_t *log = NULL;
        json_t *params = json_pack("{s:s, s:{s:i, s:[i,i,i]}, s:s, s:s, s:i}", "output", "extend",
                                   "filter", "resourcetype", AUDIT_HOST, "action", 0, 1, 2,
                                   "sortfield", "clock", "sortorder", since < 0 ? "DESC" : "ASC",
                                   "limit", since < 0 ? 1 : AUDIT_MAX), *row;
        size_t i;
        int r;

        if (params && since >= 0)
                json_object_set_new(params, "time_from", json_integer(since));
        r = params ? zabbix_call(ctx, "auditlog.get", params, &log) : KN_ENOMEM;
        json_array_foreach(log, i, row)
                json_array_append_new(rows, entry_of(row));
        return r < 0 ? r : since >= 0 && json_array_size(log) >= AUDIT_MAX;
}
