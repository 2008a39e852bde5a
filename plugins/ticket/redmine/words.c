/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What Redmine's numbers mean, and the other way. Everything there has a number; people, rules and
 * contracts speak names. A name that is not there is refused with those that are: Redmine itself
 * takes a wrong number with 204 and does nothing.
 */

#include "redmine.h"

const char *redmine_login(struct kn_ctx *ctx, const json_t *user)
{
        json_t *logins = redmine_of(ctx)->logins;
        _json_ json_t *found = NULL;
        _free_ char *path = web_path("/users/%lld.json", id_of(user));
        char id[24], nameless[25];

        snprintf(id, sizeof id, "%lld", id_of(user));
        if (json_object_get(logins, id))
                return text_of(logins, id, "");
        snprintf(nameless, sizeof nameless, "#%s", id);
        if (redmine_get(ctx, path, "user", "a user", &found) < 0)
                found = NULL;           /* not for our eyes, or a group */
        json_object_set_new(logins, id, json_string(text_of(found, "login", nameless)));
        return text_of(logins, id, NULL);
}

int redmine_user_id(struct kn_ctx *ctx, const char *login, long long *ret)
{
        _free_ char *path = web_path("/users.json?name=%s&status=", login);
        _json_ json_t *users = NULL;
        const json_t *one;
        size_t i;
        int r;

        if (*login == '#') {
                *ret = atoll(login + 1);
                return KN_OK;
        }
        r = redmine_list(ctx, path, "users", 1000, &users, NULL);
        if (r == KN_EAUTH)
                return kn_fail(ctx, KN_EAUTH, "Redmine shows logins to administrators only: make "
                               "the instance's account one, or give the user's number, as #5");
        if (r < 0)
                return r;
        json_array_foreach(users, i, one)
                if (strcasecmp(text_of(one, "login", ""), login) == 0) {
                        *ret = id_of(one);
                        return KN_OK;
                }
        return kn_fail(ctx, KN_EARG, "Redmine knows no user %.80s: give the login of one", login);
}

/* ---- priorities: four words that the configuration maps to names ---- */

static const char *const words[] = { "low", "normal", "high", "urgent" };

static const char *name_of_word(struct kn_ctx *ctx, const char *word)
{
        char path[40];

        for (size_t i = 0; i < KN_ROWS(words); i++)
                if (strcasecmp(words[i], word) == 0) {
                        snprintf(path, sizeof path, "priorities.%s", words[i]);
                        return kn_config_str(ctx, path, word);
                }
        return word;
}

static const char *word_of_name(struct kn_ctx *ctx, const char *name)
{
        for (size_t i = 0; name && i < KN_ROWS(words); i++)
                if (strcasecmp(name_of_word(ctx, words[i]), name) == 0)
                        return words[i];
        return name;
}

/* ---- issues ---- */

static const char *queue_of(struct kn_ctx *ctx, const json_t *project)
{
        json_t *projects = redmine_of(ctx)->projects;
        _free_ char *path = web_path("/projects/%lld.json", id_of(project));
        _json_ json_t *found = NULL;
        char id[24];

        snprintf(id, sizeof id, "%lld", id_of(project));
        if (!json_object_get(projects, id) &&
            redmine_get(ctx, path, "project", "the project", &found) == 0)
                json_object_set(projects, id, json_object_get(found, "identifier"));
        return text_of(projects, id, text_of(project, "name", ""));
}

/* Several values of one field are a line each. */
static json_t *value_text(const json_t *value)
{
        json_t *text, *one;
        size_t i;

        if (!json_is_array(value))
                return json_string(json_is_string(value) ? json_string_value(value) : "");
        text = json_string("");
        json_array_foreach(value, i, one) {
                json_t *longer = json_sprintf("%s%s%s", json_string_value(text), i ? "\n" : "",
                                              json_is_string(one) ? json_string_value(one) : "");

                json_decref(text);
                text = longer;
        }
        return text;
}

static json_t *fields_of(const json_t *issue)
{
        json_t *ret = json_object(), *field;
        size_t i;

        json_array_foreach(json_object_get(issue, "custom_fields"), i, field)
                json_object_set_new(ret, text_of(field, "name", "?"),
                                    value_text(json_object_get(field, "value")));
        return ret;
}

static json_t *login_json(struct kn_ctx *ctx, const json_t *user)
{
        return user ? json_string(redmine_login(ctx, user)) : json_null();
}

int redmine_ticket(struct kn_ctx *ctx, const json_t *issue, json_t **ret)
{
        const char *text = text_of(issue, "description", ""), *url = kn_config_str(ctx, "url", "");
        const json_t *status = json_object_get(issue, "status");
        _free_ char *description = description_without(ctx, text, NULL);
        size_t len = strlen(url);

        if (!description)
                return KN_ENOMEM;
        while (len > 0 && url[len - 1] == '/')
                len--;
        *ret = json_pack(
                "{s:o, s:o, s:s, s:s, s:s?, s:s, s:b, s:s?, s:o, s:o, s:s, s:s, s:o, s:s, s:o}",
                "id", json_sprintf("%lld", id_of(issue)), "url",
                json_sprintf("%.*s/issues/%lld", (int)len, url, id_of(issue)), "queue",
                queue_of(ctx, json_object_get(issue, "project")), "subject",
                text_of(issue, "subject", ""), "kind",
                text_of(json_object_get(issue, "tracker"), "name", NULL), "status",
                text_of(status, "name", ""), "closed",
                json_is_true(json_object_get(status, "is_closed")), "priority",
                word_of_name(ctx, text_of(json_object_get(issue, "priority"), "name", NULL)),
                "owner", login_json(ctx, json_object_get(issue, "assigned_to")), "author",
                login_json(ctx, json_object_get(issue, "author")), "created",
                text_of(issue, "created_on", ""), "updated", text_of(issue, "updated_on", ""),
                "fields", fields_of(issue), "description", description, "executions",
                executions_in(ctx, text));
        return *ret ? KN_OK : KN_ENOMEM;
}

/* ---- what is wanted, in the words of reading, and its numbers for writing ---- */

/* The row of that name; else a failure that lists the names. */
static int find_name(struct kn_ctx *ctx, const json_t *rows, const char *what, const char *name,
                     const json_t **ret)
{
        char names[240] = "";
        const json_t *one;
        size_t i;

        json_array_foreach(rows, i, one) {
                if (strcasecmp(text_of(one, "name", ""), name) == 0) {
                        *ret = one;
                        return KN_OK;
                }
                snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s",
                         *names ? ", " : "", text_of(one, "name", ""));
        }
        return kn_fail(ctx, KN_EARG, "there is no %s %.80s here; there are: %s", what, name,
                       *names ? names : "none that the instance's account may use");
}

static void note_id(struct kn_ctx *ctx, const char *key, const json_t *row)
{
        json_object_set(redmine_of(ctx)->ids, key, json_object_get(row, "id"));
}

static int normal_priority(struct kn_ctx *ctx, json_t *wanted)
{
        const char *name = name_of_word(ctx, text_of(wanted, "priority", ""));
        _json_ json_t *all = NULL;
        const json_t *row = NULL;
        int r = redmine_get(ctx, "/enumerations/issue_priorities.json", "issue_priorities",
                            "the list of priorities", &all);

        if (r == 0)
                r = find_name(ctx, all, "priority", name, &row);
        if (r < 0)
                return r;
        note_id(ctx, "priority_id", row);
        return json_object_set_new(wanted, "priority", json_string(
                word_of_name(ctx, text_of(row, "name", ""))));
}

static int normal_owner(struct kn_ctx *ctx, json_t *wanted)
{
        const char *login = text_of(wanted, "owner", NULL);
        _json_ json_t *user = NULL;
        long long id = 0;
        int r = login ? redmine_user_id(ctx, login, &id) : KN_OK;

        if (r < 0)
                return r;
        json_object_set_new(redmine_of(ctx)->ids, "assigned_to_id",
                            login ? json_integer(id) : json_string(""));
        user = json_pack("{s:I}", "id", (json_int_t)id);
        return json_object_set_new(wanted, "owner", login ? login_json(ctx, user) : json_null());
}

static int normal_fields(struct kn_ctx *ctx, const json_t *fields, const json_t *known)
{
        json_t *ids = json_object();
        const char *name;
        json_t *value;
        int r = KN_OK;

        json_object_foreach((json_t *)fields, name, value) {
                const json_t *row = NULL;

                if (r == 0)
                        r = find_name(ctx, known, "custom field", name, &row);
                if (r == 0)
                        json_object_set(ids, name, json_object_get(row, "id"));
        }
        json_object_set_new(redmine_of(ctx)->ids, "fields", ids);
        return r;
}

static int normal_status(struct kn_ctx *ctx, const struct ticket *now, json_t *wanted)
{
        const char *name = text_of(wanted, "status", "");
        const json_t *row = json_object_get(now->raw, "status");
        int r = KN_OK;

        if (strcasecmp(text_of(row, "name", ""), name) != 0)
                r = find_name(ctx, json_object_get(now->raw, "allowed_statuses"),
                              "status (or no way to it from where the ticket is)", name, &row);
        if (r < 0)
                return r;
        note_id(ctx, "status_id", row);
        return json_object_set(wanted, "status", json_object_get(row, "name"));
}

/* A project names only the fields of its own; those of all projects an administrator can list. */
static int new_fields(struct kn_ctx *ctx, const json_t *fields, const json_t *of_project)
{
        _json_ json_t *known = json_copy((json_t *)of_project), *all = NULL;
        json_t *one;
        size_t i;
        int r = json_object_size(fields) == 0 ? KN_OK
                : redmine_get(ctx, "/custom_fields.json", "custom_fields",
                              "the list of custom fields", &all);

        if (r < 0 && r != KN_EAUTH)
                return r;
        json_array_foreach(all, i, one)
                if (strcmp(text_of(one, "customized_type", ""), "issue") == 0)
                        json_array_append(known, one);
        return normal_fields(ctx, fields, known);
}

static int normal_new(struct kn_ctx *ctx, json_t *wanted)
{
        const char *kind = text_of(wanted, "kind", kn_config_str(ctx, "tracker", NULL));
        _free_ char *path = web_path("/projects/%s.json?include=trackers,issue_custom_fields",
                                     text_of(wanted, "queue", ""));
        _json_ json_t *project = NULL;
        const json_t *row = NULL;
        int r = redmine_get(ctx, path, "project", "the project", &project);

        if (r == KN_ENOENT)
                return kn_fail(ctx, KN_EARG, "Redmine has no project %.80s: give its identifier, "
                               "as in its address", text_of(wanted, "queue", ""));
        if (r == 0 && kind)
                r = find_name(ctx, json_object_get(project, "trackers"), "tracker", kind, &row);
        if (r < 0)
                return r;
        if (row) {
                note_id(ctx, "tracker_id", row);
                json_object_set(wanted, "kind", json_object_get(row, "name"));
        }
        note_id(ctx, "project_id", project);
        json_object_set(wanted, "queue", json_object_get(project, "identifier"));
        return new_fields(ctx, json_object_get(wanted, "fields"),
                          json_object_get(project, "issue_custom_fields"));
}

int system_normal(struct kn_ctx *ctx, const struct ticket *now, json_t *wanted)
{
        int r;

        json_object_clear(redmine_of(ctx)->ids);
        r = now ? normal_fields(ctx, json_object_get(wanted, "fields"),
                                json_object_get(now->raw, "custom_fields"))
                : normal_new(ctx, wanted);
        if (r == 0 && now && json_object_get(wanted, "status"))
                r = normal_status(ctx, now, wanted);
        if (r == 0 && json_object_get(wanted, "priority"))
                r = normal_priority(ctx, wanted);
        if (r == 0 && json_object_get(wanted, "owner"))
                r = normal_owner(ctx, wanted);
        return r;
}
