/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What changed, as records. A record says how a thing is now (a task, a staged task, the status),
 * so what changed often in one step is written once, and reading them in order gives the state.
 *
 *      {root: [[name, value]…]}                                the first context
 *      {ctx: id, on: id, set: [[name, value]…]}                a context over another
 *      {ctx: id, on: id, with: id}                             two that were joined
 *      {route, parent, from, edge}
 *      {task: index, id, route, ctx, status, prev, next, end, retry}
 *      {staged: serial, id, route, ctx, prev, ready, completed, on_fail, delay, items}
 *      {staged: serial, gone: true}            items: true: those that were written before
 *      {items: serial, set: [[index, status, value]…]}
 *      {status} {timeout} {error, key} {forget: task} {log} {output} {rerun: true}
 *
 * A value is {is: value}, or, where it is large and known from elsewhere, where it is found:
 * {ref: reference, at: path}, {refs: [reference…]}, {ctx: id, at: path}, {of: "input"|"context",
 * at: path}; {} is one that is not known.
 */

#ifndef WORKFLOW_DELTA_H
#define WORKFLOW_DELTA_H

#include "workflow/evaluate.h"

/* [name, value] of a variable that was just published; value NULL: it is unknown. */
json_t *delta_variable(const struct scope *scope, const char *name, json_t *value);
void delta_context(struct conductor *c, const struct context *made, const struct context *on,
                   const struct context *with, json_t *set);
void delta_root(struct conductor *c);

#endif
