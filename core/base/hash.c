/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"

#include <errno.h>
#include <sodium.h>
#include <unistd.h>

void hash_bytes(const void *bytes, size_t len, uint8_t ret[HASH_SIZE])
{
        crypto_hash_sha256(ret, bytes, len);
}

int hash_fd(int fd, uint8_t ret[HASH_SIZE])
{
        crypto_hash_sha256_state state;
        uint8_t block[16384];
        ssize_t n;
        off_t at = 0;

        crypto_hash_sha256_init(&state);
        while ((n = pread(fd, block, sizeof block, at)) > 0) {
                crypto_hash_sha256_update(&state, block, (size_t)n);
                at += n;
        }
        if (n < 0)
                return -errno;
        crypto_hash_sha256_final(&state, ret);
        return 0;
}

const char *hash_text(const uint8_t hash[HASH_SIZE], char text[HASH_TEXT_SIZE])
{
        return sodium_bin2hex(text, HASH_TEXT_SIZE, hash, HASH_SIZE);
}
