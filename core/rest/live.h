/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What readers of streams are handed. Truth is the store: what has a place in it is read from it,
 * in the order of commits, and a notice only says that there is more. One cursor serves all readers
 * that keep up; who does not keep up, or begins in the past, has a cursor of its own until it has
 * caught up. All of it belongs to the stream's thread.
 */

#ifndef REST_LIVE_H
#define REST_LIVE_H

#include "rest/client.h"
#include "rest/frame.h"

struct live {
        struct rest *rest;
        struct list clients;
        uint64_t seq;                   /* the last record that those who keep up were offered */
        bool is_behind;                 /* there is more */
};

void live_tell(struct live *live, const struct noted *noted);
/* Hand out what there is; true: there is more to do at once. */
bool live_pump(struct live *live);

#endif
