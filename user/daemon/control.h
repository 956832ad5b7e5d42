/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dead man's switch, as the daemon sees it: its heartbeat, and taking up what the kernel did by itself while there was none. What the
 * kernel does is in bpf/deadman.bpf.c.
 */
#ifndef HOLDFAST_DAEMON_CONTROL_H
#define HOLDFAST_DAEMON_CONTROL_H

#include <stdint.h>

struct ceilings;
struct daemon;
struct policy;
struct session;

/* At the start: how long the kernel waits for a heartbeat. */
void control_start(struct daemon *d);

/* Has the kernel do with the session what that policy and those ceilings want once control is lost. */
void control_set(struct daemon *d, const struct session *s, const struct policy *policy, const struct ceilings *ceilings);

/* The bits in the session's word that the kernel has set because control was lost, and that are not on record yet. */
uint32_t control_bits(struct daemon *d, const struct session *s);

/* Where control was lost: puts what the kernel did about it on record, as kills that can be lifted, and tells. */
void control_take_up(struct daemon *d);

/* The heartbeat: that the daemon has its turn. */
void control_beat(struct daemon *d);

/* Once a second, by the event loop alone, so that a daemon that hangs has no heartbeat. */
void control_tick(struct daemon *d);

#endif
