/* SPDX-License-Identifier: Apache-2.0 */
/* Explaining: for a live session by the kernel's own answer, and for a policy that no session is under yet by its rules. */
#ifndef HOLDFAST_DAEMON_EXPLAIN_H
#define HOLDFAST_DAEMON_EXPLAIN_H

#include "daemon/verdict.h"

#include <sys/types.h>

struct daemon;
struct session;

/*
 * What the kernel would say to a live session now; *ret gets the answer. The path is looked at with the rights of the user who asks, who
 * is not to learn what is in folders that they may not search. -EACCES where they may not, -EINVAL for a path that leads nowhere,
 * -ENOENT for ".." below what does not exist, -ESRCH when no process is left.
 */
int explain_session(struct daemon *d, const struct session *s, const struct question *q, uid_t asker, cJSON **ret, struct error *e);

/* What a path that fs_lookup() refused with code says to people; returns the code of the error that was set. */
int explain_lookup_failed(int code, const char *path, struct error *e);

/*
 * holdfastd --explain: prints as JSON what a policy (a file, or a name) would say, by names alone: RIGHT PATH, or connect HOST:PORT.
 * right NULL: for each question that standard input has, "RIGHT PATH" and the like with a NUL at its end, a line; {} for one that cannot be
 * answered, which standard error tells of. Neither root nor a daemon is needed. Returns the status to exit with: 0 allowed, 1 it failed, 2 wrong usage, 3 refused, 4 no such policy.
 */
int explain_policy(const char *policy, const char *workspace, const char *right, const char *object);

/* holdfastd --whole: prints a policy with all that it extends. Returns as that. */
int whole_policy(const char *policy);

#endif
