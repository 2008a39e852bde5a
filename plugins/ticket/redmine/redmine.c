/* SPDX-License-Identifier: Apache-2.0 */

/* Redmine 5 by its REST API: what the plugin says of itself, and its check. */

#include "account.h"

static int find_status(struct kn_ctx *ctx, const json_t *statuses, const char *setting,
                       const char *or_else, bool closed)
{
        const char *name = kn_config_str(ctx, setting, or_else);
        const json_t *one;
        size_t i;

        json_array_foreach(statuses, i, one)
                if (strcasecmp(text_of(one, "name", ""), name) == 0)
                        return json_is_true(json_object_get(one, "is_closed")) == closed ? KN_OK
                                : kn_fail(ctx, KN_EARG, "%s is %.80s, which is %s in Redmine: "
                                          "choose one that is %s", setting, name,
                                          closed ? "no closed status" : "a closed status",
                                          closed ? "closed" : "open");
        return kn_fail(ctx, KN_EARG, "%s is %.80s, and Redmine has no such status", setting, name);
}

static int check_statuses(struct kn_ctx *ctx)
{
        _json_ json_t *statuses = NULL;
        int r = redmine_get(ctx, "/issue_statuses.json", "issue_statuses", "the list of statuses",
                            &statuses);

        if (r == 0)
                r = find_status(ctx, statuses, "resolved_status", "Closed", true);
        if (r == 0)
                r = find_status(ctx, statuses, "open_status", "In Progress", false);
        if (r == 0 && system_withdrawn(ctx))
                r = find_status(ctx, statuses, "withdrawn_status", "Rejected", true);
        return r;
}

static int check(struct kn_ctx *ctx)
{
        _json_ json_t *me = NULL, *projects = NULL;
        int64_t total = 0;
        int r = redmine_get(ctx, "/my/account.json", "user", "the account", &me);

        if (r == 0)
                r = redmine_list(ctx, "/projects.json?sort=id", "projects", 1, &projects, &total);
        if (r == 0)
                r = check_statuses(ctx);
        if (r == 0 && total == 0)
                r = kn_fail(ctx, KN_EAUTH, "Redmine lets us in as %.80s, but shows no project: make "
                            "the account a member where it works, with the rights that "
                            "kaname-redmine(7) lists", text_of(me, "login", "?"));
        if (r < 0)
                return r;
        return give(ctx, json_pack("{s:s, s:b, s:I, s:s}", "account", text_of(me, "login", "?"),
                                   "administrator", json_is_true(json_object_get(me, "admin")),
                                   "projects", (json_int_t)total, "note",
                                   json_is_true(json_object_get(me, "admin")) ? "all works"
                                   : "tickets work; owners show as #NUMBER, and accounts cannot be "
                                     "kept: that needs an administrator"));
}

static const char config[] = KN_JSON({
        "type": "object",
        "properties": {
                "url": { "type": "string", "maxLength": 300, "pattern": "^https?://[^\\s?#@]+$",
                        "description": "Where people open Redmine: https://redmine.example.com" },
                "api_key": { "type": "string", "minLength": 1, "maxLength": 500, "writeOnly": true,
                        "pattern": "^[!-~]+$",
                        "description": "The API access key of the account that works on the tickets" },
                "tracker": { "type": "string", "minLength": 1, "maxLength": 100,
                        "description": "The kind of new tickets; absent: the project's first" },
                "resolved_status": { "type": "string", "minLength": 1, "maxLength": 100,
                        "default": "Closed", "description": "What resolve sets: a closed status" },
                "open_status": { "type": "string", "minLength": 1, "maxLength": 100,
                        "default": "In Progress", "description": "What reopen sets" },
                "withdraw": { "enum": ["close", "delete"], "default": "close",
                        "description": "What becomes of a ticket that is taken back; delete is for good" },
                "withdrawn_status": { "type": "string", "minLength": 1, "maxLength": 100,
                        "default": "Rejected", "description": "Its status, where it is closed" },
                "priorities": { "type": "object", "additionalProperties": false, "default": {},
                        "properties": {
                                "low": { "type": "string", "default": "Low",
                                        "description": "What Redmine calls low" },
                                "normal": { "type": "string", "default": "Normal",
                                        "description": "What Redmine calls normal" },
                                "high": { "type": "string", "default": "High",
                                        "description": "What Redmine calls high" },
                                "urgent": { "type": "string", "default": "Urgent",
                                        "description": "What Redmine calls urgent" } },
                        "description": "Names of priorities, where they are not in English" },
                "execution_url": { "type": "string", "minLength": 1, "maxLength": 200,
                        "pattern": "^[!-~]+$", "default": "urn:kaname:execution:",
                        "description": "What stands before an execution's id in a link" },
                "poll_s": { "type": "integer", "minimum": 1, "maximum": 86400, "default": 30,
                        "description": "How often is looked for what happened" }
        ) WEB_TLS KN_JSON(
        },
        "required": ["url", "api_key"],
        "additionalProperties": false
});

static const struct kn_action actions[] = { TICKET_ACTIONS, ACCOUNT_ACTIONS };

static const struct kn_sensor sensors[] = {
        { .name = "ticket.watch", .summary = "Watch what happens to tickets", .poll = redmine_poll,
          .interval_ms = 30000 },
};

KN_PLUGIN(.name = "redmine", .version = "1.0", .domain = "ticket account",
          .summary = "Tickets and accounts in Redmine 5", .config = config, .create = redmine_create,
          .destroy = redmine_destroy, .check = check, KN_ACTIONS(actions), KN_SENSORS(sensors))
