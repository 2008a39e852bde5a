/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sql.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

int sql_open(struct sql *sql, const char *path, int flags, int cache_kib)
{
        char pragma[128];
        int r;

        memset(sql, 0, sizeof *sql);
        r = sqlite3_open_v2(path, &sql->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
        if (r != SQLITE_OK)
                return r;
        sqlite3_extended_result_codes(sql->db, 1);
        sqlite3_busy_timeout(sql->db, 5000);
        /*
         * A schema that someone planted in the file must not be able to run functions of its
         * choice.
         */
        sqlite3_db_config(sql->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        sqlite3_snprintf(
                sizeof pragma, pragma,
                "PRAGMA cache_size=-%d;PRAGMA temp_store=MEMORY;PRAGMA wal_autocheckpoint=0",
                cache_kib);
        return sql_exec(sql, pragma);
}

void sql_close(struct sql *sql)
{
        for (size_t i = 0; i < SQL_SLOTS; i++)
                sqlite3_finalize(sql->slots[i].stmt);
        sqlite3_close(sql->db);
        memset(sql, 0, sizeof *sql);
}

bool sql_is_full(const struct sql *sql, int code)
{
        int system = sql->db ? sqlite3_system_errno(sql->db) : 0;

        return (code & 0xff) == SQLITE_FULL ||
                ((code & 0xff) == SQLITE_IOERR && (system == ENOSPC || system == EDQUOT));
}

int sql_exec(struct sql *sql, const char *text)
{
        return sqlite3_exec(sql->db, text, NULL, NULL, NULL);
}

static int prepare(struct sql *sql, const char *text, sqlite3_stmt **ret)
{
        size_t i = ((uintptr_t)text * 0x9e3779b97f4a7c15u) >> 57;
        int r;

        while (sql->slots[i].text && sql->slots[i].text != text)
                i = (i + 1) % SQL_SLOTS;
        if (!sql->slots[i].text) {
                assert(sql->used < SQL_SLOTS - 1);
                r = sqlite3_prepare_v3(sql->db, text, -1, SQLITE_PREPARE_PERSISTENT,
                                       &sql->slots[i].stmt, NULL);
                if (r != SQLITE_OK)
                        return r;
                sql->slots[i].text = text;
                sql->used++;
        }
        *ret = sql->slots[i].stmt;
        return SQLITE_OK;
}

static int bind_id(sqlite3_stmt *stmt, int at, const struct id *id)
{
        if (!id || id_is_zero(id))
                return sqlite3_bind_null(stmt, at);
        return sqlite3_bind_blob(stmt, at, id->b, sizeof id->b, SQLITE_STATIC);
}

static int bind_bytes(sqlite3_stmt *stmt, int at, const void *bytes, size_t len)
{
        return sqlite3_bind_blob64(stmt, at, bytes, len, SQLITE_STATIC);
}

static int sql_bind(sqlite3_stmt *stmt, int first, const char *format, va_list args)
{
        int r = SQLITE_OK, at = first;

        for (const char *p = format; *p && r == SQLITE_OK; p++, at++)
                if (*p == 'i') {
                        r = sqlite3_bind_int64(stmt, at, va_arg(args, int64_t));
                } else if (*p == 'u') {
                        r = sqlite3_bind_int64(stmt, at, va_arg(args, unsigned));
                } else if (*p == 't') {
                        r = sqlite3_bind_text(stmt, at, va_arg(args, const char *), -1,
                                              SQLITE_STATIC);
                } else if (*p == 'd') {
                        r = bind_id(stmt, at, va_arg(args, const struct id *));
                } else if (*p == 'b') {
                        const void *bytes = va_arg(args, const void *);

                        r = bind_bytes(stmt, at, bytes, va_arg(args, size_t));
                } else {
                        assert(*p == 'n');
                        r = sqlite3_bind_null(stmt, at);
                }
        return r;
}

static int query(struct sql *sql, sqlite3_stmt **ret, const char *text, const char *format,
                 va_list args)
{
        sqlite3_stmt *stmt;
        int r = prepare(sql, text, &stmt);

        if (r == SQLITE_OK)
                r = sql_bind(stmt, 1, format, args);
        if (r == SQLITE_OK)
                *ret = stmt;
        return r;
}

int sql_query(struct sql *sql, sqlite3_stmt **ret, const char *text, const char *format, ...)
{
        va_list args;
        int r;

        va_start(args, format);
        r = query(sql, ret, text, format, args);
        va_end(args);
        return r;
}

int sql_run(struct sql *sql, const char *text, const char *format, ...)
{
        sqlite3_stmt *stmt = NULL;
        va_list args;
        int r;

        va_start(args, format);
        r = query(sql, &stmt, text, format, args);
        va_end(args);
        if (r != SQLITE_OK)
                return r;
        r = sqlite3_step(stmt);
        sqlite3_reset(stmt);
        return r == SQLITE_DONE || r == SQLITE_ROW ? SQLITE_OK : r;
}

int sql_int(struct sql *sql, int64_t *ret, const char *text, const char *format, ...)
{
        sqlite3_stmt *stmt = NULL;
        va_list args;
        int r;

        va_start(args, format);
        r = query(sql, &stmt, text, format, args);
        va_end(args);
        if (r != SQLITE_OK)
                return r;
        r = sqlite3_step(stmt);
        if (r == SQLITE_ROW)
                *ret = sqlite3_column_int64(stmt, 0);
        sqlite3_reset(stmt);
        return r == SQLITE_ROW ? SQLITE_OK : r;
}

struct id sql_id(sqlite3_stmt *stmt, int column)
{
        struct id id = { { 0 } };
        const void *bytes = sqlite3_column_blob(stmt, column);

        if (bytes && sqlite3_column_bytes(stmt, column) == sizeof id.b)
                memcpy(id.b, bytes, sizeof id.b);
        return id;
}

const char *sql_text(sqlite3_stmt *stmt, int column)
{
        return (const char *)sqlite3_column_text(stmt, column);
}
