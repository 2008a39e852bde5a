/* SPDX-License-Identifier: Apache-2.0 */

/* kaname plugin run: one call, with the doors of sdk/mock, shown as `kaname run` would. */

#include "cli/author.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/diff.h"
#include "cli/out.h"
#include "cli/params.h"

#include <errno.h>
#include <kaname/mock.h>
#include <stdlib.h>
#include <string.h>

int author_open(const char *so, struct kn_mock **ret, struct fault *fault)
{
        _free_ char *here = NULL;
        struct kn_mock *mock;

        if (!strchr(so, '/') && asprintf(&here, "./%s", so) < 0)
                return -ENOMEM;
        mock = kn_mock_open(here ? here : so);
        if (!mock)
                return -ENOMEM;
        if (!kn_mock_trouble(mock)) {
                *ret = mock;
                return 0;
        }
        fault_set(fault, access(here ? here : so, F_OK) ? 404 : 422, "plugin.unusable", "%s",
                  kn_mock_trouble(mock));
        kn_mock_free(mock);
        return FAULT;
}

struct kn_mock *author_close(struct kn_mock *mock)
{
        kn_mock_free(mock);
        return NULL;
}

const char *author_code(int code)
{
        static const char *const names[] = {
                "ok", "arguments", "denied-there", "not-found", "conflict", "temporary", "remote",
                "timeout",
                "canceled", "unsupported", "memory", "internal", "unknown", "denied",
        };

        if (code >= 0)
                return names[0];
        return -code < (int)(sizeof names / sizeof *names) ? names[-code] : "failed";
}

const json_t *author_action(const json_t *manifest, const char *name)
{
        const json_t *action;
        size_t i;

        json_array_foreach(json_object_get(manifest, "actions"), i, action)
                if (text_equal(json_text_of(action, "name", NULL), name))
                        return action;
        return NULL;
}

static int manifest_of(struct kn_mock *mock, json_t **ret, struct fault *fault)
{
        const char *text = kn_mock_manifest(mock);

        return json_parse(text ? text : "null", strlen(text ? text : "null"), NULL, ret, fault);
}

static int fail_no_action(const json_t *manifest, const char *name, struct fault *fault)
{
        const char *names[64] = { NULL }, *near;
        const json_t *action;
        size_t i;

        json_array_foreach(json_object_get(manifest, "actions"), i, action)
                if (i < 63)
                        names[i] = json_text_of(action, "name", "");
        near = text_nearest(name, names);
        fault_set(fault, 404, "action.unknown", "%s has no action \"%s\"",
                  json_text_of(manifest, "name", "the plugin"), name);
        return fault_try(fault, near ? "%s" : "kaname plugin inspect SO", near);
}

/* --config KEY=VALUE or --config FILE, in the order given. */
static int read_config(struct cli *cli, const json_t *schema, json_t **ret, struct fault *fault)
{
        _json_ json_t *config = json_object();
        const char *text;
        int r = config ? 0 : -ENOMEM;

        for (size_t at = 0; !r && (text = cli_each(cli, "config", &at));) {
                _json_ json_t *file = NULL;

                if (params_is_pair(text)) {
                        r = params_add(&config, text, fault);
                        continue;
                }
                r = cli_read_file(cli, text, &file, fault);
                if (!r && json_object_update(config, file))
                        r = fault_set(fault, 400, "usage.argument", "%s: want an object", text);
        }
        if (!r)
                r = params_coerce(config, json_object_get(schema, "properties"), fault);
        if (!r)
                *ret = TAKE(config);
        return r;
}

static int set_config(struct cli *cli, struct kn_mock *mock, const json_t *manifest,
                      struct fault *fault)
{
        _json_ json_t *config = NULL;
        _free_ char *text = NULL;
        int r = read_config(cli, json_object_get(manifest, "config"), &config, fault);

        if (r || !json_object_size(config))
                return r;
        text = json_compact(config);
        if (!text)
                return -ENOMEM;
        if (kn_mock_config(mock, text) >= 0)
                return 0;
        return fault_set(fault, 422, "plugin.config", "%s",
                         kn_mock_sentence(mock) ? kn_mock_sentence(mock) : "bad configuration");
}

static void show_changes(struct cli *cli, struct kn_mock *mock)
{
        const char *text = kn_mock_changes(mock);
        _json_ json_t *changes = NULL;

        if (text && !json_parse(text, strlen(text), NULL, &changes, NULL))
                diff_print(cli, changes, false);
}

static int show_result(struct cli *cli, struct kn_mock *mock)
{
        const char *text = kn_mock_result(mock);
        _json_ json_t *result = NULL;

        if (!text || json_parse(text, strlen(text), NULL, &result, NULL) || json_is_null(result))
                return 0;
        if (json_is_object(result) || cli->has_format)
                return out_object(cli, result, NULL);
        fprintf(cli->out, "%s\n", text);
        return 0;
}

static int call(struct cli *cli, struct kn_mock *mock, const char *args, struct fault *fault)
{
        const char *action = cli->operands[1], *sentence;
        int code = cli_switch(cli, "plan") ? kn_mock_plan(mock, action, args)
                : kn_mock_run(mock, action, args);

        if (!cli->is_quiet) {
                fputs(kn_mock_log(mock), cli->err);
                fputs(kn_mock_output(mock), cli->err);
        }
        if (!cli->has_format)
                show_changes(cli, mock);
        sentence = kn_mock_sentence(mock);
        if (code < 0)
                return fault_set(fault,
                                 code == KN_EARG ? 422 : code == KN_ETIMEOUT ? 504
                                 : code == KN_ECONFLICT ? 409 : 500,
                                 author_code(code), "%s",
                                 sentence ? sentence : "it failed and did not say why");
        return show_result(cli, mock);
}

int verb_plugin_run(struct cli *cli, struct fault *fault)
{
        _cleanup_(author_closep) struct kn_mock *mock = NULL;
        _json_ json_t *manifest = NULL, *args = NULL;
        _free_ char *text = NULL;
        int64_t timeout_ms = 0;
        const json_t *action;
        int r = author_open(cli->operands[0], &mock, fault);

        if (!r)
                r = manifest_of(mock, &manifest, fault);
        if (r)
                return r;
        action = author_action(manifest, cli->operands[1]);
        if (!action)
                return fail_no_action(manifest, cli->operands[1], fault);
        r = params_read(cli, 2, &args, fault);
        if (!r)
                r = params_coerce(args, json_at(action, "params.properties"), fault);
        if (!r)
                r = cli_duration(cli, "timeout", &timeout_ms, fault);
        if (!r)
                r = set_config(cli, mock, manifest, fault);
        if (r)
                return r;
        kn_mock_timeout(mock, timeout_ms);
        text = json_compact(args);
        return text ? call(cli, mock, text, fault) : -ENOMEM;
}
