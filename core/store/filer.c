/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Results too large for a row: files named by their SHA-256, so that equal ones are kept once. A
 * thread of its own writes and syncs them before their transaction reaches the writer, which never
 * waits for a large file. Written, synced, renamed, the folder synced, and only then committed: a
 * row never names a file that is not there. A file whose transaction is under way is pinned, so
 * that expiry does not take it away between the two.
 */

#include "store/engine.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

char *filer_path(const char *state_dir, const uint8_t hash[HASH_SIZE])
{
        char text[HASH_TEXT_SIZE], *path;

        return asprintf(&path, "%s/results/%s", state_dir, hash_text(hash, text)) < 0 ? NULL : path;
}

static int write_all(int fd, const char *bytes, size_t len)
{
        while (len) {
                ssize_t n = write(fd, bytes, len);

                if (n < 0 && errno != EINTR)
                        return -errno;
                if (n > 0) {
                        bytes += n;
                        len -= (size_t)n;
                }
        }
        return fsync(fd) < 0 ? -errno : 0;
}

static int sync_folder(const char *state_dir)
{
        _free_ char *path = NULL;
        _close_ int fd = -1;

        if (asprintf(&path, "%s/results", state_dir) < 0)
                return -ENOMEM;
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int filer_write(const char *state_dir, const uint8_t hash[HASH_SIZE], const char *bytes, size_t len)
{
        _free_ char *path = filer_path(state_dir, hash), *temp = NULL;
        _close_ int fd = -1;
        struct stat st;
        int r;

        if (!path || asprintf(&temp, "%s.new", path) < 0)
                return -ENOMEM;
        if (stat(path, &st) == 0 && (size_t)st.st_size == len)
                return 0;
        fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0)
                return -errno;
        r = write_all(fd, bytes, len);
        if (r == 0 && rename(temp, path) < 0)
                r = -errno;
        if (r < 0) {
                unlink(temp);
                return r;
        }
        return sync_folder(state_dir);
}

static int pin(struct store *store, const uint8_t hash[HASH_SIZE])
{
        struct pin *one = malloc(sizeof *one);

        if (!one)
                return -ENOMEM;
        memcpy(one->hash, hash, HASH_SIZE);
        pthread_mutex_lock(&store->lock);
        one->next = store->pins;
        store->pins = one;
        pthread_mutex_unlock(&store->lock);
        return 0;
}

static void unpin(struct store *store, const uint8_t hash[HASH_SIZE])
{
        struct pin **at, *one;

        pthread_mutex_lock(&store->lock);
        for (at = &store->pins; *at && memcmp((*at)->hash, hash, HASH_SIZE) != 0; at = &(*at)->next)
                ;
        one = *at;
        if (one)
                *at = one->next;
        pthread_mutex_unlock(&store->lock);
        free(one);
}

void filer_unpin(struct store *store, const struct store_txn *txn)
{
        for (const struct op *op = txn->first; op; op = op->next)
                if ((op->kind == OP_FINISH || op->kind == OP_SETTLE) && op->move.file)
                        unpin(store, op->move.file);
}

static int file_op(struct store *store, struct store_txn *txn, struct op_move *move)
{
        uint8_t *hash = arena_alloc(&txn->arena, HASH_SIZE);
        int r;

        if (!hash)
                return -ENOMEM;
        hash_bytes(move->text, move->size, hash);
        r = pin(store, hash);
        if (r < 0)
                return r;
        move->file = hash;
        return filer_write(store->state_dir, hash, move->text, move->size);
}

static void file_txn(struct store *store, struct store_txn *txn)
{
        int r = 0;

        for (struct op *op = txn->first; op && r == 0; op = op->next)
                if ((op->kind == OP_FINISH || op->kind == OP_SETTLE) &&
                    op->move.size > STORE_INLINE_MAX)
                        r = file_op(store, txn, &op->move);
        if (r < 0 && !txn->preset)
                txn->preset = r == -ENOSPC || r == -EDQUOT ? STORE_FAILED_FULL : STORE_FAILED_IO;
}

void *filer_main(void *arg)
{
        struct store *store = arg;

        for (;;) {
                struct item *items = inbox_take(&store->filer_inbox, true), *last = NULL;

                if (!items && inbox_is_closing(&store->filer_inbox))
                        return NULL;
                for (struct item *item = items; item; item = item->next) {
                        struct store_txn *txn = (struct store_txn *)(void *)item;

                        if (txn->large && !txn->failed)
                                file_txn(store, txn);
                        last = item;
                }
                if (items)
                        inbox_push(&store->inbox, items, last);
        }
}

int filer_drop(struct store *store, const uint8_t hash[HASH_SIZE])
{
        _free_ char *path = filer_path(store->state_dir, hash);
        const struct pin *one;
        int64_t any;
        int r = sql_int(&store->writer.sql, &any, "SELECT 1 FROM result WHERE hash=?", "b",
                        (const void *)hash, (size_t)HASH_SIZE);

        if (r != SQLITE_DONE)
                return r;
        if (!path)
                return SQLITE_NOMEM;
        pthread_mutex_lock(&store->lock);
        for (one = store->pins; one && memcmp(one->hash, hash, HASH_SIZE) != 0; one = one->next)
                ;
        if (!one)
                unlink(path);
        pthread_mutex_unlock(&store->lock);
        return SQLITE_OK;
}

int filer_read(const char *state_dir, const uint8_t hash[HASH_SIZE], char **ret)
{
        _free_ char *path = filer_path(state_dir, hash), *bytes = NULL;
        _close_ int fd = -1;
        struct stat st;
        size_t got = 0;

        if (!path)
                return -ENOMEM;
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        bytes = malloc((size_t)st.st_size + 1);
        if (!bytes)
                return -ENOMEM;
        while (got < (size_t)st.st_size) {
                ssize_t n = read(fd, bytes + got, (size_t)st.st_size - got);

                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                got += (size_t)n;
        }
        bytes[got] = '\0';
        *ret = TAKE(bytes);
        return 0;
}
