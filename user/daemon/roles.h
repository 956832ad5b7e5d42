/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one table of who may do what: operation by caller. Each route names its operation, and access.c asks here before any handler
 * runs. docs/api.md # Who may has the same table for people, and the tests compare the two with what the daemon does.
 */
#ifndef HOLDFAST_DAEMON_ROLES_H
#define HOLDFAST_DAEMON_ROLES_H

#include <stdbool.h>
#include <stddef.h>

/* What a route does. A route that names none is refused to everyone. */
enum operation {
        MAY_NOTHING,
        MAY_SEE,    /* sessions, their policies, explanations; the kills that stand */
        MAY_BEGIN,  /* sessions */
        MAY_CHANGE, /* the policy of a session */
        MAY_KILL,   /* also pause and lift */
        MAY_READ,   /* policies by name, and checking one */
        MAY_FOLLOW, /* events */
        MAY_WATCH,  /* health and metrics */
        MAY_GRANT,  /* tokens */
        MAY_DRILL,  /* put the report of a drill on record */
        MAY_WONDER, /* why something was refused to the session that asks */
        OPERATIONS,
};

/* Who asks: a process in a session or a user of this host, by what the kernel says, or a role, which a token or a group gives. */
enum caller { CALLER_NONE, CALLER_AGENT, CALLER_USER, CALLER_VIEWER, CALLER_AUDITOR, CALLER_OPERATOR, CALLER_ADMIN, CALLER_ROOT, CALLERS };

/* Of whose sessions. */
enum reach { REACH_NONE, REACH_OWN, REACH_ALL };

enum reach role_reach(enum operation operation, enum caller caller);

/* Whether a caller may give a role away: it may itself do all that the role may. */
bool role_covers(enum caller caller, enum caller role);

/* The four roles by name. CALLER_NONE, and NULL, for anything else. */
enum caller role_parse(const char *name);
const char *role_name(enum caller role);

/* The roles that may do it, for people: "operator or admin". Returns out. */
const char *role_needed(enum operation operation, char *out, size_t size);

#endif
