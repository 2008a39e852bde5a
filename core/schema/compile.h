/* SPDX-License-Identifier: Apache-2.0 */

/* Between compile.c, which makes nodes and follows references, and keywords.c, which fills them. */

#ifndef SCHEMA_COMPILE_H
#define SCHEMA_COMPILE_H

#include "schema/node.h"

struct compiler {
        struct schema *schema;
        struct map known;               /* address of a source to its node */
        struct fault *fault;
        unsigned depth;
};

/* The node of a source, made now or before; the schema owns it. */
int compiler_node(struct compiler *c, const json_t *source, const struct where *at,
                  struct node **ret);
/* FAULT 422 schema.invalid: "… wrong at #/a/minimum: minimum must be a number". */
int compiler_wrong(struct compiler *c, const struct where *at, const char *wanted);
/* Let one keyword add what it means to node; unknown ones add nothing. */
int keyword_compile(struct compiler *c, struct node *node, const char *name, const json_t *value,
                    const struct where *at);
int nodes_add(struct nodes *nodes, struct node *node);

#endif
