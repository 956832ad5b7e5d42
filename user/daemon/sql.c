/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sql.h"

#include <stdarg.h>
#include <string.h>

static int failed(struct store *s, int rc, struct error *e)
{
        int code = rc == SQLITE_FULL ? -ENOSPC : rc == SQLITE_NOMEM ? -ENOMEM : rc == SQLITE_CONSTRAINT ? -EEXIST : -EIO;

        return error_set(e, code, "the database: %s", sqlite3_errmsg(s->db));
}

static int prepare(struct store *s, sqlite3_stmt **ret, struct error *e, const char *sql, const char *types, va_list ap)
{
        _cleanup_stmt_ sqlite3_stmt *stmt = NULL;
        int rc = sqlite3_prepare_v2(s->db, sql, -1, &stmt, NULL);

        for (int i = 0; rc == SQLITE_OK && types[i]; i++) {
                if (types[i] == 'i')
                        rc = sqlite3_bind_int64(stmt, i + 1, va_arg(ap, int64_t));
                else
                        rc = sqlite3_bind_text(stmt, i + 1, va_arg(ap, const char *), -1, SQLITE_TRANSIENT);
        }
        if (rc != SQLITE_OK)
                return failed(s, rc, e);
        *ret = TAKE_PTR(stmt);
        return 0;
}

int sql_prepare(struct store *s, sqlite3_stmt **ret, struct error *e, const char *sql, const char *types, ...)
{
        va_list ap;
        int r;

        va_start(ap, types);
        r = prepare(s, ret, e, sql, types, ap);
        va_end(ap);
        return r;
}

int sql_step(struct store *s, sqlite3_stmt *stmt, struct error *e)
{
        int rc = sqlite3_step(stmt);

        if (rc == SQLITE_ROW)
                return 1;
        return rc == SQLITE_DONE ? 0 : failed(s, rc, e);
}

int sql_run(struct store *s, struct error *e, const char *sql, const char *types, ...)
{
        _cleanup_stmt_ sqlite3_stmt *stmt = NULL;
        va_list ap;
        int r;

        va_start(ap, types);
        r = prepare(s, &stmt, e, sql, types, ap);
        va_end(ap);
        return r < 0 ? r : sql_step(s, stmt, e);
}

char *sql_text(sqlite3_stmt *stmt, int column)
{
        const char *text = (const char *)sqlite3_column_text(stmt, column);

        return strdup(text ? text : "");
}
