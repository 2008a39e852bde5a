/* SPDX-License-Identifier: Apache-2.0 */

/*
 * One running execution, from the commit of its claim to the commit of its result. The result is
 * recorded under the claim (owner, epoch, attempt): a stale finisher gets nothing. What follows
 * from it, the internal event and the executions that event causes, is in the same commit.
 *
 * References: hub->running holds one from start to finish; whoever calls into it holds another.
 */
#include "hub/room.h"

#include "flow/rulebook.h"

#include <errno.h>
#include <string.h>

/*
 * One that a policy delays is called when there is a place for it (policy.c). Should nobody be able
 * to, since the policy was changed or taken away meanwhile, or who was called before it ended before
 * it began, it looks again by itself.
 */
#define LOOK_AGAIN_MS 5000

struct running *running_ref(struct running *r)
{
        atomic_fetch_add(&r->refs, 1);
        return r;
}

struct running *running_unref(struct running *r)
{
        if (!r || atomic_fetch_sub(&r->refs, 1) > 1)
                return NULL;
        output_close(r->output);
        policy_release(r);
        guard_deinit(&r->guard);
        json_decref(r->undone);
        json_decref(r->params);
        json_decref(r->context);
        free(r->action_ref);
        free(r->rule);
        free(r->user);
        free(r->mode);
        free(r->end_result);
        json_decref(r->end_json);
        catalog_unref(r->catalog);
        pthread_mutex_destroy(&r->lock);
        free(r);
        return NULL;
}

struct running *running_new(struct hub *hub, struct catalog *catalog,
                            const struct catalog_action *action)
{
        struct running *r = calloc(1, sizeof *r);

        if (!r)
                return NULL;
        atomic_init(&r->refs, 1);
        r->hub = hub;
        r->catalog = catalog_ref(catalog);
        r->action = action;
        r->action_ref = strdup(action->ref);
        r->runner = runner_find(hub, action->runner);
        r->claim.id = id_new();
        r->made_mono_us = clock_mono_us();
        list_init(&r->link);
        list_init(&r->unfinished);
        pthread_mutex_init(&r->lock, NULL);
        return r;
}

static struct running *running_find(struct hub *hub, const struct id *id)
{
        struct running *found = NULL;

        pthread_mutex_lock(&hub->running_lock);
        list_each(pos, &hub->running) {
                struct running *r = list_entry(pos, struct running, link);

                if (id_equal(&r->claim.id, id)) {
                        found = running_ref(r);
                        break;
                }
        }
        pthread_mutex_unlock(&hub->running_lock);
        return found;
}

/* ---- from the queue ---- */

/* Parameters were checked when they were accepted; only what serves them is looked up again. */
int running_load(struct hub *hub, const struct store_execution *record, struct running **ret,
                 struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(hub);
        const struct catalog_action *action = catalog_action(catalog, record->action);
        _json_ json_t *params = params_unseal(hub, action, record->params);
        _json_ json_t *context = json_stored(record->context ? record->context : "{}");
        struct request request = { .action = record->action,
                                   .params = params,
                                   .context = context,
                                   .mode = record->mode,
                                   .user = record->user,
                                   .rule = record->rule,
                                   .parent = record->parent,
                                   .event = record->event,
                                   .plan = record->plan,
                                   .timeout_ms = record->timeout_ms };
        uint32_t tries = record->attempt - record->idle;
        struct running *r = NULL;
        int failed;

        if (record->instance && params && !json_object_get(params, "instance"))
                json_object_set_new(params, "instance", json_string(record->instance));
        failed = request_check(hub, catalog, &request, &r, fault);
        if (failed)
                return failed;
        r->made_mono_us = 0;
        r->due_ms = record->run_at_ms;
        r->is_released = record->note && text_starts_with(record->note, HELD_RELEASED);
        r->claim = (struct store_claim){ record->id, record->epoch, record->attempt };
        r->retries_left = tries > r->retries_left + 1 ? 0 : r->retries_left + 1 - tries;
        *ret = r;
        return 0;
}

static struct running *running_bare(struct hub *hub, const struct store_execution *record)
{
        struct running *r = calloc(1, sizeof *r);

        if (!r)
                return NULL;
        atomic_init(&r->refs, 1);
        r->hub = hub;
        r->action_ref = strdup(record->action);
        r->mode = strdup(record->mode);
        r->user = strdup(record->user);
        r->context = json_stored(record->context ? record->context : "{}");
        r->params = json_object();
        r->parent = record->parent;
        r->plan = record->plan;
        list_init(&r->link);
        list_init(&r->unfinished);
        pthread_mutex_init(&r->lock, NULL);
        return r;
}

struct running *running_of(struct hub *hub, const struct store_execution *record)
{
        struct running *r = NULL;

        if (running_load(hub, record, &r, NULL) != 0)
                r = running_bare(hub, record);
        if (!r)
                return NULL;
        r->claim = (struct store_claim){ record->id, record->epoch, record->attempt };
        r->started_ms = record->started_ms;
        return r;
}

/* ---- start ---- */

static void tell(struct running *r, enum hub_topic topic, enum store_status status, uint64_t seq)
{
        struct hub_notice notice = { .topic = topic,
                                     .seq = seq,
                                     .id = r->claim.id,
                                     .parent = r->parent,
                                     .action = r->action_ref,
                                     .status = status,
                                     .at_ms = clock_real_ms() };

        hub_announce(r->hub, &notice);
}

static void wait(struct running *r, enum store_status status, int64_t until_ms, const char *note,
                 bool has_run);

/* A policy lets it not start now: it waits, is held, or is over. No retry is used up by that. */
static void obey(struct running *r, enum policy_verdict verdict, const char *note)
{
        if (verdict == POLICY_CANCEL)
                running_finish(r, STORE_CANCELED, json_pack("{s:s, s:s}", "error", note, "code",
                                                            "policy"));
        else if (verdict == POLICY_HOLD)
                wait(r, STORE_HELD, 0, note, false);
        else
                wait(r, STORE_DELAYED, clock_real_ms() + LOOK_AGAIN_MS, note, false);
}

void running_start(struct running *r)
{
        struct hub *hub = r->hub;
        enum policy_verdict verdict;
        char note[160];

        r->started_ms = clock_real_ms();
        if (r->made_mono_us && !id_is_zero(&r->event))
                figures_note_start(&hub->figures, clock_mono_us() - r->made_mono_us);
        r->deadline_mono_ms = clock_mono_ms() + r->timeout_ms;
        pthread_mutex_lock(&hub->running_lock);
        list_append(&hub->running, &r->link);
        r->has_entered = true;
        pthread_mutex_unlock(&hub->running_lock);
        atomic_fetch_add(&hub->n_running, 1);
        atomic_fetch_add(&hub->figures.started, 1);
        verdict = policy_admit(r, note);
        if (verdict != POLICY_START) {
                obey(r, verdict, note);
                return;
        }
        tell(r, HUB_EXECUTION_UPDATED, STORE_RUNNING, 0);
        r->runner->start(r);
}

/* ---- output ---- */

static int tap(void *arg, const struct output_line *line)
{
        struct running *r = arg;
        struct hub_notice notice = { .topic = HUB_OUTPUT,
                                     .id = r->claim.id,
                                     .action = r->action_ref,
                                     .stream = line->stream,
                                     .text = line->text,
                                     .len = line->len,
                                     .at_ms = line->at_ms };

        hub_announce(r->hub, &notice);
        return 0;
}

void running_output(struct running *r, const char *stream, const void *data, size_t len)
{
        int failed = 0;

        pthread_mutex_lock(&r->lock);
        if (!r->output) {
                failed = output_open(r->hub->o.state_dir, &r->claim.id, r->hub->o.output_max,
                                     &r->output);
                if (!failed)
                        output_tap(r->output, tap, r);
        }
        pthread_mutex_unlock(&r->lock);
        if (!failed)
                output_write(r->output, stream, data, len);
}

/* ---- finish ---- */

void running_leave(struct running *r)
{
        struct hub *hub = r->hub;

        if (!r->has_entered)
                return;
        r->has_entered = false;

        pthread_mutex_lock(&hub->running_lock);
        list_unlink(&r->link);
        pthread_mutex_unlock(&hub->running_lock);
        atomic_fetch_sub(&hub->n_running, 1);
        dispatch_release(hub);
}

void running_keep(struct running *r)
{
        struct hub *hub = r->hub;

        pthread_mutex_lock(&hub->running_lock);
        list_append(&hub->unfinished, &r->unfinished);
        pthread_mutex_unlock(&hub->running_lock);
}

void running_told(struct running *r, uint64_t seq)
{
        atomic_fetch_add(&r->hub->figures.finished[r->end_status], 1);
        tell(r, HUB_EXECUTION_FINISHED, r->end_status, seq);
}

/* Once there is room again: end it, or, where it could not even begin, begin it. */
static void finish_kept(struct running *r)
{
        if (atomic_load(&r->is_over))
                ending_commit(r);
        else
                r->runner->start(r);
}

void running_flush(struct hub *hub)
{
        for (;;) {
                struct list *link;

                pthread_mutex_lock(&hub->running_lock);
                link = list_is_empty(&hub->unfinished) ? NULL : hub->unfinished.next;
                if (link)
                        list_unlink(link);
                pthread_mutex_unlock(&hub->running_lock);
                if (!link || store_health(hub->o.store, NULL) != 0) {
                        if (link)
                                running_keep(list_entry(link, struct running, unfinished));
                        return;
                }
                finish_kept(list_entry(link, struct running, unfinished));
        }
}

static char *result_text(struct running *r, json_t *result)
{
        _free_ char *text = result ? json_compact(result) : NULL;

        if (!text || strlen(text) <= r->hub->o.result_max)
                return TAKE(text);
        r->end_status = STORE_FAILED;
        return strdup("{\"error\":\"the result is larger than limits.result "
                      "allows\",\"code\":\"result.too-big\"}");
}

void running_set_end(struct running *r, enum store_status status, json_t *result)
{
        r->end_status = status;
        r->end_ms = clock_real_ms();
        free(r->end_result);
        r->end_result = result_text(r, result);
        json_decref(r->end_json);
        if (r->end_status == status) {
                r->end_json = result;
                return;
        }
        json_decref(result);
        r->end_json = json_stored(r->end_result);
}

void running_finish(struct running *r, enum store_status status, json_t *result)
{
        if (atomic_exchange(&r->is_over, true)) {
                json_decref(result);
                return;
        }
        pthread_mutex_lock(&r->lock);
        r->output = output_close(r->output);
        pthread_mutex_unlock(&r->lock);
        running_set_end(r, status, result);
        ending_commit(r);
}

/* ---- failure and retry ---- */

static void set_aside(void *arg, enum store_outcome outcome, const struct id *first, uint64_t seq)
{
        struct running *r = arg;

        (void)first;
        (void)seq;
        running_leave(r);
        if (outcome == STORE_DONE) {
                tell(r, HUB_EXECUTION_UPDATED, r->end_status, 0);
                dispatch_rearm(r->hub);
        }
        running_unref(r);
}

static void turned_back(void *arg, enum store_outcome outcome, const struct id *first,
                        uint64_t seq)
{
        struct running *r = arg;

        if (outcome == STORE_DONE && r->end_status == STORE_DELAYED)
                policy_wait(r);
        set_aside(r, outcome, first, seq);
}

static void wait(struct running *r, enum store_status status, int64_t until_ms, const char *note,
                 bool has_run)
{
        struct store_txn *txn;

        if (atomic_exchange(&r->is_over, true))
                return;
        txn = store_txn_new();
        if (!txn) {
                running_leave(r);       /* found as lost by the next start */
                running_unref(r);
                return;
        }
        r->end_status = status;
        if (has_run)
                store_txn_requeue(txn, &r->claim, status, until_ms, note);
        else
                store_txn_turn_back(txn, &r->claim, status, until_ms, note);
        store_commit(r->hub->o.store, txn, has_run ? set_aside : turned_back, r);
}

void running_wait(struct running *r, enum store_status status, int64_t until_ms, const char *note)
{
        wait(r, status, until_ms, note, true);
}

static bool is_retried(const struct running *r, enum store_status status)
{
        if (status == STORE_CANCELED || !r->retries_left || atomic_load(&r->is_canceled))
                return false;
        return !r->retries_only || r->retries_only == status;
}

void running_fail_as(struct running *r, enum store_status status, json_t *result,
                     const char *sentence)
{
        if (!is_retried(r, status)) {
                running_finish(r, status, result);
                return;
        }
        json_decref(result);
        running_wait(r, STORE_DELAYED, clock_real_ms() + r->retry_delay_ms, sentence);
}

void running_fail(struct running *r, enum store_status status, const char *code,
                  const char *sentence)
{
        running_fail_as(r, status, json_pack("{s:s, s:s}", "error", sentence, "code", code),
                        sentence);
}

/* ---- cancel ---- */

static void running_cancel(struct running *r)
{
        if (atomic_exchange(&r->is_canceled, true))
                return;
        tell(r, HUB_EXECUTION_UPDATED, STORE_CANCELING, 0);
        if (r->runner->cancel)
                r->runner->cancel(r);
}

static int take_status(void *arg, const struct store_execution *execution)
{
        *(enum store_status *)arg = execution->status;
        return 0;
}

static int settle_waiting(struct hub *hub, const struct id *id, const char *user,
                          struct fault *fault)
{
        char text[ID_TEXT_SIZE];
        json_t *result = json_pack("{s:s+}", "error", "cancelled before it started, by ", user);
        enum store_outcome outcome;
        int r = ending_settle(hub, id, STORE_CANCELED, result, &outcome, fault);

        if (r || (outcome != STORE_STALE && outcome != STORE_CONFLICT))
                return r ? r : store_outcome_fault(outcome, fault);
        fault_set(fault, 409, "execution.starting", "execution %s is starting just now",
                  id_text(id, text));
        return fault_try(fault, "cancel it again");
}

int hub_cancel(struct hub *hub, const struct id *execution, const char *user, struct fault *fault)
{
        struct running *r = running_find(hub, execution);
        char text[ID_TEXT_SIZE];
        enum store_status status = STORE_RUNNING;
        int failed;

        if (r) {
                log_write(LOG_NOTICE_, LOG_FIELDS("user", user, "action", r->action_ref),
                          "cancel execution '%s'", id_text(execution, text));
                running_cancel(r);
                running_unref(r);
                return 0;
        }
        failed = store_get_execution(hub->o.store, execution, false, take_status, &status, fault);
        if (failed)
                return failed;
        if (store_status_is_final(status))
                return fault_set(fault, 409, "execution.final", "execution %s has ended already",
                                 id_text(execution, text));
        return store_status_is_shared(status) ? workflow_cancel(hub, execution, user, fault)
                                              : settle_waiting(hub, execution, user, fault);
}
