/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Timers: one entry for each trigger key of a timer type that an enabled rule listens to. A slot
 * fires as an ordinary event that is accepted once under (key, slot), so neither a restart in the
 * same second nor a second hub fires it twice. Slots that pass while no hub runs are not made up
 * for.
 *
 * The list belongs to the loop's thread; the lock is for those who only want to show it.
 */
#include "hub/room.h"

#include "flow/rulebook.h"
#include "flow/schedule.h"

#include <stdio.h>
#include <string.h>

struct timer {
        struct list link;
        char *key, *type;
        json_t *parameters;
        struct schedule *schedule;
        int64_t next_ms;
        bool is_wanted;
};

static const char *const timer_types[] = { "core.st2.IntervalTimer", "core.st2.CronTimer",
                                           "core.st2.DateTimer" };

static void timer_free(struct timer *timer)
{
        list_unlink(&timer->link);
        free(timer->key);
        free(timer->type);
        json_decref(timer->parameters);
        schedule_free(timer->schedule);
        free(timer);
}

static void fired(void *arg, const struct hub_accepted *accepted, size_t n)
{
        (void)n;
        if (accepted->outcome != STORE_DONE && accepted->outcome != STORE_DUPLICATE)
                log_warning("timer '%s' fired, but its event was not recorded, ignoring",
                            (const char *)arg);
        free(arg);
}

static void fire(struct hub *hub, struct timer *timer)
{
        char when[CLOCK_TEXT_SIZE], once[256];
        _json_ json_t *payload =
                json_pack("{s:s, s:O}", "executed_at", clock_text(timer->next_ms, when), "schedule",
                          timer->parameters);
        struct hub_event event = { .trigger = timer->type,
                                   .parameters = timer->parameters,
                                   .payload = payload,
                                   .source = "timer",
                                   .once = { "timer", once, NULL } };
        _fault_ struct fault fault = FAULT_INIT;
        char *name = strdup(timer->key);

        snprintf(once, sizeof once, "%.200s@%lld", timer->key, (long long)timer->next_ms);
        if (!payload || hub_accept(hub, &event, 1, fired, name, &fault) != 0) {
                log_warning("timer '%s': %s, ignoring", timer->key,
                            fault.what ? fault.what : "out of memory");
                free(name);
        }
}

static void arm(struct hub *hub)
{
        int64_t first = INT64_MAX, now = clock_real_ms();

        list_each(pos, &hub->timers.timers) {
                struct timer *timer = list_entry(pos, struct timer, link);

                if (timer->next_ms < first)
                        first = timer->next_ms;
        }
        if (first == INT64_MAX) {
                loop_timer_unset(hub->timers.next);
                return;
        }
        /* The wall clock may be set; look at it at least once a minute. */
        loop_timer_set(hub->timers.next, clock_mono_ms() + (first <= now          ? 0
                                                            : first - now < 60000 ? first - now
                                                                                  : 60000));
}

static void beat(void *arg)
{
        struct hub *hub = arg;
        int64_t now = clock_real_ms();

        pthread_mutex_lock(&hub->timers.lock);
        list_each(pos, &hub->timers.timers) {
                struct timer *timer = list_entry(pos, struct timer, link);

                if (timer->next_ms > now)
                        continue;
                fire(hub, timer);
                timer->next_ms = schedule_next(timer->schedule, 0, now);
        }
        arm(hub);
        pthread_mutex_unlock(&hub->timers.lock);
}

/* ---- which timers there are ---- */

static struct timer *find(struct timers *timers, const char *key)
{
        list_each(pos, &timers->timers) {
                struct timer *timer = list_entry(pos, struct timer, link);

                if (strcmp(timer->key, key) == 0)
                        return timer;
        }
        return NULL;
}

static void add(struct hub *hub, const struct rule *rule, const char *type,
                const json_t *parameters)
{
        _fault_ struct fault fault = FAULT_INIT;
        struct timer *timer = calloc(1, sizeof *timer);

        if (!timer)
                return;
        list_init(&timer->link);
        timer->key = strdup(rule_trigger_key(rule));
        timer->type = strdup(type);
        timer->parameters = json_incref((json_t *)parameters);
        timer->is_wanted = true;
        if (schedule_compile(type, parameters, &timer->schedule, &fault) != 0) {
                log_warning("rule '%s': %s, ignoring its timer", rule_ref(rule),
                            fault.what ? fault.what : "no schedule");
                timer_free(timer);
                return;
        }
        timer->next_ms = schedule_next(timer->schedule, 0, clock_real_ms());
        list_append(&hub->timers.timers, &timer->link);
}

static int want(void *arg, const struct rule *rule)
{
        struct hub *hub = arg;
        const json_t *trigger = json_object_get(rule_definition(rule), "trigger");
        const char *type = json_text_of(trigger, "type", "");
        struct timer *timer;

        for (size_t i = 0; rule_is_enabled(rule) && i < sizeof timer_types / sizeof *timer_types;
             i++) {
                if (strcmp(type, timer_types[i]) != 0)
                        continue;
                timer = find(&hub->timers, rule_trigger_key(rule));
                if (timer)
                        timer->is_wanted = true;
                else
                        add(hub, rule, type, json_object_get(trigger, "parameters"));
        }
        return 0;
}

static void sync_on_loop(void *arg)
{
        struct hub *hub = arg;
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(hub);

        pthread_mutex_lock(&hub->timers.lock);
        list_each(pos, &hub->timers.timers)
                list_entry(pos, struct timer, link)->is_wanted = false;
        rulebook_each(catalog_rules(catalog), want, hub);
        list_each_safe(pos, &hub->timers.timers) {
                struct timer *timer = list_entry(pos, struct timer, link);

                if (!timer->is_wanted)
                        timer_free(timer);
        }
        arm(hub);
        pthread_mutex_unlock(&hub->timers.lock);
}

void timers_sync(struct hub *hub)
{
        loop_post(hub->o.loop, sync_on_loop, hub);
}

int timers_init(struct hub *hub)
{
        list_init(&hub->timers.timers);
        pthread_mutex_init(&hub->timers.lock, NULL);
        return loop_timer_new(hub->o.loop, beat, hub, &hub->timers.next);
}

void timers_deinit(struct hub *hub)
{
        hub->timers.next = loop_timer_free(hub->timers.next);
        list_each_safe(pos, &hub->timers.timers)
                timer_free(list_entry(pos, struct timer, link));
        pthread_mutex_destroy(&hub->timers.lock);
}

json_t *hub_timers(struct hub *hub)
{
        json_t *list = json_array();
        char when[CLOCK_TEXT_SIZE];

        pthread_mutex_lock(&hub->timers.lock);
        list_each(pos, &hub->timers.timers) {
                struct timer *timer = list_entry(pos, struct timer, link);

                json_array_append_new(list,
                                      json_pack("{s:s, s:s, s:s, s:O?, s:s?}", "id", timer->key,
                                                "ref", timer->key, "type", timer->type,
                                                "parameters", timer->parameters, "next",
                                                timer->next_ms == INT64_MAX
                                                        ? NULL
                                                        : clock_text(timer->next_ms, when)));
        }
        pthread_mutex_unlock(&hub->timers.lock);
        return list;
}
