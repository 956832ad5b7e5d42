/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/store.h"

#include "daemon/killset.h"
#include "daemon/names.h"
#include "daemon/sql.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SCHEMA_VERSION 4
#define ENDED_KEPT "10000" /* sessions that ended and are still on record */

static const char schema[] =
        "BEGIN;"
        "CREATE TABLE sessions (id TEXT PRIMARY KEY, slot INTEGER NOT NULL, generation INTEGER NOT NULL, policy_id INTEGER NOT NULL,"
        " policy_name TEXT NOT NULL, policy_text TEXT NOT NULL, previous_id INTEGER NOT NULL DEFAULT 0, previous_text TEXT,"
        " attach TEXT NOT NULL, name TEXT NOT NULL, agent TEXT NOT NULL, version TEXT NOT NULL, uid INTEGER NOT NULL, user TEXT NOT NULL,"
        " home TEXT, workspace TEXT, cgroup TEXT NOT NULL, cgroup_id INTEGER NOT NULL, pid INTEGER NOT NULL,"
        " started INTEGER NOT NULL, ended INTEGER NOT NULL DEFAULT 0, end_reason TEXT, denials INTEGER NOT NULL DEFAULT 0,"
        " lost INTEGER NOT NULL DEFAULT 0, lost_reported INTEGER NOT NULL DEFAULT 0, ceilings TEXT, previous_ceilings TEXT,"
        " audit_only INTEGER NOT NULL DEFAULT 0);"
        "CREATE INDEX sessions_ended ON sessions (ended);"
        "CREATE TABLE kills (id TEXT PRIMARY KEY, session TEXT NOT NULL, strength TEXT NOT NULL, uid INTEGER NOT NULL,"
        " reason TEXT NOT NULL, actor TEXT NOT NULL, time INTEGER NOT NULL, scope TEXT NOT NULL, name TEXT NOT NULL,"
        " version TEXT NOT NULL, until INTEGER NOT NULL);"
        "CREATE TABLE numbers (name TEXT PRIMARY KEY, value INTEGER NOT NULL);"
        "PRAGMA user_version = 4;"
        "COMMIT;";

/* From each version to the next, from 1 on. */
static const char *const steps[SCHEMA_VERSION - 1] = {
        "BEGIN;"
        "ALTER TABLE sessions ADD COLUMN ceilings TEXT;"
        "ALTER TABLE sessions ADD COLUMN previous_ceilings TEXT;"
        "PRAGMA user_version = 2;"
        "COMMIT;",
        "BEGIN;"
        "ALTER TABLE kills ADD COLUMN scope TEXT NOT NULL DEFAULT 'session';"
        "ALTER TABLE kills ADD COLUMN name TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE kills ADD COLUMN version TEXT NOT NULL DEFAULT '';"
        "ALTER TABLE kills ADD COLUMN until INTEGER NOT NULL DEFAULT 0;"
        "UPDATE kills SET scope = 'all' WHERE session = '';"
        "PRAGMA user_version = 3;"
        "COMMIT;",
        "BEGIN;"
        "ALTER TABLE sessions ADD COLUMN audit_only INTEGER NOT NULL DEFAULT 0;"
        "PRAGMA user_version = 4;"
        "COMMIT;",
};

static int version(struct store *s, struct error *e)
{
        _cleanup_stmt_ sqlite3_stmt *stmt = NULL;
        int r = sql_prepare(s, &stmt, e, "PRAGMA user_version", "");

        if (r >= 0)
                r = sql_step(s, stmt, e);
        return r > 0 ? sqlite3_column_int(stmt, 0) : r;
}

static int set_up(struct store *s, struct error *e)
{
        int v;

        if (sqlite3_exec(s->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;", NULL, NULL, NULL) != SQLITE_OK)
                return error_set(e, -EIO, "%s", sqlite3_errmsg(s->db));
        v = version(s, e);
        if (v < 0)
                return v;
        if (v > SCHEMA_VERSION)
                return error_set(e, -EPROTO, "a newer holdfast wrote it (version %d, this one knows %d)", v, SCHEMA_VERSION);
        for (; v < SCHEMA_VERSION; v = v ? v + 1 : SCHEMA_VERSION)
                if (sqlite3_exec(s->db, v ? steps[v - 1] : schema, NULL, NULL, NULL) != SQLITE_OK)
                        return error_set(e, -EIO, "%s", sqlite3_errmsg(s->db));
        return sql_run(s, e,
                       "DELETE FROM sessions WHERE ended > 0 AND id NOT IN"
                       " (SELECT id FROM sessions WHERE ended > 0 ORDER BY ended DESC LIMIT " ENDED_KEPT ")",
                       "");
}

DEFINE_CLEANUP(struct store *, store_close)

int store_open(const char *path, struct store **ret, struct error *e)
{
        _cleanup_(store_closep) struct store *s = calloc(1, sizeof(*s));
        mode_t mask = umask(0077);
        int r;

        if (!s)
                r = -ENOMEM;
        else
                r = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) == SQLITE_OK ? 0 : -EIO;
        umask(mask);
        if (r < 0)
                return error_set(e, r, "cannot open the database %s: %s", path, s && s->db ? sqlite3_errmsg(s->db) : "out of memory");
        sqlite3_busy_timeout(s->db, 2000);
        r = set_up(s, e);
        if (r < 0)
                return error_prefix(e, "the database %s", path);
        *ret = TAKE_PTR(s);
        return 0;
}

void store_close(struct store *s)
{
        if (!s)
                return;
        sqlite3_close(s->db);
        free(s);
}

void store_begin(struct store *s)
{
        sql_run(s, NULL, "BEGIN", "");
}

int store_commit(struct store *s, struct error *e)
{
        int r = sql_run(s, e, "COMMIT", "");

        /* What comes after it must not wait for an end that never comes. */
        if (r < 0 && !sqlite3_get_autocommit(s->db))
                sql_run(s, NULL, "ROLLBACK", "");
        return r;
}

int store_kill_add(struct store *s, const struct kill *k, struct error *e)
{
        return sql_run(s, e,
                       "INSERT INTO kills (id, session, strength, uid, reason, actor, time, scope, name, version, until)"
                       " VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                       "tttittittti", k->id, k->target.session, strength_name(k->strength), (int64_t)k->uid, k->reason, k->actor,
                       (int64_t)k->time, kill_scope_name(k->target.scope), k->target.name, k->target.version, (int64_t)k->until);
}

int store_kill_delete(struct store *s, const char *id, struct error *e)
{
        return sql_run(s, e, "DELETE FROM kills WHERE id = ?", "t", id);
}

/* Columns in the order of the SELECT below. */
static int read_target(sqlite3_stmt *stmt, struct target *t)
{
        const char *session = (const char *)sqlite3_column_text(stmt, 1), *scope = (const char *)sqlite3_column_text(stmt, 7),
                   *name = (const char *)sqlite3_column_text(stmt, 8), *version = (const char *)sqlite3_column_text(stmt, 9);
        int r = scope ? kill_scope_parse(scope) : -EINVAL;

        if (r < 0 || !session || !name || !version)
                return -EINVAL;
        t->scope = (enum kill_scope)r;
        snprintf(t->session, sizeof(t->session), "%s", session);
        snprintf(t->name, sizeof(t->name), "%s", name);
        snprintf(t->version, sizeof(t->version), "%s", version);
        return 0;
}

static struct kill *read_kill(sqlite3_stmt *stmt)
{
        const char *id = (const char *)sqlite3_column_text(stmt, 0);
        _cleanup_free_ char *strength = sql_text(stmt, 2), *reason = sql_text(stmt, 4), *actor = sql_text(stmt, 5);
        struct target target;
        uint32_t bit = 0;
        struct kill *k;

        if (!id || !strength || !reason || !actor || strength_parse(strength, &bit) < 0 || read_target(stmt, &target) < 0)
                return NULL;
        k = kill_new(&target, bit, (uid_t)sqlite3_column_int64(stmt, 3), reason, actor, (uint64_t)sqlite3_column_int64(stmt, 6));
        if (k) {
                snprintf(k->id, sizeof(k->id), "%s", id);
                k->until = (uint64_t)sqlite3_column_int64(stmt, 10);
                k->stored = true;
        }
        return k;
}

int store_kills(struct store *s, int (*each)(void *context, struct kill *kill), void *context, struct error *e)
{
        _cleanup_stmt_ sqlite3_stmt *stmt = NULL;
        int r = sql_prepare(s, &stmt, e,
                            "SELECT id, session, strength, uid, reason, actor, time, scope, name, version, until FROM kills ORDER BY time",
                            "");

        if (r < 0)
                return r;
        while ((r = sql_step(s, stmt, e)) > 0) {
                struct kill *k = read_kill(stmt);

                r = k ? each(context, k) : -EBADMSG;
                if (r < 0)
                        return error_set(e, r, "the database: a kill cannot be read");
        }
        return r;
}

uint64_t store_number(struct store *s, const char *name)
{
        _cleanup_stmt_ sqlite3_stmt *stmt = NULL;

        if (sql_prepare(s, &stmt, NULL, "SELECT value FROM numbers WHERE name = ?", "t", name) < 0 || sql_step(s, stmt, NULL) <= 0)
                return 0;
        return (uint64_t)sqlite3_column_int64(stmt, 0);
}

int store_set_number(struct store *s, const char *name, uint64_t value, struct error *e)
{
        return sql_run(s, e, "INSERT INTO numbers (name, value) VALUES (?,?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", "ti",
                       name, (int64_t)value);
}
