/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What somebody may: pure functions over an immutable principal. The rule for the actions that run
 * whatever they are handed is here too: a pattern that happens to cover core.local must not turn a
 * key for `*` into a shell.
 */

#include "auth/credential.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/text.h"

#include <string.h>

const char *auth_role_text(enum auth_role role)
{
        switch (role) {
        case AUTH_ADMIN:
                return "admin";
        case AUTH_OPERATOR:
                return "operator";
        case AUTH_WEBHOOK:
                return "webhook";
        }
        return "webhook";
}

bool auth_role_parse(const char *text, enum auth_role *ret)
{
        for (enum auth_role role = AUTH_WEBHOOK; role <= AUTH_ADMIN; role++)
                if (text_equal(text, auth_role_text(role))) {
                        *ret = role;
                        return true;
                }
        return false;
}

const char *auth_permission_text(enum auth_permission permission)
{
        static const char *const texts[] = { "none", "any", "send", "read", "act", "administer" };

        return texts[permission];
}

bool auth_permits(enum auth_role role, enum auth_permission permission)
{
        switch (permission) {
        case AUTH_NONE:
        case AUTH_ANY:
                return true;
        case AUTH_SEND:
                return true;            /* auth_may_send() has the last word */
        case AUTH_READ:
        case AUTH_ACT:
                return role >= AUTH_OPERATOR;
        case AUTH_ADMINISTER:
                return role == AUTH_ADMIN;
        }
        return false;
}

static bool must_be_named(const char *action)
{
        static const char *const open_ended[] = { "core.local", "core.http", "core.remote" };

        for (size_t i = 0; i < sizeof open_ended / sizeof *open_ended; i++)
                if (text_starts_with(action, open_ended[i]))
                        return true;
        return false;
}

static const char *verb_text(enum auth_verb verb)
{
        return verb == AUTH_PLAN ? "plan" : verb == AUTH_RUN ? "run" : "undo";
}

static bool grant_has_verb(const json_t *grant, enum auth_verb verb)
{
        const json_t *verbs = json_object_get(grant, "verbs"), *one;
        size_t i;

        json_array_foreach(verbs, i, one)
                if (text_equal(json_string_value(one), verb_text(verb)))
                        return true;
        return false;
}

static bool grant_covers(const json_t *grant, const char *action, const char *instance)
{
        const char *pattern = json_text_of(grant, "action", "");

        if (must_be_named(action) ? !text_equal(action, pattern) : !text_matches(action, pattern))
                return false;
        return text_matches(instance ? instance : "", json_text_of(grant, "instance", "*"));
}

bool auth_may_act(const struct auth_principal *who, const char *action, const char *instance,
                  enum auth_verb verb)
{
        const json_t *grant;
        size_t i;

        if (who->role == AUTH_ADMIN)
                return true;
        if (!auth_permits(who->role, AUTH_ACT))
                return false;
        json_array_foreach(who->grants, i, grant)
                if (grant_has_verb(grant, verb) && grant_covers(grant, action, instance))
                        return true;
        return false;
}

bool auth_may_send(const struct auth_principal *who, const char *name)
{
        const json_t *pattern;
        size_t i;

        if (who->role == AUTH_ADMIN)
                return true;
        if (!who->webhooks)
                return who->role == AUTH_WEBHOOK;
        json_array_foreach(who->webhooks, i, pattern)
                if (json_is_string(pattern) && text_matches(name, json_string_value(pattern)))
                        return true;
        return false;
}

int auth_refuse_act(const struct auth_principal *who, const char *action, const char *instance,
                    enum auth_verb verb, struct fault *fault)
{
        fault_set(fault, 403, "auth.no-grant", "%s may not %s %s%s%s", who->user, verb_text(verb),
                  action, instance ? " on " : "", instance ? instance : "");
        fault_why(fault, "no grant of this credential covers it%s", must_be_named(action)
                  ? "; this action must be named in the grant, patterns do not count" : "");
        return fault_try(fault, "ask an administrator for a key with the grant "
                         "{\"action\": \"%s\", \"instance\": \"%s\", \"verbs\": [\"%s\"]}",
                         action, instance ? instance : "*", verb_text(verb));
}

/* ---- making them ---- */

struct principal {
        struct auth_principal out;
        json_t *body;
        char *user;
        unsigned refs;
};

/* body (may be NULL) gives grants, webhooks and expiry; its reference is shared. */
struct auth_principal *auth_principal_new(const char *user, const char *method, enum auth_role role,
                                          json_t *body)
{
        struct principal *p = calloc(1, sizeof *p);

        if (!p || !(p->user = strdup(user))) {
                free(p);
                return NULL;
        }
        p->refs = 1;
        p->body = json_incref(body);
        p->out.user = p->user;
        p->out.id = json_text_of(body, "id", "");
        p->out.method = method;
        p->out.role = role;
        p->out.expires_ms = json_int_of(body, "expires_ms", 0);
        p->out.grants = json_object_get(body, "grants");
        p->out.webhooks = json_object_get(body, "webhooks");
        return &p->out;
}

struct auth_principal *auth_principal_ref(struct auth_principal *principal)
{
        __atomic_add_fetch(&((struct principal *)(void *)principal)->refs, 1, __ATOMIC_RELAXED);
        return principal;
}

struct auth_principal *auth_principal_unref(struct auth_principal *principal)
{
        struct principal *p = (void *)principal;

        if (!p || __atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL) > 0)
                return NULL;
        json_decref(p->body);
        free(p->user);
        free(p);
        return NULL;
}

struct auth_principal *auth_signer(const char *webhook)
{
        _json_ json_t *body = json_pack("{s:[s]}", "webhooks", webhook);
        _free_ char *user = NULL;

        if (!body || asprintf(&user, "webhook:%s", webhook) < 0)
                return NULL;
        return auth_principal_new(user, "signature", AUTH_WEBHOOK, body);
}
