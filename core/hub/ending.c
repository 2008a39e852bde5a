/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How an execution ends, whether it ran or only waited: its result, the internal event, what that
 * event causes, and, where a workflow ran it, the workflow's next step, all in one commit. Where
 * the workflow's step is refused because somebody was faster, the end is tried again on what is
 * there by then; where the claim itself is stale, it is refused every time and then given up.
 */
#include "hub/life.h"

#include "flow/rulebook.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#define TRIES_MAX 50

struct ending {
        struct running *r;
        bool ran;                       /* it holds a claim and a slot */
        unsigned tries;
        struct intake intake;
        struct lives lives;
        void (*done)(void *arg, enum store_outcome outcome);
        void *arg;
};

static void end(struct ending *ending, bool may_block);

/* ---- what the end of an execution adds to a transaction ---- */

/* What core.st2.generic.actiontrigger carries, in StackStorm's names. */
static json_t *action_event(const struct running *r)
{
        char id[ID_TEXT_SIZE], when[CLOCK_TEXT_SIZE];
        _json_ json_t *shown = schema_mask(r->action->params, r->params);

        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:O?, s:O?}", "execution_id",
                         id_text(&r->claim.id, id), "status", store_status_text(r->end_status),
                         "start_timestamp", clock_text(r->started_ms, when), "action_name",
                         r->action->name, "action_ref", r->action_ref, "runner_ref",
                         r->action->runner, "parameters", shown, "result", r->end_json);
}

static void add_action_event(struct intake *intake, struct running *r)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(r->hub);
        _json_ json_t *payload = NULL;
        const json_t *trace = json_object_get(r->context, "trace_context");
        struct hub_event event = { .trigger = "core.st2.generic.actiontrigger", .source = "hub",
                                   .trace = json_text_of(trace, "trace_tag", NULL) };

        if (!r->action || !rulebook_has(catalog_rules(catalog), event.trigger))
                return;
        event.payload = payload = action_event(r);
        if (payload)
                intake_internal(intake, catalog, &event, &r->root);
}

void ending_add(struct intake *intake, struct running *r, bool ran)
{
        if (ran)
                store_txn_finish(intake->txn, &r->claim, r->end_status, r->end_result, r->end_ms);
        else
                store_txn_settle(intake->txn, &r->claim.id, r->end_status, r->end_result,
                                 r->end_ms);
        change_record_plan(intake->txn, r);
        if (r->runner && r->runner->record)
                r->runner->record(r, intake->txn);
        add_action_event(intake, r);
}

/* ---- after the commit ---- */

static void end_later(void *arg)
{
        struct ending *ending = arg;
        struct timespec moment = { 0, ending->tries ? 2000000 : 0 };

        nanosleep(&moment, NULL);
        end(ending, true);
}

static void give_up(struct ending *ending)
{
        struct running *r = ending->r;
        char id[ID_TEXT_SIZE];

        atomic_fetch_add(&r->hub->figures.stale, 1);
        log_write(LOG_WARNING_,
                  LOG_FIELDS("execution", id_text(&r->claim.id, id), "action", r->action_ref),
                  "result refused: its claim is not ours any more, ignoring");
}

static bool try_again(struct ending *ending, enum store_outcome outcome)
{
        if (!ending->lives.n || ++ending->tries > TRIES_MAX ||
            (outcome != STORE_STALE && outcome != STORE_CONFLICT))
                return false;
        return pool_run(ending->r->hub->o.pool, end_later, ending) == 0;
}

static void ended(void *arg, enum store_outcome outcome, const struct id *first, uint64_t seq)
{
        struct ending *ending = arg;
        struct running *r = ending->r;

        (void)first;
        lives_land(&ending->lives, outcome, seq);
        if (outcome == STORE_FAILED_FULL && ending->ran && !ending->done) {
                intake_committed(&ending->intake, outcome);
                free(ending);
                running_keep(r);
                return;
        }
        if (outcome != STORE_DONE) {
                intake_committed(&ending->intake, outcome);
                if (try_again(ending, outcome))
                        return;
        }
        if (ending->ran)
                running_leave(r);
        if (outcome == STORE_DONE)
                running_told(r, seq);
        else if (ending->ran)
                give_up(ending);
        if (outcome == STORE_DONE)
                intake_committed(&ending->intake, outcome);
        if (ending->done)
                ending->done(ending->arg, outcome);
        free(ending);
        running_unref(r);
}

/*
 * The life of a workflow whose step this is; LIVES_ELSEWHERE where this thread may not read it. An
 * execution whose workflow is over already, or gone, ends by itself.
 */
static int hold_lives(struct ending *ending, bool may_block)
{
        struct running *r = ending->r;
        _fault_ struct fault fault = FAULT_INIT;
        struct task task;
        int held = task_of(r, &task) ?
                lives_hold(r->hub, &r->parent, may_block, &ending->lives, &fault) : 0;

        if (held == LIVES_ELSEWHERE)
                return held;
        if (held)
                ending->lives.n = 0;
        return 0;
}

static void end(struct ending *ending, bool may_block)
{
        struct running *r = ending->r;

        ending->lives = (struct lives){ .n = 0 };
        if (hold_lives(ending, may_block) == LIVES_ELSEWHERE) {
                /* A pool that stops: the next start finds it lost, and on_lost decides. */
                (void)pool_run(r->hub->o.pool, end_later, ending);
                return;
        }
        intake_init(&ending->intake, r->hub);
        if (!ending->intake.txn) {
                lives_unlock(&ending->lives);
                free(ending);
                running_keep(r);
                return;
        }
        ending->lives.is_large = r->end_result && strlen(r->end_result) > (64 << 10);
        ending_add(&ending->intake, r, ending->ran);
        if (ending->lives.n)
                step_ended(&ending->lives, 0, r, &ending->intake);
        lives_commit(&ending->lives, r->hub, ending->intake.txn, ended, ending);
}

void ending_commit(struct running *r)
{
        struct ending *ending = calloc(1, sizeof *ending);

        if (!ending) {
                running_keep(r);
                return;
        }
        ending->r = r;
        ending->ran = true;
        end(ending, false);
}

/* ---- those that wait for it ---- */

struct waited {
        pthread_mutex_t lock;
        pthread_cond_t wake;
        bool is_over;
        enum store_outcome outcome;
};

static void waited_for(void *arg, enum store_outcome outcome)
{
        struct waited *waited = arg;

        pthread_mutex_lock(&waited->lock);
        waited->outcome = outcome;
        waited->is_over = true;
        pthread_cond_signal(&waited->wake);
        pthread_mutex_unlock(&waited->lock);
}

enum store_outcome ending_wait(struct running *r, bool ran, enum store_status status,
                               json_t *result)
{
        struct waited waited = { .lock = PTHREAD_MUTEX_INITIALIZER,
                                 .wake = PTHREAD_COND_INITIALIZER };
        struct ending *ending = calloc(1, sizeof *ending);

        running_set_end(r, status, result);
        if (!ending) {
                running_unref(r);
                return STORE_FAILED_BUSY;
        }
        *ending = (struct ending){ .r = r, .ran = ran, .done = waited_for, .arg = &waited };
        end(ending, true);
        pthread_mutex_lock(&waited.lock);
        while (!waited.is_over)
                pthread_cond_wait(&waited.wake, &waited.lock);
        pthread_mutex_unlock(&waited.lock);
        return waited.outcome;
}

struct found {
        struct hub *hub;
        struct running *r;
};

static int load(void *arg, const struct store_execution *record)
{
        struct found *found = arg;

        if (!store_status_is_final(record->status))
                found->r = running_of(found->hub, record);
        return 0;
}

int ending_settle(struct hub *hub, const struct id *id, enum store_status status, json_t *result,
                  enum store_outcome *ret, struct fault *fault)
{
        struct found found = { hub, NULL };
        int failed = store_get_execution(hub->o.store, id, false, load, &found, fault);

        if (failed) {
                json_decref(result);
                return failed;
        }
        if (!found.r)
                json_decref(result);
        *ret = found.r ? ending_wait(found.r, false, status, result) : STORE_STALE;
        return 0;
}
