/* SPDX-License-Identifier: Apache-2.0 */

/*
 * All of it lives on the loop's thread. What runs as another user (sudo) is beyond our signals:
 * past its time the execution ends without it, and says so.
 */
#include "runner/program.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "loop/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEPT_MAX (1 << 20) /* of each stream in the result; the output file has it all */

struct pipe_end {
        struct program *program;
        const char *stream;
        int fd;
        struct loop_fd *source;
        struct text kept;
};

struct program {
        struct running *r;
        struct command *command;
        struct pipe_end out, err;
        struct loop_child *child;
        struct loop_timer *timer;
        pid_t pid;
        int status;
        bool has_exited, is_late, is_killed;
        bool is_beyond;                 /* it runs on, and no signal of ours reaches it */
};

static void maybe_over(struct program *program);

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
                running_output(end->program->r, end->stream, block, (size_t)n);
                if (end->kept.len < KEPT_MAX)
                        text_add_bytes(&end->kept, block, (size_t)n);
                return;
        }
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        pipe_close(end);
        maybe_over(end->program);
}

/* ---- the end ---- */

static json_t *kept_text(const struct pipe_end *end)
{
        const char *s = end->kept.s ? end->kept.s : "";

        return text_is_utf8(s, end->kept.len) ? json_stringn(s, end->kept.len)
                : json_string("(not UTF-8: see the execution's output)");
}

static json_t *result_of(const struct program *program)
{
        int code = WIFEXITED(program->status) ? WEXITSTATUS(program->status)
                                              : -WTERMSIG(program->status);
        bool ok = program->has_exited && code == 0;

        return json_pack("{s:o, s:o, s:b, s:b, s:i}", "stdout", kept_text(&program->out), "stderr",
                         kept_text(&program->err), "succeeded", ok, "failed", !ok, "return_code",
                         program->has_exited ? code : -1);
}

static void program_free(struct program *program)
{
        loop_timer_free(program->timer);
        text_deinit(&program->out.kept);
        text_deinit(&program->err.kept);
        command_free(program->command);
        program->r->private = NULL;
        free(program);
}

static void reaped(void *arg, pid_t pid, int status)
{
        (void)arg, (void)pid, (void)status;
}

/* Whenever it ends, it is no zombie. */
static void let_go(struct program *program)
{
        program->child = loop_child_remove(program->child);
        (void)loop_child_add(hub_loop(program->r->hub), program->pid, reaped, NULL, NULL);
}

static void say_late(const struct program *program, json_t *result)
{
        char text[128];

        snprintf(text, sizeof text, program->is_beyond
                 ? "it ran past its timeout, and runs on: process %d is another user's"
                 : "it ran past its timeout and was ended", (int)program->pid);
        json_set_text(result, "error", text);
}

static void maybe_over(struct program *program)
{
        struct running *r = program->r;
        enum store_status status;
        json_t *result;

        if (!(program->has_exited || program->is_beyond) || program->out.fd >= 0 ||
            program->err.fd >= 0)
                return;
        result = result_of(program);
        status = atomic_load(&r->is_canceled) ? STORE_CANCELED : program->is_late ? STORE_TIMEOUT
                : json_bool_of(result, "succeeded", false) ? STORE_SUCCEEDED : STORE_FAILED;
        if (program->is_late)
                say_late(program, result);
        if (program->is_beyond)
                let_go(program);
        program_free(program);
        if (status == STORE_SUCCEEDED)
                running_finish(r, status, result);
        else
                running_fail_as(r, status, result, status == STORE_TIMEOUT
                                ? "it ran past its timeout" : "the command failed");
        running_unref(r);
}

static void exited(void *arg, pid_t pid, int status)
{
        struct program *program = arg;

        (void)pid;
        program->child = NULL;
        program->status = status;
        program->has_exited = true;
        /* What it left running in its group must not hold the pipes open. */
        kill(-program->pid, SIGKILL);
        maybe_over(program);
}

static void end_it(void *arg)
{
        struct program *program = arg;

        if (!program->is_late && !atomic_load(&program->r->is_canceled))
                program->is_late = true;
        if (kill(-program->pid, program->is_killed ? SIGKILL : SIGTERM) < 0 && errno == EPERM)
                program->is_beyond = program->is_killed;
        if (program->is_killed) {
                pipe_close(&program->out);
                pipe_close(&program->err);
        }
        program->is_killed = true;
        loop_timer_set(program->timer, clock_mono_ms() + 1000);
        maybe_over(program);
}

/* ---- what is started ---- */

void words_deinit(struct words *words)
{
        for (size_t i = 0; i < words->n; i++)
                free(words->words[i]);
}

/* Takes the word. */
static bool words_take(struct words *words, char *word)
{
        if (!word || words->n + 1 >= sizeof words->words / sizeof words->words[0]) {
                free(word);
                return false;
        }
        words->words[words->n++] = word;
        return true;
}

bool words_add(struct words *words, const char *word)
{
        return words_take(words, strdup(word));
}

bool words_add_pair(struct words *words, const char *name, const char *value)
{
        char *pair;

        return asprintf(&pair, "%s=%s", name, value) >= 0 && words_take(words, pair);
}

void command_free(struct command *command)
{
        words_deinit(&command->argv);
        words_deinit(&command->env);
        free(command->cwd);
        free(command->input);
        free(command);
}

/* A file that no name leads to: a secret that is to be read once stays out of the file system. */
static int open_input(const char *input)
{
        size_t len = input ? strlen(input) : 0;
        int fd = input ? memfd_create("input", MFD_CLOEXEC) : open("/dev/null", O_RDONLY | O_CLOEXEC);

        if (fd < 0 || !input)
                return fd < 0 ? -errno : fd;
        if (write(fd, input, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) < 0) {
                close(fd);
                return -EIO;
        }
        return fd;
}

static int spawn(struct program *program, int in, int out, int err)
{
        const struct command *command = program->command;
        posix_spawn_file_actions_t files;
        posix_spawnattr_t attributes;
        sigset_t none, all;
        int r;

        sigemptyset(&none);
        sigfillset(&all);
        posix_spawn_file_actions_init(&files);
        posix_spawnattr_init(&attributes);
        posix_spawn_file_actions_adddup2(&files, in, 0);
        posix_spawn_file_actions_adddup2(&files, out, 1);
        posix_spawn_file_actions_adddup2(&files, err, 2);
        if (command->cwd)
                posix_spawn_file_actions_addchdir_np(&files, command->cwd);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                      POSIX_SPAWN_SETSIGDEF);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &all);
        r = posix_spawnp(&program->pid, command->argv.words[0], &files, &attributes,
                         command->argv.words, command->env.words);
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

static int start_program(struct program *program)
{
        _close_ int in = open_input(program->command->input), out = -1, err = -1;
        struct loop *loop = hub_loop(program->r->hub);
        int r = in < 0 ? in : open_pipe(&program->out, &out);

        if (r == 0)
                r = open_pipe(&program->err, &err);
        if (r == 0)
                r = loop_timer_new(loop, end_it, program, &program->timer);
        if (r == 0)
                r = spawn(program, in, out, err);
        if (r == 0)
                r = loop_child_add(loop, program->pid, exited, program, &program->child);
        if (r == 0)
                r = loop_fd_add(loop, program->out.fd, EPOLLIN, readable, &program->out,
                                &program->out.source);
        if (r == 0)
                r = loop_fd_add(loop, program->err.fd, EPOLLIN, readable, &program->err,
                                &program->err.source);
        return r;
}

static void begin(void *arg)
{
        struct program *program = arg;
        struct running *r = program->r;
        int64_t timeout = program->command->timeout_ms;
        char why[256];
        int failed = start_program(program);

        if (failed < 0) {
                snprintf(why, sizeof why, "cannot start %s: %s", program->command->argv.words[0],
                         strerror(-failed));
                pipe_close(&program->out);
                pipe_close(&program->err);
                program_free(program);
                running_fail(r, STORE_FAILED, "local.start", why);
                running_unref(r);
                return;
        }
        r->private = program;
        if (r->is_timed && r->timeout_ms < timeout)
                timeout = r->timeout_ms;
        loop_timer_set(program->timer,
                       atomic_load(&r->is_canceled) ? 0 : clock_mono_ms() + timeout);
}

void program_start(struct running *r, struct command *command)
{
        struct program *program = calloc(1, sizeof *program);

        if (!program) {
                command_free(command);
                running_fail(r, STORE_FAILED, "internal", "out of memory");
                return;
        }
        *program = (struct program){ .r = running_ref(r), .command = command,
                                     .out = { program, "stdout", -1, NULL, TEXT_INIT },
                                     .err = { program, "stderr", -1, NULL, TEXT_INIT } };
        loop_post(hub_loop(r->hub), begin, program);
}

static void hurry(void *arg)
{
        struct running *r = arg;
        struct program *program = r->private;

        if (program)
                loop_timer_set(program->timer, 0);
        running_unref(r);
}

void program_cancel(struct running *r)
{
        loop_post(hub_loop(r->hub), hurry, running_ref(r));
}

void program_abandon(struct running *r)
{
        struct program *program = r->private;

        if (!program)
                return;
        kill(-program->pid, SIGKILL);
        pipe_close(&program->out);
        pipe_close(&program->err);
        loop_child_remove(program->child);
        program_free(program);
        running_unref(r);
}
