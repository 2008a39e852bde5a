/* SPDX-License-Identifier: Apache-2.0 */
#include "expr/run.h"

#include "base/cleanup.h"
#include "expr/python.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static struct expr_limits process_limits = { 2000000, 100, (size_t)4 << 20, 200000 };

void expr_limits_set(const struct expr_limits *limits)
{
        process_limits = *limits;
}

void run_begin(struct run *run, const struct expr_world *world, bool is_workflow)
{
        memset(run, 0, offsetof(struct run, kept_first));
        run->arena = (struct arena)ARENA_INIT;
        run->failure = FAILURE_NONE;
        run->type[0] = '\0';
        run->message = run->why = run->remedy = run->blamed = NULL;
        run->language = NULL;
        run->nesting = 0;
        run->unresolved = (struct text)TEXT_INIT;
        run->world = world;
        run->limits = world->limits ? world->limits : &process_limits;
        run->left = *run->limits;
        run->is_workflow = is_workflow;
        run->kept = run->kept_first;
        run->kept_room = RUN_KEPT_FIRST;
}

void run_end(struct run *run)
{
        for (size_t i = run->kept_n; i-- > 0;)
                json_decref(run->kept[i]);
        if (run->kept != run->kept_first)
                free(run->kept);
        natures_deinit(&run->natures);
        arena_deinit(&run->arena);
        free(run->message);
        free(run->why);
        free(run->remedy);
        free(run->blamed);
        text_deinit(&run->unresolved);
}

char *run_sentence(const struct run *run)
{
        const char *message = run->message ? run->message : "", *blamed = run->blamed;
        char *made = NULL;
        int r;

        if (!run->type[0])
                r = asprintf(&made, "%s", message);
        else if (text_equal(run->language, "yaql") && strcmp(run->type, "KeyError") == 0)
                r = asprintf(&made, "Unable to resolve key '%s' in expression '%s' from context.",
                             message, blamed ? blamed : "");
        else
                r = asprintf(&made, "Unable to evaluate expression '%s'. %s: %s",
                             blamed ? blamed : "", run->type, message);
        return r < 0 ? NULL : made;
}

static const char *exception_of(const char *language)
{
        return strcmp(language, "yaql") == 0 ? "YaqlEvaluationException"
                : "JinjaEvaluationException";
}

void run_blame(struct run *run, const char *text, size_t len, const char *language)
{
        char *inner;

        if (run->failure != FAILURE_RAISED && run->failure != FAILURE_UNDEFINED)
                return;
        if (run->blamed) {
                inner = run_sentence(run);
                free(run->message);
                free(run->blamed);
                run->message = inner;
                snprintf(run->type, sizeof run->type, "%s", exception_of(run->language));
        }
        run->blamed = strndup(text, len);
        run->language = language;
}

json_t *run_raise(struct run *run, const char *type, const char *fmt, ...)
{
        va_list args;

        if (run->failure)
                return NULL;
        run->failure = FAILURE_RAISED;
        snprintf(run->type, sizeof run->type, "%s", type);
        va_start(args, fmt);
        if (vasprintf(&run->message, fmt, args) < 0)
                run->message = NULL;
        va_end(args);
        return NULL;
}

json_t *run_no_memory(struct run *run)
{
        if (!run->failure)
                run->failure = FAILURE_MEMORY;
        return NULL;
}

json_t *run_limit(struct run *run, const char *which)
{
        if (run->failure == FAILURE_LIMIT)
                return NULL;
        run_forgive(run);
        run_raise(run, "LimitExceeded", "%s", which);
        run->failure = FAILURE_LIMIT;
        return NULL;
}

static json_t *limit_number(struct run *run, const char *what, uint64_t max, const char *setting)
{
        char which[160];

        snprintf(which, sizeof which, "%s than %llu (limits.%s)", what, (unsigned long long)max,
                 setting);
        return run_limit(run, which);
}

json_t *run_too_deep(struct run *run)
{
        return limit_number(run, "it is nested deeper", run->limits->depth, "expression_depth");
}

bool run_step(struct run *run, uint64_t n)
{
        if (run->left.steps < n) {
                run->left.steps = 0;
                limit_number(run, "it takes more steps", run->limits->steps, "expression_steps");
                return false;
        }
        run->left.steps -= n;
        return true;
}

bool run_forgive(struct run *run)
{
        if (run->failure == FAILURE_LIMIT || run->failure == FAILURE_MEMORY)
                return false;
        run->failure = FAILURE_NONE;
        free(run->message);
        free(run->why);
        free(run->remedy);
        run->message = run->why = run->remedy = NULL;
        return true;
}

static bool grow(struct run *run)
{
        size_t room = run->kept_room * 2;
        json_t **kept = run->kept == run->kept_first ? NULL : run->kept;

        kept = reallocarray(kept, room, sizeof *kept);
        if (!kept)
                return false;
        if (run->kept == run->kept_first)
                memcpy(kept, run->kept_first, sizeof run->kept_first);
        run->kept = kept;
        run->kept_room = room;
        return true;
}

json_t *run_keep(struct run *run, json_t *value)
{
        if (!value)
                return run_no_memory(run);
        if (!run->left.values) {
                json_decref(value);
                return limit_number(run, "it makes more values", run->limits->values,
                                    "expression_values");
        }
        if (run->kept_n == run->kept_room && !grow(run)) {
                json_decref(value);
                return run_no_memory(run);
        }
        run->left.values--;
        run->kept[run->kept_n++] = value;
        return value;
}

static json_t *too_long(struct run *run)
{
        return limit_number(run, "it makes more bytes of text", run->limits->bytes,
                            "expression_bytes");
}

json_t *run_text(struct run *run, const char *s, size_t len)
{
        if (len > run->left.bytes)
                return too_long(run);
        run->left.bytes -= len;
        return run_keep(run, json_stringn_nocheck(s ? s : "", len));
}

json_t *run_take(struct run *run, struct text *text)
{
        json_t *value;

        if (text->failed)
                return run_no_memory(run);
        value = run_text(run, text->s, text->len);
        text->len = 0;
        return value;
}

bool run_afford(struct run *run, const struct text *text)
{
        if (text->failed)
                run_no_memory(run);
        else if (text->len > run->left.bytes)
                too_long(run);
        else
                return true;
        return false;
}

json_t *run_int(struct run *run, int64_t n)
{
        return run_keep(run, json_integer(n));
}

json_t *run_real(struct run *run, double real)
{
        json_t *value = json_real(real);

        if (!value)
                return run_raise(run, "ValueError", "a number that is not finite");
        return run_keep(run, value);
}

json_t *run_bool(bool truth)
{
        return truth ? json_true() : json_false();
}

json_t *run_list(struct run *run)
{
        return run_keep(run, json_array());
}

json_t *run_object(struct run *run)
{
        return run_keep(run, json_object());
}

/*
 * A list that holds a list twice is twice as large when it is written out, and so on: what a made
 * value would weigh is counted while it is made, and how deep it is.
 */
static bool weigh(struct run *run, const json_t *container, const json_t *value)
{
        const struct nature *inner = nature_of(&run->natures, value);
        const struct nature *present = nature_of(&run->natures, container);
        struct nature outer = present ? *present : (struct nature){ .value = container };
        unsigned depth = inner ? inner->depth + 1 : 1;

        if (depth > outer.depth)
                outer.depth = depth;
        outer.weight += inner ? inner->weight + 1 : 1;
        if (outer.depth > run->limits->depth)
                return run_too_deep(run);
        if (outer.weight > run->limits->values)
                return limit_number(run, "a value holds more values", run->limits->values,
                                    "expression_values");
        return nature_set(&run->natures, &outer) == 0 || run_no_memory(run);
}

static bool is_container(const json_t *value)
{
        return json_is_array(value) || json_is_object(value);
}

bool run_append(struct run *run, json_t *list, json_t *value)
{
        if (!list || !value || !run_step(run, 1) ||
            (is_container(value) && !weigh(run, list, value)))
                return false;
        return json_array_append(list, value) == 0 || run_no_memory(run);
}

bool run_put(struct run *run, json_t *object, const json_t *key, json_t *value)
{
        _text_ struct text name = TEXT_INIT;
        const char *s;

        if (!object || !key || !value || !run_step(run, 1) ||
            (is_container(value) && !weigh(run, object, value)))
                return false;
        if (json_is_string(key)) {
                s = json_string_value(key);
        } else if (is_container(key) &&
                   nature_kind(&run->natures, key) != NATURE_TUPLE && !run->is_workflow) {
                return run_raise(run, "TypeError", "unhashable type: '%s'",
                                 python_type(&run->natures, key));
        } else {
                /* JSON's only keys are texts: as json.dumps() would write the others. */
                if (json_is_boolean(key) || json_is_null(key))
                        text_add(&name, json_is_true(key) ? "true" : json_is_null(key) ? "null"
                                 : "false");
                else if (!run_print(run, key, false, &name))
                        return false;
                s = name.s;
        }
        return json_object_set_nocheck(object, s ? s : "", value) == 0 || run_no_memory(run);
}

json_t *run_nature(struct run *run, json_t *value, enum nature_kind kind)
{
        const struct nature *present;
        struct nature nature = { 0 };

        if (!value)
                return NULL;
        present = nature_of(&run->natures, value);
        if (present)
                nature = *present;
        nature.value = value;
        nature.kind = kind;
        return nature_set(&run->natures, &nature) < 0 ? run_no_memory(run) : value;
}

json_t *run_pair(struct run *run, json_t *a, json_t *b)
{
        json_t *pair = run_list(run);

        if (!run_append(run, pair, a) || !run_append(run, pair, b))
                return NULL;
        return run_nature(run, pair, NATURE_TUPLE);
}

json_t *run_undefined(struct run *run, const json_t *of, const char *name)
{
        json_t *value = run_text(run, name, strlen(name));
        struct nature nature = { .value = value, .kind = NATURE_UNDEFINED, .of = of };

        if (!value)
                return NULL;
        return nature_set(&run->natures, &nature) < 0 ? run_no_memory(run) : value;
}

json_t *run_nothing(struct run *run)
{
        json_t *value = run_text(run, "the else of an inline if", 24);
        struct nature nature = { .value = value, .kind = NATURE_UNDEFINED, .flags = 1 };

        if (!value)
                return NULL;
        return nature_set(&run->natures, &nature) < 0 ? run_no_memory(run) : value;
}

bool run_is_empty(const struct run *run, const json_t *value)
{
        const struct nature *nature = nature_of(&run->natures, value);

        return nature && nature->kind == NATURE_UNDEFINED &&
                (nature->flags || run->world->undefined_is_empty);
}

bool run_is_undefined(const struct run *run, const json_t *value)
{
        return nature_kind(&run->natures, value) == NATURE_UNDEFINED;
}

static void suggest(struct run *run, const json_t *of, const char *name)
{
        const char *candidates[65] = { NULL }, *nearest, *key;
        json_t *member;
        size_t n = 0;

        if (!json_is_object(of))
                return;
        json_object_foreach((json_t *)of, key, member)
                if (n < 64)
                        candidates[n++] = key;
        nearest = text_nearest(name, candidates);
        if (nearest && asprintf(&run->remedy, "did you mean \"%s\"?", nearest) < 0)
                run->remedy = NULL;
}

json_t *run_use_undefined(struct run *run, const json_t *value)
{
        const struct nature *nature = nature_of(&run->natures, value);
        const char *name = json_string_value(value);
        const json_t *of = nature->of;
        int r;

        if (run->failure)
                return NULL;
        if (!of || of == run->world->names) {
                run_raise(run, "UndefinedError", "'%s' is undefined", name);
                r = asprintf(&run->why, "there is no name \"%s\" here", name);
                of = run->world->names;
        } else {
                run_raise(run, "UndefinedError", "'%s' has no attribute '%s'",
                          python_object(&run->natures, of), name);
                r = asprintf(&run->why, "it is asked of %s, which has no \"%s\"",
                             python_kind(of), name);
        }
        if (r < 0)
                run->why = NULL;
        if (of)
                suggest(run, of, name);
        run->failure = FAILURE_UNDEFINED;
        return NULL;
}

bool run_print(struct run *run, const json_t *value, bool as_repr, struct text *text)
{
        if (run_is_empty(run, value))
                return true;
        if (run_is_undefined(run, value)) {
                run_use_undefined(run, value);
                return false;
        }
        python_show(&run->natures, value, as_repr, run->left.bytes, text);
        return run_afford(run, text);
}

bool run_print_plain(struct run *run, const json_t *value, struct text *text)
{
        bool is_container = json_is_array(value) || json_is_object(value);
        static const struct natures none;

        if (!is_container || nature_kind(&run->natures, value) == NATURE_SET)
                return run_print(run, value, false, text);
        python_show(&none, value, false, run->left.bytes, text);
        return run_afford(run, text);
}

void frame_enter(struct run *run, struct frame *frame)
{
        frame->outer = run->frame;
        frame->bindings = NULL;
        frame->used = 0;
        run->frame = frame;
}

void frame_leave(struct run *run, struct frame *frame)
{
        run->frame = frame->outer;
}

bool frame_set(struct run *run, const char *name, json_t *value)
{
        struct frame *frame = run->frame;
        struct binding *binding = frame->bindings;

        while (binding && strcmp(binding->name, name) != 0)
                binding = binding->next;
        if (!binding) {
                binding = frame->used < 2 ? &frame->first[frame->used++]
                        : arena_alloc(&run->arena, sizeof *binding);
                if (!binding)
                        return run_no_memory(run);
                binding->name = name;
                binding->next = frame->bindings;
                frame->bindings = binding;
        }
        binding->value = value;
        return true;
}

json_t *frame_get(const struct run *run, const char *name)
{
        for (const struct frame *frame = run->frame; frame; frame = frame->outer)
                for (const struct binding *b = frame->bindings; b; b = b->next)
                        if (strcmp(b->name, name) == 0)
                                return b->value;
        return NULL;
}
