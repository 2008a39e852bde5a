/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A definition, compiled once and shared by every life of it: Orquesta 1.0 and, behind the same
 * face, action-chain. Immutable, counted, used by many threads at once.
 *
 * Beyond StackStorm: `timeout` (seconds or an expression) on a task and on the workflow.
 */

#ifndef WORKFLOW_WORKFLOW_H
#define WORKFLOW_WORKFLOW_H

#include "base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct workflow;

/* What one workflow may use: the settings limits.workflow_…, and each fault names its own. */
struct workflow_limits {
        size_t tasks;           /* in a definition */
        size_t starts;          /* tasks started in one life: what ends a cycle without exit */
        size_t items;           /* of one `with` */
        size_t routes;          /* in one life */
        unsigned depth;         /* workflows in workflows */
};

/*
 * What holds for a workflow that is compiled without limits of its own. Once, before other threads
 * compile. Else 1,000 tasks, 100,000 starts, 100,000 items, 1,000 routes, 16 deep.
 */
void workflow_limits_set(const struct workflow_limits *limits);

/*
 * Compile a definition: an object with "tasks" is Orquesta, one with "chain" an action-chain.
 * limits hold for all its lives; NULL: those that were set, or the default. FAULT 422
 * workflow.invalid: what is wrong first, and in detail "errors" the inspection's list of everything
 * that is wrong in syntax and semantics. Errors in expressions and names do not stop it: the life
 * that meets them fails, as at StackStorm; who wants to refuse them asks workflow_inspect() before.
 * FAULT 422 workflow.limit.
 */
int workflow_compile(const json_t *definition, const struct workflow_limits *limits,
                     struct workflow **ret, struct fault *fault);
struct workflow *workflow_ref(struct workflow *workflow);
struct workflow *workflow_unref(struct workflow *workflow);     /* NULL; accepts NULL */
const json_t *workflow_definition(const struct workflow *workflow);
bool workflow_is_chain(const struct workflow *workflow);
/* The refs of actions that are written without an expression, each once: new reference. */
json_t *workflow_actions(const struct workflow *workflow);

/*
 * What an inspection may ask about actions: their parameters' JSON Schema properties, borrowed;
 * NULL where there is no such action. The struct itself may be NULL: then actions are not looked
 * at.
 */
struct workflow_catalog {
        const json_t *(*parameters)(void *user, const char *ref);
        void *user;
};

/*
 * Everything that is wrong with a definition, a list (new reference; empty: nothing) of
 * {type, message, spec_path, schema_path, expression?, language?} in StackStorm's order and words;
 * type is syntax, semantic, expression, context or content. Ours besides, last, and no reason to
 * refuse: type warning, for tasks that no task leads to and cycles without a way out. names
 * (may be NULL): an object whose members are variables that a life is begun with ("st2").
 */
json_t *workflow_inspect(const json_t *definition, const json_t *names,
                         const struct workflow_catalog *catalog);
/* Is there anything but warnings in such a list? */
bool workflow_is_refused(const json_t *inspection);

#endif
