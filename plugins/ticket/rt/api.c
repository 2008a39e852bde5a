/* SPDX-License-Identifier: Apache-2.0 */

/* REST2: requests, collections, and what its JSON means. */

#include "rt.h"

#define PAGE 100                        /* REST2's most */

int rt_call(struct kn_ctx *ctx, struct web_call *call)
{
        const char *token = kn_secret(ctx, "token"), *url = kn_config_str(ctx, "url", "");
        char headers[600], base[320];
        const struct web_site site = {
                system_name, base, headers,
                "compare the instance's token with the account's tokens in Request Tracker "
                "(Settings, Auth tokens), and the account's rights on the queue with "
                "kaname-rt(7)" };
        size_t len = strlen(url);

        if (!token)
                return kn_fail(ctx, KN_EAUTH, "the instance has no token: give it as a reference "
                               "to a stored secret");
        while (len > 0 && url[len - 1] == '/')
                len--;
        snprintf(base, sizeof base, "%.*s/REST/2.0", (int)len, url);
        snprintf(headers, sizeof headers, "Authorization: token %s\n", token);
        return web_call(ctx, &site, call);
}

int rt_get(struct kn_ctx *ctx, const char *path, const char *doing, json_t **ret)
{
        struct web_call call = { .path = path, .doing = doing };
        int r = path ? rt_call(ctx, &call) : KN_ENOMEM;

        if (r == 0 && !json_is_object(call.reply))
                r = kn_fail(ctx, KN_EREMOTE, "%s answered %.80s with no JSON object: does url name "
                            "Request Tracker 5?", system_name, doing);
        if (r == 0)
                *ret = json_incref(call.reply);
        web_done(&call);
        return r;
}

static int get_page(struct kn_ctx *ctx, const char *path, const char *doing, int page,
                    json_t **ret)
{
        size_t size = strlen(path) + 60;
        _free_ char *whole = malloc(size);

        if (!whole)
                return KN_ENOMEM;
        snprintf(whole, size, "%s&per_page=%d&page=%d", path, PAGE, page);
        return rt_get(ctx, whole, doing, ret);
}

int rt_list(struct kn_ctx *ctx, const char *path, const char *doing, int64_t limit, json_t **ret,
            int64_t *ret_total)
{
        _json_ json_t *list = json_array();

        for (int page = 1;; page++) {
                _json_ json_t *answer = NULL;
                json_t *items, *item;
                size_t i;
                int r = path ? get_page(ctx, path, doing, page, &answer) : KN_ENOMEM;

                if (r < 0)
                        return r;
                items = json_object_get(answer, "items");
                if (ret_total)
                        *ret_total = json_integer_value(json_object_get(answer, "total"));
                json_array_foreach(items, i, item)
                        if ((int64_t)json_array_size(list) < limit)
                                json_array_append(list, item);
                if ((int64_t)json_array_size(list) >= limit || json_array_size(items) < PAGE)
                        break;
        }
        *ret = json_incref(list);
        return KN_OK;
}

bool rt_condition(char **sql, const char *start, const char *value)
{
        size_t len = *sql ? strlen(*sql) : 0;
        char *to, *ret = realloc(*sql, len + strlen(start) + strlen(value) * 2 + 16);

        if (!ret)
                return false;
        *sql = ret;
        to = ret + len;
        to += sprintf(to, "%s%s'", len ? " AND " : "", start);
        for (; *value; value++) {
                if (*value == '\'' || *value == '\\')
                        *to++ = '\\';
                *to++ = *value;
        }
        strcpy(to, "'");
        return true;
}

/* ---- meaning ---- */

static const struct { const char *word, *number; } priorities[] = {
        { "low", "0" }, { "normal", "50" }, { "high", "75" }, { "urgent", "100" },
};

const char *rt_priority_word(const char *number)
{
        for (size_t i = 0; i < KN_ROWS(priorities); i++)
                if (strcmp(priorities[i].number, number) == 0)
                        return priorities[i].word;
        return number;
}

const char *rt_priority_number(const char *word)
{
        for (size_t i = 0; i < KN_ROWS(priorities); i++)
                if (strcasecmp(priorities[i].word, word) == 0)
                        return priorities[i].number;
        return word;
}

bool rt_is_closed(struct kn_ctx *ctx, const char *status)
{
        _json_ json_t *closed = json_loads(kn_config_str(ctx, "closed_statuses", "[]"), 0, NULL);
        json_t *one;
        size_t i;

        json_array_foreach(closed, i, one)
                if (strcasecmp(json_string_value(one), status) == 0)
                        return true;
        return false;
}

/* A text, or a number: REST2 has both for one thing, by place. */
static json_t *number_text(const json_t *value)
{
        return json_is_integer(value) ? json_sprintf("%lld", (long long)json_integer_value(value))
                : json_string(json_string_value(value) ? json_string_value(value) : "");
}

static json_t *user_of(const json_t *raw, const char *key)
{
        const json_t *id = json_object_get(json_object_get(raw, key), "id");

        return json_is_string(id) && strcmp(json_string_value(id), "Nobody") != 0
                ? json_string(json_string_value(id)) : json_null();
}

/* Several values of one field are a line each. */
static json_t *fields_of(const json_t *raw)
{
        json_t *ret = json_object(), *field, *value;
        size_t i, k;

        json_array_foreach(json_object_get(raw, "CustomFields"), i, field) {
                json_t *text = json_string("");

                json_array_foreach(json_object_get(field, "values"), k, value) {
                        json_t *longer = json_sprintf("%s%s%s", json_string_value(text),
                                                      k ? "\n" : "", json_is_string(value)
                                                      ? json_string_value(value) : "");

                        json_decref(text);
                        text = longer;
                }
                json_object_set_new(ret, text_of(field, "name", "?"), text);
        }
        return ret;
}

static json_t *executions_of(struct kn_ctx *ctx, const json_t *raw)
{
        const char *prefix = link_prefix(ctx);
        json_t *ret = json_array(), *link;
        size_t i;

        json_array_foreach(json_object_get(raw, "_hyperlinks"), i, link) {
                const char *url = text_of(link, "_url", "");

                if (strcmp(text_of(link, "ref", ""), "refers-to") == 0 &&
                    strncmp(url, prefix, strlen(prefix)) == 0)
                        json_array_append_new(ret, json_string(url + strlen(prefix)));
        }
        return ret;
}

json_t *rt_ticket(struct kn_ctx *ctx, const json_t *raw, const char *queue)
{
        _json_ json_t *id = number_text(json_object_get(raw, "id"));
        _json_ json_t *priority = number_text(json_object_get(raw, "Priority"));
        const char *url = kn_config_str(ctx, "url", ""), *status = text_of(raw, "Status", "");
        size_t len = strlen(url);

        while (len > 0 && url[len - 1] == '/')
                len--;
        return json_pack("{s:O, s:o, s:s, s:s, s:n, s:s, s:b, s:s, s:o, s:o, s:s, s:s, s:o, s:s,"
                         " s:o}",
                         "id", id, "url",
                         json_sprintf("%.*s/Ticket/Display.html?id=%s", (int)len, url,
                                      json_string_value(id)),
                         "queue", queue, "subject", text_of(raw, "Subject", ""), "kind", "status",
                         status, "closed", rt_is_closed(ctx, status), "priority",
                         rt_priority_word(json_string_value(priority)), "owner",
                         user_of(raw, "Owner"), "author", user_of(raw, "Creator"), "created",
                         text_of(raw, "Created", ""), "updated", text_of(raw, "LastUpdated", ""),
                         "fields", fields_of(raw), "description", "", "executions",
                         executions_of(ctx, raw));
}
