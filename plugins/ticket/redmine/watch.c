/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What happens to issues. Redmine has no log of everything, but each issue has its journal, and says
 * when it was touched last: the issues touched since the cursor are looked through for what is new
 * in their journals. Times are seconds; what was told of the cursor's own second is remembered.
 */

#include "redmine.h"

#define AT_ONCE 1000                    /* issues a poll */

struct watch {
        struct kn_ctx *ctx;
        const char *since;
        json_t *seen;                   /* event id → when, of those since the cursor */
        json_t *statuses;               /* NULL: not asked yet */
        bool is_silent;                 /* the first look: all that is there is old */
};

static int is_closed(struct watch *watch, const char *id, bool *ret)
{
        const json_t *one;
        size_t i;
        int r = 0;

        if (!watch->statuses)
                r = redmine_get(watch->ctx, "/issue_statuses.json", "issue_statuses",
                                "the list of statuses", &watch->statuses);
        json_array_foreach(watch->statuses, i, one)
                if (id_of(one) == atoll(id))
                        *ret = json_is_true(json_object_get(one, "is_closed"));
        return r;
}

static int look_through(struct watch *watch, const json_t *details, json_t *changes,
                        bool *ret_is_resolved)
{
        const json_t *detail;
        size_t i;

        json_array_foreach(details, i, detail) {
                const char *before = text_of(detail, "old_value", NULL);
                const char *after = text_of(detail, "new_value", NULL);
                bool was = false, is = false;
                int r = 0;

                json_array_append_new(changes, json_pack(
                        "{s:s, s:s?, s:s?}", "field", text_of(detail, "name", ""), "before",
                        before, "after", after));
                if (strcmp(text_of(detail, "name", ""), "status_id") != 0 || !before || !after)
                        continue;
                r = is_closed(watch, before, &was);
                if (r == 0)
                        r = is_closed(watch, after, &is);
                if (r < 0)
                        return r;
                *ret_is_resolved = is && !was;
        }
        return KN_OK;
}

/* Is it new? Then it is remembered. */
static bool is_news(struct watch *watch, const char *id, const char *at)
{
        if (strcmp(at, watch->since) < 0 || json_object_get(watch->seen, id))
                return false;
        json_object_set_new(watch->seen, id, json_string(at));
        return !watch->is_silent;
}

static int tell_journal(struct watch *watch, const json_t *ticket, const json_t *journal)
{
        _json_ json_t *changes = json_array();
        char id[60];
        struct happening happening = {
                .id = id, .ticket = ticket, .at = text_of(journal, "created_on", ""),
                .changes = changes, .is_commented = *text_of(journal, "notes", ""),
        };
        int r;

        snprintf(id, sizeof id, "redmine-journal-%lld", id_of(journal));
        if (!is_news(watch, id, happening.at))
                return KN_OK;
        happening.by = redmine_login(watch->ctx, json_object_get(journal, "user"));
        r = look_through(watch, json_object_get(journal, "details"), changes,
                         &happening.is_resolved);
        return r < 0 ? r : ticket_tell(watch->ctx, &happening);
}

static int tell_issue(struct watch *watch, const json_t *listed)
{
        _free_ char *path = web_path("/issues/%lld.json?include=journals", id_of(listed));
        _json_ json_t *issue = NULL, *ticket = NULL;
        struct happening created = { .is_created = true };
        const json_t *journal;
        char id[60];
        size_t i;
        int r = redmine_get(watch->ctx, path, "issue", "a ticket that changed", &issue);

        if (r == KN_ENOENT || r == KN_EAUTH)
                return KN_OK;           /* it went meanwhile */
        if (r == 0)
                r = redmine_ticket(watch->ctx, issue, &ticket);
        snprintf(id, sizeof id, "redmine-issue-%lld", id_of(listed));
        created.id = id;
        created.ticket = ticket;
        if (r == 0 && is_news(watch, id, text_of(issue, "created_on", "")))
                r = ticket_tell(watch->ctx, &created);
        json_array_foreach(json_object_get(issue, "journals"), i, journal)
                if (r == 0)
                        r = tell_journal(watch, ticket, journal);
        return r;
}

static int touched(struct watch *watch, const char *order, int64_t limit, json_t **ret)
{
        _free_ char *path = web_path("/issues.json?set_filter=1&f%%5B%%5D=status_id"
                                     "&op%%5Bstatus_id%%5D=*&f%%5B%%5D=updated_on"
                                     "&op%%5Bupdated_on%%5D=%s&v%%5Bupdated_on%%5D%%5B%%5D=%s"
                                     "&sort=updated_on:%s", ">=", watch->since, order);

        return redmine_list(watch->ctx, path, "issues", limit, ret, NULL);
}

static int keep(struct watch *watch, const char *since)
{
        _json_ json_t *seen = json_object(), *cursor = NULL;
        _free_ char *text = NULL;
        const char *id;
        json_t *at;

        json_object_foreach(watch->seen, id, at)
                if (strcmp(json_string_value(at), since) >= 0)
                        json_object_set(seen, id, at);
        cursor = json_pack("{s:s, s:O}", "since", since, "seen", seen);
        text = canonical(cursor);
        return text ? kn_put_text(watch->ctx, KN_STORE, "cursor", KN_JSONTEXT, text) : KN_ENOMEM;
}

static int look(struct watch *watch)
{
        _json_ json_t *issues = NULL;
        const char *since = watch->since;
        const json_t *issue;
        size_t i;
        int r = touched(watch, "asc", AT_ONCE, &issues);

        json_array_foreach(issues, i, issue) {
                if (r == 0)
                        r = tell_issue(watch, issue);
                if (strcmp(text_of(issue, "updated_on", ""), since) > 0)
                        since = text_of(issue, "updated_on", "");
        }
        return r < 0 ? r : keep(watch, since);
}

/* Begin with the last second in which anything happened; its events are old, but are remembered. */
static int begin(struct watch *watch)
{
        _json_ json_t *issues = NULL;
        int r = touched(watch, "desc", 1, &issues);

        if (r < 0)
                return r;
        watch->is_silent = true;
        watch->since = text_of(json_array_get(issues, 0), "updated_on", watch->since);
        return look(watch);
}

int redmine_poll(struct kn_ctx *ctx)
{
        _json_ json_t *cursor = json_loads(kn_str(ctx, KN_STORE, "cursor", "null"), 0, NULL);
        _json_ json_t *seen = json_deep_copy(json_object_get(cursor, "seen"));
        struct watch watch = { .ctx = ctx };
        int r;

        if (!json_is_object(seen)) {
                json_decref(seen);
                seen = json_object();
        }
        kn_put_int(ctx, KN_CALL, "again_ms", KN_INT, kn_config_int(ctx, "poll_s", 30) * 1000);
        redmine_forget(ctx);
        watch.seen = seen;
        watch.since = text_of(cursor, "since", "1970-01-01T00:00:00Z");
        r = json_is_object(cursor) ? look(&watch) : begin(&watch);
        json_decref(watch.statuses);
        return r;
}
