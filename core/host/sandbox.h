/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What a kaname-host puts around itself before it loads a plugin. Each layer that this kernel or
 * this container lacks is left out, openly: the report says what is in force.
 *
 * The closed profile reads the system's libraries and the plugin's own file, opens nothing for
 * writing, makes no socket, starts no program: the world is reached through the doors. A plugin's
 * access.files adds paths; KN_OWN_SOCKETS adds sockets and what resolvers and TLS libraries read.
 */

#ifndef HOST_SANDBOX_H
#define HOST_SANDBOX_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct sandbox {
        const char *plugin;             /* path of the object */
        const json_t *access;           /* {"files": [{"path", "write"?}]}; NULL: none */
        bool own_sockets;
        uint64_t memory_max;            /* bytes of address space; 0: no limit */
        int64_t cpu_seconds;            /* 0: no limit */
};

/* Never fails: *ret says what is on. New. */
void sandbox_enter(const struct sandbox *sandbox, json_t **ret);
/* "abi 7" or "off: why"; sandbox_landlock.c. */
void sandbox_landlock(const struct sandbox *sandbox, char ret[96]);

#endif
