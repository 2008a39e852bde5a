/* SPDX-License-Identifier: Apache-2.0 */

/* What the two halves of output share. */

#ifndef STORE_OUTPUT_FILE_H
#define STORE_OUTPUT_FILE_H

#include "store/output.h"

char *output_path(const char *state_dir, const struct id *id, const char *suffix);
/* Bytes of the UTF-8 character at s; 0 where there is none, or a NUL. */
size_t output_utf8_len(const char *s, size_t len);
/* How much of s can be cut off without splitting a character. */
size_t output_utf8_whole(const char *s, size_t len);

#endif
