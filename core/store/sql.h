/* SPDX-License-Identifier: Apache-2.0 */

/*
 * A connection of SQLite and the statements that were prepared on it. Functions answer SQLite's own
 * result codes (extended, SQLITE_OK is 0): who calls them decides what a code means for the store.
 *
 * Values are bound by a format, a letter a parameter: i int64_t, u 32-bit or an enum, t text or
 * NULL, d struct id * (the zero id becomes NULL), b pointer and size_t, n NULL (takes no argument).
 * They are not copied: they must live until the statement was stepped for the last time.
 */

#ifndef STORE_SQL_H
#define STORE_SQL_H

#include "base/fault.h"
#include "base/id.h"

#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SQL_SLOTS 128

struct sql {
        sqlite3 *db;
        struct sql_slot {
                const char *text;
                sqlite3_stmt *stmt;
        } slots[SQL_SLOTS];
        unsigned used;
};

int sql_open(struct sql *sql, const char *path, int flags, int cache_kib);
void sql_close(struct sql *sql);
/* Several statements, no values. */
/* Does this code of the connection mean a disk (or a quota) without room? */
bool sql_is_full(const struct sql *sql, int code);
int sql_exec(struct sql *sql, const char *text);
/*
 * The statement of this text, bound and not yet stepped. text must be a literal: it is found by
 * address.
 */
int sql_query(struct sql *sql, sqlite3_stmt **ret, const char *text, const char *format, ...);
/* Run a statement that gives no rows. */
int sql_run(struct sql *sql, const char *text, const char *format, ...);
/* The first column of the first row; SQLITE_DONE where there is none. */
int sql_int(struct sql *sql, int64_t *ret, const char *text, const char *format, ...);

struct id sql_id(sqlite3_stmt *stmt, int column);
const char *sql_text(sqlite3_stmt *stmt, int column);

/* Ends a query where its scope ends, so that it holds no snapshot. */
static inline void sql_resetp(sqlite3_stmt **stmt)
{
        if (*stmt)
                sqlite3_reset(*stmt);
}

static inline void sql_finalizep(sqlite3_stmt **stmt)
{
        sqlite3_finalize(*stmt);
}

#endif
