/* SPDX-License-Identifier: Apache-2.0 */
#include "hub/life.h"

#include <errno.h>
#include <string.h>

struct life *life_ref(struct life *life)
{
        atomic_fetch_add(&life->refs, 1);
        return life;
}

struct life *life_unref(struct life *life)
{
        if (!life || atomic_fetch_sub(&life->refs, 1) > 1)
                return NULL;
        conductor_free(life->conductor);
        json_decref(life->notes);
        json_decref(life->approved);
        json_decref(life->recent);
        running_unref(life->r);
        pthread_cond_destroy(&life->landed);
        pthread_mutex_destroy(&life->flight_lock);
        pthread_mutex_destroy(&life->lock);
        free(life);
        return NULL;
}

bool task_of(const struct running *r, struct task *ret)
{
        const json_t *task = json_object_get(r->context, "orquesta");
        const char *id = json_text_of(task, "task_id", NULL);

        if (!id || id_is_zero(&r->parent))
                return false;
        *ret = (struct task){ id, (unsigned)json_int_of(task, "task_route", 0),
                              json_int_of(task, "item_id", -1) };
        return true;
}

/* ---- making one ---- */

/* What StackStorm's workflows find in ctx().st2 and ctx().parent. */
static json_t *variables(const struct running *r)
{
        char id[ID_TEXT_SIZE];
        json_t *parent = json_object_get(r->context, "parent");

        id_text(&r->claim.id, id);
        return json_pack("{s:{s:s, s:s, s:s, s:s, s:s, s:s, s:s}, s:O*}", "st2",
                         "action_execution_id", id, "workflow_execution_id", id, "api_url", "",
                         "user", r->user, "pack", r->action->pack, "action", r->action_ref,
                         "runner", r->action->runner, "parent", parent);
}

static int conduct(struct life *life, const json_t *records, struct fault *fault)
{
        struct running *r = life->r;
        _json_ json_t *context = variables(r);
        const json_t *orquesta = json_object_get(r->context, "orquesta");
        struct conductor_setup setup = { .workflow = r->action->workflow,
                                         .input = r->params,
                                         .context = context,
                                         .calls = &life->calls,
                                         .depth = (unsigned)json_int_of(orquesta, "depth", 0) };

        return records ? conductor_restore(&setup, records, &life->conductor, fault)
                       : conductor_new(&setup, &life->conductor, fault);
}

static struct life *life_alloc(struct running *r)
{
        struct life *life = calloc(1, sizeof *life);

        if (!life)
                return NULL;
        atomic_init(&life->refs, 1);
        list_init(&life->link);
        pthread_mutex_init(&life->lock, NULL);
        pthread_mutex_init(&life->flight_lock, NULL);
        pthread_cond_init(&life->landed, NULL);
        life->hub = r->hub;
        life->r = running_ref(r);
        id_text(&r->claim.id, life->key);
        life->notes = json_array();
        life->recent = json_object();
        world_calls(life, &life->calls);
        if (life->notes && life->recent)
                return life;
        return life_unref(life);
}

/* ---- reading one ---- */

struct reading {
        struct hub *hub;
        json_t *records;
        struct life *life;
        struct id from;                 /* the steps of this one come first */
};

static int read_step(void *arg, uint64_t n, const char *body)
{
        struct reading *reading = arg;
        _json_ json_t *step = json_stored(body);

        if (n == 1 && id_parse(json_text_of(step, "from", NULL), &reading->from))
                return 1;
        json_array_extend(reading->records, json_object_get(step, "delta"));
        json_array_extend(reading->life->notes, json_object_get(step, "notes"));
        reading->life->is_late |= json_bool_of(step, "late", false);
        reading->life->n = n;
        return 0;
}

static int skip_first(void *arg, uint64_t n, const char *body)
{
        struct reading *reading = arg;
        _json_ json_t *step = n == 1 ? json_stored(body) : NULL;

        if (n > 1)
                return read_step(arg, n, body);
        json_object_del(step, "from");
        json_array_extend(reading->records, json_object_get(step, "delta"));
        reading->life->n = 1;
        return 0;
}

/* The records of an execution; those of the one that it goes on from come before its own. */
static int read_records(struct reading *reading, const struct id *id, unsigned depth,
                        struct fault *fault)
{
        struct store *store = reading->hub->o.store;
        struct id from;
        int r;

        memset(&reading->from, 0, sizeof reading->from);
        r = store_list_steps(store, id, read_step, reading, fault);
        if (r != 0 || id_is_zero(&reading->from))
                return r;
        if (depth == 0)
                return fault_set(fault, 500, "workflow.damaged",
                                 "it goes on from too many that went on from others");
        from = reading->from;
        r = read_records(reading, &from, depth - 1, fault);
        reading->life->is_late = false;
        return r ? r : store_list_steps(store, id, skip_first, reading, fault);
}

/* What a plan's result says that each task would do. */
static int take_steps(void *arg, const struct store_execution *plan)
{
        _json_ json_t *result = json_stored(plan->result);

        *(json_t **)arg = json_incref(json_object_get(result, "steps"));
        return 0;
}

static int read_approved(struct life *life, struct fault *fault)
{
        int r;

        if (!text_equal(life->r->mode, "apply"))
                return 0;
        r = store_get_execution(life->hub->o.store, &life->r->plan, true, take_steps,
                                &life->approved, fault);
        if (r == 0 && !life->approved)
                life->approved = json_array();
        return r;
}

struct found {
        struct hub *hub;
        struct life *life;
        int r;
        struct fault *fault;
};

static int find_execution(void *arg, const struct store_execution *record)
{
        struct found *found = arg;
        _cleanup_(running_unrefp) struct running *r = NULL;
        char id[ID_TEXT_SIZE];

        if (store_status_is_final(record->status)) {
                found->r = fault_set(found->fault, 409, "execution.final",
                                     "execution %s has ended already", id_text(&record->id, id));
                return 1;
        }
        found->r = running_load(found->hub, record, &r, found->fault);
        if (found->r)
                return 1;
        if (!r->action->workflow) {
                found->r = fault_set(found->fault, 409, "execution.no-workflow",
                                     "execution %s is no workflow", id_text(&record->id, id));
                return 1;
        }
        r->started_ms = record->started_ms;
        found->life = life_alloc(r);
        if (!found->life) {
                found->r = -ENOMEM;
                return 1;
        }
        found->life->shown = record->status;
        found->life->is_claimed = !store_status_is_shared(record->status);
        found->life->deadline_ms = record->run_at_ms;
        policy_count(found->life->r);
        return 0;
}

int life_read(struct hub *hub, const struct id *id, struct life **ret, struct fault *fault)
{
        struct found found = { hub, NULL, 0, fault };
        _cleanup_(life_unrefp) struct life *life = NULL;
        _json_ json_t *records = json_array();
        struct reading reading = { .hub = hub, .records = records };
        int r = store_get_execution(hub->o.store, id, false, find_execution, &found, fault);

        life = reading.life = found.life;
        if (r == 0)
                r = found.r;
        if (r == 0)
                r = read_records(&reading, id, 100, fault);
        if (r == 0)
                r = conduct(life, records, fault);
        if (r == 0)
                r = read_approved(life, fault);
        if (r)
                return r;
        life->notes_stored = json_array_size(life->notes);
        life->applied = json_array_size(life->notes);
        *ret = TAKE(life);
        return 0;
}

/* ---- a workflow that begins ---- */

/* From chosen tasks of one that ended: its records, and what is to be run again. */
static int resume_from(struct life *life, const json_t *rerun, struct fault *fault)
{
        struct reading reading = { .hub = life->hub, .life = life };
        _json_ json_t *records = json_array();
        struct id from;
        int r;

        if (!id_parse(json_text_of(rerun, "ref", NULL), &from))
                return fault_set(fault, 422, "rerun.unknown", "it does not say what to run again");
        reading.records = records;
        r = read_records(&reading, &from, 100, fault);
        if (r == 0 && json_array_size(records) == 0)
                return fault_set(fault, 409, "rerun.nothing",
                                 "of the execution to run again from its tasks nothing is kept");
        if (r == 0)
                r = conduct(life, records, fault);
        life->n = 0;
        life->is_late = false;
        return r ? r : conductor_rerun(life->conductor, json_object_get(rerun, "requests"), fault);
}

int life_new(struct running *r, struct life **ret, struct fault *fault)
{
        _cleanup_(life_unrefp) struct life *life = life_alloc(r);
        const json_t *rerun = json_object_get(r->context, "re-run");
        int failed = life ? 0 : -ENOMEM;

        if (!failed && json_object_get(rerun, "requests"))
                failed = resume_from(life, rerun, fault);
        else if (!failed)
                failed = conduct(life, NULL, fault);
        if (!failed)
                failed = read_approved(life, fault);
        if (failed)
                return failed;
        life->is_claimed = true;
        life->shown = STORE_RUNNING;
        if (r->is_timed || conductor_timeout(life->conductor) >= 0)
                life->deadline_ms = clock_real_ms() +
                        (r->is_timed ? r->timeout_ms : conductor_timeout(life->conductor) * 1000);
        *ret = TAKE(life);
        return 0;
}
