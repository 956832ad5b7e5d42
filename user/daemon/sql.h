/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite with bound values: one call prepares, binds, runs. For store*.c only. */
#ifndef HOLDFAST_DAEMON_SQL_H
#define HOLDFAST_DAEMON_SQL_H

#include "base/cleanup.h"
#include "base/error.h"

#include <sqlite3.h>
#include <stdint.h>

struct store {
        sqlite3 *db;
};

DEFINE_CLEANUP(sqlite3_stmt *, sqlite3_finalize)
#define _cleanup_stmt_ _cleanup_(sqlite3_finalizep)

/*
 * Prepares a statement and binds its values, one for each letter of types: 'i' takes int64_t, 't' const char * (NULL is SQL's NULL).
 * Negative errno with the error on failure.
 */
int sql_prepare(struct store *s, sqlite3_stmt **ret, struct error *e, const char *sql, const char *types, ...);

/* Prepares, binds and runs a statement that gives no rows. */
int sql_run(struct store *s, struct error *e, const char *sql, const char *types, ...);

/* 1 with a row, 0 at the end, or negative errno. */
int sql_step(struct store *s, sqlite3_stmt *stmt, struct error *e);

/* A copy of a text column, "" for NULL; NULL when memory runs out. */
char *sql_text(sqlite3_stmt *stmt, int column);

#endif
