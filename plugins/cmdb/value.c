/* SPDX-License-Identifier: Apache-2.0 */

/* Values and views: made in one spelling, so that equal items are equal texts. */

#include "cmdb/cmdb.h"

#include <strings.h>

char *cmdb_resource(const struct cmdb_key *key)
{
        size_t size = strlen(key->kind) + 3 * strlen(key->name) + 8;
        char *ret = malloc(size), *to = ret;

        if (!ret)
                return NULL;
        to += sprintf(to, "cmdb/%s/", key->kind);
        for (const char *p = key->name; *p; p++)
                to += sprintf(to, *p == '/' ? "%%2F" : "%c", *p);
        return ret;
}

static int compare_texts(const void *a, const void *b)
{
        return strcmp(json_string_value(*(json_t *const *)a), json_string_value(*(json_t *const *)b));
}

json_t *cmdb_sorted(json_t *texts)
{
        size_t n = json_array_size(texts);
        json_t **list = calloc(n + 1, sizeof *list), *ret = json_array();

        for (size_t i = 0; list && i < n; i++)
                list[i] = json_array_get(texts, i);
        if (list)
                qsort(list, n, sizeof *list, compare_texts);
        for (size_t i = 0; list && i < n; i++)
                if (i == 0 || !json_equal(list[i], list[i - 1]))
                        json_array_append(ret, list[i]);
        free(list);
        json_decref(texts);
        return ret;
}

json_t *cmdb_owner(const char *name, const char *mail)
{
        if (!mail || !*mail)
                return json_null();
        return json_pack("{s:s, s:s}", "name", name && *name ? name : mail, "mail", mail);
}

json_t *cmdb_value(const char *status, json_t *owner, json_t *attributes, json_t *depends_on)
{
        return json_pack("{s:s, s:o, s:o, s:o}", "status", status, "owner", owner,
                         "attributes", attributes, "depends_on", cmdb_sorted(depends_on));
}

const char *cmdb_status(const json_t *value)
{
        return json_member(value, "status", "");
}

const json_t *cmdb_attributes(const json_t *value)
{
        return json_object_get(value, "attributes");
}

bool cmdb_is_retired(const json_t *value)
{
        return strcmp(cmdb_status(value), "retired") == 0;
}

static bool has_attributes(const json_t *value, const json_t *wanted)
{
        const char *name;
        json_t *text;

        json_object_foreach((json_t *)wanted, name, text)
                if (!json_same(json_object_get(cmdb_attributes(value), name), text))
                        return false;
        return true;
}

bool cmdb_fits(const json_t *view, const struct cmdb_query *query)
{
        const json_t *value = json_object_get(view, "value");
        const char *mail = json_member(json_object_get(value, "owner"), "mail", "");

        return (!query->kind || strcmp(json_member(view, "kind", ""), query->kind) == 0) &&
               (!query->text || strcasestr(json_member(view, "name", ""), query->text)) &&
               (!query->status || strcmp(cmdb_status(value), query->status) == 0) &&
               (!query->mail || strcasecmp(mail, query->mail) == 0) &&
               (!query->depends_on ||
                json_has_text(json_object_get(value, "depends_on"), query->depends_on)) &&
               has_attributes(value, query->attributes);
}

int cmdb_fail_kind(struct kn_ctx *ctx, const char *kind, const char *kinds)
{
        return kn_fail(ctx, KN_EARG, "this system keeps no items of kind %.40s; it keeps %s", kind,
                       kinds);
}
