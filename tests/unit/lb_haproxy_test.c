/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a real HAProxy does not do on demand: a fake one on a Unix socket answers each command by a
 * script of (beginning of the command, answer). The conformance suite is where the truth is tested.
 */

#include "suite.h"

#include <kaname/mock.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

struct line {
        const char *command;            /* how it begins; NULL ends the script */
        const char *answer;             /* NULL: close without one */
};

static char dir[64], path[96];
static pid_t fake;

#define STATE_HEAD                                                                                 \
        "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight "    \
        "srv_iweight "                                                                             \
        "srv_time_since_last_change srv_check_status srv_check_result srv_check_health "           \
        "srv_check_state srv_agent_state "                                                         \
        "bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port "   \
        "srv_check_addr "                                                                          \
        "srv_agent_addr srv_agent_port\n"
#define STATE(name, admin, weight)                                                                 \
        "3 be 1 " name " 192.0.2.1 2 " admin " " weight " 100 9 15 3 4 6 0 0 0 - 80 - 0 0 - - 0\n"
#define STAT_HEAD                                                                                  \
        "# "                                                                                       \
        "pxname,svname,scur,status,weight,type,check_status,last_chk,check_desc,addr,cookie,"      \
        "tracked,\n"
#define STAT(name, status, weight)                                                                 \
        "be," name ",3," status "," weight ",2,L4OK,,\"says \"\"hi\"\", twice\",192.0.2.1:80,,,\n"

static const char *answer_for(const struct line *script, const char *command)
{
        for (; script->command; script++)
                if (strncmp(command, script->command, strlen(script->command)) == 0)
                        return script->answer;
        return "Unknown command\n";
}

static void serve(int listener, const struct line *script)
{
        for (;;) {
                char command[1024];
                int fd = accept(listener, NULL, NULL);
                ssize_t n = fd < 0 ? -1 : read(fd, command, sizeof command - 1);
                const char *answer;

                if (n < 0)
                        _exit(1);
                command[n] = 0;
                answer = answer_for(script, command);
                if (answer && strcmp(answer, "silent") == 0)
                        pause();
                if (answer && write(fd, answer, strlen(answer)) < 0)
                        _exit(1);
                close(fd);
        }
}

static void start(const struct line *script)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int listener = socket(AF_UNIX, SOCK_STREAM, 0);

        snprintf(dir, sizeof dir, "/tmp/haproxy_test.XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(dir));
        snprintf(path, sizeof path, "%s/s", dir);
        strcpy(address.sun_path, path);
        ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
        ck_assert_int_eq(listen(listener, 16), 0);
        fake = fork();
        if (fake == 0)
                serve(listener, script);
        close(listener);
}

static void stop(struct kn_mock *mock)
{
        kn_mock_free(mock);
        kill(fake, SIGKILL);
        waitpid(fake, NULL, 0);
        unlink(path);
        rmdir(dir);
}

static struct kn_mock *plugin(void)
{
        const char *build = getenv("TOP_BUILDDIR");
        char so[4096], config[200];
        struct kn_mock *mock;

        snprintf(so, sizeof so, "%s/plugins/lb/haproxy.so", build ? build : ".");
        mock = kn_mock_open(so);
        ck_assert_pstr_eq(kn_mock_trouble(mock), NULL);
        snprintf(config, sizeof config, "{\"socket\": \"unix:%s\"}", path);
        ck_assert_int_eq(kn_mock_config(mock, config), KN_OK);
        return mock;
}

#define DRAIN "{\"pool\":\"be\",\"server\":\"a\",\"state\":\"drain\"}"

/* ---- what HAProxy says, in the contract's words ---- */

static const struct {
        const char *admin, *word;
} admins[] = { { "0", "ready" },  { "4", "ready" }, { "8", "drain" }, { "16", "drain" },
               { "1", "maint" },  { "2", "maint" }, { "5", "maint" }, { "32", "maint" },
               { "64", "maint" }, { "9", "maint" } };

START_TEST(admin_states)
{
        char states[1000], wanted[60];
        const struct line script[] = { { "show servers state", states }, { "show stat",
                STAT_HEAD STAT("a", "UP", "7") }, { 0 } };
        struct kn_mock *mock;

        snprintf(states, sizeof states, STATE_HEAD STATE("a", "%s", "7"), admins[_i].admin);
        snprintf(wanted, sizeof wanted, "\"state\":\"%s\"", admins[_i].word);
        start(script);
        mock = plugin();
        ck_assert_int_eq(kn_mock_run(mock, "server.list", "{}"), KN_OK);
        ck_assert_ptr_nonnull(strstr(kn_mock_result(mock), wanted));
        ck_assert_ptr_nonnull(strstr(kn_mock_result(mock), "\"weight\":7"));
        ck_assert_ptr_nonnull(strstr(kn_mock_result(mock), "\"sessions\":3"));
        stop(mock);
}
END_TEST

static const struct {
        const char *status, *health;
} healths[] = { { "UP", "up" },           { "UP 1/3", "up" },
                { "DRAIN", "up" },        { "NOLB", "up" },
                { "DOWN", "down" },       { "DOWN 1/2", "down" },
                { "MAINT", "unknown" },   { "MAINT (via be/b)", "unknown" },
                { "no check", "unknown" } };

START_TEST(health_words)
{
        char stats[1000], wanted[60];
        const struct line script[] = { { "show servers state", STATE_HEAD STATE("a", "0", "7") },
                                       { "show stat", stats }, { 0 } };
        struct kn_mock *mock;

        snprintf(stats, sizeof stats, STAT_HEAD STAT("a", "%s", "7"), healths[_i].status);
        snprintf(wanted, sizeof wanted, "\"health\":\"%s\"", healths[_i].health);
        start(script);
        mock = plugin();
        ck_assert_int_eq(kn_mock_run(mock, "server.list", "{}"), KN_OK);
        ck_assert_ptr_nonnull(strstr(kn_mock_result(mock), wanted));
        stop(mock);
}
END_TEST

START_TEST(an_ipv6_address_stands_in_brackets)
{
        static const struct line script[] = {
                { "show servers state", STATE_HEAD "3 be 1 a 2001:db8::1 2 0 1 1 9 15 3 4 0 0 0 0 "
                  "- 80 - 0 0 - - 0\n" },
                { "show stat", STAT_HEAD STAT("a", "no check", "1") }, { 0 } };
        struct kn_mock *mock;

        start(script);
        mock = plugin();
        ck_assert_int_eq(kn_mock_run(mock, "server.list", "{}"), KN_OK);
        ck_assert_ptr_nonnull(strstr(kn_mock_result(mock),
                                     "\"address\":\"[2001:db8::1]:80\",\"check\":false"));
        stop(mock);
}
END_TEST

/* ---- who lies, who refuses, who is not there ---- */

#define TWO_UP { "show servers state", STATE_HEAD STATE("a", "0", "7") STATE("b", "0", "7") }, \
        { "show stat", STAT_HEAD STAT("a", "UP", "7") STAT("b", "UP", "7") }

START_TEST(an_empty_answer_proves_nothing)
{
        static const struct line script[] = { TWO_UP, { "set server be/a state drain", "\n" },
                                              { 0 } };
        struct kn_mock *mock;

        start(script);
        mock = plugin();
        ck_assert_int_eq(kn_mock_run(mock, "server.state", DRAIN), KN_EREMOTE);
        ck_assert_ptr_nonnull(strstr(kn_mock_sentence(mock), "took the change"));
        ck_assert_ptr_nonnull(strstr(kn_mock_changes(mock), "\"state\":\"failed\""));
        stop(mock);
}
END_TEST

static const struct {
        const char *answer;
        int code;
} messages[] = {
        { "No such server.\n", KN_ENOENT }, { "No such backend.\n", KN_ENOENT }, { "Permission "
                "denied\n", KN_EAUTH },
        { "Unknown command, but maybe\n", KN_EUNSUPPORTED }, { "Backend is using a static LB "
                                                               "algorithm and so on\n",
                                                               KN_EUNSUPPORTED },
        { "What nobody has seen\n", KN_EREMOTE },
};

START_TEST(messages_become_codes)
{
        const struct line script[] = { TWO_UP, { "set server", messages[_i].answer }, { 0 } };
        struct kn_mock *mock;

        start(script);
        mock = plugin();
        ck_assert_int_eq(kn_mock_run(mock, "server.state", DRAIN), messages[_i].code);
        ck_assert_ptr_nonnull(strstr(kn_mock_sentence(mock), "set server be/a state drain"));
        stop(mock);
}
END_TEST

static const struct {
        const char *answer;
        int code;
} strangers[] = {
        { "", KN_EREMOTE }, { "HTTP/1.1 400 Bad Request\n\n", KN_EREMOTE }, { "1\n# \n",
                KN_EREMOTE },
        { "# be_name srv_name\n\xff\xfe\x01\n", KN_EREMOTE }, { NULL, KN_EREMOTE },
                { "silent", KN_ETIMEOUT },
};

START_TEST(strangers_are_no_haproxy)
{
        const struct line script[] = { { "show", strangers[_i].answer }, { 0 } };
        struct kn_mock *mock;

        start(script);
        mock = plugin();
        kn_mock_timeout(mock, 300);
        ck_assert_int_eq(kn_mock_run(mock, "server.state", DRAIN), strangers[_i].code);
        ck_assert_ptr_nonnull(kn_mock_sentence(mock));
        ck_assert_str_eq(kn_mock_changes(mock), "[]");
        ck_assert_int_lt(kn_mock_check(mock), 0);
        stop(mock);
}
END_TEST

START_TEST(nobody_listens)
{
        static const struct line script[] = { { 0 } };
        struct kn_mock *mock;

        start(script);
        mock = plugin();
        unlink(path);
        ck_assert_int_eq(kn_mock_run(mock, "server.list", "{}"), KN_EREMOTE);
        stop(mock);
}
END_TEST

/* ---- undo of what cannot be made again ---- */

START_TEST(a_server_with_tls_is_removed_for_good)
{
        static const struct line script[] = {
                { "show servers state", STATE_HEAD "3 be 1 a 192.0.2.1 2 1 7 7 9 15 3 4 6 0 0 0 - "
                  "80 - 1 0 - - 0\n" },
                { "show stat", STAT_HEAD STAT("a", "MAINT", "7") }, { 0 } };
        struct kn_mock *mock;

        start(script);
        mock = plugin();
        ck_assert_int_eq(kn_mock_plan(mock, "server.remove", "{\"pool\":\"be\",\"server\":\"a\"}"),
                         KN_OK);
        ck_assert_ptr_nonnull(strstr(kn_mock_changes(mock), "\"undo_action\":null"));
        ck_assert_ptr_nonnull(strstr(kn_mock_log(mock), "will not be undoable"));
        stop(mock);
}
END_TEST

/* ---- the sensor ---- */

static const struct {
        const char *known, *status, *event;     /* event NULL: none */
} turns[] = {
        { NULL, "DOWN", NULL }, { "UP", "UP 1/2", NULL }, { "UP", "DOWN", "server.down" },
                { "UP", "MAINT", NULL },
        { "DOWN", "UP 1/2", "server.up" }, { "DOWN 1/2", "DOWN", NULL }, { "DOWN", "MAINT", NULL },
                { "DRAIN", "DOWN", "server.down" },
};

START_TEST(turns_become_events)
{
        char stats[1000], known[60];
        const struct line script[] = { { "show stat", stats }, { 0 } };
        struct kn_mock *mock;

        snprintf(stats, sizeof stats, STAT_HEAD STAT("a", "%s", "7"), turns[_i].status);
        snprintf(known, sizeof known, "{\"be/a\":\"%s\"}", turns[_i].known);
        start(script);
        mock = plugin();
        if (turns[_i].known)
                kn_mock_store(mock, "health", known);
        ck_assert_int_eq(kn_mock_poll(mock, "server.watch"), KN_OK);
        ck_assert_int_eq(kn_mock_again_ms(mock), 2000);
        if (turns[_i].event)
                ck_assert_ptr_nonnull(strstr(kn_mock_events(mock), turns[_i].event));
        else
                ck_assert_str_eq(kn_mock_events(mock), "[]");
        /* Maintenance keeps what was known; everything else is what is known now. */
        ck_assert_ptr_nonnull(strstr(kn_mock_stored(mock), strcmp(turns[_i].status, "MAINT") == 0
                                     ? turns[_i].known : turns[_i].status));
        stop(mock);
}
END_TEST

int main(void)
{
        return SUITE("lb/haproxy", EACH(admin_states, admins), EACH(health_words, healths),
                     ONCE(an_ipv6_address_stands_in_brackets), ONCE(an_empty_answer_proves_nothing),
                     EACH(messages_become_codes, messages),
                     EACH(strangers_are_no_haproxy, strangers), ONCE(nobody_listens),
                     ONCE(a_server_with_tls_is_removed_for_good), EACH(turns_become_events, turns));
}
