/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One step of a workflow: something happened to a task; the conductor says what follows; that is
 * started, or the workflow ends, and its own workflow takes a step in turn. All of it goes into the
 * transaction of what happened.
 */
#include "hub/life.h"

#include <string.h>

static enum status status_from(enum store_status status)
{
        switch (status) {
        case STORE_SUCCEEDED:
                return STATUS_SUCCEEDED;
        case STORE_TIMEOUT:
                return STATUS_EXPIRED;
        case STORE_ABANDONED:
                return STATUS_ABANDONED;
        case STORE_CANCELED:
                return STATUS_CANCELED;
        case STORE_PENDING:
                return STATUS_PENDING;
        case STORE_PAUSED:
                return STATUS_PAUSED;
        default:
                return store_status_is_final(status) ? STATUS_FAILED : STATUS_RUNNING;
        }
}

static enum store_status shown_as(enum status status)
{
        switch (status) {
        case STATUS_PAUSING:
                return STORE_PAUSING;
        case STATUS_PAUSED:
        case STATUS_PENDING:
                return STORE_PAUSED;
        case STATUS_CANCELING:
                return STORE_STOPPING;
        default:
                return STORE_WAITING;
        }
}

static enum store_status ended_as(enum status status)
{
        switch (status) {
        case STATUS_SUCCEEDED:
                return STORE_SUCCEEDED;
        case STATUS_CANCELED:
                return STORE_CANCELED;
        case STATUS_EXPIRED:
                return STORE_TIMEOUT;
        case STATUS_ABANDONED:
                return STORE_ABANDONED;
        default:
                return STORE_FAILED;
        }
}

/* ---- its end ---- */

static json_t *plan_result(const struct life *life, json_t *output)
{
        json_t *changes = json_array(), *note;
        bool is_partial = false;
        size_t i;

        json_array_foreach(life->notes, i, note) {
                json_array_extend(changes, json_object_get(note, "changes"));
                is_partial |= json_object_get(note, "unknown") != NULL;
        }
        return json_pack("{s:o, s:b, s:O, s:o?}", "changes", changes, "partial", is_partial,
                         "steps", life->notes, "result", output);
}

static json_t *result_of(struct life *life, enum store_status status)
{
        json_t *output = conductor_output(life->conductor), *errors, *result;

        if (workflow_is_chain(life->r->action->workflow) && text_equal(life->r->mode, "run"))
                result = output ? output : json_object();
        else if (text_equal(life->r->mode, "plan") && status == STORE_SUCCEEDED)
                return plan_result(life, output);
        else
                result = json_pack("{s:o?}", "output", output);
        if (status == STORE_SUCCEEDED)
                return result;
        errors = conductor_errors(life->conductor);
        json_object_set_new(result, "errors", errors ? errors : json_array());
        if (life->is_late)
                json_object_set_new(result, "error",
                                    json_string("it ran longer than its timeout allows"));
        return result;
}

/* An apply that left out a step of what was approved did not do what was approved. */
static bool left_out(const struct life *life)
{
        size_t wanted = 0, i;
        const json_t *note;

        json_array_foreach(life->approved, i, note)
                wanted += json_object_get(note, "execution") && !json_object_get(note, "unknown");
        return text_equal(life->r->mode, "apply") && life->applied < wanted;
}

/* What was paused for a question, or for a workflow that paused, goes on with it. */
static void go_on(struct life *life)
{
        if (conductor_status(life->conductor) == STATUS_PAUSED)
                conductor_request(life->conductor, STATUS_RESUMING, NULL);
}

/* The paused workflow that this one stands in hears that it went on before it hears of its end. */
static void leave_pause(const struct life *life, struct life *outer)
{
        struct task task;

        if (life->shown != STORE_PAUSED || !task_of(life->r, &task))
                return;
        task_told(outer, &task, STATUS_RUNNING);
        go_on(outer);
}

static void end_life(struct lives *lives, unsigned at, struct intake *intake)
{
        struct life *life = lives->held[at];
        struct running *r = life->r;
        enum store_status status;

        conductor_finish(life->conductor, NULL);
        status = ended_as(conductor_status(life->conductor));
        if (life->is_late && status == STORE_CANCELED)
                status = STORE_TIMEOUT;
        if (status == STORE_SUCCEEDED && left_out(life))
                status = STORE_FAILED;
        running_set_end(r, status, result_of(life, status));
        ending_add(intake, r, life->is_claimed);
        lives->is_large |= r->end_result && strlen(r->end_result) > (64 << 10);
        life->is_claimed = false;
        life->is_over = true;
        lives->ended |= 1u << at;
        if (at + 1 < lives->n)
                leave_pause(life, lives->held[at + 1]);
        life->shown = r->end_status;
        if (at + 1 < lives->n)
                step_ended(lives, at + 1, r, intake);
}

/* ---- its status, and what is written down ---- */

static void show(struct lives *lives, unsigned at, struct intake *intake)
{
        struct life *life = lives->held[at];
        enum store_status was = life->shown,
                          now = shown_as(conductor_status(life->conductor));
        const char *note = now == STORE_PAUSED ? "paused; kaname execution resume goes on" : NULL;

        if (life->is_claimed)
                store_txn_requeue(intake->txn, &life->r->claim, now, life->deadline_ms, note);
        else if (now != was)
                store_txn_restate(intake->txn, &life->r->claim.id, now, life->deadline_ms, note);
        life->is_claimed = false;
        life->shown = now;
        if (at + 1 < lives->n && (now == STORE_PAUSED) != (was == STORE_PAUSED))
                step_status(lives, at + 1, life->r, now, intake);
}

static void write_down(struct life *life, struct intake *intake)
{
        _json_ json_t *delta = conductor_take_delta(life->conductor), *body = json_object();
        _free_ char *text = NULL;
        size_t n = json_array_size(life->notes);
        const json_t *rerun = json_object_get(life->r->context, "re-run");

        if (delta)
                json_object_set(body, "delta", delta);
        if (n > life->notes_stored) {
                json_t *fresh = json_array();

                for (size_t i = life->notes_stored; i < n; i++)
                        json_array_append(fresh, json_array_get(life->notes, i));
                json_object_set_new(body, "notes", fresh);
                life->notes_stored = n;
        }
        if (life->is_late)
                json_object_set_new(body, "late", json_true());
        if (life->n == 0 && json_object_get(rerun, "requests"))
                json_object_set(body, "from", json_object_get(rerun, "ref"));
        if (json_object_size(body) == 0)
                return;
        text = json_compact(body);
        store_txn_step(intake->txn, &life->r->claim.id, ++life->n, text);
}

void step_on(struct lives *lives, unsigned at, struct intake *intake)
{
        struct life *life = lives->held[at];

        if (life->is_over)
                return;
        tasks_start(life, intake);
        if (status_is_completed(conductor_status(life->conductor)))
                end_life(lives, at, intake);
        else
                show(lives, at, intake);
        write_down(life, intake);
}

static bool was_asked(const struct running *child)
{
        return child->action && text_equal(child->action->runner, "inquirer");
}

void step_status(struct lives *lives, unsigned at, const struct running *child,
                 enum store_status status, struct intake *intake)
{
        struct task task;

        if (!task_of(child, &task))
                return;
        task_told(lives->held[at], &task, status_from(status));
        if (status == STORE_WAITING)
                go_on(lives->held[at]);
        step_on(lives, at, intake);
}

void step_ended(struct lives *lives, unsigned at, const struct running *child,
                struct intake *intake)
{
        struct life *life = lives->held[at];
        struct task task;

        if (!task_of(child, &task))
                return;
        /* A failure is judged by a workflow that runs; an answer is waited for by one that does not. */
        if (was_asked(child) && child->end_status != STORE_SUCCEEDED)
                go_on(life);
        task_ended(life, &task, child, status_from(child->end_status));
        if (was_asked(child))
                go_on(life);
        step_on(lives, at, intake);
}
