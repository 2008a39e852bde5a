/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a crash left behind. Executions whose claim belongs to an earlier epoch are lost: nobody
 * knows how far they came. on_lost says what then: run again (declared idempotent), fail, or ask a
 * person. Changes that were announced and never closed are unknown; they are shown, and settled by
 * reading the world back.
 */
#include "hub/room.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void settle_later(struct hub *hub, const struct id *execution);

struct lost {
        struct running *r;
        char *on_lost;
        struct lost *next;
};

struct losses {
        struct hub *hub;
        struct lost *head;
};

static int note_lost(void *arg, const struct store_execution *execution)
{
        struct losses *losses = arg;
        struct lost *lost = calloc(1, sizeof *lost);

        if (!lost)
                return 1;
        *lost = (struct lost){ running_of(losses->hub, execution),
                               strdup(execution->on_lost ? execution->on_lost : "ask"),
                               losses->head };
        losses->head = lost;
        return 0;
}

static enum store_outcome requeue(struct hub *hub, const struct store_claim *claim,
                                  enum store_status status, const char *note)
{
        struct store_txn *txn = store_txn_new();

        if (!txn)
                return STORE_FAILED_BUSY;
        store_txn_requeue(txn, claim, status, 0, note);
        return store_commit_wait(hub->o.store, txn, NULL, NULL);
}

static enum store_outcome decide_on(struct hub *hub, const struct lost *lost)
{
        const struct store_claim *claim = &lost->r->claim;

        if (text_equal(lost->on_lost, "retry"))
                return requeue(hub, claim, STORE_REQUESTED,
                               "the hub died while it ran; run again");
        if (text_equal(lost->on_lost, "fail"))
                return ending_wait(running_ref(lost->r), true, STORE_ABANDONED,
                                   json_pack("{s:s, s:s}", "error", "the hub died while it ran",
                                             "code", "lost"));
        return requeue(hub, claim, STORE_PENDING,
                       "the hub died while it ran; retry or fail?");
}

static void decide(struct hub *hub, const struct lost *lost)
{
        char id[ID_TEXT_SIZE];

        if (!lost->r)
                return;
        log_write(LOG_WARNING_,
                  LOG_FIELDS("action", lost->r->action_ref, "on_lost", lost->on_lost),
                  "execution '%s' was running when the hub died",
                  id_text(&lost->r->claim.id, id));
        if (decide_on(hub, lost) == STORE_DONE)
                settle_later(hub, &lost->r->claim.id);
}

int resolve_lost(struct hub *hub, struct fault *fault)
{
        struct losses losses = { hub, NULL };
        int r = store_list_lost(hub->o.store, note_lost, &losses, fault);

        while (losses.head) {
                struct lost *lost = losses.head;

                if (r == 0)
                        decide(hub, lost);
                losses.head = lost->next;
                running_unref(lost->r);
                free(lost->on_lost);
                free(lost);
        }
        return r;
}

/* ---- a person's answer ---- */

/* Run it again: it waits for a slot as any other. */
static int run_again(struct hub *hub, const struct id *execution, struct fault *fault)
{
        struct store_txn *txn = store_txn_new();
        int r;

        if (!txn)
                return fault_errno(fault, -ENOMEM, "resolve");
        store_txn_restate(txn, execution, STORE_REQUESTED, 0, NULL);
        r = store_outcome_fault(store_commit_wait(hub->o.store, txn, NULL, NULL), fault);
        if (r == 0)
                dispatch_wake(hub);
        return r;
}

static int give_up(struct hub *hub, const struct id *execution, const char *user,
                   struct fault *fault)
{
        enum store_outcome outcome;
        json_t *result = json_pack("{s:s+, s:s}", "error",
                                   "given up after the hub died while it ran, by ", user, "code",
                                   "lost");
        int r = ending_settle(hub, execution, STORE_ABANDONED, result, &outcome, fault);

        return r ? r : store_outcome_fault(outcome, fault);
}

/* An inquiry waits for an answer of another kind (inquiry.c). */
static int take_status(void *arg, const struct store_execution *execution)
{
        if (!text_equal(execution->runner, "inquirer"))
                *(enum store_status *)arg = execution->status;
        return 0;
}

int hub_resolve(struct hub *hub, const struct id *execution, const char *said, const char *user,
                struct fault *fault)
{
        enum store_status status = STORE_FAILED;
        char id[ID_TEXT_SIZE];
        int r = store_get_execution(hub->o.store, execution, false, take_status, &status, fault);

        if (r != 0)
                return r;
        if (status != STORE_PENDING)
                return fault_set(fault, 409, "execution.not-pending",
                                 "execution %s waits for no answer", id_text(execution, id));
        if (text_equal(said, "retry"))
                return run_again(hub, execution, fault);
        if (text_equal(said, "fail"))
                return give_up(hub, execution, user, fault);
        return fault_set(fault, 400, "resolve.answer", "answer 'retry' or 'fail', not '%s'", said);
}

/* ---- settling unknown changes: plan what would put it back, and look at what that finds ---- */

struct settling {
        struct call call;
        pthread_mutex_t lock;
        pthread_cond_t over;
        bool is_over;
        int code;
};

static void settled(struct call *call, int code, const char *sentence, json_t *result)
{
        struct settling *settling = call->arg;

        (void)sentence;
        json_decref(result);
        pthread_mutex_lock(&settling->lock);
        settling->code = code;
        settling->is_over = true;
        pthread_cond_signal(&settling->over);
        pthread_mutex_unlock(&settling->lock);
}

/* Run the row's undo as a plan, and wait for it. */
static int look(struct hub *hub, struct settling *settling, const json_t *row)
{
        struct host_request request = { .entry = HOST_ACTION,
                                        .instance = settling->call.instance,
                                        .id = "",
                                        .name = json_text_of(row, "undo_action", ""),
                                        .args = json_object_get(row, "undo_args"),
                                        .action = "settle",
                                        .mode = "plan",
                                        .attempt = 1,
                                        .doors = &plugin_doors,
                                        .deadline_mono_ms = clock_mono_ms() + 30000,
                                        .arg = &settling->call };
        struct host_call *call = host_start(hub->o.host, &request);

        if (!call)
                return KN_ENOMEM;
        pthread_mutex_lock(&settling->lock);
        while (!settling->is_over)
                pthread_cond_wait(&settling->over, &settling->lock);
        pthread_mutex_unlock(&settling->lock);
        host_release(call);
        return settling->code;
}

/*
 * What the undo would change is what is there now; where it would change nothing, before is there.
 */
static enum store_change_state judge(const json_t *announced, const json_t *row,
                                     const json_t **ret_found)
{
        const json_t *first = json_array_get(announced, 0);

        *ret_found = json_object_get(first ? first : row, "before");
        if (guard_equal(*ret_found, json_object_get(row, "after")))
                return STORE_APPLIED;
        return guard_equal(*ret_found, json_object_get(row, "before")) ? STORE_REFUSED
                                                                       : STORE_UNKNOWN;
}

static void close_row(struct hub *hub, const struct id *execution, const json_t *row,
                      enum store_change_state state, const json_t *found)
{
        struct store_txn *txn = store_txn_new();
        _free_ char *text = found && !json_is_null(found) ? json_canonical(found) : NULL;

        if (!txn)
                return;
        store_txn_change_close(txn, execution, (uint32_t)json_int_of(row, "attempt", 0),
                               (uint32_t)json_int_of(row, "n", 0), state, text, clock_real_ms());
        store_commit_wait(hub->o.store, txn, NULL, NULL);
        log_write(LOG_NOTICE_, LOG_FIELDS("resource", json_text_of(row, "resource", "")),
                  "unknown change read back: %s", store_change_state_text(state));
}

static void settle_row(struct hub *hub, struct catalog *catalog, const struct id *execution,
                       const json_t *row)
{
        _cleanup_(running_unrefp) struct running *r =
                running_new(hub, catalog, catalog_action(catalog, "core.undo"));
        struct settling settling = { .lock = PTHREAD_MUTEX_INITIALIZER,
                                     .over = PTHREAD_COND_INITIALIZER };
        const json_t *found = NULL;
        enum store_change_state state;

        settling.call = (struct call){ .hub = hub, .r = r, .done = settled, .arg = &settling,
                .instance = catalog_instance(catalog, json_text_of(row, "instance", "")) };
        if (!r || !settling.call.instance || !json_text_of(row, "undo_action", NULL))
                return;
        r->guard.mode = GUARD_SKIP;
        if (look(hub, &settling, row) < 0)
                return;
        state = judge(r->guard.rows, row, &found);
        close_row(hub, execution, row, state, found);
}

int hub_settle_changes(struct hub *hub, const struct id *execution, const char *user,
                       struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(hub);
        struct store_change_filter filter = { .execution = *execution, .state = STORE_UNKNOWN };
        _json_ json_t *rows = NULL;
        json_t *row;
        size_t i;
        int r = change_rows(hub, &filter, &rows, fault);

        (void)user;
        json_array_foreach(rows, i, row)
                settle_row(hub, catalog, execution, row);
        return r;
}

/* The unknown changes of what was lost, on a worker once the hub is up. */
struct settle_later {
        struct hub *hub;
        struct id execution;
};

static void settle_now(void *arg)
{
        struct settle_later *later = arg;

        hub_settle_changes(later->hub, &later->execution, HUB_SYSTEM_USER, NULL);
        free(later);
}

static void settle_later(struct hub *hub, const struct id *execution)
{
        struct settle_later *later = calloc(1, sizeof *later);

        if (!later)
                return;
        *later = (struct settle_later){ hub, *execution };
        if (pool_run(hub->o.pool, settle_now, later) < 0)
                free(later);
}
