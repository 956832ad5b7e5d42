/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kills that stand. Several may stand on one session; the strictest holds. Pure: what they mean for the kernel is in kill.c. Whom a
 * kill is for is told by target_matches() alone, of sessions that live and of one that is to begin.
 */
#ifndef HOLDFAST_DAEMON_KILLSET_H
#define HOLDFAST_DAEMON_KILLSET_H

#include "daemon/id.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct policy;
struct session;

enum kill_scope {
        KILL_SESSION,
        KILL_AGENT,      /* by its name, and its version where that is given */
        KILL_CAPABILITY, /* of one session, or of every session whose policy has it */
        KILL_USER,       /* by name or by number */
        KILL_ALL,
        KILL_SCOPES,
};

#define KILL_NAME_SIZE 65 /* of the names of agents, versions and capabilities; those of users are shorter */

struct target {
        enum kill_scope scope;
        char session[ID_SIZE];     /* of KILL_SESSION, and of KILL_CAPABILITY where it is for one session; else "" */
        char name[KILL_NAME_SIZE]; /* of the agent, the capability or the user; else "" */
        char version[KILL_NAME_SIZE];
};

/* What comes after the bits, in the order in which it is done. */
enum kill_step {
        KILL_STEP_BITS,
        KILL_STEP_HELD, /* frozen, or what waits in a system call was interrupted */
        KILL_STEP_RECORDED,
        KILL_STEP_CUT,
        KILL_STEP_KILLED,
        KILL_STEPS,
};

struct kill {
        char id[ID_SIZE];
        struct target target;
        uint32_t strength; /* one of HF_KILL_KILL, HF_KILL_DENY, HF_KILL_PAUSE; 0: it counts no more */
        uid_t uid;         /* who set it; only this user or root may lift it */
        char *reason;      /* owned; "" when none was given */
        char *actor;       /* owned; who set it, for people */
        uint64_t time;     /* ns since the epoch */
        uint64_t until;    /* the same: when it is lifted by itself; 0: never */
        bool stored;       /* in the database, so that a restarted daemon knows it */
        bool held;         /* its time is over, and it could not be lifted */
        /* Of one set by this daemon: */
        size_t struck;              /* sessions */
        uint64_t asked;             /* when the request arrived, ns of CLOCK_BOOTTIME */
        uint64_t steps[KILL_STEPS]; /* ns from there to each step; 0: there was none */
};

struct killset {
        struct kill **list;
        size_t count;
};

/* Ownership of k passes to the set, also on failure. */
int killset_add(struct killset *set, struct kill *k);
void killset_remove(struct killset *set, struct kill *k);
void killset_clear(struct killset *set);

struct kill *killset_find(const struct killset *set, const char *id);

const char *kill_scope_name(enum kill_scope scope);
int kill_scope_parse(const char *name); /* enum kill_scope or -EINVAL */

struct target target_session(const char *id);
bool target_same(const struct target *a, const struct target *b);

/* Whether a session is meant: also one that has not begun. Of a capability: its policy has it. */
bool target_matches(const struct target *t, const struct session *s);

/* The bit of a target's capability in a policy; 0: it has none. Of a policy that cannot be read any more (NULL) it may be any. */
uint64_t target_bits(const struct target *t, const struct policy *p);

/* What a target is, for people: "session k3v7x2ma", "capability llm of session k3v7x2ma", "agent coder@2", "user dev", "all". */
#define TARGET_TEXT_SIZE 192
const char *target_text(const struct target *t, char out[TARGET_TEXT_SIZE]);

/* Adds the members by which the API names it. */
void target_add_json(cJSON *o, const struct target *t);

/* The first kill of exactly that target from index *i on, which moves behind it; NULL: no more. */
struct kill *killset_next(const struct killset *set, const struct target *t, size_t *i);

/* Whether a pause of that very session stands, beside one (or NULL). */
bool killset_paused(const struct killset *set, const char *session, const struct kill *beside);

/* The bits of the session's own word: what the kills of it, its agent and its user ask for. Without a session: those of all. */
uint32_t killset_bits(const struct killset *set, const struct session *s);

/* The capabilities of the policy, which is to be the session's, that are killed in it. */
uint64_t killset_capabilities(const struct killset *set, const struct session *s, const struct policy *policy);

/* The strictest kill that stands on the whole session, or on all where there is no session; NULL: none. */
const struct kill *killset_strictest(const struct killset *set, const struct session *s);

/* The stricter, the more: a kill, a pause, a denial. */
int strength_rank(uint32_t strength);

/* Whether one stands on the session, or on all, that only root lifts. */
bool killset_by_root(const struct killset *set, const struct session *s);

/* The first kill of a capability of the session; NULL: none. */
const struct kill *killset_capability(const struct killset *set, const struct session *s, const char *name);

/* A new kill with its own copies; NULL when memory runs out. */
struct kill *kill_new(const struct target *t, uint32_t strength, uid_t uid, const char *reason, const char *actor, uint64_t time);
void kill_free(struct kill *k);

#endif
