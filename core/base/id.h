/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Identifiers: 12 bytes, written as 24 hex digits, the shape that StackStorm's clients accept.
 * 48 bits of Unix milliseconds that never go back, a 16-bit tag of this process, a 32-bit counter.
 * They sort by birth within one process; they do not order commits (see seq in store/store.h).
 */

#ifndef BASE_ID_H
#define BASE_ID_H

#include <stdbool.h>
#include <stdint.h>

#define ID_TEXT_SIZE 25

struct id {
        uint8_t b[12];
};

struct id id_new(void);                                         /* any thread */
bool id_is_zero(const struct id *id);                           /* the zero id stands for "none" */
bool id_equal(const struct id *a, const struct id *b);
int64_t id_time_ms(const struct id *id);
const char *id_text(const struct id *id, char text[ID_TEXT_SIZE]);
bool id_parse(const char *text, struct id *ret);                /* false unless 24 hex digits */

#endif
