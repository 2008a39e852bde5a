/* SPDX-License-Identifier: Apache-2.0 */

/* Credentials over a real store: what is kept, what is accepted, what ends when. */

#include "auth/auth.h"
#include "store_fixture.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "suite.h"

#include <fcntl.h>
#include <sys/stat.h>

static struct auth *auth;
static char admin[128];

static int try_open(struct fault *fault, bool *ret_made)
{
        struct auth_options options = { .store = fixture, .state_dir = fixture_dir };

        return auth_open(&options, &auth, ret_made, fault);
}

static void read_admin(void)
{
        char path[96];
        int fd;
        ssize_t n;

        snprintf(path, sizeof path, "%s/admin-token", fixture_dir);
        fd = open(path, O_RDONLY);
        n = read(fd, admin, sizeof admin - 1);
        ck_assert_int_gt(n, 40);
        admin[n] = '\0';
        admin[strcspn(admin, "\n")] = '\0';
        close(fd);
}

static void setup(void)
{
        _fault_ struct fault fault = FAULT_INIT;
        bool made = false;

        fixture_setup();
        ck_assert_msg(try_open(&fault, &made) == 0, "%s", fault.what);
        ck_assert(made);
        read_admin();
}

static void teardown(void)
{
        clock_fake(-1);
        auth = auth_close(auth);
        fixture_teardown();
}

/* The code of the refusal, or "user role" of whom it is. */
static const char *ask(const char *secret)
{
        static char said[96];
        _fault_ struct fault fault = FAULT_INIT;
        _cleanup_(auth_principal_unrefp) struct auth_principal *who = NULL;

        if (auth_check(auth, secret, &who, &fault))
                snprintf(said, sizeof said, "%s", fault.code);
        else
                snprintf(said, sizeof said, "%s %s", who->user, auth_role_text(who->role));
        return said;
}

static json_t *make(const char *body)
{
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *given = json_loads(body, 0, NULL);
        json_t *key = NULL;

        ck_assert_ptr_nonnull(given);
        ck_assert_msg(auth_key_create(auth, given, "admin", &key, &fault) == 0, "%s", fault.what);
        return key;
}

static const char *member(const json_t *object, const char *key)
{
        return json_text_of(object, key, "");
}

START_TEST(the_first_start_makes_a_token)
{
        char path[96];
        struct stat st;

        snprintf(path, sizeof path, "%s/admin-token", fixture_dir);
        ck_assert_int_eq(stat(path, &st), 0);
        ck_assert_int_eq(st.st_mode & 07777, 0600);
        ck_assert_str_eq(ask(admin), "admin admin");
        ck_assert_str_eq(ask("knadmin_guess"), "auth.unknown");
        ck_assert_str_eq(ask(""), "auth.unknown");
}
END_TEST

START_TEST(the_second_start_keeps_it)
{
        _fault_ struct fault fault = FAULT_INIT;
        bool made = true;

        auth = auth_close(auth);
        ck_assert_int_eq(try_open(&fault, &made), 0);
        ck_assert(!made);
        ck_assert_str_eq(ask(admin), "admin admin");
}
END_TEST

START_TEST(a_token_that_others_read_is_refused)
{
        _fault_ struct fault fault = FAULT_INIT;
        char path[96];

        snprintf(path, sizeof path, "%s/admin-token", fixture_dir);
        auth = auth_close(auth);
        ck_assert_int_eq(chmod(path, 0644), 0);
        ck_assert_int_eq(try_open(&fault, NULL), FAULT);
        ck_assert_str_eq(fault.code, "auth.token-file");
        ck_assert_ptr_nonnull(strstr(fault.what, "0644"));
        ck_assert_int_eq(chmod(path, 0600), 0);
        ck_assert_int_eq(truncate(path, 3), 0);
        ck_assert_int_eq(try_open(&fault, NULL), FAULT);
        ck_assert_ptr_nonnull(strstr(fault.what, "does not hold"));
}
END_TEST

static int no_secret(void *arg, const struct store_doc *doc)
{
        ck_assert_msg(!strstr(doc->body, arg), "the secret is kept: %s", doc->body);
        return 0;
}

START_TEST(a_key_is_shown_once_and_kept_as_a_hash)
{
        _json_ json_t *key = make("{\"user\":\"mia\",\"metadata\":{\"for\":\"ci\"}}"),
                *again = NULL;
        _json_ json_t *list = auth_key_list(auth);
        _fault_ struct fault fault = FAULT_INIT;
        const char *secret = member(key, "key");

        ck_assert_uint_eq(strlen(secret), 47);
        ck_assert_str_eq(ask(secret), "mia operator");
        ck_assert_int_eq(store_list_docs(fixture, "apikey", no_secret, (void *)secret, &fault), 0);
        ck_assert_int_eq(auth_key_get(auth, member(key, "id"), &again, &fault), 0);
        ck_assert_str_eq(member(again, "key"), "********");
        ck_assert_uint_eq(json_array_size(list), 1);
        ck_assert_str_eq(member(json_array_get(list, 0), "key"), "********");
}
END_TEST

START_TEST(keys_survive_a_restart)
{
        _json_ json_t *key = make("{\"user\":\"mia\",\"role\":\"admin\"}");
        _fault_ struct fault fault = FAULT_INIT;

        auth = auth_close(auth);
        fixture_reopen();
        ck_assert_int_eq(try_open(&fault, NULL), 0);
        ck_assert_str_eq(ask(member(key, "key")), "mia admin");
}
END_TEST

START_TEST(the_role_is_the_least_that_makes_sense)
{
        _json_ json_t *none = make("{}"), *hook = make("{\"webhooks\":[\"alerts\"]}");
        _json_ json_t *both =
                make("{\"webhooks\":[\"a\"],\"grants\":[{\"action\":\"a\",\"verbs\":[\"run\"]}]}");

        ck_assert_str_eq(member(none, "role"), "operator");
        ck_assert_str_eq(member(none, "user"), "admin");
        ck_assert_str_eq(member(hook, "role"), "webhook");
        ck_assert_str_eq(member(both, "role"), "operator");
}
END_TEST

START_TEST(mistakes_in_a_key_are_refused)
{
        static const char *const bodies[] = {
                "[]", "{\"role\":\"root\"}", "{\"grants\":{}}", "{\"grants\":[{\"action\":\"a\"}]}",
                "{\"grants\":[{\"verbs\":[\"run\"]}]}",
                "{\"grants\":[{\"action\":\"a\",\"verbs\":[\"rnu\"]}]}",
                "{\"grants\":[{\"action\":\"a\",\"verbs\":[\"run\"],\"instances\":\"x\"}]}",
                "{\"webhooks\":\"a\"}",
                "{\"webhooks\":[1]}", "{\"ttl\":0}", "{\"expires_at\":\"soon\"}", "{\"enabled\":1}",
                "{\"user\":\"\"}",
                "{\"metadata\":[]}",
        };

        for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
                _json_ json_t *body = json_loads(bodies[i], 0, NULL), *key = NULL;
                _fault_ struct fault fault = FAULT_INIT;

                ck_assert_msg(auth_key_create(auth, body, "admin", &key, &fault) == FAULT,
                              "%s was taken", bodies[i]);
                ck_assert_int_eq(fault.status, 422);
        }
}
END_TEST

START_TEST(keys_expire)
{
        _json_ json_t *key = NULL;

        clock_fake(INT64_C(1795000000000));
        key = make("{\"user\":\"mia\",\"ttl\":60}");
        ck_assert_str_eq(ask(member(key, "key")), "mia operator");
        clock_fake_advance(60000);
        ck_assert_str_eq(ask(member(key, "key")), "auth.expired");
}
END_TEST

static void change(const char *id, const char *body)
{
        _json_ json_t *given = json_loads(body, 0, NULL), *key = NULL;
        _fault_ struct fault fault = FAULT_INIT;

        ck_assert_msg(auth_key_update(auth, id, given, &key, &fault) == 0, "%s", fault.what);
}

static char *token_of(const char *user, const char *secret, int64_t ttl_ms)
{
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *token = NULL;

        ck_assert_msg(auth_exchange(auth, user, secret, ttl_ms, &token, &fault) == 0, "%s",
                      fault.what);
        return strdup(member(token, "token"));
}

START_TEST(a_token_may_what_its_key_may)
{
        _json_ json_t *key =
                make("{\"user\":\"mia\",\"grants\":[{\"action\":\"dns.*\",\"verbs\":[\"run\"]}]}");
        _free_ char *token = token_of("mia", member(key, "key"), 0);
        _cleanup_(auth_principal_unrefp) struct auth_principal *who = NULL, *now = NULL;
        _fault_ struct fault fault = FAULT_INIT;

        ck_assert_int_eq(auth_check(auth, token, &who, &fault), 0);
        ck_assert(auth_may_act(who, "dns.record.set", "x", AUTH_RUN));
        ck_assert_str_eq(who->method, "token");
        change(member(key, "id"), "{\"grants\":[]}");
        ck_assert_int_eq(auth_check(auth, token, &now, &fault), 0);
        ck_assert(!auth_may_act(now, "dns.record.set", "x", AUTH_RUN));
}
END_TEST

START_TEST(a_token_ends_with_its_key)
{
        _json_ json_t *key = make("{\"user\":\"mia\"}");
        _free_ char *token = token_of("mia", member(key, "key"), 0);
        _fault_ struct fault fault = FAULT_INIT;

        change(member(key, "id"), "{\"enabled\":false}");
        ck_assert_str_eq(ask(token), "auth.disabled");
        ck_assert_str_eq(ask(member(key, "key")), "auth.disabled");
        change(member(key, "id"), "{\"enabled\":true}");
        ck_assert_str_eq(ask(token), "mia operator");
        ck_assert_int_eq(auth_key_remove(auth, member(key, "key"), &fault), 0);
        ck_assert_str_eq(ask(token), "auth.unknown");
        ck_assert_int_eq(auth_key_remove(auth, member(key, "id"), &fault), FAULT);
        ck_assert_int_eq(fault.status, 404);
}
END_TEST

START_TEST(tokens_expire_and_are_swept)
{
        _free_ char *token = NULL;
        _fault_ struct fault fault = FAULT_INIT;
        unsigned left = 0;

        clock_fake(INT64_C(1795000000000));
        token = token_of("mia", admin, 60000);
        ck_assert_str_eq(ask(token), "mia admin");
        clock_fake_advance(60000);
        ck_assert_str_eq(ask(token), "auth.expired");
        auth = auth_close(auth);
        ck_assert_int_eq(try_open(&fault, NULL), 0);
        ck_assert_str_eq(ask(token), "auth.unknown");
        ck_assert_int_eq(store_list_docs(fixture, "token", no_secret, &left, &fault), 0);
}
END_TEST

START_TEST(a_new_token_sweeps_those_that_expired)
{
        _free_ char *old = NULL, *kept = NULL, *new = NULL;

        clock_fake(clock_real_ms());
        old = token_of("mia", admin, 60000);
        kept = token_of("mia", admin, 7200000);
        clock_fake_advance(3600000);
        ck_assert_str_eq(ask(old), "auth.expired");
        new = token_of("eva", admin, 60000);
        ck_assert_str_eq(ask(old), "auth.unknown");
        ck_assert_str_eq(ask(kept), "mia admin");
        ck_assert_str_eq(ask(new), "eva admin");
}
END_TEST

START_TEST(who_may_have_a_token)
{
        _json_ json_t *key = make("{\"user\":\"mia\"}"), *none = NULL;
        _free_ char *token = token_of("eva", admin, 0);
        _fault_ struct fault fault = FAULT_INIT;

        ck_assert_str_eq(ask(token), "eva admin");
        ck_assert_int_eq(auth_exchange(auth, "eva", member(key, "key"), 0, &none, &fault), FAULT);
        ck_assert_int_eq(fault.status, 401);
        ck_assert_int_eq(auth_exchange(auth, "eva", token, 0, &none, &fault), FAULT);
        ck_assert_str_eq(fault.code, "auth.token-from-token");
        ck_assert_int_eq(auth_exchange(auth, "eva", "wrong", 0, &none, &fault), FAULT);
        ck_assert_int_eq(auth_exchange(auth, "e v a", admin, 0, &none, &fault), FAULT);
        ck_assert_int_eq(auth_exchange(auth, "eva", admin, -5, &none, &fault), FAULT);
        ck_assert_str_eq(fault.code, "auth.ttl");
}
END_TEST

START_TEST(peers_are_root_and_ourselves)
{
        _cleanup_(auth_principal_unrefp) struct auth_principal *root = auth_peer(auth, 0);
        _cleanup_(auth_principal_unrefp) struct auth_principal *self = auth_peer(auth, geteuid());

        ck_assert_int_eq(root->role, AUTH_ADMIN);
        ck_assert_int_eq(self->role, AUTH_ADMIN);
        ck_assert_ptr_null(auth_peer(auth, 54321));
}
END_TEST

int main(void)
{
        return SUITE_WITH("auth/key", setup, teardown, ONCE(the_first_start_makes_a_token),
                          ONCE(the_second_start_keeps_it),
                          ONCE(a_token_that_others_read_is_refused),
                          ONCE(a_key_is_shown_once_and_kept_as_a_hash),
                          ONCE(keys_survive_a_restart),
                          ONCE(the_role_is_the_least_that_makes_sense),
                          ONCE(mistakes_in_a_key_are_refused), ONCE(keys_expire),
                          ONCE(a_token_may_what_its_key_may), ONCE(a_token_ends_with_its_key),
                          ONCE(tokens_expire_and_are_swept),
                          ONCE(a_new_token_sweeps_those_that_expired), ONCE(who_may_have_a_token),
                          ONCE(peers_are_root_and_ourselves));
}
