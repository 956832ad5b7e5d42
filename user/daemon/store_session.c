/* SPDX-License-Identifier: Apache-2.0 */
/* The sessions' part of the database. */
#include "base/log.h"
#include "daemon/session.h"
#include "daemon/sql.h"
#include "daemon/store.h"

#include <stdio.h>
#include <string.h>

int store_session_add(struct store *s, const struct session *x, struct error *e)
{
        _cleanup_free_ char *ceilings = NULL;

        if (ceilings_save(&x->ceilings, &ceilings) < 0)
                return error_set(e, -ENOMEM, "out of memory");
        return sql_run(s, e,
                       "INSERT INTO sessions (id, slot, generation, policy_id, policy_name, policy_text, attach, name, agent, version,"
                       " uid, user, home, workspace, cgroup, cgroup_id, pid, started, ceilings, audit_only)"
                       " VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                       "tiiittttttittttiiiti", x->id, (int64_t)x->slot, (int64_t)x->generation, (int64_t)x->policy_id, x->policy_name,
                       x->policy_text, attach_name(x->attach), x->name, x->agent, x->version, (int64_t)x->uid, x->user, x->home,
                       x->workspace, x->cgroup, (int64_t)x->cgroup_id, (int64_t)x->pid, (int64_t)x->started, ceilings,
                       (int64_t)x->audit_only);
}

int store_session_delete(struct store *s, const char *id, struct error *e)
{
        return sql_run(s, e, "DELETE FROM sessions WHERE id = ?", "t", id);
}

int store_session_update(struct store *s, const struct session *x, struct error *e)
{
        return sql_run(s, e,
                       "UPDATE sessions SET pid = ?, cgroup_id = ?, ended = ?, end_reason = ?, denials = ?, lost = ?, lost_reported = ?"
                       " WHERE id = ?",
                       "iiitiiit", (int64_t)x->pid, (int64_t)x->cgroup_id, (int64_t)x->ended, x->end_reason, (int64_t)x->denials,
                       (int64_t)x->lost, (int64_t)x->lost_reported, x->id);
}

int store_session_policy(struct store *s, const char *id, uint32_t policy_id, const char *name, const char *text,
                         const struct ceilings *ceilings, struct error *e)
{
        _cleanup_free_ char *under = NULL;

        if (ceilings_save(ceilings, &under) < 0)
                return error_set(e, -ENOMEM, "out of memory");
        return sql_run(
                s, e,
                "UPDATE sessions SET previous_id = policy_id, previous_text = policy_text, previous_ceilings = ceilings, policy_id = ?,"
                " policy_name = ?, policy_text = ?, ceilings = ? WHERE id = ?",
                "itttt", (int64_t)policy_id, name ? name : "", text, under, id);
}

static char *text_or_null(sqlite3_stmt *stmt, int column)
{
        return sqlite3_column_type(stmt, column) == SQLITE_NULL ? NULL : sql_text(stmt, column);
}

/* Columns in the order of the SELECT below. */
static struct session *read_session(sqlite3_stmt *stmt)
{
        _cleanup_(session_freep) struct session *x = session_new();
        _cleanup_free_ char *id = sql_text(stmt, 0), *attach = sql_text(stmt, 5);

        if (!x || !id || !attach || attach_parse(attach) < 0)
                return NULL;
        snprintf(x->id, sizeof(x->id), "%s", id);
        x->slot = (uint32_t)sqlite3_column_int64(stmt, 1);
        x->generation = (uint64_t)sqlite3_column_int64(stmt, 2);
        x->policy_id = (uint32_t)sqlite3_column_int64(stmt, 3);
        x->policy_name = sql_text(stmt, 24);
        x->policy_text = sql_text(stmt, 4);
        x->attach = (enum attach_kind)attach_parse(attach);
        x->name = sql_text(stmt, 6);
        x->agent = sql_text(stmt, 7);
        x->version = sql_text(stmt, 8);
        x->uid = (uid_t)sqlite3_column_int64(stmt, 9);
        x->user = sql_text(stmt, 10);
        x->home = text_or_null(stmt, 11);
        x->workspace = text_or_null(stmt, 12);
        x->cgroup = sql_text(stmt, 13);
        x->cgroup_id = (uint64_t)sqlite3_column_int64(stmt, 14);
        x->pid = (pid_t)sqlite3_column_int64(stmt, 15);
        x->started = (uint64_t)sqlite3_column_int64(stmt, 16);
        x->ended = (uint64_t)sqlite3_column_int64(stmt, 17);
        x->end_reason = text_or_null(stmt, 18);
        x->denials = (uint64_t)sqlite3_column_int64(stmt, 19);
        x->lost = (uint64_t)sqlite3_column_int64(stmt, 20);
        x->lost_reported = (uint64_t)sqlite3_column_int64(stmt, 21);
        x->audit_only = sqlite3_column_int64(stmt, 27);
        x->live = !x->ended;
        if (ceilings_load((const char *)sqlite3_column_text(stmt, 25), &x->ceilings) < 0)
                log_warning("session %s: its ceilings are in force, and cannot be read from the database", x->id);
        if (!x->policy_name || !x->policy_text || !x->name || !x->agent || !x->version || !x->user || !x->cgroup || x->slot >= HF_SLOTS ||
            x->policy_id >= HF_POLICIES)
                return NULL;
        return TAKE_PTR(x);
}

int store_sessions(struct store *s, uint64_t ended_after,
                   int (*each)(void *context, struct session *session, const struct previous *previous), void *context, struct error *e)
{
        _cleanup_stmt_ sqlite3_stmt *stmt = NULL;
        int r = sql_prepare(s, &stmt, e,
                            "SELECT id, slot, generation, policy_id, policy_text, attach, name, agent, version, uid, user, home, workspace,"
                            " cgroup, cgroup_id, pid, started, ended, end_reason, denials, lost, lost_reported, previous_id,"
                            " previous_text, policy_name, ceilings, previous_ceilings, audit_only"
                            " FROM sessions WHERE ended = 0 OR ended > ? ORDER BY started",
                            "i", (int64_t)ended_after);

        if (r < 0)
                return r;
        while ((r = sql_step(s, stmt, e)) > 0) {
                struct session *x = read_session(stmt);
                struct previous previous;

                if (!x)
                        return error_set(e, -EBADMSG, "the database: a session cannot be read");
                previous = (struct previous){ (uint32_t)sqlite3_column_int64(stmt, 22), (const char *)sqlite3_column_text(stmt, 23),
                                              (const char *)sqlite3_column_text(stmt, 26) };
                r = each(context, x, &previous);
                if (r < 0)
                        return r;
        }
        return r;
}
