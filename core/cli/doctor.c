/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/client_i.h"
#include "cli/out.h"

#include <errno.h>
#include <kaname/plugin.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define SKEW_WARN_MS 5000
#define SKEW_FAIL_MS 60000

struct doctor {
        struct cli *cli;
        json_t *lines;          /* [{check, verdict, says, try?}] */
        unsigned failed;
};

__attribute__((format(printf, 5, 6)))
static void say(struct doctor *doctor, const char *check, const char *verdict, const char *remedy,
                const char *fmt, ...)
{
        _free_ char *says = NULL;
        json_t *line;
        va_list ap;

        va_start(ap, fmt);
        if (vasprintf(&says, fmt, ap) < 0)
                says = NULL;
        va_end(ap);
        line = json_pack("{s:s,s:s,s:s,s:s*}", "check", check, "verdict", verdict, "says",
                         says ? says : "", "try", remedy);
        if (line)
                json_array_append_new(doctor->lines, line);
        doctor->failed += !strcmp(verdict, "fail");
}

static void say_fault(struct doctor *doctor, const char *check, const struct fault *fault)
{
        say(doctor, check, "fail", fault->remedy, "%s%s%s", fault->what ? fault->what : "it failed",
            fault->why ? ": " : "", fault->why ? fault->why : "");
}

/* ---- this side ---- */

static bool check_account(struct doctor *doctor)
{
        _fault_ struct fault fault = FAULT_INIT;
        const struct account *account;

        if (client_open(doctor->cli, &fault)) {
                say_fault(doctor, "account", &fault);
                return false;
        }
        account = &doctor->cli->client->account;
        if (account->token)
                say(doctor, "account", "ok", NULL, "%s with the token from %s",
                    client_where(doctor->cli), account->origin);
        else
                say(doctor, "account", "ok", NULL, "%s without a token%s",
                    client_where(doctor->cli),
                    account->socket ? ": the socket knows who you are" : "");
        return true;
}

static int head_hub(struct doctor *doctor, const char *path, struct answer *answer,
                    struct fault *fault)
{
        const struct request request = { .path = path };

        return client_call(doctor->cli, &request, answer, fault);
}

static bool check_reach(struct doctor *doctor)
{
        _fault_ struct fault fault = FAULT_INIT;
        _answer_ struct answer answer = ANSWER_INIT;
        int64_t begun_us = clock_mono_us(), skew_ms;
        const char *verdict;

        if (head_hub(doctor, "/healthz", &answer, &fault)) {
                say_fault(doctor, "hub", &fault);
                return false;
        }
        say(doctor, "hub", "ok", NULL, "answers in %.1f ms",
            (double)(clock_mono_us() - begun_us) / 1000);
        if (!answer.date_ms)
                return true;
        /* a Date header counts whole seconds */
        skew_ms = llabs(clock_real_ms() - answer.date_ms);
        skew_ms = skew_ms > 1000 ? skew_ms - 1000 : 0;
        verdict = skew_ms > SKEW_FAIL_MS ? "fail" : skew_ms > SKEW_WARN_MS ? "warn" : "ok";
        say(doctor, "clock", verdict, strcmp(verdict, "ok") ? "chronyc tracking   (on both)" : NULL,
            "the hub's clock and this one are %s%.0f s apart", skew_ms ? "" : "less than ",
            skew_ms ? (double)skew_ms / 1000 : 1.0);
        return true;
}

/* ---- the hub ---- */

static void check_ready(struct doctor *doctor)
{
        _fault_ struct fault fault = FAULT_INIT;
        _answer_ struct answer answer = ANSWER_INIT;

        if (head_hub(doctor, "/readyz", &answer, &fault))
                say_fault(doctor, "ready", &fault);
        else
                say(doctor, "ready", "ok", NULL, "it takes work");
}

static bool check_user(struct doctor *doctor)
{
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *user = NULL;

        if (!client_get(doctor->cli, "/api/v1/user", NULL, &user, &fault)) {
                say(doctor, "credentials", "ok", NULL, "you are %s there",
                    json_text_of(user, "username", json_text_of(user, "user", "known")));
                return true;
        }
        if (fault.status == 401)
                fault_try(&fault, "kaname login --url %s", client_where(doctor->cli));
        say_fault(doctor, "credentials", &fault);
        return false;
}

static void check_version(struct doctor *doctor, const json_t *status)
{
        const char *version = json_text_of(status, "version", "?");
        const char *abi = json_text_of(status, "abi", NULL);
        char ours[16];

        snprintf(ours, sizeof ours, "%u.%u", KN_ABI_VERSION >> 16, KN_ABI_VERSION & 0xffff);
        say(doctor, "version", strcmp(version, PACKAGE_VERSION) ? "warn" : "ok",
            strcmp(version, PACKAGE_VERSION) ? "install the same version on both sides" : NULL,
            "the hub is %s, this command %s", version, PACKAGE_VERSION);
        if (abi)
                say(doctor, "abi", strcmp(abi, ours) ? "warn" : "ok",
                    strcmp(abi, ours) ? "build plugins with the hub's own plugin.h" : NULL,
                    "the hub offers plugins ABI %s, the header here is %s", abi, ours);
}

static void check_disk(struct doctor *doctor, const json_t *status)
{
        const char *dir = json_text_of(status, "state_dir", NULL);
        struct statvfs fs;
        double free_mib, share;
        bool is_low;

        if (!dir || !doctor->cli->client->account.socket || statvfs(dir, &fs) || !fs.f_blocks)
                return;
        free_mib = (double)fs.f_bavail * (double)fs.f_frsize / (1 << 20);
        share = (double)fs.f_bavail / (double)fs.f_blocks;
        is_low = free_mib < 1024 || share < 0.05;
        say(doctor, "disk", free_mib < 64 ? "fail" : is_low ? "warn" : "ok",
            is_low ? "free space there; the hub refuses work on a full disk and loses none" : NULL,
            "%s has %.0f MiB free (%.0f %%)", dir, free_mib, share * 100);
}

/* The administrators' token and the key that seals secrets are for the daemon alone. */
static void check_private(struct doctor *doctor, const json_t *status)
{
        static const char *const names[] = { "admin-token", "master.key" };
        const char *dir = json_text_of(status, "state_dir", NULL);

        for (size_t i = 0; dir && doctor->cli->client->account.socket &&
             i < sizeof names / sizeof *names; i++) {
                _free_ char *path = NULL, *remedy = NULL;
                struct stat st;

                if (asprintf(&path, "%s/%s", dir, names[i]) < 0 ||
                    asprintf(&remedy, "chmod 600 %s/%s", dir, names[i]) < 0)
                        return;
                if (stat(path, &st))
                        continue;
                say(doctor, names[i], st.st_mode & 077 ? "fail" : "ok",
                    st.st_mode & 077 ? remedy : NULL,
                    "%s has mode %04o", path, (unsigned)(st.st_mode & 07777));
        }
}

static void check_store(struct doctor *doctor, const json_t *status)
{
        const char *problem = json_text_of(status, "store_problem", NULL);

        say(doctor, "store", problem ? "fail" : "ok",
            problem ? "journalctl -u kanamed -n 50" : NULL, "%s",
            problem ? problem : "it can be written");
        if (json_bool_of(status, "paused", false))
                say(doctor, "paused", "warn", "kaname resume",
                    "nothing new starts until somebody resumes it");
        if (json_int_of(json_object_get(status, "queue"), "held", 0) > 0)
                say(doctor, "held", "warn", "kaname held list",
                    "%lld executions wait for a person's word",
                    (long long)json_int_of(json_object_get(status, "queue"), "held", 0));
}

static void check_plugins(struct doctor *doctor, const json_t *status)
{
        const json_t *row;
        size_t i, n = 0, bad = 0;

        json_array_foreach(json_object_get(status, "plugins"), i, row) {
                const char *state = json_text_of(row, "state", "");
                bool gave_up = strstr(state, "give") || strstr(state, "gave") ||
                        !strcmp(state, "backoff");

                n++;
                bad += gave_up;
                if (gave_up)
                        say(doctor, "plugin", "fail", "kaname plugin list -o wide",
                            "%s: %s; last: %s",
                            json_text_of(row, "plugin", "?"), state,
                            json_text_of(row, "last_crash", "not said"));
        }
        if (!bad)
                say(doctor, "plugins", "ok", NULL, "%zu in their homes", n);
        json_array_foreach(json_object_get(status, "problems"), i, row)
                say(doctor, "content", "warn", json_text_of(row, "try", "kaname status"), "%s: %s",
                    json_text_of(row, "file", json_text_of(row, "code", "")),
                    json_text_of(row, "what", "?"));
}

static void check_hub(struct doctor *doctor)
{
        _fault_ struct fault fault = FAULT_INIT;
        _json_ json_t *status = NULL;

        check_ready(doctor);
        if (!check_user(doctor))
                return;
        if (client_get(doctor->cli, "/api/v1/status", NULL, &status, &fault)) {
                say_fault(doctor, "status", &fault);
                return;
        }
        check_version(doctor, status);
        check_store(doctor, status);
        check_disk(doctor, status);
        check_private(doctor, status);
        check_plugins(doctor, status);
}

static void print_lines(struct cli *cli, const json_t *lines)
{
        const json_t *line;
        size_t i;

        json_array_foreach(lines, i, line) {
                const char *verdict = json_text_of(line, "verdict", "");

                fprintf(cli->out, "%s%-4s%s  %s: %s\n",
                        out_color(cli->has_color, out_status_color(verdict)), verdict,
                        out_color(cli->has_color, OUT_PLAIN), json_text_of(line, "check", ""),
                        json_text_of(line, "says", ""));
                if (json_text_of(line, "try", NULL))
                        fprintf(cli->out, "      try: %s\n", json_text_of(line, "try", ""));
        }
}

int verb_doctor(struct cli *cli, struct fault *fault)
{
        static const struct column columns[] = { { "CHECK", "check", COLUMN_TEXT, false },
                { "VERDICT", "verdict", COLUMN_STATUS, false },
                { "SAYS", "says", COLUMN_TEXT, false },
                { "TRY", "try", COLUMN_TEXT, false }, { NULL, NULL, 0, false } };
        _json_ json_t *lines = json_array();
        struct doctor doctor = { .cli = cli, .lines = lines };
        int r = 0;

        if (check_account(&doctor) && check_reach(&doctor))
                check_hub(&doctor);
        if (cli->has_format)
                r = out_list(cli, lines, columns, "check");
        else
                print_lines(cli, lines);
        if (r || !doctor.failed)
                return r;
        return fault_set(fault, 500, "doctor", "%u of %zu checks failed", doctor.failed,
                         json_array_size(lines));
}
