/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Request Tracker 5 by REST2. Three things are its own:
 *
 * - An ETag names the state of a ticket, and a change that says If-Match is carried out only in that
 *   state: a real compare-and-swap. Without it the last writer wins.
 * - 200 says that the request was understood. What was refused stands in the answer as a sentence
 *   among others, and what is accepted of the same request is done all the same; 201 for a new
 *   ticket says nothing of the owner or the field that were dropped. What counts is what is read.
 * - Priorities are numbers; any text is taken, and spoils the sorting. Only numbers are sent.
 */

#include "rt.h"

#include <ctype.h>

const char system_name[] = "Request Tracker";

const char *system_withdrawn(struct kn_ctx *ctx)
{
        return strcmp(kn_config_str(ctx, "withdraw", "close"), "delete") == 0
                ? "deleted" : kn_config_str(ctx, "withdrawn_status", "rejected");
}

/* ---- reading ---- */

static int create(struct kn_ctx *ctx)
{
        ctx->self = json_object();
        return ctx->self ? KN_OK : KN_ENOMEM;
}

static void destroy(struct kn_ctx *ctx)
{
        json_decref(ctx->self);
        ctx->self = NULL;
}

/*
 * Queues are named by number in a ticket; an account that may not look at queues sees that. Names
 * hardly ever change: each is asked for once.
 */
static int queue_name(struct kn_ctx *ctx, const json_t *raw, const char **ret)
{
        json_t *names = ctx->self;
        const char *id = text_of(json_object_get(raw, "Queue"), "id", "");
        _free_ char *path = web_path("/queue/%s", id);
        _json_ json_t *queue = NULL;
        int r = json_object_get(names, id) ? KN_OK
                : rt_get(ctx, path, "the queue of a ticket", &queue);

        if (r < 0 && r != KN_EAUTH && r != KN_ENOENT)
                return r;
        if (!json_object_get(names, id))
                json_object_set_new(names, id, json_string(text_of(queue, "Name", id)));
        *ret = text_of(names, id, NULL);
        return *ret ? KN_OK : KN_ENOMEM;
}

/* The text that it was opened with; quietly nothing where the account may not see it. */
int system_describe(struct kn_ctx *ctx, struct ticket *ticket)
{
        const char *id = text_of(ticket->json, "id", "");
        _free_ char *path = web_path("/ticket/%s/attachments?fields=Content,ContentType"
                                     "&orderby=id&order=ASC&per_page=1", id);
        _json_ json_t *answer = NULL;
        const json_t *first;
        int r = rt_get(ctx, path, "a ticket's first words", &answer);

        if (r < 0 && r != KN_EAUTH)
                return r;
        first = json_array_get(json_object_get(answer, "items"), 0);
        return json_object_set_new(ticket->json, "description",
                                   json_string(text_of(first, "Content", "")));
}

int system_get(struct kn_ctx *ctx, const char *id, struct ticket *ret)
{
        _free_ char *path = web_path("/ticket/%s", id);
        char doing[60], stamp[sizeof ret->stamp] = "";
        _web_ struct web_call call = { .path = path, .doing = doing };
        const char *queue = NULL;
        json_t *json;
        int r;

        snprintf(doing, sizeof doing, "ticket %s", id);
        r = path ? rt_call(ctx, &call) : KN_ENOMEM;
        if (r == 0)
                r = queue_name(ctx, call.reply, &queue);
        if (r < 0)
                return r;
        web_header(&call, "ETag", stamp, sizeof stamp);
        json = rt_ticket(ctx, call.reply, queue);
        if (!json)
                return KN_ENOMEM;
        ret->json = json;
        ret->raw = json_incref(call.reply);
        memcpy(ret->stamp, stamp, sizeof stamp);
        return KN_OK;
}

/* The text of a transaction among a ticket's attachments: the first that is text. */
static const char *content_of(const json_t *attachments, const char *transaction)
{
        const json_t *one;
        size_t i;

        json_array_foreach(attachments, i, one)
                if (strcmp(text_of(one, "TransactionId", ""), transaction) == 0 &&
                    strncmp(text_of(one, "ContentType", ""), "text/", 5) == 0)
                        return text_of(one, "Content", "");
        return "";
}

static json_t *comment_of(const json_t *row, const json_t *attachments)
{
        const char *id = text_of(row, "id", "");

        return json_pack("{s:s, s:s?, s:s, s:s, s:b}", "id", id, "author",
                         text_of(json_object_get(row, "Creator"), "id", NULL), "created",
                         text_of(row, "Created", ""), "text", content_of(attachments, id),
                         "private", strcmp(text_of(row, "Type", ""), "Comment") == 0);
}

int system_comments(struct kn_ctx *ctx, const char *id, int64_t limit, json_t **ret)
{
        _free_ char *sql = NULL, *rows_path = NULL, *texts_path = NULL;
        _json_ json_t *rows = NULL, *texts = NULL, *comments = json_array();
        int r;

        if (!rt_condition(&sql, "(Type = 'Comment' OR Type = 'Correspond') AND ObjectType = "
                          "'RT::Ticket' AND ObjectId = ", id))
                return KN_ENOMEM;
        rows_path = web_path("/transactions?query=%s&fields=Type,Created,Creator&orderby=id"
                             "&order=DESC", sql);
        r = rt_list(ctx, rows_path, "a ticket's comments", limit, &rows, NULL);
        texts_path = web_path("/ticket/%s/attachments?fields=Content,ContentType,TransactionId"
                              "&orderby=id&order=DESC", id);
        if (r == 0 && json_array_size(rows) > 0)
                r = rt_list(ctx, texts_path, "the texts of a ticket's comments", limit * 3 + 100,
                            &texts, NULL);
        if (r < 0)
                return r;
        for (size_t i = json_array_size(rows); i-- > 0;)
                json_array_append_new(comments, comment_of(json_array_get(rows, i), texts));
        *ret = json_incref(comments);
        return KN_OK;
}

/* ---- words ---- */

static int fail_fields(struct kn_ctx *ctx, const char *name, const json_t *known)
{
        char names[200] = "";
        const json_t *one;
        size_t i;

        json_array_foreach(known, i, one)
                snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s",
                         *names ? ", " : "", text_of(one, "name", ""));
        return kn_fail(ctx, KN_EARG, "there is no custom field %.80s for this ticket; there are: "
                       "%s", name, *names ? names : "none (is the field applied to the queue, and "
                       "may the account see it?)");
}

/* known: [{name, …}]; NULL: the account may not look, RT will say. */
static int check_fields(struct kn_ctx *ctx, const json_t *fields, const json_t *known)
{
        const char *name;
        json_t *value, *one;
        size_t i;

        json_object_foreach((json_t *)fields, name, value) {
                bool found = !known;

                json_array_foreach(known, i, one)
                        found |= strcmp(text_of(one, "name", ""), name) == 0;
                if (!found)
                        return fail_fields(ctx, name, known);
        }
        return KN_OK;
}

static int normal_owner(struct kn_ctx *ctx, json_t *wanted)
{
        const char *name = text_of(wanted, "owner", NULL);
        _free_ char *path = name ? web_path("/user/%s", name) : NULL;
        _json_ json_t *user = NULL;
        int r;

        if (!name || strcasecmp(name, "nobody") == 0)
                return json_object_set_new(wanted, "owner", json_null());
        r = rt_get(ctx, path, "the owner", &user);
        if (r == KN_ENOENT)
                return kn_fail(ctx, KN_EARG, "Request Tracker knows no user %.80s: give the login "
                               "of one", name);
        if (r == KN_EAUTH)
                return KN_OK;           /* it may not look; the ticket will tell */
        if (r == 0)
                json_object_set_new(wanted, "owner", json_string(text_of(user, "Name", name)));
        return r;
}

static int normal_priority(struct kn_ctx *ctx, json_t *wanted)
{
        const char *number = rt_priority_number(text_of(wanted, "priority", ""));
        size_t len = strspn(number, "0123456789");

        if (!*number || number[len] || len > 9)
                return kn_fail(ctx, KN_EARG, "%.60s is no priority: give low, normal, high, urgent "
                               "or a number", number);
        while (number[0] == '0' && number[1])
                number++;
        return json_object_set_new(wanted, "priority", json_string(rt_priority_word(number)));
}

/* RT writes statuses in lower case, unless a lifecycle says otherwise: then as the ticket has it. */
static int normal_status(const struct ticket *now, json_t *wanted)
{
        const char *status = text_of(wanted, "status", ""), *is = text_of(now->json, "status", "");
        _free_ char *lower = strdup(strcasecmp(status, is) == 0 ? is : status);

        for (char *s = lower; s && *s && strcasecmp(status, is) != 0; s++)
                *s = (char)tolower((unsigned char)*s);
        return lower ? json_object_set_new(wanted, "status", json_string(lower)) : KN_ENOMEM;
}

static int normal_new(struct kn_ctx *ctx, json_t *wanted)
{
        _free_ char *path = web_path("/queue/%s", text_of(wanted, "queue", ""));
        _json_ json_t *queue = NULL;
        int r;

        if (json_object_get(wanted, "kind"))
                return kn_fail(ctx, KN_EUNSUPPORTED, "Request Tracker has no kinds of tickets: "
                               "leave kind out, or choose a queue for it");
        r = rt_get(ctx, path, "the queue", &queue);
        if (r == KN_ENOENT)
                return kn_fail(ctx, KN_EARG, "Request Tracker has no queue %.80s",
                               text_of(wanted, "queue", ""));
        if (r == KN_EAUTH)
                return KN_OK;
        if (r == 0)
                json_object_set_new(wanted, "queue", json_string(text_of(queue, "Name", "")));
        return r < 0 ? r : check_fields(ctx, json_object_get(wanted, "fields"),
                                        json_object_get(queue, "TicketCustomFields"));
}

int system_normal(struct kn_ctx *ctx, const struct ticket *now, json_t *wanted)
{
        int r = now ? check_fields(ctx, json_object_get(wanted, "fields"),
                                   json_object_get(now->raw, "CustomFields"))
                : normal_new(ctx, wanted);

        if (r == 0 && now && json_object_get(wanted, "status"))
                r = normal_status(now, wanted);
        if (r == 0 && json_object_get(wanted, "priority"))
                r = normal_priority(ctx, wanted);
        if (r == 0 && json_object_get(wanted, "owner"))
                r = normal_owner(ctx, wanted);
        return r;
}

/* ---- writing ---- */

/* What both a new ticket and a change send. */
static json_t *body_of(const json_t *wanted)
{
        json_t *body = json_object(), *fields = json_object_get(wanted, "fields"), *value;
        const char *name;

        if (json_object_get(wanted, "subject"))
                json_object_set(body, "Subject", json_object_get(wanted, "subject"));
        if (json_object_get(wanted, "status"))
                json_object_set(body, "Status", json_object_get(wanted, "status"));
        if (json_object_get(wanted, "priority"))
                json_object_set_new(body, "Priority", json_string(
                        rt_priority_number(text_of(wanted, "priority", "0"))));
        if (json_object_get(wanted, "owner"))
                json_object_set_new(body, "Owner", json_string(text_of(wanted, "owner",
                                                                       "Nobody")));
        if (fields)
                json_object_set_new(body, "CustomFields", json_object());
        json_object_foreach(fields, name, value)
                json_object_set_new(json_object_get(body, "CustomFields"), name,
                                    ticket_lines(json_string_value(value)));
        return body;
}

int system_create(struct kn_ctx *ctx, const json_t *wanted, char ret_id[32])
{
        _json_ json_t *body = body_of(wanted);
        _free_ char *link = link_to(ctx, text_of(wanted, "execution", ""));
        char doing[120];
        _web_ struct web_call call = { .method = "POST", .path = "/ticket", .doing = doing,
                                       .json = body };
        const char *text = text_of(wanted, "description", "");
        int r;

        if (!body || !link)
                return KN_ENOMEM;
        snprintf(doing, sizeof doing, "a new ticket in %.80s", text_of(wanted, "queue", ""));
        json_object_set(body, "Queue", json_object_get(wanted, "queue"));
        json_object_set_new(body, "RefersTo", json_string(link));
        if (*text) {
                json_object_set_new(body, "Content", json_string(text));
                json_object_set_new(body, "ContentType", json_string("text/plain"));
        }
        r = rt_call(ctx, &call);
        if (r == 0 && !json_object_get(call.reply, "id"))
                r = kn_fail(ctx, KN_EREMOTE, "Request Tracker answered a new ticket without its "
                            "number");
        if (r == 0)
                snprintf(ret_id, 32, "%s", text_of(call.reply, "id", ""));
        return r;
}

static int put(struct kn_ctx *ctx, const char *id, const char *headers, const json_t *body,
               char said[TICKET_SAID])
{
        _free_ char *path = web_path("/ticket/%s", id);
        char doing[60];
        _web_ struct web_call call = { .method = "PUT", .path = path, .doing = doing,
                                       .json = body, .headers = headers };
        int r;

        snprintf(doing, sizeof doing, "the change of ticket %s", id);
        r = path && body ? rt_call(ctx, &call) : KN_ENOMEM;
        if (call.status == 412)
                return TICKET_STALE;
        if (r == 0)
                web_reason(call.text, call.text_len, said, TICKET_SAID);
        return r;
}

int system_write(struct kn_ctx *ctx, const struct ticket *now, const json_t *set,
                 const char *comment, char said[TICKET_SAID])
{
        const char *id = text_of(now->json, "id", "");
        _json_ json_t *body = body_of(set);
        char match[100];
        int r;

        snprintf(match, sizeof match, "If-Match: %s\n", now->stamp);
        r = put(ctx, id, *now->stamp ? match : NULL, body, said);
        return r == 0 && comment ? system_comment(ctx, id, comment, true) : r;
}

int system_comment(struct kn_ctx *ctx, const char *id, const char *text, bool is_private)
{
        _free_ char *path = web_path(is_private ? "/ticket/%s/comment" : "/ticket/%s/correspond",
                                     id);
        _json_ json_t *body = json_pack("{s:s, s:s}", "Content", text, "ContentType",
                                        "text/plain");
        char doing[60];
        _web_ struct web_call call = { .method = "POST", .path = path, .doing = doing,
                                       .json = body };

        snprintf(doing, sizeof doing, "a comment on ticket %s", id);
        return path && body ? rt_call(ctx, &call) : KN_ENOMEM;
}

int system_link(struct kn_ctx *ctx, const struct ticket *now, const char *execution, bool is_on)
{
        _free_ char *link = link_to(ctx, execution);
        _json_ json_t *body = link ? json_pack("{s:s}", is_on ? "AddRefersTo" : "DeleteRefersTo",
                                               link) : NULL;
        char said[TICKET_SAID];

        return put(ctx, text_of(now->json, "id", ""), NULL, body, said);
}

/* Deleting is a status here, see system_withdrawn(). */
int system_delete(struct kn_ctx *ctx, const char *id)
{
        return kn_fail(ctx, KN_EINTERNAL, "ticket %s: Request Tracker deletes by status", id);
}

/* ---- searching ---- */

static char *sql_of(struct kn_ctx *ctx, const json_t *asked)
{
        static const char *const rows[][2] = {
                { "queue", "Queue = " }, { "subject", "Subject LIKE " }, { "status", "Status = " },
                { "owner", "Owner = " }, { "updated_since", "LastUpdated >= " },
        };
        const char *execution = text_of(asked, "execution", NULL);
        _free_ char *link = execution ? link_to(ctx, execution) : NULL;
        const json_t *closed = json_object_get(asked, "closed");
        char *sql = NULL;
        bool good = true;

        for (size_t i = 0; i < KN_ROWS(rows); i++)
                if (json_object_get(asked, rows[i][0]))
                        good &= rt_condition(&sql, rows[i][1], text_of(asked, rows[i][0], ""));
        if (closed)
                good &= rt_condition(&sql, "Status = ", json_is_true(closed) ? "__Inactive__"
                                     : "__Active__");
        if (execution)
                good &= link && rt_condition(&sql, "RefersTo = ", link);
        if (!sql)
                good &= rt_condition(&sql, "id > ", "0");
        if (good)
                return sql;
        free(sql);
        return NULL;
}

int system_search(struct kn_ctx *ctx, const json_t *asked, int64_t limit, json_t **ret,
                  int64_t *ret_count)
{
        _free_ char *sql = sql_of(ctx, asked);
        _free_ char *path = sql ? web_path("/tickets?query=%s&" RT_FIELDS "&orderby=LastUpdated"
                                           "&order=DESC&orderby=id&order=DESC", sql) : NULL;
        _json_ json_t *rows = NULL, *tickets = json_array();
        const json_t *row;
        size_t i;
        int r = rt_list(ctx, path, "a search", limit, &rows, ret_count);

        if (r < 0)
                return r;
        json_array_foreach(rows, i, row) {
                json_t *ticket = rt_ticket(ctx, row, text_of(json_object_get(row, "Queue"), "Name",
                                                             text_of(json_object_get(row, "Queue"),
                                                                     "id", "")));

                json_object_del(ticket, "fields");
                json_object_del(ticket, "description");
                json_object_del(ticket, "executions");
                json_array_append_new(tickets, ticket);
        }
        *ret = json_incref(tickets);
        return KN_OK;
}

/* ---- the plugin ---- */

static int check(struct kn_ctx *ctx)
{
        _json_ json_t *about = NULL, *queues = NULL;
        int64_t total = 0;
        int r = rt_get(ctx, "/rt", "its version", &about);

        if (r == 0)
                r = rt_list(ctx, "/queues/all?fields=Name", "the list of queues", 100, &queues,
                            &total);
        if (r == 0 && total == 0)
                r = kn_fail(ctx, KN_EAUTH, "Request Tracker lets us in, but the account sees no "
                            "queue: grant it SeeQueue, ShowTicket, ShowTicketComments, "
                            "CreateTicket, ModifyTicket, OwnTicket, CommentOnTicket and "
                            "ReplyToTicket where it works, see kaname-rt(7)");
        if (r < 0)
                return r;
        r = kn_return_str(ctx, "version", text_of(about, "Version", "unknown"));
        return r < 0 ? r : kn_return_int(ctx, "queues", total);
}

static const char config[] = KN_JSON({
        "type": "object",
        "properties": {
                "url": { "type": "string", "maxLength": 300, "pattern": "^https?://[^\\s?#@]+$",
                        "description": "Where people open it: https://rt.example.com" },
                "token": { "type": "string", "minLength": 1, "maxLength": 500, "writeOnly": true,
                        "pattern": "^[!-~]+$",
                        "description": "An auth token of the account that works on the tickets" },
                "resolved_status": { "type": "string", "minLength": 1, "maxLength": 100,
                        "default": "resolved", "description": "What resolve sets" },
                "open_status": { "type": "string", "minLength": 1, "maxLength": 100,
                        "default": "open", "description": "What reopen sets" },
                "closed_statuses": { "type": "array", "minItems": 1, "maxItems": 50,
                        "items": { "type": "string", "minLength": 1, "maxLength": 100 },
                        "default": ["resolved", "rejected", "deleted"],
                        "description": "The inactive statuses of the lifecycles in use" },
                "withdraw": { "enum": ["close", "delete"], "default": "close",
                        "description": "What becomes of a ticket that is taken back" },
                "withdrawn_status": { "type": "string", "minLength": 1, "maxLength": 100,
                        "default": "rejected", "description": "Its status, where it is closed" },
                "execution_url": { "type": "string", "minLength": 1, "maxLength": 200,
                        "pattern": "^[!-~]+$", "default": "urn:kaname:execution:",
                        "description": "What stands before the id of an execution in a link" },
                "poll_s": { "type": "integer", "minimum": 1, "maximum": 86400, "default": 30,
                        "description": "How often is looked for what happened" }
        ) WEB_TLS KN_JSON(
        },
        "required": ["url", "token"],
        "additionalProperties": false
});

static const struct kn_action actions[] = { TICKET_ACTIONS };

static const struct kn_sensor sensors[] = {
        { .name = "ticket.watch", .summary = "Watch what happens to tickets", .poll = rt_poll,
          .interval_ms = 30000 },
};

KN_PLUGIN(.name = "rt", .version = "1.0", .domain = "ticket",
          .summary = "Tickets in Request Tracker 5, by REST2",
          .config = config, .create = create, .destroy = destroy, .check = check,
          KN_ACTIONS(actions), KN_SENSORS(sensors))
