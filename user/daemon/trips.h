/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trips: what the policy of a session, or a ceiling over it, has measured, and what is done once that is too much. As long as a kill stands
 * on the session nothing is measured, and afterwards each count begins anew.
 */
#ifndef HOLDFAST_DAEMON_TRIPS_H
#define HOLDFAST_DAEMON_TRIPS_H

#include "policy/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ceilings;
struct daemon;
struct session;
struct trip_state;

/* What a session has. Times are ns of CLOCK_MONOTONIC: in which the host is suspended does not count, but for wall. */
struct trips {
        struct trip_state *list; /* owned */
        size_t n;
        bool denials;    /* one is about denials */
        bool idle;       /* or about idle time */
        uint64_t lost;   /* events of its names that were lost, and that the kernel does not count */
        uint64_t wall;   /* since when it runs, ns of CLOCK_BOOTTIME */
        uint64_t busy;   /* when it last was not idle */
        uint64_t looked; /* when it was last looked whether it is, */
        uint64_t used;   /* and what of the processors it had used then, in us */
};

/* Whether the host can measure what is asked for; findings at $.trips where not (-EOPNOTSUPP), as a policy holds whole or not at all. */
int trips_check(int cgroup_fd, const struct policy *policy, const struct ceilings *ceilings, struct findings *findings);

/* Takes up those of the session's policy and ceilings, now that they are in force; those that it had already count on. */
void trips_set(struct daemon *d, struct session *s);
void trips_clear(struct trips *t);

/* Once a second: measures. */
void trips_tick(struct daemon *d, struct session *s);

/* The kernel has told of a denial. */
void trips_denied(struct daemon *d, struct session *s);

/* The session has asked for a name. */
void trips_name(struct daemon *d, struct session *s, const char *name);

#endif
