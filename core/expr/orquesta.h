/* SPDX-License-Identifier: Apache-2.0 */

/*
 * How Orquesta finds expressions in a text: by patterns that know nothing of the language inside.
 * What they find is what is evaluated and what its errors show, so they are followed to the letter.
 */

#ifndef EXPR_ORQUESTA_H
#define EXPR_ORQUESTA_H

#include <stdbool.h>
#include <stddef.h>

enum orquesta_language { ORQUESTA_NONE, ORQUESTA_YAQL, ORQUESTA_JINJA, ORQUESTA_BOTH };

struct span {
        const char *s;
        size_t len;
};

/* Which of the spellings a text holds. */
enum orquesta_language orquesta_language(const char *s, size_t len);
/* The next <%…%>, {{…}} or {%…%} (open is its first two characters) on one line, from *at on. */
bool orquesta_find(const char **at, const char *end, const char *open, struct span *ret);
/* The expression inside, without delimiters and blanks. */
struct span orquesta_strip(const struct span *whole);

#endif
