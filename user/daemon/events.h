/* SPDX-License-Identifier: Apache-2.0 */
/* What happens, as lines of the audit stream: the kernel's events, what was lost, and what the daemon itself does. */
#ifndef HOLDFAST_DAEMON_EVENTS_H
#define HOLDFAST_DAEMON_EVENTS_H

#include "base/error.h"

#include <cjson/cJSON.h>

struct daemon;
struct session;

/* Reads the ring buffer whenever something is in it. What the kernel kept while no daemon ran comes first. */
int events_start(struct daemon *d, struct error *e);

/* Has those read too that wake nobody, of connections, as long as a session lives. To be called when one begins to. */
void events_watch(struct daemon *d);

/* Reads all that the kernel had reported when this was called. */
void events_drain(struct daemon *d);

/* Reports what the kernel could not hand over since the last report. */
void events_check_lost(struct daemon *d);

/*
 * Begins an event of the daemon's own. s may be NULL; verdict and actor too. To be completed and given to event_emit(). NULL when
 * memory runs out, which event_emit() takes.
 */
cJSON *event_begin(struct daemon *d, const struct session *s, const char *kind, const char *verdict, const char *actor);

/* Writes the event after those that the kernel has reported so far; or at once, where that would make someone wait. */
void event_emit(struct daemon *d, cJSON *event);
void event_emit_now(struct daemon *d, cJSON *event);

#endif
