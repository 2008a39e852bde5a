/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The plugin runner. A run is one call; so is a plan, whose change door only remembers. Applying an
 * approved plan is two: the first as a plan, to see that it would still do what was approved, the
 * second for real under a guard that holds every change to the next approved row.
 */
#include "runner/room.h"

#include "base/json.h"
#include "base/text.h"
#include "hub/running.h"
#include "loop/pool.h"

#include <string.h>

struct attempt {
        struct running *r;
        struct call call;
        json_t *approved;               /* apply: the plan's rows */
        bool is_checked;                /* apply: the first pass agreed */
        char id[ID_TEXT_SIZE];
};

static void attempt_call(struct attempt *attempt);

static void attempt_free(struct attempt *attempt)
{
        json_decref(attempt->approved);
        free(attempt);
}

static void attempt_fail(struct attempt *attempt, enum store_status status, const char *code,
                         const char *sentence)
{
        struct running *r = attempt->r;
        json_t *conflict = r->guard.conflict;

        attempt_free(attempt);
        if (conflict)
                running_finish(r, status,
                               json_pack("{s:s, s:s, s:O}", "error", sentence, "code", code,
                                         "conflict", conflict));
        else
                running_fail(r, status, code, sentence);
}

static json_t *plan_result(const struct running *r, json_t *result)
{
        json_t *rows = r->guard.rows ? json_incref(r->guard.rows) : json_array();

        return json_pack("{s:o, s:b, s:o?}", "changes", rows, "partial", r->guard.is_partial,
                         "result", result);
}

static void attempt_succeed(struct attempt *attempt, json_t *result)
{
        struct running *r = attempt->r;

        attempt_free(attempt);
        if (text_equal(r->mode, "plan"))
                result = plan_result(r, result);
        running_finish(r, STORE_SUCCEEDED, result ? result : json_object());
}

/* ---- apply ---- */

static bool same_row(const json_t *a, const json_t *b)
{
        static const char *const members[] = { "resource", "before", "after" };

        for (size_t i = 0; i < 3; i++)
                if (!guard_equal(json_object_get(a, members[i]), json_object_get(b, members[i])))
                        return false;
        return true;
}

static void show_difference(struct running *r, const json_t *approved, const json_t *row)
{
        const json_t *of = approved ? approved : row;

        r->guard.conflict =
                json_pack("{s:O?, s:O?, s:O?, s:O?}", "resource", json_object_get(of, "resource"),
                          "before", approved ? json_object_get(approved, "before") : NULL, "found",
                          row        ? json_object_get(row, "before")
                          : approved ? json_object_get(approved, "after")
                                     : NULL,
                          "wanted", approved ? json_object_get(approved, "after") : NULL);
}

static bool still_the_plan(struct attempt *attempt)
{
        struct running *r = attempt->r;
        size_t n = json_array_size(attempt->approved), m = json_array_size(r->guard.rows);

        for (size_t i = 0; i < n || i < m; i++) {
                const json_t *approved = json_array_get(attempt->approved, i),
                             *row = json_array_get(r->guard.rows, i);

                if (approved && row && same_row(approved, row))
                        continue;
                show_difference(r, approved, row);
                return false;
        }
        return true;
}

static void apply_for_real(struct attempt *attempt)
{
        struct running *r = attempt->r;

        attempt->is_checked = true;
        pthread_mutex_lock(&r->lock);
        json_decref(r->guard.rows);
        r->guard.rows = NULL;
        r->guard.mode = GUARD_EXACT;
        r->guard.expected = attempt->approved;
        r->guard.n = 0;
        pthread_mutex_unlock(&r->lock);
        attempt_call(attempt);
}

static void called_for_apply(struct attempt *attempt, json_t *result)
{
        struct running *r = attempt->r;

        if (!attempt->is_checked) {
                json_decref(result);
                if (still_the_plan(attempt))
                        apply_for_real(attempt);
                else
                        attempt_fail(
                                attempt, STORE_FAILED, "conflict",
                                "the world is not what the plan was approved for: plan it again");
                return;
        }
        if (r->guard.n < json_array_size(attempt->approved)) {
                show_difference(r, json_array_get(attempt->approved, r->guard.n), NULL);
                json_decref(result);
                attempt_fail(attempt, STORE_FAILED, "conflict",
                             "the action made fewer changes than were approved");
                return;
        }
        attempt_succeed(attempt, result);
}

/* ---- the end of a call ---- */

/* Whether a call that was lost under us is run once more: only where that does no harm. */
static bool lost_but_harmless(const struct running *r, int code)
{
        return (code == HOST_ECRASHED) && r->claim.attempt < 2 &&
               (r->row->is_idempotent || r->action->is_idempotent);
}

static void failed(struct attempt *attempt, int code, const char *sentence)
{
        struct running *r = attempt->r;

        if (r->guard.conflict) {
                attempt_fail(attempt, STORE_FAILED, "conflict",
                             "the world is not what the plan was approved for: plan it again");
                return;
        }
        if (code == KN_EUNKNOWN && text_equal(r->mode, "plan")) {
                r->guard.is_partial = true;
                attempt_succeed(attempt, NULL);
                return;
        }
        if (lost_but_harmless(r, code) && !r->retries_left) {
                r->retries_left = 1;
                r->retry_delay_ms = 100;
        }
        attempt_fail(attempt, atomic_load(&r->is_canceled) ? STORE_CANCELED : call_status(code),
                     host_code_text(code), sentence ? sentence : "the plugin gave no reason");
}

static void called(struct call *call, int code, const char *sentence, json_t *result)
{
        struct attempt *attempt = call->arg;
        struct running *r = attempt->r;

        pthread_mutex_lock(&r->lock);
        host_release(r->call);
        r->call = NULL;
        pthread_mutex_unlock(&r->lock);
        if (code < 0) {
                json_decref(result);
                failed(attempt, code, sentence);
        } else if (attempt->approved) {
                called_for_apply(attempt, result);
        } else {
                attempt_succeed(attempt, result);
        }
}

static const char *call_mode(const struct attempt *attempt)
{
        return text_equal(attempt->r->mode, "apply") ? attempt->is_checked ? "run" : "plan"
                                                     : attempt->r->mode;
}

static void attempt_call(struct attempt *attempt)
{
        /*
         * A reference of its own: the call may end, and with it the execution, before this returns.
         */
        _cleanup_(running_unrefp) struct running *r = running_ref(attempt->r);
        struct host_request request = { .entry = HOST_ACTION,
                                        .instance = r->instance,
                                        .name = r->row->name,
                                        .args = r->params,
                                        .id = attempt->id,
                                        .action = r->action_ref,
                                        .mode = call_mode(attempt),
                                        .attempt = r->claim.attempt,
                                        .deadline_mono_ms = r->deadline_mono_ms,
                                        .doors = &plugin_doors,
                                        .arg = &attempt->call };
        bool started;

        pthread_mutex_lock(&r->lock);
        r->call = host_start(hub_host(r->hub), &request);
        started = r->call != NULL;
        pthread_mutex_unlock(&r->lock);
        if (!started)
                attempt_fail(attempt, STORE_FAILED, "internal", "out of memory");
        else if (atomic_load(&r->is_canceled))
                plugin_cancel(r);
}

/* Reads the plan's rows from the store: not on the writer's thread. */
static void apply_begin(void *arg)
{
        struct attempt *attempt = arg;
        _fault_ struct fault fault = FAULT_INIT;
        struct store_change_filter filter = { .execution = attempt->r->plan,
                                              .state = STORE_PLANNED };
        int r = change_rows(attempt->r->hub, &filter, &attempt->approved, &fault);

        if (r == 0) {
                attempt_call(attempt);
                return;
        }
        fault_errno(&fault, r, "read the plan");
        attempt_fail(attempt, STORE_FAILED, fault.code, fault.what);
}

void plugin_start(struct running *r)
{
        struct attempt *attempt = calloc(1, sizeof *attempt);

        if (!attempt) {
                running_fail(r, STORE_FAILED, "internal", "out of memory");
                return;
        }
        attempt->r = r;
        attempt->call = (struct call){
                .r = r, .hub = r->hub, .instance = r->instance, .done = called, .arg = attempt
        };
        id_text(&r->claim.id, attempt->id);
        r->guard.mode = text_equal(r->mode, "run") ? GUARD_RECORD : GUARD_SKIP;
        if (!text_equal(r->mode, "apply"))
                attempt_call(attempt);
        else if (pool_run(hub_pool(r->hub), apply_begin, attempt) < 0)
                attempt_fail(attempt, STORE_FAILED, "unavailable", "the hub is stopping");
}

void plugin_cancel(struct running *r)
{
        pthread_mutex_lock(&r->lock);
        if (r->call)
                host_cancel(hub_host(r->hub), r->call);
        pthread_mutex_unlock(&r->lock);
}
