/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/author_test.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/author.h"
#include "cli/out.h"

#include <errno.h>
#include <fcntl.h>
#include <kaname/mock.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define CHECK_MS 15000

static const char *const verdict_names[] = { "ok", "warn", "skip", "fail" };

/* ---- one check, here ---- */

static int load_cases(struct cli *cli, json_t **ret, struct fault *fault)
{
        const char *given = cli_option(cli, "cases"), *so = cli->operands[0];
        _free_ char *usual = NULL;
        int r;

        if (!given && text_ends_with(so, ".so")) {
                if (asprintf(&usual, "%.*s.test.yaml", (int)strlen(so) - 3, so) < 0)
                        return -ENOMEM;
                given = access(usual, R_OK) ? NULL : usual;
        }
        if (!given)
                return 0;
        r = cli_read_file(cli, given, ret, fault);
        if (!r && !json_is_array(*ret))
                r = fault_set(fault, 422, "plugin.cases",
                              "%s: want a list of calls, \"- action: NAME\"", given);
        return r;
}

static int check_here(struct cli *cli, const char *name, struct fault *fault)
{
        _cleanup_(author_closep) struct kn_mock *mock = NULL;
        _json_ json_t *cases = NULL, *manifest = NULL, *said = NULL;
        struct check check = { .so = cli->operands[0] };
        enum verdict verdict = CHECK_FAIL;
        const char *text;
        int r = author_open(check.so, &mock, fault);

        if (!r)
                r = load_cases(cli, &cases, fault);
        if (r)
                return r;
        text = kn_mock_manifest(mock);
        r = json_parse(text, strlen(text), NULL, &manifest, fault);
        check.mock = mock;
        check.manifest = manifest;
        check.cases = cases;
        if (!r)
                r = check_run(&check, name, &verdict, fault);
        if (r)
                return r;
        said = json_pack("{s:s,s:s,s:s}", "check", name, "verdict", verdict_names[verdict], "says",
                         check.said);
        if (said && !strcmp(name, "loads"))
                json_object_set(said, "manifest", manifest);
        return said ? out_object(cli, said, "check") : -ENOMEM;
}

/* ---- all of them, each in a process ---- */

static int start(struct cli *cli, const char *name, int out, pid_t *ret)
{
        extern char **environ;
        const char *cases = cli_option(cli, "cases");
        const char *const argv[] = { "kaname", "plugin", "test", cli->operands[0], "--only", name,
                                     "-o", "jsonl",
                                     cases ? "--cases" : NULL, cases, NULL };
        posix_spawn_file_actions_t actions;
        int r;

        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, out, 1);
        posix_spawn_file_actions_adddup2(&actions, out, 2);
        r = posix_spawn(ret, "/proc/self/exe", &actions, NULL, (char *const *)argv, environ);
        posix_spawn_file_actions_destroy(&actions);
        return -r;
}

/* What it wrote, until it ended or its time is up (false). */
static bool drain(int fd, struct text *text)
{
        int64_t until_ms = clock_mono_ms() + CHECK_MS;
        char bytes[4096];

        for (;;) {
                struct pollfd poller = { fd, POLLIN, 0 };
                int64_t left = until_ms - clock_mono_ms();
                ssize_t n;

                if (left <= 0 || poll(&poller, 1, (int)left) == 0)
                        return false;
                n = read(fd, bytes, sizeof bytes);
                if (n == 0 || (n < 0 && errno != EINTR))
                        return true;
                if (n > 0 && text->len < ((size_t)1 << 22))
                        text_add_bytes(text, bytes, (size_t)n);
        }
}

/* The plugin may have written too: ours is the last line that begins as one of ours. */
static json_t *find_answer(const char *text)
{
        const char *found = NULL;
        json_t *answer = NULL;

        for (const char *at = text; at && (at = strstr(at, "{\"check\":")); at++)
                found = at;
        if (found)
                json_parse(found, strcspn(found, "\n"), NULL, &answer, NULL);
        return answer;
}

static json_t *make_answer(const char *name, const char *what, const char *more)
{
        char said[600];

        snprintf(said, sizeof said, "%s%.500s", what, more);
        return json_pack("{s:s,s:s,s:s}", "check", name, "verdict", "fail", "says", said);
}

static json_t *judge(const char *name, const char *text, bool is_over, int status)
{
        json_t *answer = find_answer(text);

        if (answer)
                return answer;
        if (!is_over)
                return make_answer(name, "it hung for 15 s and was ended", "");
        if (WIFSIGNALED(status))
                return make_answer(name, "it crashed: ", strsignal(WTERMSIG(status)));
        if (text_starts_with(text, "error: "))
                return make_answer(name, "", text + 7);
        return make_answer(name, "it ended the process: ", text);
}

static int check_apart(struct cli *cli, const char *name, json_t **ret)
{
        _text_ struct text text = TEXT_INIT;
        int ends[2], status = 0, r;
        bool is_over;
        pid_t pid;

        if (pipe2(ends, O_CLOEXEC))
                return -errno;
        r = start(cli, name, ends[1], &pid);
        close(ends[1]);
        if (r) {
                close(ends[0]);
                return r;
        }
        is_over = drain(ends[0], &text);
        close(ends[0]);
        if (!is_over)
                kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        if (text.len && text.s[text.len - 1] == '\n')
                text.s[text.len - 1] = '\0';
        *ret = judge(name, text.s ? text.s : "", is_over, status);
        return *ret ? 0 : -ENOMEM;
}

static void print_answer(struct cli *cli, const json_t *answer)
{
        const char *verdict = json_text_of(answer, "verdict", "fail"),
                *says = json_text_of(answer, "says", "");

        if (cli->has_format)
                return;
        fprintf(cli->out, "%s%-4s%s  %s%s", out_color(cli->has_color, out_status_color(verdict)),
                verdict,
                out_color(cli->has_color, OUT_PLAIN), json_text_of(answer, "check", ""),
                *says ? ": " : "");
        out_text(cli->out, says, strlen(says));
        fputc('\n', cli->out);
        fflush(cli->out);
}

static int check_add(struct cli *cli, json_t *answers, const char *name)
{
        json_t *answer = NULL;
        int r = check_apart(cli, name, &answer);

        if (!r && json_array_append_new(answers, answer))
                r = -ENOMEM;
        if (!r)
                print_answer(cli, answer);
        return r;
}

static int check_each(struct cli *cli, json_t *answers, const char *kind, const json_t *actions)
{
        const json_t *action;
        size_t i;
        int r = 0;

        json_array_foreach(actions, i, action) {
                _free_ char *name = NULL;

                if (r || asprintf(&name, "%s:%s", kind, json_text_of(action, "name", "?")) < 0)
                        return r ? r : -ENOMEM;
                r = check_add(cli, answers, name);
        }
        return r;
}

static int check_all(struct cli *cli, json_t *answers, size_t n_cases)
{
        static const char *const whole[] = { "exports", "sentences", "schemas" };
        int r = check_add(cli, answers, "loads");
        const json_t *loaded = json_array_get(answers, 0);
        const json_t *actions = json_at(loaded, "manifest.actions");

        if (r || !strcmp(json_text_of(loaded, "verdict", "fail"), "fail"))
                return r;
        for (size_t i = 0; i < sizeof whole / sizeof *whole && !r; i++)
                r = check_add(cli, answers, whole[i]);
        for (size_t i = 1; i <= n_cases && !r; i++) {
                char name[32];

                snprintf(name, sizeof name, "case:%zu", i);
                r = check_add(cli, answers, name);
        }
        if (!r)
                r = check_each(cli, answers, "plan", actions);
        return r ? r : check_each(cli, answers, "cancel", actions);
}

static int conclude(struct cli *cli, json_t *answers, struct fault *fault)
{
        static const struct column columns[] = { { "CHECK", "check", COLUMN_TEXT, false },
                { "VERDICT", "verdict", COLUMN_STATUS, false },
                { "SAYS", "says", COLUMN_TEXT, false },
                { NULL, NULL, 0, false } };
        size_t i, failed = 0;
        json_t *answer;
        int r;

        json_array_foreach(answers, i, answer) {
                failed += !strcmp(json_text_of(answer, "verdict", "fail"), "fail");
                json_object_del(answer, "manifest");
        }
        r = cli->has_format ? out_list(cli, answers, columns, "check") : 0;
        if (r || !failed)
                return r;
        return fault_set(fault, 500, "plugin.test", "%s: %zu of %zu checks failed",
                         cli->operands[0], failed,
                         json_array_size(answers));
}

int verb_plugin_test(struct cli *cli, struct fault *fault)
{
        const char *only = cli_option(cli, "only");
        _json_ json_t *answers = json_array(), *cases = NULL;
        int r = answers ? 0 : -ENOMEM;

        if (only)
                return check_here(cli, only, fault);
        if (!r)
                r = load_cases(cli, &cases, fault);
        if (!r)
                r = check_all(cli, answers, json_array_size(cases));
        return r ? r : conclude(cli, answers, fault);
}
