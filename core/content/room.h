/* SPDX-License-Identifier: Apache-2.0 */

/* What the files of this room share, and nobody else sees. */

#ifndef CONTENT_ROOM_H
#define CONTENT_ROOM_H

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "content/content.h"
#include "host/host.h"
#include "hub/hub.h"
#include "loop/loop.h"
#include "loop/pool.h"
#include "store/seal.h"

#include <pthread.h>

struct sweeping {
        struct catalog **old;           /* replaced, and perhaps held by others; under the lock */
        size_t n;
        struct loop_timer *timer;
        int64_t pause_ms;
};

struct content {
        struct content_options o;
        struct hub *hub;                /* whose catalog it is; NULL before content_serve() */
        pthread_mutex_t lock;           /* one rebuild of the catalog at a time */
        json_t *instances;              /* the configuration's */
        json_t *problems; /* what the present catalog had to leave out: sentence → {kind, what, code, try} */
        struct sweeping sweeping;
};

CLEANUP_DEFINE(struct catalog *, catalog_unref);
CLEANUP_DEFINE(struct content *, content_close);

/* ---- content.c ---- */

/* Put this catalog in force: takes it. Under the lock. */
void content_swap(struct content *content, struct catalog *catalog);
/* Build the next one and put it in force. Under the lock. */
int content_renew(struct content *content, struct fault *fault);
/* One line of the log: the rule 'x' was created, by whom. */
void content_tell(const char *kind, const char *name, const char *what, const char *user);

/* ---- build.c; under the lock ---- */

/* strict: a problem that the present catalog does not have is a FAULT. */
int content_build(struct content *content, const json_t *instances, bool strict,
                  struct catalog **ret, struct fault *fault);
/* As content_renew() would, were this document in the store (NULL body: were it not). */
int content_build_draft(struct content *content, const struct store_doc *draft,
                        struct catalog **ret, struct fault *fault);

/* ---- edit.c ---- */

/* A document that is no part of the catalog. */
int content_store_doc(struct content *content, const char *kind, const char *name,
                      const char *body, struct fault *fault);

/* ---- sweep.c ---- */

int sweep_init(struct content *content);
/* A round follows soon. */
void sweep_soon(struct content *content);
/* This one was replaced: takes the reference. Under the lock. */
void sweep_later(struct content *content, struct catalog *old);
void sweep_deinit(struct content *content);

#endif
