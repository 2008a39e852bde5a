/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Defaults of parameters that are expressions: over the other parameters, config_context,
 * action_context and the key-value store. Each is rendered after those that it names, and what
 * comes out is made the type that the parameter declares.
 *
 * Only defaults are rendered, since the pack's author wrote them. A value that a caller gives, or
 * that an event brought, is data whatever it looks like: StackStorm renders those too, and so
 * whoever can send an event there can read the key-value store.
 */
#include "hub/room.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#define PENDING_MAX 200

struct pending {
        const char *name;
        const json_t *source;
        enum { FRESH, UNDER_WAY, DONE } state;
};

struct defaults {
        struct hub *hub;
        const struct request *request;
        const struct catalog_action *action;
        json_t *names;                  /* what the expressions see */
        struct pending list[PENDING_MAX];
        size_t n;
};

CLEANUP_DEFINE(struct expr *, expr_free);

/* ---- who names whom ---- */

/* A word of an expression that is a name: not behind a dot or a bar, and not in quotes. */
static bool text_names(const char *s, const char *name)
{
        size_t n = strlen(name);
        char quote = 0, before = 0;

        for (; *s; s++) {
                size_t len = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
                                    "0123456789");

                if (quote) {
                        quote = *s == quote ? 0 : quote;
                } else if (len) {
                        if (len == n && strncmp(s, name, n) == 0 && before != '.' && before != '|')
                                return true;
                        s += len - 1;
                } else if (*s == '\'' || *s == '"') {
                        quote = *s;
                }
                before = isspace((unsigned char)*s) ? before : *s;
        }
        return false;
}

static bool value_names(const json_t *value, const char *name)
{
        const json_t *inner;
        const char *key;
        size_t i;

        if (catalog_is_template(value)) {
                const char *s = json_string_value(value);
                const char *a = strstr(s, "{{"), *b = strstr(s, "{%");

                return text_names(!b || (a && a < b) ? a : b, name);
        }
        json_object_foreach((json_t *)value, key, inner)
                if (value_names(inner, name))
                        return true;
        json_array_foreach(value, i, inner)
                if (value_names(inner, name))
                        return true;
        return false;
}

/* ---- rendering ---- */

static int call(void *arg, const char *function, const json_t *args, const json_t *kwargs,
                json_t **ret, struct fault *fault)
{
        const struct defaults *d = arg;

        return keys_call(d->hub, d->request->user, function, args, kwargs, ret, fault);
}

static int add_contexts(struct defaults *d, struct catalog *catalog, const struct pending *pending,
                        struct fault *fault)
{
        const struct expr_world world = hub_world(d->hub);
        json_t *context = NULL;
        int r;

        if (value_names(pending->source, "config_context") &&
            !json_object_get(d->names, "config_context")) {
                r = d->hub->o.config_context(d->hub->o.config_arg, &world, catalog,
                                             d->action->pack, &context, fault);
                if (r)
                        return r;
                json_object_set_new(d->names, "config_context", context);
        }
        if (!value_names(pending->source, "action_context") ||
            json_object_get(d->names, "action_context"))
                return 0;
        context = d->request->context ? json_deep_copy(d->request->context) : json_object();
        json_set_text(context, "user", d->request->user);
        json_set_text(context, "pack", d->action->pack);
        return json_object_set_new(d->names, "action_context", context) ? -ENOMEM : 0;
}

/* To the declared type, alone: what callers gave is not touched here. */
static int cast(struct defaults *d, const char *name, json_t *made)
{
        _json_ json_t *alone = json_object();

        if (!alone || json_object_set_new(alone, name, json_deep_copy(made)) < 0)
                return -ENOMEM;
        schema_coerce(d->action->params, alone);
        return json_object_set(d->names, name, json_object_get(alone, name)) ? -ENOMEM : 0;
}

static int render(struct defaults *d, struct catalog *catalog, const struct pending *pending,
                  struct fault *fault)
{
        _cleanup_(expr_freep) struct expr *expr = NULL;
        struct expr_world world = { .names = d->names, .call = call, .arg = d };
        _json_ json_t *made = NULL;
        int r = add_contexts(d, catalog, pending, fault);

        if (r == 0)
                r = expr_compile(pending->source, &expr, fault);
        if (r == 0)
                r = expr_eval_in(expr, &world, &made, fault);
        if (r == 0)
                r = cast(d, pending->name, made);
        return r == FAULT ? fault_prefix(fault, "the default of the parameter '%s'", pending->name)
                : r;
}

static int circle(const struct defaults *d, const struct pending *from, struct fault *fault)
{
        _text_ struct text names = TEXT_INIT;

        for (size_t i = 0; i < d->n; i++)
                if (d->list[i].state == UNDER_WAY)
                        text_addf(&names, "%s'%s'", names.len ? ", " : "", d->list[i].name);
        fault_set(fault, 422, "params.circle", "the defaults of the parameters %s need each other",
                  names.s ? names.s : from->name);
        return fault_try(fault, "give a value for '%s'; the pack's author should break the circle",
                         from->name);
}

static int settle(struct defaults *d, struct catalog *catalog, struct pending *pending,
                  struct fault *fault)
{
        int r = 0;

        if (pending->state == DONE)
                return 0;
        if (pending->state == UNDER_WAY)
                return circle(d, pending, fault);
        pending->state = UNDER_WAY;
        for (size_t i = 0; r == 0 && i < d->n; i++)
                if (value_names(pending->source, d->list[i].name))
                        r = settle(d, catalog, &d->list[i], fault);
        if (r == 0)
                r = render(d, catalog, pending, fault);
        pending->state = DONE;
        return r;
}

static int refuse_fixed(const struct defaults *d, const char *name, struct fault *fault)
{
        fault_set(fault, 422, "params.immutable", "the parameter '%s' of %s cannot be given", name,
                  d->action->ref);
        fault_why(fault, "it is immutable: the action's author computes it");
        return fault_try(fault, "leave it out");
}

/* What is to be rendered, and what it may see: given values, plain defaults, null for the rest. */
static int collect(struct defaults *d, const json_t *params, struct fault *fault)
{
        const json_t *source = schema_source(d->action->params), *parameter, *value;
        const char *name;

        json_object_foreach(json_object_get(source, "properties"), name, parameter) {
                const json_t *given = json_object_get(params, name);
                bool is_computed;

                value = json_object_get(parameter, "default");
                is_computed = value && catalog_has_template(value);
                if (given && is_computed && json_bool_of(parameter, "immutable", false))
                        return refuse_fixed(d, name, fault);
                if (!given && is_computed && d->n < PENDING_MAX)
                        d->list[d->n++] = (struct pending){ name, value, FRESH };
                value = given ? given : value;
                if (json_object_set(d->names, name, value ? (json_t *)value : json_null()) < 0)
                        return -ENOMEM;
        }
        return 0;
}

int defaults_render(struct hub *hub, struct catalog *catalog, const struct catalog_action *action,
                    const struct request *request, json_t *params, struct fault *fault)
{
        _json_ json_t *names = action->has_computed ? json_object() : NULL;
        struct defaults d = { .hub = hub, .request = request, .action = action, .names = names };
        int r = 0;

        if (!action->has_computed)
                return 0;
        r = names ? collect(&d, params, fault) : -ENOMEM;
        for (size_t i = 0; r == 0 && i < d.n; i++)
                r = settle(&d, catalog, &d.list[i], fault);
        for (size_t i = 0; r == 0 && i < d.n; i++)
                if (json_object_set(params, d.list[i].name,
                                    json_object_get(names, d.list[i].name)) < 0)
                        r = -ENOMEM;
        return r;
}
