/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What must be unique for a while: event ids, idempotency keys, timer slots.
 *
 * Keys are random, and random inserts into a unique index dirty a page each. So a new key is
 * appended to a log (the table seen_log), and memory holds the digests of the log, up to LOG_MAX of
 * them. A log that is full is merged into the table seen in the order of the digests, a slice at a
 * time between commits, where one visit of a page serves many keys and drops those that have
 * expired. A key is looked for in memory first and then, if anything was ever merged, in seen.
 */

#include "store/engine.h"

#include "base/cleanup.h"

#include <sodium.h>
#include <string.h>

#define LOG_MAX 65536

struct seen_slot {
        uint64_t print;                 /* the digest's first bytes */
        int64_t n;                      /* row of seen_log; 0: free */
};

void seen_digest(const char *scope, const char *key, uint8_t ret[DIGEST_SIZE])
{
        crypto_generichash_state state;

        /* With its NUL, so that no scope and key run into each other. */
        crypto_generichash_init(&state, NULL, 0, DIGEST_SIZE);
        crypto_generichash_update(&state, (const uint8_t *)scope, strlen(scope) + 1);
        crypto_generichash_update(&state, (const uint8_t *)key, strlen(key));
        crypto_generichash_final(&state, ret, DIGEST_SIZE);
}

static uint64_t print_of(const uint8_t digest[DIGEST_SIZE])
{
        uint64_t print;

        memcpy(&print, digest, sizeof print);
        return print;
}

static void put(struct seen_slot *slots, size_t capacity, struct seen_slot slot)
{
        size_t i = slot.print & (capacity - 1);

        while (slots[i].n)
                i = (i + 1) & (capacity - 1);
        slots[i] = slot;
}

static int grow(struct seen *seen)
{
        size_t capacity = seen->capacity ? seen->capacity * 2 : 256;
        struct seen_slot *slots = calloc(capacity, sizeof *slots);

        if (!slots)
                return SQLITE_NOMEM;
        for (size_t i = 0; i < seen->capacity; i++)
                if (seen->slots[i].n)
                        put(slots, capacity, seen->slots[i]);
        free(seen->slots);
        seen->slots = slots;
        seen->capacity = capacity;
        return SQLITE_OK;
}

static int remember(struct seen *seen, const uint8_t digest[DIGEST_SIZE], int64_t n)
{
        int r = seen->used * 2 >= seen->capacity ? grow(seen) : SQLITE_OK;

        if (r != SQLITE_OK)
                return r;
        put(seen->slots, seen->capacity, (struct seen_slot){ print_of(digest), n });
        seen->used++;
        if (n > seen->last)
                seen->last = n;
        return SQLITE_OK;
}

void seen_deinit(struct seen *seen)
{
        free(seen->slots);
        memset(seen, 0, sizeof *seen);
}

int seen_load(struct seen *seen, struct sql *sql)
{
        _cleanup_(sql_resetp) sqlite3_stmt *stmt = NULL;
        int64_t any;
        int r;

        seen_deinit(seen);
        r = sql_int(sql, &any, "SELECT 1 FROM seen LIMIT 1", "");
        seen->has_merged = r == SQLITE_OK;
        if (r == SQLITE_OK || r == SQLITE_DONE)
                r = sql_query(sql, &stmt, "SELECT n, digest FROM seen_log", "");
        while (r == SQLITE_OK && (r = sqlite3_step(stmt)) == SQLITE_ROW)
                if (sqlite3_column_bytes(stmt, 1) == DIGEST_SIZE)
                        r = remember(seen, sqlite3_column_blob(stmt, 1),
                                     sqlite3_column_int64(stmt, 0));
                else
                        r = SQLITE_CORRUPT;
        return r == SQLITE_DONE ? SQLITE_OK : r;
}

/* A row of (digest, id, hash, expires): is it this key, does it still count, what does it say? */
static bool decides(sqlite3_stmt *stmt, const struct op_once *once, int64_t now_ms,
                    enum store_outcome *ret, struct id *ret_first)
{
        const void *digest = sqlite3_column_blob(stmt, 0);
        const void *hash = sqlite3_column_blob(stmt, 2);
        bool hashed = sqlite3_column_bytes(stmt, 2) == HASH_SIZE;

        if (sqlite3_column_bytes(stmt, 0) != DIGEST_SIZE ||
            memcmp(digest, once->digest, DIGEST_SIZE) != 0 ||
            sqlite3_column_int64(stmt, 3) <= now_ms)
                return false;
        *ret_first = sql_id(stmt, 1);
        *ret = hashed && once->hashed && memcmp(hash, once->hash, HASH_SIZE) != 0 ?
                STORE_MISMATCH : STORE_DUPLICATE;
        return true;
}

static int look(struct sql *sql, const char *text, int64_t n, const struct op_once *once,
                int64_t now_ms,
                enum store_outcome *ret, struct id *ret_first)
{
        _cleanup_(sql_resetp) sqlite3_stmt *stmt = NULL;
        int r = n ? sql_query(sql, &stmt, text, "i", n) :
                    sql_query(sql, &stmt, text, "b", (const void *)once->digest,
                              (size_t)DIGEST_SIZE);

        if (r == SQLITE_OK)
                r = sqlite3_step(stmt);
        if (r == SQLITE_ROW)
                decides(stmt, once, now_ms, ret, ret_first);
        return r == SQLITE_ROW || r == SQLITE_DONE ? SQLITE_OK : r;
}

int seen_judge(struct seen *seen, struct sql *sql, const struct op_once *once, int64_t now_ms,
               enum store_outcome *ret, struct id *ret_first)
{
        uint64_t print = print_of(once->digest);
        int r = SQLITE_OK;

        *ret = STORE_DONE;
        if (seen->capacity)
                for (size_t i = print & (seen->capacity - 1); seen->slots[i].n && r == SQLITE_OK &&
                     *ret == STORE_DONE; i = (i + 1) & (seen->capacity - 1))
                        if (seen->slots[i].print == print)
                                r = look(sql,
                                         "SELECT digest, id, hash, expires_ms FROM seen_log WHERE "
                                         "n=?",
                                         seen->slots[i].n, once, now_ms, ret, ret_first);
        if (r == SQLITE_OK && *ret == STORE_DONE && seen->has_merged)
                r = look(sql, "SELECT digest, id, hash, expires_ms FROM seen WHERE digest=?", 0,
                         once,
                         now_ms, ret, ret_first);
        return r;
}

int seen_add(struct seen *seen, struct sql *sql, const struct op_once *once)
{
        int64_t n = seen->last + 1;
        int r = sql_run(sql, "INSERT INTO seen_log VALUES(?,?,?,?,?)", "ibdbi", n,
                        (const void *)once->digest, (size_t)DIGEST_SIZE, &once->id,
                        once->hashed ? (const void *)once->hash : NULL, (size_t)HASH_SIZE,
                        once->expires_ms);

        return r == SQLITE_OK ? remember(seen, once->digest, n) : r;
}

bool seen_needs_merge(const struct seen *seen)
{
        return seen->merge_to || seen->used >= LOG_MAX;
}

/* The digests of one slice: from *from up to but not including *to. */
static void slice_bounds(unsigned slice, uint8_t from[1], uint8_t to[DIGEST_SIZE + 1],
                         size_t *ret_to_len)
{
        from[0] = (uint8_t)(slice * (256 / SEEN_SLICES));
        memset(to, 0xff, DIGEST_SIZE + 1);
        *ret_to_len = DIGEST_SIZE + 1;
        if (slice + 1 < SEEN_SLICES) {
                to[0] = (uint8_t)((slice + 1) * (256 / SEEN_SLICES));
                *ret_to_len = 1;
        }
}

int seen_expire_slice(struct sql *sql, unsigned slice, int64_t now_ms)
{
        uint8_t from[1], to[DIGEST_SIZE + 1];
        size_t to_len;

        slice_bounds(slice, from, to, &to_len);
        return sql_run(sql, "DELETE FROM seen WHERE digest>=? AND digest<? AND expires_ms<=?",
                       "bbi",
                       (const void *)from, sizeof from, (const void *)to, to_len, now_ms);
}

static int merge(struct seen *seen, struct sql *sql, int64_t now_ms)
{
        uint8_t from[1], to[DIGEST_SIZE + 1];
        size_t to_len;
        int r = seen_expire_slice(sql, seen->merge_slice, now_ms);

        slice_bounds(seen->merge_slice, from, to, &to_len);
        if (r == SQLITE_OK)
                r = sql_run(sql, "INSERT OR REPLACE INTO seen SELECT digest, id, hash, expires_ms"
                            " FROM seen_log WHERE n<=? AND expires_ms>? AND digest>=? AND digest<?"
                            " ORDER BY digest, n", "iibb", seen->merge_to, now_ms,
                            (const void *)from,
                            sizeof from, (const void *)to, to_len);
        if (r == SQLITE_OK && seen->merge_slice + 1 == SEEN_SLICES)
                r = sql_run(sql, "DELETE FROM seen_log WHERE n<=?", "i", seen->merge_to);
        return r;
}

int seen_merge_slice(struct seen *seen, struct sql *sql, int64_t now_ms)
{
        int r = sql_exec(sql, "BEGIN IMMEDIATE");

        if (!seen->merge_to) {
                seen->merge_to = seen->last;
                seen->merge_slice = 0;
        }
        if (r == SQLITE_OK)
                r = merge(seen, sql, now_ms);
        if (r == SQLITE_OK)
                r = sql_exec(sql, "COMMIT");
        if (r != SQLITE_OK) {
                if (!sqlite3_get_autocommit(sql->db))
                        sql_exec(sql, "ROLLBACK");
                return r;
        }
        seen->has_merged = true;
        if (++seen->merge_slice < SEEN_SLICES)
                return SQLITE_OK;
        return seen_load(seen, sql);
}
