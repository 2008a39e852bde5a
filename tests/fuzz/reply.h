/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A hub whose every HTTP answer is the fuzzer's bytes, with status 200: for the code of plugins that
 * makes something of what a system says. Linked, not loaded, so that the fuzzer sees it. After
 * REPLIES_MAX answers it has gone: a list that always has a next page would be hundreds of times
 * the same input.
 */

#ifndef FUZZ_REPLY_H
#define FUZZ_REPLY_H

#include <kaname/plugin.h>

#include <stdint.h>
#include <stdlib.h>

#define REPLIES_MAX 40

static char *reply_text;
static size_t reply_len;
static unsigned replies;                /* so far */

static int reply_get(struct kn_ctx *ctx, uint32_t where, const char *path, struct kn_value *ret)
{
        (void)ctx;
        if (where != KN_SECRET && strcmp(path, "url") != 0)
                return KN_ENOENT;
        memset(ret, 0, sizeof *ret);
        ret->kind = KN_STR;
        ret->s = where == KN_SECRET ? "token" : "http://system.test";
        ret->len = strlen(ret->s);
        return KN_OK;
}

static int reply_http(struct kn_ctx *ctx, struct kn_http *http)
{
        (void)ctx;
        http->status = replies++ < REPLIES_MAX ? 200 : 503;
        http->reply = reply_text;
        http->reply_len = reply_len;
        http->reply_headers = "";
        return KN_OK;
}

static void reply_log(struct kn_ctx *ctx, int level, const char *text)
{
        (void)ctx;
        (void)level;
        (void)text;
}

/* A failure has a sentence. */
static int reply_fail(struct kn_ctx *ctx, int code, const char *text)
{
        (void)ctx;
        if (code >= 0 || !*text)
                abort();
        return code;
}

static int reply_put(struct kn_ctx *ctx, uint32_t where, const char *path, const struct kn_value *v)
{
        (void)ctx;
        (void)where;
        (void)path;
        (void)v;
        return KN_OK;
}

static int reply_emit(struct kn_ctx *ctx, const struct kn_event *event)
{
        (void)ctx;
        if (!event->trigger || event->payload[0] != '{')
                abort();
        return KN_OK;
}

static int reply_wait(struct kn_ctx *ctx, int fd, int events, int64_t ms)
{
        (void)ctx;
        (void)fd;
        (void)events;
        (void)ms;
        return 0;
}

static const struct kn_host reply_host = {
        .size = sizeof reply_host, .abi = KN_ABI_VERSION, .log = reply_log, .fail = reply_fail,
        .get = reply_get, .put = reply_put, .emit = reply_emit, .http = reply_http,
        .wait = reply_wait,
};

/* Twice with the same bytes gives the same; free(reply_text) at the end. */
static struct kn_ctx reply_ctx(const uint8_t *data, size_t size)
{
        reply_text = malloc(size + 1);
        if (!reply_text)
                abort();
        memcpy(reply_text, data, size);
        reply_text[size] = 0;
        reply_len = size;
        replies = 0;
        return (struct kn_ctx){ .host = &reply_host };
}

#endif
