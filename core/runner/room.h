/* SPDX-License-Identifier: Apache-2.0 */

/* The callbacks that the table of runners is made of. */

#ifndef RUNNER_ROOM_H
#define RUNNER_ROOM_H

#include "hub/running.h"
#include "runner/runner.h"

void plugin_start(struct running *r);
void plugin_cancel(struct running *r);
void local_start(struct running *r);
void script_start(struct running *r);
void http_start(struct running *r);
void uuid_start(struct running *r);
void inject_start(struct running *r);
void undo_start(struct running *r);
void undo_record(struct running *r, struct store_txn *txn);

#endif
