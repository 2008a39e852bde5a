/* SPDX-License-Identifier: Apache-2.0 */

/* Addresses in the configuration to listening sockets. */

#ifndef REST_LISTEN_H
#define REST_LISTEN_H

#include "rest/server.h"

/* FAULT 422 listen.*, 409 listen.taken. */
int listener_open(struct listener *listener, const char *address, bool may_be_public,
                  struct fault *fault);
void listener_close(struct listener *listener);         /* stops its daemon too */

#endif
