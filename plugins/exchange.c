/* SPDX-License-Identifier: Apache-2.0 */

#include "exchange.h"

#include <errno.h>
#include <sys/socket.h>

#define CONNECT_MS      5000
#define ANSWER_MS       30000           /* between two pieces of an answer; the call's deadline is the bound */
#define ANSWER_MAX      (32u << 20)

/* Whom, where, by which descriptor. */
struct line {
        struct kn_ctx *ctx;
        const char *system, *address;
        int fd;
};

static void hang_up(const struct line *line)
{
        if (line->fd >= 0)
                close(line->fd);
}

static int wait_ready(const struct line *line, int events)
{
        int r = kn_wait(line->ctx, line->fd, events, ANSWER_MS);

        if (r == 0)
                return kn_fail(line->ctx, KN_ETIMEOUT, "%s at %s did not answer within %d s",
                               line->system, line->address, ANSWER_MS / 1000);
        return r < 0 ? r : KN_OK;
}

static int fail_closed(const struct line *line, int error)
{
        return kn_fail(line->ctx, KN_ETEMP, "%s at %s closed the connection: %s", line->system,
                       line->address, strerror(error));
}

static int send_text(const struct line *line, const char *text)
{
        size_t len = strlen(text);

        while (len > 0) {
                ssize_t n = send(line->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
                int r = KN_OK;

                if (n > 0) {
                        text += n;
                        len -= (size_t)n;
                } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
                        return fail_closed(line, errno);
                } else {
                        r = wait_ready(line, KN_WRITE);
                }
                if (r < 0)
                        return r;
        }
        return KN_OK;
}

struct answer {
        char *text;
        size_t len, size;
};

static int grow(const struct line *line, struct answer *answer)
{
        size_t size = answer->size ? answer->size * 2 : 16384;
        char *text;

        if (size > ANSWER_MAX)
                return kn_fail(line->ctx, KN_EREMOTE, "%s at %s answers more than %u MiB: is that "
                               "the right socket?", line->system, line->address, ANSWER_MAX >> 20);
        text = realloc(answer->text, size);
        if (!text)
                return KN_ENOMEM;
        answer->text = text;
        answer->size = size;
        return KN_OK;
}

static int receive_all(const struct line *line, struct answer *answer)
{
        for (;;) {
                ssize_t n;
                int r = answer->len + 1 >= answer->size ? grow(line, answer) : KN_OK;

                if (r == 0)
                        r = wait_ready(line, KN_READ);
                if (r < 0)
                        return r;
                n = recv(line->fd, answer->text + answer->len, answer->size - answer->len - 1,
                         MSG_DONTWAIT);
                if (n == 0)
                        return KN_OK;
                if (n > 0)
                        answer->len += (size_t)n;
                else if (errno != EAGAIN && errno != EINTR)
                        return fail_closed(line, errno);
        }
}

int exchange_ask(struct kn_ctx *ctx, const char *system, const char *address, const char *request,
                 char **ret)
{
        struct answer answer = { NULL, 0, 0 };
        _cleanup_(hang_up) struct line line = { ctx, system, address,
                                                kn_dial(ctx, address, CONNECT_MS) };
        char *start;
        int r = line.fd < 0 ? line.fd : send_text(&line, request);

        if (r == 0)
                r = receive_all(&line, &answer);
        if (r < 0) {
                free(answer.text);
                return r;
        }
        while (answer.len > 0 && strchr(" \n", answer.text[answer.len - 1]))
                answer.len--;
        answer.text[answer.len] = 0;
        start = answer.text + strspn(answer.text, "\n");
        memmove(answer.text, start, strlen(start) + 1);
        *ret = answer.text;
        return KN_OK;
}

/* ---- what our helpers answer ---- */

static const struct {
        const char *kind;
        int code;
} kinds[] = {
        { "none", KN_ENOENT },          { "conflict", KN_ECONFLICT },   { "busy", KN_ETEMP },
        { "stopped", KN_ETEMP },        { "denied", KN_EDENIED },       { "arguments", KN_EARG },
        { "request", KN_EINTERNAL },    { "foreign", KN_ECONFLICT },    { "invalid", KN_EREMOTE },
        { "reload", KN_EREMOTE },       { "failed", KN_EREMOTE },
};

int exchange_odd(struct kn_ctx *ctx, const char *system, const char *program, const char *address,
                 const char *answer)
{
        char kind[16] = "";
        int at = 0;

        if (sscanf(answer, "error %15s %n", kind, &at) == 1 && at > 0)
                for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
                        if (strcmp(kind, kinds[i].kind) == 0)
                                return kn_fail(ctx, kinds[i].code, "%s at %s: %.400s", system,
                                               address, answer + at);
        return kn_fail(ctx, KN_EREMOTE, "what answers at %s is no %s, or was cut off: '%.80s'",
                       address, program, answer);
}
