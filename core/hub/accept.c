/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Events in. The accepting thread matches the rules against the present, immutable rulebook and
 * builds one transaction: the event, its enforcements, the executions it causes. Only when that is
 * committed is the caller told; only then does anything start.
 */
#include "hub/room.h"

#include "flow/rulebook.h"

#include <errno.h>
#include <string.h>

void intake_init(struct intake *intake, struct hub *hub)
{
        *intake = (struct intake){ .hub = hub, .txn = store_txn_new() };
        list_init(&intake->claimed);
}

/* ---- executions ---- */

static enum store_status first_status(int64_t delay_ms, const char *held_note)
{
        return held_note ? STORE_HELD : delay_ms > 0 ? STORE_DELAYED : STORE_REQUESTED;
}

void intake_execution(struct intake *intake, struct running *r, int64_t delay_ms,
                      const char *held_note)
{
        enum store_status status = first_status(delay_ms, held_note);
        bool claimed = status == STORE_REQUESTED && dispatch_reserve(intake->hub);
        _json_ json_t *sealed = params_seal(intake->hub, r->action, r->params);
        _free_ char *params = json_compact(sealed), *context = json_compact(r->context);
        struct store_execution record = {
                .id = r->claim.id,
                .parent = r->parent,
                .event = r->event,
                .plan = r->plan,
                .action = r->action_ref,
                .runner = r->action->runner,
                .rule = r->rule,
                .instance = r->instance ? r->instance->name : NULL,
                .user = r->user,
                .mode = r->mode,
                .params = params,
                .context = context,
                .created_ms = clock_real_ms(),
                .status = claimed ? STORE_RUNNING : status,
                .timeout_ms = r->is_timed ? r->timeout_ms : 0,
                .note = held_note,
                .on_lost = r->action->is_idempotent || r->action->is_readonly ||
                                           r->runner->is_idempotent
                                   ? "retry" : "ask",
        };

        if (id_is_zero(&r->event) && id_is_zero(&r->parent))
                record.trace = json_text_of(json_object_get(r->context, "trace_context"),
                                            "trace_tag", NULL);
        record.run_at_ms = delay_ms > 0 ? record.created_ms + delay_ms : 0;
        store_txn_execution(intake->txn, &record, claimed);
        intake->executions++;
        if (claimed) {
                r->claim.epoch = store_epoch(intake->hub->o.store);
                r->claim.attempt = 1;
                list_append(&intake->claimed, &r->link);
                return;
        }
        intake->queued += status == STORE_REQUESTED;
        intake->delayed += status == STORE_DELAYED;
        if (bus_is_heard(&intake->hub->bus)) {
                char text[ID_TEXT_SIZE];

                if (!intake->created)
                        intake->created = json_object();
                json_object_set_new(intake->created, id_text(&r->claim.id, text),
                                    json_string(r->action_ref));
        }
        running_unref(r);
}

static void tell_created(struct hub *hub, const struct id *id, const char *action,
                         enum store_status status)
{
        struct hub_notice notice = { .topic = HUB_EXECUTION_CREATED, .id = *id, .action = action,
                .status = status, .at_ms = clock_real_ms(), .seq = store_seq(hub->o.store) };

        hub_announce(hub, &notice);
}

static void tell_waiting(struct intake *intake)
{
        const char *key;
        json_t *action;

        json_object_foreach(intake->created, key, action) {
                struct id id;

                if (id_parse(key, &id))
                        tell_created(intake->hub, &id, json_string_value(action), STORE_REQUESTED);
        }
        json_decref(intake->created);
        intake->created = NULL;
}

void intake_committed(struct intake *intake, enum store_outcome outcome)
{
        struct hub *hub = intake->hub;

        list_each_safe(pos, &intake->claimed) {
                struct running *r = list_entry(pos, struct running, link);

                list_unlink(&r->link);
                if (outcome == STORE_DONE) {
                        tell_created(hub, &r->claim.id, r->action_ref, STORE_RUNNING);
                        running_start(r);
                } else {
                        running_unref(r);
                        dispatch_release(hub);
                }
        }
        if (outcome == STORE_DONE) {
                atomic_fetch_add(&hub->figures.executions, intake->executions);
                tell_waiting(intake);
                if (intake->queued)
                        dispatch_wake(hub);
                if (intake->delayed)
                        dispatch_rearm(hub);
        }
        json_decref(intake->created);
        intake->created = NULL;
}

/* ---- events and their rules ---- */

struct matching {
        struct intake *intake;
        struct catalog *catalog;
        const struct hub_event *event;
        struct id id, root;
        unsigned hits;
        struct expr_world world;        /* what the rules' expressions may call */
};

static void enforce(struct matching *m, const struct rule *rule, const struct id *execution,
                    const struct fault *fault)
{
        struct store_enforcement enforcement = { .id = id_new(),
                                                 .event = m->id,
                                                 .rule = rule_ref(rule),
                                                 .failure = fault ? fault->what : NULL,
                                                 .at_ms = clock_real_ms() };

        if (execution)
                enforcement.execution = *execution;
        store_txn_enforcement(m->intake->txn, &enforcement);
}

static json_t *rule_context(const struct matching *m, const struct rule *rule)
{
        char root[ID_TEXT_SIZE];
        json_t *context = json_pack("{s:{s:s}, s:s}", "rule", "ref", rule_ref(rule), "root_event",
                                    id_text(&m->root, root));

        if (context && m->event->trace)
                json_object_set_new(context, "trace_context",
                                    json_pack("{s:s}", "trace_tag", m->event->trace));
        return context;
}

static int make_execution(struct matching *m, const struct rule *rule, struct fault *fault)
{
        struct hub *hub = m->intake->hub;
        int64_t limit = rule_limit_per_minute(rule);
        _json_ json_t *params = NULL, *context = rule_context(m, rule);
        struct request request = { .action = rule_action(rule),
                                   .mode = "run",
                                   .user = HUB_SYSTEM_USER,
                                   .rule = rule_ref(rule),
                                   .event = m->id,
                                   .root = m->root,
                                   .coerce = true,
                                   .context = context };
        struct running *r = NULL;
        char note[96];
        struct id id;
        int failed = rule_parameters(rule, &m->world, m->event->payload, &params, fault);

        request.params = params;
        if (!failed)
                failed = request_check(hub, m->catalog, &request, &r, fault);
        if (failed)
                return failed;
        id = r->claim.id;
        snprintf(note, sizeof note, "the rule would start more than %lld a minute",
                 (long long)limit);
        intake_execution(m->intake, r, 0, held_admit(hub, rule_ref(rule), limit) ? NULL : note);
        enforce(m, rule, &id, NULL);
        return 0;
}

static int hit(void *arg, const struct rule *rule, const struct fault *unjudged)
{
        struct matching *m = arg;
        _fault_ struct fault fault = FAULT_INIT;
        int failed;

        m->hits++;
        if (unjudged) {
                enforce(m, rule, NULL, unjudged);
                return 0;
        }
        failed = make_execution(m, rule, &fault);
        if (failed) {
                fault_errno(&fault, failed, "make the execution");
                enforce(m, rule, NULL, &fault);
                log_write(LOG_WARNING_, LOG_FIELDS("rule", rule_ref(rule), "code", fault.code),
                          "rule failed to start '%s': %s", rule_action(rule), fault.what);
        }
        return 0;
}

static int event_text(struct hub *hub, const struct hub_event *event, char **ret,
                      struct fault *fault)
{
        _free_ char *text = json_compact(event->payload);
        size_t len = text ? strlen(text) : 0;

        if (!text)
                return fault_errno(fault, -ENOMEM, "event");
        if (len > hub->o.event_max) {
                fault_set(fault, 413, "event.too-big",
                          "an event of %zu bytes is more than the limit of %llu", len,
                          (unsigned long long)hub->o.event_max);
                return fault_try(fault, "send less, or raise limits.event");
        }
        *ret = TAKE(text);
        return 0;
}

static int check_payload(const struct catalog *catalog, const struct hub_event *event,
                         struct fault *fault)
{
        const struct catalog_trigger *trigger = catalog_trigger(catalog, event->trigger);
        int r;

        if (!json_is_object(event->payload))
                return fault_set(fault, 400, "event.not-object",
                                 "an event's payload must be a JSON object");
        if (!trigger || !trigger->payload)
                return 0;
        r = schema_check(trigger->payload, event->payload, fault);
        return r == FAULT ? fault_prefix(fault, "payload of %s", event->trigger) : r;
}

static void add_event(struct intake *intake, const struct hub_event *event, const struct id *id,
                      const char *payload)
{
        struct store_event record = { .id = *id, .trigger = event->trigger,
                .source = event->source ? event->source : "", .trace = event->trace,
                .at_ms = clock_real_ms(), .payload = payload };

        store_txn_event(intake->txn, &record);
}

int intake_event(struct intake *intake, struct catalog *catalog, const struct hub_event *event,
                 const struct id *id, struct fault *fault)
{
        struct matching m = {
                .intake = intake, .catalog = catalog, .event = event, .id = *id, .root = *id,
                .world = hub_world(intake->hub)
        };
        _free_ char *payload = NULL, *key = NULL;
        int r = check_payload(catalog, event, fault);

        if (r == 0)
                r = event_text(intake->hub, event, &payload, fault);
        if (r != 0)
                return r;
        key = trigger_key(event->trigger, event->parameters);
        if (!key)
                return fault_errno(fault, -ENOMEM, "event");
        add_event(intake, event, id, payload);
        rulebook_match(catalog_rules(catalog), key, &m.world, event->payload, hit, &m);
        return 0;
}

void intake_internal(struct intake *intake, struct catalog *catalog, const struct hub_event *event,
                     const struct id *root)
{
        struct matching m = {
                .intake = intake, .catalog = catalog, .event = event, .id = id_new(),
                .world = hub_world(intake->hub)
        };
        _free_ char *text = NULL;

        m.root = id_is_zero(root) ? m.id : *root;
        rulebook_match(catalog_rules(catalog), event->trigger, &m.world, event->payload, hit, &m);
        if (!m.hits)
                return;
        text = json_compact(event->payload);
        if (text)
                add_event(intake, event, &m.id, text);
}

json_t *hub_trigger_parameters(const char *trigger, const char *source, const json_t *payload)
{
        json_t *schedule = json_object_get(payload, "schedule");

        if (text_equal(trigger, "core.st2.webhook") && source &&
            text_starts_with(source, "webhook:"))
                return json_pack("{s:s}", "url", source + strlen("webhook:"));
        if (text_ends_with(trigger, "Timer") && json_is_object(schedule))
                return json_incref(schedule);
        return NULL;
}

/* ---- accepting ---- */

struct accepting_one {
        struct accepting *all;
        struct intake intake;
        struct id id;
};

struct accepting {
        struct hub *hub;
        hub_accept_done *done;
        void *arg;
        size_t n, committed;            /* committed: the writer's thread only */
        struct hub_accepted *accepted;
        struct accepting_one ones[];
};

static void tell_event(struct hub *hub, const struct accepting_one *one, uint64_t seq)
{
        struct hub_notice notice = {
                .topic = HUB_EVENT, .id = one->id, .seq = seq, .at_ms = clock_real_ms()
        };

        hub_announce(hub, &notice);
}

static void accepted_one(void *arg, enum store_outcome outcome, const struct id *first,
                         uint64_t seq)
{
        struct accepting_one *one = arg;
        struct accepting *all = one->all;
        struct hub_accepted *accepted = &all->accepted[one - all->ones];

        *accepted = (struct hub_accepted){ outcome, one->id, one->intake.executions };
        if (outcome == STORE_DONE) {
                atomic_fetch_add(&all->hub->figures.events, 1);
                tell_event(all->hub, one, seq);
        } else if (first && (outcome == STORE_DUPLICATE || outcome == STORE_MISMATCH)) {
                accepted->id = *first;
                atomic_fetch_add(&all->hub->figures.duplicates, 1);
        }
        if (++all->committed < all->n)
                return;
        /* The answer first: nobody who asked should wait for what they caused. */
        all->done(all->arg, all->accepted, all->n);
        for (size_t i = 0; i < all->n; i++)
                intake_committed(&all->ones[i].intake, all->accepted[i].outcome);
        free(all->accepted);
        free(all);
}

static struct accepting *accepting_new(struct hub *hub, size_t n, hub_accept_done *done, void *arg)
{
        struct accepting *all = calloc(1, sizeof *all + n * sizeof *all->ones);

        if (!all)
                return NULL;
        all->accepted = calloc(n, sizeof *all->accepted);
        if (!all->accepted) {
                free(all);
                return NULL;
        }
        all->hub = hub;
        all->n = n;
        all->done = done;
        all->arg = arg;
        return all;
}

static int build_one(struct accepting_one *one, struct catalog *catalog,
                     const struct hub_event *event, struct fault *fault)
{
        intake_init(&one->intake, one->all->hub);
        if (!one->intake.txn)
                return fault_errno(fault, -ENOMEM, "event");
        one->id = id_new();
        if (event->once.key)
                store_txn_once(one->intake.txn, event->once.scope, event->once.key,
                               event->once.hash, &one->id, clock_real_ms() + 86400000);
        return intake_event(&one->intake, catalog, event, &one->id, fault);
}

/* One event of the batch cannot be accepted: none is. What was built so far is given back. */
static void give_back(struct accepting *all, size_t built)
{
        for (size_t i = 0; i < built; i++) {
                store_txn_free(all->ones[i].intake.txn);
                intake_committed(&all->ones[i].intake, STORE_CONFLICT);
        }
        free(all->accepted);
        free(all);
}

static void commit_all(struct accepting *all)
{
        struct store_txn **txns = calloc(all->n, sizeof *txns);
        void **args = calloc(all->n, sizeof *args);

        for (size_t i = 0; txns && args && i < all->n; i++) {
                txns[i] = all->ones[i].intake.txn;
                args[i] = &all->ones[i];
        }
        if (txns && args)
                store_commit_many(all->hub->o.store, txns, all->n, accepted_one, args);
        else
                for (size_t i = 0, n = all->n; i < n; i++)
                        store_commit(all->hub->o.store, all->ones[i].intake.txn, accepted_one,
                                     &all->ones[i]);
        free(txns);
        free(args);
}

int hub_accept(struct hub *hub, const struct hub_event *events, size_t n, hub_accept_done *done,
               void *arg, struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(hub);
        struct accepting *all = accepting_new(hub, n, done, arg);
        int r;

        if (!all)
                return fault_errno(fault, -ENOMEM, "event");
        for (size_t i = 0; i < n; i++) {
                all->ones[i].all = all;
                r = build_one(&all->ones[i], catalog, &events[i], fault);
                if (r == 0)
                        continue;
                if (n > 1)
                        fault_prefix(fault, "event %zu of %zu", i + 1, n);
                give_back(all, i + 1);
                return r;
        }
        if (n == 1)
                store_commit(hub->o.store, all->ones[0].intake.txn, accepted_one, &all->ones[0]);
        else
                commit_all(all);
        return 0;
}
