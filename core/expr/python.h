/* SPDX-License-Identifier: Apache-2.0 */

/* How Python shows values and calls them: what Jinja and Orquesta write where a value stands. */

#ifndef EXPR_PYTHON_H
#define EXPR_PYTHON_H

#include "base/text.h"
#include "expr/nature.h"

#include <jansson.h>

/* str(), or repr(). It stops where the text is longer than max. natures may be NULL. */
void python_show(const struct natures *natures, const json_t *value, bool as_repr, size_t max,
                 struct text *text);
/* str() without natures and without a bound: for values that are known to be small. */
void python_str(const json_t *value, struct text *text);
void python_real(double real, struct text *text);
/* 'int', 'str', 'NoneType' …: what Python's errors name. */
const char *python_type(const struct natures *natures, const json_t *value);
/* 'dict object', 'None': what jinja2's errors name. */
const char *python_object(const struct natures *natures, const json_t *value);
const char *python_kind(const json_t *value);   /* "an object", "a list": for people */

#endif
