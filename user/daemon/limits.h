/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The limits of a policy that are not time: what each session uses of them, telling when one holds it, and those that no cgroup keeps
 * (files, disk, bytes out). The cgroup's are set by cgroup_limit().
 */
#ifndef HOLDFAST_DAEMON_LIMITS_H
#define HOLDFAST_DAEMON_LIMITS_H

#include "base/error.h"
#include "policy/policy.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct daemon;
struct session;

/* Those that hold a session up rather than end it. */
enum limit_held { LIMIT_MEMORY, LIMIT_CPU, LIMIT_PIDS, LIMIT_DISK, LIMIT_SENT, LIMITS_HELD };

/* What a session has. */
struct limits_state {
        uint64_t held[LIMITS_HELD];    /* how often each has held it, as the kernel counts */
        uint64_t reached[LIMITS_HELD]; /* when it last did, ns of CLOCK_BOOTTIME; 0: it has not */
        uint64_t written;              /* when it was first seen to have come to the limit; 0: it has not */
};

/* Whether the host can keep those that are not the cgroup's; findings at $.limits where not (-EOPNOTSUPP). */
int limits_check(const struct limits *limits, struct findings *findings);

/* Before the first process of a session is in it: nothing is used. */
void limits_begin(struct daemon *d, struct session *s);

/* The policy's in force, and its ceilings', hold from now on. Open files are limited in the processes that it has now, and what those
 * begin. */
void limits_set(struct daemon *d, struct session *s);

/* Tells which limits have held it. */
void limits_look(struct daemon *d, struct session *s);

/* Once a second: first what is for all sessions together, then for each. */
void limits_count(struct daemon *d);
void limits_tick(struct daemon *d, struct session *s);

/* Adds "limits" and "use" to a session that lives. */
void limits_add_json(struct daemon *d, const struct session *s, cJSON *to);

#endif
