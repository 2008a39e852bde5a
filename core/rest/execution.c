/* SPDX-License-Identifier: Apache-2.0 */

/* Looking at executions: lists with StackStorm's filters, one, its parts, its descendants. */

#include "rest/execution.h"

#include "base/json.h"
#include "base/text.h"
#include "flow/rule.h"
#include "flow/rulebook.h"
#include "rest/run.h"

#include <string.h>

static int id_filter(const struct query *query, const char *name, struct id *ret,
                     struct fault *fault)
{
        const char *text = query_text(query, name);

        if (!text || id_parse(text, ret))
                return 0;
        return fault_set(fault, 400, "query.invalid", "%s=%.64s: must be an id of 24 hex digits",
                         name, text);
}

static int status_filter(const struct query *query, int *ret, struct fault *fault)
{
        const char *text = query_text(query, "status");
        enum store_status status;

        *ret = -1;
        if (!text)
                return 0;
        if (!store_status_parse(text, &status))
                return fault_set(fault, 400, "query.invalid",
                                 "status=%.32s: there is no such status", text);
        *ret = (int)status;
        return 0;
}

/* Both of StackStorm's names: a trigger is known here by its type's ref. */
static const char *trigger_filter(const struct query *query)
{
        const char *type = query_text(query, "trigger_type");

        return type ? type : query_text(query, "trigger");
}

static int filter_of(struct request *req, struct store_execution_filter *ret,
                     struct fault *fault)
{
        const struct query *query = &req->query;
        const char *parent = query_text(query, "parent"), *rule = query_text(query, "rule");
        int r;

        *ret = (struct store_execution_filter){ .action = query_text(query, "action"),
                .runner = query_text(query, "runner"), .user = query_text(query, "user"),
                .rule = rule ? shape_rule_ref(request_catalog(req), rule) : NULL,
                .instance = query_text(query, "instance"), .mode = query_text(query, "mode"),
                .trigger = trigger_filter(query), .status = -1 };
        if (parent && (strcmp(parent, "null") == 0 || strcmp(parent, "None") == 0))
                ret->top_level = true;
        r = ret->top_level ? 0 : id_filter(query, "parent", &ret->parent, fault);
        if (!r)
                r = id_filter(query, "trigger_instance", &ret->event, fault);
        if (!r)
                r = id_filter(query, "event", &ret->event, fault);
        return r ? r : status_filter(query, &ret->status, fault);
}

struct listing {
        struct page *page;
        struct shape shape;
};

static int add(void *arg, const struct store_execution *e)
{
        struct listing *listing = arg;

        page_add(listing->page, shape_execution(&listing->shape, e));
        return 0;
}

static int list_by(struct request *req, struct store_execution_filter *filter, struct fault *fault)
{
        _page_ struct page page = { 0 };
        struct listing listing = { .page = &page };
        struct store_page rows;
        uint64_t total = 0;
        int r = page_init(&page, req, fault);

        if (!r)
                r = run_shape(req, true, &listing.shape, fault);
        if (r)
                return r;
        filter->with_result = listing.shape.with_result;
        rows = page_store(&page);
        r = store_list_executions(request_store(req), filter, &rows, add, &listing, &total, fault);
        page.total = total;
        return r ? r : page_answer(&page);
}

/* Those of a comma list of ids that are there, in its order. */
static int add_each(struct listing *listing, const char *name, const char *ids,
                    struct fault *fault)
{
        struct store *store = request_store(listing->page->req);
        char text[ID_TEXT_SIZE + 1];
        struct id id;

        for (const char *s = ids; *s; s += *s == ',') {
                size_t n = strcspn(s, ",");

                snprintf(text, sizeof text, "%.*s", (int)(n < sizeof text ? n : sizeof text), s);
                if (!id_parse(text, &id))
                        return fault_set(fault, 400, "query.invalid", "%s=%.64s: must be an id of "
                                         "24 hex digits, or several with commas between", name,
                                         ids);
                if (page_takes(listing->page))
                        store_get_execution(store, &id, listing->shape.with_result, add, listing,
                                            NULL);
                s += n;
        }
        return 0;
}

static int list_ids(struct request *req, const char *name, const char *ids, struct fault *fault)
{
        _page_ struct page page = { 0 };
        struct listing listing = { .page = &page };
        int r = page_init(&page, req, fault);

        if (!r)
                r = run_shape(req, true, &listing.shape, fault);
        if (!r)
                r = add_each(&listing, name, ids, fault);
        page.total = json_array_size(page.rows);
        return r ? r : page_answer(&page);
}

int execution_list(struct request *req, struct fault *fault)
{
        struct store_execution_filter filter;
        const char *ids = query_text(&req->query, "id"),
                *live = query_text(&req->query, "liveaction");
        int r = filter_of(req, &filter, fault);

        if (r)
                return r;
        if (ids || live)
                return list_ids(req, ids ? "id" : "liveaction", ids ? ids : live, fault);
        return list_by(req, &filter, fault);
}

int execution_list_plans(struct request *req, struct fault *fault)
{
        struct store_execution_filter filter;
        int r = filter_of(req, &filter, fault);

        filter.mode = "plan";
        return r ? r : list_by(req, &filter, fault);
}

int execution_get(struct request *req, struct fault *fault)
{
        struct id id;
        int r = request_param_id(req, "id", &id, fault);

        return r ? r : run_show(req, 200, &id, fault);
}

struct one {
        struct shape shape;
        json_t *object;
};

static int take(void *arg, const struct store_execution *e)
{
        struct one *one = arg;

        one->object = shape_execution(&one->shape, e);
        return 0;
}

static int whole(struct request *req, json_t **ret, struct fault *fault)
{
        struct one one = { .object = NULL };
        struct id id;
        int r = request_param_id(req, "id", &id, fault);

        if (!r)
                r = run_shape(req, false, &one.shape, fault);
        one.shape.with_result = true;
        if (!r)
                r = store_get_execution(request_store(req), &id, true, take, &one, fault);
        if (!r)
                *ret = one.object;
        return r;
}

int execution_attribute(struct request *req, struct fault *fault)
{
        const char *name = request_param(req, "attribute");
        _json_ json_t *object = NULL;
        json_t *value;
        int r = whole(req, &object, fault);

        if (r)
                return r;
        value = json_at(object, name);
        if (!value)
                return fault_set(fault, 404, "execution.attribute",
                                 "executions have no attribute '%.64s'", name);
        return answer_json(req, 200, json_incref(value));
}

int execution_result(struct request *req, struct fault *fault)
{
        bool download = false, pretty = false;
        _json_ json_t *object = NULL;
        char *text;
        int r = whole(req, &object, fault);

        if (!r)
                r = query_bool(&req->query, "download", &download, fault);
        if (!r)
                r = query_bool(&req->query, "pretty_format", &pretty, fault);
        if (r)
                return r;
        if (download)
                answer_header(req, "Content-Disposition", "attachment; filename=\"%s.json\"",
                              req->param[0]);
        if (!pretty)
                return answer_json(req, 200, json_incref(json_object_get(object, "result")));
        text = json_dumps(json_object_get(object, "result"), JSON_INDENT(4) | JSON_ENCODE_ANY);
        return text ? answer_bytes(req, 200, "application/json", text, strlen(text)) : -1;
}

/* ---- children ---- */

#define CHILDREN_MAX 1000

struct family {
        struct request *req;
        struct shape shape;
        json_t *rows;
        struct id ids[CHILDREN_MAX];
        size_t n;
};

static int add_child(void *arg, const struct store_execution *e)
{
        struct family *family = arg;

        if (family->n == CHILDREN_MAX)
                return 1;
        family->ids[family->n++] = e->id;
        json_array_append_new(family->rows, fields_apply(&family->req->query,
                                                         shape_execution(&family->shape, e)));
        return 0;
}

/* Level by level: those found at one level are the parents of the next. */
static int descend(struct family *family, const struct id *root, int64_t depth, struct fault *fault)
{
        struct store_page page = { .limit = CHILDREN_MAX, .ascending = true };
        size_t from = 0, level_end;
        int r;

        for (int64_t level = 0; depth < 0 || level < depth; level++) {
                struct store_execution_filter filter = { .parent = *root, .status = -1,
                                                         .with_result = family->shape.with_result };
                level_end = family->n;
                for (size_t i = from; i < level_end || level == 0; i++) {
                        if (level)
                                filter.parent = family->ids[i];
                        r = store_list_executions(request_store(family->req), &filter, &page,
                                                  add_child,
                                                  family, NULL, fault);
                        if (r)
                                return r;
                        if (!level)
                                break;
                }
                from = level_end;
                if (family->n == level_end || family->n == CHILDREN_MAX)
                        break;
        }
        return 0;
}

int execution_children(struct request *req, struct fault *fault)
{
        struct family *family = calloc(1, sizeof *family);
        int64_t depth = -1;
        struct id id;
        int r = family ? request_param_id(req, "id", &id, fault) : -1;

        if (!r)
                r = query_int(&req->query, "depth", -1, 100, &depth, fault);
        if (!r)
                r = run_shape(req, true, &family->shape, fault);
        if (!r) {
                family->req = req;
                family->rows = json_array();
                r = descend(family, &id, depth, fault);
        }
        if (!r)
                r = answer_json(req, 200, json_incref(family->rows));
        if (family)
                json_decref(family->rows);
        free(family);
        return r;
}

/* ---- what filters may name ---- */

static int name_action(void *arg, const struct catalog_action *action)
{
        json_array_append_new(arg, json_string(action->ref));
        return 0;
}

static int name_rule(void *arg, const struct rule *rule)
{
        json_array_append_new(arg, json_string(rule_ref(rule)));
        return 0;
}

static int name_runner(void *arg, const struct catalog_runner *runner)
{
        json_array_append_new(arg, json_string(runner->name));
        return 0;
}

int execution_filters(struct request *req, struct fault *fault)
{
        struct catalog *catalog = request_catalog(req);
        json_t *actions = json_array(), *rules = json_array(), *runners = json_array(),
                *statuses = json_array();

        (void)fault;
        catalog_each_action(catalog, name_action, actions);
        rulebook_each(catalog_rules(catalog), name_rule, rules);
        catalog_each_runner(catalog, name_runner, runners);
        for (int i = STORE_REQUESTED; i <= STORE_CANCELED; i++) {
                const char *text = store_status_text((enum store_status)i);
                enum store_status first;

                /* Some that wait are shown as if they ran. */
                if (store_status_parse(text, &first) && (int)first == i)
                        json_array_append_new(statuses, json_string(text));
        }
        return answer_json(req, 200, json_pack("{s:o, s:o, s:o, s:o}", "action", actions, "rule",
                                               rules,
                                               "runner", runners, "status", statuses));
}
