/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A life of a workflow that is played again. With KANAME_CUT set every step is made by a conductor
 * that was restored from the records of those before it, which must change nothing.
 */

#ifndef CONFORMANCE_LIFE_H
#define CONFORMANCE_LIFE_H

#include "frame.h"

#include "workflow/conductor.h"

struct life {
        struct workflow *workflow;
        struct conductor *conductor;
        struct conductor_setup setup;
        json_t *records;
        bool cuts;
        struct outcome *outcome;        /* gets the first difference */
};

int life_begin(struct life *life, const json_t *definition, const json_t *input,
               const json_t *context, struct fault *fault);
/* The life as records that were kept; see life_keep. */
int life_revive(struct life *life, const json_t *kept, struct fault *fault);
/* {definition, input, context, records}: new reference. */
json_t *life_keep(struct life *life);
/* Between two steps. */
bool life_cut(struct life *life);
void life_deinit(struct life *life);

/* Note what differs; false. */
bool life_differs(struct life *life, const char *what, const json_t *got, const json_t *wanted);
bool same_values(const json_t *a, const json_t *b);     /* NULL is null */
/* Errors of a workflow: a message that carries Python's names is compared by type and expression. */
bool same_errors(const json_t *a, const json_t *b);

/* A list of workflow_inspect() in upstream's form: by category, without what is ours. */
json_t *inspection_by_category(const json_t *list);
/* The same complaints; how a parser words what it did not expect is its own affair. */
bool same_inspections(const json_t *a, const json_t *b);

#endif
