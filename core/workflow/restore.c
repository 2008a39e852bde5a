/* SPDX-License-Identifier: Apache-2.0 */

/*
 * From records to the life again. The records come from a store, so nothing in them is taken on
 * trust: what does not fit what is there already makes the whole damaged, with the record's place.
 */
#include "workflow/delta.h"
#include "workflow/life.h"

#include "base/cleanup.h"
#include "base/json.h"

#include <errno.h>
#include <string.h>

struct restoring {
        struct conductor *c;
        struct map staged;              /* by serial */
        struct map loaded;              /* results, by their reference's text */
        bool forgot;
        struct fault *fault;
};

static int damaged(const struct restoring *r, const char *what)
{
        return fault_set(r->fault, 500, "workflow.damaged", "%s", what);
}

static const json_t *walk(const json_t *value, const json_t *path)
{
        const json_t *step;
        size_t i;

        json_array_foreach(path, i, step)
                value = json_is_integer(step) ?
                        json_array_get(value, (size_t)json_integer_value(step)) :
                        json_object_get(value, json_string_value(step));
        return value;
}

static int load(struct restoring *r, const json_t *reference, const json_t **ret)
{
        _free_ char *key = json_canonical(reference);
        const struct outcome outcome = { NULL, (json_t *)reference, false };
        json_t *value = key ? map_get(&r->loaded, key) : NULL;
        int error;

        if (!value) {
                error = key ? outcome_load(r->c, &outcome, &value, r->fault) : -ENOMEM;
                if (error)
                        return error;
                if (map_put(&r->loaded, key, value, NULL)) {
                        json_decref(value);
                        return -ENOMEM;
                }
        }
        *ret = value;
        return 0;
}

static struct context *context_at(const struct restoring *r, const json_t *record, const char *key)
{
        int64_t id = json_int_of(record, key, -1);

        return id >= 0 && id < r->c->contexts.count ? r->c->contexts.list[id] : NULL;
}

static int referred(struct restoring *r, const json_t *references, json_t **ret)
{
        _json_ json_t *list = json_array();
        const json_t *reference, *value = NULL;
        size_t i;

        json_array_foreach(references, i, reference) {
                int error = load(r, reference, &value);

                if (error)
                        return error;
                json_array_append(list, (json_t *)value);
        }
        *ret = TAKE(list);
        return 0;
}

/* 0 with NULL: not known. */
static int delta_value(struct restoring *r, const json_t *record, json_t **ret)
{
        const json_t *path = json_object_get(record, "at"), *whole = NULL;
        _json_ json_t *all = NULL;
        const char *of = json_text_of(record, "of", NULL);
        struct context *context;
        int error = 0;

        *ret = json_incref(json_object_get(record, "is"));
        if (*ret || !json_object_size(record))
                return 0;
        if (json_object_get(record, "refs"))
                return referred(r, json_object_get(record, "refs"), ret);
        if (json_object_get(record, "ref")) {
                error = load(r, json_object_get(record, "ref"), &whole);
        } else if (of) {
                whole = !strcmp(of, "input") ? r->c->input : r->c->context;
        } else {
                context = context_at(r, record, "ctx");
                all = context ? context_all(&r->c->contexts, context) : NULL;
                whole = all;
        }
        whole = error || !whole ? NULL : walk(whole, path);
        if (error)
                return error;
        if (!whole)
                return damaged(r, "it refers to a value that is not there");
        *ret = json_incref((json_t *)whole);
        return 0;
}

/* [[name, value record]…] to [[name, value]…]. */
static int pairs(struct restoring *r, const json_t *records, json_t **ret)
{
        _json_ json_t *set = json_array();
        const json_t *record;
        size_t i;

        json_array_foreach(records, i, record) {
                const char *name = json_string_value(json_array_get(record, 0));
                json_t *value = NULL;
                int error = json_array_size(record) > 1 ?
                        delta_value(r, json_array_get(record, 1), &value) : 0;

                if (error)
                        return error;
                if (!name)
                        return damaged(r, "a variable has no name");
                json_array_append_new(set, value ? json_pack("[s, o]", name, value) :
                                      json_pack("[s]", name));
        }
        *ret = TAKE(set);
        return 0;
}

static int do_root(struct restoring *r, const json_t *record)
{
        _json_ json_t *set = NULL;
        json_t *root = json_object(), *pair;
        struct context *context;
        unsigned route;
        size_t i;
        int error = pairs(r, json_object_get(record, "root"), &set);

        if (error == 0 && r->c->contexts.count)
                error = damaged(r, "there is a first context already");
        if (error) {
                json_decref(root);
                return error;
        }
        json_array_foreach(set, i, pair)
                json_object_set(root, json_string_value(json_array_get(pair, 0)),
                                json_array_get(pair, 1));
        error = contexts_root(&r->c->contexts, root, &context);
        return error ? error : route_add(r->c, 0, NULL, &route);
}

static int do_context(struct restoring *r, const json_t *record)
{
        struct context *on = context_at(r, record, "on"), *with = context_at(r, record, "with");
        struct context *made;
        _json_ json_t *set = NULL;
        int error;

        if (!on || json_int_of(record, "ctx", -1) != r->c->contexts.count)
                return damaged(r, "a context is missing");
        if (with)
                return contexts_join(&r->c->contexts, on, with, &made);
        error = pairs(r, json_object_get(record, "set"), &set);
        return error ? error : contexts_set(&r->c->contexts, on, set, &made);
}

static const struct edge *edge_of(const struct node *node, const char *name)
{
        for (size_t i = 0; node && name && i < node->out_count; i++)
                if (!strcmp(node->out[i].name, name))
                        return &node->out[i];
        return NULL;
}

static int do_route(struct restoring *r, const json_t *record)
{
        int64_t parent = json_int_of(record, "parent", -1);
        const struct node *node = workflow_node(r->c->workflow, json_text_of(record, "from", ""));
        const struct edge *edge = edge_of(node, json_text_of(record, "edge", NULL));
        unsigned route;

        if (!edge || parent < 0 || (size_t)parent >= r->c->route_count ||
            json_int_of(record, "route", -1) != (int64_t)r->c->route_count)
                return damaged(r, "a route does not fit");
        return route_add(r->c, (unsigned)parent, edge, &route);
}

static int do_back(struct restoring *r, const json_t *record, struct back *back)
{
        const json_t *link;
        size_t i;

        *back = (struct back){ NULL, 0, 0 };
        json_array_foreach(record, i, link) {
                int64_t at = json_integer_value(json_array_get(link, 2));
                const struct edge *edge = at >= 0 && (size_t)at < r->c->entry_count ?
                        edge_of(r->c->entries[at]->node,
                                json_string_value(json_array_get(link, 1))) : NULL;

                if (!edge)
                        return damaged(r, "a task comes from one that is not there");
                if (back_add(r->c, back, edge, (unsigned)at))
                        return -ENOMEM;
        }
        return 0;
}

struct place {
        struct node *node;
        unsigned route;
        struct context *in;
        struct back prev;
};

static int place_of(struct restoring *r, const json_t *record, struct place *ret)
{
        int64_t route = json_int_of(record, "route", -1);

        ret->node = workflow_node(r->c->workflow, json_text_of(record, "id", ""));
        ret->in = context_at(r, record, "ctx");
        ret->route = (unsigned)route;
        if (!ret->node || !ret->in || route < 0 || (size_t)route >= r->c->route_count)
                return damaged(r, "a task is of another definition");
        return do_back(r, json_object_get(record, "prev"), &ret->prev);
}

static void retry_of(struct entry *entry, const json_t *retry)
{
        if (!retry)
                return;
        entry->has_retry = true;
        entry->retry_count = json_integer_value(json_array_get(retry, 0));
        entry->retry_delay = json_integer_value(json_array_get(retry, 1));
        entry->tally = (unsigned)json_integer_value(json_array_get(retry, 2));
}

static int do_task(struct restoring *r, const json_t *record)
{
        int64_t at = json_int_of(record, "task", -1);
        enum status status = status_of(json_text_of(record, "status", ""));
        struct entry *entry;
        struct place place;
        int error = place_of(r, record, &place);

        if (error)
                return error;
        if (status == STATUS_COUNT || at < 0 || (size_t)at > r->c->entry_count)
                return damaged(r, "a task is missing");
        if ((size_t)at == r->c->entry_count &&
            entry_add(r->c, place.node, place.route, place.in, &place.prev, &entry))
                return -ENOMEM;
        entry = r->c->entries[at];
        if (entry->node != place.node || entry->route != place.route)
                return damaged(r, "a task changed its name");
        for (size_t i = 0; i < entry->node->out_count; i++) {
                const json_t *next = json_object_get(json_object_get(record, "next"),
                                                     entry->node->out[i].name);

                entry->next[i] = !next ? TAKEN_NOT_SAID :
                        json_is_true(next) ? TAKEN_YES : TAKEN_NO;
        }
        retry_of(entry, json_object_get(record, "retry"));
        entry->is_terminal = json_bool_of(record, "end", false);
        return entry_become(r->c, entry, status);
}

static void serial_key(char key[24], int64_t serial)
{
        snprintf(key, 24, "%lld", (long long)serial);
}

static int items_read(struct restoring *r, const json_t *record, struct staged *staged)
{
        const json_t *value = json_object_get(record, "items");
        _json_ json_t *list = NULL;
        int error;

        if (json_is_true(value))
                return staged->items ? 0 : damaged(r, "items are missing");
        staged_drop_items(staged);
        if (!value)
                return 0;
        error = delta_value(r, value, &list);
        if (error)
                return error;
        if (!json_is_array(list))
                return damaged(r, "items are not a list");
        staged->items = items_new(list);
        if (!staged->items)
                return -ENOMEM;
        staged->items->is_written = true;
        return 0;
}

static int do_staged(struct restoring *r, const json_t *record)
{
        int64_t serial = json_int_of(record, "staged", -1);
        struct staged *staged;
        struct place place;
        char key[24];
        int error;

        serial_key(key, serial);
        staged = map_get(&r->staged, key);
        if (serial >= r->c->serials)
                r->c->serials = (unsigned)serial + 1;
        if (json_bool_of(record, "gone", false)) {
                map_remove(&r->staged, key);
                if (staged)
                        staged_drop_items(staged);
                return staged_remove(r->c, staged);
        }
        error = place_of(r, record, &place);
        if (error)
                return error;
        if (!staged) {
                unsigned serials = r->c->serials;

                if (staged_find(r->c, place.node, place.route))
                        return damaged(r, "a task is staged twice");
                if (staged_add(r->c, place.node, place.route, place.in, &staged) ||
                    map_put(&r->staged, key, staged, NULL))
                        return -ENOMEM;
                staged->serial = (unsigned)serial;
                r->c->serials = serials;
        }
        if (staged->node != place.node)
                return damaged(r, "a staged task changed its name");
        staged->in = place.in;
        staged->prev = place.prev;
        staged->runs_on_fail = json_bool_of(record, "on_fail", false);
        staged->is_retry = json_object_get(record, "delay") != NULL;
        staged->retry_delay = json_int_of(record, "delay", 0);
        error = staged_set(r->c, staged, json_bool_of(record, "ready", false),
                           json_bool_of(record, "completed", false));
        return error ? error : items_read(r, record, staged);
}

static int do_items(struct restoring *r, const json_t *record)
{
        const json_t *change;
        struct staged *staged;
        char key[24];
        size_t i;

        serial_key(key, json_int_of(record, "items", -1));
        staged = map_get(&r->staged, key);
        if (!staged || !staged->items)
                return damaged(r, "items are of no staged task");
        json_array_foreach(json_object_get(record, "set"), i, change) {
                const json_t *value = json_array_get(change, 2);
                int64_t at = json_integer_value(json_array_get(change, 0));
                const char *name = json_string_value(json_array_get(change, 1));
                enum status status = name ? status_of(name) : STATUS_COUNT;
                struct outcome outcome = { json_incref(json_object_get(value, "is")),
                                           json_incref(json_object_get(value, "ref")),
                                           json_is_object(value) && !json_object_size(value) };

                if (at < 0 || (size_t)at >= staged->items->count || status == STATUS_COUNT) {
                        outcome_deinit(&outcome);
                        return damaged(r, "an item is not there");
                }
                if (items_set(staged->items, (size_t)at, status, outcome))
                        return -ENOMEM;
                staged->items->item[at].is_dirty = false;
                staged->items->dirty_count = 0;
        }
        return 0;
}

static int do_status(struct restoring *r, const json_t *record)
{
        enum status status = status_of(json_text_of(record, "status", ""));

        if (status == STATUS_COUNT)
                return damaged(r, "a status has no such name");
        r->c->status = status;
        return 0;
}

static int do_timeout(struct restoring *r, const json_t *record)
{
        r->c->timeout = json_int_of(record, "timeout", -1);
        return 0;
}

static int do_error(struct restoring *r, const json_t *record)
{
        const char *key = json_text_of(record, "key", "");

        if (map_put(&r->c->said, key, r->c, NULL))
                return -ENOMEM;
        return json_array_append(r->c->errors, json_object_get(record, "error")) ?
                damaged(r, "an error says nothing") : 0;
}

static int do_forget(struct restoring *r, const json_t *record)
{
        errors_forget(r->c, json_text_of(record, "forget", ""));
        r->forgot = true;
        return 0;
}

static int do_log(struct restoring *r, const json_t *record)
{
        return log_add(r->c, json_incref(json_object_get(record, "log")));
}

static int do_output(struct restoring *r, const json_t *record)
{
        json_t *output = json_object_get(record, "output");

        json_decref(r->c->output);
        r->c->output = json_is_object(output) ? json_incref(output) : NULL;
        return 0;
}

/* A record is of the kind of the first of these names that it has. */
static const struct {
        const char *name;
        int (*read)(struct restoring *r, const json_t *record);
} kinds[] = {
        { "root", do_root }, { "task", do_task }, { "staged", do_staged }, { "items", do_items },
        { "parent", do_route }, { "ctx", do_context }, { "status", do_status },
        { "timeout", do_timeout }, { "error", do_error }, { "forget", do_forget },
        { "log", do_log }, { "output", do_output },
};

static int read_record(struct restoring *r, const json_t *record)
{
        for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
                if (json_object_get(record, kinds[i].name))
                        return kinds[i].read(r, record);
        return damaged(r, "it is of no kind that is known");
}

static void unload(void *value)
{
        json_decref(value);
}

static int read_all(struct conductor *c, const json_t *records, struct fault *fault)
{
        struct restoring restoring = { c, MAP_INIT, MAP_INIT, false, fault };
        const json_t *record;
        int r = 0;
        size_t i;

        json_array_foreach(records, i, record) {
                r = read_record(&restoring, record);
                if (r > 0)
                        fault_prefix(fault, "record %zu of the workflow's state", i);
                if (r)
                        break;
        }
        if (r == 0 && restoring.forgot)
                errors_recall(c);
        map_deinit(&restoring.staged, NULL);
        map_deinit(&restoring.loaded, unload);
        return r;
}

CLEANUP_DEFINE(struct conductor *, conductor_free);

int conductor_restore(const struct conductor_setup *setup, const json_t *records,
                      struct conductor **ret, struct fault *fault)
{
        _cleanup_(conductor_freep) struct conductor *c = NULL;
        int r = life_make(setup, &c, fault);

        if (r)
                return r;
        c->is_restoring = true;
        r = read_all(c, records, fault);
        c->is_restoring = false;
        if (r == 0)
                *ret = TAKE(c);
        return r;
}
