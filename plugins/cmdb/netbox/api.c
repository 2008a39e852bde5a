/* SPDX-License-Identifier: Apache-2.0 */
#include "cmdb/netbox/netbox.h"

#include "web.h"

#define PAGE      200             /* rows; the system may give less */
#define PAGES_MAX 200

static const struct make makes[] = {
        { .name = "Nautobot", .version = "nautobot-version", .depth = "&depth=1",
          .contacts = "/extras/contacts/", .assignments = "/extras/contact-associations/",
          .changes = "/extras/object-changes/", .object_type = "associated_object_type",
          .object_id = "associated_object_id", .sort = "sort", .since = "time__gte",
          .place = "location", .retired = "Decommissioning" },
        { .name = "NetBox", .version = "netbox-version", .depth = "",
          .contacts = "/tenancy/contacts/", .assignments = "/tenancy/contact-assignments/",
          .changes = "/core/object-changes/", .object_type = "object_type",
          .object_id = "object_id", .sort = "ordering", .since = "time_after",
          .place = "site", .retired = "decommissioning", .has_plain_status = true },
};

const struct make *netbox_make(struct kn_ctx *ctx)
{
        return &makes[strcmp(kn_config_str(ctx, "system", "nautobot"), "netbox") == 0];
}

static int call_api(struct kn_ctx *ctx, struct web_call *call, const char *path)
{
        const char *token = kn_secret(ctx, "token");
        char headers[300];
        struct web_site site = {
                .name = netbox_make(ctx)->name, .base = kn_config_str(ctx, "url", ""),
                .headers = headers,
                .on_refusal = "look whether the instance's token is right and lets its user write, "
                              "and which object permissions that user has",
        };
        _free_ char *whole = NULL;

        if (!path || asprintf(&whole, "/api%s", path) < 0)
                return KN_ENOMEM;
        if (!token)
                return kn_fail(ctx, KN_EAUTH, "the instance has no token: give one as a reference "
                               "to a stored secret");
        snprintf(headers, sizeof headers, "Authorization: Token %s\n", token);
        call->path = whole;
        return web_call(ctx, &site, call);
}

int netbox_send(struct kn_ctx *ctx, const char *method, const char *path, const json_t *body,
                const char *doing, json_t **ret)
{
        _web_ struct web_call call = { .method = method, .doing = doing, .json = body };
        int r = call_api(ctx, &call, path);

        if (r < 0 || !ret)
                return r;
        if (!call.reply)
                return kn_fail(ctx, KN_EREMOTE, "%s at %s gave an empty answer to %.80s",
                               netbox_make(ctx)->name, kn_config_str(ctx, "url", ""), doing);
        *ret = json_incref(call.reply);
        return KN_OK;
}

int netbox_get(struct kn_ctx *ctx, const char *path, const char *doing, json_t **ret)
{
        return netbox_send(ctx, "GET", path, NULL, doing, ret);
}

static int fail_list(struct kn_ctx *ctx, const char *doing)
{
        return kn_fail(ctx, KN_EREMOTE, "what answers at %s gave no list to %.80s: is that %s, and "
                       "does the instance's system name the right one of nautobot and netbox?",
                       kn_config_str(ctx, "url", ""), doing, netbox_make(ctx)->name);
}

/* One page from offset on; *ret_more: the list says that there is another. */
static int add_page(struct kn_ctx *ctx, const char *path, const char *doing, json_t *rows,
                    bool *ret_more)
{
        _json_ json_t *page = NULL;
        _free_ char *one = NULL;
        json_t *results;
        int r;

        if (!path || asprintf(&one, "%s&limit=%d&offset=%zu", path, PAGE, json_array_size(rows)) < 0)
                return KN_ENOMEM;
        r = netbox_get(ctx, one, doing, &page);
        if (r < 0)
                return r;
        results = json_object_get(page, "results");
        if (!json_is_array(results))
                return fail_list(ctx, doing);
        *ret_more = json_is_string(json_object_get(page, "next")) && json_array_size(results) > 0;
        return json_array_extend(rows, results) < 0 ? KN_ENOMEM : KN_OK;
}

int netbox_list(struct kn_ctx *ctx, const char *path, const char *doing, size_t max, json_t *rows)
{
        bool is_more = true;
        int r = KN_OK;

        for (int n = 0; r == 0 && is_more && n < PAGES_MAX && json_array_size(rows) < max; n++)
                r = add_page(ctx, path, doing, rows, &is_more);
        return r < 0 ? r : is_more;
}

int netbox_fail_more(struct kn_ctx *ctx, const char *doing, size_t n)
{
        return kn_fail(ctx, KN_EREMOTE, "%s has more of %.80s than the %zu that were read, and "
                       "without the rest the answer would be wrong", netbox_make(ctx)->name, doing,
                       n);
}

int netbox_list_all(struct kn_ctx *ctx, const char *path, const char *doing, size_t max,
                    json_t *rows)
{
        int r = netbox_list(ctx, path, doing, max, rows);

        return r > 0 ? netbox_fail_more(ctx, doing, json_array_size(rows)) : r;
}

static bool has_type(const json_t *field, const char *type)
{
        const json_t *types = json_object_get(field, "content_types");
        json_t *row;
        size_t i;

        json_array_foreach(types ? types : json_object_get(field, "object_types"), i, row)
                if (json_is_string(row) && strcmp(json_string_value(row), type) == 0)
                        return true;
        return false;
}

int netbox_custom_fields(struct kn_ctx *ctx, const struct netbox_kind *kind, json_t **ret)
{
        _json_ json_t *fields = json_array(), *names = json_object();
        int r = netbox_list_all(ctx, "/extras/custom-fields/?", "the custom fields", 10000,
                                fields);
        json_t *field;
        size_t i;

        json_array_foreach(fields, i, field)
                if (has_type(field, kind->type))
                        json_object_set_new(names, json_member(field, "key",
                                                               json_member(field, "name", "")),
                                            json_true());
        if (r == 0)
                *ret = json_incref(names);
        return r;
}

char *netbox_id(const json_t *row)
{
        const json_t *id = json_object_get(row, "id");
        char number[24];

        if (json_is_string(id))
                return strdup(json_string_value(id));
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(id));
        return strdup(number);
}
