/* SPDX-License-Identifier: Apache-2.0 */

#include "workflow/delta.h"

#include "base/cleanup.h"
#include "base/json.h"

#include <stdlib.h>

#define SMALL 512               /* bytes, about: below it a value is written as it is */

/* A record that could not be made or kept makes take_delta say so: the list then ends in null. */
void delta_add(struct conductor *c, json_t *record)
{
        if (c->is_restoring) {
                json_decref(record);
                return;
        }
        if (!c->delta)
                c->delta = json_array();
        json_array_append_new(c->delta, record ? record : json_null());
}

/* What is left of room after value; 0: it is not small. */
static size_t left_after(const json_t *value, size_t room)
{
        size_t cost = json_is_string(value) ? json_string_length(value) + 8 : 8, i;
        const char *name;
        json_t *member;

        if (cost >= room)
                return 0;
        room -= cost;
        json_array_foreach(value, i, member)
                if (!(room = left_after(member, room)))
                        return 0;
        json_object_foreach((json_t *)value, name, member)
                if (!(room = left_after(member, room)))
                        return 0;
        return room;
}

/* Is part the very same value as whole, or in it? Then its path, else NULL. */
static json_t *path_to(const json_t *whole, const json_t *part)
{
        const char *name;
        json_t *member, *path = NULL, *step = NULL;
        size_t i;

        if (whole == part)
                return json_array();
        json_array_foreach(whole, i, member)
                if (!path && (path = path_to(member, part)))
                        step = json_integer((json_int_t)i);
        json_object_foreach((json_t *)whole, name, member)
                if (!path && (path = path_to(member, part)))
                        step = json_string(name);
        if (path)
                json_array_insert_new(path, 0, step);
        return path;
}

static json_t *in_items(const struct scope *scope, const json_t *value)
{
        json_t *refs, *member;
        size_t i;

        if (scope->loaded != value) {
                json_array_foreach(scope->loaded, i, member) {
                        json_t *path = path_to(member, value);
                        json_t *ref = scope->items->item[i].outcome.reference;

                        if (path && ref)
                                return json_pack("{s:O, s:o}", "ref", ref, "at", path);
                        json_decref(path);
                }
                return NULL;
        }
        refs = json_array();
        for (i = 0; i < scope->items->count; i++) {
                if (!scope->items->item[i].outcome.reference) {
                        json_decref(refs);
                        return NULL;
                }
                json_array_append(refs, scope->items->item[i].outcome.reference);
        }
        return json_pack("{s:o}", "refs", refs);
}

static json_t *in_result(const struct scope *scope, const json_t *value)
{
        json_t *path;

        if (!scope->loaded)
                return NULL;
        if (scope->items)
                return in_items(scope, value);
        if (!scope->result || !scope->result->reference)
                return NULL;
        path = path_to(scope->loaded, value);
        return path ? json_pack("{s:O, s:o}", "ref", scope->result->reference, "at", path) : NULL;
}

static json_t *in_context(const struct scope *scope, const json_t *value)
{
        _json_ json_t *all = scope->vars ? context_all(&scope->c->contexts, scope->vars) : NULL;
        json_t *path = all ? path_to(all, value) : NULL;

        return path ? json_pack("{s:i, s:o}", "ctx", (int)scope->vars->id, "at", path) : NULL;
}

json_t *delta_variable(const struct scope *scope, const char *name, json_t *value)
{
        json_t *record = NULL;

        if (!value)
                return json_pack("[s]", name);
        if (!left_after(value, SMALL)) {
                record = in_result(scope, value);
                if (!record)
                        record = in_context(scope, value);
        }
        return json_pack("[s, o]", name, record ? record : json_pack("{s:O}", "is", value));
}

static json_t *given(const struct conductor *c, json_t *value)
{
        json_t *path = left_after(value, SMALL) ? NULL : path_to(c->input, value);

        if (path)
                return json_pack("{s:s, s:o}", "of", "input", "at", path);
        path = left_after(value, SMALL) ? NULL : path_to(c->context, value);
        if (path)
                return json_pack("{s:s, s:o}", "of", "context", "at", path);
        return json_pack("{s:O}", "is", value);
}

void delta_root(struct conductor *c)
{
        json_t *set = json_array(), *value;
        const char *name;

        json_object_foreach(c->contexts.root, name, value)
                json_array_append_new(set, json_pack("[s, o]", name, given(c, value)));
        delta_add(c, json_pack("{s:o}", "root", set));
}

void delta_context(struct conductor *c, const struct context *made, const struct context *on,
                   const struct context *with, json_t *set)
{
        if (with)
                delta_add(c, json_pack("{s:i, s:i, s:i}", "ctx", (int)made->id, "on", (int)on->id,
                                       "with", (int)with->id));
        else
                delta_add(c, json_pack("{s:i, s:i, s:O}", "ctx", (int)made->id, "on", (int)on->id,
                                       "set", set));
}

static json_t *delta_outcome(const struct outcome *outcome)
{
        if (outcome->is_unknown)
                return json_object();
        if (outcome->reference)
                return json_pack("{s:O}", "ref", outcome->reference);
        return outcome->value ? json_pack("{s:O}", "is", outcome->value) : json_null();
}

static json_t *back_record(const struct back *back)
{
        json_t *record = json_array();

        for (size_t i = 0; i < back->count; i++)
                json_array_append_new(record, json_pack("[s, s, i]", back->list[i].edge->backref,
                                                        back->list[i].edge->name,
                                                        (int)back->list[i].entry));
        return record;
}

static void entry_record(struct conductor *c, struct entry *entry)
{
        json_t *next = json_object();
        json_t *record = json_pack("{s:i, s:s, s:i, s:i, s:s, s:o}", "task", (int)entry->index,
                                   "id", entry->node->name, "route", (int)entry->route, "ctx",
                                   (int)entry->in->id, "status", status_name(entry->status),
                                   "prev", back_record(&entry->prev));

        for (size_t i = 0; i < entry->node->out_count; i++)
                if (entry->next[i] != TAKEN_NOT_SAID)
                        json_object_set_new(next, entry->node->out[i].name,
                                            json_boolean(entry->next[i] == TAKEN_YES));
        json_object_set_new(record, "next", next);
        if (entry->is_terminal)
                json_object_set_new(record, "end", json_true());
        if (entry->has_retry)
                json_object_set_new(record, "retry",
                                    json_pack("[I, I, i]", entry->retry_count, entry->retry_delay,
                                              (int)entry->tally));
        entry->is_dirty = false;
        delta_add(c, record);
}

static void items_record(struct conductor *c, struct staged *staged)
{
        struct items *items = staged->items;
        json_t *set = json_array();

        for (size_t i = 0; i < items->dirty_count; i++) {
                struct item *item = &items->item[items->dirty[i]];

                json_array_append_new(set, json_pack("[I, s, o]", (json_int_t)items->dirty[i],
                                                     status_name((enum status)item->status),
                                                     delta_outcome(&item->outcome)));
                item->is_dirty = false;
        }
        items->dirty_count = 0;
        if (json_array_size(set))
                delta_add(c, json_pack("{s:i, s:o}", "items", (int)staged->serial, "set", set));
        else
                json_decref(set);
}

static json_t *items_list(struct conductor *c, const struct staged *staged)
{
        const struct scope scope = { .c = c, .vars = staged->in, .node = staged->node };
        json_t *pair = delta_variable(&scope, "", staged->items->list);
        json_t *value = json_incref(json_array_get(pair, 1));

        json_decref(pair);
        return value;
}

static void staged_record(struct conductor *c, struct staged *staged)
{
        json_t *record;

        staged->is_dirty = false;
        if (staged->is_gone) {
                delta_add(c, json_pack("{s:i, s:b}", "staged", (int)staged->serial, "gone", 1));
                return;
        }
        record = json_pack("{s:i, s:s, s:i, s:i, s:o, s:b, s:b, s:b}", "staged",
                           (int)staged->serial, "id", staged->node->name, "route",
                           (int)staged->route, "ctx", (int)staged->in->id, "prev",
                           back_record(&staged->prev), "ready", staged->is_ready, "completed",
                           staged->is_completed, "on_fail", staged->runs_on_fail);
        if (staged->is_retry)
                json_object_set_new(record, "delay", json_integer(staged->retry_delay));
        if (staged->items)
                json_object_set_new(record, "items", staged->items->is_written ? json_true() :
                                    items_list(c, staged));
        delta_add(c, record);
        if (staged->items) {
                staged->items->is_written = true;
                items_record(c, staged);
        }
}

json_t *conductor_take_delta(struct conductor *c)
{
        json_t *delta;

        for (size_t i = 0; i < c->dirty_entry_count; i++)
                entry_record(c, c->dirty_entries[i]);
        for (size_t i = 0; i < c->dirty_staged_count; i++)
                staged_record(c, c->dirty_staged[i]);
        c->dirty_entry_count = c->dirty_staged_count = 0;
        delta = c->delta;
        c->delta = NULL;
        return delta;
}
