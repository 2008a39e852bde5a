/* SPDX-License-Identifier: Apache-2.0 */

/* The running hub: rooms opened in order, signals served, rooms closed again. */

#ifndef BIN_DAEMON_H
#define BIN_DAEMON_H

#include "conf/conf.h"

struct daemon_options {
        const char *config;             /* NULL: the default file */
        const json_t *overrides;        /* of the command line; see conf_load() */
        int64_t started_us;             /* clock_mono_us() when the process began */
};

/* Run until a signal ends it; the exit status. Takes over conf. Every failure was logged. */
int daemon_run(struct conf *conf, const struct daemon_options *options);

#endif
