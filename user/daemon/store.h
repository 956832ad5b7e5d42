/* SPDX-License-Identifier: Apache-2.0 */
/* What must outlive the daemon, in SQLite: the sessions and the kills. Each call is durable when it returns. */
#ifndef HOLDFAST_DAEMON_STORE_H
#define HOLDFAST_DAEMON_STORE_H

#include "base/error.h"

#include <stdint.h>

struct ceilings;
struct kill;
struct session;
struct store;

/* Opens or makes the database (mode 0600). -EPROTO when a newer version wrote it. */
int store_open(const char *path, struct store **ret, struct error *e);
void store_close(struct store *s);

int store_session_add(struct store *s, const struct session *session, struct error *e);
int store_session_delete(struct store *s, const char *id, struct error *e);

/* Writes what changes in a session's life: its first process, its end, what was reported lost. */
int store_session_update(struct store *s, const struct session *session, struct error *e);

/* What is written between them is on disk once, at the end, all of it or nothing. They do not nest. */
void store_begin(struct store *s);
int store_commit(struct store *s, struct error *e);

/*
 * Notes the next policy with its ceilings, and keeps the one in force beside it: the kernel's record tells which of the two holds after a
 * crash.
 */
int store_session_policy(struct store *s, const char *id, uint32_t policy_id, const char *name, const char *text,
                         const struct ceilings *ceilings, struct error *e);

/* The policy that was replaced last. */
struct previous {
        uint32_t id;          /* 0: none */
        const char *text;     /* NULL: none */
        const char *ceilings; /* as ceilings_save() made it */
};

/*
 * Calls back with every session that lives and those that ended after a time (ns since the epoch), oldest first. The callback
 * owns the session.
 */
int store_sessions(struct store *s, uint64_t ended_after,
                   int (*each)(void *context, struct session *session, const struct previous *previous), void *context, struct error *e);

int store_kill_add(struct store *s, const struct kill *kill, struct error *e);
int store_kill_delete(struct store *s, const char *id, struct error *e);
int store_kills(struct store *s, int (*each)(void *context, struct kill *kill), void *context, struct error *e);

/* Numbers by name; 0 where there is none. */
uint64_t store_number(struct store *s, const char *name);
int store_set_number(struct store *s, const char *name, uint64_t value, struct error *e);

#endif
