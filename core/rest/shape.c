/* SPDX-License-Identifier: Apache-2.0 */
#include "rest/shape.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

const char *shape_id(const char *kind, const char *ref, char text[ID_TEXT_SIZE])
{
        uint8_t hash[HASH_SIZE];
        struct id id;
        char name[512];
        int n = snprintf(name, sizeof name, "%s:%s", kind, ref);

        hash_bytes(name, (size_t)n < sizeof name ? (size_t)n : sizeof name - 1, hash);
        memcpy(id.b, hash, sizeof id.b);
        return id_text(&id, text);
}

bool shape_is(const char *kind, const char *ref, const char *ref_or_id)
{
        char text[ID_TEXT_SIZE];
        struct id id;

        if (strcmp(ref, ref_or_id) == 0)
                return true;
        return id_parse(ref_or_id, &id) && strcasecmp(shape_id(kind, ref, text), ref_or_id) == 0;
}

json_t *shape_time(int64_t ms)
{
        char text[CLOCK_TEXT_SIZE];

        return ms ? json_string(clock_text(ms, text)) : json_null();
}

json_t *shape_ref(const struct id *id)
{
        char text[ID_TEXT_SIZE];

        return id_is_zero(id) ? json_null() : json_string(id_text(id, text));
}

/* JSON text of the store as a value; what does not parse (it never should) is shown as text. */
static json_t *value_of(const char *text)
{
        json_t *value = json_stored(text);

        return value ? value : text ? json_string(text) : json_null();
}

static json_t *masked(const struct schema *schema, bool show, json_t *value)
{
        json_t *copy;

        if (show || !schema || !json_is_object(value))
                return value;
        copy = schema_mask(schema, value);
        json_decref(value);
        return copy ? copy : json_object();
}

/* ---- executions ---- */

static json_t *action_part(const struct catalog_action *action, const struct store_execution *e)
{
        const char *dot = strchr(e->action, '.');
        char id[ID_TEXT_SIZE];
        json_t *part;

        if (action) {
                part = json_pack("{s:s, s:s, s:s, s:s, s:b}", "ref", action->ref, "name",
                                 action->name,
                                 "pack", action->pack, "runner_type", e->runner ? e->runner
                                 : action->runner,
                                 "enabled", action->is_enabled);
                json_set_text(part, "description", action->summary);
                json_object_set(part, "parameters",
                                json_object_get(action->metadata, "parameters"));
        } else {
                part = json_pack("{s:s, s:s, s:s%}", "ref", e->action, "name", dot ? dot + 1
                                 : e->action,
                                 "pack", e->action, dot ? (size_t)(dot - e->action)
                                 : strlen(e->action));
                json_set_text(part, "runner_type", e->runner);
        }
        json_set_text(part, "id", shape_id("action", e->action, id));
        json_object_set_new(part, "uid", json_sprintf("action:%s:%s",
                                                      json_text_of(part, "pack", ""),
                                                      json_text_of(part, "name", "")));
        return part;
}

static void log_add(json_t *log, const char *status, int64_t at_ms)
{
        if (at_ms)
                json_array_append_new(log, json_pack("{s:s, s:o}", "status", status, "timestamp",
                                                     shape_time(at_ms)));
}

/* What was paused and goes on is resuming first, which the store has no status for. */
static void log_move(json_t *log, enum store_status before, enum store_status status, int64_t at_ms)
{
        bool goes_on = status == STORE_WAITING || status == STORE_RUNNING;

        if (goes_on && (before == STORE_PAUSED || before == STORE_PAUSING))
                log_add(log, "resuming", at_ms);
        log_add(log, store_status_text(status), at_ms);
}

/*
 * Before which of its moves the last claim began, which the record tells and no move does: after the
 * last that waited for one. Moves count the claims that ended on the way. -1: all did, or none did
 * anything.
 */
static ptrdiff_t claim_position(const struct store_execution *e, const json_t *moves)
{
        ptrdiff_t position = 0;
        uint32_t told = 0;
        const json_t *move;
        size_t i;

        json_array_foreach(moves, i, move) {
                json_int_t status = json_integer_value(json_array_get(move, 0));

                told += status == STORE_RUNNING;
                if (status < STORE_RUNNING || status == STORE_PENDING)
                        position = (ptrdiff_t)i + 1;
        }
        return e->started_ms && e->attempt > told ? position : -1;
}

/* The statuses that it had, in order, as StackStorm's log has them. */
static json_t *log_part(const struct store_execution *e)
{
        _json_ json_t *moves = json_stored(e->moves);
        ptrdiff_t n = (ptrdiff_t)json_array_size(moves), claim = claim_position(e, moves);
        enum store_status status = STORE_REQUESTED;
        json_t *log = json_array();

        log_add(log, "requested", e->created_ms);
        for (ptrdiff_t i = 0; i <= n; i++) {
                const json_t *move = json_array_get(moves, (size_t)i);
                enum store_status before = status;

                if (i == claim)
                        log_add(log, "running", e->started_ms);
                if (!move)
                        continue;
                status = (enum store_status)json_integer_value(json_array_get(move, 0));
                log_move(log, before, status, json_integer_value(json_array_get(move, 1)));
        }
        if (store_status_is_final(e->status))
                log_add(log, store_status_text(e->status), e->ended_ms);
        return log;
}

static json_t *context_part(const struct store_execution *e)
{
        json_t *context = value_of(e->context);

        if (!json_is_object(context)) {
                json_decref(context);
                context = json_object();
        }
        json_set_text(context, "user", e->user);
        if (!json_object_get(context, "pack"))
                json_object_set_new(context, "pack",
                                    json_stringn(e->action, strcspn(e->action, ".")));
        return context;
}

static void result_part(const struct shape *shape, const struct catalog_action *action,
                        const struct store_execution *e, json_t *out)
{
        bool fits = !shape->result_max || e->result_size <= shape->result_max;

        json_object_set_new(out, "result_size", json_integer((json_int_t)e->result_size));
        if (!shape->with_result)
                return;
        json_object_set_new(out, "result", e->result && fits
                            ? masked(action ? action->returns : NULL, shape->show_secrets,
                                     value_of(e->result))
                            : json_null());
}

static void origin_part(const struct shape *shape, const struct store_execution *e, json_t *out)
{
        char id[ID_TEXT_SIZE];

        (void)shape;
        if (!id_is_zero(&e->parent))
                json_object_set_new(out, "parent", shape_ref(&e->parent));
        if (e->rule)
                json_object_set_new(out, "rule", json_pack("{s:s, s:s, s:s}", "ref", e->rule,
                                                           "name",
                                    strchr(e->rule, '.') ? strchr(e->rule, '.') + 1 : e->rule, "id",
                                    shape_id("rule", e->rule, id)));
        if (!id_is_zero(&e->event)) {
                json_object_set_new(out, "trigger_instance",
                                    json_pack("{s:o}", "id", shape_ref(&e->event)));
                json_object_set_new(out, "event", shape_ref(&e->event));
        }
        if (!id_is_zero(&e->plan))
                json_object_set_new(out, strcmp(e->mode, "undo") == 0 ? "undoes" : "plan",
                                    shape_ref(&e->plan));
}

static void times_part(const struct store_execution *e, json_t *out)
{
        int64_t start = e->started_ms ? e->started_ms : e->created_ms;

        json_object_set_new(out, "start_timestamp", shape_time(start));
        json_object_set_new(out, "end_timestamp", shape_time(e->ended_ms));
        if (e->ended_ms)
                json_object_set_new(out, "elapsed_seconds",
                                    json_real((double)(e->ended_ms - start) / 1000.0));
        json_object_set_new(out, "created_at", shape_time(e->created_ms));
        if (e->run_at_ms > e->created_ms)
                json_object_set_new(out, "delay", json_integer(e->run_at_ms - e->created_ms));
}

json_t *shape_execution(const struct shape *shape, const struct store_execution *e)
{
        const struct catalog_action *action = shape->catalog
                ? catalog_action(shape->catalog, e->action) : NULL;
        json_t *out = json_object();

        json_object_set_new(out, "id", shape_ref(&e->id));
        json_object_set_new(out, "status", json_string(store_status_text(e->status)));
        json_object_set_new(out, "action", action_part(action, e));
        json_object_set_new(out, "runner", json_pack("{s:s*}", "name", e->runner));
        json_object_set_new(out, "liveaction", json_pack("{s:o, s:s}", "id", shape_ref(&e->id),
                                                         "action", e->action));
        json_object_set_new(out, "parameters",
                            masked(action ? action->params : NULL, shape->show_secrets,
                                   value_of(e->params)));
        json_object_set_new(out, "context", context_part(e));
        json_object_set_new(out, "log", log_part(e));
        json_object_set_new(out, "children", json_array());
        json_set_text(out, "mode", e->mode);
        json_set_text(out, "instance", e->instance);
        json_object_set_new(out, "attempt", json_integer(e->attempt));
        json_set_text(out, "note", e->note);
        json_object_set_new(out, "seq", json_integer((json_int_t)e->seq));
        times_part(e, out);
        origin_part(shape, e, out);
        result_part(shape, action, e, out);
        return out;
}

/* ---- events, enforcements, changes, keys ---- */

json_t *shape_event(const struct store_event *event)
{
        json_t *out = json_object();

        json_object_set_new(out, "id", shape_ref(&event->id));
        json_set_text(out, "trigger", event->trigger);
        json_object_set_new(out, "occurrence_time", shape_time(event->at_ms));
        json_object_set_new(out, "payload", value_of(event->payload));
        json_set_text(out, "status", "processed");
        json_set_text(out, "source", event->source);
        json_set_text(out, "trace", event->trace);
        json_object_set_new(out, "seq", json_integer((json_int_t)event->seq));
        return out;
}

json_t *shape_enforcement(const struct store_enforcement *e)
{
        char id[ID_TEXT_SIZE];
        const char *dot = strchr(e->rule, '.');
        json_t *out = json_object(), *rule;

        rule = json_pack("{s:s, s:s}", "ref", e->rule, "id", shape_id("rule", e->rule, id));
        json_object_set_new(rule, "uid", json_sprintf("rule:%.*s:%s", (int)strcspn(e->rule, "."),
                                                      e->rule,
                                                      dot ? dot + 1 : ""));
        json_object_set_new(out, "id", shape_ref(&e->id));
        json_object_set_new(out, "trigger_instance_id", shape_ref(&e->event));
        json_object_set_new(out, "execution_id", shape_ref(&e->execution));
        json_set_text(out, "failure_reason", e->failure);
        json_object_set_new(out, "rule", rule);
        json_object_set_new(out, "enforced_at", shape_time(e->at_ms));
        json_set_text(out, "status", e->failure ? "failed" : "succeeded");
        json_object_set_new(out, "seq", json_integer((json_int_t)e->seq));
        return out;
}

json_t *shape_change(const struct shape *shape, const struct store_change *c)
{
        char id[ID_TEXT_SIZE];
        json_t *out = json_object();

        (void)shape;
        json_object_set_new(out, "id", json_sprintf("%s-%u-%u", id_text(&c->execution, id),
                                                    c->attempt, c->n));
        json_object_set_new(out, "seq", json_integer((json_int_t)c->seq));
        json_object_set_new(out, "execution", shape_ref(&c->execution));
        json_object_set_new(out, "event", shape_ref(&c->event));
        json_object_set_new(out, "attempt", json_integer(c->attempt));
        json_object_set_new(out, "n", json_integer(c->n));
        json_set_text(out, "state", store_change_state_text(c->state));
        json_set_text(out, "plugin", c->plugin);
        json_set_text(out, "instance", c->instance);
        json_set_text(out, "resource", c->resource);
        json_object_set_new(out, "before", value_of(c->before));
        json_object_set_new(out, "after", value_of(c->after));
        json_object_set_new(out, "observed", value_of(c->observed));
        json_object_set_new(out, "can_undo", json_boolean(c->undo_action));
        json_set_text(out, "undo_action", c->undo_action);
        json_object_set_new(out, "undone_by", shape_ref(&c->undone_by));
        json_set_text(out, "user", c->user);
        json_object_set_new(out, "at", shape_time(c->at_ms));
        json_object_set_new(out, "closed_at", shape_time(c->closed_ms));
        return out;
}

json_t *shape_key(const struct store_key *key, const char *clear)
{
        const char *value = clear ? clear : key->secret ? SHAPE_MASK : key->value;
        json_t *out = json_object();
        char id[ID_TEXT_SIZE];

        json_set_text(out, "id", shape_id("key", key->name, id));
        json_set_text(out, "name", key->name);
        json_set_text(out, "value", value);
        json_set_text(out, "scope", strcmp(key->scope, "user") == 0 ? "st2kv.user"
                      : "st2kv.system");
        if (strcmp(key->scope, "user") == 0)
                json_set_text(out, "user", key->owner);
        json_object_set_new(out, "secret", json_boolean(key->secret));
        json_object_set_new(out, "encrypted", json_boolean(key->secret && !clear));
        json_object_set_new(out, "uid", json_sprintf("key_value_pair:st2kv.%s:%s", key->scope,
                                                     key->name));
        if (key->expires_ms)
                json_object_set_new(out, "expire_timestamp", shape_time(key->expires_ms));
        json_object_set_new(out, "changed_at", shape_time(key->changed_ms));
        return out;
}
