/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Parameters behind an action and in a text of `publish`: `message=<% ctx().x %> n=5 list=[1, 2]`.
 * A value is text in brackets, quotes or an expression's braces, a number, true, false or null;
 * what is JSON becomes that, unless it was quoted. What is not understood is passed over, as
 * StackStorm does.
 */

#ifndef WORKFLOW_PARAMS_H
#define WORKFLOW_PARAMS_H

#include <jansson.h>

/* [{name: value}, …], empty where there is none; NULL out of memory. New reference. */
json_t *params_parse(const char *s);
/* The same as one object, the last of a name counts. */
json_t *params_object(const char *s);

#endif
