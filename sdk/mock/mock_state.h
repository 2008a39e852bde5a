/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the mock's two halves share: its calls (mock.c) and the hub behind the doors (mock_doors.c).
 */

#ifndef MOCK_MOCK_STATE_H
#define MOCK_MOCK_STATE_H

#include "base/text.h"
#include "host/context.h"
#include "host/door.h"
#include "host/module.h"

enum mock_shown { SHOW_CHANGES, SHOW_EVENTS, SHOW_REQUESTS, SHOW_STORED, SHOW_MANIFEST, SHOWN };

struct kn_mock {
        struct module *module;          /* NULL: see trouble */
        json_t *manifest;
        char *trouble;
        /* settings */
        json_t *given, *egress, *secrets, *replies;
        json_t *store;                  /* path: {value, seq} */
        uint64_t seq;
        int64_t timeout_ms;
        struct kn_host host;
        struct http_cache *cache;
        /* the instance */
        json_t *config, *seen, *derived; /* whole; without secrets; where it may connect to */
        void *self;
        bool is_created;
        /* the call */
        pthread_mutex_t lock;           /* of is_running and what [any] doors write */
        struct cancel cancel;
        bool is_running;
        const char *mode;
        /* what it left */
        char *sentence, *result;
        struct text output, log;
        json_t *changes, *events, *requests;
        int64_t again_ms;
        char *shown[SHOWN];
};

extern const struct host_doors mock_doors;
extern const struct context_net mock_net;

void mock_say(struct kn_mock *mock, int level, const char *text);
char *mock_sprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void mock_store_set(struct kn_mock *mock, const char *path, const char *json);
/* Check against the plugin's schemas and fill the defaults in. */
int mock_fit(const struct kn_action *action, json_t *args, struct fault *fault);
int mock_fit_config(struct kn_mock *mock, struct fault *fault);

#endif
