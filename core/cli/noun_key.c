/* SPDX-License-Identifier: Apache-2.0 */

/* The key-value store, and the keys that clients show. */

#include "cli/nouns.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/generic.h"
#include "cli/out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A value that should not stand in the shell's history comes from standard input. */
static int read_value(struct cli *cli, char **ret, struct fault *fault)
{
        _text_ struct text text = TEXT_INIT;
        char bytes[4096];
        size_t n;

        if (cli->n_operands > 1) {
                *ret = strdup(cli->operands[1]);
                return *ret ? 0 : -ENOMEM;
        }
        while ((n = fread(bytes, 1, sizeof bytes, cli->in)) > 0)
                text_add_bytes(&text, bytes, n);
        if (text.len && text.s[text.len - 1] == '\n')
                text.s[--text.len] = '\0';
        if (!text.len)
                return fault_set(fault, 400, "usage.operands",
                                 "the value is missing, and standard input is empty");
        *ret = text_take(&text);
        return *ret ? 0 : -ENOMEM;
}

static int set_run(struct cli *cli, struct fault *fault)
{
        _free_ char *value = NULL, *path = client_path("/api/v1/keys/{}", cli->operands[0]);
        _json_ json_t *body = NULL;
        struct request request = { .method = "PUT", .path = path };
        _answer_ struct answer answer = ANSWER_INIT;
        const char *scope = cli_option(cli, "scope");
        int64_t ttl_ms = 0;
        int r = path ? read_value(cli, &value, fault) : -ENOMEM;

        if (!r)
                r = cli_duration(cli, "ttl", &ttl_ms, fault);
        if (r)
                return r;
        body = json_pack("{s:s,s:s,s:b}", "name", cli->operands[0], "value", value, "secret",
                         cli_switch(cli, "encrypt"));
        if (!body)
                return fault_set(fault, 400, "usage.operands", "the value is no UTF-8");
        if (scope)
                json_set_text(body, "scope", scope);
        if (ttl_ms)
                json_object_set_new(body, "ttl", json_integer(ttl_ms / 1000));
        request.body = body;
        r = client_call(cli, &request, &answer, fault);
        if (r || cli->has_format)
                return r ? r : out_object(cli, answer.json, "name");
        cli_note(cli, "%s: set", cli->operands[0]);
        return 0;
}

/* Alone, a value is what was asked for: no table, no quotes, so that $(kaname key get x) is it. */
static int get_run(struct cli *cli, struct fault *fault)
{
        _free_ char *path = client_path(cli->verb->path, cli->operands[0]),
                *query = verb_query(cli);
        _json_ json_t *key = NULL;
        int r = path && query ? client_get(cli, path, query, &key, fault) : -ENOMEM;

        if (r || cli->has_format)
                return r ? r : out_object(cli, key, "name");
        fprintf(cli->out, "%s\n", json_text_of(key, "value", ""));
        return 0;
}

#define SCOPE_OPTION                                                                            \
        { .name = "scope", .letter = 's', .argument = "SCOPE",                       \
          .summary = "system (the default) or user", .query = "scope" }

static const struct column key_columns[] = {
        { "NAME", "name", COLUMN_TEXT, false }, { "VALUE", "value", COLUMN_TEXT, false },
        { "SECRET", "secret", COLUMN_TEXT, false }, { "SCOPE", "scope", COLUMN_TEXT, true },
        { "EXPIRES", "expire_timestamp", COLUMN_TIME, true }, { NULL, NULL, 0, false }
};

static const struct verb_option set_options[] = {
        { .name = "encrypt", .letter = 'e',
          .summary = "a secret: sealed in the store, masked in answers" },
        { .name = "ttl", .letter = 'l', .argument = "TIME",
          .summary = "forget it after this long" },
        { .name = "scope", .letter = 's', .argument = "SCOPE",
          .summary = "system (the default) or user" },
        { .name = NULL }
};

static const struct verb_option get_options[] = {
        { .name = "decrypt", .letter = 'd', .summary = "in the clear (needs the right to)",
          .query = "decrypt" },
        SCOPE_OPTION, { .name = NULL }
};

static const struct verb_option key_list_options[] = {
        { .name = "prefix", .argument = "TEXT", .summary = "names that begin with it",
          .query = "prefix" },
        { .name = "decrypt", .letter = 'd', .summary = "in the clear (needs the right to)",
          .query = "decrypt" },
        { .name = "scope", .letter = 's', .argument = "SCOPE",
          .summary = "system (the default), user or all", .query = "scope" },
        { .name = "last", .letter = 'n', .argument = "N", .summary = "how many", .query = "limit" },
        { .name = NULL }
};

static const struct verb_option delete_options[] = { SCOPE_OPTION, { .name = NULL } };

static const struct verb key_verbs[] = {
        { .name = "get", .operands = "NAME", .summary = "print a value", .run = get_run,
          .operands_min = 1,
          .operands_max = 1, .options = get_options, .path = "/api/v1/keys/{}",
          .complete = COMPLETE_KEY },
        { .name = "set", .operands = "NAME [VALUE]",
          .summary = "set a value; without VALUE from standard input",
          .run = set_run, .operands_min = 1, .operands_max = 2, .options = set_options,
          .complete = COMPLETE_KEY },
        { .name = "list", .summary = "what is set", .run = verb_list, .options = key_list_options,
          .path = "/api/v1/keys", .columns = key_columns, .name_path = "name" },
        { .name = "delete", .operands = "NAME...", .summary = "forget values", .run = verb_delete,
          .operands_min = 1,
          .operands_max = -1, .options = delete_options, .path = "/api/v1/keys/{}",
          .done = "deleted", .complete = COMPLETE_KEY },
        { .name = NULL }
};

const struct noun noun_key = {
        .name = "key", .summary = "values that rules, actions and configurations refer to",
        .verbs = key_verbs,
        .about =
                "The key-value store keeps text under a name.\nSecrets are sealed with the hub's "
                "master key;\n"
                "an instance's configuration refers to one by name and never holds it.",
        .examples =
                "kaname key set dns.ttl 300\n"
                "kaname key set --encrypt tsig.corp < tsig.secret\n"
                "kaname key list --prefix dns.",
};

/* ---- apikey ---- */

/* "dns.*" or "dns.*:corp-*" or "dns.*:corp-*:plan,run" as {action, instance, verbs}. */
static int grant_add(json_t *grants, const char *text, struct fault *fault)
{
        size_t action = strcspn(text, ":");
        const char *instance = text[action] ? text + action + 1 : "";
        size_t len = strcspn(instance, ":");
        const char *verbs = instance[len] ? instance + len + 1 : "";
        json_t *list = json_array();

        if (!action)
                return fault_set(fault, 400, "usage.argument", "--grant %s: the action is missing",
                                 text);
        for (verbs = *verbs ? verbs : "plan,run,undo"; *verbs;) {
                size_t n = strcspn(verbs, ",");

                json_array_append_new(list, json_stringn(verbs, n));
                verbs += n + (verbs[n] == ',');
        }
        return json_array_append_new(grants, json_pack("{s:s%,s:s%,s:o}", "action", text, action,
                "instance", len ? instance : "*", len ? len : 1, "verbs", list)) ? -ENOMEM : 0;
}

static int list_option(struct cli *cli, json_t *body, const char *option, const char *member,
                       struct fault *fault)
{
        json_t *list = json_array();
        const char *text;
        int r = list ? 0 : -ENOMEM;

        for (size_t at = 0; !r && (text = cli_each(cli, option, &at));)
                r = !strcmp(option, "grant") ? grant_add(list, text, fault)
                        : json_array_append_new(list, json_string(text)) ? -ENOMEM : 0;
        if (r || !json_array_size(list))
                json_decref(list);
        else
                json_object_set_new(body, member, list);
        return r;
}

static int apikey_body(struct cli *cli, json_t *body, struct fault *fault)
{
        const char *user = cli_option(cli, "user"), *role = cli_option(cli, "role");
        int64_t ttl_ms = 0;
        int r = cli_duration(cli, "ttl", &ttl_ms, fault);

        if (user)
                json_set_text(body, "user", user);
        if (role)
                json_set_text(body, "role", role);
        if (ttl_ms)
                json_object_set_new(body, "ttl", json_integer(ttl_ms / 1000));
        if (cli_option(cli, "note"))
                json_object_set_new(body, "metadata",
                                    json_pack("{s:s}", "note", cli_option(cli, "note")));
        if (!r)
                r = list_option(cli, body, "grant", "grants", fault);
        return r ? r : list_option(cli, body, "webhook", "webhooks", fault);
}

static int create_run(struct cli *cli, struct fault *fault)
{
        _json_ json_t *body = json_object();
        const struct request request = { .method = "POST", .path = "/api/v1/apikeys",
                                         .body = body };
        _answer_ struct answer answer = ANSWER_INIT;
        int r = body ? apikey_body(cli, body, fault) : -ENOMEM;

        if (!r)
                r = client_call(cli, &request, &answer, fault);
        if (r || cli->has_format)
                return r ? r : out_object(cli, answer.json, "key");
        fprintf(cli->out, "%s\n", json_text_of(answer.json, "key", ""));
        cli_note(cli, "this is shown once; to take it back: kaname apikey delete %s",
                 json_text_of(answer.json, "id", "ID"));
        return 0;
}

static const struct column apikey_columns[] = {
        { "ID", "id", COLUMN_TEXT, false }, { "USER", "user", COLUMN_TEXT, false },
        { "ROLE", "role", COLUMN_TEXT, false }, { "ENABLED", "enabled", COLUMN_TEXT, false },
        { "EXPIRES", "expires_at", COLUMN_TIME, false },
        { "NOTE", "metadata.note", COLUMN_TEXT, false },
        { "GRANTS", "grants", COLUMN_TEXT, true }, { "WEBHOOKS", "webhooks", COLUMN_TEXT, true },
        { "CREATED", "created_at", COLUMN_TIME, true }, { NULL, NULL, 0, false }
};

static const struct verb_option create_options[] = {
        { .name = "user", .letter = 'u', .argument = "NAME", .summary = "whose key it is" },
        { .name = "role", .argument = "ROLE", .summary = "admin, operator or webhook" },
        { .name = "grant", .argument = "ACTION[:INSTANCE[:VERBS]]",
          .summary = "what it may do, with * as a pattern; VERBS are plan,run,undo; may be "
                     "repeated" },
        { .name = "webhook", .argument = "NAME",
          .summary = "which webhook it may call; may be repeated" },
        { .name = "ttl", .argument = "TIME", .summary = "good for this long" },
        { .name = "note", .argument = "TEXT", .summary = "what it is for" },
        { .name = NULL }
};

static const struct verb apikey_verbs[] = {
        { .name = "create", .summary = "make a key and print it, once", .run = create_run,
          .options = create_options },
        { .name = "list", .summary = "which keys there are", .run = verb_list,
          .path = "/api/v1/apikeys",
          .columns = apikey_columns, .name_path = "id" },
        { .name = "enable", .operands = "ID...", .summary = "let keys in again", .run = verb_enable,
          .operands_min = 1, .operands_max = -1, .path = "/api/v1/apikeys/{}" },
        { .name = "disable", .operands = "ID...", .summary = "keep keys out, and keep them",
          .run = verb_enable, .operands_min = 1, .operands_max = -1,
          .path = "/api/v1/apikeys/{}" },
        { .name = "delete", .operands = "ID...", .summary = "take keys back, at once",
          .run = verb_delete,
          .operands_min = 1, .operands_max = -1, .path = "/api/v1/apikeys/{}", .done = "deleted" },
        { .name = NULL }
};

const struct noun noun_apikey = {
        .name = "apikey", .summary = "credentials of clients, and what each may do",
        .verbs = apikey_verbs,
        .about =
                "A key is shown once, when it is made; the hub keeps its hash.\nA key with the "
                "role\n.Cm operator\n"
                "may read everything and act as far as its grants go;\n.Cm webhook\nmay only hand "
                "in events;\n"
                ".Cm admin\nmay all.\nActions that run whatever they are told\n.Pq Cm core.local , "
                "core.http\n"
                "need a grant that names them: no pattern covers them.",
        .examples =
                "kaname apikey create -u ci --role operator --grant 'dns.*:corp-*:plan,run' --ttl "
                "90d\n"
                "kaname apikey create -u alertmanager --role webhook --webhook alerts\n"
                "kaname apikey list",
};
