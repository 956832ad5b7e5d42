/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's part of ephemeral workspaces (workspace/workspace.h): STATE/workspaces/ID has the layers of session ID and a record. What
 * takes long, and what reads what an agent made, is done by a process of its own (workspace_job.h).
 */
#ifndef HOLDFAST_DAEMON_WORKSPACES_H
#define HOLDFAST_DAEMON_WORKSPACES_H

#include "base/error.h"
#include "daemon/id.h"
#include "workspace/workspace.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct daemon;
struct peer;
struct session;
struct session_request;

/* Before a session's policy is compiled, which then sees the mounts. */
int workspaces_begin(struct daemon *d, struct session *s, const struct session_request *q, struct error *e);

/*
 * The real folder of a session that has its workspace apart, to be refused to it by whatever way it leads there: a bind mount of a folder
 * above shows it by the name that the policy allows. *ret is -1 where it has none. Negative errno where the folder cannot be found: no
 * policy would be safe then.
 */
int workspaces_covered(const struct daemon *d, const struct session *s, int *ret, struct error *e);

/* Whether a session of an earlier daemon has one; where that cannot be told, it has. */
bool workspaces_apart(const struct daemon *d, const char *id);

/* When it did not come to be; when it is over. */
void workspaces_undo(struct daemon *d, const struct session *s);
void workspaces_end(struct daemon *d, const struct session *s);

/* At the start, once the sessions of before are known: what a crash or a restart of the host left is brought to its end, where it can be.
 */
void workspaces_start(struct daemon *d);
void workspaces_stop(struct daemon *d);

/* Once a second: pauses the sessions that fill the file system of the layers. */
void workspaces_tick(struct daemon *d);

/* The folder of all; that of one. Negative errno. */
int workspaces_folder(const struct daemon *d);
int workspaces_open(const struct daemon *d, const char *id);

/* Whether its session runs. */
bool workspaces_busy(const struct daemon *d, const char *id);

/* Ends one: it is no more for anybody, and its files go by and by. */
int workspaces_discard(struct daemon *d, const char *id, struct error *e);

/* Begins to clear up after an apply that was interrupted; to remove what was discarded, or to look once more as soon as that is done. */
void workspaces_recover(struct daemon *d, const char *id);
void workspaces_empty(struct daemon *d);

/* ---- what is done by another process ------------------------------------------------------------------------------------------------ */

struct job; /* one such process, with what it says */

/*
 * Begins one; input is a JSON object with at least "do". op and actor are for the event at its end, where one is to be written. uid is who
 * asks, and may have few at once (-EAGAIN); ret NULL: nobody does.
 */
int job_start(struct daemon *d, const cJSON *input, const char *op, const char *actor, uid_t uid, uint64_t *ret, struct error *e);

/* Whether one of them removes what was discarded. */
bool jobs_empty(const struct daemon *d);

/*
 * Once it is done, what it tells (workspace_job.h): the head, to be freed, and the body in a file, to be closed. -EAGAIN before, -EIO where
 * it ended without, -ENOENT where there is none of that number.
 */
int job_answer(struct daemon *d, uint64_t number, cJSON **head, int *body);

#endif
