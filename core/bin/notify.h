/* SPDX-License-Identifier: Apache-2.0 */

/* The service manager's side channel, sd_notify(3): datagrams to $NOTIFY_SOCKET if there is one. */

#ifndef BIN_NOTIFY_H
#define BIN_NOTIFY_H

#include <stdint.h>

/* Lines as sd_notify(3) has them: "READY=1\nSTATUS=…". Any thread. */
void notify(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* A reload begins; say READY=1 when it is over. */
void notify_reloading(void);
/* How often WATCHDOG=1 is wanted, in ms; 0: never. */
int64_t notify_watchdog_ms(void);

#endif
