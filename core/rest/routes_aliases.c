/* SPDX-License-Identifier: Apache-2.0 */

/* Aliases: commands that people type, found, shown, made and changed. */

#include "rest/alias.h"
#include "rest/edit.h"
#include "rest/shape.h"

#include "base/json.h"
#include "base/text.h"
#include "flow/alias.h"

#include <errno.h>
#include <string.h>

/* ---- shapes ---- */

static void set_default(json_t *object, const char *key, json_t *value)
{
        if (json_object_get(object, key) && !json_is_null(json_object_get(object, key)))
                json_decref(value);
        else
                json_object_set_new(object, key, value);
}

json_t *alias_shape(const struct catalog_alias *row)
{
        static const char *const objects[] = { "ack", "result", "extra", "immutable_parameters" };
        json_t *out = json_copy((json_t *)alias_definition(row->alias));
        char id[ID_TEXT_SIZE];

        json_set_text(out, "id", shape_id("alias", row->ref, id));
        json_set_text(out, "ref", row->ref);
        json_object_set_new(out, "uid", json_sprintf("action:%s:%s", json_text_of(out, "pack", ""),
                                                     json_text_of(out, "name", "")));
        json_object_set_new(out, "enabled", json_boolean(row->is_enabled));
        set_default(out, "description", json_string(""));
        set_default(out, "metadata_file", json_string(""));
        for (size_t i = 0; i < sizeof objects / sizeof *objects; i++)
                set_default(out, objects[i], json_object());
        json_set_text(out, "origin", row->origin);
        return out;
}

/* ---- reading ---- */

struct listing {
        struct page *page;
        const char *pack, *name;
};

static int add(void *arg, const struct catalog_alias *row)
{
        struct listing *l = arg;
        const json_t *definition = alias_definition(row->alias);

        if (l->pack && !text_equal(json_text_of(definition, "pack", ""), l->pack))
                return 0;
        if (l->name && !text_equal(json_text_of(definition, "name", ""), l->name) &&
            !shape_is("alias", row->ref, l->name))
                return 0;
        if (page_takes(l->page))
                page_add(l->page, alias_shape(row));
        return 0;
}

static int list(struct request *req, struct fault *fault)
{
        _page_ struct page page = { 0 };
        struct listing l = { &page, query_text(&req->query, "pack"),
                             query_text(&req->query, "name") };
        int r = page_init(&page, req, fault);

        if (r)
                return r;
        catalog_each_alias(request_catalog(req), add, &l);
        return page_answer(&page);
}

struct finding {
        const char *name;
        const struct catalog_alias *found;
};

static int is_it(void *arg, const struct catalog_alias *row)
{
        struct finding *finding = arg;

        if (shape_is("alias", row->ref, finding->name) ||
            text_equal(json_text_of(alias_definition(row->alias), "name", ""), finding->name))
                finding->found = row;
        return finding->found != NULL;
}

int alias_find(struct request *req, const char *name, const struct catalog_alias **ret,
               struct fault *fault)
{
        struct finding finding = { name, catalog_alias(request_catalog(req), name) };

        if (!finding.found)
                catalog_each_alias(request_catalog(req), is_it, &finding);
        *ret = finding.found;
        if (*ret)
                return 0;
        fault_set(fault, 404, "alias.unknown", "there is no alias '%.128s'", name);
        return fault_try(fault, "kaname alias list");
}

static int get(struct request *req, struct fault *fault)
{
        const struct catalog_alias *row;
        int r = alias_find(req, request_param(req, "ref"), &row, fault);

        return r ? r : answer_object(req, 200, alias_shape(row));
}

/* ---- help ---- */

struct helping {
        struct page *page;
        const char *pack, *filter;
        const struct catalog_alias *row;
};

static int help_line(void *arg, const char *display)
{
        const struct helping *h = arg;
        const json_t *definition = alias_definition(h->row->alias);

        if (h->filter && *h->filter && !strcasestr(display, h->filter))
                return 0;
        if (page_takes(h->page))
                page_add(h->page, json_pack("{s:s, s:s, s:s}", "pack",
                                            json_text_of(definition, "pack", ""), "display",
                                            display, "description",
                                            json_text_of(definition, "description", "")));
        return 0;
}

static int help_alias(void *arg, const struct catalog_alias *row)
{
        struct helping *h = arg;

        if (!row->is_enabled || (h->pack && !text_equal(h->pack, json_text_of(
                                          alias_definition(row->alias), "pack", ""))))
                return 0;
        h->row = row;
        return alias_each_display(row->alias, help_line, h);
}

/* StackStorm's shape: {available: how many, helpstrings: [{pack, display, description}]}. */
static int help(struct request *req, struct fault *fault)
{
        _page_ struct page page = { 0 };
        struct helping h = { &page, query_text(&req->query, "pack"),
                             query_text(&req->query, "filter"), NULL };
        int r = page_init(&page, req, fault);

        if (r)
                return r;
        catalog_each_alias(request_catalog(req), help_alias, &h);
        return answer_json(req, 200, json_pack("{s:I, s:O}", "available", (json_int_t)page.total,
                                               "helpstrings", page.rows));
}

/* ---- matching ---- */

void alias_matching_deinit(struct alias_matching *m)
{
        json_decref(m->match.params);
        json_decref(m->names);
}

static int try_alias(void *arg, const struct catalog_alias *row)
{
        struct alias_matching *m = arg;
        struct alias_match match = { NULL, NULL, NULL };
        int r = row->is_enabled ? alias_match(row->alias, m->command, &match) : 0;

        if (r == -ELOOP)
                m->slow = row->ref;
        if (r < 0 && r != -ELOOP)
                return r;
        if (r != 1)
                return 0;
        json_array_append_new(m->names, json_string(row->ref));
        if (m->row) {
                json_decref(match.params);
                return 0;
        }
        m->row = row;
        m->match = match;
        return 0;
}

static int no_match(const struct alias_matching *m, struct fault *fault)
{
        fault_set(fault, 400, "alias.no-match", "Command '%.200s' matched no patterns", m->command);
        if (m->slow)
                fault_why(fault, "the formats of '%s' need too many steps to tell", m->slow);
        return fault_try(fault, "kaname alias help");
}

int alias_match_command(struct request *req, const char *command, struct alias_matching *m,
                        struct fault *fault)
{
        int r;

        *m = (struct alias_matching){ .command = command, .names = json_array() };
        if (!command || strlen(command) > ALIAS_COMMAND_MAX)
                return fault_set(fault, 400, "alias.command", "command: a text of at most %d bytes",
                                 ALIAS_COMMAND_MAX);
        r = catalog_each_alias(request_catalog(req), try_alias, m);
        if (r < 0)
                return r;
        if (!m->row)
                return no_match(m, fault);
        if (json_array_size(m->names) == 1)
                return 0;
        fault_set(fault, 400, "alias.ambiguous", "Command '%.200s' matched more than 1 pattern",
                  command);
        fault_detail(fault, "aliases", json_incref(m->names));
        return fault_try(fault, "say more of it, or switch one of these aliases off");
}

static int match(struct request *req, struct fault *fault)
{
        _cleanup_(alias_matching_deinit) struct alias_matching m = { .row = NULL };
        int r = alias_match_command(req, json_text_of(req->json, "command", NULL), &m, fault);

        return r ? r : answer_json(req, 200, json_pack("{s:o, s:s, s:s, s:O}", "actionalias",
                                                       alias_shape(m.row), "display",
                                                       m.match.display, "representation",
                                                       m.match.representation, "parameters",
                                                       m.match.params));
}

/* ---- change ---- */

static int answer_alias(struct request *req, unsigned status, const char *ref, struct fault *fault)
{
        const struct catalog_alias *row;
        int r = alias_find(req, ref, &row, fault);

        return r ? r : answer_object(req, status, alias_shape(row));
}

static int create(struct request *req, struct fault *fault)
{
        _json_ json_t *definition = edit_definition(req->json);
        struct alias *alias = NULL;
        _free_ char *ref = NULL;
        int r = alias_compile(definition, &alias, fault);

        if (r)
                return r;
        ref = strdup(alias_ref(alias));
        alias_free(alias);
        if (!ref)
                return -ENOMEM;
        r = edit_put(req, "alias", ref, definition, true, fault);
        return r ? r : answer_alias(req, 201, ref, fault);
}

static int update(struct request *req, struct fault *fault)
{
        _json_ json_t *definition = edit_definition(req->json), *was = NULL;
        const struct catalog_alias *row;
        _free_ char *ref = NULL;
        int r = alias_find(req, request_param(req, "ref"), &row, fault);

        if (r)
                return r;
        ref = strdup(row->ref);
        was = alias_shape(row);
        if (!ref || !was)
                return -ENOMEM;
        if (edit_only_switches(req, edit_definition(was), definition)) {
                r = edit_enable(req, "alias", ref,
                                json_bool_of(definition, "enabled", true), fault);
        } else {
                edit_name(definition, ref);
                r = edit_put(req, "alias", ref, definition, false, fault);
        }
        return r ? r : answer_alias(req, 200, ref, fault);
}

static int remove_alias(struct request *req, struct fault *fault)
{
        const struct catalog_alias *row;
        int r = alias_find(req, request_param(req, "ref"), &row, fault);

        if (!r)
                r = edit_put(req, "alias", row->ref, NULL, false, fault);
        return r ? r : answer_empty(req, 204);
}

#define A "/api/v1/actionalias"
#define LIST "limit offset include_attributes exclude_attributes name pack"

static const struct route rows[] = {
        { "GET", A, list, AUTH_READ, 0, 200, "Aliases", LIST, NULL, "[Object]" },
        { "POST", A, create, AUTH_ADMINISTER, 0, 201, "Make an alias", "", "Object", "Object" },
        { "POST", A "/match", match, AUTH_READ, 0, 200,
          "Which alias does this command mean, and with which parameters?", "", "AliasCommand",
          "Object" },
        { "GET", A "/help", help, AUTH_READ, 0, 200, "What can be typed", "limit offset pack filter",
          NULL, "Object" },
        { "GET", A "/{ref}", get, AUTH_READ, 0, 200, "One alias", "", NULL, "Object" },
        { "PUT", A "/{ref}", update, AUTH_ADMINISTER, 0, 200,
          "Change an alias, or switch it on or off; one of a file can only be switched", "",
          "Object", "Object" },
        { "DELETE", A "/{ref}", remove_alias, AUTH_ADMINISTER, 0, 204, "Delete an alias", "", NULL,
          NULL },
};

ROUTE_TABLE(routes_aliases);
