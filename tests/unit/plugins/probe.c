/* SPDX-License-Identifier: Apache-2.0 */

/* A plugin that tries every door, and every way to misbehave: see tests/unit/host_homes_test.c. */

#include <kaname/plugin.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct self {
        int calls;
        int overlap, overlap_max;
};

static int create(struct kn_ctx *ctx)
{
        struct self *self;

        if (strcmp(kn_config_str(ctx, "start", "well"), "badly") == 0)
                return kn_fail(ctx, KN_EAUTH, "create() was told to fail");
        self = calloc(1, sizeof *self);
        if (!self)
                return KN_ENOMEM;
        ctx->self = self;
        return KN_OK;
}

static void destroy(struct kn_ctx *ctx)
{
        kn_log(ctx, KN_INFO, "destroyed");
        while (strcmp(kn_config_str(ctx, "end", "well"), "never") == 0)
                pause();
        free(ctx->self);
}

static int check(struct kn_ctx *ctx)
{
        return kn_return_str(ctx, "state", ctx->self ? "made" : "not made");
}

static int noop(struct kn_ctx *ctx)
{
        (void)ctx;
        return KN_OK;
}

static int echo(struct kn_ctx *ctx)
{
        struct self *self = ctx->self;

        kn_log(ctx, KN_NOTICE, "echo %s", kn_arg_str(ctx, "text", "nothing"));
        kn_return_str(ctx, "text", kn_arg_str(ctx, "text", "nothing"));
        kn_return_int(ctx, "deep.number", kn_arg_int(ctx, "list.1", -1));
        kn_return_json(ctx, "list", kn_arg_str(ctx, "list", "[]"));
        kn_return_str(ctx, "config", kn_config_str(ctx, "server", "none"));
        kn_return_str(ctx, "hidden", kn_config_str(ctx, "password", "hidden"));
        kn_return_str(ctx, "secret", kn_secret(ctx, "password"));
        kn_return_str(ctx, "mode", kn_str(ctx, KN_CALL, "mode", "none"));
        kn_return_str(ctx, "action", kn_str(ctx, KN_CALL, "action", "none"));
        kn_return_bool(ctx, "same_self", self != NULL && ++self->calls > 0);
        return ctx->host->stream(ctx, KN_OUTPUT, "out\0put", 7);
}

static int fail(struct kn_ctx *ctx)
{
        return (ctx->host->fail)(ctx, (int)kn_arg_int(ctx, "code", KN_EREMOTE),
                                 kn_arg_str(ctx, "why", "it failed"));
}

static int fail_silently(struct kn_ctx *ctx)
{
        (void)ctx;
        return KN_ECONFLICT;
}

static int bad_code(struct kn_ctx *ctx)
{
        (void)ctx;
        return -77;
}

static int nap(struct kn_ctx *ctx)
{
        return kn_wait(ctx, -1, 0, kn_arg_int(ctx, "ms", 60000));
}

static int abort_now(struct kn_ctx *ctx)
{
        fprintf(stderr, "about to abort\n");
        (void)ctx;
        abort();
}

static int ignore_cancel(struct kn_ctx *ctx)
{
        (void)ctx;
        while (pause() < 0)
                ;
        return KN_OK;
}

static int spin(struct kn_ctx *ctx)
{
        volatile int forever = 1;

        (void)ctx;
        while (forever)
                ;
        return KN_OK;
}

static int flood(struct kn_ctx *ctx)
{
        char block[8192];

        memset(block, 'x', sizeof block);
        for (int64_t i = kn_arg_int(ctx, "blocks", 64); i > 0; i--)
                if (ctx->host->stream(ctx, KN_OUTPUT, block, sizeof block) < 0)
                        return KN_EINTERNAL;
        return KN_OK;
}

static int big(struct kn_ctx *ctx)
{
        size_t len = (size_t)kn_arg_int(ctx, "bytes", 300000);
        char *text = malloc(len + 1);
        int r;

        if (!text)
                return KN_ENOMEM;
        memset(text, 'b', len);
        text[len] = '\0';
        r = kn_return_str(ctx, "big", text);
        kn_return_int(ctx, "got", (int64_t)strlen(kn_arg_str(ctx, "big", "")));
        free(text);
        return r;
}

static int store(struct kn_ctx *ctx)
{
        struct kn_value v = { .kind = KN_INT, .flags = KN_CAS, .i = 1 };
        int64_t before = kn_int(ctx, KN_STORE, "count", 0);
        int r;

        v.i = before + 1;
        r = ctx->host->put(ctx, KN_STORE, "count", &v);
        if (r < 0)
                return kn_fail(ctx, r, "count changed meanwhile");
        kn_return_int(ctx, "second_try", ctx->host->put(ctx, KN_STORE, "count", &v));
        kn_put_text(ctx, KN_STORE, "word", KN_STR, "said \"so\"");
        kn_return_str(ctx, "word", kn_str(ctx, KN_STORE, "word", "none"));
        kn_put_text(ctx, KN_STORE, "word", KN_STR, NULL);
        kn_return_str(ctx, "gone", kn_str(ctx, KN_STORE, "word", "none"));
        return kn_return_int(ctx, "count", kn_int(ctx, KN_STORE, "count", -1));
}

static int change(struct kn_ctx *ctx)
{
        struct kn_change c = { .size = sizeof c, .resource = "thing/one", .before = "{\"a\": 1}",
                               .after = "{\"a\": 2}", .undo_action = "change", .undo_args = "{}" };
        struct kn_change same = { .size = sizeof same,
                                  .resource = "thing/two",
                                  .before = "{\"a\":1, \"b\":2}",
                                  .after = "{\"b\": 2, \"a\": 1}" };
        int ticket = kn_change(ctx, &c);

        kn_return_bool(ctx, "applied", ticket > 0);
        kn_return_int(ctx, "same", kn_change(ctx, &same));
        if (ticket > 0)
                kn_changed(ctx, ticket, KN_OK, "{\"a\": 2}");
        c.before = "no json";
        kn_return_int(ctx, "nonsense", kn_change(ctx, &c));
        return ticket < 0 ? ticket : KN_OK;
}

static int emit(struct kn_ctx *ctx)
{
        kn_return_int(ctx, "array", kn_emit(ctx, "seen", "[]", NULL));
        return kn_emit(ctx, "seen", "{\"what\": \"it\"}", "id-1");
}

static int http(struct kn_ctx *ctx)
{
        struct kn_http h = { .method = kn_arg_str(ctx, "method", "GET"),
                             .url = kn_arg_str(ctx, "url", ""),
                             .headers = "X-Probe: yes\n" };
        int r;

        h.body = kn_arg_str(ctx, "body", NULL);
        h.body_len = h.body ? strlen(h.body) : 0;
        r = kn_http(ctx, &h);
        if (r < 0)
                return r;
        kn_return_int(ctx, "status", h.status);
        kn_return_bool(ctx, "has_header", strstr(h.reply_headers, "X-Answer: 42\n") != NULL);
        return kn_return_str(ctx, "reply", h.reply);
}

static int dial(struct kn_ctx *ctx)
{
        char buffer[64] = "";
        int fd = kn_dial(ctx, kn_arg_str(ctx, "address", ""), 2000);
        ssize_t n;

        if (fd < 0)
                return fd;
        if (write(fd, "ping", 4) != 4 || kn_wait(ctx, fd, KN_READ, 5000) != KN_READ)
                n = -1;
        else
                n = read(fd, buffer, sizeof buffer - 1);
        close(fd);
        return n > 0 ? kn_return_str(ctx, "heard", buffer)
                     : kn_fail(ctx, KN_EREMOTE, "nothing was heard");
}

static void *helper(void *arg)
{
        struct kn_ctx *ctx = arg;

        for (int i = 0; i < 20; i++)
                ctx->host->stream(ctx, KN_OUTPUT, "t", 1);
        return NULL;
}

static int threads(struct kn_ctx *ctx)
{
        pthread_t thread[3];
        int made = 0;

        for (int i = 0; i < 3; i++)
                made += pthread_create(&thread[i], NULL, helper, ctx) == 0;
        for (int i = 0; i < made; i++)
                pthread_join(thread[i], NULL);
        return kn_return_int(ctx, "threads", made);
}

/* Do calls of one instance take turns? */
static int turn(struct kn_ctx *ctx)
{
        struct self *self = ctx->self;
        int now = __atomic_add_fetch(&self->overlap, 1, __ATOMIC_SEQ_CST);

        if (now > self->overlap_max)
                self->overlap_max = now;
        kn_wait(ctx, -1, 0, 2);
        __atomic_sub_fetch(&self->overlap, 1, __ATOMIC_SEQ_CST);
        return kn_return_int(ctx, "overlap", self->overlap_max);
}

/* What the sandbox must refuse; each member is the errno, 0 where it was let through. */
static int escape(struct kn_ctx *ctx)
{
        int r = socket(AF_INET, SOCK_STREAM, 0);

        kn_return_int(ctx, "socket", r < 0 ? errno : 0);
        r = open("/tmp/kaname-probe-escape", O_WRONLY | O_CREAT, 0600);
        kn_return_int(ctx, "write", r < 0 ? errno : 0);
        r = open("/etc/passwd", O_RDONLY);
        kn_return_int(ctx, "read", r < 0 ? errno : 0);
        r = execl("/bin/true", "true", (char *)NULL);
        kn_return_int(ctx, "exec", r < 0 ? errno : 0);
        r = (int)fork();
        if (r == 0)
                _exit(0);
        kn_return_int(ctx, "fork", r < 0 ? errno : 0);
        r = kill(getppid(), 0);
        kn_return_int(ctx, "kill", r < 0 ? errno : 0);
        r = fcntl(0, F_SETOWN, getppid());
        return kn_return_int(ctx, "setown", r < 0 ? errno : 0);
}

/* The hub's side has to see through whatever is written to the wire. */
static int garbage(struct kn_ctx *ctx)
{
        char bytes[64];

        memset(bytes, 0xff, sizeof bytes);
        if (write(3, bytes, sizeof bytes) < 0)
                return KN_EREMOTE;
        return kn_wait(ctx, -1, 0, 60000);
}

static int poll_it(struct kn_ctx *ctx)
{
        kn_put_int(ctx, KN_CALL, "again_ms", KN_INT, 1234);
        kn_put_int(ctx, KN_STORE, "polled", KN_INT, 1);
        return kn_emit(ctx, "seen", "{\"what\": \"poll\"}", NULL);
}

static int run_it(struct kn_ctx *ctx)
{
        int r = kn_emit(ctx, "seen", "{\"what\": \"run\"}", NULL);

        while (r >= 0)
                r = kn_wait(ctx, -1, 0, 1000);
        return r;
}

#define ROW(n, f) { .name = n, .summary = n, .run = f }

static const struct kn_action actions[] = {
        ROW("noop", noop),
        ROW("fail", fail),
        ROW("fail_silently", fail_silently),
        ROW("bad_code", bad_code),
        ROW("sleep", nap),
        ROW("abort", abort_now),
        ROW("ignore_cancel", ignore_cancel),
        ROW("spin", spin),
        ROW("flood", flood),
        ROW("big", big),
        ROW("store", store),
        ROW("change", change),
        ROW("emit", emit),
        ROW("http", http),
        ROW("dial", dial),
        ROW("threads", threads),
        ROW("turn", turn),
        ROW("escape", escape),
        ROW("garbage", garbage),
        { .name = "echo",
          .summary = "Say back",
          .run = echo,
          .params = KN_JSON({
                  "properties" :
                          { "text" : { "type" : "string" }, "list" : { "type" : "array" } }
          }) },
};

static const struct kn_trigger triggers[] = {
        { .name = "seen",
          .summary = "Something was seen",
          .payload = KN_JSON({ "type" : "object" }) },
};

static const struct kn_sensor sensors[] = {
        { .name = "poller", .summary = "Sees once a turn", .poll = poll_it, .interval_ms = 1000 },
        { .name = "runner", .summary = "Sees until it is stopped", .run = run_it },
};

KN_PLUGIN(.name = "probe", .version = "1.0", .summary = "Tries every door",
          .config = KN_JSON({
                  "properties" : {
                          "server" : { "type" : "string" },
                          "start" : { "type" : "string" },
                          "end" : { "type" : "string" },
                          "peer" : { "type" : "string" },
                          "password" : { "writeOnly" : true }
                  }
          }),
          .create = create, .destroy = destroy, .check = check, KN_ACTIONS(actions),
          KN_TRIGGERS(triggers), KN_SENSORS(sensors))
