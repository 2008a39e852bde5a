/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Lists, as StackStorm answers them: a bare array, the total in a header; and thinning objects by
 * attribute, which its client does on every list it shows.
 */

#include "rest/request.h"

#include "base/json.h"
#include "base/text.h"

#include <string.h>

#define LIMIT_DEFAULT 100
#define LIMIT_ADMIN 10000

static int page_times(struct page *page, const struct query *query, struct fault *fault)
{
        const char *range = query_text(query, "timestamp"), *dots = range ? strstr(range, "..")
                : NULL;
        static const char *const since[] = { "timestamp_gt", "enforced_at_gt", "since" };
        static const char *const until[] = { "timestamp_lt", "enforced_at_lt", "until" };
        struct query part = { 1, { { "timestamp", NULL } } };
        char from[64];
        int r = 0;

        for (size_t i = 0; i < 3 && !r; i++) {
                r = query_time(query, since[i], &page->since_ms, fault);
                if (!r)
                        r = query_time(query, until[i], &page->until_ms, fault);
        }
        if (r || !range)
                return r;
        snprintf(from, sizeof from, "%.*s", (int)(dots ? (size_t)(dots - range) : strlen(range)),
                 range);
        part.pairs[0].value = from;
        r = query_time(&part, "timestamp", &page->since_ms, fault);
        part.pairs[0].value = dots ? dots + 2 : from;
        if (!r)
                r = query_time(&part, "timestamp", &page->until_ms, fault);
        /* Both ends belong to StackStorm's range. */
        page->since_ms--;
        page->until_ms++;
        return r;
}

/* Lists of what happened are in its order, whatever its time is called; no other is kept. */
static int page_sort(const struct page *page, const char *sort, bool *ret_asc, struct fault *fault)
{
        static const char *const times[] = { "start_timestamp", "timestamp", "created_at",
                                             "occurrence_time", "enforced_at", "id" };
        const char *name = sort + (*sort == '-' || *sort == '+' || *sort == ' ');

        if (!strstr(page->req->route->query, "sort "))
                return 0;
        for (size_t i = 0; i < sizeof times / sizeof *times; i++)
                if (text_equal(name, times[i])) {
                        *ret_asc = *sort != '-';
                        return 0;
                }
        fault_set(fault, 400, "query.invalid", "sort=%.64s: this list can only be in the order of "
                  "time", sort);
        return fault_try(fault, "sort=start_timestamp, or sort=-start_timestamp for newest first");
}

static int page_order(struct page *page, const struct query *query, struct fault *fault)
{
        const char *sort = query_text(query, "sort");
        bool asc = false, desc = false;
        int r = query_bool(query, "sort_asc", &asc, fault);

        if (!r)
                r = query_bool(query, "sort_desc", &desc, fault);
        if (!r && sort)
                r = page_sort(page, sort, &asc, fault);
        page->is_ascending = asc && !desc;
        return r;
}

int page_init(struct page *page, struct request *req, struct fault *fault)
{
        int64_t limit = LIMIT_DEFAULT, offset = 0;
        int r;

        *page = (struct page){ .req = req, .rows = NULL };
        r = query_int(&req->query, "limit", -1, INT32_MAX, &limit, fault);
        if (!r)
                r = query_int(&req->query, "offset", 0, INT32_MAX, &offset, fault);
        if (r)
                return r;
        if (!limit)
                return fault_set(fault, 400, "query.invalid",
                                 "limit=0: must be at least 1, or -1 for all");
        if (!request_is_admin(req) && (limit > LIMIT_DEFAULT || limit < 0)) {
                fault_set(fault, 403, "query.limit",
                          "limit=%lld is more than %d, which only administrators may ask for",
                          (long long)limit, LIMIT_DEFAULT);
                return fault_try(fault, "read page by page with offset=%d", LIMIT_DEFAULT);
        }
        page->limit = limit < 0 || limit > LIMIT_ADMIN ? LIMIT_ADMIN : (size_t)limit;
        page->offset = (size_t)offset;
        r = page_order(page, &req->query, fault);
        if (!r)
                r = page_times(page, &req->query, fault);
        if (!r)
                page->rows = json_array();
        return r;
}

void page_deinit(struct page *page)
{
        json_decref(page->rows);
}

bool page_takes(struct page *page)
{
        size_t i = page->total++;

        return i >= page->offset && i - page->offset < page->limit;
}

void page_add(struct page *page, json_t *row)
{
        json_array_append_new(page->rows, fields_apply(&page->req->query, row));
}

struct store_page page_store(const struct page *page)
{
        return (struct store_page){ .limit = page->limit, .offset = page->offset,
                                    .ascending = page->is_ascending, .since_ms = page->since_ms,
                                    .until_ms = page->until_ms };
}

int page_answer(struct page *page)
{
        answer_header(page->req, "X-Total-Count", "%zu", page->total);
        answer_header(page->req, "X-Limit", "%zu", page->limit);
        return answer_json(page->req, 200, TAKE(page->rows));
}

/* ---- attributes ---- */

static void remove_at(json_t *object, const char *path)
{
        const char *dot = strchr(path, '.');
        char first[128];

        if (!dot) {
                json_object_del(object, path);
                return;
        }
        snprintf(first, sizeof first, "%.*s", (int)(dot - path), path);
        remove_at(json_object_get(object, first), dot + 1);
}

static void include_at(json_t **to, const json_t *from, const char *path)
{
        json_t *value = json_at(from, path);

        if (value)
                json_put_at(to, path, json_deep_copy(value));
}

/* Call fn for each name of the comma lists of that parameter; false if there is none. */
static bool each_attribute(const struct query *query, const char *list,
                           void (*fn)(void *arg, const char *name), void *arg)
{
        bool any = false;
        char name[128];

        for (size_t i = 0; i < query->n; i++) {
                if (strcmp(query->pairs[i].name, list) != 0)
                        continue;
                for (const char *s = query->pairs[i].value; *s; s += *s == ',') {
                        size_t n = strcspn(s, ",");

                        snprintf(name, sizeof name, "%.*s", (int)n, s);
                        if (n && n < sizeof name) {
                                fn(arg, name);
                                any = true;
                        }
                        s += n;
                }
        }
        return any;
}

struct thinning {
        json_t *from, *to;
};

static void include_one(void *arg, const char *name)
{
        struct thinning *thinning = arg;

        include_at(&thinning->to, thinning->from, name);
}

static void exclude_one(void *arg, const char *name)
{
        if (strcmp(name, "id") != 0)
                remove_at(arg, name);
}

/* Members may be shared with the catalog, which other threads read: what is changed is a copy. */
json_t *fields_apply(const struct query *query, json_t *object)
{
        struct thinning thinning = { object, NULL };

        if (!json_is_object(object))
                return object;
        if (query_text(query, "include_attributes")) {
                include_one(&thinning, "id");
                if (each_attribute(query, "include_attributes", include_one, &thinning)) {
                        json_decref(object);
                        return thinning.to ? thinning.to : json_object();
                }
                json_decref(thinning.to);
        }
        if (query_text(query, "exclude_attributes")) {
                thinning.to = json_deep_copy(object);
                json_decref(object);
                each_attribute(query, "exclude_attributes", exclude_one, thinning.to);
                return thinning.to;
        }
        return object;
}

struct wanting {
        const char *name;
        bool found;
};

static void want_one(void *arg, const char *name)
{
        struct wanting *wanting = arg;
        size_t n = strlen(wanting->name);

        if (strncmp(name, wanting->name, n) == 0 && (name[n] == '\0' || name[n] == '.'))
                wanting->found = true;
}

bool fields_want(const struct query *query, const char *name)
{
        struct wanting wanting = { name, false };

        if (query_text(query, "include_attributes"))
                return each_attribute(query, "include_attributes", want_one, &wanting)
                ? wanting.found : true;
        return !query_list_has(query, "exclude_attributes", name);
}
