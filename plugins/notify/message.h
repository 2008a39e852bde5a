/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A message, whatever carries it: composed of arguments and templates, announced, sent once, recorded.
 * A message cannot be read back, so who carries it tells which of three came true: the other side
 * took it (KN_OK), it surely did not (a failure), or nobody knows (a failure with is_unknown).
 */

#ifndef NOTIFY_MESSAGE_H
#define NOTIFY_MESSAGE_H

#include "cleanup.h"

#include <kaname/plugin.h>

#include <stdbool.h>

struct message {
        const char *to;                 /* as asked */
        const char *address;            /* what the configuration makes of it */
        char *subject, *text;           /* owned; never NULL once composed */
        const char *severity;
        char id[64];                    /* of letters, digits and -; the same for every attempt */
};

struct delivery {
        char answer[200];               /* what the other side said */
        bool is_unknown;
};

/* Who carries it. May look at the address first (accept, NULL: anything goes). */
struct carrier {
        int (*accept)(struct kn_ctx *ctx, const struct message *message);
        int (*send)(struct kn_ctx *ctx, const struct message *message, struct delivery *ret);
        const char *(*kind)(const char *to);    /* of a receiver, for target.list */
};

/* The actions message.send and target.list. */
int message_send(struct kn_ctx *ctx, const struct carrier *carrier);
int message_targets(struct kn_ctx *ctx, const struct carrier *carrier);

/*
 * text with each {{name}} replaced by its value; new. NULL: missing names one that has none (it stays
 * empty when out of memory). What is no {{name}} stays as it is.
 */
char *message_fill(const char *text, const json_t *values, char missing[65]);
/* Whether there is a character in it that ends or bends a line of a header. */
bool message_bends_lines(const char *text);

/* Of the configuration of every plugin of this domain: named receivers and templates. */
#define MESSAGE_CONFIG                                                                             \
        "\"targets\": {\"type\": \"array\", \"maxItems\": 200, \"default\": [], \"items\": {"              \
        "\"type\": \"object\", \"properties\": {"                                                  \
        "\"name\": {\"type\": \"string\", \"pattern\": \"^[A-Za-z0-9_.-]{1,64}$\"},"               \
        "\"to\": {\"type\": \"string\", \"minLength\": 1, \"maxLength\": 254, "                    \
        "\"pattern\": \"^[^\\\\x00-\\\\x20\\\\x7f]+$\"}},"                                         \
        "\"required\": [\"name\", \"to\"], \"additionalProperties\": false},"                      \
        "\"description\": \"Names that `to` may be instead of an address\"},"                      \
        "\"templates\": {\"type\": \"array\", \"maxItems\": 200, \"default\": [], \"items\": {"            \
        "\"type\": \"object\", \"properties\": {"                                                  \
        "\"name\": {\"type\": \"string\", \"pattern\": \"^[A-Za-z0-9_.-]{1,64}$\"},"               \
        "\"subject\": {\"type\": \"string\", \"maxLength\": 250},"                                 \
        "\"text\": {\"type\": \"string\", \"maxLength\": 65536}},"                                 \
        "\"required\": [\"name\"], \"additionalProperties\": false},"                              \
        "\"description\": \"Subjects and texts with {{name}} in them\"}"

#endif
