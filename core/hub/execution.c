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
        guard_deinit(&r->guard);
        json_decref(r->undone);
        json_decref(r->params);
        json_decref(r->context);
        free(r->action_ref);
        free(r->rule);
        free(r->user);
        free(r->mode);
        free(r->end_result);
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

struct running *running_find(struct hub *hub, const struct id *id)
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
        struct running *r = NULL;
        int failed;

        if (record->instance && params && !json_object_get(params, "instance"))
                json_object_set_new(params, "instance", json_string(record->instance));
        failed = request_check(hub, catalog, &request, &r, fault);
        if (failed)
                return failed;
        r->made_mono_us = 0;
        r->claim = (struct store_claim){ record->id, record->epoch, record->attempt };
        r->retries_left =
                record->attempt > r->retries_left + 1 ? 0 : r->retries_left + 1 - record->attempt;
        *ret = r;
        return 0;
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

void running_start(struct running *r)
{
        struct hub *hub = r->hub;

        r->started_ms = clock_real_ms();
        if (r->made_mono_us && !id_is_zero(&r->event))
                figures_note_start(&hub->figures, clock_mono_us() - r->made_mono_us);
        r->deadline_mono_ms = clock_mono_ms() + r->timeout_ms;
        pthread_mutex_lock(&hub->running_lock);
        list_append(&hub->running, &r->link);
        pthread_mutex_unlock(&hub->running_lock);
        atomic_fetch_add(&hub->n_running, 1);
        atomic_fetch_add(&hub->figures.started, 1);
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

/* What core.st2.generic.actiontrigger carries, in StackStorm's names. */
static json_t *action_event(const struct running *r, const json_t *result)
{
        char id[ID_TEXT_SIZE], when[CLOCK_TEXT_SIZE];
        _json_ json_t *shown = schema_mask(r->action->params, r->params);

        return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:O?, s:O?}", "execution_id",
                         id_text(&r->claim.id, id), "status", store_status_text(r->end_status),
                         "start_timestamp", clock_text(r->started_ms, when), "action_name",
                         r->action->name, "action_ref", r->action_ref, "runner_ref",
                         r->action->runner, "parameters", shown, "result", result);
}

static void add_action_event(struct intake *intake, struct running *r)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(r->hub);
        _json_ json_t *result = json_stored(r->end_result);
        _json_ json_t *payload = NULL;
        const json_t *trace = json_object_get(r->context, "trace_context");
        struct hub_event event = { .trigger = "core.st2.generic.actiontrigger", .source = "hub",
                                   .trace = json_text_of(trace, "trace_tag", NULL) };

        if (!rulebook_has(catalog_rules(catalog), event.trigger))
                return;
        event.payload = payload = action_event(r, result);
        if (payload)
                intake_internal(intake, catalog, &event, &r->root);
}

struct finishing {
        struct running *r;
        struct intake intake;
};

static void leave(struct running *r)
{
        struct hub *hub = r->hub;

        pthread_mutex_lock(&hub->running_lock);
        list_unlink(&r->link);
        pthread_mutex_unlock(&hub->running_lock);
        atomic_fetch_sub(&hub->n_running, 1);
        dispatch_release(hub);
}

static void keep_for_later(struct running *r)
{
        struct hub *hub = r->hub;

        pthread_mutex_lock(&hub->running_lock);
        list_append(&hub->unfinished, &r->unfinished);
        pthread_mutex_unlock(&hub->running_lock);
}

static void finished(void *arg, enum store_outcome outcome, const struct id *first, uint64_t seq)
{
        struct finishing *finishing = arg;
        struct running *r = finishing->r;
        char id[ID_TEXT_SIZE];

        (void)first;
        if (outcome == STORE_FAILED_FULL) {
                intake_committed(&finishing->intake, outcome);
                free(finishing);
                keep_for_later(r);
                return;
        }
        leave(r);
        if (outcome == STORE_DONE) {
                atomic_fetch_add(&r->hub->figures.finished[r->end_status], 1);
                tell(r, HUB_EXECUTION_FINISHED, r->end_status, seq);
        } else {
                atomic_fetch_add(&r->hub->figures.stale, 1);
                log_write(LOG_WARNING_,
                          LOG_FIELDS("execution", id_text(&r->claim.id, id), "action",
                                     r->action_ref),
                          "result refused: its claim is not ours any more, ignoring");
        }
        intake_committed(&finishing->intake, outcome);
        free(finishing);
        running_unref(r);
}

static void commit_finish(struct running *r)
{
        struct finishing *finishing = calloc(1, sizeof *finishing);

        if (!finishing) {
                keep_for_later(r);
                return;
        }
        finishing->r = r;
        intake_init(&finishing->intake, r->hub);
        if (!finishing->intake.txn) {
                free(finishing);
                keep_for_later(r);
                return;
        }
        store_txn_finish(finishing->intake.txn, &r->claim, r->end_status, r->end_result, r->end_ms);
        change_record_plan(finishing->intake.txn, r);
        if (r->runner->record)
                r->runner->record(r, finishing->intake.txn);
        add_action_event(&finishing->intake, r);
        store_commit(r->hub->o.store, finishing->intake.txn, finished, finishing);
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
                                keep_for_later(list_entry(link, struct running, unfinished));
                        return;
                }
                commit_finish(list_entry(link, struct running, unfinished));
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

void running_finish(struct running *r, enum store_status status, json_t *result)
{
        if (atomic_exchange(&r->is_over, true)) {
                json_decref(result);
                return;
        }
        pthread_mutex_lock(&r->lock);
        r->output = output_close(r->output);
        pthread_mutex_unlock(&r->lock);
        r->end_status = status;
        r->end_ms = clock_real_ms();
        free(r->end_result);
        r->end_result = result_text(r, result);
        json_decref(result);
        commit_finish(r);
}

/* ---- failure and retry ---- */

static void retried(void *arg, enum store_outcome outcome, const struct id *first, uint64_t seq)
{
        struct running *r = arg;

        (void)first;
        (void)seq;
        leave(r);
        if (outcome == STORE_DONE) {
                tell(r, HUB_EXECUTION_UPDATED, STORE_DELAYED, 0);
                dispatch_rearm(r->hub);
        }
        running_unref(r);
}

static bool retry(struct running *r, const char *sentence)
{
        struct store_txn *txn;

        if (!r->retries_left || atomic_load(&r->is_canceled) || atomic_load(&r->is_over))
                return false;
        txn = store_txn_new();
        if (!txn || atomic_exchange(&r->is_over, true)) {
                store_txn_free(txn);
                return false;
        }
        store_txn_requeue(txn, &r->claim, STORE_DELAYED, clock_real_ms() + r->retry_delay_ms,
                          sentence);
        store_commit(r->hub->o.store, txn, retried, r);
        return true;
}

void running_fail(struct running *r, enum store_status status, const char *code,
                  const char *sentence)
{
        if (status != STORE_CANCELED && retry(r, sentence))
                return;
        running_finish(r, status, json_pack("{s:s, s:s}", "error", sentence, "code", code));
}

/* ---- cancel ---- */

void running_cancel(struct running *r)
{
        if (atomic_exchange(&r->is_canceled, true))
                return;
        tell(r, HUB_EXECUTION_UPDATED, STORE_CANCELING, 0);
        if (r->runner->cancel)
                r->runner->cancel(r);
}

static int is_final(void *arg, const struct store_execution *execution)
{
        *(bool *)arg = store_status_is_final(execution->status);
        return 0;
}

static int settle_waiting(struct hub *hub, const struct id *id, const char *user,
                          struct fault *fault)
{
        char text[ID_TEXT_SIZE];
        _json_ json_t *result =
                json_pack("{s:s+}", "error", "cancelled before it started, by ", user);
        _free_ char *body = result ? json_compact(result) : NULL;
        struct store_txn *txn = store_txn_new();
        enum store_outcome outcome;
        uint64_t seq = 0;

        if (!txn)
                return fault_errno(fault, -ENOMEM, "cancel");
        store_txn_settle(txn, id, STORE_CANCELED, body, clock_real_ms());
        outcome = store_commit_wait(hub->o.store, txn, NULL, &seq);
        if (outcome == STORE_DONE)
                bus_settled(hub, id, STORE_CANCELED, seq);
        if (outcome != STORE_STALE && outcome != STORE_CONFLICT)
                return store_outcome_fault(outcome, fault);
        fault_set(fault, 409, "execution.starting", "execution %s is starting just now",
                  id_text(id, text));
        return fault_try(fault, "cancel it again");
}

int hub_cancel(struct hub *hub, const struct id *execution, const char *user, struct fault *fault)
{
        struct running *r = running_find(hub, execution);
        char text[ID_TEXT_SIZE];
        bool final = false;
        int failed;

        if (r) {
                log_write(LOG_NOTICE_, LOG_FIELDS("user", user, "action", r->action_ref),
                          "cancel execution '%s'", id_text(execution, text));
                running_cancel(r);
                running_unref(r);
                return 0;
        }
        failed = store_get_execution(hub->o.store, execution, false, is_final, &final, fault);
        if (failed)
                return failed;
        if (final)
                return fault_set(fault, 409, "execution.final", "execution %s has ended already",
                                 id_text(execution, text));
        return settle_waiting(hub, execution, user, fault);
}
