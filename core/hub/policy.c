/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Policies at the moment of a start. Executions that a policy counts together share a tally: how
 * many of them run, and when the last ones began. One that may not start yet goes back to the
 * queue, delayed, and is called when one of its tally ends; one that a breaker stops is held for a
 * person. What a tally counts lives as long as the running execution does, so no path of its end
 * can forget to give its place back.
 *
 * It is entered among those that wait once the store has it as delayed, and looks again for a place
 * then: one that came free before finds nobody to call. Who is called and is not there any more
 * (cancelled, say) hands the call on.
 */
#include "hub/room.h"

#include <errno.h>
#include <string.h>

#define DELAYED_BY "the policy "        /* begins the note of one that waits for a place */

struct tally {
        unsigned running;
        json_t *starts;                 /* ms on the monotonic clock, oldest first */
        json_t *waiting;                /* ids of those that are delayed as keys, oldest first */
};

static void tally_free(void *value)
{
        struct tally *tally = value;

        json_decref(tally->starts);
        json_decref(tally->waiting);
        free(tally);
}

void policies_init(struct policies *policies)
{
        pthread_mutex_init(&policies->lock, NULL);
}

void policies_deinit(struct policies *policies)
{
        map_deinit(&policies->tallies, tally_free);
        pthread_mutex_destroy(&policies->lock);
}

static struct tally *tally_of(struct policies *policies, const char *key)
{
        struct tally *tally = map_get(&policies->tallies, key);

        if (tally)
                return tally;
        tally = calloc(1, sizeof *tally);
        if (!tally)
                return NULL;
        tally->starts = json_array();
        tally->waiting = json_object();
        if (tally->starts && tally->waiting &&
            map_put(&policies->tallies, key, tally, NULL) == 0)
                return tally;
        tally_free(tally);
        return NULL;
}

/* What this policy counts together: the policy, and the values of its attributes. */
static char *key_of(const struct catalog_policy *policy, const struct running *r)
{
        const json_t *names = json_object_get(policy->parameters, "attributes"), *name;
        _text_ struct text key = TEXT_INIT;
        size_t i;

        text_add(&key, policy->ref);
        json_array_foreach(names, i, name) {
                const json_t *value = json_object_get(r->params, json_string_value(name));
                _free_ char *text = value ? json_canonical(value) : NULL;

                text_addf(&key, "|%s", text ? text : "");
        }
        return text_take(&key);
}

static bool counts_running(const struct catalog_policy *policy)
{
        return text_starts_with(policy->type, "action.concurrency");
}

/* ---- may it start? ---- */

static bool has_room(const struct tally *tally, const struct catalog_policy *policy)
{
        return tally->running < (uint64_t)json_int_of(policy->parameters, "threshold", 1);
}

/* Fewer than so many starts within the time? Forgets those before it. */
static bool is_calm(struct tally *tally, const struct catalog_policy *policy)
{
        int64_t since = clock_mono_ms() - json_int_of(policy->parameters, "within", 60) * 1000;
        size_t threshold = (size_t)json_int_of(policy->parameters, "threshold", 1);

        while (json_array_size(tally->starts) &&
               json_integer_value(json_array_get(tally->starts, 0)) <= since)
                json_array_remove(tally->starts, 0);
        return json_array_size(tally->starts) < threshold;
}

static enum policy_verdict judge(struct tally *tally, const struct catalog_policy *policy,
                                 const struct running *r)
{
        if (counts_running(policy))
                return has_room(tally, policy) ? POLICY_START
                       : text_equal(json_text_of(policy->parameters, "action", ""), "cancel")
                               ? POLICY_CANCEL : POLICY_DELAY;
        return r->is_released || is_calm(tally, policy) ? POLICY_START : POLICY_HOLD;
}

/* Whatever becomes of it, it does not wait any more. */
static void leave(struct tally *tally, const struct running *r)
{
        char id[ID_TEXT_SIZE];

        json_object_del(tally->waiting, id_text(&r->claim.id, id));
}

static bool is_gate(const struct catalog_policy *policy)
{
        return counts_running(policy) || text_equal(policy->type, "action.breaker");
}

static void say_why(const struct catalog_policy *policy, char note[160])
{
        long long threshold = json_int_of(policy->parameters, "threshold", 1);

        if (counts_running(policy))
                snprintf(note, 160, DELAYED_BY "%s lets %lld run at once", policy->ref, threshold);
        else
                snprintf(note, 160, "the policy %s lets %lld start within %lld s", policy->ref,
                         threshold, (long long)json_int_of(policy->parameters, "within", 60));
}

/* All of its policies under one lock: either it counts in every tally, or in none. */
static enum policy_verdict judge_all(struct hub *hub, struct running *r, char note[160])
{
        const struct catalog_action *action = r->action;
        enum policy_verdict verdict = POLICY_START;

        for (size_t i = 0; i < action->n_policies && verdict == POLICY_START; i++) {
                const struct catalog_policy *policy = action->policies[i];
                _free_ char *key = is_gate(policy) ? key_of(policy, r) : NULL;
                struct tally *tally = key ? tally_of(&hub->policies, key) : NULL;

                if (!tally)
                        continue;
                leave(tally, r);
                verdict = judge(tally, policy, r);
                if (verdict != POLICY_START)
                        say_why(policy, note);
        }
        return verdict;
}

static void count(struct hub *hub, struct running *r)
{
        for (size_t i = 0; i < r->action->n_policies; i++) {
                const struct catalog_policy *policy = r->action->policies[i];
                _free_ char *key = is_gate(policy) ? key_of(policy, r) : NULL;
                struct tally *tally = key ? tally_of(&hub->policies, key) : NULL;

                if (!tally)
                        continue;
                if (counts_running(policy)) {
                        tally->running++;
                        if (!r->counted)
                                r->counted = json_array();
                        json_array_append_new(r->counted, json_string(key));
                } else {
                        json_array_append_new(tally->starts, json_integer(clock_mono_ms()));
                }
        }
}

enum policy_verdict policy_admit(struct running *r, char note[160])
{
        struct hub *hub = r->hub;
        enum policy_verdict verdict;

        if (!r->action->n_policies || text_equal(r->mode, "plan"))
                return POLICY_START;
        pthread_mutex_lock(&hub->policies.lock);
        verdict = judge_all(hub, r, note);
        if (verdict == POLICY_START)
                count(hub, r);
        pthread_mutex_unlock(&hub->policies.lock);
        return verdict;
}

void policy_count(struct running *r)
{
        struct hub *hub = r->hub;

        if (!r->action->n_policies)
                return;
        pthread_mutex_lock(&hub->policies.lock);
        count(hub, r);
        pthread_mutex_unlock(&hub->policies.lock);
}

/* ---- a place is free ---- */

struct calling {
        struct hub *hub;
        char *key;                      /* of the tally; NULL: it has none who wait */
};

static void call_next(struct hub *hub, const char *key);

static void called(void *arg, enum store_outcome outcome, const struct id *first, uint64_t seq)
{
        struct calling *calling = arg;
        struct hub *hub = calling->hub;

        (void)first;
        (void)seq;
        if (outcome == STORE_DONE) {
                dispatch_wake(hub);
        } else if (outcome == STORE_STALE && calling->key) {
                pthread_mutex_lock(&hub->policies.lock);
                call_next(hub, calling->key);
                pthread_mutex_unlock(&hub->policies.lock);
        }
        free(calling->key);
        free(calling);
}

/* Where memory is out, it looks again by itself. */
static void call(struct hub *hub, const struct id *id, const char *key)
{
        struct calling *calling = calloc(1, sizeof *calling);
        struct store_txn *txn = calling ? store_txn_new() : NULL;

        if (!txn) {
                free(calling);
                return;
        }
        *calling = (struct calling){ hub, key ? strdup(key) : NULL };
        store_txn_restate(txn, id, STORE_REQUESTED, 0, NULL);
        store_commit(hub->o.store, txn, called, calling);
}

/* The oldest that waits is due now. */
static void call_next(struct hub *hub, const char *key)
{
        struct tally *tally = map_get(&hub->policies.tallies, key);
        void *first = tally ? json_object_iter(tally->waiting) : NULL;
        struct id id;

        if (!first || !id_parse(json_object_iter_key(first), &id))
                return;
        json_object_del(tally->waiting, json_object_iter_key(first));
        call(hub, &id, key);
}

/* The tally of the first policy that has no place for it. */
static struct tally *full_for(struct hub *hub, const struct running *r)
{
        for (size_t i = 0; i < r->action->n_policies; i++) {
                const struct catalog_policy *policy = r->action->policies[i];
                _free_ char *key = counts_running(policy) ? key_of(policy, r) : NULL;
                struct tally *tally = key ? tally_of(&hub->policies, key) : NULL;

                if (tally && !has_room(tally, policy))
                        return tally;
        }
        return NULL;
}

void policy_wait(struct running *r)
{
        struct hub *hub = r->hub;
        struct tally *tally;
        char id[ID_TEXT_SIZE];

        pthread_mutex_lock(&hub->policies.lock);
        tally = full_for(hub, r);
        if (tally)
                json_object_set_new(tally->waiting, id_text(&r->claim.id, id), json_true());
        else
                call(hub, &r->claim.id, NULL);
        pthread_mutex_unlock(&hub->policies.lock);
}

/* ---- those that waited for a hub before this one ---- */

struct waked {
        struct store_txn *txn;
        struct store_page page;
        size_t n;
};

static int wake(void *arg, const struct store_execution *execution)
{
        struct waked *waked = arg;

        waked->page.after_seq = execution->seq;
        waked->n++;
        if (execution->note && text_starts_with(execution->note, DELAYED_BY))
                store_txn_restate(waked->txn, &execution->id, STORE_REQUESTED, 0, NULL);
        return 0;
}

void policies_wake(struct hub *hub)
{
        const struct store_execution_filter filter = { .status = STORE_DELAYED };
        struct waked waked = { .page = { .limit = 1000, .ascending = true }, .n = 1 };

        while (waked.n) {
                waked.n = 0;
                waked.txn = store_txn_new();
                if (!waked.txn)
                        return;
                store_list_executions(hub->o.store, &filter, &waked.page, wake, &waked, NULL,
                                      NULL);
                store_commit_wait(hub->o.store, waked.txn, NULL, NULL);
        }
}

void policy_release(struct running *r)
{
        struct hub *hub = r->hub;
        const json_t *key;
        size_t i;

        if (!r->counted)
                return;
        pthread_mutex_lock(&hub->policies.lock);
        json_array_foreach(r->counted, i, key) {
                struct tally *tally = map_get(&hub->policies.tallies, json_string_value(key));

                if (!tally)
                        continue;
                tally->running--;
                call_next(hub, json_string_value(key));
        }
        pthread_mutex_unlock(&hub->policies.lock);
        json_decref(r->counted);
        r->counted = NULL;
}

/* ---- retry ---- */

void policy_retry(struct running *r)
{
        for (size_t i = 0; i < r->action->n_policies; i++) {
                const struct catalog_policy *policy = r->action->policies[i];

                if (!text_equal(policy->type, "action.retry") || r->retries_left)
                        continue;
                r->retries_left = (uint32_t)json_int_of(policy->parameters, "max_retry_count", 2);
                r->retry_delay_ms = (int64_t)(1000 * json_number_value(json_object_get(
                                                              policy->parameters, "delay")));
                r->retries_only = text_equal(json_text_of(policy->parameters, "retry_on", ""),
                                             "timeout") ? STORE_TIMEOUT : STORE_FAILED;
        }
}
