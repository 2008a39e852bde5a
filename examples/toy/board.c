/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A third provider of the domain notify: a notice board that takes JSON over HTTP (board.py). To
 * join a domain, this folder is all it takes; what actions take and give stands in the contract.
 */

#include <kaname/plugin.h>

#include <jansson.h>

static void drop(json_t **value)
{
        json_decref(*value);
}

#define _json_ __attribute__((cleanup(drop)))

static const char *configured(struct kn_ctx *ctx, const char *list, const char *name)
{
        char path[400];

        snprintf(path, sizeof path, "%s.%s", list, name);
        return kn_config_str(ctx, path, NULL);
}

/* text with each {{name}} replaced; as it stands where values is NULL. */
static int fill(struct kn_ctx *ctx, FILE *out, const char *text, const json_t *values)
{
        for (const char *at; values && (at = strstr(text, "{{")) != NULL;) {
                char name[65] = "";
                int n = 0, is_name = sscanf(at, "{{ %64[A-Za-z0-9_.-] }}%n", name, &n) == 1 && n;
                const json_t *value = is_name ? json_object_get(values, name) : NULL;

                if (is_name && !value)
                        return kn_fail(ctx, KN_EARG, "values has no %s for {{%s}}", name, name);
                fwrite(text, 1, (size_t)(at - text) + (is_name ? 0 : 2), out);
                if (json_is_string(value))
                        fputs(json_string_value(value), out);
                else if (value)
                        json_dumpf(value, out, JSON_ENCODE_ANY);
                text = at + (is_name ? n : 2);
        }
        return fputs(text, out) < 0 ? KN_ENOMEM : KN_OK;
}

/* The subject or the text of a notice: what is given wins over what the template has. */
static int add(struct kn_ctx *ctx, json_t *notice, const char *part, const json_t *form)
{
        const char *text = kn_arg_str(ctx, part, json_string_value(json_object_get(form, part)));
        _json_ json_t *values = json_loads(kn_arg_str(ctx, "values", form ? "{}" : ""), 0, NULL);
        char *filled = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&filled, &len);
        int r = out ? fill(ctx, out, text ? text : "", values) : KN_ENOMEM;

        r = out && fclose(out) != 0 ? KN_ENOMEM : r;
        json_object_set_new(notice, part, json_stringn(filled ? filled : "", len));
        free(filled);
        return r;
}

static int compose(struct kn_ctx *ctx, json_t *notice)
{
        const char *name = kn_arg_str(ctx, "template", NULL);
        _json_ json_t *form = json_loads(name ? configured(ctx, "templates", name) : NULL, 0, NULL);
        int r = name && !form ? kn_fail(ctx, KN_ENOENT, "there is no template %s", name)
                : add(ctx, notice, "text", form);

        r = r < 0 ? r : add(ctx, notice, "subject", form);
        if (r == 0 && strpbrk(json_string_value(json_object_get(notice, "subject")), "\r\n"))
                return kn_fail(ctx, KN_EARG, "the subject would be more than one line");
        if (r == 0 && !json_string_length(json_object_get(notice, "subject")) &&
            !json_string_length(json_object_get(notice, "text")))
                return kn_fail(ctx, KN_EARG, "the notice has neither a subject nor a text");
        return r;
}

static int ask(struct kn_ctx *ctx, const char *method, const json_t *sent, const char *what)
{
        char *body = json_dumps(sent, JSON_COMPACT);
        struct kn_http http = { .method = method, .url = kn_config_str(ctx, "url", ""),
                                .body = body, .body_len = body ? strlen(body) : 0 };
        int r = kn_http(ctx, &http);

        free(body);
        return r < 0 || http.status < 300 ? r
                : kn_fail(ctx, http.status == 404 ? KN_ENOENT : KN_EREMOTE,
                          "the board answers %d to %s", (int)http.status, what);
}

static int send_message(struct kn_ctx *ctx)
{
        const char *to = kn_arg_str(ctx, "to", ""), *id = kn_str(ctx, KN_CALL, "id", "");
        _json_ json_t *notice = json_pack("{s:s}", "severity", kn_arg_str(ctx, "severity", "info"));
        int r = compose(ctx, notice), ticket = 0;
        _json_ json_t *sent = json_pack("{s:s, s:s, s:O}", "id", id, "to",
                                        configured(ctx, "targets", to) ?: to, "notice", notice);
        char resource[300], *after = json_dumps(notice, JSON_COMPACT);
        struct kn_change change = { .size = sizeof change, .resource = resource, .after = after };

        snprintf(resource, sizeof resource, "notify/%s", to);
        r = r < 0 ? r : (ticket = kn_change(ctx, &change));
        if (ticket > 0) {
                r = ask(ctx, "POST", sent, resource);
                kn_changed(ctx, ticket, r, r < 0 ? NULL : after);
        }
        kn_return_bool(ctx, "changed", 1);
        kn_return_str(ctx, "to", to);
        kn_return_str(ctx, "id", ticket > 0 ? id : NULL);
        kn_return_str(ctx, "before", NULL);
        kn_return_json(ctx, "after", after);
        free(after);
        return r;
}

static int list_targets(struct kn_ctx *ctx)
{
        static const char *const lists[][2] = { { "targets", "to" }, { "templates", "template" } };

        for (int i = 0; i < 2; i++) {
                _json_ json_t *rows = json_loads(kn_config_str(ctx, lists[i][0], "{}"), 0, NULL);
                _json_ json_t *shown = json_array();
                const char *name;
                json_t *value;
                char *text;

                json_object_foreach(rows, name, value)
                        json_array_append_new(shown, json_pack("{s:s, s:s}", lists[i][1], name,
                                                               "kind", "channel"));
                kn_return_json(ctx, lists[i][0], text = json_dumps(shown, JSON_COMPACT));
                free(text);
        }
        return KN_OK;
}

static int check(struct kn_ctx *ctx)
{
        return ask(ctx, "GET", NULL, "a look at it");
}

static const struct kn_action actions[] = {
        { .name = "message.send", .run = send_message },
        { .name = "target.list", .run = list_targets, .flags = KN_IDEMPOTENT | KN_READONLY },
};

KN_PLUGIN(.name = "board", .version = "1.0", .domain = "notify", .summary = "Notices on a board",
          .config = KN_JSON({ "required" : ["url"], "properties" : { "url" : { "type" : "string" },
                  "targets" : { "type" : "object" }, "templates" : { "type" : "object" } } }),
          .check = check, KN_ACTIONS(actions))
