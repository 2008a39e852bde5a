/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HOST_DOOR_PROXY_H
#define HOST_DOOR_PROXY_H

/* For a host as the egress list has it (no brackets); NULL: none. The environment's memory. */
const char *proxy_for(const char *scheme, const char *host);

#endif
