/* SPDX-License-Identifier: Apache-2.0 */
/* What happens, as lines of the audit stream: the kernel's events, what was lost, and what the daemon itself does. */
#ifndef HOLDFAST_DAEMON_EVENTS_H
#define HOLDFAST_DAEMON_EVENTS_H

#include "base/error.h"
#include "holdfast/abi.h"

#include <cjson/cJSON.h>
#include <stdint.h>

struct daemon;
struct session;

/* Reads the ring buffer whenever something is in it. What the kernel kept while no daemon ran comes first. */
int events_start(struct daemon *d, struct error *e);

/* Has those read too that wake nobody, of connections, as long as a session lives. To be called when one begins to. */
void events_watch(struct daemon *d);

/* Reads all that the kernel had reported when this was called. */
void events_drain(struct daemon *d);

/* Reads some of that: enough for who asks about what has just happened, and nobody waits long for it. */
void events_read(struct daemon *d);

/* Reports what the kernel could not hand over since the last report. */
void events_check_lost(struct daemon *d);

/* Reports as lost what a daemon of before had read and not written when it crashed. To be called once the sessions are restored. */
void events_report_held(struct daemon *d);

/* Writes the counts of refusals that were folded, of one session or of all. */
void events_unfold(struct daemon *d, struct session *s);
void events_unfold_all(struct daemon *d);

/* An event of what was lost: how many, and of which kinds as far as that is known (kinds may be NULL). */
void events_lost(struct daemon *d, const struct session *s, uint64_t count, const uint64_t kinds[HF_KINDS], const char *reason);

/*
 * Begins an event of the daemon's own. s may be NULL; verdict and actor too. To be completed and given to event_emit(). NULL when
 * memory runs out, which event_emit() takes.
 */
cJSON *event_begin(struct daemon *d, const struct session *s, const char *kind, const char *verdict, const char *actor);

/* Writes the event after those that the kernel has reported so far; or at once, where that would make someone wait. */
void event_emit(struct daemon *d, cJSON *event);
void event_emit_now(struct daemon *d, cJSON *event);

#endif
