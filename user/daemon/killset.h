/* SPDX-License-Identifier: Apache-2.0 */
/* The kills that stand. Several may stand on one session; the strictest holds. Pure: what they mean for the kernel is in kill.c. */
#ifndef HOLDFAST_DAEMON_KILLSET_H
#define HOLDFAST_DAEMON_KILLSET_H

#include "daemon/id.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct kill {
        char id[ID_SIZE];
        char session[ID_SIZE]; /* "": all sessions */
        uint32_t strength;     /* one of HF_KILL_KILL, HF_KILL_DENY, HF_KILL_PAUSE */
        uid_t uid;             /* who set it; only this user or root may lift it */
        char *reason;          /* owned; "" when none was given */
        char *actor;           /* owned; who set it, for people */
        uint64_t time;         /* ns since the epoch */
        uint64_t took;         /* ns from the request to the store of the bits; 0: not known */
        bool stored;           /* in the database, so that a restarted daemon knows it */
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

/* The first kill of a scope ("" is all) from index *i on, which moves behind it; NULL: no more. */
struct kill *killset_next(const struct killset *set, const char *session, size_t *i);

/* The bits that the kills of one scope ask for together. */
uint32_t killset_bits(const struct killset *set, const char *session);

/* The strictest reason that stands on a session, its own or that of all; NULL: none. */
const struct kill *killset_strictest(const struct killset *set, const char *session);

/* A new kill with its own copies; NULL when memory runs out. */
struct kill *kill_new(const char *session, uint32_t strength, uid_t uid, const char *reason, const char *actor, uint64_t time);
void kill_free(struct kill *k);

#endif
