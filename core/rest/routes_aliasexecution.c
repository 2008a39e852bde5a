/* SPDX-License-Identifier: Apache-2.0 */

/* Running the actions that commands stand for, and telling how it went in the alias's words. */

#include "rest/alias.h"
#include "rest/run.h"
#include "rest/shape.h"

#include "base/json.h"
#include "base/text.h"
#include "expr/expr.h"

#include <errno.h>
#include <pthread.h>

CLEANUP_DEFINE(struct expr *, expr_free);

struct waiting {
        pthread_mutex_t lock;
        pthread_cond_t over;
        bool is_over;
        struct hub_ran ran;
};

static void ran(void *arg, const struct hub_ran *ran)
{
        struct waiting *waiting = arg;

        pthread_mutex_lock(&waiting->lock);
        waiting->ran = *ran;
        waiting->is_over = true;
        pthread_cond_signal(&waiting->over);
        pthread_mutex_unlock(&waiting->lock);
}

static int run_and_wait(struct request *req, const struct hub_run *run, struct id *ret,
                        struct fault *fault)
{
        struct waiting waiting = { .lock = PTHREAD_MUTEX_INITIALIZER,
                                   .over = PTHREAD_COND_INITIALIZER };
        int r = hub_run(request_hub(req), run, ran, &waiting, fault);

        if (r)
                return r;
        pthread_mutex_lock(&waiting.lock);
        while (!waiting.is_over)
                pthread_cond_wait(&waiting.over, &waiting.lock);
        pthread_mutex_unlock(&waiting.lock);
        *ret = waiting.ran.id;
        return waiting.ran.outcome == STORE_DONE ? 0
                : store_outcome_fault(waiting.ran.outcome, fault);
}

struct showing {
        struct shape shape;
        json_t *object;
};

static int show(void *arg, const struct store_execution *e)
{
        struct showing *showing = arg;

        showing->object = shape_execution(&showing->shape, e);
        return 0;
}

static int read_execution(struct request *req, const struct id *id, json_t **ret,
                          struct fault *fault)
{
        struct showing showing = { .object = NULL };
        int r;

        req->catalog = catalog_unref(req->catalog);
        showing.shape = (struct shape){ .catalog = request_catalog(req), .with_result = true };
        r = store_get_execution(request_store(req), id, true, show, &showing, fault);
        if (r == 0)
                *ret = showing.object;
        return r;
}

/* What the alias says with its ack or result format; NULL: nothing, or it cannot be rendered. */
static json_t *say(const struct catalog_alias *row, const char *key, const json_t *execution)
{
        const json_t *answer = json_object_get(alias_definition(row->alias), key);
        const json_t *format = json_object_get(answer, "format");
        _cleanup_(expr_freep) struct expr *expr = NULL;
        _json_ json_t *scope = json_pack("{s:O}", "execution", (json_t *)execution);
        _fault_ struct fault fault = FAULT_INIT;
        json_t *made = NULL;

        if (!json_bool_of(answer, "enabled", true) || !json_is_string(format))
                return NULL;
        if (expr_compile_for(format, EXPR_TEXT, &expr, &fault) == 0 &&
            expr_eval(expr, scope, &made, &fault) == 0)
                return made;
        return json_sprintf("%s.format of the alias '%s': %s", key, row->ref,
                            fault.what ? fault.what : "it cannot be rendered");
}

/* What comes with a message, such as colours for a chat: rendered as the message is. */
static json_t *extra_of(const struct catalog_alias *row, const char *key, const json_t *execution)
{
        const json_t *extra = json_object_get(json_object_get(alias_definition(row->alias), key),
                                              "extra");
        _cleanup_(expr_freep) struct expr *expr = NULL;
        _json_ json_t *scope = json_pack("{s:O}", "execution", (json_t *)execution);
        json_t *made = NULL;

        if (!json_is_object(extra))
                return NULL;
        if (expr_compile(extra, &expr, NULL) == 0 && expr_eval(expr, scope, &made, NULL) == 0)
                return made;
        return json_deep_copy(extra);
}

static json_t *context_of(struct request *req, const struct catalog_alias *row)
{
        static const char *const passed[] = { "source_channel", "notification_channel",
                                              "notification_route" };
        const char *user = json_text_of(req->json, "user", NULL);
        json_t *context = json_object();

        json_object_set_new(context, "action_alias_ref",
                            json_pack("{s:s}", "ref", row->ref));
        json_set_text(context, "user", req->who->user);
        json_set_text(context, "api_user", user && *user ? user : req->who->user);
        for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
                if (json_text_of(req->json, passed[i], NULL))
                        json_set_text(context, passed[i], json_text_of(req->json, passed[i], ""));
        return context;
}

static int execute_match(struct request *req, const struct catalog_alias *row,
                         const json_t *given, json_t **ret, struct fault *fault)
{
        _json_ json_t *params = json_copy((json_t *)given), *context = context_of(req, row);
        _json_ json_t *alias = alias_shape(row);
        json_t *fixed = json_object_get(alias_definition(row->alias), "immutable_parameters");
        struct hub_run run = { .action = alias_action(row->alias), .params = params,
                               .mode = "run", .user = req->who->user, .context = context,
                               .coerce = true };
        json_t *execution = NULL;
        struct id id;
        int r;

        if (json_is_object(fixed))
                json_object_update(params, fixed);
        r = run_permit(req, run.action, params, AUTH_RUN, fault);
        if (r == 0)
                r = run_and_wait(req, &run, &id, fault);
        if (r == 0)
                r = read_execution(req, &id, &execution, fault);
        if (r)
                return r;
        *ret = json_pack("{s:o, s:O, s:o*, s:o*}", "execution", execution, "actionalias", alias,
                         "message", say(row, "ack", execution), "extra",
                         extra_of(row, "ack", execution));
        return *ret ? 0 : -ENOMEM;
}

/* The rows of a catalog live as long as it; running looks at a later one. */
static int execute_in(struct request *req, const struct catalog_alias *row, const json_t *params,
                      bool is_list, struct fault *fault)
{
        struct catalog *catalog = catalog_ref(request_catalog(req));
        json_t *made = NULL;
        int r = execute_match(req, row, params, &made, fault);

        catalog_unref(catalog);
        if (r)
                return r;
        return answer_json(req, 201, is_list ? json_pack("{s:[o]}", "results", made) : made);
}

static int match_and_execute(struct request *req, struct fault *fault)
{
        _cleanup_(alias_matching_deinit) struct alias_matching m = { .row = NULL };
        int r = alias_match_command(req, json_text_of(req->json, "command", NULL), &m, fault);

        return r ? r : execute_in(req, m.row, m.match.params, true, fault);
}

static int execute(struct request *req, struct fault *fault)
{
        const char *format = json_text_of(req->json, "format", "");
        const char *command = json_text_of(req->json, "command", "");
        const struct catalog_alias *row;
        struct alias_match match = { NULL, NULL, NULL };
        _json_ json_t *params = NULL;
        int r = alias_find(req, json_text_of(req->json, "name", ""), &row, fault);

        if (r)
                return r;
        if (!row->is_enabled)
                return fault_set(fault, 400, "alias.disabled", "the alias '%s' is switched off",
                                 row->ref);
        r = alias_match_format(row->alias, format, command, &match, fault);
        if (r < 0)
                return fault_errno(fault, r, "alias");
        if (!match.params)
                return FAULT;
        params = match.params;
        return execute_in(req, row, params, false, fault);
}

/* How it went, in the alias's words: what a chat would be told. */
static int get_result(struct request *req, struct fault *fault)
{
        const struct catalog_alias *row;
        _json_ json_t *execution = NULL;
        const char *ref;
        struct id id;
        int r = request_param_id(req, "id", &id, fault);

        if (!r)
                r = read_execution(req, &id, &execution, fault);
        if (r)
                return r;
        ref = json_text_of(json_object_get(json_object_get(execution, "context"),
                                           "action_alias_ref"), "ref", NULL);
        if (!ref)
                return fault_set(fault, 404, "alias.none", "no alias started this execution");
        r = alias_find(req, ref, &row, fault);
        return r ? r : answer_json(req, 200, json_pack("{s:O, s:o, s:o*, s:o*}", "execution",
                                                       execution, "actionalias",
                                                       alias_shape(row), "message",
                                                       say(row, "result", execution), "extra",
                                                       extra_of(row, "result", execution)));
}

#define X "/api/v1/aliasexecution"

static const struct route rows[] = {
        { "POST", X, execute, AUTH_ACT, 0, 201, "Run a command by one format of one alias", "",
          "AliasExecution", "Object" },
        { "POST", X "/match_and_execute", match_and_execute, AUTH_ACT, 0, 201,
          "Run the action that a command means", "", "AliasCommand", "Object" },
        { "GET", X "/{id}", get_result, AUTH_READ, 0, 200,
          "How it went, in the words of the alias", "", NULL, "Object" },
};

ROUTE_TABLE(routes_aliasexecution);
