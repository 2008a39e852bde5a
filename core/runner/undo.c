/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Undo is an execution of its own that gets ledger rows in reverse order. Each row names the action
 * that puts its *before* back; that action is called through the same doors, under a guard that
 * expects exactly one change: from what the row left behind to what was there before. Where the
 * world is something else by now, the guard makes it a conflict, and nothing foreign is
 * overwritten.
 *
 * Rows are done one after the other, last first; the first that fails ends the undo. What was put
 * back until then stays put back, each row saying so, and the undo can be asked for again. A row
 * that names no way back (a mail was sent) is left as it is and told of: it must not keep all that
 * came before it from being undone.
 */
#include "runner/room.h"

#include "base/json.h"
#include "base/text.h"
#include "hub/running.h"
#include "loop/pool.h"

#include <errno.h>
#include <string.h>

struct undo {
        struct running *r;
        json_t *rows;                   /* as change_rows() gives them, oldest first */
        size_t left;                    /* rows still to do: the next is rows[left - 1] */
        json_t *expected;               /* one row, turned round */
        json_t *undone; /* seqs of rows that were put back, and what was shown of them */
        json_t *kept;                   /* resources of rows that cannot be */
        struct call call;
        struct catalog_instance *instance;
        json_t *args;
};

static void undo_next(void *arg);

static struct undo *undo_free(struct undo *undo)
{
        json_decref(undo->rows);
        json_decref(undo->expected);
        json_decref(undo->args);
        json_decref(undo->kept);
        free(undo);
        return NULL;
}

/* The undo's own texts are freed before the reference it holds goes. */
static void undo_end(struct undo *undo, enum store_status status, const char *code,
                     const char *sentence)
{
        struct running *r = undo->r;
        json_t *result = json_pack("{s:O, s:s*, s:s*}", "undone", undo->undone, "error", sentence,
                                   "code", code);

        if (result && json_array_size(undo->kept))
                json_object_set(result, "kept", undo->kept);
        if (result && r->guard.conflict)
                json_object_set(result, "conflict", r->guard.conflict);
        if (result && text_equal(r->mode, "plan"))
                json_object_set(result, "changes", r->guard.rows ? r->guard.rows : json_array());
        r->undone = undo->undone;       /* for undo_record(); freed with the execution */
        undo_free(undo);
        running_finish(r, status, result);
}

/*
 * Mark the rows in the commit of the result (a plan undid none); free the way for another try where
 * it failed.
 */
void undo_record(struct running *r, struct store_txn *txn)
{
        size_t i;
        json_t *row;
        char name[ID_TEXT_SIZE];

        if (!text_equal(r->mode, "undo"))
                return;
        json_array_foreach(r->undone, i, row)
                store_txn_change_undone(txn, (uint64_t)json_int_of(row, "seq", 0), &r->claim.id);
        if (r->end_status != STORE_SUCCEEDED)
                store_txn_doc(txn, "undo", id_text(&r->plan, name), NULL, STORE_ANY);
}

static void row_done(struct undo *undo)
{
        const json_t *row = json_array_get(undo->rows, undo->left - 1);

        json_array_append_new(undo->undone,
                              json_pack("{s:O, s:O, s:O}", "seq", json_object_get(row, "seq"),
                                        "resource", json_object_get(row, "resource"), "restored",
                                        json_object_get(row, "before")));
        undo->left--;
}

static void called(struct call *call, int code, const char *sentence, json_t *result)
{
        struct undo *undo = call->arg;
        struct running *r = undo->r;

        json_decref(result);
        pthread_mutex_lock(&r->lock);
        host_release(r->call);
        r->call = NULL;
        pthread_mutex_unlock(&r->lock);
        if (r->guard.conflict) {
                undo_end(undo, STORE_FAILED, "conflict",
                         "it is not what this execution left behind: somebody changed it since");
                return;
        }
        if (code < 0) {
                undo_end(undo, call_status(code), host_code_text(code),
                         sentence ? sentence : "the action that puts it back failed");
                return;
        }
        row_done(undo);
        undo_next(undo);
}

/* What the guard expects: the row turned round. */
static json_t *turned(const json_t *row)
{
        const json_t *observed = json_object_get(row, "observed");
        bool was_read = observed && !json_is_null(observed);

        return json_pack("[{s:O, s:O, s:O}]", "resource", json_object_get(row, "resource"),
                         "before", was_read ? observed : json_object_get(row, "after"),
                         "after", json_object_get(row, "before"));
}

static void set_guard(struct undo *undo, const json_t *row)
{
        struct guard *guard = &undo->r->guard;

        pthread_mutex_lock(&undo->r->lock);
        json_decref(undo->expected);
        undo->expected = turned(row);
        guard->mode = text_equal(undo->r->mode, "plan") ? GUARD_SKIP : GUARD_EXACT;
        guard->expected = undo->expected;
        guard->n = 0;
        guard->allows_done = true;
        pthread_mutex_unlock(&undo->r->lock);
}

/* Is it done already, was it never made, or can it not be put back? Then the next one is due. */
static bool is_passed(struct undo *undo, const json_t *row)
{
        const char *state = json_text_of(row, "state", "");

        if (json_bool_of(row, "is_undone", false) ||
            (!text_equal(state, "applied") && !text_equal(state, "unknown")))
                return true;
        if (*json_text_of(row, "undo_action", "") &&
            json_is_object(json_object_get(row, "undo_args")))
                return false;
        json_array_append_new(undo->kept,
                              json_pack("{s:O, s:s}", "resource", json_object_get(row, "resource"),
                                        "why", "the plugin says that it cannot be put back"));
        return true;
}

/* As the plugin wrote them, with what the action's schema fills in for everybody. */
static json_t *arguments(const struct undo *undo, const json_t *row)
{
        const struct catalog *catalog = undo->r->catalog;
        const struct catalog_action *action =
                catalog_action_of(catalog, json_text_of(row, "instance", ""),
                                  json_text_of(row, "undo_action", ""));
        json_t *args = json_deep_copy(json_object_get(row, "undo_args"));

        if (args && action)
                schema_fill_defaults(action->params, args);
        return args;
}

static void call_row(struct undo *undo, const json_t *row)
{
        /*
         * A reference of its own: the call may end, and with it the execution, before this returns.
         */
        _cleanup_(running_unrefp) struct running *r = running_ref(undo->r);
        const char *action = json_text_of(row, "undo_action", "");
        char id[ID_TEXT_SIZE];
        struct host_request request = { .entry = HOST_ACTION,
                                        .name = action,
                                        .action = action,
                                        .mode = "undo",
                                        .id = id_text(&r->claim.id, id),
                                        .attempt = r->claim.attempt,
                                        .deadline_mono_ms = r->deadline_mono_ms,
                                        .doors = &plugin_doors,
                                        .arg = &undo->call };
        struct host_call *call;

        json_decref(undo->args);
        undo->args = arguments(undo, row);
        undo->call = (struct call){ .r = r, .hub = r->hub, .done = called, .arg = undo,
                .instance = catalog_instance(r->catalog, json_text_of(row, "instance", "")) };
        request.instance = undo->call.instance;
        request.args = undo->args;
        if (!request.instance) {
                undo_end(undo, STORE_FAILED, "undo.impossible",
                         "the instance that made this change is not configured any more");
                return;
        }
        set_guard(undo, row);
        pthread_mutex_lock(&r->lock);
        call = r->call = host_start(hub_host(r->hub), &request);
        pthread_mutex_unlock(&r->lock);
        if (!call)
                undo_end(undo, STORE_FAILED, "internal", "out of memory");
}

/* On a pool thread, so that a long undo does not grow the stack from call to call. */
static void undo_next(void *arg)
{
        struct undo *undo = arg;
        const json_t *row = NULL;

        for (; undo->left; undo->left--) {
                row = json_array_get(undo->rows, undo->left - 1);
                if (!is_passed(undo, row))
                        break;
        }
        if (!undo->left)
                undo_end(undo, STORE_SUCCEEDED, NULL, NULL);
        else if (atomic_load(&undo->r->is_canceled))
                undo_end(undo, STORE_CANCELED, "canceled", "cancelled");
        else
                call_row(undo, row);
}

static void undo_begin(void *arg)
{
        struct undo *undo = arg;
        struct running *r = undo->r;
        _fault_ struct fault fault = FAULT_INIT;
        struct store_change_filter filter = { .state = -1, .tree = true };
        int failed;

        if (json_object_get(r->params, "event"))
                filter.event = r->plan;
        else
                filter.execution = r->plan;
        failed = change_rows(r->hub, &filter, &undo->rows, &fault);
        if (failed) {
                fault_errno(&fault, failed, "read the ledger");
                undo_end(undo, STORE_FAILED, fault.code, fault.what);
                return;
        }
        undo->left = json_array_size(undo->rows);
        undo_next(undo);
}

void undo_start(struct running *r)
{
        struct undo *undo = calloc(1, sizeof *undo);

        if (undo) {
                undo->undone = json_array();
                undo->kept = json_array();
        }
        if (!undo || !undo->undone || !undo->kept) {
                free(undo);
                running_fail(r, STORE_FAILED, "internal", "out of memory");
                return;
        }
        undo->r = r;
        if (pool_run(hub_pool(r->hub), undo_begin, undo) < 0)
                undo_end(undo, STORE_FAILED, "internal", "the hub is stopping");
}
