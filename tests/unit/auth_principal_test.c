/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/credential.h"

#include "base/json.h"
#include "suite.h"

#include <string.h>

static struct auth_principal *make(enum auth_role role, const char *body)
{
        _json_ json_t *json = json_loads(body, 0, NULL);

        ck_assert_ptr_nonnull(json);
        return auth_principal_new("mia", "api-key", role, json);
}

static bool may(const char *grants, const char *action, const char *instance, enum auth_verb verb)
{
        _cleanup_(auth_principal_unrefp) struct auth_principal *who = make(AUTH_OPERATOR, grants);

        return auth_may_act(who, action, instance, verb);
}

START_TEST(roles_open_routes)
{
        static const struct {
                enum auth_permission permission;
                bool webhook, operator, admin;
        } rows[] = {
                { AUTH_NONE, true, true, true },       { AUTH_ANY, true, true, true },
                { AUTH_SEND, true, true, true },       { AUTH_READ, false, true, true },
                { AUTH_ACT, false, true, true },       { AUTH_ADMINISTER, false, false, true },
        };

        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                ck_assert_int_eq(auth_permits(AUTH_WEBHOOK, rows[i].permission), rows[i].webhook);
                ck_assert_int_eq(auth_permits(AUTH_OPERATOR, rows[i].permission), rows[i].operator);
                ck_assert_int_eq(auth_permits(AUTH_ADMIN, rows[i].permission), rows[i].admin);
        }
}
END_TEST

#define GRANT(action, instance, verbs)                                                             \
        "{\"grants\":[{\"action\":\"" action "\",\"instance\":\"" instance "\",\"verbs\":[" verbs  \
        "]}]}"

START_TEST(a_grant_is_action_instance_and_verb)
{
        const char *grant = GRANT("dns.*", "corp-*", "\"plan\",\"run\"");

        ck_assert(may(grant, "dns.record.set", "corp-dns", AUTH_RUN));
        ck_assert(may(grant, "dns.record.set", "corp-dns", AUTH_PLAN));
        ck_assert(!may(grant, "dns.record.set", "corp-dns", AUTH_UNDO));
        ck_assert(!may(grant, "dns.record.set", "lab-dns", AUTH_RUN));
        ck_assert(!may(grant, "dns.record.set", NULL, AUTH_RUN));
        ck_assert(!may(grant, "lb.server.drain", "corp-lb", AUTH_RUN));
        ck_assert(!may("{}", "dns.record.set", "corp-dns", AUTH_RUN));
        ck_assert(may("{\"grants\":[{\"action\":\"core.noop\",\"verbs\":[\"run\"]}]}", "core.noop",
                      NULL, AUTH_RUN));
}
END_TEST

START_TEST(open_ended_actions_must_be_named)
{
        ck_assert(!may(GRANT("*", "*", "\"run\""), "core.local", NULL, AUTH_RUN));
        ck_assert(!may(GRANT("core.*", "*", "\"run\""), "core.http", NULL, AUTH_RUN));
        ck_assert(!may(GRANT("core.loca?", "*", "\"run\""), "core.local", NULL, AUTH_RUN));
        ck_assert(!may(GRANT("core.local", "*", "\"run\""), "core.local_sudo", NULL, AUTH_RUN));
        ck_assert(may(GRANT("core.local", "*", "\"run\""), "core.local", NULL, AUTH_RUN));
        ck_assert(may(GRANT("*", "*", "\"run\""), "core.noop", NULL, AUTH_RUN));
}
END_TEST

START_TEST(a_webhook_key_acts_on_nothing)
{
        _cleanup_(auth_principal_unrefp) struct auth_principal *who =
                make(AUTH_WEBHOOK, GRANT("*", "*", "\"run\""));
        _cleanup_(auth_principal_unrefp) struct auth_principal *admin = make(AUTH_ADMIN, "{}");

        ck_assert(!auth_may_act(who, "core.noop", NULL, AUTH_RUN));
        ck_assert(auth_may_act(admin, "core.local", NULL, AUTH_UNDO));
}
END_TEST

START_TEST(senders_are_held_to_their_webhooks)
{
        _cleanup_(auth_principal_unrefp) struct auth_principal *some =
                make(AUTH_WEBHOOK, "{\"webhooks\":[\"alerts*\"]}");
        _cleanup_(auth_principal_unrefp) struct auth_principal *any = make(AUTH_WEBHOOK, "{}");
        _cleanup_(auth_principal_unrefp) struct auth_principal *person = make(AUTH_OPERATOR, "{}");
        _cleanup_(auth_principal_unrefp) struct auth_principal *signer = auth_signer("deploy");

        ck_assert(auth_may_send(some, "alerts/prod"));
        ck_assert(!auth_may_send(some, "deploy"));
        ck_assert(auth_may_send(any, "deploy"));
        ck_assert(!auth_may_send(person, "deploy"));
        ck_assert(auth_may_send(signer, "deploy"));
        ck_assert(!auth_may_send(signer, "alerts"));
        ck_assert_str_eq(signer->user, "webhook:deploy");
}
END_TEST

START_TEST(a_refusal_says_which_grant_is_missing)
{
        _cleanup_(auth_principal_unrefp) struct auth_principal *who = make(AUTH_OPERATOR, "{}");
        _fault_ struct fault fault = FAULT_INIT;

        ck_assert_int_eq(auth_refuse_act(who, "core.local", NULL, AUTH_RUN, &fault), FAULT);
        ck_assert_int_eq(fault.status, 403);
        ck_assert_str_eq(fault.code, "auth.no-grant");
        ck_assert_ptr_nonnull(strstr(fault.what, "mia may not run core.local"));
        ck_assert_ptr_nonnull(strstr(fault.why, "must be named"));
}
END_TEST

int main(void)
{
        return SUITE("auth/principal", ONCE(roles_open_routes),
                     ONCE(a_grant_is_action_instance_and_verb),
                     ONCE(open_ended_actions_must_be_named), ONCE(a_webhook_key_acts_on_nothing),
                     ONCE(senders_are_held_to_their_webhooks),
                     ONCE(a_refusal_says_which_grant_is_missing));
}
