/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/nouns.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/generic.h"
#include "cli/out.h"
#include "cli/params.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* "key=NAME" of --secret and --secret-file as the reference that the configuration holds. */
static int add_references(struct cli *cli, json_t **config, const char *option, const char *member,
                          struct fault *fault)
{
        const char *text;

        for (size_t at = 0; (text = cli_each(cli, option, &at));) {
                const char *equals = strchr(text, '=');
                _free_ char *key = equals ? strndup(text, (size_t)(equals - text)) : NULL;

                if (!params_is_pair(text))
                        return fault_set(fault, 400, "usage.argument", "--%s %s: want KEY=%s",
                                         option, text, member);
                if (!key || json_put_at(config, key, json_pack("{s:s}", member, equals + 1)))
                        return -ENOMEM;
        }
        return 0;
}

/* Plain values take the types that the plugin's own schema declares. */
static int coerce_config(struct cli *cli, json_t *config, struct fault *fault)
{
        _free_ char *path = client_path("/api/v1/plugins/{}", cli_option(cli, "plugin"));
        const struct request request = { .path = path, .is_preparation = true };
        _answer_ struct answer answer = ANSWER_INIT;
        int r;

        if (!json_object_size(config))
                return 0;
        r = path ? client_call(cli, &request, &answer, fault) : -ENOMEM;
        if (r == FAULT && fault->status == 404) {
                fault_deinit(fault);            /* the hub will say so itself, with what there is */
                return 0;
        }
        return r ? r : params_coerce(config, json_at(answer.json, "config.properties"), fault);
}

static int make_config(struct cli *cli, json_t **ret, struct fault *fault)
{
        int r = params_read(cli, 1, ret, fault);

        if (!r)
                r = coerce_config(cli, *ret, fault);
        if (!r)
                r = add_references(cli, ret, "secret", "secret", fault);
        return r ? r : add_references(cli, ret, "secret-file", "file", fault);
}

static int make_definition(struct cli *cli, json_t *body, struct fault *fault)
{
        static const char *const members[] = { "plugin", "scope", "home", NULL };
        json_t *config = NULL, *egress = json_array();
        const char *text;
        int r = cli_option(cli, "plugin") ? make_config(cli, &config, fault)
                : fault_set(fault, 400, "usage.option",
                            "which plugin should %s be of? --plugin NAME", cli->operands[0]);

        json_set_text(body, "name", cli->operands[0]);
        for (size_t i = 0; members[i]; i++)
                if (cli_option(cli, members[i]))
                        json_set_text(body, members[i], cli_option(cli, members[i]));
        for (size_t at = 0; (text = cli_each(cli, "egress", &at));)
                json_array_append_new(egress, json_string(text));
        if (json_array_size(egress))
                json_object_set(body, "egress", egress);
        json_decref(egress);
        if (config)
                json_object_set_new(body, "config", config);
        return r;
}

static int add_run(struct cli *cli, struct fault *fault)
{
        bool replaces = cli_switch(cli, "replace");
        _free_ char *path = client_path(replaces ? "/api/v1/instances/{}" : "/api/v1/instances",
                                        cli->operands[0]);
        _json_ json_t *body = json_object();
        const struct request request = { .method = replaces ? "PUT" : "POST", .path = path,
                                         .body = body };
        _answer_ struct answer answer = ANSWER_INIT;
        int r = path && body ? make_definition(cli, body, fault) : -ENOMEM;

        if (!r)
                r = client_call(cli, &request, &answer, fault);
        if (r || cli->has_format)
                return r ? r : out_object(cli, answer.json, "name");
        cli_note(cli, "%s: %s; to see whether it works: kaname instance check %s", cli->operands[0],
                 replaces ? "replaced" : "added", cli->operands[0]);
        return 0;
}

/* By the code of the plugin's failure. */
static int try_next(const char *name, const char *code, struct fault *fault)
{
        static const struct {
                const char *code, *remedy;
        } rows[] = {
                { "denied-there", "set its secret anew: kaname key set --encrypt KEY; "
                          "kaname instance get %s names the key" },
                { "denied", "let it connect there: egress in kaname instance get %s" },
                { "timeout", "is the system up, and its address right? kaname instance get %s" },
                { "remote", "is the system up, and its address right? kaname instance get %s" },
                { "temporary", "try again in a minute; kaname instance get %s shows its address" },
                { "arguments", "correct its configuration: kaname instance add %s --replace …" },
                { "crashed", "kaname plugin list shows its crashes; kaname instance get %s" },
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
                if (text_equal(code, rows[i].code)) {
                        _free_ char *remedy = NULL;
                        const char *gap = strstr(rows[i].remedy, "%s");

                        if (asprintf(&remedy, "%.*s%s%s", (int)(gap - rows[i].remedy),
                                     rows[i].remedy, name, gap + 2) < 0)
                                return -ENOMEM;
                        return fault_try(fault, "%s", remedy);
                }
        return fault_try(fault, "kaname instance get %s", name);
}

static int check_one(struct cli *cli, const char *name, struct fault *fault)
{
        _free_ char *path = client_path("/api/v1/instances/{}/check", name), *result = NULL;
        const struct request request = { .method = "POST", .path = path };
        _answer_ struct answer answer = ANSWER_INIT;
        const char *message;
        bool ok;
        int r = path ? client_call(cli, &request, &answer, fault) : -ENOMEM;

        if (r)
                return r;
        ok = json_bool_of(answer.json, "ok", false);
        message = json_text_of(answer.json, "message", "");
        if (cli->has_format && (r = out_object(cli, answer.json, "instance")))
                return r;
        if (!ok) {
                fault_set(fault, 500, json_text_of(answer.json, "code", "check"), "%s: %s", name,
                          *message ? message : "its system cannot be used");
                fault_why(fault, "asked by the plugin %s, in the home %s",
                          json_text_of(answer.json, "plugin", "?"),
                          json_text_of(answer.json, "home", "?"));
                return try_next(name, json_text_of(answer.json, "code", ""), fault);
        }
        result = json_compact(json_object_get(answer.json, "result"));
        if (!cli->has_format)
                fprintf(cli->out, "%s: ok%s%s%s%s\n", name, *message ? ": " : "", message,
                        result && strcmp(result, "{}") ? " " : "",
                        result && strcmp(result, "{}") ? result : "");
        return 0;
}

static int check_run(struct cli *cli, struct fault *fault)
{
        int failed = 0, r = 0;

        for (int i = 0; i < cli->n_operands; i++) {
                r = check_one(cli, cli->operands[i], fault);
                if (r && r != FAULT)
                        return r;
                failed += r == FAULT;
                if (r != FAULT || i + 1 == cli->n_operands)
                        continue;
                cli_report(cli, fault);
                fault_deinit(fault);
        }
        if (failed && r != FAULT)
                r = fault_set(fault, 500, "check", "%d of %d instances cannot be used", failed,
                              cli->n_operands);
        return r;
}

static const struct column columns[] = {
        { "NAME", "name", COLUMN_TEXT, false }, { "PLUGIN", "plugin", COLUMN_TEXT, false },
        { "SCOPE", "scope", COLUMN_TEXT, false }, { "HOME", "home", COLUMN_TEXT, false },
        { "ORIGIN", "origin", COLUMN_TEXT, true }, { "EGRESS", "egress", COLUMN_TEXT, true },
        { NULL, NULL, 0, false }
};

static const struct verb_option add_options[] = {
        { .name = "plugin", .letter = 'p', .argument = "NAME",
          .summary = "the plugin that speaks to this system", .complete = COMPLETE_PLUGIN },
        { .name = "scope", .argument = "SCOPE",
          .summary = "what it is responsible for, such as example.com" },
        { .name = "home", .argument = "HOME", .summary = "core, host or auto" },
        { .name = "egress", .argument = "HOST:PORT",
          .summary = "where it may connect to; may be repeated" },
        { .name = "secret", .argument = "KEY=NAME",
          .summary = "take this value from the key NAME; may be repeated" },
        { .name = "secret-file", .argument = "KEY=PATH",
          .summary = "take this value from a file of the hub; may be repeated" },
        { .name = "file", .letter = 'f', .argument = "FILE",
          .summary = "the configuration, JSON or YAML", .complete = COMPLETE_FILE },
        { .name = "replace", .summary = "change one that is there" },
        { .name = NULL }
};

static const struct verb verbs[] = {
        { .name = "list", .summary = "which systems the hub speaks to", .run = verb_list,
          .path = "/api/v1/instances",
          .columns = columns, .name_path = "name" },
        { .name = "get", .operands = "NAME...",
          .summary = "instances in full; secrets are references", .run = verb_get,
          .operands_min = 1, .operands_max = -1, .path = "/api/v1/instances/{}",
          .complete = COMPLETE_INSTANCE },
        { .name = "add", .operands = "NAME [KEY=VALUE...]",
          .summary = "connect a system; KEY=VALUE is its configuration",
          .run = add_run, .operands_min = 1, .operands_max = -1, .options = add_options },
        { .name = "check", .operands = "NAME...",
          .summary = "contact the system and say what works", .run = check_run,
          .operands_min = 1, .operands_max = -1, .complete = COMPLETE_INSTANCE },
        { .name = "remove", .operands = "NAME...", .summary = "forget a system", .run = verb_delete,
          .operands_min = 1,
          .operands_max = -1, .path = "/api/v1/instances/{}", .done = "removed",
          .complete = COMPLETE_INSTANCE },
        { .name = NULL }
};

const struct noun noun_instance = {
        .name = "instance", .summary = "the systems that plugins are connected to", .verbs = verbs,
        .about =
                "An instance is one configured connection of a plugin: this name server, that load "
                "balancer.\n"
                "Its configuration holds no secret, only references to keys\n.Pq see Xr kaname-key "
                "1\nor files of the hub.\n"
                "Instances that the configuration file defines are edited there.",
        .examples =
                "kaname key set --encrypt tsig.corp < tsig.secret\n"
                "kaname instance add corp-dns -p rfc2136 --scope example.com server=192.0.2.53 "
                "--secret key=tsig.corp\n"
                "kaname instance check corp-dns",
};
