/* SPDX-License-Identifier: Apache-2.0 */

/* SHA-256 by libsodium: of a plugin file (its identity), of a request body (its idempotency). */

#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_SIZE 32
#define HASH_TEXT_SIZE 65

void hash_bytes(const void *bytes, size_t len, uint8_t ret[HASH_SIZE]);
int hash_fd(int fd, uint8_t ret[HASH_SIZE]); /* from the start of the file; 0 or -errno */
const char *hash_text(const uint8_t hash[HASH_SIZE], char text[HASH_TEXT_SIZE]);

#endif
