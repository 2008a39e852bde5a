/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Zabbix's JSON-RPC. Its failures come with HTTP status 200 and one of a few codes; which of them a
 * failure is stands in the words of "data" only, the same in all languages of the frontend since the
 * API speaks English.
 */

#include "cmdb/zabbix/zabbix.h"

#include "json.h"
#include "web.h"

static const struct {
        const char *words;
        int code;
} failures[] = {
        { "Not authori", KN_EAUTH },
        { "re-login", KN_EAUTH },
        { "API token expired", KN_EAUTH },
        { "API access", KN_EAUTH },
        { "No permissions to call", KN_EAUTH },
        { "already exists", KN_ECONFLICT },
        { "No permissions to referred object or it does not exist", KN_ENOENT },
        { "does not exist, or you have no permissions", KN_ENOENT },
        { "deadlock", KN_ETEMP },
};

int zabbix_error_code(const json_t *error)
{
        const char *data = json_member(error, "data", ""), *text = json_member(error, "message", "");

        for (size_t i = 0; i < KN_ROWS(failures); i++)
                if (strstr(data, failures[i].words) || strstr(text, failures[i].words))
                        return failures[i].code;
        return json_integer_value(json_object_get(error, "code")) == -32602 ? KN_EARG : KN_EREMOTE;
}

static int fail_error(struct kn_ctx *ctx, const char *method, const json_t *error)
{
        int code = zabbix_error_code(error);
        const char *url = kn_config_str(ctx, "url", "");
        const char *data = json_member(error, "data", json_member(error, "message", "no reason"));

        if (code == KN_EAUTH)
                return kn_fail(ctx, code, "Zabbix at %s refused %s: %.200s Look at the instance's "
                               "token, whether it is expired or off, and at the role of its user "
                               "(API methods)", url, method, data);
        return kn_fail(ctx, code, "Zabbix at %s refused %s: %.300s", url, method, data);
}

static bool is_reading(const char *method)
{
        size_t n = strlen(method);

        return n > 4 && strcmp(method + n - 4, ".get") == 0;
}

/* apiinfo.version is refused with a token, all else without. */
static json_t *question(const char *method, json_t *params, const char *token)
{
        json_t *body = json_pack("{s:s, s:s, s:o, s:i}", "jsonrpc", "2.0", "method", method,
                                 "params", params, "id", 1);

        if (body && strcmp(method, "apiinfo.version") != 0)
                json_object_set_new(body, "auth", json_string(token));
        return body;
}

static int take_reply(struct kn_ctx *ctx, const char *method, const json_t *reply, json_t **ret)
{
        const json_t *error = json_object_get(reply, "error");
        json_t *result = json_object_get(reply, "result");

        if (error)
                return fail_error(ctx, method, error);
        if (!result)
                return kn_fail(ctx, KN_EREMOTE, "what answers at %s gave neither a result nor an "
                               "error to %s: is the instance's url that of a Zabbix frontend?",
                               kn_config_str(ctx, "url", ""), method);
        if (ret)
                *ret = json_incref(result);
        return KN_OK;
}

int zabbix_call(struct kn_ctx *ctx, const char *method, json_t *params, json_t **ret)
{
        const char *token = kn_secret(ctx, "token");
        struct web_site site = { .name = "Zabbix", .base = kn_config_str(ctx, "url", "") };
        _json_ json_t *body = question(method, params, token ? token : "");
        _web_ struct web_call call = { .method = "POST", .path = "/api_jsonrpc.php", .doing = method,
                                       .json = body, .is_safe = is_reading(method) };
        int r;

        if (!token)
                return kn_fail(ctx, KN_EAUTH, "the instance has no token: make one in Zabbix (User "
                               "settings, API tokens), and give it as a reference to a secret");
        if (!body)
                return KN_ENOMEM;
        r = web_call(ctx, &site, &call);
        return r < 0 ? r : take_reply(ctx, method, call.reply, ret);
}

int zabbix_first(struct kn_ctx *ctx, const char *method, json_t *params, json_t **ret)
{
        _json_ json_t *rows = NULL;
        int r = zabbix_call(ctx, method, params, &rows);

        if (r == 0)
                *ret = json_incref(json_array_get(rows, 0));
        return r;
}

int64_t zabbix_int(const json_t *row, const char *name)
{
        return strtoll(json_member(row, name, "0"), NULL, 10);
}
