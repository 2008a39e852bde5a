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
        struct store_claim claim;
        char *on_lost, *action;
        struct lost *next;
};

static int note_lost(void *arg, const struct store_execution *execution)
{
        struct lost **head = arg, *lost = calloc(1, sizeof *lost);

        if (!lost)
                return 1;
        *lost = (struct lost){ { execution->id, execution->epoch, execution->attempt },
                               strdup(execution->on_lost ? execution->on_lost : "ask"),
                               strdup(execution->action),
                               *head };
        *head = lost;
        return 0;
}

static void add_decision(struct store_txn *txn, const struct lost *lost)
{
        static const char failed[] = "{\"error\":\"the hub died while it ran\",\"code\":\"lost\"}";

        if (text_equal(lost->on_lost, "retry"))
                store_txn_requeue(txn, &lost->claim, STORE_REQUESTED, 0,
                                  "the hub died while it ran; run again");
        else if (text_equal(lost->on_lost, "fail"))
                store_txn_finish(txn, &lost->claim, STORE_ABANDONED, failed, clock_real_ms());
        else
                store_txn_requeue(txn, &lost->claim, STORE_PENDING, 0,
                                  "the hub died while it ran; retry or fail?");
}

static void decide(struct hub *hub, const struct lost *lost)
{
        struct store_txn *txn = store_txn_new();
        char id[ID_TEXT_SIZE];

        if (!txn)
                return;
        add_decision(txn, lost);
        log_write(LOG_WARNING_, LOG_FIELDS("action", lost->action, "on_lost", lost->on_lost),
                  "execution '%s' was running when the hub died", id_text(&lost->claim.id, id));
        if (store_commit_wait(hub->o.store, txn, NULL, NULL) == STORE_DONE)
                settle_later(hub, &lost->claim.id);
}

int resolve_lost(struct hub *hub, struct fault *fault)
{
        struct lost *head = NULL;
        int r = store_list_lost(hub->o.store, note_lost, &head, fault);

        while (head) {
                struct lost *lost = head;

                if (r == 0)
                        decide(hub, lost);
                head = lost->next;
                free(lost->on_lost);
                free(lost->action);
                free(lost);
        }
        return r;
}

/* ---- a person's answer ---- */

static int answer(struct store_txn *txn, const struct id *execution, const char *said,
                  const char *user, struct fault *fault)
{
        _json_ json_t *result = NULL;
        _free_ char *text = NULL;

        if (text_equal(said, "retry")) {
                store_txn_restate(txn, execution, STORE_REQUESTED, 0, NULL);
                return 0;
        }
        if (!text_equal(said, "fail"))
                return fault_set(fault, 400, "resolve.answer", "answer 'retry' or 'fail', not '%s'",
                                 said);
        result = json_pack("{s:s+, s:s}", "error", "given up after the hub died while it ran, by ",
                           user, "code", "lost");
        text = result ? json_compact(result) : NULL;
        store_txn_settle(txn, execution, STORE_ABANDONED, text, clock_real_ms());
        return 0;
}

static int take_status(void *arg, const struct store_execution *execution)
{
        *(enum store_status *)arg = execution->status;
        return 0;
}

int hub_resolve(struct hub *hub, const struct id *execution, const char *said, const char *user,
                struct fault *fault)
{
        enum store_status status = STORE_FAILED;
        struct store_txn *txn;
        uint64_t seq = 0;
        char id[ID_TEXT_SIZE];
        int r = store_get_execution(hub->o.store, execution, false, take_status, &status, fault);

        if (r != 0)
                return r;
        if (status != STORE_PENDING)
                return fault_set(fault, 409, "execution.not-pending",
                                 "execution %s waits for no answer", id_text(execution, id));
        txn = store_txn_new();
        if (!txn)
                return fault_errno(fault, -ENOMEM, "resolve");
        r = answer(txn, execution, said, user, fault);
        if (r != 0) {
                store_txn_free(txn);
                return r;
        }
        r = store_outcome_fault(store_commit_wait(hub->o.store, txn, NULL, &seq), fault);
        if (r == 0 && text_equal(said, "fail"))
                bus_settled(hub, execution, STORE_ABANDONED, seq);
        else if (r == 0)
                dispatch_wake(hub);
        return r;
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
