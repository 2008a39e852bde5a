/* SPDX-License-Identifier: Apache-2.0 */

/*
 * core.local: a program on the hub's own machine. argv starts it without a shell, so values are
 * never parsed again; cmd runs in /bin/sh where that was asked for. It gets a process group of its
 * own, a clean environment, no standard input, KANAME_IDEMPOTENCY_KEY (the same over attempts) and
 * KANAME_FENCE (the attempt). Past its time: SIGTERM to the group, SIGKILL a second later.
 *
 * All of it lives on the loop's thread.
 */
#include "runner/room.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "hub/running.h"
#include "loop/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEPT_MAX (1 << 20) /* of each stream in the result; the output file has it all */
#define ENV_MAX 64

struct pipe_end {
        struct local *local;
        const char *stream;
        int fd;
        struct loop_fd *source;
        struct text kept;
};

struct local {
        struct running *r;
        struct pipe_end out, err;
        struct loop_child *child;
        struct loop_timer *timer;
        pid_t pid;
        int status;
        bool has_exited, is_late, is_killed;
};

static void maybe_over(struct local *local);

/* ---- reading ---- */

static void pipe_close(struct pipe_end *end)
{
        end->source = loop_fd_remove(end->source);
        if (end->fd >= 0)
                close(end->fd);
        end->fd = -1;
}

static void readable(void *arg, uint32_t events)
{
        struct pipe_end *end = arg;
        char block[16384];
        ssize_t n = read(end->fd, block, sizeof block);

        (void)events;
        if (n > 0) {
                running_output(end->local->r, end->stream, block, (size_t)n);
                if (end->kept.len < KEPT_MAX)
                        text_add_bytes(&end->kept, block, (size_t)n);
                return;
        }
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        pipe_close(end);
        maybe_over(end->local);
}

/* ---- the end ---- */

static json_t *kept_text(const struct pipe_end *end)
{
        const char *s = end->kept.s ? end->kept.s : "";

        return text_is_utf8(s, end->kept.len) ? json_stringn(s, end->kept.len)
                : json_string("(not UTF-8: see the execution's output)");
}

static json_t *local_result(const struct local *local)
{
        bool ok = WIFEXITED(local->status) && WEXITSTATUS(local->status) == 0;
        int code = WIFEXITED(local->status) ? WEXITSTATUS(local->status) : -WTERMSIG(local->status);

        return json_pack("{s:o, s:o, s:b, s:b, s:i}", "stdout", kept_text(&local->out), "stderr",
                         kept_text(&local->err), "succeeded", ok, "failed", !ok, "return_code",
                         code);
}

static void local_free(struct local *local)
{
        loop_timer_free(local->timer);
        text_deinit(&local->out.kept);
        text_deinit(&local->err.kept);
        local->r->private = NULL;
        free(local);
}

static void maybe_over(struct local *local)
{
        struct running *r = local->r;
        enum store_status status;
        json_t *result;

        if (!local->has_exited || local->out.fd >= 0 || local->err.fd >= 0)
                return;
        result = local_result(local);
        status = atomic_load(&r->is_canceled) ? STORE_CANCELED : local->is_late ? STORE_TIMEOUT
                : json_bool_of(result, "succeeded", false) ? STORE_SUCCEEDED : STORE_FAILED;
        if (local->is_late)
                json_object_set_new(result, "error",
                                    json_string("it ran past its timeout and was ended"));
        local_free(local);
        if (status == STORE_SUCCEEDED)
                running_finish(r, status, result);
        else
                running_fail_as(r, status, result, status == STORE_TIMEOUT
                                ? "it ran past its timeout" : "the command failed");
        running_unref(r);
}

static void exited(void *arg, pid_t pid, int status)
{
        struct local *local = arg;

        (void)pid;
        local->child = NULL;
        local->status = status;
        local->has_exited = true;
        /* What it left running in its group must not hold the pipes open. */
        kill(-local->pid, SIGKILL);
        maybe_over(local);
}

static void end_it(void *arg)
{
        struct local *local = arg;

        if (!local->is_late && !atomic_load(&local->r->is_canceled))
                local->is_late = true;
        kill(-local->pid, local->is_killed ? SIGKILL : SIGTERM);
        if (local->is_killed) {
                pipe_close(&local->out);
                pipe_close(&local->err);
        }
        local->is_killed = true;
        loop_timer_set(local->timer, clock_mono_ms() + 1000);
        maybe_over(local);
}

/* ---- starting ---- */

struct argv {
        char *words[256];
        size_t n;
};

static void argv_deinit(struct argv *argv)
{
        for (size_t i = 0; i < argv->n; i++)
                free(argv->words[i]);
}

static bool argv_add(struct argv *argv, const char *word)
{
        if (argv->n + 1 >= sizeof argv->words / sizeof argv->words[0])
                return false;
        argv->words[argv->n] = strdup(word);
        return argv->words[argv->n++] != NULL;
}

static const char *make_argv(const json_t *params, struct argv *argv)
{
        const json_t *list = json_object_get(params, "argv"), *word;
        const char *cmd = json_text_of(params, "cmd", NULL);
        size_t i;

        if (json_array_size(list)) {
                json_array_foreach(list, i, word)
                        if (!json_is_string(word) || !argv_add(argv, json_string_value(word)))
                                return "argv must be a list of at most 255 texts";
                return NULL;
        }
        if (!cmd)
                return "give argv (a list, no shell) or cmd (a line for /bin/sh)";
        return argv_add(argv, json_text_of(params, "shell", "/bin/sh")) && argv_add(argv, "-c") &&
                               argv_add(argv, cmd)
                       ? NULL
                       : "out of memory";
}

static void env_add(struct argv *env, const char *name, const char *value)
{
        _free_ char *pair = NULL;

        if (env->n < ENV_MAX && asprintf(&pair, "%s=%s", name, value) >= 0)
                argv_add(env, pair);
}

static void make_env(const struct running *r, struct argv *env)
{
        const json_t *given = json_object_get(r->params, "env"), *value;
        char id[ID_TEXT_SIZE], attempt[16];
        const char *name;

        snprintf(attempt, sizeof attempt, "%u", r->claim.attempt);
        env_add(env, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        env_add(env, "LANG", "C.UTF-8");
        env_add(env, "HOME", "/");
        env_add(env, "KANAME_IDEMPOTENCY_KEY", id_text(&r->claim.id, id));
        env_add(env, "KANAME_FENCE", attempt);
        json_object_foreach((json_t *)given, name, value) {
                _free_ char *text = json_is_string(value) ? strdup(json_string_value(value))
                                                          : json_compact(value);

                if (text && !strchr(name, '='))
                        env_add(env, name, text);
        }
}

static int spawn(struct local *local, struct argv *argv, struct argv *env, int out, int err)
{
        const char *cwd = json_text_of(local->r->params, "cwd", NULL);
        posix_spawn_file_actions_t files;
        posix_spawnattr_t attributes;
        sigset_t none, all;
        int r;

        sigemptyset(&none);
        sigfillset(&all);
        posix_spawn_file_actions_init(&files);
        posix_spawnattr_init(&attributes);
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&files, out, 1);
        posix_spawn_file_actions_adddup2(&files, err, 2);
        if (cwd)
                posix_spawn_file_actions_addchdir_np(&files, cwd);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                      POSIX_SPAWN_SETSIGDEF);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &all);
        r = posix_spawnp(&local->pid, argv->words[0], &files, &attributes, argv->words, env->words);
        posix_spawn_file_actions_destroy(&files);
        posix_spawnattr_destroy(&attributes);
        return -r;
}

static int open_pipe(struct pipe_end *end, int *ret_write)
{
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;
        fcntl(fds[0], F_SETFL, O_NONBLOCK);
        end->fd = fds[0];
        *ret_write = fds[1];
        return 0;
}

static int start_process(struct local *local, struct argv *argv, struct argv *env)
{
        _close_ int out = -1, err = -1;
        struct loop *loop = hub_loop(local->r->hub);
        int r = open_pipe(&local->out, &out);

        if (r == 0)
                r = open_pipe(&local->err, &err);
        if (r == 0)
                r = loop_timer_new(loop, end_it, local, &local->timer);
        if (r == 0)
                r = spawn(local, argv, env, out, err);
        if (r == 0)
                r = loop_child_add(loop, local->pid, exited, local, &local->child);
        if (r == 0)
                r = loop_fd_add(loop, local->out.fd, EPOLLIN, readable, &local->out,
                                &local->out.source);
        if (r == 0)
                r = loop_fd_add(loop, local->err.fd, EPOLLIN, readable, &local->err,
                                &local->err.source);
        return r;
}

static void give_up(struct local *local, const char *why)
{
        struct running *r = local->r;

        pipe_close(&local->out);
        pipe_close(&local->err);
        loop_timer_free(local->timer);
        free(local);
        running_fail(r, STORE_FAILED, "local.start", why);
        running_unref(r);
}

static void local_begin(void *arg)
{
        struct running *r = arg;
        struct local *local = calloc(1, sizeof *local);
        _cleanup_(argv_deinit) struct argv argv = { .n = 0 };
        _cleanup_(argv_deinit) struct argv env = { .n = 0 };
        int64_t timeout = json_int_of(r->params, "timeout", r->timeout_ms / 1000) * 1000;
        const char *problem;
        char why[256];
        int failed;

        if (!local) {
                running_fail(r, STORE_FAILED, "internal", "out of memory");
                running_unref(r);
                return;
        }
        *local = (struct local){ .r = r, .out = { local, "stdout", -1, NULL, TEXT_INIT },
                                 .err = { local, "stderr", -1, NULL, TEXT_INIT } };
        problem = make_argv(r->params, &argv);
        if (problem) {
                give_up(local, problem);
                return;
        }
        make_env(r, &env);
        failed = start_process(local, &argv, &env);
        if (failed < 0) {
                snprintf(why, sizeof why, "cannot start %s: %s", argv.words[0], strerror(-failed));
                give_up(local, why);
                return;
        }
        r->private = local;
        if (r->is_timed && r->timeout_ms < timeout)
                timeout = r->timeout_ms;
        loop_timer_set(local->timer, atomic_load(&r->is_canceled) ? 0 : clock_mono_ms() + timeout);
}

void local_start(struct running *r)
{
        loop_post(hub_loop(r->hub), local_begin, running_ref(r));
}

static void hurry(void *arg)
{
        struct running *r = arg;
        struct local *local = r->private;

        if (local)
                loop_timer_set(local->timer, 0);
        running_unref(r);
}

void local_cancel(struct running *r)
{
        loop_post(hub_loop(r->hub), hurry, running_ref(r));
}

/* Nobody waits for it any more: it must not outlive the hub, nor must what it holds. */
void local_abandon(struct running *r)
{
        struct local *local = r->private;

        if (!local)
                return;
        kill(-local->pid, SIGKILL);
        pipe_close(&local->out);
        pipe_close(&local->err);
        loop_child_remove(local->child);
        local_free(local);
        running_unref(r);
}
