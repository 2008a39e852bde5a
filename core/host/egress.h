/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Where an instance may connect to: "HOST:PORT", "*.example.com:443", "10.0.0.7:*", "[::1]:53",
 * "unix:/path". Hosts compare without case; * and ? as in text_matches().
 *
 * An instance without a list gets one from its own configuration, so that nobody has to say twice
 * where a system is: every text in it that is a URL, "host:port", "tcp:host:port", "unix:/path" or
 * an absolute path, and the members host, hostname, server and address with the port beside them
 * (any port where there is none).
 *
 * A name that is allowed may still resolve to anything. What no remote system has, loopback and
 * link-local addresses (where clouds keep their credentials), is let through only if the
 * configuration means it: by the name localhost or by the address itself.
 */

#ifndef HOST_EGRESS_H
#define HOST_EGRESS_H

#include <jansson.h>
#include <stdbool.h>

struct sockaddr;

json_t *egress_derive(const json_t *config); /* an array; new; NULL: out of memory */
bool egress_allows(const json_t *list, const char *host, int port);
bool egress_allows_path(const json_t *list, const char *path);
bool egress_allows_address(const json_t *list, const char *host, const struct sockaddr *address);
/* "host:port", "[v6]:port" in its parts; false unless it is that. port -1 stands for "*". */
bool egress_split(const char *text, char host[256], int *ret_port);

#endif
