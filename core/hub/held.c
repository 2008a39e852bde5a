/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A person can always stop it. Pause holds every new start while events are still accepted; a rule
 * that would start more than its limit within a minute has the rest *held*: recorded, waiting for a
 * person to release or drop them. Both survive a restart: pause as a document, held as a status.
 */
#include "hub/room.h"

#include <errno.h>

struct window {
        int64_t minute;
        int64_t starts;
};

void held_init(struct held *held)
{
        pthread_mutex_init(&held->lock, NULL);
}

void held_deinit(struct held *held)
{
        map_deinit(&held->windows, free);
        pthread_mutex_destroy(&held->lock);
}

static struct window *window_of(struct held *held, const char *rule)
{
        struct window *window = map_get(&held->windows, rule);

        if (window)
                return window;
        window = calloc(1, sizeof *window);
        if (window && map_put(&held->windows, rule, window, NULL) < 0) {
                free(window);
                return NULL;
        }
        return window;
}

bool held_admit(struct hub *hub, const char *rule, int64_t limit_per_minute)
{
        int64_t minute = clock_mono_ms() / 60000;
        struct window *window;
        bool admitted = true;

        if (limit_per_minute <= 0)
                return true;
        pthread_mutex_lock(&hub->held.lock);
        window = window_of(&hub->held, rule);
        if (window) {
                if (window->minute != minute)
                        *window = (struct window){ minute, 0 };
                admitted = window->starts < limit_per_minute;
                window->starts += admitted;
        }
        pthread_mutex_unlock(&hub->held.lock);
        if (!admitted)
                atomic_fetch_add(&hub->figures.held, 1);
        return admitted;
}

static int see_pause(void *arg, const struct store_doc *doc)
{
        (void)doc;
        *(bool *)arg = true;
        return 1;
}

int held_load(struct hub *hub, struct fault *fault)
{
        _fault_ struct fault missing = FAULT_INIT;
        bool paused = false;
        int r = store_get_doc(hub->o.store, "setting", "pause", see_pause, &paused, &missing);

        if (r < 0 || (r == FAULT && missing.status != 404)) {
                fault_move(fault, &missing);
                return r;
        }
        atomic_store(&hub->dispatch.is_paused, paused);
        return 0;
}

static int keep_pause(struct store *store, const char *body, struct fault *fault)
{
        struct store_txn *txn = store_txn_new();

        if (!txn)
                return fault_errno(fault, -ENOMEM, "pause");
        store_txn_doc(txn, "setting", "pause", body, STORE_ANY);
        return store_outcome_fault(store_commit_wait(store, txn, NULL, NULL), fault);
}

int hub_pause_next(struct store *store, const char *user, const char *reason, struct fault *fault)
{
        _json_ json_t *body = json_pack("{s:s, s:s*, s:I}", "user", user, "reason", reason,
                                        "since_ms", (json_int_t)clock_real_ms());
        _free_ char *text = body ? json_compact(body) : NULL;

        return text ? keep_pause(store, text, fault) : fault_errno(fault, -ENOMEM, "pause");
}

int hub_pause(struct hub *hub, const char *user, const char *reason, struct fault *fault)
{
        int r = hub_pause_next(hub->o.store, user, reason, fault);

        if (r != 0)
                return r;
        atomic_store(&hub->dispatch.is_paused, true);
        log_write(LOG_NOTICE_, LOG_FIELDS("user", user, "reason", reason),
                  "hub paused: no new starts");
        return 0;
}

int hub_resume(struct hub *hub, const char *user, struct fault *fault)
{
        int r = keep_pause(hub->o.store, NULL, fault);

        if (r != 0)
                return r;
        atomic_store(&hub->dispatch.is_paused, false);
        log_write(LOG_NOTICE_, LOG_FIELDS("user", user), "hub resumed");
        dispatch_wake(hub);
        return 0;
}

static int read_pause(void *arg, const struct store_doc *doc)
{
        *(json_t **)arg = json_stored(doc->body);
        return 1;
}

json_t *hub_paused(struct hub *hub)
{
        _json_ json_t *body = NULL;
        char since[CLOCK_TEXT_SIZE];

        if (!hub_is_paused(hub))
                return json_null();
        store_get_doc(hub->o.store, "setting", "pause", read_pause, &body, NULL);
        return json_pack("{s:s, s:s?, s:s}", "user", json_text_of(body, "user", "somebody"),
                         "reason", json_text_of(body, "reason", NULL), "since",
                         clock_text(json_int_of(body, "since_ms", 0), since));
}

bool hub_is_paused(struct hub *hub)
{
        return atomic_load(&hub->dispatch.is_paused);
}

/* ---- release and drop ---- */

struct held_ids {
        struct id ids[500];
        size_t n;
};

static int collect(void *arg, const struct store_execution *execution)
{
        struct held_ids *held = arg;

        held->ids[held->n++] = execution->id;
        return held->n == sizeof held->ids / sizeof held->ids[0];
}

static int find_held(struct hub *hub, const struct id *id, const char *rule, struct held_ids *ret,
                     struct fault *fault)
{
        struct store_execution_filter filter = { .rule = rule,
                                                 .status = STORE_HELD,
                                                 .unfinished = true };
        struct store_page page = { .limit = sizeof ret->ids / sizeof ret->ids[0],
                                   .ascending = true };

        ret->n = 0;
        if (id) {
                ret->ids[ret->n++] = *id;
                return 0;
        }
        return store_list_executions(hub->o.store, &filter, &page, collect, ret, NULL, fault);
}

static int not_held(const struct id *id, struct fault *fault)
{
        char text[ID_TEXT_SIZE];

        fault_set(fault, 409, "execution.not-held", "execution %s is not held", id_text(id, text));
        return fault_try(fault, "kaname held list");
}

static int take_held(void *arg, const struct store_execution *execution)
{
        *(bool *)arg = execution->status == STORE_HELD;
        return 0;
}

static int check_held(struct hub *hub, const struct id *id, struct fault *fault)
{
        bool held = false;
        int r = store_get_execution(hub->o.store, id, false, take_held, &held, fault);

        return r != 0 || held ? r : not_held(id, fault);
}

/* 1 where it is done; 0 where somebody was faster. */
static unsigned decide(struct hub *hub, const struct id *id, bool release, const char *user)
{
        struct store_txn *txn = release ? store_txn_new() : NULL;
        char note[128];
        enum store_outcome outcome;

        if (!release)
                return ending_settle(hub, id, STORE_CANCELED,
                                     json_pack("{s:s+}", "error", "dropped from the held list by ",
                                               user), &outcome, NULL) == 0 &&
                       outcome == STORE_DONE;
        if (!txn)
                return 0;
        snprintf(note, sizeof note, HELD_RELEASED " by %s", user);
        store_txn_restate(txn, id, STORE_REQUESTED, 0, note);
        return store_commit_wait(hub->o.store, txn, NULL, NULL) == STORE_DONE;
}

static int each_held(struct hub *hub, const struct id *id, const char *rule, const char *user,
                     bool release, unsigned *ret_n, struct fault *fault)
{
        unsigned done = 0, before;
        int r = id ? check_held(hub, id, fault) : 0;

        if (r != 0)
                return r;
        do {
                struct held_ids held;

                before = done;
                r = find_held(hub, id, rule, &held, fault);
                if (r != 0)
                        return r;
                for (size_t i = 0; i < held.n; i++)
                        done += decide(hub, &held.ids[i], release, user);
        } while (!id && done != before);
        if (id && !done)
                return not_held(id, fault);
        *ret_n = done;
        if (release && done)
                dispatch_wake(hub);
        return 0;
}

int hub_held_release(struct hub *hub, const struct id *execution, const char *rule,
                     const char *user, unsigned *ret_n, struct fault *fault)
{
        return each_held(hub, execution, rule, user, true, ret_n, fault);
}

int hub_held_drop(struct hub *hub, const struct id *execution, const char *rule, const char *user,
                  unsigned *ret_n, struct fault *fault)
{
        return each_held(hub, execution, rule, user, false, ret_n, fault);
}
