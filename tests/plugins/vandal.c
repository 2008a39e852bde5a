/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a bad or broken plugin would do: end its process, never come back, fill what it can reach,
 * and try the doors of its sandbox. tests/system/stranger.sh builds it with the author's rules.
 */

#include <kaname/plugin.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int greet(struct kn_ctx *ctx)
{
        return kn_return_str(ctx, "greeting", "hello");
}

static int crash(struct kn_ctx *ctx)
{
        (void)ctx;
        abort();
}

static int leave(struct kn_ctx *ctx)
{
        (void)ctx;
        _exit(0);
}

static int spin(struct kn_ctx *ctx)
{
        volatile int forever = 1;

        (void)ctx;
        while (forever)
                ;
        return KN_OK;
}

/* Not even what the door answers stops it. */
static int flood(struct kn_ctx *ctx)
{
        char block[4096];

        memset(block, 'x', sizeof block);
        block[sizeof block - 1] = '\n';
        for (;;)
                ctx->host->stream(ctx, KN_OUTPUT, block, sizeof block);
}

static int shout(struct kn_ctx *ctx)
{
        (void)ctx;
        for (;;)
                if (write(1, "to standard output\n", 19) < 0 ||
                    write(2, "to standard error\n", 18) < 0)
                        usleep(1000);
}

static int chatter(struct kn_ctx *ctx)
{
        for (;;)
                kn_log(ctx, KN_ERROR, "line after line after line");
}

static int devour(struct kn_ctx *ctx)
{
        (void)ctx;
        for (size_t n = (size_t)16 << 20;;) {
                char *bytes = malloc(n);

                if (bytes)
                        memset(bytes, 1, n);
        }
}

/* ---- the sandbox ---- */

static void note(struct kn_ctx *ctx, const char *what, long got)
{
        kn_return_str(ctx, what, got < 0 ? strerror(errno) : "done");
}

static long try_to_run(void)
{
        static char *const argv[] = { "/bin/true", NULL };

        return execv(argv[0], argv);
}

static long try_to_fork(void)
{
        pid_t pid = fork();

        if (pid == 0)
                _exit(0);
        if (pid > 0)
                waitpid(pid, NULL, 0);
        return pid;
}

static long try_to_read(pid_t pid)
{
        char byte;
        struct iovec here = { &byte, 1 }, there = { (void *)(uintptr_t)0x400000, 1 };

        return process_vm_readv(pid, &here, 1, &there, 1, 0);
}

static int burgle(struct kn_ctx *ctx)
{
        pid_t hub = (pid_t)kn_arg_int(ctx, "hub", 0);
        char memory[64];

        snprintf(memory, sizeof memory, "/proc/%d/mem", (int)hub);
        note(ctx, "socket", socket(AF_INET, SOCK_STREAM, 0));
        note(ctx, "write", open(kn_arg_str(ctx, "new", ""), O_WRONLY | O_CREAT, 0600));
        note(ctx, "append", open(kn_arg_str(ctx, "secret", ""), O_RDWR | O_APPEND));
        note(ctx, "secret", open(kn_arg_str(ctx, "secret", ""), O_RDONLY));
        note(ctx, "unlink", unlink(kn_arg_str(ctx, "secret", "")));
        note(ctx, "memory", open(memory, O_RDONLY));
        note(ctx, "peek", try_to_read(hub));
        note(ctx, "trace", ptrace(PTRACE_ATTACH, hub, NULL, NULL));
        note(ctx, "signal", kill(hub, 0));
        note(ctx, "own", fcntl(0, F_SETOWN, hub));
        note(ctx, "fork", try_to_fork());
        note(ctx, "exec", try_to_run());
        return KN_OK;
}

#define BAD(n, s, ms) { .name = #n, .summary = s, .run = n, .flags = KN_READONLY, .timeout_ms = ms }

static const struct kn_action actions[] = {
        BAD(greet, "Behave", 0),
        BAD(crash, "Abort", 2000),
        BAD(leave, "End the process and say that all is well", 2000),
        BAD(spin, "Never come back", 1000),
        BAD(flood, "Write output without end", 1000),
        BAD(shout, "Write to the standard streams without end", 1000),
        BAD(chatter, "Log without end", 1000),
        BAD(devour, "Take memory without end", 2000),
        { .name = "burgle",
          .summary = "Try what the sandbox is there for",
          .run = burgle,
          .flags = KN_READONLY,
          .params = KN_JSON({
                  "properties" : {
                          "hub" : { "type" : "integer", "description" : "Its process id" },
                          "new" : { "type" : "string", "description" : "A file to make" },
                          "secret" : { "type" : "string", "description" : "A file to take" }
                  }
          }) },
};

KN_PLUGIN(.name = "vandal", .version = "1.0", .summary = "Misbehaves", .flags = KN_PARALLEL,
          KN_ACTIONS(actions))
