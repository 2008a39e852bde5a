/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Expressions that do not parse, and variables that are used before anything sets them. The second
 * follows the tasks from the start, with the names known on the way, in StackStorm's order: a task
 * reached twice with other names is looked at twice, and complains twice.
 */
#include "workflow/inspect.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "expr/expr.h"
#include "workflow/params.h"
#include "workflow/spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VISITS_MAX 20000        /* tasks looked at: the ways through a workflow can be very many */

/* A value, and where it stands. */
struct place {
        const json_t *value;
        const char *spec, *schema;
};

static int add(json_t *list, const char *type, const struct place *place, const json_t *language,
               const json_t *expression, const char *message)
{
        json_t *entry = json_pack("{s:s, s:s, s:s, s:s, s:O, s:O}", "type", type, "message",
                                  message, "spec_path", place->spec, "schema_path", place->schema,
                                  "expression", expression, "language", language);

        return entry && json_array_append_new(list, entry) == 0 ? 0 : -ENOMEM;
}

static int validate(json_t *list, const json_t *value, const char *spec, const char *schema)
{
        const struct place place = { value, spec, schema };
        _json_ json_t *errors = value ? expr_validate(value) : json_array();
        const json_t *error;
        size_t i;
        int r = errors ? 0 : -ENOMEM;

        json_array_foreach(errors, i, error)
                if (r == 0)
                        r = add(list, "expression", &place, json_object_get(error, "type"),
                                json_object_get(error, "expression"),
                                json_text_of(error, "message", ""));
        return r;
}

/* The value of a member, checked below a path that is told by two prefixes. */
static int validate_member(json_t *list, const json_t *object, const char *name, const char *spec,
                           const char *schema)
{
        _free_ char *spec_path = inspect_say("%s.%s", spec, name);
        _free_ char *schema_path = inspect_say("%s.properties.%s", schema, name);

        return validate(list, json_object_get(object, name), spec_path, schema_path);
}

static int validate_part(json_t *list, const json_t *part, const char *const *names,
                         const char *spec, const char *schema)
{
        int r = 0;

        for (; r == 0 && *names; names++)
                r = validate_member(list, part, *names, spec, schema);
        return r;
}

/* What the language makes of a task: inline parameters and texts of `publish` taken apart. */
static json_t *task_taken_apart(const json_t *task)
{
        const json_t *action = json_object_get(task, "action");
        json_t *copy = json_copy((json_t *)task);
        json_t *params = json_is_string(action) ? params_object(json_string_value(action)) : NULL;

        if (params && json_object_size(params)) {
                const char *s = json_string_value(action);

                json_object_set_new(copy, "action", json_stringn(s, strcspn(s, " ")));
                json_object_set(copy, "input", params);
        }
        json_decref(params);
        return copy;
}

static json_t *publish_taken_apart(const json_t *transition)
{
        json_t *publish = json_object_get(transition, "publish");

        return json_is_string(publish) ? params_parse(json_string_value(publish)) :
                json_incref(publish);
}

static const char *const task_names[] = { "delay", "join", "action", "input", NULL };
static const char *const with_names[] = { "items", "concurrency", NULL };
static const char *const retry_names[] = { "when", "count", "delay", NULL };
static const char *const next_names[] = { "when", "do", NULL };

static int validate_next(json_t *list, const json_t *task, const char *spec)
{
        const char *schema = SPEC_ANY_TASK ".properties.next.items";
        const json_t *transition;
        size_t i;
        int r = 0;

        json_array_foreach(json_object_get(task, "next"), i, transition) {
                _free_ char *path = inspect_say("%s.next[%zu]", spec, i);
                _free_ char *below = inspect_say("%s.publish", path);
                _json_ json_t *publish = publish_taken_apart(transition);

                r = validate_part(list, transition, next_names, path, schema);
                if (r == 0)
                        r = validate(list, publish, below,
                                     SPEC_ANY_TASK ".properties.next.items.properties.publish");
                if (r)
                        return r;
        }
        return 0;
}

static int validate_task(json_t *list, const char *name, const json_t *written)
{
        _json_ json_t *task = task_taken_apart(written);
        _free_ char *spec = inspect_say("tasks.%s", name);
        _free_ char *with = inspect_say("tasks.%s.with", name);
        _free_ char *retry = inspect_say("tasks.%s.retry", name);
        int r = task && spec && with && retry ? 0 : -ENOMEM;

        if (r == 0)
                r = validate_part(list, task, task_names, spec, SPEC_ANY_TASK);
        if (r == 0)
                r = validate_part(list, json_object_get(task, "with"), with_names, with,
                                  SPEC_ANY_TASK ".properties.with");
        if (r == 0)
                r = validate_part(list, json_object_get(task, "retry"), retry_names, retry,
                                  SPEC_ANY_TASK ".properties.retry");
        return r ? r : validate_next(list, task, spec);
}

int inspect_expressions(const json_t *definition, const json_t *tasks, json_t *list)
{
        static const struct place lists[] = {
                { NULL, "vars", "properties.vars" },
                { NULL, "input", "properties.input" },
                { NULL, "output", "properties.output" },
        };
        const char *name;
        json_t *task;
        int r = 0;

        for (size_t i = 0; r == 0 && i < sizeof lists / sizeof *lists; i++)
                r = validate(list, json_object_get(definition, lists[i].spec), lists[i].spec,
                             lists[i].schema);
        json_object_foreach((json_t *)tasks, name, task)
                if (r == 0)
                        r = validate_task(list, name, task);
        return r;
}

static bool is_nothing(const json_t *value)
{
        switch (value ? json_typeof(value) : JSON_NULL) {
        case JSON_STRING:
                return !json_string_length(value);
        case JSON_INTEGER:
                return !json_integer_value(value);
        case JSON_ARRAY:
                return !json_array_size(value);
        case JSON_OBJECT:
                return !json_object_size(value);
        default:
                return !json_is_true(value) && !json_is_real(value);
        }
}

/* What a value names must be known. */
static int see_value(json_t *list, const struct place *place, const json_t *known)
{
        _json_ json_t *vars = expr_vars(place->value);
        const json_t *var;
        size_t i;
        int r = vars ? 0 : -ENOMEM;

        json_array_foreach(vars, i, var) {
                const char *name = json_string_value(json_array_get(var, 2));
                _free_ char *private = inspect_say(
                        "Variable \"%s\" that is prefixed with double underscores is considered "
                        "a private variable and cannot be referenced.", name ? name : "");
                _free_ char *unset = inspect_say("Variable \"%s\" is referenced before assignment.",
                                                 name ? name : "");

                if (r == 0 && name && !strncmp(name, "__", 2))
                        r = add(list, "context", place, json_array_get(var, 0),
                                json_array_get(var, 1), private);
                if (r == 0 && name && !json_object_get(known, name))
                        r = add(list, "context", place, json_array_get(var, 0),
                                json_array_get(var, 1), unset);
        }
        return r;
}

/* The names that a value gives: an object's keys, a list's texts and keys, a text itself. */
static void learn(json_t *known, const json_t *value)
{
        const char *name;
        json_t *member;
        size_t i;

        if (json_is_string(value))
                json_object_set_new(known, json_string_value(value), json_true());
        json_object_foreach((json_t *)value, name, member)
                json_object_set_new(known, name, json_true());
        json_array_foreach(value, i, member) {
                if (json_is_object(member) && json_object_size(member) != 1)
                        continue;
                if (json_is_object(member) || json_is_string(member))
                        learn(known, member);
        }
}

/* A list is looked at in order, each member knowing what those before it gave. */
static int see_member(json_t *list, const struct place *place, json_t *known, bool gives)
{
        _json_ json_t *parsed = json_is_string(place->value) ?
                params_parse(json_string_value(place->value)) : NULL;
        const json_t *value = json_array_size(parsed) ? parsed : place->value, *member;
        struct place at = *place;
        size_t i;
        int r = 0;

        if (is_nothing(value))
                return 0;
        if (!json_is_array(value)) {
                at.value = value;
                r = see_value(list, &at, known);
                if (r == 0 && gives)
                        learn(known, value);
                return r;
        }
        json_array_foreach(value, i, member) {
                _free_ char *spec = inspect_say("%s[%zu]", place->spec, i);

                at.value = member;
                at.spec = spec;
                r = see_value(list, &at, known);
                if (r)
                        return r;
                if (gives)
                        learn(known, member);
        }
        return 0;
}

static int see_named(json_t *list, const json_t *object, const char *name, const char *spec,
                     const char *schema, json_t *known, bool gives)
{
        _free_ char *spec_path = inspect_say("%s%s%s", spec, *spec ? "." : "", name);
        _free_ char *schema_path = inspect_say("%s%sproperties.%s", schema, *schema ? "." : "",
                                               name);
        const struct place place = { json_object_get(object, name), spec_path, schema_path };

        return place.value ? see_member(list, &place, known, gives) : 0;
}

struct seeing {
        const json_t *tasks;
        json_t *list;
        json_t *rolling;                /* every name that some task knew */
        json_t *traversed;
        json_t *joined;                 /* of join tasks: the names that came so far */
        json_t *reached_with;           /* of others: the names of the last time */
        json_t *queue;                  /* [[task, names or null]…] */
        size_t head;
        const char *task;
        json_t *known;                  /* of the task */
        json_t *branch;                 /* of the transition */
};

static int see_transition(struct seeing *s, const json_t *transition, size_t index)
{
        _free_ char *spec = inspect_say("tasks.%s.next[%zu]", s->task, index);
        const char *schema = SPEC_ANY_TASK ".properties.next.items";
        _json_ json_t *publish = publish_taken_apart(transition), *apart = NULL;
        int r;

        apart = json_copy((json_t *)transition);
        if (publish)
                json_object_set(apart, "publish", publish);
        json_decref(s->branch);
        s->branch = json_copy(s->known);
        r = see_named(s->list, apart, "when", spec, schema, s->branch, false);
        if (r == 0)
                r = see_named(s->list, apart, "publish", spec, schema, s->branch, true);
        return r ? r : see_named(s->list, apart, "do", spec, schema, s->branch, false);
}

static bool is_joining(const json_t *task)
{
        return !is_nothing(json_object_get(task, "join"));
}

static int see_next(void *arg, const char *name, size_t len, size_t index,
                    const json_t *transition)
{
        struct seeing *s = arg;
        _free_ char *next = strndup(name, len);
        const json_t *task = next ? json_object_get(s->tasks, next) : NULL;
        json_t *before;
        int r = next ? see_transition(s, transition, index) : -ENOMEM;

        if (r || json_object_get(s->traversed, next) || (!task && !command_is_reserved(next)))
                return r;
        if (is_joining(task)) {
                before = json_object_get(s->joined, next);
                if (before)
                        json_object_update(before, s->branch);
                else
                        json_object_set_new(s->joined, next, json_copy(s->branch));
                return json_array_append_new(s->queue, json_pack("[s]", next)) ? -ENOMEM : 0;
        }
        before = json_object_get(s->reached_with, next);
        if (before && json_equal(before, s->branch))
                return 0;
        json_object_set_new(s->reached_with, next, json_copy(s->branch));
        return json_array_append_new(s->queue, json_pack("[s, o]", next, json_copy(s->branch))) ?
                -ENOMEM : 0;
}

static int see_task(struct seeing *s, const json_t *written)
{
        _json_ json_t *task = task_taken_apart(written);
        _free_ char *spec = inspect_say("tasks.%s", s->task);
        _free_ char *with = inspect_say("tasks.%s.with", s->task);
        const char *schema = SPEC_ANY_TASK;
        const json_t *items = json_object_get(task, "with");
        int r = see_named(s->list, task, "delay", spec, schema, s->known, false);

        for (size_t i = 0; r == 0 && json_is_object(items) && with_names[i]; i++)
                r = see_named(s->list, items, with_names[i], with,
                              SPEC_ANY_TASK ".properties.with", s->known, false);
        if (r == 0)
                r = see_named(s->list, task, "action", spec, schema, s->known, false);
        return r ? r : see_named(s->list, task, "input", spec, schema, s->known, false);
}

static int visit(struct seeing *s, const json_t *step)
{
        const json_t *names = json_array_get(step, 1), *task;
        int r;

        s->task = json_string_value(json_array_get(step, 0));
        task = json_object_get(s->tasks, s->task);
        json_object_set_new(s->traversed, s->task, json_true());
        if (!json_object_size(names))
                names = json_object_get(s->joined, s->task);
        json_decref(s->known);
        s->known = names ? json_copy((json_t *)names) : json_object();
        r = task ? see_task(s, task) : 0;
        json_object_update(s->rolling, s->known);
        return r || !task ? r : spec_each_next(task, see_next, s);
}

static int see_tasks(struct seeing *s)
{
        _cleanup_(sketch_deinit) struct sketch sketch;
        int r = sketch_make(s->tasks, &sketch);

        for (size_t i = 0; r == 0 && i < sketch.start_count; i++)
                if (json_array_append_new(s->queue, json_pack("[s, o]",
                                                              sketch.names[sketch.starts[i]],
                                                              json_copy(s->rolling))))
                        r = -ENOMEM;
        for (; r == 0 && s->head < json_array_size(s->queue) && s->head < VISITS_MAX; s->head++)
                r = visit(s, json_array_get(s->queue, s->head));
        return r;
}

int inspect_context(const json_t *definition, const json_t *tasks, const json_t *names,
                    json_t *list)
{
        struct seeing s = { .tasks = tasks, .list = list, .rolling = json_object(),
                            .traversed = json_object(), .joined = json_object(),
                            .reached_with = json_object(), .queue = json_array() };
        int r = s.rolling && s.traversed && s.joined && s.reached_with && s.queue ? 0 : -ENOMEM;

        learn(s.rolling, json_is_object(names) ? names : NULL);
        if (r == 0)
                r = see_named(list, definition, "input", "", "", s.rolling, true);
        if (r == 0)
                r = see_named(list, definition, "vars", "", "", s.rolling, true);
        if (r == 0)
                r = see_tasks(&s);
        if (r == 0)
                r = see_named(list, definition, "output", "", "", s.rolling, true);
        json_decref(s.rolling);
        json_decref(s.traversed);
        json_decref(s.joined);
        json_decref(s.reached_with);
        json_decref(s.queue);
        json_decref(s.known);
        json_decref(s.branch);
        return r;
}
