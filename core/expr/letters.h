/* SPDX-License-Identifier: Apache-2.0 */

/* UTF-8 text by characters, as Python counts it. All texts here are valid UTF-8. */

#ifndef EXPR_LETTERS_H
#define EXPR_LETTERS_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

size_t letter_size(const char *s);                              /* bytes of the character at s */
size_t letters_count(const char *s, size_t len);
/* The byte where character i starts; len where there are not so many. */
size_t letters_at(const char *s, size_t len, size_t i);
uint32_t letter_code(const char *s);
void letter_add(struct text *text, uint32_t code);
bool letter_is_space(const char *s);                            /* Python's str.isspace */

enum letters_case { LETTERS_UPPER, LETTERS_LOWER, LETTERS_CAPITAL, LETTERS_TITLE, LETTERS_SWAP };

void letters_case(const char *s, size_t len, enum letters_case which, struct text *text);
/* All characters are of a wctype class ("alpha", "digit", …) and there is one. */
bool letters_are(const char *s, size_t len, const char *class_name);

#endif
