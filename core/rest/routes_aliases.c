/* SPDX-License-Identifier: Apache-2.0 */

/* Aliases: commands that people type, found, shown and run as the actions that they stand for. */

#include "rest/request.h"
#include "rest/run.h"
#include "rest/shape.h"

#include "base/json.h"
#include "base/text.h"
#include "expr/expr.h"
#include "flow/alias.h"
#include "hub/hub.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

CLEANUP_DEFINE(struct expr *, expr_free);

/* ---- shapes ---- */

static void set_default(json_t *object, const char *key, json_t *value)
{
        if (json_object_get(object, key) && !json_is_null(json_object_get(object, key)))
                json_decref(value);
        else
                json_object_set_new(object, key, value);
}

static json_t *shape_alias(const struct catalog_alias *row)
{
        static const char *const objects[] = { "ack", "result", "extra", "immutable_parameters" };
        json_t *out = json_copy((json_t *)alias_definition(row->alias));
        char id[ID_TEXT_SIZE];

        json_set_text(out, "id", shape_id("alias", row->ref, id));
        json_set_text(out, "ref", row->ref);
        json_object_set_new(out, "uid", json_sprintf("action:%s:%s", json_text_of(out, "pack", ""),
                                                     json_text_of(out, "name", "")));
        json_object_set_new(out, "enabled", json_boolean(row->is_enabled));
        set_default(out, "description", json_string(""));
        set_default(out, "metadata_file", json_string(""));
        for (size_t i = 0; i < sizeof objects / sizeof *objects; i++)
                set_default(out, objects[i], json_object());
        json_set_text(out, "origin", row->origin);
        return out;
}

/* ---- reading ---- */

struct listing {
        struct page *page;
        const char *pack, *name;
};

static int add(void *arg, const struct catalog_alias *row)
{
        struct listing *l = arg;
        const json_t *definition = alias_definition(row->alias);

        if (l->pack && !text_equal(json_text_of(definition, "pack", ""), l->pack))
                return 0;
        if (l->name && !text_equal(json_text_of(definition, "name", ""), l->name) &&
            !shape_is("alias", row->ref, l->name))
                return 0;
        if (page_takes(l->page))
                page_add(l->page, shape_alias(row));
        return 0;
}

static int list(struct request *req, struct fault *fault)
{
        _page_ struct page page = { 0 };
        struct listing l = { &page, query_text(&req->query, "pack"),
                             query_text(&req->query, "name") };
        int r = page_init(&page, req, fault);

        if (r)
                return r;
        catalog_each_alias(request_catalog(req), add, &l);
        return page_answer(&page);
}

struct finding {
        const char *name;
        const struct catalog_alias *found;
};

static int is_it(void *arg, const struct catalog_alias *row)
{
        struct finding *finding = arg;

        if (shape_is("alias", row->ref, finding->name) ||
            text_equal(json_text_of(alias_definition(row->alias), "name", ""), finding->name))
                finding->found = row;
        return finding->found != NULL;
}

static int find(struct request *req, const char *name, const struct catalog_alias **ret,
                struct fault *fault)
{
        struct finding finding = { name, catalog_alias(request_catalog(req), name) };

        if (!finding.found)
                catalog_each_alias(request_catalog(req), is_it, &finding);
        *ret = finding.found;
        if (*ret)
                return 0;
        fault_set(fault, 404, "alias.unknown", "there is no alias '%.128s'", name);
        return fault_try(fault, "kaname alias list");
}

static int get(struct request *req, struct fault *fault)
{
        const struct catalog_alias *row;
        int r = find(req, request_param(req, "ref"), &row, fault);

        return r ? r : answer_object(req, 200, shape_alias(row));
}

/* ---- help ---- */

struct helping {
        struct page *page;
        const char *pack, *filter;
        const struct catalog_alias *row;
};

static int help_line(void *arg, const char *display)
{
        const struct helping *h = arg;
        const json_t *definition = alias_definition(h->row->alias);

        if (h->filter && *h->filter && !strcasestr(display, h->filter))
                return 0;
        if (page_takes(h->page))
                page_add(h->page, json_pack("{s:s, s:s, s:s}", "pack",
                                            json_text_of(definition, "pack", ""), "display",
                                            display, "description",
                                            json_text_of(definition, "description", "")));
        return 0;
}

static int help_alias(void *arg, const struct catalog_alias *row)
{
        struct helping *h = arg;

        if (!row->is_enabled || (h->pack && !text_equal(h->pack, json_text_of(
                                          alias_definition(row->alias), "pack", ""))))
                return 0;
        h->row = row;
        return alias_each_display(row->alias, help_line, h);
}

/* StackStorm's shape: {available: how many, helpstrings: [{pack, display, description}]}. */
static int help(struct request *req, struct fault *fault)
{
        _page_ struct page page = { 0 };
        struct helping h = { &page, query_text(&req->query, "pack"),
                             query_text(&req->query, "filter"), NULL };
        int r = page_init(&page, req, fault);

        if (r)
                return r;
        catalog_each_alias(request_catalog(req), help_alias, &h);
        return answer_json(req, 200, json_pack("{s:I, s:O}", "available", (json_int_t)page.total,
                                               "helpstrings", page.rows));
}

/* ---- matching ---- */

struct matching {
        const char *command;
        const struct catalog_alias *row;        /* the first that fits */
        struct alias_match match;
        json_t *names;                          /* of all that fit */
        const char *slow;                       /* whose pattern took too long */
};

static void matching_deinit(struct matching *m)
{
        json_decref(m->match.params);
        json_decref(m->names);
}

static int try_alias(void *arg, const struct catalog_alias *row)
{
        struct matching *m = arg;
        struct alias_match match = { NULL, NULL, NULL };
        int r = row->is_enabled ? alias_match(row->alias, m->command, &match) : 0;

        if (r == -ELOOP)
                m->slow = row->ref;
        if (r < 0 && r != -ELOOP)
                return r;
        if (r != 1)
                return 0;
        json_array_append_new(m->names, json_string(row->ref));
        if (m->row) {
                json_decref(match.params);
                return 0;
        }
        m->row = row;
        m->match = match;
        return 0;
}

static int no_match(const struct matching *m, struct fault *fault)
{
        fault_set(fault, 400, "alias.no-match", "Command '%.200s' matched no patterns", m->command);
        if (m->slow)
                fault_why(fault, "the formats of '%s' need too many steps to tell", m->slow);
        return fault_try(fault, "kaname alias help");
}

static int match_command(struct request *req, const char *command, struct matching *m,
                         struct fault *fault)
{
        int r;

        *m = (struct matching){ .command = command, .names = json_array() };
        if (!command || strlen(command) > ALIAS_COMMAND_MAX)
                return fault_set(fault, 400, "alias.command", "command: a text of at most %d bytes",
                                 ALIAS_COMMAND_MAX);
        r = catalog_each_alias(request_catalog(req), try_alias, m);
        if (r < 0)
                return r;
        if (!m->row)
                return no_match(m, fault);
        if (json_array_size(m->names) == 1)
                return 0;
        fault_set(fault, 400, "alias.ambiguous", "Command '%.200s' matched more than 1 pattern",
                  command);
        fault_detail(fault, "aliases", json_incref(m->names));
        return fault_try(fault, "say more of it, or switch one of these aliases off");
}

static int match(struct request *req, struct fault *fault)
{
        _cleanup_(matching_deinit) struct matching m = { NULL };
        int r = match_command(req, json_text_of(req->json, "command", NULL), &m, fault);

        return r ? r : answer_json(req, 200, json_pack("{s:o, s:s, s:s, s:O}", "actionalias",
                                                       shape_alias(m.row), "display",
                                                       m.match.display, "representation",
                                                       m.match.representation, "parameters",
                                                       m.match.params));
}

/* ---- running ---- */

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
        _json_ json_t *alias = shape_alias(row);
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
        _cleanup_(matching_deinit) struct matching m = { NULL };
        int r = match_command(req, json_text_of(req->json, "command", NULL), &m, fault);

        return r ? r : execute_in(req, m.row, m.match.params, true, fault);
}

static int execute(struct request *req, struct fault *fault)
{
        const char *format = json_text_of(req->json, "format", "");
        const char *command = json_text_of(req->json, "command", "");
        const struct catalog_alias *row;
        struct alias_match match = { NULL, NULL, NULL };
        _json_ json_t *params = NULL;
        int r = find(req, json_text_of(req->json, "name", ""), &row, fault);

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
        r = find(req, ref, &row, fault);
        return r ? r : answer_json(req, 200, json_pack("{s:O, s:o, s:o*, s:o*}", "execution",
                                                       execution, "actionalias",
                                                       shape_alias(row), "message",
                                                       say(row, "result", execution), "extra",
                                                       extra_of(row, "result", execution)));
}

/* ---- change ---- */

/* What GET adds comes back in a PUT: it is no part of the definition. */
static json_t *definition_of(const json_t *body)
{
        static const char *const ours[] = { "id", "uid", "ref", "origin", "metadata_file" };
        json_t *definition = json_deep_copy(body);

        for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
                json_object_del(definition, ours[i]);
        if (!json_object_get(definition, "pack"))
                json_object_set_new(definition, "pack", json_string("default"));
        return definition;
}

static int answer_alias(struct request *req, unsigned status, const char *ref, struct fault *fault)
{
        const struct catalog_alias *row;
        int r;

        req->catalog = catalog_unref(req->catalog);
        r = find(req, ref, &row, fault);
        return r ? r : answer_object(req, status, shape_alias(row));
}

static int put(struct request *req, const char *ref, const json_t *body, bool is_new,
               struct fault *fault)
{
        const struct hub_content content = { "alias", ref, body, req->who->user };

        return hub_put_content(request_hub(req), &content, is_new, fault);
}

static int create(struct request *req, struct fault *fault)
{
        _json_ json_t *definition = definition_of(req->json);
        struct alias *alias = NULL;
        _free_ char *ref = NULL;
        int r = alias_compile(definition, &alias, fault);

        if (r)
                return r;
        ref = strdup(alias_ref(alias));
        alias_free(alias);
        if (!ref)
                return -ENOMEM;
        r = put(req, ref, definition, true, fault);
        return r ? r : answer_alias(req, 201, ref, fault);
}

static int update(struct request *req, struct fault *fault)
{
        _json_ json_t *definition = definition_of(req->json);
        const json_t *enabled = json_object_get(definition, "enabled");
        const struct catalog_alias *row;
        struct hub_content content = { .kind = "alias", .user = req->who->user };
        _free_ char *ref = NULL;
        int r = find(req, request_param(req, "ref"), &row, fault);

        if (r)
                return r;
        ref = strdup(row->ref);
        if (!ref)
                return -ENOMEM;
        content.ref = ref;
        if (json_is_boolean(enabled) && json_object_size(req->json) == 1) {
                r = hub_enable_content(request_hub(req), &content, json_is_true(enabled), fault);
                return r ? r : answer_alias(req, 200, ref, fault);
        }
        /* The path says which alias is meant; a body may repeat it, not rename it. */
        json_object_set_new(definition, "pack", json_stringn(ref, strcspn(ref, ".")));
        json_set_text(definition, "name", strchr(ref, '.') ? strchr(ref, '.') + 1 : ref);
        r = put(req, ref, definition, false, fault);
        return r ? r : answer_alias(req, 200, ref, fault);
}

static int remove_alias(struct request *req, struct fault *fault)
{
        const struct catalog_alias *row;
        int r = find(req, request_param(req, "ref"), &row, fault);

        if (!r)
                r = put(req, row->ref, NULL, false, fault);
        return r ? r : answer_empty(req, 204);
}

#define A "/api/v1/actionalias"
#define X "/api/v1/aliasexecution"
#define LIST "limit offset include_attributes exclude_attributes name pack"

static const struct route rows[] = {
        { "GET", A, list, AUTH_READ, 0, 200, "Aliases", LIST, NULL, "[Object]" },
        { "POST", A, create, AUTH_ADMINISTER, 0, 201, "Make an alias", "", "Object", "Object" },
        { "POST", A "/match", match, AUTH_READ, 0, 200,
          "Which alias does this command mean, and with which parameters?", "", "AliasCommand",
          "Object" },
        { "GET", A "/help", help, AUTH_READ, 0, 200, "What can be typed", "limit offset pack filter",
          NULL, "Object" },
        { "GET", A "/{ref}", get, AUTH_READ, 0, 200, "One alias", "", NULL, "Object" },
        { "PUT", A "/{ref}", update, AUTH_ADMINISTER, 0, 200,
          "Change an alias, or switch it on or off; one of a file can only be switched", "",
          "Object", "Object" },
        { "DELETE", A "/{ref}", remove_alias, AUTH_ADMINISTER, 0, 204, "Delete an alias", "", NULL,
          NULL },
        { "POST", X, execute, AUTH_ACT, 0, 201, "Run a command by one format of one alias", "",
          "AliasExecution", "Object" },
        { "POST", X "/match_and_execute", match_and_execute, AUTH_ACT, 0, 201,
          "Run the action that a command means", "", "AliasCommand", "Object" },
        { "GET", X "/{id}", get_result, AUTH_READ, 0, 200,
          "How it went, in the words of the alias", "", NULL, "Object" },
};

ROUTE_TABLE(routes_aliases);
