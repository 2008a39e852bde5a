/* SPDX-License-Identifier: Apache-2.0 */

/* Backslashes in quoted text, as Python reads them; what means nothing stays as it is. */

#ifndef EXPR_ESCAPE_H
#define EXPR_ESCAPE_H

#include "base/text.h"

#include <stddef.h>

void escape_decode(const char *s, size_t len, struct text *text);

#endif
