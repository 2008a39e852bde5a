/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What is asked of a workflow from outside: begin, notice that its time is up, pause, go on, end.
 * A pause or a cancel goes down to what the workflow runs, once it is recorded here.
 */
#include "hub/life.h"

#include <errno.h>
#include <string.h>

/* ---- after a restart ---- */

struct counted {
        struct hub *hub;
        struct id ids[1000];
        size_t n;
};

static int note_shared(void *arg, const struct store_execution *record)
{
        struct counted *counted = arg;

        if (store_status_is_shared(record->status))
                counted->ids[counted->n++] = record->id;
        return counted->n == sizeof counted->ids / sizeof *counted->ids;
}

static int count_action(void *arg, const struct catalog_action *action)
{
        struct counted *counted = arg;
        struct store_execution_filter filter = { .action = action->ref, .status = -1,
                                                 .unfinished = true };
        struct store_page page = { .limit = 1000, .ascending = true };

        if (!action->workflow || !action->n_policies)
                return 0;
        counted->n = 0;
        store_list_executions(counted->hub->o.store, &filter, &page, note_shared, counted, NULL,
                              NULL);
        for (size_t i = 0; i < counted->n; i++) {
                struct lives lives;

                if (lives_hold(counted->hub, &counted->ids[i], true, &lives, NULL) == 0)
                        lives_unlock(&lives);
        }
        return 0;
}

void workflows_count(struct hub *hub)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(hub);
        _free_ struct counted *counted = calloc(1, sizeof *counted);

        if (!counted)
                return;
        counted->hub = hub;
        catalog_each_action(catalog, count_action, counted);
}

/* ---- a transaction of one workflow that a claim is given up in ---- */

struct beginning {
        struct running *r;              /* holds the claim and the slot */
        struct intake intake;
        struct lives lives;
        bool is_timed;
};

static void begun(void *arg, enum store_outcome outcome, const struct id *first, uint64_t seq)
{
        struct beginning *beginning = arg;
        struct running *r = beginning->r;
        bool is_timed = beginning->is_timed;

        (void)first;
        lives_land(&beginning->lives, outcome, seq);
        intake_committed(&beginning->intake, outcome);
        free(beginning);
        if (outcome == STORE_FAILED_FULL) {
                running_keep(r);
                return;
        }
        running_leave(r);
        if (is_timed)
                dispatch_rearm(r->hub);
        running_unref(r);
}

static void commit_claimed(struct beginning *beginning)
{
        beginning->is_timed = beginning->lives.held[0]->deadline_ms > 0;
        lives_commit(&beginning->lives, beginning->r->hub, beginning->intake.txn, begun, beginning);
}

static struct beginning *beginning_new(struct running *r)
{
        struct beginning *beginning = calloc(1, sizeof *beginning);

        if (!beginning)
                return NULL;
        beginning->r = r;
        intake_init(&beginning->intake, r->hub);
        if (beginning->intake.txn)
                return beginning;
        free(beginning);
        return NULL;
}

static void refuse(struct running *r, struct fault *fault, int failed)
{
        fault_errno(fault, failed, "begin the workflow");
        running_finish(r, STORE_FAILED,
                       json_pack("{s:s*, s:s*, s:s*}", "error", fault->what, "code", fault->code,
                                 "remedy", fault->remedy));
}

static int start_life(struct running *r, struct lives *lives, struct fault *fault)
{
        _cleanup_(life_unrefp) struct life *life = NULL;
        int failed = life_new(r, &life, fault);

        if (!failed && conductor_status(life->conductor) != STATUS_RESUMING &&
            !status_is_completed(conductor_status(life->conductor)))
                failed = conductor_request(life->conductor, STATUS_RUNNING, fault);
        if (!failed)
                failed = life_keep(life);
        return failed ? failed : lives_hold(r->hub, &r->claim.id, true, lives, fault);
}

static void begin(void *arg)
{
        struct running *r = arg;
        struct beginning *beginning = beginning_new(r);
        _fault_ struct fault fault = FAULT_INIT;
        int failed = beginning ? start_life(r, &beginning->lives, &fault) : -ENOMEM;

        if (failed) {
                if (beginning)
                        store_txn_free(beginning->intake.txn);
                free(beginning);
                refuse(r, &fault, failed);
                return;
        }
        step_on(&beginning->lives, 0, &beginning->intake);
        commit_claimed(beginning);
}

/* ---- its time is up ---- */

static void alarm_rings(void *arg)
{
        struct running *r = arg;
        struct beginning *beginning = beginning_new(r);
        _fault_ struct fault fault = FAULT_INIT;
        struct life *life;
        int failed = beginning ? lives_hold(r->hub, &r->claim.id, true, &beginning->lives, &fault)
                               : -ENOMEM;

        if (failed) {
                if (beginning)
                        store_txn_free(beginning->intake.txn);
                free(beginning);
                refuse(r, &fault, failed);
                return;
        }
        life = beginning->lives.held[0];
        life->r->claim = r->claim;
        life->is_claimed = true;
        life->is_late = true;
        life->deadline_ms = 0;
        conductor_request(life->conductor, STATUS_CANCELING, NULL);
        step_on(&beginning->lives, 0, &beginning->intake);
        commit_claimed(beginning);
        workflow_tell_children(r->hub, &r->claim.id, STATUS_CANCELING, HUB_SYSTEM_USER);
}

static int has_step(void *arg, uint64_t n, const char *body)
{
        (void)body;
        *(bool *)arg = n > 0;
        return 1;
}

/* On a pool thread: to begin reads the store, and a definition may be large. */
static void begin_or_end(void *arg)
{
        struct running *r = arg;
        bool has_begun = false;

        if (r->claim.attempt > 1)
                store_list_steps(r->hub->o.store, &r->claim.id, has_step, &has_begun, NULL);
        if (has_begun)
                alarm_rings(r);
        else
                begin(r);
}

void workflow_start(struct running *r)
{
        if (pool_run(r->hub->o.pool, begin_or_end, r) < 0)
                running_fail(r, STORE_FAILED, "unavailable", "the hub is stopping");
}

/* ---- pause, resume, cancel ---- */

struct asked_life {
        pthread_mutex_t lock;
        pthread_cond_t wake;
        bool is_over;
        enum store_outcome outcome;
        struct intake intake;
        struct lives lives;
};

static void life_asked(void *arg, enum store_outcome outcome, const struct id *first, uint64_t seq)
{
        struct asked_life *asked = arg;

        (void)first;
        lives_land(&asked->lives, outcome, seq);
        intake_committed(&asked->intake, outcome);
        pthread_mutex_lock(&asked->lock);
        asked->outcome = outcome;
        asked->is_over = true;
        pthread_cond_signal(&asked->wake);
        pthread_mutex_unlock(&asked->lock);
}

static enum store_outcome commit_asked(struct hub *hub, struct asked_life *asked)
{
        lives_commit(&asked->lives, hub, asked->intake.txn, life_asked, asked);
        pthread_mutex_lock(&asked->lock);
        while (!asked->is_over)
                pthread_cond_wait(&asked->wake, &asked->lock);
        pthread_mutex_unlock(&asked->lock);
        return asked->outcome;
}

/* One try; -EAGAIN where somebody was faster. */
static int ask_once(struct hub *hub, const struct id *id, enum status status, struct fault *fault)
{
        struct asked_life asked = { .lock = PTHREAD_MUTEX_INITIALIZER,
                                    .wake = PTHREAD_COND_INITIALIZER };
        enum store_outcome outcome;
        int r = lives_hold(hub, id, true, &asked.lives, fault);

        if (r)
                return r;
        r = conductor_request(asked.lives.held[0]->conductor, status, fault);
        if (r) {
                lives_unlock(&asked.lives);
                return r;
        }
        intake_init(&asked.intake, hub);
        if (!asked.intake.txn) {
                lives_unlock(&asked.lives);
                return -ENOMEM;
        }
        step_on(&asked.lives, 0, &asked.intake);
        outcome = commit_asked(hub, &asked);
        if (outcome == STORE_STALE || outcome == STORE_CONFLICT)
                return -EAGAIN;
        return store_outcome_fault(outcome, fault);
}

static int ask(struct hub *hub, const struct id *id, enum status status, const char *user,
               struct fault *fault)
{
        char text[ID_TEXT_SIZE];
        int r = -EAGAIN;

        for (int tries = 0; r == -EAGAIN && tries < 20; tries++)
                r = ask_once(hub, id, status, fault);
        if (r == -EAGAIN) {
                fault_set(fault, 409, "execution.busy", "execution %s is changing just now",
                          id_text(id, text));
                return fault_try(fault, "ask again");
        }
        if (r)
                return fault_errno(fault, r, "ask the workflow");
        log_write(LOG_NOTICE_, LOG_FIELDS("user", user), "workflow '%s' is asked to be %s",
                  id_text(id, text), status_name(status));
        workflow_tell_children(hub, id, status, user);
        return 0;
}

int workflow_cancel(struct hub *hub, const struct id *id, const char *user, struct fault *fault)
{
        return ask(hub, id, STATUS_CANCELING, user, fault);
}

int hub_pause_workflow(struct hub *hub, const struct id *execution, const char *user,
                       struct fault *fault)
{
        return ask(hub, execution, STATUS_PAUSING, user, fault);
}

int hub_resume_workflow(struct hub *hub, const struct id *execution, const char *user,
                        struct fault *fault)
{
        return ask(hub, execution, STATUS_RESUMING, user, fault);
}

/* ---- what it runs is told, too ---- */

struct children {
        struct id ids[1000];
        bool is_workflow[1000];
        size_t n;
};

static int note_child(void *arg, const struct store_execution *child)
{
        struct children *children = arg;

        children->is_workflow[children->n] = store_status_is_shared(child->status);
        children->ids[children->n++] = child->id;
        return children->n == sizeof children->ids / sizeof *children->ids;
}

void workflow_tell_children(struct hub *hub, const struct id *id, enum status status,
                            const char *user)
{
        struct store_execution_filter filter = { .parent = *id, .status = -1, .unfinished = true };
        struct store_page page = { .limit = 1000, .ascending = true };
        _free_ struct children *children = calloc(1, sizeof *children);

        if (!children)
                return;
        do {
                children->n = 0;
                store_list_executions(hub->o.store, &filter, &page, note_child, children, NULL,
                                      NULL);
                for (size_t i = 0; i < children->n; i++) {
                        if (status == STATUS_CANCELING)
                                hub_cancel(hub, &children->ids[i], user, NULL);
                        else if (children->is_workflow[i])
                                ask(hub, &children->ids[i], status, user, NULL);
                }
                page.offset += children->n;
        } while (children->n == page.limit);
}
