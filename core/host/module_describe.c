/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A module's declarations as the JSON of catalog/manifest.h. This runs where the object is loaded,
 * which may be a throw-away process: a plugin whose pointers lie takes only that one down.
 */

#include "host/module.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"

#include <string.h>

static const struct json_limits schema_limits = { 1 << 20, 64, NULL, NULL };

/* [a-z0-9_]+ words joined by one dot each. */
static bool is_row_name(const char *s)
{
        if (!s || !*s || strlen(s) > 128 || *s == '.' || s[strlen(s) - 1] == '.' || strstr(s, ".."))
                return false;
        return s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_.")] == '\0';
}

/* Names of domains, one space between two. */
static bool is_domain_list(const char *s)
{
        return *s && *s != ' ' && s[strlen(s) - 1] != ' ' && !strstr(s, "  ") &&
                s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_ ")] == '\0';
}

static bool is_line(const char *s)
{
        return s && text_is_utf8(s, strlen(s)) && !strpbrk(s, "\r\n");
}

struct describing {
        const struct module *module;
        const char *path;
        struct fault *fault;
};

static int bad(const struct describing *d, const char *code, const char *field, const char *wanted,
               const char *found)
{
        return fault_set(d->fault, 422, code, "%s: %s: wanted %s, found %s%s%s", d->path, field,
                         wanted, found ? "'" : "", found ? found : "NULL", found ? "'" : "");
}

static int add_line(const struct describing *d, json_t *to, const char *field, const char *s)
{
        if (s && !is_line(s))
                return bad(d, "plugin.text", field, "one line of UTF-8", "something else");
        json_set_text(to, field, s);
        return 0;
}

/* A schema, or another JSON object; null where it is left out. */
static int add_json(const struct describing *d, json_t *to, const char *field, const char *row,
                    const char *text)
{
        _json_ json_t *json = NULL;
        _fault_ struct fault why = FAULT_INIT;

        if (!text) {
                json_object_set_new(to, field, json_null());
                return 0;
        }
        if (json_parse(text, strlen(text), &schema_limits, &json, &why) != 0 ||
            !json_is_object(json)) {
                fault_set(d->fault, 422, "plugin.schema",
                          "%s: %s%s%s: wanted a JSON object, found %s", d->path, row,
                          *row ? "." : "", field, why.what ? why.what : "another value");
                return fault_try(d->fault,
                                 "KN_JSON({ \"type\": \"string\" }) takes the JSON as it is");
        }
        json_object_set_new(to, field, TAKE(json));
        return 0;
}

static int add_name(const struct describing *d, json_t *rows, json_t *row, const char *kind,
                    const char *name)
{
        size_t i;
        json_t *other;

        if (!is_row_name(name))
                return bad(d, "plugin.name", kind, "a name of [a-z0-9_] words joined by dots",
                           name);
        json_array_foreach(rows, i, other) {
                if (strcmp(json_text_of(other, "name", ""), name) == 0)
                        return bad(d, "plugin.name", kind, "names that differ, twice the same",
                                   name);
        }
        json_object_set_new(row, "name", json_string(name));
        return 0;
}

static json_t *flag_names(uint32_t flags, uint32_t first, const char *first_name, uint32_t second,
                          const char *second_name)
{
        json_t *names = json_array();

        if (flags & first)
                json_array_append_new(names, json_string(first_name));
        if (flags & second)
                json_array_append_new(names, json_string(second_name));
        return names;
}

static int add_action(const struct describing *d, json_t *rows, const struct kn_action *action)
{
        _json_ json_t *row = json_object();
        int r = add_name(d, rows, row, "actions", action->name);

        if (r == 0 && !action->run)
                r = bad(d, "plugin.size", action->name, "a function in run", NULL);
        if (r == 0)
                r = add_line(d, row, "summary", action->summary);
        if (r == 0)
                r = add_json(d, row, "params", action->name, action->params);
        if (r == 0)
                r = add_json(d, row, "returns", action->name, action->returns);
        if (r != 0)
                return r;
        json_object_set_new(row, "flags", flag_names(action->flags, KN_IDEMPOTENT, "idempotent",
                                                     KN_READONLY, "readonly"));
        json_object_set_new(row, "timeout_ms", json_integer(action->timeout_ms));
        json_array_append(rows, row);
        return 0;
}

static int add_trigger(const struct describing *d, json_t *rows, const struct kn_trigger *trigger)
{
        _json_ json_t *row = json_object();
        int r = add_name(d, rows, row, "triggers", trigger->name);

        if (r == 0)
                r = add_line(d, row, "summary", trigger->summary);
        if (r == 0)
                r = add_json(d, row, "payload", trigger->name, trigger->payload);
        if (r == 0)
                json_array_append(rows, row);
        return r;
}

static int add_sensor(const struct describing *d, json_t *rows, const struct kn_sensor *sensor)
{
        _json_ json_t *row = json_object();
        int r = add_name(d, rows, row, "sensors", sensor->name);

        if (r == 0 && !sensor->poll == !sensor->run)
                r = bad(d, "plugin.size", sensor->name, "either poll or run",
                        sensor->poll ? "both" : NULL);
        if (r == 0)
                r = add_line(d, row, "summary", sensor->summary);
        if (r != 0)
                return r;
        json_object_set_new(row, "kind", json_string(sensor->poll ? "poll" : "run"));
        json_object_set_new(row, "interval_ms", json_integer(sensor->interval_ms));
        json_array_append(rows, row);
        return 0;
}

static int add_rows(const struct describing *d, json_t *to)
{
        const struct module *m = d->module;
        json_t *actions = json_array(), *triggers = json_array(), *sensors = json_array();
        int r = 0;

        json_object_set_new(to, "actions", actions);
        json_object_set_new(to, "triggers", triggers);
        json_object_set_new(to, "sensors", sensors);
        for (uint32_t i = 0; r == 0 && i < m->plugin.n_actions; i++)
                r = add_action(d, actions, &m->actions[i]);
        for (uint32_t i = 0; r == 0 && i < m->plugin.n_triggers; i++)
                r = add_trigger(d, triggers, &m->triggers[i]);
        for (uint32_t i = 0; r == 0 && i < m->plugin.n_sensors; i++)
                r = add_sensor(d, sensors, &m->sensors[i]);
        return r;
}

static json_t *version_json(uint32_t abi)
{
        return json_sprintf("%u.%u", abi >> 16, abi & 0xffff);
}

static int add_head(const struct describing *d, json_t *to)
{
        const struct kn_plugin *p = &d->module->plugin;
        int r;

        if (!is_row_name(p->name) || strchr(p->name, '.'))
                return bad(d, "plugin.name", "name", "a word of [a-z0-9_]", p->name);
        if (!p->version || !text_is_name(p->version))
                return bad(d, "plugin.name", "version", "a version such as 1.0", p->version);
        if (p->domain && !is_domain_list(p->domain))
                return bad(d, "plugin.name", "domain",
                           "words of [a-z0-9_] with one space between them", p->domain);
        json_object_set_new(to, "name", json_string(p->name));
        json_object_set_new(to, "version", json_string(p->version));
        r = add_line(d, to, "summary", p->summary);
        json_object_set_new(to, "abi", version_json(p->abi));
        json_object_set_new(to, "needs", version_json(p->needs ? p->needs : KN_ABI(1, 0)));
        if (p->domain)
                json_object_set_new(to, "domain", json_string(p->domain));
        json_object_set_new(to, "flags", flag_names(p->flags, KN_PARALLEL, "parallel",
                                                    KN_OWN_SOCKETS, "own_sockets"));
        if (r == 0 && p->config)
                r = add_json(d, to, "config", "", p->config);
        if (r == 0 && p->access)
                r = add_json(d, to, "access", "", p->access);
        json_object_set_new(to, "check", json_boolean(p->check));
        return r;
}

int module_describe(const struct module *module, const char *path, json_t **ret,
                    struct fault *fault)
{
        const struct describing d = { module, path, fault };
        _json_ json_t *json = json_object();
        int r = add_head(&d, json);

        if (r == 0)
                r = add_rows(&d, json);
        if (r != 0)
                return r;
        *ret = TAKE(json);
        return 0;
}
