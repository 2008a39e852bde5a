/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a rule would do, without doing it: with one event, criterion by criterion, or with all that
 * happened since a moment (replay), so that a rule can be judged by last month before it is let
 * loose on the next one.
 */
#include "content/room.h"

#include "flow/rulebook.h"

#include <errno.h>
#include <string.h>

#define REPLAY_PAGE 500
#define REPLAY_EVENTS_MAX 1000000
#define REPLAY_SHOWN_MAX 10000

CLEANUP_DEFINE(struct rule *, rule_free);

/* By its ref, or by the definition that was given; given is then to be freed. */
static int choose(const struct catalog *catalog, const char *ref, const json_t *definition,
                  struct rule **given, const struct rule **ret, struct fault *fault)
{
        int r = ref ? 0 : rule_compile(definition, given, fault);

        *ret = ref ? rulebook_find(catalog_rules(catalog), ref) : *given;
        if (r)
                return fault_errno(fault, r, "rule");
        if (!*ret)
                return fault_set(fault, 404, "rule.unknown", "there is no rule '%s'", ref);
        return 0;
}

int content_rule_test(struct content *content, const char *ref, const json_t *definition,
                      const json_t *payload, json_t **ret, struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(content->hub);
        _cleanup_(rule_freep) struct rule *given = NULL;
        _fault_ struct fault unrendered = FAULT_INIT;
        const struct expr_world world = hub_world(content->hub);
        const struct rule *rule;
        json_t *criteria, *params = NULL;
        bool matched = false;
        int r = choose(catalog, ref, definition, &given, &rule, fault);

        if (r)
                return r;
        criteria = rule_explain(rule, &world, payload, &matched);
        if (matched && rule_parameters(rule, &world, payload, &params, &unrendered) != 0)
                params = json_pack("{s:s*}", "error", unrendered.what);
        *ret = json_pack("{s:s, s:b, s:b, s:s, s:o, s:o?}", "rule", rule_ref(rule), "matched",
                         matched, "enabled", rule_is_enabled(rule), "action", rule_action(rule),
                         "criteria", criteria, "parameters", params);
        return 0;
}

/* ---- replay ---- */

struct replay {
        const struct rule *rule;
        struct expr_world world;
        const char *key;                /* of the trigger that the rule listens to */
        json_t *executions;
        uint64_t looked_at, matched, failed, last_seq;
        size_t shown_max, in_page;
};

static bool is_heard_by(const struct replay *replay, const struct store_event *event,
                        const json_t *payload)
{
        _json_ json_t *parameters =
                hub_trigger_parameters(event->trigger, event->source, payload);
        _free_ char *key = trigger_key(event->trigger, parameters);

        return key && text_equal(key, replay->key);
}

static void show(struct replay *replay, const struct store_event *event, const json_t *payload)
{
        char id[ID_TEXT_SIZE], when[CLOCK_TEXT_SIZE];
        _fault_ struct fault fault = FAULT_INIT;
        json_t *params = NULL, *row;
        int r = rule_parameters(replay->rule, &replay->world, payload, &params, &fault);

        replay->failed += r != 0;
        if (json_array_size(replay->executions) >= replay->shown_max) {
                json_decref(params);
                return;
        }
        row = json_pack("{s:s, s:s, s:s, s:o?}", "event", id_text(&event->id, id), "occurred_at",
                        clock_text(event->at_ms, when), "action", rule_action(replay->rule),
                        "parameters", params);
        if (r)
                json_object_set_new(row, "error", json_string(fault.what ? fault.what : ""));
        json_array_append_new(replay->executions, row);
}

static int replay_event(void *arg, const struct store_event *event)
{
        struct replay *replay = arg;
        _json_ json_t *payload = json_stored(event->payload);
        _fault_ struct fault unjudged = FAULT_INIT;
        bool matched = false;

        replay->in_page++;
        replay->looked_at++;
        replay->last_seq = event->seq;
        if (!payload || !is_heard_by(replay, event, payload))
                return 0;
        if (rule_matches(replay->rule, &replay->world, payload, &matched, &unjudged) != 0) {
                replay->failed++;
                return 0;
        }
        if (!matched)
                return 0;
        replay->matched++;
        show(replay, event, payload);
        return 0;
}

static int walk_events(struct content *content, struct replay *replay, int64_t since_ms,
                       struct fault *fault)
{
        const json_t *trigger = json_object_get(rule_definition(replay->rule), "trigger");
        struct store_page page = { .limit = REPLAY_PAGE, .ascending = true, .since_ms = since_ms };
        int r;

        do {
                replay->in_page = 0;
                r = store_list_events(content->o.store, json_text_of(trigger, "type", ""), &page,
                                      replay_event, replay, NULL, fault);
                page.after_seq = replay->last_seq;
        } while (r == 0 && replay->in_page == REPLAY_PAGE &&
                 replay->looked_at < REPLAY_EVENTS_MAX);
        return r;
}

int content_rule_replay(struct content *content, const char *ref, const json_t *definition,
                        int64_t since_ms, size_t limit, json_t **ret, struct fault *fault)
{
        _cleanup_(catalog_unrefp) struct catalog *catalog = hub_catalog(content->hub);
        _cleanup_(rule_freep) struct rule *given = NULL;
        struct replay replay = { .world = hub_world(content->hub),
                                 .shown_max = limit < REPLAY_SHOWN_MAX ? limit
                                 : REPLAY_SHOWN_MAX };
        char since[CLOCK_TEXT_SIZE];
        int r = choose(catalog, ref, definition, &given, &replay.rule, fault);

        if (r)
                return r;
        replay.key = rule_trigger_key(replay.rule);
        replay.executions = json_array();
        r = walk_events(content, &replay, since_ms, fault);
        if (r) {
                json_decref(replay.executions);
                return fault_errno(fault, r, "replay");
        }
        *ret = json_pack("{s:s, s:s, s:I, s:I, s:I, s:b, s:o}", "rule", rule_ref(replay.rule),
                         "since", clock_text(since_ms, since), "events",
                         (json_int_t)replay.looked_at, "matched", (json_int_t)replay.matched,
                         "failed", (json_int_t)replay.failed, "truncated",
                         replay.matched > json_array_size(replay.executions) ||
                                 replay.looked_at >= REPLAY_EVENTS_MAX,
                         "executions", replay.executions);
        return 0;
}
