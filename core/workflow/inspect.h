/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The parts of an inspection. Each adds entries {type, message, spec_path, schema_path, …} to a
 * list, sorted as StackStorm sorts them. All of them bear any JSON as a definition: what has not
 * the type that a later part needs is passed over there, the syntax has complained of it.
 */

#ifndef WORKFLOW_INSPECT_H
#define WORKFLOW_INSPECT_H

#include "workflow/workflow.h"

#define SPEC_ANY_TASK "properties.tasks.patternProperties.^\\w+$"

struct spec_path {
        const char *spec, *schema;
};

/* Syntax and semantics: what a definition needs to be compiled. New reference. */
json_t *inspect_structure(const json_t *definition);
/* The tasks as objects, with `with: text` written out; new reference, the rest is shared. */
json_t *inspect_tasks(const json_t *definition);

int inspect_syntax(const json_t *definition, json_t *list);
int inspect_semantics(const json_t *tasks, json_t *list);
int inspect_expressions(const json_t *definition, const json_t *tasks, json_t *list);
int inspect_context(const json_t *definition, const json_t *tasks, const json_t *names,
                    json_t *list);
int inspect_content(const json_t *tasks, const struct workflow_catalog *catalog, json_t *list);
int inspect_warnings(const json_t *tasks, json_t *list);
int inspect_chain(const json_t *definition, const struct workflow_catalog *catalog, json_t *list);

/* An entry; message is taken over. 0 or -ENOMEM. */
int inspect_add(json_t *list, const char *type, const char *spec_path, const char *schema_path,
                char *message);
char *inspect_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * Who leads to whom, of a definition that need not be right: names are tasks (from 0, in order) and
 * the four engine commands behind them.
 */
struct sketch {
        const json_t *tasks;
        const char **names;
        size_t count, all;
        struct sketch_task {
                struct sketch_edge {
                        size_t to;
                        size_t index;           /* of the transition */
                        bool is_bound;          /* it has a `when` */
                } *out;
                size_t out_count, in_count;
                bool is_join, is_in_cycle, is_reached;
                size_t component;               /* tasks of one cycle share it */
        } *task;
        size_t *starts, start_count;            /* sorted by name */
};

/* Joins that cannot tell for whom to wait. */
int inspect_joins(const struct sketch *sketch, json_t *list);

int sketch_make(const json_t *tasks, struct sketch *ret);
void sketch_deinit(struct sketch *sketch);

#endif
