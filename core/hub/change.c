/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The change door: every change to the outside world is announced here before it is made.
 *
 * Three ways to answer, by the guard of the execution:
 *   GUARD_RECORD  a plain run: the intent is written to the ledger, durably, then "go on".
 *   GUARD_SKIP    a plan, or the first pass of applying one: remembered, answered "skip".
 *   GUARD_EXACT   applying or undoing: each call must equal the next approved row, else it is a
 *                 conflict that shows before, found and wanted; then as GUARD_RECORD.
 */
#include "hub/room.h"

#include <errno.h>
#include <string.h>

void guard_deinit(struct guard *guard)
{
        json_decref(guard->rows);
        json_decref(guard->conflict);
        memset(guard, 0, sizeof *guard);
}

bool guard_equal(const json_t *a, const json_t *b)
{
        a = a ? a : json_null();
        b = b ? b : json_null();
        return json_equal(a, b);
}

/* NULL text is JSON null: "was not there". NULL result: not JSON. */
static json_t *value_of(const char *text)
{
        return text ? json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL,
                                 NULL)
                    : json_null();
}

static json_t *row_of(const struct kn_change *change, const struct catalog_instance *instance)
{
        _json_ json_t *before = value_of(change->before), *after = value_of(change->after);
        _json_ json_t *args = change->undo_args ? value_of(change->undo_args) : json_null();

        if (!before || !after || !args || !change->resource)
                return NULL;
        return json_pack("{s:s, s:O, s:O, s:s*, s:O, s:s, s:s}", "resource", change->resource,
                         "before", before, "after", after, "undo_action", change->undo_action,
                         "undo_args", args, "plugin", instance->plugin->name, "instance",
                         instance->name);
}

static void set_conflict(struct guard *guard, const json_t *expected, const json_t *row)
{
        if (guard->conflict)
                return;
        guard->conflict = json_pack("{s:O, s:O?, s:O, s:O?}",
                "resource", json_object_get(expected ? expected : row, "resource"),
                "before", expected ? json_object_get(expected, "before") : NULL,
                "found", json_object_get(row, "before"),
                "wanted", expected ? json_object_get(expected, "after") : NULL);
        if (guard->conflict && (!expected || !guard_equal(json_object_get(expected, "resource"),
                                                          json_object_get(row, "resource"))))
                json_object_set(guard->conflict, "announced", (json_t *)row);
}

/* Does this call equal the next approved row? Only what the world is and becomes counts. */
static bool is_expected(struct guard *guard, const json_t *row)
{
        const json_t *expected = json_array_get(guard->expected, guard->n);
        const json_t *before = json_object_get(row, "before"),
                     *after = json_object_get(row, "after");
        bool same = expected &&
                    guard_equal(json_object_get(expected, "resource"),
                                json_object_get(row, "resource")) &&
                    guard_equal(json_object_get(expected, "after"), after) &&
                    (guard_equal(json_object_get(expected, "before"), before) ||
                     (guard->allows_done && guard_equal(before, after)));

        if (!same)
                set_conflict(guard, expected, row);
        return same;
}

static char *member_text(const json_t *row, const char *key)
{
        const json_t *value = json_object_get(row, key);

        return value && !json_is_null(value) ? json_canonical(value) : NULL;
}

/* Fill in a ledger record from a row; the texts in owned[] are the caller's to free. */
static void record_of(const struct running *r, const json_t *row, struct store_change *ret,
                      char *owned[3])
{
        owned[0] = member_text(row, "before");
        owned[1] = member_text(row, "after");
        owned[2] = member_text(row, "undo_args");
        *ret = (struct store_change){
                .execution = r->claim.id,
                .event = r->root,
                .attempt = r->claim.attempt,
                .plugin = json_text_of(row, "plugin", ""),
                .instance = json_text_of(row, "instance", ""),
                .resource = json_text_of(row, "resource", ""),
                .before = owned[0],
                .after = owned[1],
                .undo_action = json_text_of(row, "undo_action", NULL),
                .undo_args = owned[2],
                .user = r->user,
                .at_ms = clock_real_ms(),
        };
}

static void free_owned(char *owned[3])
{
        for (int i = 0; i < 3; i++)
                free(owned[i]);
}

/* The intent is durable when this returns its ticket. */
static int write_intent(struct running *r, const json_t *row)
{
        struct store_txn *txn = store_txn_new();
        struct store_change record;
        char *owned[3];
        enum store_outcome outcome;

        if (!txn)
                return KN_ENOMEM;
        record_of(r, row, &record, owned);
        record.n = ++r->guard.recorded;
        record.state = STORE_INTENT;
        store_txn_change(txn, &record);
        outcome = store_commit_wait(r->hub->o.store, txn, NULL, NULL);
        free_owned(owned);
        return outcome == STORE_DONE ? (int)record.n : KN_ETEMP;
}

int change_announce(struct running *r, const struct catalog_instance *instance,
                    const struct kn_change *change)
{
        _json_ json_t *row = row_of(change, instance);
        struct guard *guard = &r->guard;
        bool changes;
        int answer = KN_SKIP;

        if (!row)
                return KN_EARG;
        if (atomic_load(&r->is_canceled))
                return KN_ECANCELED;
        changes = !guard_equal(json_object_get(row, "before"), json_object_get(row, "after"));
        pthread_mutex_lock(&r->lock);
        if (guard->mode == GUARD_SKIP && changes) {
                if (!guard->rows)
                        guard->rows = json_array();
                json_array_append(guard->rows, row);
        } else if (guard->mode == GUARD_EXACT && !is_expected(guard, row)) {
                answer = KN_ECONFLICT;
        } else if (guard->mode != GUARD_SKIP) {
                answer = 1;
        }
        guard->n += changes || guard->mode == GUARD_EXACT;
        pthread_mutex_unlock(&r->lock);
        return answer == 1 ? changes ? write_intent(r, row) : KN_SKIP : answer;
}

int change_close(struct running *r, int ticket, int outcome, const char *observed)
{
        _json_ json_t *seen = value_of(observed);
        _free_ char *text = observed && seen ? json_canonical(seen) : NULL;
        struct store_txn *txn = store_txn_new();
        enum store_change_state state = outcome >= 0 ? STORE_APPLIED
                : outcome == KN_ETIMEOUT || outcome == KN_EUNKNOWN ? STORE_UNKNOWN : STORE_REFUSED;

        if (!txn)
                return KN_ENOMEM;
        if (ticket <= 0 || (uint32_t)ticket > r->guard.recorded) {
                store_txn_free(txn);
                return KN_EARG;
        }
        store_txn_change_close(txn, &r->claim.id, r->claim.attempt, (uint32_t)ticket, state, text,
                               clock_real_ms());
        return store_commit_wait(r->hub->o.store, txn, NULL, NULL) == STORE_DONE ? KN_OK : KN_ETEMP;
}

void change_record_plan(struct store_txn *txn, struct running *r)
{
        size_t i;
        json_t *row;

        if (!text_equal(r->mode, "plan") || r->end_status != STORE_SUCCEEDED)
                return;
        json_array_foreach(r->guard.rows, i, row) {
                struct store_change record;
                char *owned[3];

                record_of(r, row, &record, owned);
                record.n = (uint32_t)i + 1;
                record.state = STORE_PLANNED;
                store_txn_change(txn, &record);
                free_owned(owned);
        }
}

/* ---- reading rows back ---- */

static json_t *parsed(const char *text)
{
        return text ? json_stored(text) : json_null();
}

static int add_row(void *arg, const struct store_change *change)
{
        json_t *row =
                json_pack("{s:s, s:o, s:o, s:o, s:s?, s:o, s:s, s:s, s:s, s:I, s:i, s:i, s:b}",
                          "resource", change->resource, "before", parsed(change->before), "after",
                          parsed(change->after), "observed", parsed(change->observed),
                          "undo_action", change->undo_action, "undo_args",
                          parsed(change->undo_args), "plugin", change->plugin, "instance",
                          change->instance, "state", store_change_state_text(change->state), "seq",
                          (json_int_t)change->seq, "attempt", (int)change->attempt, "n",
                          (int)change->n, "is_undone", !id_is_zero(&change->undone_by));

        return json_array_append_new(arg, row) < 0 ? 1 : 0;
}

int change_rows(struct hub *hub, const struct store_change_filter *filter, json_t **ret,
                struct fault *fault)
{
        _json_ json_t *rows = json_array();
        struct store_page page = { .limit = 10000, .ascending = true };
        int r = store_list_changes(hub->o.store, filter, &page, add_row, rows, NULL, fault);

        if (r == 0)
                *ret = TAKE(rows);
        return r;
}
