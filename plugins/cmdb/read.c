/* SPDX-License-Identifier: Apache-2.0 */

/* The actions that only read, and the sensor of the change log. */

#include "cmdb/cmdb.h"

#define DEPENDENTS_MAX  1000
#define OVERLAP_S       30              /* what is committed late may carry an earlier time */

/* ---- get and search ---- */

static json_t *item_of(const json_t *view)
{
        static const char *const members[] = { "kind", "name", "id", "url", "address", "updated_at" };
        json_t *item = json_copy(json_object_get(view, "value"));

        for (size_t i = 0; item && i < KN_ROWS(members); i++)
                json_object_set(item, members[i], json_object_get(view, members[i]));
        return item;
}

int cmdb_get(struct kn_ctx *ctx)
{
        const struct cmdb_key key = { kn_arg_str(ctx, "kind", "server"), kn_arg_str(ctx, "name", "") };
        _json_ json_t *view = NULL;
        int r = cmdb_system_read(ctx, &key, &view);

        if (r == 0 && !view)
                r = kn_fail(ctx, KN_ENOENT, "there is no %.40s %.200s in this CMDB: look with "
                            "item.search", key.kind, key.name);
        return r < 0 ? r : change_give(ctx, item_of(view));
}

static int compare_views(const void *a, const void *b)
{
        json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
        int r = strcmp(json_member(x, "name", ""), json_member(y, "name", ""));

        return r ? r : strcmp(json_member(x, "kind", ""), json_member(y, "kind", ""));
}

/* Those of rows that fit, by name. *ret_n of them in a new list that borrows. */
static json_t **fitting(const json_t *rows, const struct cmdb_query *query, size_t *ret_n)
{
        json_t **list = calloc(json_array_size(rows) + 1, sizeof *list), *view;
        size_t i, n = 0;

        json_array_foreach(rows, i, view)
                if (list && cmdb_fits(view, query))
                        list[n++] = view;
        if (list)
                qsort(list, n, sizeof *list, compare_views);
        *ret_n = n;
        return list;
}

int cmdb_search(struct kn_ctx *ctx)
{
        _json_ json_t *rows = json_array(), *items = json_array();
        _json_ json_t *attributes = json_loads(kn_arg_str(ctx, "attributes", "{}"), 0, NULL);
        struct cmdb_query query = {
                .kind = kn_arg_str(ctx, "kind", NULL), .text = kn_arg_str(ctx, "text", NULL),
                .status = kn_arg_str(ctx, "status", NULL), .mail = kn_arg_str(ctx, "owner", NULL),
                .attributes = attributes, .limit = (size_t)kn_arg_int(ctx, "limit", 100),
        };
        int r = cmdb_system_search(ctx, &query, rows);
        json_t **list;
        size_t n;

        if (r < 0)
                return r;
        list = fitting(rows, &query, &n);
        for (size_t i = 0; list && i < n && i < query.limit; i++)
                json_array_append_new(items, item_of(list[i]));
        free(list);
        return change_give(ctx, json_pack("{s:I, s:b, s:O}", "count",
                                        (json_int_t)json_array_size(items), "truncated",
                                        r > 0 || n > query.limit, "items", items));
}

/* ---- what depends on an item: breadth first, each item once ---- */

struct walk {
        json_t *found;                  /* rows of the answer */
        json_t *seen;                   /* "kind/name": true */
        bool is_cut;
};

static int add_dependents(struct kn_ctx *ctx, struct walk *walk, const char *ref, int64_t depth)
{
        _json_ json_t *rows = json_array();
        struct cmdb_query query = { .depends_on = ref, .limit = DEPENDENTS_MAX };
        int r = cmdb_system_search(ctx, &query, rows);
        json_t **list;
        size_t n;

        if (r < 0)
                return r;
        walk->is_cut |= r > 0;
        list = fitting(rows, &query, &n);
        for (size_t i = 0; list && i < n; i++) {
                const json_t *value = json_object_get(list[i], "value");
                const char *kind = json_member(list[i], "kind", ""),
                           *name = json_member(list[i], "name", "");
                char key[320];

                snprintf(key, sizeof key, "%s/%s", kind, name);
                if (json_object_get(walk->seen, key))
                        continue;
                if (json_array_size(walk->found) >= DEPENDENTS_MAX) {
                        walk->is_cut = true;
                        break;
                }
                json_object_set_new(walk->seen, key, json_true());
                json_array_append_new(walk->found, json_pack(
                        "{s:s, s:s, s:s, s:O, s:I, s:s}", "kind", kind, "name", name,
                        "status", cmdb_status(value), "owner", json_object_get(value, "owner"),
                        "depth", (json_int_t)depth, "through", ref));
        }
        free(list);
        return KN_OK;
}

/* From the rows that stand there before this level to those that it adds. */
static int add_level(struct kn_ctx *ctx, struct walk *walk, size_t from, int64_t depth)
{
        size_t to = json_array_size(walk->found);
        int r = KN_OK;

        for (size_t i = from; r == 0 && i < to; i++) {
                const json_t *row = json_array_get(walk->found, i);
                char ref[320];

                snprintf(ref, sizeof ref, "%s/%s", json_member(row, "kind", ""),
                         json_member(row, "name", ""));
                r = add_dependents(ctx, walk, ref, depth);
        }
        return r;
}

int cmdb_dependents(struct kn_ctx *ctx)
{
        const struct cmdb_key key = { kn_arg_str(ctx, "kind", "server"), kn_arg_str(ctx, "name", "") };
        _json_ json_t *view = NULL, *found = json_array(), *seen = json_object();
        struct walk walk = { found, seen, false };
        int64_t depth = kn_arg_int(ctx, "depth", 3);
        size_t from = 0, before = 0;
        char ref[320];
        int r = cmdb_system_read(ctx, &key, &view);

        if (r == 0 && !view)
                r = kn_fail(ctx, KN_ENOENT, "there is no %.40s %.200s in this CMDB: look with "
                            "item.search", key.kind, key.name);
        snprintf(ref, sizeof ref, "%s/%s", key.kind, key.name);
        json_object_set_new(seen, ref, json_true());
        if (r == 0)
                r = add_dependents(ctx, &walk, ref, 1);
        for (int64_t level = 2; r == 0 && level <= depth; level++) {
                before = json_array_size(found);
                r = add_level(ctx, &walk, from, level);
                from = before;
        }
        return r < 0 ? r : change_give(ctx, json_pack("{s:s, s:s, s:b, s:O}", "kind", key.kind,
                                                    "name", key.name, "truncated", walk.is_cut,
                                                    "dependents", found));
}

/*
 * ---- the sensor: KN_STORE "changes" is {"since": seconds, "seen": {id: its time}} ----
 *
 * The log is asked from a little before the last entry on, and what was seen there is not told
 * again: entries come in the order of their commits, and carry the time of their beginnings. The
 * first look only finds the place.
 */

static int emit_entry(struct kn_ctx *ctx, const json_t *entry)
{
        static const char *const members[] = { "kind", "name", "change", "at", "by", "id" };
        _json_ json_t *payload = json_object();
        _free_ char *text = NULL;

        for (size_t i = 0; i < KN_ROWS(members); i++)
                json_object_set(payload, members[i], json_object_get(entry, members[i]));
        text = json_dumps(payload, JSON_COMPACT);
        return text ? kn_emit(ctx, "item.changed", text, json_member(entry, "id", NULL)) : KN_ENOMEM;
}

static int emit_new(struct kn_ctx *ctx, const json_t *rows, const json_t *seen)
{
        json_t *entry;
        size_t i;
        int r = KN_OK;

        json_array_foreach(rows, i, entry)
                if (r == 0 && json_object_get(entry, "kind") &&
                    !json_object_get(seen, json_member(entry, "id", "")))
                        r = emit_entry(ctx, entry);
        return r;
}

static json_int_t newest(const json_t *rows, json_int_t since)
{
        json_t *entry;
        size_t i;

        json_array_foreach(rows, i, entry)
                if (json_integer_value(json_object_get(entry, "time")) > since)
                        since = json_integer_value(json_object_get(entry, "time"));
        return since;
}

static int keep_place(struct kn_ctx *ctx, const json_t *rows, json_int_t since)
{
        _json_ json_t *place = json_pack("{s:I, s:{}}", "since", since, "seen");
        _free_ char *text = NULL;
        json_t *entry;
        size_t i;

        json_array_foreach(rows, i, entry)
                if (json_integer_value(json_object_get(entry, "time")) >= since - OVERLAP_S)
                        json_object_set(json_object_get(place, "seen"),
                                        json_member(entry, "id", ""), json_object_get(entry, "time"));
        text = change_text(place);
        return text ? kn_put_text(ctx, KN_STORE, "changes", KN_JSONTEXT, text) : KN_ENOMEM;
}

/* Where the log ends now. */
static int find_place(struct kn_ctx *ctx, json_int_t *ret)
{
        _json_ json_t *rows = json_array();
        int r = cmdb_system_changes(ctx, -1, rows);

        if (r >= 0)
                *ret = newest(rows, OVERLAP_S);
        return r < 0 ? r : KN_OK;
}

/* What is left is read at once, unless so much carries one time that no call gets past it. */
static int go_on(struct kn_ctx *ctx, bool is_further)
{
        if (is_further)
                return kn_put_int(ctx, KN_CALL, "again_ms", KN_INT, 0);
        return kn_fail(ctx, KN_EREMOTE, "the change log has more entries within %d s than one look "
                       "reads: what comes after them is not seen before later changes are made",
                       OVERLAP_S);
}

int cmdb_watch(struct kn_ctx *ctx)
{
        _json_ json_t *place = json_loads(kn_str(ctx, KN_STORE, "changes", "null"),
                                          JSON_DECODE_ANY, NULL);
        _json_ json_t *rows = json_array();
        bool is_first = !json_is_object(place);
        json_int_t since = json_integer_value(json_object_get(place, "since"));
        int is_more = 0, r;

        kn_put_int(ctx, KN_CALL, "again_ms", KN_INT, kn_config_int(ctx, "poll_s", 30) * 1000);
        r = is_first ? find_place(ctx, &since) : KN_OK;
        if (r == 0)
                r = is_more = cmdb_system_changes(ctx, since - OVERLAP_S, rows);
        if (r >= 0)
                r = is_first ? KN_OK : emit_new(ctx, rows, json_object_get(place, "seen"));
        if (r == 0)
                r = keep_place(ctx, rows, newest(rows, since));
        return r == 0 && is_more > 0 ? go_on(ctx, newest(rows, since) > since) : r;
}
