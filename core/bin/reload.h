/* SPDX-License-Identifier: Apache-2.0 */

/* SIGHUP: everything is read again, off the main thread, and takes effect whole or not at all. */

#ifndef BIN_RELOAD_H
#define BIN_RELOAD_H

#include "bin/daemon.h"

struct content;
struct loop;
struct pool;
struct reload;

/* conf: what the rooms were opened with. All are borrowed. 0 or -ENOMEM. */
int reload_new(const struct conf *conf, const struct daemon_options *options, struct loop *loop,
               struct pool *pool, struct content *content, struct reload **ret);
struct reload *reload_free(struct reload *reload);      /* after the pool; NULL; accepts NULL */
/* On the loop's thread. One that runs already is followed by another. */
void reload_start(struct reload *reload);
/* Log as this configuration says. */
void reload_log(const struct conf *conf);

#endif
