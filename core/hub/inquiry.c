/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Questions to people. An inquiry is an execution that waits, pending, without a thread or a slot,
 * until somebody answers or its time is up; the answer is its result. What asked, a workflow, is
 * told of both in the same commits.
 */
#include "hub/life.h"

#include <errno.h>
#include <string.h>

/* ---- asking ---- */

struct asking {
        struct running *r;
        struct intake intake;
        struct lives lives;
};

static void asking_free(struct asking *asking)
{
        store_txn_free(asking->intake.txn);
        free(asking);
}

static void asked(void *arg, enum store_outcome outcome, const struct id *first, uint64_t seq)
{
        struct asking *asking = arg;
        struct running *r = asking->r;

        (void)first;
        lives_land(&asking->lives, outcome, seq);
        intake_committed(&asking->intake, outcome);
        free(asking);
        if (outcome == STORE_FAILED_FULL) {
                running_keep(r);
                return;
        }
        running_leave(r);
        if (outcome == STORE_DONE)
                dispatch_rearm(r->hub);
        running_unref(r);
}

/* What tells the rules that a question waits: StackStorm's trigger. */
static void add_event(struct intake *intake, const struct running *r)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(r->hub);
        char id[ID_TEXT_SIZE];
        _json_ json_t *payload = json_pack("{s:s, s:s}", "id", id_text(&r->claim.id, id), "route",
                                           json_text_of(r->params, "route", ""));
        struct hub_event event = { .trigger = "core.st2.generic.inquiry", .source = "hub",
                                   .payload = payload };

        if (payload)
                intake_internal(intake, catalog, &event, &r->root);
}

static void ask(void *arg)
{
        struct running *r = arg;
        struct asking *asking = calloc(1, sizeof *asking);
        int64_t ttl = json_int_of(r->params, "ttl", 1440);
        struct task task;
        int held = 0;

        if (asking)
                intake_init(&asking->intake, r->hub);
        if (!asking || !asking->intake.txn) {
                free(asking);
                running_fail(r, STORE_FAILED, "internal", "out of memory");
                return;
        }
        asking->r = r;
        if (task_of(r, &task))
                held = lives_hold(r->hub, &r->parent, true, &asking->lives, NULL);
        if (held) {
                asking_free(asking);
                running_fail(r, STORE_FAILED, "workflow", "the workflow that asks is over");
                return;
        }
        store_txn_requeue(asking->intake.txn, &r->claim, STORE_PENDING,
                          ttl > 0 ? clock_real_ms() + ttl * 60000 : 0,
                          "asks a person; kaname inquiry respond");
        add_event(&asking->intake, r);
        if (asking->lives.n)
                step_status(&asking->lives, 0, r, STORE_PENDING, &asking->intake);
        lives_commit(&asking->lives, r->hub, asking->intake.txn, asked, asking);
}

static json_t *inquiry_result(const struct running *r, const json_t *response)
{
        static const char *const members[] = { "schema", "roles", "users", "route", "ttl" };
        json_t *result = json_object();

        for (size_t i = 0; i < sizeof members / sizeof *members; i++)
                json_object_set(result, members[i], json_object_get(r->params, members[i]));
        json_object_set(result, "response", response ? (json_t *)response : json_null());
        return result;
}

void inquiry_start(struct running *r)
{
        if (r->due_ms && clock_real_ms() >= r->due_ms)
                running_finish(r, STORE_TIMEOUT, inquiry_result(r, NULL));
        else if (pool_run(r->hub->o.pool, ask, r) < 0)
                running_fail(r, STORE_FAILED, "unavailable", "the hub is stopping");
}

/* ---- answering ---- */

struct question {
        struct hub *hub;
        struct running *r;
        enum store_status status;
};

static int take(void *arg, const struct store_execution *record)
{
        struct question *question = arg;

        question->status = record->status;
        question->r = running_of(question->hub, record);
        return 0;
}

static bool has_role(const json_t *wanted, const json_t *roles)
{
        const json_t *role;
        size_t i;

        json_array_foreach(roles, i, role)
                if (json_has_text(wanted, json_string_value(role)))
                        return true;
        return false;
}

static int check_person(const struct running *r, const struct hub_answer *answer,
                        struct fault *fault)
{
        const json_t *users = json_object_get(r->params, "users"),
                     *roles = json_object_get(r->params, "roles");

        if (json_array_size(users) && !json_has_text(users, answer->user)) {
                fault_set(fault, 403, "inquiry.user", "'%s' may not answer this inquiry",
                          answer->user);
                return fault_try(fault, "its users are named in the inquiry: ask one of them");
        }
        if (!json_array_size(roles) || answer->is_admin || has_role(roles, answer->roles))
                return 0;
        fault_set(fault, 403, "inquiry.role", "'%s' has no role that may answer this inquiry",
                  answer->user);
        return fault_try(fault, "its roles are named in the inquiry: ask one who has one");
}

/* StackStorm's schemas say "required: true" beside a property. */
static json_t *json_schema_of(const json_t *schema)
{
        json_t *copy = json_deep_copy(schema), *required = json_array(), *property;
        const char *name;

        json_object_foreach(json_object_get(copy, "properties"), name, property) {
                json_t *flag = json_object_get(property, "required");

                if (json_is_true(flag))
                        json_array_append_new(required, json_string(name));
                if (json_is_boolean(flag))
                        json_object_del(property, "required");
        }
        if (json_is_object(copy) && !json_object_get(copy, "required") &&
            json_array_size(required))
                json_object_set(copy, "required", required);
        json_decref(required);
        return copy;
}

CLEANUP_DEFINE(struct schema *, schema_unref);

static int check_response(const struct running *r, const json_t *response, struct fault *fault)
{
        _json_ json_t *source = json_schema_of(json_object_get(r->params, "schema"));
        _cleanup_(schema_unrefp) struct schema *schema = NULL;
        int failed = schema_compile(source, &schema, fault);

        if (failed == FAULT)
                return fault_prefix(fault, "the inquiry's schema");
        if (!failed)
                failed = schema_check(schema, response, fault);
        return failed == FAULT ? fault_prefix(fault, "response") : failed;
}

int hub_answer(struct hub *hub, const struct id *inquiry, const struct hub_answer *answer,
               struct fault *fault)
{
        struct question question = { .hub = hub };
        _cleanup_(running_unrefp) struct running *r = NULL;
        char id[ID_TEXT_SIZE];
        enum store_outcome outcome;
        int failed = store_get_execution(hub->o.store, inquiry, false, take, &question, fault);

        r = question.r;
        if (failed || !r)
                return failed ? failed : -ENOMEM;
        id_text(inquiry, id);
        if (!r->action || !text_equal(r->action->runner, "inquirer"))
                return fault_set(fault, 404, "inquiry.unknown", "there is no inquiry %s", id);
        if (question.status != STORE_PENDING)
                return fault_set(fault, 409, "inquiry.answered",
                                 "the inquiry %s waits for no answer: it is %s", id,
                                 store_status_text(question.status));
        failed = check_person(r, answer, fault);
        if (!failed)
                failed = check_response(r, answer->response, fault);
        if (failed)
                return failed;
        log_write(LOG_NOTICE_, LOG_FIELDS("user", answer->user), "inquiry '%s' is answered", id);
        outcome = ending_wait(running_ref(r), false, STORE_SUCCEEDED,
                              inquiry_result(r, answer->response));
        return store_outcome_fault(outcome, fault);
}
