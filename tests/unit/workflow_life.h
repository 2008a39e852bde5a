/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A life of a workflow under test. JSON is written with ' for ". After every step the conductor is
 * thrown away and restored from what it wrote, unless is_whole.
 */

#ifndef UNIT_WORKFLOW_LIFE_H
#define UNIT_WORKFLOW_LIFE_H

#include "base/cleanup.h"
#include "base/json.h"
#include "suite.h"
#include "workflow/conductor.h"

#include <string.h>

#define LARGE 1000000           /* of the result that a reference stands for */

struct life {
        struct workflow *workflow;
        struct conductor *conductor;
        struct conductor_calls calls;
        json_t *input, *records;
        unsigned loads;
        bool is_whole;
};

static inline json_t *life_json(const char *s)
{
        char *text = strdup(s);
        json_t *value;

        for (char *at = text; *at; at++)
                *at = *at == '\'' ? '"' : *at;
        value = json_loads(text, JSON_DECODE_ANY, NULL);
        ck_assert_msg(value != NULL, "not JSON: %s", s);
        free(text);
        return value;
}

static inline int life_load(void *user, const json_t *reference, json_t **ret, struct fault *fault)
{
        struct life *life = user;
        char *text = malloc(LARGE);

        (void)reference, (void)fault;
        memset(text, 'x', LARGE);
        life->loads++;
        *ret = json_stringn(text, LARGE);
        free(text);
        return 0;
}

static inline struct conductor_setup life_setup(struct life *life)
{
        return (struct conductor_setup){ .workflow = life->workflow, .input = life->input,
                                         .calls = &life->calls };
}

static inline void life_restore(struct life *life)
{
        struct conductor_setup setup = life_setup(life);
        struct conductor *restored = NULL;
        _fault_ struct fault fault = FAULT_INIT;
        int r = conductor_restore(&setup, life->records, &restored, &fault);

        ck_assert_msg(r == 0, "not restored: %s", fault.what);
        conductor_free(life->conductor);
        life->conductor = restored;
}

/* Take what was written; how long it is, as text. */
static inline size_t life_cut(struct life *life)
{
        json_t *delta = conductor_take_delta(life->conductor);
        char *text = delta ? json_dumps(delta, JSON_COMPACT) : NULL;
        size_t length = text ? strlen(text) : 0;

        json_array_extend(life->records, delta);
        json_decref(delta);
        free(text);
        if (!life->is_whole)
                life_restore(life);
        return length;
}

static inline void life_begin(struct life *life, const char *definition, const char *input)
{
        json_t *source = life_json(definition);
        _fault_ struct fault fault = FAULT_INIT;
        struct conductor_setup setup;
        int r;

        *life = (struct life){ .input = life_json(input ? input : "{}"), .records = json_array(),
                               .calls = { .user = life, .load = life_load } };
        r = workflow_compile(source, NULL, &life->workflow, &fault);
        ck_assert_msg(r == 0, "not compiled: %s", fault.what);
        json_decref(source);
        setup = life_setup(life);
        ck_assert_int_eq(conductor_new(&setup, &life->conductor, &fault), 0);
        ck_assert_int_eq(conductor_request(life->conductor, STATUS_RUNNING, &fault), 0);
        life_cut(life);
}

static inline void life_deinit(struct life *life)
{
        conductor_free(life->conductor);
        workflow_unref(life->workflow);
        json_decref(life->input);
        json_decref(life->records);
}

static inline size_t life_event(struct life *life, const char *id, unsigned route,
                                struct conductor_event event, const char *result)
{
        json_t *value = result ? life_json(result) : NULL;
        _fault_ struct fault fault = FAULT_INIT;
        int r;

        event.result = value;
        r = conductor_update(life->conductor, id, route, &event, &fault);
        ck_assert_msg(r == 0, "%s: %s", id, fault.what);
        json_decref(value);
        return life_cut(life);
}

static inline size_t life_tell(struct life *life, const char *id, enum status status,
                               const char *result)
{
        return life_event(life, id, 0, (struct conductor_event)CONDUCTOR_EVENT(status), result);
}

static inline void life_unknown(struct life *life, const char *id)
{
        struct conductor_event event = CONDUCTOR_EVENT(STATUS_SUCCEEDED);

        event.is_unknown = true;
        life_event(life, id, 0, event, NULL);
}

static inline void life_item(struct life *life, const char *id, int64_t item, enum status status,
                             const char *result)
{
        struct conductor_event event = { .status = status, .item = item };

        life_event(life, id, 0, event, result);
}

static inline void life_end_on(struct life *life, const char *id, unsigned route,
                               const char *result)
{
        life_event(life, id, route, (struct conductor_event)CONDUCTOR_EVENT(STATUS_RUNNING), NULL);
        life_event(life, id, route, (struct conductor_event)CONDUCTOR_EVENT(STATUS_SUCCEEDED),
                   result);
}

static inline size_t life_end(struct life *life, const char *id, const char *result)
{
        life_tell(life, id, STATUS_RUNNING, NULL);
        return life_tell(life, id, STATUS_SUCCEEDED, result);
}

static inline void life_expect_json(const json_t *got, const char *wanted)
{
        json_t *value = life_json(wanted);
        char *text = json_dumps(got, JSON_ENCODE_ANY | JSON_SORT_KEYS);

        ck_assert_msg(json_equal(got, value), "got %s, not %s", text, wanted);
        json_decref(value);
        free(text);
}

/* What is next, less: id, input (or inputs, of items), and delay or timeout where there is one. */
static inline json_t *life_shorten(json_t *next)
{
        json_t *list = json_array(), *task, *action;
        size_t i, k;

        json_array_foreach(next, i, task) {
                json_t *actions = json_object_get(task, "actions"), *inputs = json_array();
                json_t *brief = json_pack("{s:O}", "id", json_object_get(task, "id"));
                static const char *const numbers[] = { "delay", "timeout" };

                json_array_foreach(actions, k, action)
                        json_array_append(inputs, json_object_get(action, "input"));
                for (k = 0; k < 2; k++)
                        if (json_is_integer(json_object_get(task, numbers[k])))
                                json_object_set(brief, numbers[k],
                                                json_object_get(task, numbers[k]));
                if (json_is_null(json_object_get(task, "items_count")))
                        json_object_set(brief, "input", json_array_get(inputs, 0));
                else
                        json_object_set(brief, "inputs", inputs);
                json_decref(inputs);
                json_array_append_new(list, brief);
        }
        return list;
}

static inline void life_expect_next(struct life *life, const char *wanted)
{
        _fault_ struct fault fault = FAULT_INIT;
        json_t *next = NULL, *brief;

        ck_assert_int_eq(conductor_next_tasks(life->conductor, &next, &fault), 0);
        brief = life_shorten(next);
        life_expect_json(brief, wanted);
        json_decref(next);
        json_decref(brief);
        life_cut(life);
}

static inline void life_next_ignored(struct life *life)
{
        json_t *next = NULL;

        ck_assert_int_eq(conductor_next_tasks(life->conductor, &next, NULL), 0);
        json_decref(next);
        life_cut(life);
}

/* The life is over so, and this is its output. */
static inline void life_expect(struct life *life, enum status status, const char *output)
{
        json_t *got;

        ck_assert_int_eq(conductor_finish(life->conductor, NULL), 0);
        life_cut(life);
        ck_assert_str_eq(status_name(conductor_status(life->conductor)), status_name(status));
        got = conductor_output(life->conductor);
        life_expect_json(got, output);
        json_decref(got);
}

static inline char *life_chain_definition(unsigned tasks)
{
        json_t *all = json_object(), *definition = json_pack("{s:o}", "tasks", all);
        char id[16], next[16], *text;

        for (unsigned i = 0; i < tasks; i++) {
                json_t *task = json_pack("{s:s}", "action", "core.noop");

                snprintf(id, sizeof id, "t%04u", i);
                snprintf(next, sizeof next, "t%04u", i + 1);
                if (i + 1 < tasks)
                        json_object_set_new(task, "next",
                                            json_pack("[{s:s, s:[{s:s}], s:s}]", "when",
                                                      "<% succeeded() %>", "publish", "last",
                                                      "<% result() %>", "do", next));
                json_object_set_new(all, id, task);
        }
        text = json_dumps(definition, 0);
        json_decref(definition);
        return text;
}

static inline char *life_refusal(struct conductor *conductor, const struct fault *fault)
{
        _json_ json_t *errors = conductor ? conductor_errors(conductor) : NULL;
        char *said = json_dumps(errors ? errors : json_null(), JSON_ENCODE_ANY), *all = NULL;

        if (asprintf(&all, "%s %s %s", fault->what ? fault->what : "",
                     fault->remedy ? fault->remedy : "", said) < 0)
                all = NULL;
        free(said);
        return all;
}

/* Run with everything succeeding until something is refused; what was said then. */
static inline char *life_until_refused(const char *definition, const char *input,
                                       const struct workflow_limits *limits)
{
        _json_ json_t *source = life_json(definition), *given = life_json(input ? input : "{}");
        _fault_ struct fault fault = FAULT_INIT;
        struct workflow *workflow = NULL;
        struct conductor *conductor = NULL;
        struct conductor_setup setup = { .input = given, .depth = 1 };
        int r = workflow_compile(source, limits, &workflow, &fault);
        char *said;

        setup.workflow = workflow;
        if (r == 0)
                r = conductor_new(&setup, &conductor, &fault);
        if (r == 0)
                r = conductor_request(conductor, STATUS_RUNNING, &fault);
        for (unsigned i = 0; r == 0 && i < 100; i++) {
                _json_ json_t *next = NULL;
                json_t *task;
                size_t k;

                r = conductor_next_tasks(conductor, &next, &fault);
                if (!json_array_size(next))
                        break;
                for (int end = 0; end < 2; end++)
                        json_array_foreach(next, k, task) {
                                struct conductor_event event =
                                        CONDUCTOR_EVENT(end ? STATUS_SUCCEEDED : STATUS_RUNNING);

                                if (r == 0)
                                        r = conductor_update(conductor, json_text_of(task, "id", ""),
                                                             (unsigned)json_int_of(task, "route", 0),
                                                             &event, &fault);
                        }
        }
        said = life_refusal(conductor, &fault);
        conductor_free(conductor);
        workflow_unref(workflow);
        return said;
}

#endif
