/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a plugin reaches: by the http door, and by itself. tests/system/reach.sh builds it with NAME,
 * FLAGS and FILES as it needs them.
 */

#include <kaname/plugin.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static int fetch(struct kn_ctx *ctx)
{
        struct kn_http http = { .method = "GET", .url = kn_arg_str(ctx, "url", "") };
        int r = kn_http(ctx, &http);

        if (r < 0)
                return r;
        kn_return_int(ctx, "status", http.status);
        return kn_return_int(ctx, "length", (int64_t)http.reply_len);
}

/* The error of the first step that fails, or "done". */
static int told(struct kn_ctx *ctx, long got)
{
        return kn_return_str(ctx, "said", got < 0 ? strerror(errno) : "done");
}

static int look(struct kn_ctx *ctx)
{
        char bytes[16];
        int fd = open(kn_arg_str(ctx, "path", ""), O_RDONLY | O_CLOEXEC);
        long got = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);

        if (fd >= 0)
                close(fd);
        return told(ctx, got);
}

static int scribble(struct kn_ctx *ctx)
{
        int fd = open(kn_arg_str(ctx, "path", ""), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        long got = fd < 0 ? -1 : write(fd, "x\n", 2);

        if (fd >= 0)
                close(fd);
        return told(ctx, got);
}

static int call(struct kn_ctx *ctx)
{
        struct sockaddr_in there = { .sin_family = AF_INET,
                                     .sin_port = htons((uint16_t)kn_arg_int(ctx, "port", 0)),
                                     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        long got = fd < 0 ? -1 : connect(fd, (struct sockaddr *)&there, sizeof there);

        told(ctx, got);
        if (fd >= 0)
                close(fd);
        return KN_OK;
}

static int check(struct kn_ctx *ctx)
{
        (void)ctx;
        return KN_OK;
}

#define PARAMS                                                                                     \
        KN_JSON({                                                                                  \
                "properties" : {                                                                   \
                        "url" : { "type" : "string" },                                             \
                        "path" : { "type" : "string" },                                            \
                        "port" : { "type" : "integer" }                                            \
                }                                                                                  \
        })
#define ROW(n) { .name = #n, .summary = #n, .run = n, .flags = KN_READONLY, .params = PARAMS }

static const struct kn_action actions[] = { ROW(fetch), ROW(look), ROW(scribble), ROW(call) };

KN_PLUGIN(.name = NAME, .version = "1.0", .summary = "Reaches out", .flags = FLAGS,
          .access = "{\"files\": [" FILES "]}", .check = check, KN_ACTIONS(actions))
