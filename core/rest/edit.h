/* SPDX-License-Identifier: Apache-2.0 */

/* Inside rest: rules, policies, aliases … as people make, change and switch them over the API. */

#ifndef REST_EDIT_H
#define REST_EDIT_H

#include "rest/request.h"

/*
 * A copy without what GET adds, which comes back in a PUT and is no part of the definition; in the
 * pack "default" where it names none.
 */
json_t *edit_definition(const json_t *body);
/*
 * Does this PUT only switch it? It has "enabled" alone, or all of the definition as it was (taken)
 * but for that, which is what StackStorm's client sends.
 */
bool edit_only_switches(const struct request *req, json_t *was, const json_t *definition);
/* The path says which one is meant; a body may repeat it, not rename it. */
void edit_name(json_t *definition, const char *ref);
/*
 * content_put() and content_enable() for who asks. After that the request sees the catalog that
 * came of it: what was found in the one before, ref too, is gone.
 */
int edit_put(struct request *req, const char *kind, const char *ref, const json_t *body,
             bool create, struct fault *fault);
int edit_enable(struct request *req, const char *kind, const char *ref, bool enabled,
                struct fault *fault);

#endif
