/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Learning what an object is without loading it here. The file is copied first and the copy is what
 * is described, hashed, kept and later loaded, so that a file which changes under our hands cannot
 * pass as another. The answer is kept beside the copy (HASH.json) under the hash of the program
 * that gave it: another version of kaname-host may understand more.
 */

#include "host/host.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "host/module.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define TIME_MS 5000
#define ANSWER_MAX (8u << 20)
#define OBJECT_MAX (256u << 20)

static const struct json_limits answer_limits = { ANSWER_MAX, 66, NULL, NULL };

struct describing {
        const char *program, *state_dir, *path;
        char copy[4096], kept[4096], answer[4096];      /* temporary, HASH.so, HASH.json */
        char hash[HASH_TEXT_SIZE];
        struct fault *fault;
};

/* ---- the copy ---- */

static int copy_bytes(int from, int to)
{
        char buffer[65536];
        uint64_t total = 0;
        ssize_t n;

        while ((n = read(from, buffer, sizeof buffer)) > 0) {
                total += (uint64_t)n;
                if (total > OBJECT_MAX)
                        return -EFBIG;
                for (ssize_t done = 0, m; done < n; done += m) {
                        m = write(to, buffer + done, (size_t)(n - done));
                        if (m < 0)
                                return -errno;
                }
        }
        return n < 0 ? -errno : 0;
}

static int make_copy(struct describing *d)
{
        _close_ int from = open(d->path, O_RDONLY | O_CLOEXEC), to = -1;
        uint8_t hash[HASH_SIZE];
        char dir[4000];
        int r;

        if (from < 0)
                return fault_set(d->fault, errno == ENOENT ? 404 : 422, "plugin.unreadable",
                                 "%s: %s", d->path, strerror(errno));
        snprintf(dir, sizeof dir, "%s/plugins", d->state_dir);
        if (mkdir(dir, 0755) < 0 && errno != EEXIST)
                return fault_errno(d->fault, -errno, dir);
        snprintf(d->copy, sizeof d->copy, "%s/.describe-XXXXXX", dir);
        to = mkostemp(d->copy, O_CLOEXEC);
        if (to < 0) {
                r = -errno;
                *d->copy = '\0';
                return fault_errno(d->fault, r, dir);
        }
        r = copy_bytes(from, to);
        if (r == 0)
                r = hash_fd(to, hash);
        if (r == 0 && (fchmod(to, 0555) < 0 || fsync(to) < 0))
                r = -errno;
        if (r < 0)
                return fault_errno(d->fault, r, d->copy);
        hash_text(hash, d->hash);
        snprintf(d->kept, sizeof d->kept, "%s/%s.so", dir, d->hash);
        snprintf(d->answer, sizeof d->answer, "%s/%s.json", dir, d->hash);
        return 0;
}

/* ---- the answer that is kept ---- */

static void program_text(const char *program, char text[96])
{
        struct stat st = { 0 };

        stat(program, &st);
        snprintf(text, 96, "%s %lld %lld", PACKAGE_VERSION, (long long)st.st_size,
                 (long long)st.st_mtime);
}

static json_t *read_kept(const struct describing *d)
{
        _json_ json_t *kept = NULL;
        char program[96];

        program_text(d->program, program);
        if (access(d->kept, R_OK) < 0 ||
            json_parse_file(d->answer, &answer_limits, &kept, NULL) != 0)
                return NULL;
        if (!text_equal(json_text_of(kept, "program", NULL), program))
                return NULL;
        return json_incref(json_object_get(kept, "manifest"));
}

/* The answer first: an object that lies there has one. Both appear whole or not at all. */
static int keep(struct describing *d, json_t *manifest)
{
        _json_ json_t *kept = json_object();
        char program[96], temporary[4200];

        program_text(d->program, program);
        snprintf(temporary, sizeof temporary, "%s.%d", d->answer, (int)getpid());
        json_object_set_new(kept, "program", json_string(program));
        json_object_set(kept, "manifest", manifest);
        if (json_dump_file(kept, temporary, JSON_COMPACT) < 0 || rename(temporary, d->answer) < 0 ||
            rename(d->copy, d->kept) < 0)
                return fault_errno(d->fault, -errno, d->kept);
        *d->copy = '\0';
        return 0;
}

/* ---- the process ---- */

static int spawn(const struct describing *d, int out, int err, pid_t *ret)
{
        char *argv[] = { (char *)(uintptr_t)"kaname-host", (char *)(uintptr_t)"--describe",
                         (char *)(uintptr_t)d->copy, NULL };
        char *envp[] = { NULL };
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attr;
        sigset_t none, all;
        int r;

        sigemptyset(&none);
        sigfillset(&all);
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&actions, out, 1);
        posix_spawn_file_actions_adddup2(&actions, err, 2);
        posix_spawnattr_init(&attr);
        posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        posix_spawnattr_setsigmask(&attr, &none);
        posix_spawnattr_setsigdefault(&attr, &all);
        r = posix_spawn(ret, d->program, &actions, &attr, argv, envp);
        posix_spawnattr_destroy(&attr);
        posix_spawn_file_actions_destroy(&actions);
        return -r;
}

/* Both streams until both are at their end; false: time is up or there is too much. */
static bool collect(const int fds[2], struct text texts[2])
{
        int64_t until = clock_mono_ms() + TIME_MS, left;
        struct pollfd polls[2] = { { fds[0], POLLIN, 0 }, { fds[1], POLLIN, 0 } };
        char buffer[16384];
        ssize_t n;

        while (polls[0].fd >= 0 || polls[1].fd >= 0) {
                left = until - clock_mono_ms();
                if (left <= 0 || poll(polls, 2, (int)left) < 0)
                        return false;
                for (int i = 0; i < 2; i++) {
                        if (polls[i].fd < 0 || !polls[i].revents)
                                continue;
                        n = read(polls[i].fd, buffer, sizeof buffer);
                        if (n <= 0)
                                polls[i].fd = -1;
                        else
                                text_add_bytes(&texts[i], buffer, (size_t)n);
                        if (texts[i].len > ANSWER_MAX)
                                return false;
                }
        }
        return true;
}

static int refuse(struct describing *d, bool in_time, int status, const char *printed)
{
        char last[200];

        snprintf(last, sizeof last, "%.*s", printed ? (int)strcspn(printed, "\n") : 0,
                 printed ? printed : "");
        if (!in_time) {
                fault_set(d->fault, 422, "plugin.slow", "%s: loading it took more than %d s",
                          d->path, TIME_MS / 1000);
                return fault_try(d->fault,
                                 "do no work in constructors: create() is the place for it");
        }
        if (WIFSIGNALED(status))
                fault_set(d->fault, 422, "plugin.crashed",
                          "%s: loading it ended with signal %d (%s)", d->path, WTERMSIG(status),
                          strsignal(WTERMSIG(status)));
        else
                fault_set(d->fault, 422, "plugin.crashed",
                          "%s: loading it ended with exit status %d and no answer", d->path,
                          WEXITSTATUS(status));
        if (*last)
                fault_why(d->fault, "it said: %s", last);
        return fault_try(d->fault, "run kaname-host --describe on it under a debugger");
}

/* The process names the copy; a person knows the file by its own path. */
static char *with_path(const struct describing *d, const char *text)
{
        struct text out = TEXT_INIT;
        const char *at;

        for (; (at = strstr(text, d->copy)); text = at + strlen(d->copy)) {
                text_add_bytes(&out, text, (size_t)(at - text));
                text_add(&out, d->path);
        }
        text_add(&out, text);
        return text_take(&out);
}

static int take_fault(struct describing *d, const json_t *fault)
{
        _free_ char *what = with_path(d, json_text_of(fault, "what", "no reason given"));
        const char *try = json_text_of(fault, "try", NULL);

        fault_set(d->fault, (int)json_int_of(fault, "status", 422),
                  json_text_of(fault, "code", "plugin.crashed"), "%s", what ? what : "");
        return try ? fault_try(d->fault, "%s", try) : FAULT;
}

static int read_answer(struct describing *d, const struct text *said, json_t **ret)
{
        _json_ json_t *answer = NULL;

        if (json_parse(said->s ? said->s : "", said->len, &answer_limits, &answer, d->fault) != 0)
                return fault_prefix(d->fault, "%s: what it says of itself", d->path);
        if (json_object_get(answer, "fault"))
                return take_fault(d, json_object_get(answer, "fault"));
        *ret = json_incref(json_object_get(answer, "manifest"));
        return 0;
}

static int ask(struct describing *d, json_t **ret)
{
        _text_ struct text out = TEXT_INIT, err = TEXT_INIT;
        struct text texts[2] = { TEXT_INIT, TEXT_INIT };
        int pipes[2][2], fds[2], status = 0, r;
        bool in_time;
        pid_t pid;

        if (pipe2(pipes[0], O_CLOEXEC) < 0)
                return -errno;
        if (pipe2(pipes[1], O_CLOEXEC) < 0) {
                r = -errno;
                close(pipes[0][0]);
                close(pipes[0][1]);
                return r;
        }
        r = spawn(d, pipes[0][1], pipes[1][1], &pid);
        close(pipes[0][1]);
        close(pipes[1][1]);
        fds[0] = pipes[0][0];
        fds[1] = pipes[1][0];
        in_time = r == 0 && collect(fds, texts);
        close(fds[0]);
        close(fds[1]);
        out = texts[0];
        err = texts[1];
        if (r < 0)
                return fault_set(d->fault, 500, "host.program", "%s: %s", d->program, strerror(-r));
        if (!in_time)
                kill(pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        if (!in_time || WIFSIGNALED(status) || !out.len)
                return refuse(d, in_time, status, err.s);
        return read_answer(d, &out, ret);
}

static int describe(struct describing *d, struct manifest **ret)
{
        _json_ json_t *json = NULL;
        bool was_kept;
        int r = make_copy(d);

        if (r != 0)
                return r;
        json = read_kept(d);
        was_kept = json != NULL;
        if (!was_kept) {
                r = module_check_file(d->path, d->fault);
                if (r == 0)
                        r = ask(d, &json);
        }
        if (r == 0)
                json_set_text(json, "source", d->path);
        if (r == 0)
                r = manifest_new(json_incref(json), d->kept, d->hash, ret, d->fault);
        if (r != 0 || was_kept)
                return r;
        r = keep(d, json);
        if (r != 0)
                *ret = manifest_unref(*ret);
        return r;
}

int host_describe(const char *program, const char *state_dir, const char *path,
                  struct manifest **ret, struct fault *fault)
{
        struct describing d = {
                .program = program, .state_dir = state_dir, .path = path, .fault = fault
        };
        int r = describe(&d, ret);

        if (*d.copy)
                unlink(d.copy);
        return fault_errno(fault, r, "describing a plugin");
}
