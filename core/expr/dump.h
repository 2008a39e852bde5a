/* SPDX-License-Identifier: Apache-2.0 */

/* Values written as Python's json.dumps() and PyYAML's safe_dump() write them. */

#ifndef EXPR_DUMP_H
#define EXPR_DUMP_H

#include "expr/run.h"

struct dump_style {
        const char *between, *colon;    /* ", " and ": " */
        int indent;                     /* -1: on one line */
        bool sorted, ascii;
};

json_t *dump_json(struct run *run, const json_t *value, const struct dump_style *style);
json_t *dump_yaml(struct run *run, const json_t *value, int indent);
/* The members of an object as its keys are sorted; free(). NULL: no memory. */
const char **dump_keys(const json_t *object, bool sorted);

#endif
