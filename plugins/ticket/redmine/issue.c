/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Issues as tickets. Two things are Redmine's own: it has no "only if" that a client could use (an
 * issue's lock_version is checked, but never shown), so an issue is read once more right before it
 * is written; and 204 says only that the request was understood: a status that the workflow does
 * not allow is dropped without a word. What counts is what is read back.
 */

#include "redmine.h"

const char *system_withdrawn(struct kn_ctx *ctx)
{
        return strcmp(kn_config_str(ctx, "withdraw", "close"), "delete") == 0
                ? NULL : kn_config_str(ctx, "withdrawn_status", "Rejected");
}

static int get_issue(struct kn_ctx *ctx, const char *id, const char *include, json_t **ret)
{
        _free_ char *path = web_path("/issues/%s.json?include=%s", id, include);
        char doing[60];

        snprintf(doing, sizeof doing, "ticket %s", id);
        return redmine_get(ctx, path, "issue", doing, ret);
}

int system_get(struct kn_ctx *ctx, const char *id, struct ticket *ret)
{
        _json_ json_t *issue = NULL;
        json_t *ticket = NULL;
        int r = get_issue(ctx, id, "allowed_statuses", &issue);

        redmine_forget(ctx);
        if (r == 0)
                r = redmine_ticket(ctx, issue, &ticket);
        if (r < 0)
                return r;
        ret->json = ticket;
        ret->raw = json_incref(issue);
        return KN_OK;
}

/* An issue comes with it. */
int system_describe(struct kn_ctx *ctx, struct ticket *ticket)
{
        (void)ctx, (void)ticket;
        return KN_OK;
}

int system_comments(struct kn_ctx *ctx, const char *id, int64_t limit, json_t **ret)
{
        _json_ json_t *issue = NULL, *comments = json_array();
        const json_t *journal;
        size_t i;
        int r = get_issue(ctx, id, "journals", &issue);

        if (r < 0)
                return r;
        json_array_foreach(json_object_get(issue, "journals"), i, journal) {
                const char *notes = text_of(journal, "notes", "");

                if (!*notes)
                        continue;
                json_array_append_new(comments, json_pack(
                        "{s:o, s:s?, s:s, s:s, s:b}", "id", json_sprintf("%lld", id_of(journal)),
                        "author", redmine_login(ctx, json_object_get(journal, "user")), "created",
                        text_of(journal, "created_on", ""), "text", notes, "private",
                        json_is_true(json_object_get(journal, "private_notes"))));
                if ((int64_t)json_array_size(comments) > limit)
                        json_array_remove(comments, 0);
        }
        *ret = json_incref(comments);
        return KN_OK;
}

/* ---- writing ---- */

/* What both a new issue and a change send, with the numbers that system_normal() found. */
static json_t *body_of(struct kn_ctx *ctx, const json_t *wanted)
{
        static const char *const numbers[] = { "project_id", "tracker_id", "status_id",
                                               "priority_id", "assigned_to_id" };
        const json_t *ids = redmine_of(ctx)->ids;
        json_t *body = json_object(), *fields, *value;
        const char *name;

        if (json_object_get(wanted, "subject"))
                json_object_set(body, "subject", json_object_get(wanted, "subject"));
        for (size_t i = 0; i < KN_ROWS(numbers); i++)
                if (json_object_get(ids, numbers[i]))
                        json_object_set(body, numbers[i], json_object_get(ids, numbers[i]));
        if (json_object_size(json_object_get(wanted, "fields")) == 0)
                return body;
        fields = json_array();
        json_object_foreach(json_object_get(wanted, "fields"), name, value)
                json_array_append_new(fields, json_pack(
                        "{s:O, s:o}", "id", json_object_get(json_object_get(ids, "fields"), name),
                        "value", ticket_lines(json_string_value(value))));
        json_object_set_new(body, "custom_fields", fields);
        return body;
}

int system_create(struct kn_ctx *ctx, const json_t *wanted, char ret_id[32])
{
        _free_ char *text = description_with(ctx, text_of(wanted, "description", ""),
                                             text_of(wanted, "execution", ""));
        json_t *body = text ? body_of(ctx, wanted) : NULL;
        _json_ json_t *reply = NULL;
        long long id;
        int r;

        if (!body)
                return KN_ENOMEM;
        json_object_set_new(body, "description", json_string(text));
        r = redmine_send(ctx, "POST", "/issues.json", "a new ticket", "issue", body, &reply);
        if (r < 0)
                return r;
        id = id_of(json_object_get(reply, "issue"));
        if (!id)
                return kn_fail(ctx, KN_EREMOTE, "Redmine answered a new ticket without its number");
        snprintf(ret_id, 32, "%lld", id);
        return KN_OK;
}

static int put(struct kn_ctx *ctx, const char *id, const char *what, json_t *body)
{
        _free_ char *path = web_path("/issues/%s.json", id);
        char doing[80];

        snprintf(doing, sizeof doing, "%s ticket %s", what, id);
        return redmine_send(ctx, "PUT", path, doing, "issue", body, NULL);
}

int system_write(struct kn_ctx *ctx, const struct ticket *now, const json_t *set,
                 const char *comment, char said[TICKET_SAID])
{
        json_t *body = body_of(ctx, set);

        *said = 0;
        if (comment)
                json_object_set_new(body, "notes", json_string(comment));
        return put(ctx, text_of(now->json, "id", ""), "the change of", body);
}

int system_comment(struct kn_ctx *ctx, const char *id, const char *text, bool is_private)
{
        return put(ctx, id, "a comment on", json_pack("{s:s, s:b}", "notes", text, "private_notes",
                                                      is_private));
}

int system_link(struct kn_ctx *ctx, const struct ticket *now, const char *execution, bool is_on)
{
        const char *text = text_of(now->raw, "description", "");
        _free_ char *changed = is_on ? description_with(ctx, text, execution)
                                     : description_without(ctx, text, execution);

        return changed ? put(ctx, text_of(now->json, "id", ""), "a link of",
                             json_pack("{s:s}", "description", changed)) : KN_ENOMEM;
}

int system_delete(struct kn_ctx *ctx, const char *id)
{
        _free_ char *path = web_path("/issues/%s.json", id);
        char doing[60];
        int r;

        snprintf(doing, sizeof doing, "deleting ticket %s", id);
        r = redmine_send(ctx, "DELETE", path, doing, NULL, NULL, NULL);
        return r == KN_ENOENT ? KN_OK : r;
}

/* ---- searching ---- */

static bool filter(char **query, const char *field, const char *operator, const char *value)
{
        _free_ char *more = web_path("&f%%5B%%5D=%s&op%%5B%s%%5D=%s&v%%5B%s%%5D%%5B%%5D=%s", field,
                                     field, operator, field, value);
        size_t len = strlen(*query), size = len + (more ? strlen(more) : 0) + 1;
        char *longer = more ? realloc(*query, size) : NULL;

        if (!longer)
                return false;
        *query = longer;
        strcpy(longer + len, more);
        return true;
}

static int status_filter(struct kn_ctx *ctx, const json_t *asked, char **query)
{
        const char *name = text_of(asked, "status", NULL);
        const json_t *closed = json_object_get(asked, "closed"), *one;
        _json_ json_t *all = NULL;
        char id[24] = "0";              /* no status has it: nothing fits */
        size_t i;
        int r;

        if (!name)
                return filter(query, "status_id", !closed ? "*" : json_is_true(closed) ? "c" : "o",
                              "") ? KN_OK : KN_ENOMEM;
        r = redmine_get(ctx, "/issue_statuses.json", "issue_statuses", "the list of statuses",
                        &all);
        json_array_foreach(all, i, one)
                if (strcasecmp(text_of(one, "name", ""), name) == 0 &&
                    (!closed || json_equal(json_object_get(one, "is_closed"), closed)))
                        snprintf(id, sizeof id, "%lld", id_of(one));
        return r < 0 ? r : filter(query, "status_id", "=", id) ? KN_OK : KN_ENOMEM;
}

static int number_filters(struct kn_ctx *ctx, const json_t *asked, char **query)
{
        const char *queue = text_of(asked, "queue", NULL), *owner = text_of(asked, "owner", NULL);
        _free_ char *path = queue ? web_path("/projects/%s.json", queue) : NULL;
        _json_ json_t *project = NULL;
        long long id = 0;
        char number[24];
        int r = queue ? redmine_get(ctx, path, "project", "the project", &project) : KN_OK;

        if (r == 0 && project) {
                snprintf(number, sizeof number, "%lld", id_of(project));
                r = filter(query, "project_id", "=", number) ? KN_OK : KN_ENOMEM;
        }
        if (r == 0 && owner) {
                r = redmine_user_id(ctx, owner, &id);
                snprintf(number, sizeof number, "%lld", id);
                if (r == 0)
                        r = filter(query, "assigned_to_id", "=", number) ? KN_OK : KN_ENOMEM;
        }
        return r;
}

static int query_of(struct kn_ctx *ctx, const json_t *asked, char **ret)
{
        const char *subject = text_of(asked, "subject", NULL);
        const char *since = text_of(asked, "updated_since", NULL);
        const char *execution = text_of(asked, "execution", NULL);
        _free_ char *link = execution ? link_to(ctx, execution) : NULL;
        char *query = strdup("/issues.json?set_filter=1&sort=updated_on:desc,id:desc");
        int r = query ? status_filter(ctx, asked, &query) : KN_ENOMEM;

        if (r == 0)
                r = number_filters(ctx, asked, &query);
        if (r == 0 && ((subject && !filter(&query, "subject", "~", subject)) ||
                       (since && !filter(&query, "updated_on", ">=", since)) ||
                       (link && !filter(&query, "description", "~", link))))
                r = KN_ENOMEM;
        if (r == 0)
                *ret = query;
        else
                free(query);
        return r;
}

static bool contains(const char *text, const char *part)
{
        size_t len = strlen(part);

        for (; *text; text++)
                if (strncasecmp(text, part, len) == 0)
                        return true;
        return len == 0;
}

/* "Contains" of Redmine looks for each word: here it is the whole. */
static bool fits(const json_t *ticket, const json_t *asked)
{
        const char *subject = text_of(asked, "subject", NULL);
        const char *execution = text_of(asked, "execution", NULL);

        return (!subject || contains(text_of(ticket, "subject", ""), subject)) &&
                (!execution || has_execution(ticket, execution));
}

int system_search(struct kn_ctx *ctx, const json_t *asked, int64_t limit, json_t **ret,
                  int64_t *ret_count)
{
        _free_ char *query = NULL;
        _json_ json_t *issues = NULL, *tickets = json_array();
        const json_t *issue;
        size_t i;
        int r = query_of(ctx, asked, &query);

        redmine_forget(ctx);
        if (r == 0)
                r = redmine_list(ctx, query, "issues", limit, &issues, ret_count);
        json_array_foreach(issues, i, issue) {
                json_t *ticket = NULL;

                if (r == 0)
                        r = redmine_ticket(ctx, issue, &ticket);
                if (r == 0 && !fits(ticket, asked)) {
                        json_decref(ticket);
                        --*ret_count;
                        continue;
                }
                json_object_del(ticket, "fields");
                json_object_del(ticket, "description");
                json_object_del(ticket, "executions");
                json_array_append_new(tickets, ticket);
        }
        if (r == 0)
                *ret = json_incref(tickets);
        return r;
}
