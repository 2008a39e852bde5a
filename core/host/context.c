/* SPDX-License-Identifier: Apache-2.0 */
#include "host/context.h"

#include "base/log.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void context_init(struct context *context, const struct host_doors *doors, void *arg,
                  struct cancel *cancel)
{
        memset(context, 0, sizeof *context);
        context->kn.host = &context_host;
        context->doors = doors;
        context->arg = arg;
        context->cancel = cancel;
        context->output_left = context->log_left = UINT64_MAX;
        pthread_mutex_init(&context->lock, NULL);
        pthread_cond_init(&context->left, NULL);
}

void context_deinit(struct context *context)
{
        json_decref(context->result);
        map_deinit(&context->seen, NULL);
        arena_deinit(&context->arena);
        pthread_cond_destroy(&context->left);
        pthread_mutex_destroy(&context->lock);
}

int context_say(struct context *context, int code, const char *fmt, ...)
{
        char text[SENTENCE_SIZE];
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(text, sizeof text, fmt, ap);
        va_end(ap);
        log_scrub(text);
        context->sentence = arena_text(&context->arena, text);
        if (context->sentence)
                context_clean(context->sentence);
        return code;
}

/* What is no UTF-8 is shown as ?, since the text goes into JSON. */
void context_clean(char *text)
{
        size_t len = strlen(text);

        if (text_is_utf8(text, len))
                return;
        for (; *text; text++)
                if ((unsigned char)*text >= 0x80)
                        *text = '?';
}

void context_forget(struct context *context)
{
        context->sentence = NULL;
        json_decref(context->result);
        context->result = NULL;
}

static const char *generic_sentence(int code)
{
        static const char *const sentences[] = {
                [-KN_EARG] = "the arguments cannot be used",
                [-KN_EAUTH] = "the system refused the credentials",
                [-KN_ENOENT] = "there is no such thing",
                [-KN_ECONFLICT] = "it is not what was expected",
                [-KN_ETEMP] = "not now: try later",
                [-KN_EREMOTE] = "the system answered with a failure",
                [-KN_ETIMEOUT] = "the deadline passed",
                [-KN_ECANCELED] = "it was called off",
                [-KN_EUNSUPPORTED] = "that is not supported",
                [-KN_ENOMEM] = "out of memory",
                [-KN_EINTERNAL] = "a mistake in the plugin",
                [-KN_EUNKNOWN] =
                        "the plan ends here: the next step needs an effect that was skipped",
                [-KN_EDENIED] = "the hub forbids it",
        };

        return sentences[-code];
}

bool context_is_speechless(const struct context *context, int returned)
{
        return returned < 0 && returned != KN_EUNKNOWN && !context->sentence &&
                !cancel_code(context->cancel);
}

/*
 * A callback that succeeded before it noticed that it was called off has succeeded: its effects are
 * real.
 */
int context_outcome(struct context *context, int returned, const char **ret_sentence)
{
        int stop = cancel_code(context->cancel);

        if (returned < KN_EDENIED)
                returned = context_say(context, KN_EINTERNAL,
                                       "the plugin returned %d, which is no code of the ABI",
                                       returned);
        if (stop && (returned == KN_ECANCELED || returned == KN_ETIMEOUT))
                returned = stop;
        *ret_sentence =
                context->sentence || returned >= 0 ? context->sentence : generic_sentence(returned);
        return returned;
}

void context_detach(struct context *context)
{
        pthread_mutex_lock(&context->lock);
        context->is_detached = true;
        while (context->inside)
                pthread_cond_wait(&context->left, &context->lock);
        pthread_mutex_unlock(&context->lock);
}
