/* SPDX-License-Identifier: Apache-2.0 */
/* The kill switch: the bits first, everything else after. */
#ifndef HOLDFAST_DAEMON_KILL_H
#define HOLDFAST_DAEMON_KILL_H

#include "base/error.h"
#include "daemon/killset.h"
#include "holdfast/abi.h"

#include <cjson/cJSON.h>
#include <stdint.h>
#include <sys/types.h>

struct daemon;
struct peer;
struct session;

struct kill_request {
        struct target target;
        uint32_t strength;       /* one of HF_KILL_KILL, HF_KILL_DENY, HF_KILL_PAUSE; of a capability HF_KILL_DENY */
        const char *reason;      /* or NULL */
        const struct peer *peer; /* who asks; NULL: the daemon itself, which is then named by actor */
        const char *actor;
        uint64_t until;     /* ns since the epoch: when it is lifted by itself; 0: never */
        uint64_t asked;     /* when the request arrived, ns of CLOCK_BOOTTIME; 0: now */
        uint64_t effective; /* out: when the bits stood */
};

/*
 * Stores the bits of all sessions that match, before anything that may fail or take time; then freezes what is to be paused, and puts the
 * kill on record. A failure (of memory) does not take the bits back. *ret is owned by the daemon's set.
 */
int kill_set(struct daemon *d, struct kill_request *q, struct kill **ret, struct error *e);

/* What the daemon itself does to a session: sets and finishes. 0 or negative errno. */
int kill_session(struct daemon *d, const struct session *s, uint32_t strength, const char *reason);

/* Freezes or thaws, as the kills that stand on the session ask for. */
void kill_freeze(struct daemon *d, const struct session *s);

/*
 * After the answer: ends the processes of a kill (those outside of the cgroup with the next tick), and what a capability has left open;
 * writes the event.
 */
void kill_finish(struct daemon *d, struct kill *k);

/* Ends the processes of a session in or out of its cgroup, if a kill stands on it. */
void kill_enforce(struct daemon *d, struct session *s);

/* Who is not root lifts only what they set. */
bool kill_may_lift(const struct kill *k, const struct peer *peer);

/* Takes a kill back; what other kills ask for stays. reason is the event's, or NULL: the kill's own. On failure it stands as before. */
int kill_lift(struct daemon *d, struct kill *k, const char *actor, const char *reason, struct error *e);

/* Lifts those whose time is over. */
void kills_expire(struct daemon *d);

/* The kill that is why a session is refused something, as an event tells it: of the whole session, or of the rule's capability. */
const struct kill *kill_behind(const struct daemon *d, const struct session *s, enum hf_why why, uint32_t rule);

/* Whether nothing is left to do of what it asks: no process to end, none that is not frozen yet. */
bool kill_is_done(struct daemon *d, const struct target *t, uint32_t strength);

/* The kill as JSON. */
cJSON *kill_json(struct daemon *d, const struct kill *k);

/* At the start: reads the kills on record and makes the kernel's words and the record agree; what either knows, stands. */
int kills_restore(struct daemon *d, struct error *e);

/* Forgets the kills of a session that is forgotten. */
void kills_forget(struct daemon *d, const char *session);

#endif
