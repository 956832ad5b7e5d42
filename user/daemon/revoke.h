/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Revocation of what is mapped: the kernel asks no hook about memory, so the processes of a session that have mapped what the policy
 * in force refuses are found and stopped, killed or paused as the policy says (on_revoke).
 */
#ifndef HOLDFAST_DAEMON_REVOKE_H
#define HOLDFAST_DAEMON_REVOKE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

struct daemon;
struct kill;
struct session;

/* Looking through the processes of one session. */
struct revoke {
        pid_t *pids; /* those of this pass, up to count; those before at are done */
        size_t count, at;
        struct stopped *stopped; /* by this revocation */
        size_t n_stopped;
        unsigned passes; /* so far, in this look */
        unsigned looks;  /* that are still to come */
        bool found;      /* something, in this pass */
        bool frozen;     /* for the time of this look */
        sd_event_source *more;
};

/*
 * Once rights were taken away (struct hf_session.recheck says which) and the new policy is in force: begins to look, behind requests,
 * until nothing is found that was not stopped. Some more looks follow with the tick: a call that was let through before may still map.
 */
void revoke_start(struct daemon *d, struct session *s);
void revoke_tick(struct daemon *d, struct session *s);

/* Does of a look that has begun what can be done in a moment: most often, all. */
void revoke_now(struct daemon *d, struct session *s);

/*
 * Whether a pause may be lifted: -EBUSY when it is the last that holds a process still which has mapped what the policy refuses, and the
 * policy says that such a process is paused.
 */
int revoke_may_lift(struct daemon *d, struct session *s, const struct kill *k, struct error *e);

void revoke_clear(struct revoke *v);

#endif
