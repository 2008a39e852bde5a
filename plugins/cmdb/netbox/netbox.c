/* SPDX-License-Identifier: Apache-2.0 */

/* NetBox and Nautobot by their REST API: the change log, the check, and what the hub is told. */

#include "cmdb/netbox/netbox.h"

#include "web.h"

#include <time.h>

/* ---- the change log ---- */

#define CHANGES_MAX 10000

static const char *word_of(const char *action)
{
        return strcmp(action, "create") == 0 ? "created"
                : strcmp(action, "delete") == 0 ? "removed" : "updated";
}

/* "2026-11-22T17:54:41.860119Z" */
static json_int_t seconds_of(const char *text)
{
        struct tm tm;

        memset(&tm, 0, sizeof tm);
        return strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) ? (json_int_t)timegm(&tm) : 0;
}

/* Of something that is no item: only where it stands in the log. */
static json_t *entry_of(const json_t *row)
{
        const struct netbox_kind *kind = netbox_kind_of_type(json_member(row, "changed_object_type", ""));
        const char *at = json_member(row, "time", "");
        const char *name = json_member(json_object_get(row, "object_data"), "name", NULL);
        const char *action = json_member(json_object_get(row, "action"), "value", "update");
        _free_ char *id = netbox_id(row);

        if (!id)
                return NULL;
        if (!kind)
                return json_pack("{s:s, s:I}", "id", id, "time", seconds_of(at));
        return json_pack("{s:s, s:I, s:s, s:s, s:s, s:s, s:s}", "id", id, "time", seconds_of(at),
                         "at", at, "kind", kind->kind,
                         "name", name ? name : json_member(row, "object_repr", ""),
                         "change", word_of(action), "by", json_member(row, "user_name", ""));
}

int cmdb_system_changes(struct kn_ctx *ctx, int64_t since, json_t *rows)
{
        const struct make *make = netbox_make(ctx);
        _json_ json_t *log = json_array();
        _free_ char *path = NULL;
        time_t when = (time_t)since;
        char from[40];
        struct tm tm;
        json_t *row;
        size_t i;
        int r;

        gmtime_r(&when, &tm);
        strftime(from, sizeof from, "%Y-%m-%dT%H:%M:%SZ", &tm);
        if (asprintf(&path, since < 0 ? "%s?%s=-time" : "%s?%s=time&%s=%s", make->changes, make->sort,
                     make->since, from) < 0)
                return KN_ENOMEM;
        r = netbox_list(ctx, path, "the change log", since < 0 ? 1 : CHANGES_MAX, log);
        json_array_foreach(log, i, row) {
                json_t *entry = entry_of(row);

                if (entry)
                        json_array_append_new(rows, entry);
        }
        return r;
}

/* ---- the check ---- */

static int count_of(struct kn_ctx *ctx, const char *path, const char *name)
{
        _json_ json_t *page = NULL;
        int r = netbox_get(ctx, path, name, &page);

        return r < 0 ? r : kn_return_int(ctx, name,
                                         json_integer_value(json_object_get(page, "count")));
}

/* Relations need a custom field that an administrator makes; without it all else works. */
static int check_field(struct kn_ctx *ctx)
{
        bool is_there = true;
        int r = KN_OK;

        for (size_t i = 0; r == 0 && i < NETBOX_KINDS; i++) {
                _json_ json_t *fields = NULL;

                r = netbox_custom_fields(ctx, &netbox_kinds[i], &fields);
                is_there &= json_object_get(fields, netbox_depends_field(ctx)) != NULL;
        }
        if (r == 0 && !is_there)
                kn_log(ctx, KN_WARNING, "there is no custom field %s for devices and virtual "
                       "machines: make one of type text, or items cannot be related",
                       netbox_depends_field(ctx));
        return r < 0 ? r : kn_return_bool(ctx, "relations", is_there);
}

static int check(struct kn_ctx *ctx)
{
        const struct make *make = netbox_make(ctx);
        _json_ json_t *status = NULL;
        const char *version;
        int r = netbox_get(ctx, "/status/", "its status", &status);

        if (r < 0)
                return r;
        version = json_member(status, make->version, NULL);
        if (!version)
                return kn_fail(ctx, KN_EREMOTE, "what answers at %s is no %s: set system to the "
                               "other one of nautobot and netbox, or look at url",
                               kn_config_str(ctx, "url", ""), make->name);
        r = kn_return_str(ctx, "version", version);
        for (size_t i = 0; r == 0 && i < NETBOX_KINDS; i++) {
                _free_ char *path = NULL;

                if (asprintf(&path, "%s?limit=1", netbox_kinds[i].path) < 0)
                        return KN_ENOMEM;
                r = count_of(ctx, path, netbox_kinds[i].kind);
        }
        return r < 0 ? r : check_field(ctx);
}

static const char config[] = KN_JSON({
        "type": "object",
        "properties": {
                "url": { "type": "string", "maxLength": 300, "pattern": "^https?://[^\\s?#]+$",
                        "description": "Where it is, without /api: https://nautobot.example.com" },
                "system": { "type": "string", "enum": ["nautobot", "netbox"], "default": "nautobot",
                        "description": "Which of the two it is" },
                "token": { "type": "string", "minLength": 1, "maxLength": 200, "writeOnly": true,
                        "pattern": "^[!-~]+$",
                        "description": "An API token that may write" },
                "owner_role": { "type": "string", "minLength": 1, "maxLength": 100, "default": "Owner",
                        "description": "The role in which a contact is an item's owner" },
                "depends_field": { "type": "string", "pattern": "^[a-z][a-z0-9_]{0,49}$",
                        "default": "depends_on",
                        "description": "The custom field, of type text, that holds what an item depends on" },
                "defaults": { "type": "object",
                        "additionalProperties": { "type": "object",
                                "additionalProperties": { "type": "string", "minLength": 1, "maxLength": 4000 } },
                        "description": "Attributes of new items by kind, such as a server's location and role" },
                "poll_s": { "type": "integer", "minimum": 1, "maximum": 86400, "default": 30,
                        "description": "How often the change log is looked at" }
        ) WEB_TLS KN_JSON(
        },
        "required": ["url", "token"],
        "additionalProperties": false
});

static const struct kn_action actions[] = { CMDB_ACTIONS };

static const struct kn_sensor sensors[] = {
        { .name = "item.log", .summary = "Watch the change log for devices and virtual machines",
          .poll = cmdb_watch, .interval_ms = 30000 },
};

/* Calls of one instance stay serialised: neither has an "only if" that would hold them apart. */
KN_PLUGIN(.name = "netbox", .version = "1.0", .domain = "cmdb",
          .summary = "Devices and virtual machines in NetBox or Nautobot, by the REST API",
          .config = config, .check = check, KN_ACTIONS(actions), KN_SENSORS(sensors))
