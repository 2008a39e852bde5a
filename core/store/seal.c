/* SPDX-License-Identifier: Apache-2.0 */
#include "store/seal.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define KEY crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG crypto_aead_xchacha20poly1305_ietf_ABYTES
#define PREFIX "kn1:"
#define PREFIX_LEN (sizeof PREFIX - 1)
#define BASE64 sodium_base64_VARIANT_ORIGINAL

struct seal {
        uint8_t key[KEY];               /* in sodium's guarded memory: not swapped, not dumped */
};

struct seal *seal_close(struct seal *seal)
{
        sodium_free(seal);
        return NULL;
}

CLEANUP_DEFINE(struct seal *, seal_close);

static int fault_key(struct fault *fault, const char *path, const char *why)
{
        fault_set(fault, 500, "seal.key", "the master key %s cannot be used", path);
        fault_why(fault, "%s", why);
        return fault_try(fault, "put the key back that this state was made with; without it no "
                         "sealed value can be read");
}

/* Whole or not at all, and durable before anything is sealed with it. */
static int make_key(const char *state_dir, const char *path, struct seal *seal)
{
        _free_ char *temp = NULL;
        _close_ int fd = -1, folder = -1;

        if (asprintf(&temp, "%s.new", path) < 0)
                return -ENOMEM;
        randombytes_buf(seal->key, KEY);
        unlink(temp);
        fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        if (write(fd, seal->key, KEY) != (ssize_t)KEY || fsync(fd) < 0)
                return errno ? -errno : -EIO;
        /* link, not rename: a key that appeared meanwhile stays. */
        if (link(temp, path) < 0)
                return -errno;
        unlink(temp);
        folder = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return folder < 0 || fsync(folder) < 0 ? -errno : 0;
}

static int read_key(int fd, const char *path, struct seal *seal, struct fault *fault)
{
        struct stat st;

        if (fstat(fd, &st) < 0)
                return fault_errno(fault, -errno, path);
        if (st.st_mode & 077)
                return fault_key(fault, path, "others than its owner may read it"),
                        fault_try(fault, "chmod 600 %s", path);
        if (!S_ISREG(st.st_mode) || st.st_size != KEY)
                return fault_key(fault, path, "it is not a file of 32 bytes");
        return read(fd, seal->key, KEY) == (ssize_t)KEY ? 0 : fault_errno(fault, -EIO, path);
}

int seal_open(const char *state_dir, struct seal **ret, struct fault *fault)
{
        _cleanup_(seal_closep) struct seal *seal = NULL;
        _free_ char *path = NULL;
        _close_ int fd = -1;
        int r;

        if (sodium_init() < 0)
                return fault_set(fault, 500, "seal.random", "the system gives no random numbers");
        seal = sodium_malloc(sizeof *seal);
        if (!seal || asprintf(&path, "%s/master.key", state_dir) < 0)
                return -ENOMEM;
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0 && errno != ENOENT)
                return fault_errno(fault, -errno, path);
        r = fd >= 0 ? read_key(fd, path, seal, fault) :
                fault_errno(fault, make_key(state_dir, path, seal), path);
        if (r != 0)
                return r;
        sodium_mprotect_readonly(seal);
        *ret = TAKE(seal);
        return 0;
}

int seal_text(const struct seal *seal, const char *name, const char *plain, char **ret,
              struct fault *fault)
{
        size_t len = strlen(plain), sealed = NONCE + len + TAG;
        size_t text_size = PREFIX_LEN + sodium_base64_encoded_len(sealed, BASE64);
        _free_ uint8_t *bytes = malloc(sealed);
        _free_ char *text = malloc(text_size);

        (void)fault;
        if (!bytes || !text)
                return -ENOMEM;
        randombytes_buf(bytes, NONCE);
        crypto_aead_xchacha20poly1305_ietf_encrypt(bytes + NONCE, NULL, (const uint8_t *)plain, len,
                                                   (const uint8_t *)name, strlen(name), NULL, bytes,
                                                   seal->key);
        memcpy(text, PREFIX, PREFIX_LEN);
        sodium_bin2base64(text + PREFIX_LEN, text_size - PREFIX_LEN, bytes, sealed, BASE64);
        *ret = TAKE(text);
        return 0;
}

static int fault_broken(struct fault *fault, const char *name, const char *why)
{
        fault_set(fault, 422, "seal.broken", "the secret '%s' cannot be opened", name);
        fault_why(fault, "%s", why);
        return fault_try(
                fault, "set it again; if none opens, the master key is not the one of this state");
}

int seal_unseal(const struct seal *seal, const char *name, const char *sealed, char **ret,
                struct fault *fault)
{
        size_t text_len = strlen(sealed), room = text_len, len;
        _free_ uint8_t *bytes = malloc(room + 1);
        char *plain;

        if (!bytes)
                return -ENOMEM;
        if (strncmp(sealed, PREFIX, PREFIX_LEN) != 0 ||
            sodium_base642bin(bytes, room, sealed + PREFIX_LEN, text_len - PREFIX_LEN, NULL, &len,
                              NULL,
                              BASE64) < 0 || len < NONCE + TAG)
                return fault_broken(fault, name, "it is not in the form of a sealed value");
        plain = malloc(len - NONCE - TAG + 1);
        if (!plain)
                return -ENOMEM;
        if (crypto_aead_xchacha20poly1305_ietf_decrypt((uint8_t *)plain, NULL, NULL, bytes + NONCE,
                                                       len - NONCE, (const uint8_t *)name,
                                                       strlen(name),
                                                       bytes, seal->key) < 0) {
                free(plain);
                return fault_broken(fault, name,
                                    "it was sealed with another key or for another name, "
                                    "or was changed since");
        }
        plain[len - NONCE - TAG] = '\0';
        *ret = plain;
        return 0;
}
