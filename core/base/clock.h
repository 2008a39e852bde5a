/* SPDX-License-Identifier: Apache-2.0 */

/*
 * The clocks of the process. Tests put a fake in front of both; nothing else in the core asks the
 * kernel.
 */

#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_TEXT_SIZE 40

int64_t clock_real_ms(void);            /* Unix time */
int64_t clock_real_us(void);
int64_t clock_mono_ms(void);            /* since some start, suspend included: for deadlines */
int64_t clock_mono_us(void);
/* Freeze both clocks at ms (tests); a negative ms gives the kernel's clocks back. */
void clock_fake(int64_t ms);
void clock_fake_advance(int64_t ms);

/* "2026-11-22T06:54:52.482000Z", StackStorm's form. */
const char *clock_text(int64_t real_ms, char text[CLOCK_TEXT_SIZE]);
/* RFC 3339 with fraction and any offset, or bare Unix seconds; 0, or -EINVAL. */
int clock_parse(const char *text, int64_t *ret_ms);

#endif
