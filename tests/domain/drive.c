/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Calls one action, sensor or check of a plugin as the hub would, and prints all that came of it as
 * one line of JSON: what the conformance suites of the domains are written over. Arguments and
 * results are held to the domain's contract. -x runs a command in the moment after a change was
 * announced and before it is made, where somebody else's change has to be noticed.
 *
 *   drive [-c CONTRACT] [-k CONFIG] [-s STOREFILE] [-t DEADLINE_MS] [-x COMMAND]
 *         PLUGIN run|plan|undo|poll|check [NAME [ARGS]]
 */

#include <kaname/mock.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "catalog/contract.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#define ACTIONS_MAX 64

/* Where the wrapped callback finds what it wraps. A program of one call may have globals. */
static struct {
        struct kn_plugin plugin;
        struct kn_action actions[ACTIONS_MAX];
        const struct kn_action *real;
        struct kn_host host;
        const struct kn_host *real_host;
        const char *command;
} drive;

static int change_between(struct kn_ctx *ctx, const struct kn_change *change)
{
        int ticket = drive.real_host->change(ctx, change);

        if (ticket > 0 && system(drive.command) != 0)
                fprintf(stderr, "drive: '%s' failed\n", drive.command);
        return ticket;
}

static int run_wrapped(struct kn_ctx *ctx)
{
        drive.real_host = ctx->host;
        drive.host = *ctx->host;
        drive.host.change = change_between;
        ctx->host = &drive.host;
        return drive.real->run(ctx);
}

/* The plugin, with the one action replaced by run_wrapped(). */
static const struct kn_plugin *wrap(const struct kn_plugin *plugin, const char *name)
{
        drive.plugin = *plugin;
        for (uint32_t i = 0; i < plugin->n_actions && i < ACTIONS_MAX; i++) {
                drive.actions[i] = plugin->actions[i];
                if (strcmp(name, plugin->actions[i].name) != 0)
                        continue;
                drive.real = &plugin->actions[i];
                drive.actions[i].run = run_wrapped;
        }
        drive.plugin.actions = drive.actions;
        drive.plugin.action_size = sizeof *drive.actions;
        return &drive.plugin;
}

static int die(const char *what, const char *why)
{
        fprintf(stderr, "drive: %s: %s\n", what, why ? why : "failed");
        return 2;
}

/* As large as the hub lets results be. */
static json_t *parsed(const char *text)
{
        static const struct json_limits limits = { 64u << 20, 64, "limits.result", "limits.depth" };
        json_t *value = NULL;

        return text && json_parse(text, strlen(text), &limits, &value, NULL) == 0 ? value
                : json_null();
}

static void show_refusal(const char *what)
{
        _json_ json_t *out = json_pack("{s:i, s:s, s:[], s:[]}", "code", KN_EARG, "sentence", what,
                                       "changes", "events");
        _free_ char *line = json_compact(out);

        puts(line);
}

/*
 * Arguments with their defaults, held to the contract. NULL: printed why not, as the hub would
 * refuse.
 */
static char *fit_args(const struct contract *contract, const char *action, const char *text)
{
        const struct contract_action *row = contract ? contract_action(contract, action) : NULL;
        _json_ json_t *args = NULL;
        _fault_ struct fault fault = FAULT_INIT;

        if (json_parse(text, strlen(text), NULL, &args, &fault) != 0) {
                die("arguments", fault.what);
                return NULL;
        }
        if (row)
                schema_fill_defaults(row->params, args);
        if (row && schema_check(row->params, args, &fault) != 0) {
                show_refusal(fault.what);
                return NULL;
        }
        return json_compact(args);
}

static void check_result(const struct contract *contract, const char *action, const char *result)
{
        const struct contract_action *row = contract ? contract_action(contract, action) : NULL;
        _json_ json_t *value = parsed(result);
        _fault_ struct fault fault = FAULT_INIT;

        if (row && schema_check(row->returns, value, &fault) != 0) {
                die("the result breaks the contract", fault.what);
                exit(2);
        }
}

static void show(struct kn_mock *m, int code)
{
        _json_ json_t *out = json_object();
        _free_ char *line = NULL;

        json_object_set_new(out, "code", json_integer(code));
        json_set_text(out, "sentence", kn_mock_sentence(m));
        json_object_set_new(out, "result", parsed(kn_mock_result(m)));
        json_object_set_new(out, "changes", parsed(kn_mock_changes(m)));
        json_object_set_new(out, "events", parsed(kn_mock_events(m)));
        json_set_text(out, "log", kn_mock_log(m));
        line = json_compact(out);
        puts(line);
}

/* ---- the store, between one call and the next: a file of one object ---- */

static void store_load(struct kn_mock *m, const char *path)
{
        _json_ json_t *all = NULL;
        const char *key;
        json_t *value;

        if (!path || json_parse_file(path, NULL, &all, NULL) != 0)
                return;
        json_object_foreach(all, key, value) {
                _free_ char *text = json_compact(value);

                kn_mock_store(m, key, text);
        }
}

static void store_save(struct kn_mock *m, const char *path)
{
        FILE *f = path ? fopen(path, "w") : NULL;

        if (f) {
                fputs(kn_mock_stored(m), f);
                fclose(f);
        }
}

static int call(struct kn_mock *m, const char *mode, const char *name, const char *args)
{
        if (strcmp(mode, "run") == 0)
                return kn_mock_run(m, name, args);
        if (strcmp(mode, "plan") == 0)
                return kn_mock_plan(m, name, args);
        if (strcmp(mode, "undo") == 0)
                return kn_mock_undo(m, name, args);
        if (strcmp(mode, "poll") == 0)
                return kn_mock_poll(m, name);
        return kn_mock_check(m);
}

struct options {
        const char *contract, *config, *store, *plugin, *mode, *name, *args;
        long long timeout_ms;           /* 0: a minute */
};

static struct kn_mock *load(const struct options *options)
{
        const struct kn_plugin *(*entry)(void);
        void *object = dlopen(options->plugin, RTLD_NOW | RTLD_LOCAL);
        const struct kn_plugin *plugin;

        if (!object) {
                die(options->plugin, dlerror());
                return NULL;
        }
        *(void **)&entry = dlsym(object, "kaname_plugin");
        plugin = entry ? entry() : NULL;
        if (!plugin) {
                die(options->plugin, "it exports no kaname_plugin");
                return NULL;
        }
        return kn_mock_new(drive.command ? wrap(plugin, options->name) : plugin);
}

static void drop_contract(struct contract **contract)
{
        contract_free(*contract);
}

static int drive_call(struct kn_mock *m, const struct options *options)
{
        _cleanup_(drop_contract) struct contract *contract = NULL;
        _free_ char *args = NULL;
        _fault_ struct fault fault = FAULT_INIT;
        bool is_action = strcmp(options->mode, "poll") != 0 && strcmp(options->mode, "check") != 0;
        int code;

        if (kn_mock_trouble(m))
                return die(options->plugin, kn_mock_trouble(m));
        if (options->contract && contract_load(options->contract, &contract, &fault) != 0)
                return die(options->contract, fault.what);
        if (is_action) {
                args = fit_args(contract, options->name, options->args);
                if (!args)
                        return 0;
        }
        if (kn_mock_config(m, options->config) != 0)
                return die("configuration", kn_mock_sentence(m));
        store_load(m, options->store);
        kn_mock_timeout(m, options->timeout_ms);
        code = call(m, options->mode, options->name, args);
        if (is_action && code >= 0)
                check_result(contract, options->name, kn_mock_result(m));
        show(m, code);
        store_save(m, options->store);
        return 0;
}

int main(int argc, char **argv)
{
        struct options options = { .config = "{}", .name = "", .args = "{}" };
        struct kn_mock *m;
        int opt, r;

        signal(SIGPIPE, SIG_IGN);       /* as both homes do */
        while ((opt = getopt(argc, argv, "c:k:s:t:x:")) != -1) {
                if (opt == 'c')
                        options.contract = optarg;
                else if (opt == 'k')
                        options.config = optarg;
                else if (opt == 's')
                        options.store = optarg;
                else if (opt == 't')
                        options.timeout_ms = atoll(optarg);
                else if (opt == 'x')
                        drive.command = optarg;
                else
                        return 2;
        }
        if (argc - optind < 2)
                return die("usage", "drive [-c CONTRACT] [-k CONFIG] [-s STORE] [-t MS] [-x COMMAND] "
                           "PLUGIN MODE [NAME [ARGS]]");
        options.plugin = argv[optind];
        options.mode = argv[optind + 1];
        if (argc - optind > 2)
                options.name = argv[optind + 2];
        if (argc - optind > 3)
                options.args = argv[optind + 3];
        m = load(&options);
        if (!m)
                return 2;
        r = drive_call(m, &options);
        kn_mock_free(m);
        return r;
}
