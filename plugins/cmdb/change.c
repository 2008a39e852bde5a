/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The actions that change an item. Each works out the whole value that shall be, has the system hold
 * it to what it can keep, and takes the walk of change.h. Where the system marks its objects'
 * last change, a mark that moved between the first look and the one before the write is a conflict,
 * even where the value is equal: somebody writes at this moment.
 */

#include "cmdb/cmdb.h"

struct job {
        struct change change;
        struct cmdb_key key;
        json_t *first, *now;            /* the views read first and last, owned; NULL: none */
        char name[300];
};

static void free_job(struct job *job)
{
        change_done(&job->change);
        json_decref(job->first);
        json_decref(job->now);
}

#define _job_ _cleanup_(free_job)

static int read_value(struct kn_ctx *ctx, void *arg, json_t **ret)
{
        struct job *job = arg;
        json_t *view = NULL;
        int r = cmdb_system_read(ctx, &job->key, &view);

        if (r < 0)
                return r;
        json_decref(job->now);
        job->now = view;
        *ret = json_incref(json_object_get(view, "value"));
        return KN_OK;
}

static int write_value(struct kn_ctx *ctx, const struct change *change, void *arg)
{
        const struct job *job = arg;

        if (!json_same(json_object_get(job->first, "mark"), json_object_get(job->now, "mark")))
                return kn_fail(ctx, KN_ECONFLICT, "%.100s is being written to by somebody else; "
                               "nothing was written. Look at it, then run this again", job->name);
        return cmdb_system_write(ctx, &job->key, job->now, change->after);
}

static const struct change_way way = { .system = "the CMDB", .read = read_value,
                                       .apply = write_value };

static json_t *key_args(const struct cmdb_key *key)
{
        return json_pack("{s:s, s:s}", "kind", key->kind, "name", key->name);
}

/* The key, and the item as it is. */
static int begin(struct kn_ctx *ctx, struct job *job)
{
        struct change *change = &job->change;
        int r;

        job->key.kind = kn_arg_str(ctx, "kind", "server");
        job->key.name = kn_arg_str(ctx, "name", "");
        snprintf(job->name, sizeof job->name, "%s %s", job->key.kind, job->key.name);
        change->resource = cmdb_resource(&job->key);
        r = read_value(ctx, job, &change->before);
        job->first = json_incref(job->now);
        return r;
}

/* The same, of an item that has to be there. */
static int begin_present(struct kn_ctx *ctx, struct job *job)
{
        int r = begin(ctx, job);

        if (r < 0 || job->change.before)
                return r;
        return kn_fail(ctx, KN_ENOENT, "there is no %.280s in this CMDB: look with item.search, or "
                       "register it with item.create", job->name);
}

static int finish(struct kn_ctx *ctx, struct job *job)
{
        int r = change_make(ctx, &job->change, &way, job);

        return r < 0 ? r : change_answer(ctx, &job->change, r > 0, key_args(&job->key));
}

/* ---- update: what differs, and how to put it back ---- */

/* What item.update has to be given to make after into before again. */
static json_t *way_back(const json_t *before, const json_t *after)
{
        const json_t *was = cmdb_attributes(before), *is = cmdb_attributes(after);
        json_t *args = json_object(), *attributes = json_object(), *text;
        const char *name;

        json_object_foreach((json_t *)was, name, text)
                if (!json_same(text, json_object_get(is, name)))
                        json_object_set(attributes, name, text);
        json_object_foreach((json_t *)is, name, text)
                if (!json_object_get(was, name))
                        json_object_set_new(attributes, name, json_null());
        if (json_object_size(attributes) > 0)
                json_object_set(args, "attributes", attributes);
        json_decref(attributes);
        for (size_t i = 0; i < 2; i++) {
                name = i ? "owner" : "status";
                if (!json_same(json_object_get(before, name), json_object_get(after, name)))
                        json_object_set(args, name, json_object_get(before, name));
        }
        return args;
}

static int finish_update(struct kn_ctx *ctx, struct job *job)
{
        struct change *change = &job->change;
        int r = cmdb_system_fit(ctx, &job->key, change->before, change->after);

        if (r < 0)
                return r;
        change->undo_action = "item.update";
        change->undo_args = way_back(change->before, change->after);
        if (!change->undo_args || json_object_set_new(change->undo_args, "kind",
                                                    json_string(job->key.kind)) < 0 ||
            json_object_set_new(change->undo_args, "name", json_string(job->key.name)) < 0)
                return KN_ENOMEM;
        return finish(ctx, job);
}

/* The call's attributes over those of value; null takes one away. */
static void merge_attributes(json_t *value, const json_t *given)
{
        json_t *attributes = json_object_get(value, "attributes"), *text;
        const char *name;

        json_object_foreach((json_t *)given, name, text)
                if (json_is_null(text) || !*json_string_value(text))
                        json_object_del(attributes, name);
                else
                        json_object_set(attributes, name, text);
}

/* An owner as a person gives it: the name may be left out, and stays where the address does. */
static json_t *owner_given(const json_t *given, const json_t *before)
{
        const json_t *was = json_object_get(before, "owner");
        const char *mail = json_member(given, "mail", NULL), *name = json_member(given, "name", NULL);

        if (mail && !name && strcmp(json_member(was, "mail", ""), mail) == 0)
                name = json_member(was, "name", NULL);
        return cmdb_owner(name, mail);
}

/* An argument that is an object, an array or null, as JSON; NULL: not given. */
static json_t *argument(struct kn_ctx *ctx, const char *name)
{
        struct kn_value v;

        if (ctx->host->get(ctx, KN_ARG, name, &v) < 0)
                return NULL;
        return v.kind == KN_NULL ? json_null()
                : v.kind == KN_JSONTEXT ? json_loadb(v.s, v.len, JSON_DECODE_ANY, NULL) : NULL;
}

int cmdb_update(struct kn_ctx *ctx)
{
        _job_ struct job job = { .now = NULL };
        _json_ json_t *owner = argument(ctx, "owner"), *attributes = argument(ctx, "attributes");
        const char *status = kn_arg_str(ctx, "status", NULL);
        int r = begin_present(ctx, &job);

        if (r < 0)
                return r;
        job.change.after = json_deep_copy(job.change.before);
        if (!job.change.after)
                return KN_ENOMEM;
        if (status)
                json_object_set_new(job.change.after, "status", json_string(status));
        if (owner)
                json_object_set_new(job.change.after, "owner", owner_given(owner, job.change.before));
        merge_attributes(job.change.after, attributes);
        return finish_update(ctx, &job);
}

/* ---- create ---- */

int cmdb_create(struct kn_ctx *ctx)
{
        _job_ struct job job = { .now = NULL };
        _json_ json_t *owner = argument(ctx, "owner"), *attributes = argument(ctx, "attributes");
        json_t *depends_on = argument(ctx, "depends_on");
        _free_ char *there = NULL;
        int r = begin(ctx, &job);

        job.change.after = cmdb_value(kn_arg_str(ctx, "status", "active"),
                                    owner_given(owner, NULL), json_object(),
                                    depends_on ? depends_on : json_array());
        if (r < 0 || !job.change.after)
                return r < 0 ? r : KN_ENOMEM;
        merge_attributes(job.change.after, attributes);
        r = cmdb_system_fit(ctx, &job.key, NULL, job.change.after);
        if (r < 0)
                return r;
        job.change.undo_action = "item.remove";
        job.change.undo_args = key_args(&job.key);
        if (!job.change.before || json_same(job.change.before, job.change.after))
                return finish(ctx, &job);
        there = change_text(job.change.before);
        return kn_fail(ctx, KN_ECONFLICT, "%.200s is in this CMDB already, and it is another: "
                       "%.200s. Take another name, or change it with item.update", job.name,
                       there ? there : "");
}

/* ---- retire and remove, and who would mind ---- */

static int check_floor(struct kn_ctx *ctx, const struct job *job)
{
        _json_ json_t *rows = json_array();
        _free_ char *ref = NULL;
        struct cmdb_query query = { .limit = 50 };
        char said[200] = "";
        json_t *view;
        size_t i, n = 0;
        int r;

        if (kn_arg_bool(ctx, "force", 0))
                return KN_OK;
        if (asprintf(&ref, "%s/%s", job->key.kind, job->key.name) < 0)
                return KN_ENOMEM;
        query.depends_on = ref;
        r = cmdb_system_search(ctx, &query, rows);
        json_array_foreach(rows, i, view)
                if (cmdb_fits(view, &query) && !cmdb_is_retired(json_object_get(view, "value")) &&
                    n < sizeof said - 1)
                        n += (size_t)snprintf(said + n, sizeof said - n, "%s%s/%s", n ? ", " : "",
                                              json_member(view, "kind", ""),
                                              json_member(view, "name", ""));
        if (r > 0 && n == 0)
                return kn_fail(ctx, KN_EDENIED, "%.150s was left as it is, since the CMDB has more "
                               "items than could be looked at for what depends on it: say "
                               "force=true if nothing does", job->name);
        if (r < 0 || n == 0)
                return r;
        return kn_fail(ctx, KN_EDENIED, "%.150s was left as it is, since others in use depend on "
                       "it: %s. Take these out of use first, or say force=true", job->name, said);
}

int cmdb_retire(struct kn_ctx *ctx)
{
        _job_ struct job job = { .now = NULL };
        int r = begin_present(ctx, &job);

        if (r == 0 && !cmdb_is_retired(job.change.before))
                r = check_floor(ctx, &job);
        if (r < 0)
                return r;
        job.change.after = json_deep_copy(job.change.before);
        if (!job.change.after ||
            json_object_set_new(job.change.after, "status", json_string("retired")) < 0)
                return KN_ENOMEM;
        return finish_update(ctx, &job);
}

int cmdb_remove(struct kn_ctx *ctx)
{
        _job_ struct job job = { .now = NULL };
        int r = begin(ctx, &job);

        if (r == 0 && job.change.before)
                r = check_floor(ctx, &job);
        if (r < 0)
                return r;
        if (json_is_true(json_object_get(job.now, "plain"))) {
                job.change.undo_action = "item.create";
                job.change.undo_args = key_args(&job.key);
                if (!job.change.undo_args ||
                    json_object_update(job.change.undo_args, job.change.before) < 0)
                        return KN_ENOMEM;
        } else if (job.change.before) {
                kn_log(ctx, KN_NOTICE, "cmdb %.280s holds more than item.create could write again: "
                       "this removal will not be undoable", job.name);
        }
        return finish(ctx, &job);
}

/* ---- relations ---- */

static int check_target(struct kn_ctx *ctx, const char *to)
{
        _json_ json_t *view = NULL;
        _free_ char *kind = strndup(to, strcspn(to, "/"));
        struct cmdb_key key = { kind, to + strcspn(to, "/") + 1 };
        int r = kind ? cmdb_system_read(ctx, &key, &view) : KN_ENOMEM;

        return r < 0 || view ? r : kn_fail(ctx, KN_ENOENT, "there is no %.280s in this CMDB to "
                                           "depend on: register it with item.create first", to);
}

static json_t *without(const json_t *list, const char *text)
{
        json_t *ret = json_array(), *row;
        size_t i;

        json_array_foreach(list, i, row)
                if (strcmp(json_string_value(row), text) != 0)
                        json_array_append(ret, row);
        return ret;
}

static int set_relation(struct kn_ctx *ctx, bool wanted)
{
        _job_ struct job job = { .now = NULL };
        const char *to = kn_arg_str(ctx, "to", "");
        json_t *list;
        int r = begin_present(ctx, &job);

        if (r == 0 && wanted)
                r = check_target(ctx, to);
        if (r < 0)
                return r;
        job.change.after = json_deep_copy(job.change.before);
        list = without(json_object_get(job.change.before, "depends_on"), to);
        if (wanted)
                json_array_append_new(list, json_string(to));
        json_object_set_new(job.change.after, "depends_on", cmdb_sorted(list));
        r = cmdb_system_fit(ctx, &job.key, job.change.before, job.change.after);
        job.change.undo_action = wanted ? "item.unrelate" : "item.relate";
        job.change.undo_args = key_args(&job.key);
        if (r == 0 && json_object_set_new(job.change.undo_args, "to", json_string(to)) < 0)
                r = KN_ENOMEM;
        return r < 0 ? r : finish(ctx, &job);
}

int cmdb_relate(struct kn_ctx *ctx)
{
        return set_relation(ctx, true);
}

int cmdb_unrelate(struct kn_ctx *ctx)
{
        return set_relation(ctx, false);
}
